//! What a GGUF file says about tokens and about how a conversation is written.

/// The part of a file's metadata that turns words into tokens and back.
///
/// Source: the keys `tokenizer.*` of the GGUF specification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// `tokenizer.ggml.model`: `gpt2` is byte-level BPE.
    pub model: String,
    /// `tokenizer.ggml.pre`: how a text is cut before tokens are merged; empty where it is not said.
    pub pre: String,
    /// Each token as it is written in the file, by its number.
    pub tokens: Vec<String>,
    /// The kind of each token, by its number: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused,
    /// 6 a byte. As long as `tokens`, or empty where it is not said.
    pub kinds: Vec<u8>,
    /// Two tokens that make one, the most important pair first, with a space between them.
    pub merges: Vec<String>,
    /// What begins a text.
    pub bos: Option<u32>,
    /// What ends a text or an answer.
    pub eos: Option<u32>,
    /// What ends a message, where that is another (`tokenizer.ggml.eot_token_id`).
    pub eot: Option<u32>,
    /// Whether every text begins with `bos`.
    pub adds_bos: bool,
    /// How a conversation is written, as a Jinja template.
    pub chat_template: Option<String>,
}
