//! Files of tiny models with random weights, for tests: equal seeds give equal files everywhere.

use std::ops::Range;

use crate::quant::Kind;

/// The chat template of these models: `ChatML`.
pub const CHAT_TEMPLATE: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Pairs of tokens that merge into one.
const MERGES: [(&str, &str); 24] = [
    ("Ġ", "t"),
    ("h", "e"),
    ("Ġ", "a"),
    ("i", "n"),
    ("Ġt", "he"),
    ("r", "e"),
    ("o", "n"),
    ("e", "r"),
    ("Ġ", "s"),
    ("a", "t"),
    ("n", "d"),
    ("o", "r"),
    ("Ġ", "w"),
    ("Ġ", "o"),
    ("e", "n"),
    ("i", "s"),
    ("l", "l"),
    ("Ġa", "nd"),
    ("in", "g"),
    ("Ġo", "f"),
    ("e", "ll"),
    ("Ġ", "h"),
    ("H", "ell"),
    ("Hell", "o"),
];

/// A tensor in a file.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its kind of weights.
    pub kind: Kind,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Its byte range in the file.
    pub bytes: Range<usize>,
}

/// A file with the positions of its tensors.
#[derive(Clone, Debug)]
pub struct File {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Its tensors.
    pub tensors: Vec<Tensor>,
}

/// The parameters of a file.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Seed of all randomness.
    pub seed: u64,
    /// Kind of the weights.
    pub kind: Kind,
    /// Kind of the weights of the embedding and the output.
    pub embedding: Kind,
    /// True if the embedding is also the output.
    pub tied: bool,
    /// Number of layers.
    pub block_count: usize,
    /// Length of a token's vector.
    pub embedding_length: usize,
    /// Length of the vector in the middle of a layer.
    pub feed_forward_length: usize,
    /// Number of query heads.
    pub head_count: usize,
    /// Number of key and value heads.
    pub head_count_kv: usize,
    /// Context length, in tokens.
    pub context_length: u32,
    /// Divisor of the positions, if any.
    pub rope_scaling_factor: Option<f32>,
    /// Additional metadata entries: key, type and value as in the file.
    pub entries: Vec<(String, u32, Vec<u8>)>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            seed: 1,
            kind: Kind::Q4_1,
            embedding: Kind::Q8_0,
            tied: true,
            block_count: 2,
            embedding_length: 64,
            feed_forward_length: 96,
            head_count: 4,
            head_count_kv: 2,
            context_length: 2048,
            rope_scaling_factor: None,
            entries: Vec::new(),
        }
    }
}

/// Creates a file with the default recipe.
pub fn gguf(seed: u64) -> Vec<u8> {
    let recipe = Recipe {
        seed,
        ..Recipe::default()
    };
    recipe.file().bytes
}

/// The tokens and their types.
pub fn tokens() -> (Vec<String>, Vec<u8>) {
    let mut tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        .map(str::to_owned)
        .to_vec();
    tokens.extend((0..=255).map(|byte| letter(byte).to_string()));
    tokens.extend(MERGES.map(|(first, second)| format!("{first}{second}")));
    let kinds = (0..tokens.len())
        .map(|token| if token < 3 { 3 } else { 1 })
        .collect();
    (tokens, kinds)
}

/// The character that stands for a byte in a token: the byte itself, if it is visible.
///
/// Source: `bytes_to_unicode` of GPT-2's `encoder.py`.
fn letter(byte: u8) -> char {
    let seen = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if seen(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|byte| !seen(*byte)).count();
    u32::try_from(before)
        .ok()
        .and_then(|before| char::from_u32(256 + before))
        .expect("a letter for each of 256")
}

impl Recipe {
    /// Creates the file of this recipe.
    pub fn file(&self) -> File {
        let mut random = Random(self.seed);
        let mut tensors = self.tensors();
        let mut file = Writer(b"GGUF".to_vec());
        file.u32(3);
        file.u64(tensors.len());
        let entries = self.metadata();
        file.u64(entries.len());
        for (key, kind, value) in entries {
            file.text(&key);
            file.u32(kind);
            file.0.extend(value);
        }
        let mut offset = 0_usize;
        for tensor in &mut tensors {
            let weights = tensor.rows * tensor.columns;
            let bytes = weights / tensor.kind.weights() * tensor.kind.bytes();
            tensor.bytes = offset..offset + bytes;
            file.text(&tensor.name);
            if tensor.rows == 1 {
                file.u32(1);
                file.u64(tensor.columns);
            } else {
                file.u32(2);
                file.u64(tensor.columns);
                file.u64(tensor.rows);
            }
            file.u32(number(tensor.kind));
            file.u64(offset);
            offset = (offset + bytes).next_multiple_of(32);
        }
        let data = file.0.len().next_multiple_of(32);
        for tensor in &mut tensors {
            tensor.bytes = data + tensor.bytes.start..data + tensor.bytes.end;
            file.0.resize(tensor.bytes.start, 0);
            while file.0.len() < tensor.bytes.end {
                if tensor.rows == 1 {
                    file.f32(1.0 + random.small() * 2.0);
                } else {
                    file.block(tensor.kind, &mut random);
                }
            }
        }
        File {
            bytes: file.0,
            tensors,
        }
    }

    fn tensors(&self) -> Vec<Tensor> {
        let vocabulary = tokens().0.len();
        let head = self.embedding_length / self.head_count;
        let mut tensors = Vec::new();
        let mut tensor = |name: String, kind, rows, columns| {
            tensors.push(Tensor {
                name: format!("{name}.weight"),
                kind,
                rows,
                columns,
                bytes: 0..0,
            });
        };
        tensor(
            "token_embd".to_owned(),
            self.embedding,
            vocabulary,
            self.embedding_length,
        );
        for layer in 0..self.block_count {
            let mut part = |name, kind, rows, columns| {
                tensor(format!("blk.{layer}.{name}"), kind, rows, columns);
            };
            part("attn_norm", Kind::F32, 1, self.embedding_length);
            part(
                "ffn_down",
                self.kind,
                self.embedding_length,
                self.feed_forward_length,
            );
            part(
                "ffn_gate",
                self.kind,
                self.feed_forward_length,
                self.embedding_length,
            );
            part(
                "ffn_up",
                self.kind,
                self.feed_forward_length,
                self.embedding_length,
            );
            part("ffn_norm", Kind::F32, 1, self.embedding_length);
            part(
                "attn_k",
                self.kind,
                self.head_count_kv * head,
                self.embedding_length,
            );
            part(
                "attn_output",
                self.kind,
                self.embedding_length,
                self.embedding_length,
            );
            part(
                "attn_q",
                self.kind,
                self.embedding_length,
                self.embedding_length,
            );
            part(
                "attn_v",
                self.kind,
                self.head_count_kv * head,
                self.embedding_length,
            );
        }
        tensor(
            "output_norm".to_owned(),
            Kind::F32,
            1,
            self.embedding_length,
        );
        if !self.tied {
            tensor(
                "output".to_owned(),
                self.embedding,
                vocabulary,
                self.embedding_length,
            );
        }
        tensors
    }

    fn metadata(&self) -> Vec<(String, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        let mut entry = |key: &str, kind, write: &dyn Fn(&mut Writer)| {
            let mut value = Writer(Vec::new());
            write(&mut value);
            entries.push((key.to_owned(), kind, value.0));
        };
        let numbers = [
            ("llama.block_count", self.block_count),
            ("llama.context_length", self.context_length as usize),
            ("llama.embedding_length", self.embedding_length),
            ("llama.feed_forward_length", self.feed_forward_length),
            ("llama.attention.head_count", self.head_count),
            ("llama.attention.head_count_kv", self.head_count_kv),
            (
                "llama.rope.dimension_count",
                self.embedding_length / self.head_count,
            ),
            ("tokenizer.ggml.bos_token_id", 1),
            ("tokenizer.ggml.eos_token_id", 2),
        ];
        let texts = [
            ("general.architecture", "llama"),
            ("general.name", "Tiny"),
            ("tokenizer.ggml.model", "gpt2"),
            ("tokenizer.ggml.pre", "smollm"),
            ("tokenizer.chat_template", CHAT_TEMPLATE),
        ];
        for (key, text) in texts {
            entry(key, 8, &|value| value.text(text));
        }
        for (key, number) in numbers {
            entry(key, 4, &|value| {
                value.u32(u32::try_from(number).expect("it is tiny"));
            });
        }
        entry("llama.attention.layer_norm_rms_epsilon", 6, &|value| {
            value.f32(1e-5);
        });
        entry("llama.rope.freq_base", 6, &|value| value.f32(10_000.0));
        if let Some(rope_scaling_factor) = self.rope_scaling_factor {
            entry("llama.rope.scaling.type", 8, &|value| value.text("linear"));
            entry("llama.rope.scaling.factor", 6, &|value| {
                value.f32(rope_scaling_factor);
            });
        }
        entry("tokenizer.ggml.add_bos_token", 7, &|value| value.0.push(0));
        let (tokens, kinds) = tokens();
        let merges = MERGES.map(|(first, second)| format!("{first} {second}"));
        entry("tokenizer.ggml.tokens", 9, &|value| value.texts(&tokens));
        entry("tokenizer.ggml.merges", 9, &|value| value.texts(&merges));
        entry("tokenizer.ggml.token_type", 9, &|value| {
            value.u32(5);
            value.u64(kinds.len());
            for kind in &kinds {
                value.u32(u32::from(*kind));
            }
        });
        entries.extend(self.entries.iter().cloned());
        entries
    }
}

/// ggml's type number of a kind.
fn number(kind: Kind) -> u32 {
    match kind {
        Kind::F32 => 0,
        Kind::F16 => 1,
        Kind::Q4_0 => 2,
        Kind::Q4_1 => 3,
        Kind::Q8_0 => 8,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, number: u32) {
        self.0.extend(number.to_le_bytes());
    }

    fn u64(&mut self, number: usize) {
        self.0.extend((number as u64).to_le_bytes());
    }

    fn f32(&mut self, number: f32) {
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len());
        self.0.extend(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.u32(8);
        self.u64(texts.len());
        for text in texts {
            self.text(text);
        }
    }

    /// Writes weights of a few tenths at most.
    fn block(&mut self, kind: Kind, random: &mut Random) {
        match kind {
            Kind::F32 => self.f32(random.small()),
            Kind::F16 => {
                let sign = random.below(2);
                self.half(sign, 9 + random.below(3), random);
            }
            Kind::Q4_0 => {
                let sign = random.below(2);
                self.half(sign, 9, random);
                self.0.extend((0..16).map(|_| random.byte()));
            }
            Kind::Q4_1 => {
                self.half(0, 9, random);
                // About −8 scales, so that the mean is about 0.
                self.half(1, 12, random);
                self.0.extend((0..16).map(|_| random.byte()));
            }
            Kind::Q8_0 => {
                self.half(0, 6, random);
                self.0.extend((0..32).map(|_| random.byte()));
            }
        }
    }

    /// Writes a half-precision number.
    fn half(&mut self, sign: u16, exponent: u16, random: &mut Random) {
        let mantissa = random.below(1 << 10);
        self.0
            .extend((sign << 15 | exponent << 10 | mantissa).to_le_bytes());
    }
}

/// Splitmix64: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random byte.
    pub fn byte(&mut self) -> u8 {
        self.bits().to_le_bytes()[7]
    }

    /// A number below `bound`, which must be small or a power of two.
    pub fn below(&mut self, bound: u16) -> u16 {
        let [.., low, high] = self.bits().to_le_bytes();
        u16::from_le_bytes([low, high]) % bound
    }

    /// A number from −¼ to ¼.
    pub fn small(&mut self) -> f32 {
        f32::from(self.below(1 << 15)) / 65536.0 - 0.25
    }
}
