//! A language model of the Llama architecture, from a GGUF file, on one thread of a browser: nothing
//! leaves the machine that it runs on.

pub mod cache;
pub mod error;
mod gguf;
#[doc(hidden)]
pub mod kernel;
pub mod loader;
pub mod model;
#[doc(hidden)]
pub mod quant;
mod rope;
#[cfg(feature = "tiny")]
#[doc(hidden)]
pub mod tiny;
pub mod vocabulary;

pub use cache::Cache;
pub use error::Error;
pub use loader::{Loaded, Loader};
pub use model::Model;
pub use vocabulary::Vocabulary;
