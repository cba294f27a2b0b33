//! The hyperparameters of a model, named as in GGUF's metadata, and its tensors.
//!
//! Source: the GGUF specification, sections «Metadata» and «Tensor names».

/// Number of positions in a page of the KV cache.
pub const PAGE: usize = 32;

/// Maximum size of the KV cache of one conversation, in bytes.
const MAX_CACHE: usize = 512 << 20;
/// Maximum context length, in tokens: the cache of a longer one would exceed a page's memory.
const MAX_CONTEXT: usize = 4096;

/// The hyperparameters of a model.
#[derive(Clone, Debug)]
pub struct Config {
    /// Number of layers.
    pub block_count: usize,
    /// Length of a token's vector.
    pub embedding_length: usize,
    /// Length of the vector between `up` and `down`.
    pub feed_forward_length: usize,
    /// Number of query heads.
    pub head_count: usize,
    /// Number of key and value heads: each serves `head_count / head_count_kv` query heads.
    pub head_count_kv: usize,
    /// Length of a head's vector.
    pub key_length: usize,
    /// Number of tokens in the vocabulary.
    pub vocab_size: usize,
    /// Context length in training, in tokens.
    pub context_length: usize,
    /// Epsilon added under the root of the norm.
    pub layer_norm_rms_epsilon: f32,
    /// Base of the rotations.
    pub rope_freq_base: f32,
    /// Divisor of the positions.
    pub rope_scaling_factor: f32,
}

/// A tensor's role in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorId {
    /// The embedding of each token.
    Embedding,
    /// The norm before the output.
    OutputNorm,
    /// The output matrix that makes the logits, if it isn't the embedding.
    Output,
    /// A tensor of a layer.
    Layer(usize, LayerTensor),
}

/// The tensors of a layer, in the order used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "variant names are the terms of the formulas")]
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

/// The names of a layer's tensors in a file.
const PARTS: [(&str, LayerTensor); Config::TENSORS_PER_LAYER] = [
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
    /// The tensor's index in a list of all tensors.
    pub fn index(self) -> usize {
        match self {
            Self::Embedding => 0,
            Self::OutputNorm => 1,
            Self::Output => 2,
            Self::Layer(layer, part) => 3 + layer * Config::TENSORS_PER_LAYER + part as usize,
        }
    }

    /// The tensor's name in a file.
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
    /// Number of tensors in a layer.
    pub const TENSORS_PER_LAYER: usize = 9;

    /// Number of tensors in the model, including the optional output.
    pub fn tensor_count(&self) -> usize {
        3 + self.block_count * Self::TENSORS_PER_LAYER
    }

    /// The role of the tensor called `name`, if it has one.
    pub fn tensor_named(&self, name: &str) -> Option<TensorId> {
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

    /// The tensor with this index: the inverse of [`TensorId::index`].
    pub fn tensor_at(index: usize) -> TensorId {
        match index {
            0 => TensorId::Embedding,
            1 => TensorId::OutputNorm,
            2 => TensorId::Output,
            _ => TensorId::Layer(
                (index - 3) / Self::TENSORS_PER_LAYER,
                PARTS[(index - 3) % Self::TENSORS_PER_LAYER].1,
            ),
        }
    }

    /// Maximum number of tokens in a conversation: see [`crate::Model::context`].
    pub fn max_tokens(&self) -> usize {
        // Keys and values, in 16 bits with a scale for each head's vector.
        let token = self.block_count * self.head_count_kv * 2 * (2 * self.key_length + 4);
        self.context_length
            .min(MAX_CONTEXT)
            .min(MAX_CACHE / token.max(1))
    }

    /// The number of rows and columns of a tensor.
    pub fn dimensions(&self, tensor: TensorId) -> (usize, usize) {
        let queries = self.head_count * self.key_length;
        let keys = self.head_count_kv * self.key_length;
        match tensor {
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
