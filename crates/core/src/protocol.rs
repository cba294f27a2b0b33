//! The OpenAI protocol as text: request bodies and response parsing. Nothing here sends a request.

pub mod answer;
mod excerpt;
pub mod failure;
pub mod partial;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod retry;
pub mod sse;
pub mod wire;

pub use failure::{Failure, Timeout};
pub use partial::{Partial, Stage};
pub use refusal::Reason;
pub use reply::Reply;
pub use request::Request;
pub use wire::{Finish, Listed};
