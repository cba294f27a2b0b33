//! Chats that leave the page as a file, and files that become chats: what the program is asked, and its
//! words.

pub mod program;
pub mod speech;

pub use collate_core::transfer::*;
