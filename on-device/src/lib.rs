//! A language model of the Llama architecture, from a GGUF file, on one thread of a browser: nothing
//! leaves the machine that it runs on.

pub mod answer;
pub mod cache;
pub mod desk;
pub mod error;
mod gguf;
#[doc(hidden)]
pub mod kernel;
mod letter;
pub mod loader;
pub mod model;
mod piece;
#[doc(hidden)]
pub mod quant;
mod rope;
pub mod sampler;
pub mod template;
mod text;
#[cfg(feature = "tiny")]
#[doc(hidden)]
pub mod tiny;
pub mod tokenizer;
pub mod vocabulary;

pub use answer::{Answer, End};
pub use cache::Cache;
pub use desk::Desk;
pub use error::Error;
pub use loader::{Loaded, Loader};
pub use model::Model;
pub use sampler::{Sampler, Sampling};
pub use template::{Role, Template};
pub use tokenizer::Tokenizer;
pub use vocabulary::Vocabulary;
