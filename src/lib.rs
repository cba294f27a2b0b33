//! Collate: a page for comparing large language models side by side.
//!
//! The modules, in reading order: chats, endpoints, storage, operations, views. ARCHITECTURE.md
//! defines which may use which.

mod event;
pub mod fault;
mod i18n;
mod id;
mod number;

pub mod assets;
pub mod chats;
pub mod chunk;
pub mod clipboard;
mod connect;
mod diagnosis;
pub mod file;
mod history;
mod import_export;
pub mod library;
pub mod maintenance;
pub mod openai;
mod page;
mod parameters;
pub mod reader;
mod request_log;
pub mod session;
mod settings;
mod speech;
pub mod storage;
mod ui;
pub mod view;
pub mod workers;

pub use crate::view::App;
pub use collate_core::{
    address, chat, compression, doctor, endpoint, highlight, markdown, search, transfer,
};

use collate_core::{json, table};
