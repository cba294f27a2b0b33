//! The numbers of a model, by the names of GGUF's metadata, and the tensors that it has.
//!
//! Source: the GGUF specification, sections «Metadata» and «Tensor names».

/// The positions in a page of the KV cache.
pub const PAGE: usize = 32;

/// The most bytes that the cache of one conversation may take.
const MAX_CACHE: usize = 512 << 20;
/// The longest context, in tokens: a longer one's cache would outgrow a page's memory.
const MAX_CONTEXT: usize = 4096;

/// The numbers of a model.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many layers.
    pub block_count: usize,
    /// The length of a token's vector.
    pub embedding_length: usize,
    /// The length of the vector between `up` and `down`.
    pub feed_forward_length: usize,
    /// How many heads queries have.
    pub head_count: usize,
    /// How many heads keys and values have: each serves `heads / key_heads` of the queries'.
    pub head_count_kv: usize,
    /// The length of a head's vector.
    pub key_length: usize,
    /// How many tokens there are.
    pub vocab_size: usize,
    /// How many tokens it was trained with at once.
    pub context_length: usize,
    /// What is added under the norm's root.
    pub layer_norm_rms_epsilon: f32,
    /// The base of the rotations.
    pub rope_freq_base: f32,
    /// What positions are divided by.
    pub rope_scaling_factor: f32,
}

/// Where a tensor belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorId {
    /// Each token's first vector.
    Embedding,
    /// The norm before the output.
    OutputNorm,
    /// What makes logits, where it is not the embedding.
    Output,
    /// A part of a layer.
    Layer(usize, LayerTensor),
}

/// The tensors of a layer, in their order here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called as in the formulas")]
pub enum LayerTensor {
    AttentionNorm,
    Query,
    Key,
    Value,
    Output,
    HiddenNorm,
    Gate,
    Up,
    Down,
}

/// Their names in a file.
const PARTS: [(&str, LayerTensor); Config::LAYER] = [
    ("attn_norm", LayerTensor::AttentionNorm),
    ("attn_q", LayerTensor::Query),
    ("attn_k", LayerTensor::Key),
    ("attn_v", LayerTensor::Value),
    ("attn_output", LayerTensor::Output),
    ("ffn_norm", LayerTensor::HiddenNorm),
    ("ffn_gate", LayerTensor::Gate),
    ("ffn_up", LayerTensor::Up),
    ("ffn_down", LayerTensor::Down),
];

impl TensorId {
    /// Its place in a list of all.
    pub fn index(self) -> usize {
        match self {
            Self::Embedding => 0,
            Self::OutputNorm => 1,
            Self::Output => 2,
            Self::Layer(layer, part) => 3 + layer * Config::LAYER + part as usize,
        }
    }

    /// Its name in a file.
    pub fn name(self) -> String {
        match self {
            Self::Embedding => "token_embd.weight".to_owned(),
            Self::OutputNorm => "output_norm.weight".to_owned(),
            Self::Output => "output.weight".to_owned(),
            Self::Layer(layer, part) => format!("blk.{layer}.{}.weight", PARTS[part as usize].0),
        }
    }
}

impl Config {
    /// The tensors of a layer.
    pub const LAYER: usize = 9;

    /// How many places there are.
    pub fn places(&self) -> usize {
        3 + self.block_count * Self::LAYER
    }

    /// Where the tensor `name` belongs, if anywhere.
    pub fn place(&self, name: &str) -> Option<TensorId> {
        match name.strip_suffix(".weight")? {
            "token_embd" => Some(TensorId::Embedding),
            "output_norm" => Some(TensorId::OutputNorm),
            "output" => Some(TensorId::Output),
            name => {
                let (layer, name) = name.strip_prefix("blk.")?.split_once('.')?;
                let layer = layer
                    .parse()
                    .ok()
                    .filter(|layer| *layer < self.block_count)?;
                let (_, part) = PARTS.iter().find(|(known, _)| *known == name)?;
                Some(TensorId::Layer(layer, *part))
            }
        }
    }

    /// The place with this index: the inverse of [`TensorId::index`].
    pub fn nth(index: usize) -> TensorId {
        match index {
            0 => TensorId::Embedding,
            1 => TensorId::OutputNorm,
            2 => TensorId::Output,
            _ => TensorId::Layer(
                (index - 3) / Self::LAYER,
                PARTS[(index - 3) % Self::LAYER].1,
            ),
        }
    }

    /// How many tokens a conversation may have: see [`Model::context`].
    pub fn max_tokens(&self) -> usize {
        // Keys and values, in 16 bits with a scale for each head's vector.
        let token = self.block_count * self.head_count_kv * 2 * (2 * self.key_length + 4);
        self.context_length
            .min(MAX_CONTEXT)
            .min(MAX_CACHE / token.max(1))
    }

    /// The rows and columns of what belongs there.
    pub fn dimensions(&self, place: TensorId) -> (usize, usize) {
        let queries = self.head_count * self.key_length;
        let keys = self.head_count_kv * self.key_length;
        match place {
            TensorId::Embedding | TensorId::Output => (self.vocab_size, self.embedding_length),
            TensorId::OutputNorm
            | TensorId::Layer(_, LayerTensor::AttentionNorm | LayerTensor::HiddenNorm) => {
                (1, self.embedding_length)
            }
            TensorId::Layer(_, LayerTensor::Query) => (queries, self.embedding_length),
            TensorId::Layer(_, LayerTensor::Key | LayerTensor::Value) => {
                (keys, self.embedding_length)
            }
            TensorId::Layer(_, LayerTensor::Output) => (self.embedding_length, queries),
            TensorId::Layer(_, LayerTensor::Gate | LayerTensor::Up) => {
                (self.feed_forward_length, self.embedding_length)
            }
            TensorId::Layer(_, LayerTensor::Down) => {
                (self.embedding_length, self.feed_forward_length)
            }
        }
    }
}
