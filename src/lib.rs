//! Collate: a page for comparing large language models side by side.
//!
//! The modules, in reading order: what a chat is, where it is asked, what is kept, what a user
//! can do, and what a user sees. ARCHITECTURE.md tells which may use which.

mod event;
mod i18n;
mod id;
mod json;
mod table;

pub mod address;
pub mod archive;
pub mod assets;
pub mod chat;
pub mod clipboard;
pub mod doctor;
pub mod endpoint;
pub mod file;
pub mod highlight;
pub mod lens;
pub mod markdown;
pub mod maths;
pub mod openai;
pub mod packed;
pub mod panel;
pub mod reader;
pub mod search;
pub mod session;
pub mod storage;
pub mod transfer;
pub mod view;

pub use view::App;
