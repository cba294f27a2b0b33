//! Loads a model from a GGUF file that arrives in chunks.

use crate::config::{Config, TensorId};
use crate::error::Error;
use crate::gguf::{self, Header, Value, damaged};
use crate::kernel;
use crate::model::Model;
use crate::quant::{BLOCK, Filling, Kind, Matrix};
use crate::vocabulary::Vocabulary;

/// Maximum size of a file, in bytes: wasm's memory ends at 4 GiB, and a model needs more than its weights.
const MAX: u64 = 3 << 30;

/// Minimum context length for a conversation, in tokens, unless the model's own is shorter.
const LEAST_CONTEXT: usize = 512;

/// Takes a GGUF file in chunks as they arrive, without keeping a copy of it.
///
/// Errors in the metadata are reported as soon as the metadata is complete.
pub struct Loader {
    len: u64,
    arrived: u64,
    state: State,
}

/// The contents of a loaded file.
pub struct Loaded {
    /// Name of the model (`general.name`); empty if the file doesn't give one.
    pub name: String,
    /// The model's vocabulary.
    pub vocabulary: Vocabulary,
    /// The model.
    pub model: Model,
}

enum State {
    Header(Box<gguf::Reader>),
    Data(Box<Data>),
    /// Loading failed: every later call returns the same error.
    Failed(Error),
}

/// The state while the tensors' data arrives.
struct Data {
    name: String,
    vocabulary: Vocabulary,
    config: Config,
    /// Tensors still to come, sorted by descending offset: the next one is the last.
    waiting: Vec<Waiting>,
    /// The tensor whose bytes are arriving, and the number of bytes still to come.
    filling: Option<(TensorId, Filling, u64)>,
    matrices: Vec<Option<Matrix>>,
}

/// A tensor of which no bytes have arrived yet.
struct Waiting {
    id: TensorId,
    kind: Kind,
    rows: usize,
    columns: usize,
    /// Offset from the beginning of the file, in bytes.
    begins: u64,
    bytes: u64,
}

impl Loader {
    /// Creates a loader for a file of `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for more than 3 GiB.
    pub fn new(len: u64) -> Result<Self, Error> {
        if len > MAX {
            return Err(Error::TooLarge("a file of more than 3 GiB".to_owned()));
        }
        Ok(Self {
            len,
            arrived: 0,
            state: State::Header(Box::new(gguf::Reader::new(len))),
        })
    }

    /// Takes the next bytes of the file. The result doesn't depend on how the file is split.
    ///
    /// # Errors
    ///
    /// Any error in the file, or an unsupported feature; every later call returns the same error.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let result = self.pushed(bytes);
        if let Err(error) = &result {
            self.state = State::Failed(error.clone());
        }
        result
    }

    /// Returns the model once the whole file has arrived.
    ///
    /// # Errors
    ///
    /// [`Error::Cut`] if some of it is missing.
    pub fn finish(self) -> Result<Loaded, Error> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Data(data) if self.arrived == self.len => data.finish(),
            State::Header(_) | State::Data(_) => Err(Error::Cut),
        }
    }

    fn pushed(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() as u64 > self.len - self.arrived {
            return Err(damaged("the file is longer than was said"));
        }
        if let State::Header(reader) = &mut self.state {
            let Some(used) = reader.push(bytes)? else {
                self.arrived += bytes.len() as u64;
                return Ok(());
            };
            bytes = &bytes[used..];
            self.arrived += used as u64;
            let reader = std::mem::replace(reader, Box::new(gguf::Reader::new(0)));
            let data = Data::new(reader.finish(), self.len)?;
            self.state = State::Data(Box::new(data));
        }
        match &mut self.state {
            State::Data(data) => {
                data.push(bytes, self.arrived)?;
                self.arrived += bytes.len() as u64;
                Ok(())
            }
            State::Failed(error) => Err(error.clone()),
            State::Header(_) => Ok(()),
        }
    }
}

impl Data {
    fn new(mut header: Header, len: u64) -> Result<Self, Error> {
        architecture(&header)?;
        let vocabulary = vocabulary(&mut header)?;
        let config = config(&header, &vocabulary)?;
        let mut matrices = Vec::new();
        matrices.resize_with(config.tensor_count(), || None);
        let mut filled = vec![false; matrices.len()];
        let mut waiting: Vec<Waiting> = Vec::new();
        for tensor in &header.tensors {
            let id = config
                .tensor_named(&tensor.name)
                .ok_or_else(|| Error::Unsupported(format!("the tensor {}", tensor.name)))?;
            if std::mem::replace(&mut filled[id.index()], true) {
                return Err(damaged("a tensor twice"));
            }
            let tensor = Waiting::new(tensor, id, &config, header.data, len)?;
            // In nearly all files the tensors are already in order.
            let after = waiting.partition_point(|other| other.begins < tensor.begins);
            waiting.insert(after, tensor);
        }
        for (index, filled) in filled.into_iter().enumerate() {
            let id = Config::tensor_at(index);
            if !filled && id != TensorId::Output {
                return Err(Error::Damaged(format!("without {}", id.name())));
            }
        }
        let apart = waiting
            .windows(2)
            .all(|pair| pair[0].begins + pair[0].bytes <= pair[1].begins);
        if !apart {
            return Err(damaged("tensors that overlap"));
        }
        waiting.reverse();
        Ok(Self {
            name: header.text("general.name")?.unwrap_or_default().to_owned(),
            vocabulary,
            config,
            waiting,
            filling: None,
            matrices,
        })
    }

    /// Takes bytes from offset `at` of the file.
    fn push(&mut self, mut bytes: &[u8], mut at: u64) -> Result<(), Error> {
        while !bytes.is_empty() {
            let wanted = match &mut self.filling {
                Some((_, filling, left)) => {
                    let (these, rest) = split(bytes, *left);
                    filling.push(these, at + these.len() as u64)?;
                    *left -= these.len() as u64;
                    at += these.len() as u64;
                    bytes = rest;
                    if *left > 0 {
                        break;
                    }
                    None
                }
                None => self.waiting.pop(),
            };
            if let Some((id, filling, _)) = self.filling.take() {
                self.matrices[id.index()] = Some(filling.finish()?);
            } else if let Some(next) = wanted {
                // The padding before a tensor is skipped.
                let (skipped, rest) = split(bytes, next.begins - at);
                at += skipped.len() as u64;
                bytes = rest;
                if at < next.begins {
                    self.waiting.push(next);
                    break;
                }
                let filling = Filling::new(next.kind, next.rows, next.columns);
                self.filling = Some((next.id, filling, next.bytes));
            } else {
                break;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Loaded, Error> {
        Ok(Loaded {
            name: self.name,
            vocabulary: self.vocabulary,
            model: Model::new(self.config, self.matrices).ok_or(Error::Cut)?,
        })
    }
}

/// The first `len` bytes, or all if there are fewer, and the rest.
fn split(bytes: &[u8], len: u64) -> (&[u8], &[u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at(len.min(bytes.len()))
}

impl Waiting {
    fn new(
        tensor: &gguf::Tensor,
        id: TensorId,
        config: &Config,
        data: u64,
        len: u64,
    ) -> Result<Self, Error> {
        let kind = Kind::of(tensor.kind)?;
        let (rows, columns) = config.dimensions(id);
        let wanted = [columns as u64, rows as u64];
        if tensor.dimensions != wanted[..tensor.dimensions.len().min(2)]
            || (tensor.dimensions.len() == 1 && rows != 1)
        {
            return Err(Error::Damaged(format!("the dimensions of {}", tensor.name)));
        }
        let bytes = (rows as u64)
            .checked_mul((columns / kind.weights()) as u64)
            .and_then(|blocks| blocks.checked_mul(kind.bytes() as u64));
        let begins = data.checked_add(tensor.offset);
        match (begins, bytes) {
            (Some(begins), Some(bytes))
                if begins.checked_add(bytes).is_some_and(|end| end <= len) =>
            {
                Ok(Self {
                    id,
                    kind,
                    rows,
                    columns,
                    begins,
                    bytes,
                })
            }
            _ => Err(Error::Cut),
        }
    }
}

/// The metadata keys of the architecture that are read or have no effect.
const KNOWN: &[&str] = &[
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.layer_norm_rms_epsilon",
    "attention.value_length",
    "block_count",
    "context_length",
    "embedding_length",
    "expert_count",
    "expert_used_count",
    "feed_forward_length",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.factor",
    "rope.scaling.finetuned",
    "rope.scaling.original_context_length",
    "rope.scaling.type",
    "tensor_data_layout",
    "vocab_size",
];

/// Refuses unsupported architectures before anything else in the file is misinterpreted.
fn architecture(header: &Header) -> Result<(), Error> {
    match header.text("general.architecture")? {
        Some("llama") => Ok(()),
        Some(other) => Err(Error::Unsupported(format!("the architecture {other}"))),
        None => Err(damaged("without general.architecture")),
    }
}

/// Reads the hyperparameters of a model.
///
/// Source: the section on LLMs in the GGUF specification.
fn config(header: &Header, vocabulary: &Vocabulary) -> Result<Config, Error> {
    let only = |what: String| Err(Error::Unsupported(what));
    let ours = header
        .entries
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("llama."));
    if let Some(other) = ours.into_iter().find(|key| !KNOWN.contains(key)) {
        return only(format!("llama.{other}"));
    }
    if header
        .integer("split.count")?
        .is_some_and(|count| count > 1)
    {
        return only("a file in parts".to_owned());
    }
    if header.integer("llama.expert_count")?.unwrap_or(0) > 0 {
        return only("a mixture of experts".to_owned());
    }
    let bounded = |key: &str, bound| header.bounded(key, bound);
    let number = |key: &str, bound| {
        bounded(key, bound)?.ok_or_else(|| Error::Damaged(format!("without {key}")))
    };
    let embedding_length = number("llama.embedding_length", 1 << 16)?;
    let head_count = number("llama.attention.head_count", 1 << 10)?;
    let head_count_kv = bounded("llama.attention.head_count_kv", head_count)?.unwrap_or(head_count);
    let key_length = match bounded("llama.attention.key_length", 1 << 10)? {
        Some(length) => length,
        None if embedding_length.is_multiple_of(head_count) => embedding_length / head_count,
        None => return Err(damaged("llama.attention.head_count")),
    };
    if !head_count.is_multiple_of(head_count_kv) {
        return Err(damaged("llama.attention.head_count_kv"));
    }
    for key in ["llama.attention.value_length", "llama.rope.dimension_count"] {
        if bounded(key, 1 << 10)?.is_some_and(|length| length != key_length) {
            return only(format!("{key} other than the length of a head"));
        }
    }
    let feed_forward_length = number("llama.feed_forward_length", 1 << 18)?;
    if !key_length.is_multiple_of(16) || key_length > kernel::MAX_LENGTH {
        return only("heads of this length".to_owned());
    }
    if [
        embedding_length,
        feed_forward_length,
        head_count * key_length,
    ]
    .iter()
    .any(|columns| !columns.is_multiple_of(BLOCK))
    {
        return only("rows of this length".to_owned());
    }
    let positive = |key: &str| match header.float(key)? {
        Some(number) if number <= 0.0 => Err(damaged(key)),
        number => Ok(number),
    };
    let scaling = header.text("llama.rope.scaling.type")?;
    let factor = match (scaling, positive("llama.rope.scaling.factor")?) {
        (Some("none"), _) => None,
        (None | Some("linear"), None) => positive("llama.rope.scale_linear")?,
        (None | Some("linear"), factor) => factor,
        (Some(other), _) => return only(format!("positions scaled by {other}")),
    };
    // Each layer has nine tensors, so the list of tensors limits the number of layers that a file may claim.
    let block_count = number(
        "llama.block_count",
        header.tensors.len() / Config::TENSORS_PER_LAYER,
    )?;
    let config = Config {
        block_count,
        embedding_length,
        feed_forward_length,
        head_count,
        head_count_kv,
        key_length,
        vocab_size: vocabulary.tokens.len(),
        context_length: number("llama.context_length", usize::MAX)?,
        layer_norm_rms_epsilon: positive("llama.attention.layer_norm_rms_epsilon")?
            .ok_or_else(|| damaged("without llama.attention.layer_norm_rms_epsilon"))?,
        rope_freq_base: positive("llama.rope.freq_base")?.unwrap_or(10_000.0),
        rope_scaling_factor: factor.unwrap_or(1.0),
    };
    if config.max_tokens() < config.context_length.min(LEAST_CONTEXT) {
        return Err(Error::TooLarge(
            "what attention keeps of a token".to_owned(),
        ));
    }
    Ok(config)
}

/// Reads the vocabulary from the metadata.
///
/// Source: the section on tokenizers in the GGUF specification.
fn vocabulary(header: &mut Header) -> Result<Vocabulary, Error> {
    let Some(Value::Texts(tokens)) = header.take("tokenizer.ggml.tokens") else {
        return Err(damaged("without tokenizer.ggml.tokens"));
    };
    if tokens.is_empty() {
        return Err(damaged("tokenizer.ggml.tokens"));
    }
    let kinds = match header.take("tokenizer.ggml.token_type") {
        None => Vec::new(),
        Some(Value::Integers(kinds)) if kinds.len() == tokens.len() => kinds
            .into_iter()
            .map(u8::try_from)
            .collect::<Result<_, _>>()
            .map_err(|_| damaged("tokenizer.ggml.token_type"))?,
        Some(_) => return Err(damaged("tokenizer.ggml.token_type")),
    };
    let merges = match header.take("tokenizer.ggml.merges") {
        None => Vec::new(),
        Some(Value::Texts(merges)) => merges,
        Some(_) => return Err(damaged("tokenizer.ggml.merges")),
    };
    let token = |key: &str| match header.integer(key)? {
        None => Ok(None),
        Some(token) => match u32::try_from(token) {
            Ok(small) if token < tokens.len() as u64 => Ok(Some(small)),
            _ => Err(damaged(key)),
        },
    };
    let text = |key: &str| Ok::<_, Error>(header.text(key)?.map(str::to_owned));
    Ok(Vocabulary {
        model: text("tokenizer.ggml.model")?
            .ok_or_else(|| damaged("without tokenizer.ggml.model"))?,
        pre: text("tokenizer.ggml.pre")?.unwrap_or_default(),
        kinds,
        merges,
        bos: token("tokenizer.ggml.bos_token_id")?,
        eos: token("tokenizer.ggml.eos_token_id")?,
        eot: token("tokenizer.ggml.eot_token_id")?,
        adds_bos: header
            .bool("tokenizer.ggml.add_bos_token")?
            .unwrap_or(false),
        chat_template: text("tokenizer.chat_template")?,
        tokens,
    })
}
