//! Extracts the sendable content of files, off the page's main thread: pictures, texts, PDFs and documents of office
//! programs; and reads files of chats.

pub mod archive;
pub mod import;
pub mod office;
pub mod pdf;
pub mod picture;
pub mod text;
