//! The tokens and the chat template from a GGUF file.

/// The part of a file's metadata that is needed to turn text into tokens and back.
///
/// Source: the keys `tokenizer.*` of the GGUF specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// `tokenizer.ggml.model`: `gpt2` is byte-level BPE.
    pub model: String,
    /// `tokenizer.ggml.pre`: the pre-tokenizer's name; empty if the file doesn't give one.
    pub pre: String,
    /// The tokens as the file spells them, indexed by token ID.
    pub tokens: Vec<String>,
    /// The types of the tokens, indexed by token ID: 1 normal, 2 unknown, 3 control, 4 user-defined, 5
    /// unused, 6 byte. As long as `tokens`, or empty if the file doesn't give them.
    pub kinds: Vec<u8>,
    /// The merges, highest priority first; each has the two tokens with a space between them.
    pub merges: Vec<String>,
    /// The token that begins a text.
    pub bos: Option<u32>,
    /// The token that ends a text or an answer.
    pub eos: Option<u32>,
    /// The token that ends a message, if it is a different one (`tokenizer.ggml.eot_token_id`).
    pub eot: Option<u32>,
    /// True if every text begins with `bos`.
    pub adds_bos: bool,
    /// The chat template, in Jinja.
    pub chat_template: Option<String>,
}
