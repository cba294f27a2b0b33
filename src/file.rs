//! Attached files: their sendable content, read in a worker that is loaded on demand.

pub mod worker;

pub use collate_core::file::*;
