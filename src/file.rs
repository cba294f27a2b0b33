//! A file that is attached: what of it can be sent, read in a worker that is loaded when it is
//! needed.

pub mod worker;

pub use collate_core::file::*;
