//! The OpenAI protocol as text: request bodies and response parsing. Nothing here sends a request.

pub mod answer;
pub mod error;
mod excerpt;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod retry;
pub mod sse;
pub mod wire;

pub use error::{Error, Timeout};
pub use refusal::Cause;
pub use reply::Reply;
pub use request::Request;
pub use wire::{Finish, Listed};
