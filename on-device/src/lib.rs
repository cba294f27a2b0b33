//! Runs a language model of the Llama architecture from a GGUF file, on one thread of a browser: no data
//! leaves the machine.

pub mod config;
pub mod detokenizer;
pub mod engine;
pub mod error;
#[cfg(feature = "fixtures")]
#[doc(hidden)]
pub mod fixtures;
mod gguf;
#[doc(hidden)]
pub mod kernel;
pub mod kv_cache;
pub mod loader;
pub mod model;
mod pretokenizer;
#[doc(hidden)]
pub mod quant;
mod rope;
pub mod sampler;
pub mod template;
mod text;
pub mod tokenizer;
mod unicode;
pub mod vocabulary;

pub use detokenizer::{Detokenizer, End};
pub use engine::Engine;
pub use error::Error;
pub use kv_cache::KvCache;
pub use loader::{Loaded, Loader};
pub use model::Model;
pub use sampler::{Sampler, Sampling};
pub use template::{Role, Template};
pub use tokenizer::Tokenizer;
pub use vocabulary::Vocabulary;
