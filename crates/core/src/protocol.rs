//! The OpenAI protocol as text: request bodies and response parsing. Nothing here sends a request.

pub mod answer;
mod excerpt;
pub mod failure;
mod finish;
mod marks;
mod media;
pub mod models;
pub mod partial;
mod reason;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod retry;
pub mod sse;
mod thoughts;
mod tolerant;
mod trouble;
pub mod wire;

pub use failure::{Failure, Timeout};
pub use finish::Finish;
pub use models::Listed;
pub use partial::{Partial, Stage};
pub use reason::Reason;
pub use reply::Reply;
pub use request::Request;
