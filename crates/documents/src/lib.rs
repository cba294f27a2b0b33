//! Extracts the sendable content of files, off the page's main thread: pictures, texts and PDFs.

pub mod pdf;
pub mod picture;
pub mod text;
