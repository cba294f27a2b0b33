//! Collate: a page for comparing large language models side by side.
//!
//! The modules, in reading order: what a chat is, where it is asked, what is kept, what a user
//! can do, and what a user sees. ARCHITECTURE.md tells which may use which.

mod event;
mod id;

pub mod address;
pub mod chat;
pub mod endpoint;
pub mod file;
pub mod openai;
pub mod session;
pub mod storage;
pub mod view;

pub use view::App;

/// The words of the page, by key and language, generated from `locales/*.json` by build.rs.
#[allow(
    clippy::pedantic,
    missing_docs,
    dead_code,
    unused_imports,
    reason = "generated code"
)]
mod words {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}
use words::i18n;
