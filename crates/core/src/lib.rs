//! What of Collate is pure: chats, endpoints, the `OpenAI` protocol's text, Markdown, search,
//! compression, the connection doctor's conclusions, and files of chats.
//!
//! Nothing here asks a browser for anything: it runs, and is tested, on any machine. What needs the
//! time or a random number is given it.

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
pub mod protocol;
pub mod search;
pub mod table;
pub mod transfer;
