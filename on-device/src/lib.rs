//! A language model of the Llama architecture, from a GGUF file, on one thread of a browser: nothing
//! leaves the machine that it runs on.

pub mod error;
pub mod letter;
pub mod piece;
pub mod tokenizer;
pub mod vocabulary;

pub use error::Error;
pub use tokenizer::Tokenizer;
pub use vocabulary::Vocabulary;
