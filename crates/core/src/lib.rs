//! Collate's pure code: chats, endpoints, the `OpenAI` protocol's text, Markdown, search,
//! compression, the connection doctor's conclusions, and chat files.
//!
//! Nothing here uses a browser: it runs and is tested on any machine. Callers pass in the time and
//! random numbers.

pub mod address;
pub mod chat;
pub mod compression;
pub mod doctor;
pub mod endpoint;
pub mod file;
pub mod highlight;
pub mod id;
pub mod json;
pub mod markdown;
pub mod picture;
pub mod protocol;
pub mod search;
pub mod table;
pub mod transfer;
