//! The forward pass of the Llama architecture.
//!
//! Source: Touvron et al. 2023 (arXiv 2302.13971), section 2.2, and the architecture `llama` of llama.cpp,
//! whose files order the rows of queries and keys for the rotation of neighbours. For each layer, with x one
//! token's vector:
//!
//! ```text
//! x += O · attention(rope(Q · h), rope(K · h), V · h)    h = norm(x)
//! x += down · (SiLU(gate · h) ∘ (up · h))                h = norm(x)
//! ```
//!
//! and after the last layer, logits = output · norm(x), where `output` is the embedding matrix in many
//! models.

use crate::config::{Config, LayerTensor, PAGE};
use crate::kernel::{self, Fastest, Tile};
use crate::kv_cache::KvCache;
use crate::quant::Matrix;
use crate::rope::Rope;

/// A model that reads tokens and predicts the next one.
#[derive(Debug)]
pub struct Model {
    config: Config,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Matrix,
    output: Option<Matrix>,
    rope: Rope,
    work: Work,
}

/// The matrices of a layer, by [`LayerTensor`].
#[derive(Debug)]
struct Layer([Matrix; Config::TENSORS_PER_LAYER]);

impl Layer {
    fn part(&self, part: LayerTensor) -> &Matrix {
        &self.0[part as usize]
    }
}

/// Buffers for intermediate results, kept to avoid allocations.
#[derive(Debug, Default)]
struct Work {
    /// The tokens' vectors.
    x: Vec<f32>,
    /// The normalised vectors.
    normed: Vec<f32>,
    tile: Tile,
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    attended: Vec<f32>,
    gates: Vec<f32>,
    ups: Vec<f32>,
    attention: Attention,
}

/// Buffers for the attention of one key head.
#[derive(Debug, Default)]
struct Attention {
    query: Vec<[i16; 8]>,
    /// Each query's scores, padded to whole pages.
    scores: Vec<f32>,
    totals: Vec<f32>,
    mixed: Vec<[f32; 4]>,
}

impl Model {
    /// Number of tokens read at once: few enough to allow interruptions in between, and many enough that each
    /// weight is rarely unpacked.
    pub const CHUNK: usize = Tile::MAX;

    /// Creates a model from matrices ordered by `TensorId::index`; `None` if one is missing.
    pub(crate) fn new(config: Config, matrices: Vec<Option<Matrix>>) -> Option<Self> {
        let mut matrices = matrices.into_iter();
        let embedding = matrices.next()??;
        let norm = matrices.next()??;
        let output = matrices.next()?;
        let rest: Vec<Matrix> = matrices.collect::<Option<_>>()?;
        let mut rest = rest.into_iter();
        let mut layers = Vec::with_capacity(config.block_count);
        for _ in 0..config.block_count {
            let parts: Vec<Matrix> = rest.by_ref().take(Config::TENSORS_PER_LAYER).collect();
            layers.push(Layer(parts.try_into().ok()?));
        }
        Some(Self {
            rope: Rope::new(
                config.key_length,
                config.rope_freq_base,
                config.rope_scaling_factor,
            ),
            config,
            embedding,
            layers,
            norm,
            output,
            work: Work::default(),
        })
    }

    /// Context length in tokens: that of the training, at most 4,096, and at most as many as fit in 512 MiB.
    pub fn context(&self) -> usize {
        self.config.max_tokens()
    }

    /// Number of tokens in the vocabulary.
    pub fn vocabulary_len(&self) -> usize {
        self.config.vocab_size
    }

    /// Creates an empty KV cache for this model.
    pub fn cache(&self) -> KvCache {
        KvCache::new(&self.config)
    }

    /// Reads `tokens` after those in the cache. Fills `logits`, if given, with those of the last token, one
    /// for each token of the vocabulary; they stay empty if `tokens` is empty.
    ///
    /// The caller must not exceed the context length.
    ///
    /// # Panics
    ///
    /// If a token isn't in the vocabulary, or if the cache belongs to another model.
    pub fn read(&mut self, tokens: &[u32], cache: &mut KvCache, logits: Option<&mut Vec<f32>>) {
        let last = tokens.len().saturating_sub(1) / Self::CHUNK;
        let mut logits = logits;
        if let Some(logits) = &mut logits {
            logits.clear();
        }
        for (number, chunk) in tokens.chunks(Self::CHUNK).enumerate() {
            self.pass(chunk, cache);
            if let Some(logits) = logits.as_mut().filter(|_| number == last) {
                self.speak(logits);
            }
        }
    }

    /// Runs a chunk through all layers.
    fn pass(&mut self, tokens: &[u32], cache: &mut KvCache) {
        let Self {
            config,
            embedding,
            layers,
            rope,
            work,
            ..
        } = self;
        let (length, head_length) = (config.embedding_length, config.key_length);
        let epsilon = config.layer_norm_rms_epsilon;
        let count = tokens.len();
        let begins = cache.len();
        cache.reserve(count);
        rope.turn_to(begins, count);
        work.x.resize(count * length, 0.0);
        for (token, x) in tokens.iter().zip(work.x.chunks_exact_mut(length)) {
            embedding.row(*token as usize, x);
        }
        for (number, layer) in layers.iter().enumerate() {
            norm(
                &work.x,
                layer.part(LayerTensor::AttentionNorm),
                epsilon,
                &mut work.normed,
            );
            work.tile.fill(&work.normed, length);
            product(
                layer.part(LayerTensor::Query),
                &work.tile,
                count,
                &mut work.queries,
            );
            product(
                layer.part(LayerTensor::Key),
                &work.tile,
                count,
                &mut work.keys,
            );
            product(
                layer.part(LayerTensor::Value),
                &work.tile,
                count,
                &mut work.values,
            );
            rope.rotate(&mut work.queries, count);
            rope.rotate(&mut work.keys, count);
            let written = config.head_count_kv * head_length;
            let keys = work.keys.chunks_exact(written);
            for (token, (keys, values)) in keys.zip(work.values.chunks_exact(written)).enumerate() {
                let values = values.chunks_exact(head_length);
                for (head, (key, value)) in keys.chunks_exact(head_length).zip(values).enumerate() {
                    cache.write(number, begins + token, head, key, value);
                }
            }
            work.attended.resize(work.queries.len(), 0.0);
            for head in 0..config.head_count_kv {
                let positions = (number, begins, count, head);
                work.attention
                    .attend(config, cache, positions, &work.queries, &mut work.attended);
            }
            work.tile
                .fill(&work.attended, config.head_count * head_length);
            product(
                layer.part(LayerTensor::Output),
                &work.tile,
                count,
                &mut work.normed,
            );
            add(&mut work.x, &work.normed);
            norm(
                &work.x,
                layer.part(LayerTensor::HiddenNorm),
                epsilon,
                &mut work.normed,
            );
            work.tile.fill(&work.normed, length);
            product(
                layer.part(LayerTensor::Gate),
                &work.tile,
                count,
                &mut work.gates,
            );
            product(
                layer.part(LayerTensor::Up),
                &work.tile,
                count,
                &mut work.ups,
            );
            kernel::gate::<Fastest>(&mut work.gates, &work.ups);
            work.tile.fill(&work.gates, config.feed_forward_length);
            product(
                layer.part(LayerTensor::Down),
                &work.tile,
                count,
                &mut work.normed,
            );
            add(&mut work.x, &work.normed);
        }
        cache.extend(count);
    }

    /// Computes the logits of the last token read.
    fn speak(&mut self, logits: &mut Vec<f32>) {
        let Self {
            config,
            embedding,
            output,
            work,
            ..
        } = self;
        let x = &work.x[work.x.len() - config.embedding_length..];
        norm(
            x,
            &self.norm,
            config.layer_norm_rms_epsilon,
            &mut work.normed,
        );
        work.tile.fill(&work.normed, config.embedding_length);
        product(output.as_ref().unwrap_or(embedding), &work.tile, 1, logits);
    }
}

impl Attention {
    /// Computes the attention of the queries that share one head of keys and values.
    ///
    /// Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.1: softmax(Q·Kᵀ / √head)·V, each token
    /// seeing itself and those before it; shared keys are from Ainslie et al. 2023 (arXiv 2305.13245).
    fn attend(
        &mut self,
        config: &Config,
        cache: &KvCache,
        (layer, begins, count, head): (usize, usize, usize, usize),
        queries: &[f32],
        into: &mut [f32],
    ) {
        let group = config.head_count / config.head_count_kv;
        let eights = config.key_length / 8;
        let padded = (begins + count).next_multiple_of(PAGE);
        // The range of each query's vector in `queries` and `into`.
        let place = |query: usize| {
            let first = (query / group * config.head_count + head * group + query % group)
                * config.key_length;
            first..first + config.key_length
        };
        #[expect(clippy::cast_precision_loss, reason = "the length is at most 128")]
        let root = (config.key_length as f32).sqrt();
        self.query.resize(eights, [0; 8]);
        self.scores.resize(count * group * padded, 0.0);
        self.totals.clear();
        for (query, scores) in self.scores.chunks_exact_mut(padded).enumerate() {
            let vector = &queries[place(query)];
            let max = kernel::MAX_OF_HEAD;
            let scale = kernel::pack::<Fastest>(vector, max, &mut self.query) / root;
            let pages = scores.chunks_exact_mut(PAGE);
            for (page, scores) in cache.positions(layer, head).zip(pages) {
                let (keys, scales) = (page.keys, page.key_scales);
                kernel::scores::<Fastest>(&self.query, scale, keys, scales, scores);
            }
            let seen = begins + query / group + 1;
            scores[seen..].fill(f32::MIN);
            self.totals.push(kernel::exponentials::<Fastest>(scores));
            scores[seen..].fill(0.0);
        }
        let (mut shares, mut scales) = ([[[0; 2]; PAGE / 2]; 4], [0.0; 4]);
        for first in (0..count * group).step_by(4) {
            let together = (count * group - first).min(4);
            self.mixed.clear();
            self.mixed.resize(together * eights * 2, [0.0; 4]);
            for (number, page) in cache.positions(layer, head).enumerate() {
                for query in 0..together {
                    let scores = &self.scores[(first + query) * padded + number * PAGE..][..PAGE];
                    scales[query] =
                        kernel::share::<Fastest>(scores, page.value_scales, &mut shares[query]);
                }
                let mix = match together {
                    1 => kernel::mix::<Fastest, 1>,
                    2 => kernel::mix::<Fastest, 2>,
                    3 => kernel::mix::<Fastest, 3>,
                    _ => kernel::mix::<Fastest, 4>,
                };
                mix(&shares, &scales, page.values, &mut self.mixed);
            }
            for (query, mixed) in self.mixed.chunks_exact(eights * 2).enumerate() {
                let total = self.totals[first + query];
                let mixed = mixed.as_flattened();
                for (into, mixed) in into[place(first + query)].iter_mut().zip(mixed) {
                    *into = mixed / total;
                }
            }
        }
    }
}

fn product(matrix: &Matrix, tile: &Tile, count: usize, into: &mut Vec<f32>) {
    into.resize(count * matrix.rows(), 0.0);
    kernel::product::<Fastest>(matrix, tile, into);
}

fn add(into: &mut [f32], more: &[f32]) {
    for (into, more) in into.iter_mut().zip(more) {
        *into += more;
    }
}

/// RMS norm: divides each vector by the root of its mean square and multiplies it by `weights` (Zhang and
/// Sennrich 2019, arXiv 1910.07467).
fn norm(x: &[f32], weights: &Matrix, epsilon: f32, into: &mut Vec<f32>) {
    let mut row = vec![0.0; weights.columns()];
    weights.row(0, &mut row);
    into.resize(x.len(), 0.0);
    let vectors = x.chunks_exact(row.len());
    for (x, into) in vectors.zip(into.chunks_exact_mut(row.len())) {
        let mut squares = [0.0; 8];
        for x in x.as_chunks::<8>().0 {
            for (sum, x) in squares.iter_mut().zip(x) {
                *sum += x * x;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "the length is at most 2^16")]
        let mean = squares.iter().sum::<f32>() / x.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for (into, (x, weight)) in into.iter_mut().zip(x.iter().zip(&row)) {
            *into = x * factor * weight;
        }
    }
}
