//! What of a file can be sent, read off the page's main thread: pictures, texts and PDFs.

pub mod pdf;
pub mod picture;
pub mod text;
