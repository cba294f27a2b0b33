//! Collate: a page for comparing large language models side by side.
//!
//! The modules, in reading order: what a chat is, where it is asked, what is kept, what a user
//! can do, and what a user sees. ARCHITECTURE.md tells which may use which.

mod event;
pub mod fault;
mod i18n;
mod id;
mod number;

pub mod archive;
pub mod assets;
pub mod chunk;
pub mod clipboard;
pub mod file;
pub mod lens;
pub mod openai;
pub mod panel;
pub mod reader;
pub mod session;
mod speech;
pub mod storage;
pub mod view;

pub use collate_core::{
    address, chat, doctor, endpoint, highlight, markdown, packed, search, transfer,
};
pub use view::App;

use collate_core::{json, table};
