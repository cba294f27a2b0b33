//! Extracts the sendable content of files, off the page's main thread: pictures, texts, PDFs and documents of office programs.

pub mod office;
pub mod pdf;
pub mod picture;
pub mod text;
