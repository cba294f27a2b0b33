//! The forward pass of the Llama architecture.
//!
//! Source: Touvron et al. 2023 (arXiv 2302.13971), section 2.2, and the architecture `llama` of
//! llama.cpp, whose files have the rows of queries and keys in the order for rotating neighbours. For
//! each layer, with x one token's vector:
//!
//! ```text
//! x += O · attention(rope(Q · h), rope(K · h), V · h)    h = norm(x)
//! x += down · (SiLU(gate · h) ∘ (up · h))                h = norm(x)
//! ```
//!
//! and after the last, logits = output · norm(x), where `output` is the embedding's matrix in many
//! models.

use crate::cache::{Cache, PAGE};
use crate::kernel::{self, Fastest, Tile};
use crate::quant::Matrix;
use crate::rope::Rope;

/// The most bytes that the cache of one conversation may take.
const MOST_CACHE: usize = 512 << 20;
/// The longest context, in tokens: a longer one's cache would outgrow a page's memory.
const MOST_CONTEXT: usize = 4096;

/// The numbers of a model.
#[derive(Clone, Debug)]
pub struct Shape {
    /// How many layers.
    pub layers: usize,
    /// The length of a token's vector.
    pub width: usize,
    /// The length of the vector between `up` and `down`.
    pub hidden: usize,
    /// How many heads queries have.
    pub heads: usize,
    /// How many heads keys and values have: each serves `heads / key_heads` of the queries'.
    pub key_heads: usize,
    /// The length of a head's vector.
    pub head: usize,
    /// How many tokens there are.
    pub vocabulary: usize,
    /// How many tokens it was trained with at once.
    pub context: usize,
    /// What is added under the norm's root.
    pub epsilon: f32,
    /// The base of the rotations.
    pub base: f32,
    /// What positions are divided by.
    pub slowness: f32,
}

/// Where a tensor belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Each token's first vector.
    Embedding,
    /// The norm before the output.
    OutputNorm,
    /// What makes logits, where it is not the embedding.
    Output,
    /// A part of a layer.
    Layer(usize, Part),
}

/// The tensors of a layer, in their order here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are called as in the formulas")]
pub enum Part {
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
const PARTS: [(&str, Part); Shape::LAYER] = [
    ("attn_norm", Part::AttentionNorm),
    ("attn_q", Part::Query),
    ("attn_k", Part::Key),
    ("attn_v", Part::Value),
    ("attn_output", Part::Output),
    ("ffn_norm", Part::HiddenNorm),
    ("ffn_gate", Part::Gate),
    ("ffn_up", Part::Up),
    ("ffn_down", Part::Down),
];

impl Place {
    /// Its place in a list of all.
    pub fn index(self) -> usize {
        match self {
            Self::Embedding => 0,
            Self::OutputNorm => 1,
            Self::Output => 2,
            Self::Layer(layer, part) => 3 + layer * Shape::LAYER + part as usize,
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

impl Shape {
    /// The tensors of a layer.
    pub const LAYER: usize = 9;

    /// How many places there are.
    pub fn places(&self) -> usize {
        3 + self.layers * Self::LAYER
    }

    /// Where the tensor `name` belongs, if anywhere.
    pub fn place(&self, name: &str) -> Option<Place> {
        match name.strip_suffix(".weight")? {
            "token_embd" => Some(Place::Embedding),
            "output_norm" => Some(Place::OutputNorm),
            "output" => Some(Place::Output),
            name => {
                let (layer, name) = name.strip_prefix("blk.")?.split_once('.')?;
                let layer = layer.parse().ok().filter(|layer| *layer < self.layers)?;
                let (_, part) = PARTS.iter().find(|(known, _)| *known == name)?;
                Some(Place::Layer(layer, *part))
            }
        }
    }

    /// The place with this index: the inverse of [`Place::index`].
    pub fn nth(index: usize) -> Place {
        match index {
            0 => Place::Embedding,
            1 => Place::OutputNorm,
            2 => Place::Output,
            _ => Place::Layer(
                (index - 3) / Self::LAYER,
                PARTS[(index - 3) % Self::LAYER].1,
            ),
        }
    }

    /// How many tokens a conversation may have: see [`Model::context`].
    pub fn most(&self) -> usize {
        // Keys and values, in 16 bits with a scale for each head's vector.
        let token = self.layers * self.key_heads * 2 * (2 * self.head + 4);
        self.context
            .min(MOST_CONTEXT)
            .min(MOST_CACHE / token.max(1))
    }

    /// The rows and columns of what belongs there.
    pub fn dimensions(&self, place: Place) -> (usize, usize) {
        let queries = self.heads * self.head;
        let keys = self.key_heads * self.head;
        match place {
            Place::Embedding | Place::Output => (self.vocabulary, self.width),
            Place::OutputNorm | Place::Layer(_, Part::AttentionNorm | Part::HiddenNorm) => {
                (1, self.width)
            }
            Place::Layer(_, Part::Query) => (queries, self.width),
            Place::Layer(_, Part::Key | Part::Value) => (keys, self.width),
            Place::Layer(_, Part::Output) => (self.width, queries),
            Place::Layer(_, Part::Gate | Part::Up) => (self.hidden, self.width),
            Place::Layer(_, Part::Down) => (self.width, self.hidden),
        }
    }
}

/// A model that reads tokens and says what may come next.
#[derive(Debug)]
pub struct Model {
    shape: Shape,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Matrix,
    output: Option<Matrix>,
    rope: Rope,
    work: Work,
}

/// The matrices of a layer, by [`Part`].
#[derive(Debug)]
struct Layer([Matrix; Shape::LAYER]);

impl Layer {
    fn part(&self, part: Part) -> &Matrix {
        &self.0[part as usize]
    }
}

/// Room for what is between two steps, kept so that none is made anew.
#[derive(Debug, Default)]
struct Work {
    /// The tokens' vectors.
    x: Vec<f32>,
    /// The same, normed.
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

/// Room for the attention of one head of keys.
#[derive(Debug, Default)]
struct Attention {
    query: Vec<[i16; 8]>,
    /// Each query's scores, padded to whole pages.
    scores: Vec<f32>,
    totals: Vec<f32>,
    mixed: Vec<[f32; 4]>,
}

impl Model {
    /// How many tokens are read at once: few enough that a reader can be stopped in between, many
    /// enough that each weight is unpacked seldom.
    pub const CHUNK: usize = Tile::MOST;

    /// A model of these matrices, each at its place's index; none where one is missing.
    pub(crate) fn new(shape: Shape, matrices: Vec<Option<Matrix>>) -> Option<Self> {
        let mut matrices = matrices.into_iter();
        let embedding = matrices.next()??;
        let norm = matrices.next()??;
        let output = matrices.next()?;
        let rest: Vec<Matrix> = matrices.collect::<Option<_>>()?;
        let mut rest = rest.into_iter();
        let mut layers = Vec::with_capacity(shape.layers);
        for _ in 0..shape.layers {
            let parts: Vec<Matrix> = rest.by_ref().take(Shape::LAYER).collect();
            layers.push(Layer(parts.try_into().ok()?));
        }
        Some(Self {
            rope: Rope::new(shape.head, shape.base, shape.slowness),
            shape,
            embedding,
            layers,
            norm,
            output,
            work: Work::default(),
        })
    }

    /// How many tokens it takes: those it was trained with, at most 4,096, and at most as many as have
    /// room in 512 MiB.
    pub fn context(&self) -> usize {
        self.shape.most()
    }

    /// How many tokens there are to choose from.
    pub fn vocabulary_len(&self) -> usize {
        self.shape.vocabulary
    }

    /// An empty cache for this model.
    pub fn cache(&self) -> Cache {
        Cache::new(&self.shape)
    }

    /// Reads `tokens` after those that the cache has; where `logits` are wanted, they are the last
    /// one's: one for each token of the vocabulary, and none where there was nothing to read.
    ///
    /// The caller sees to it that the context isn't outgrown.
    ///
    /// # Panics
    ///
    /// Where a token is none of the vocabulary, or the cache is another model's.
    pub fn read(&mut self, tokens: &[u32], cache: &mut Cache, logits: Option<&mut Vec<f32>>) {
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

    /// Brings a chunk through all layers.
    fn pass(&mut self, tokens: &[u32], cache: &mut Cache) {
        let Self {
            shape,
            embedding,
            layers,
            rope,
            work,
            ..
        } = self;
        let count = tokens.len();
        let begins = cache.len();
        cache.reserve(count);
        rope.turn_to(begins, count);
        work.x.resize(count * shape.width, 0.0);
        for (token, x) in tokens.iter().zip(work.x.chunks_exact_mut(shape.width)) {
            embedding.row(*token as usize, x);
        }
        for (number, layer) in layers.iter().enumerate() {
            norm(
                &work.x,
                layer.part(Part::AttentionNorm),
                shape.epsilon,
                &mut work.normed,
            );
            work.tile.fill(&work.normed, shape.width);
            product(
                layer.part(Part::Query),
                &work.tile,
                count,
                &mut work.queries,
            );
            product(layer.part(Part::Key), &work.tile, count, &mut work.keys);
            product(layer.part(Part::Value), &work.tile, count, &mut work.values);
            rope.rotate(&mut work.queries, count);
            rope.rotate(&mut work.keys, count);
            let written = shape.key_heads * shape.head;
            let keys = work.keys.chunks_exact(written);
            for (token, (keys, values)) in keys.zip(work.values.chunks_exact(written)).enumerate() {
                let values = values.chunks_exact(shape.head);
                for (head, (key, value)) in keys.chunks_exact(shape.head).zip(values).enumerate() {
                    cache.write(number, begins + token, head, key, value);
                }
            }
            work.attended.resize(work.queries.len(), 0.0);
            for head in 0..shape.key_heads {
                let positions = (number, begins, count, head);
                work.attention
                    .attend(shape, cache, positions, &work.queries, &mut work.attended);
            }
            work.tile.fill(&work.attended, shape.heads * shape.head);
            product(
                layer.part(Part::Output),
                &work.tile,
                count,
                &mut work.normed,
            );
            add(&mut work.x, &work.normed);
            norm(
                &work.x,
                layer.part(Part::HiddenNorm),
                shape.epsilon,
                &mut work.normed,
            );
            work.tile.fill(&work.normed, shape.width);
            product(layer.part(Part::Gate), &work.tile, count, &mut work.gates);
            product(layer.part(Part::Up), &work.tile, count, &mut work.ups);
            kernel::gate::<Fastest>(&mut work.gates, &work.ups);
            work.tile.fill(&work.gates, shape.hidden);
            product(layer.part(Part::Down), &work.tile, count, &mut work.normed);
            add(&mut work.x, &work.normed);
        }
        cache.extend(count);
    }

    /// The logits of the last token that was read.
    fn speak(&mut self, logits: &mut Vec<f32>) {
        let Self {
            shape,
            embedding,
            output,
            work,
            ..
        } = self;
        let x = &work.x[work.x.len() - shape.width..];
        norm(x, &self.norm, shape.epsilon, &mut work.normed);
        work.tile.fill(&work.normed, shape.width);
        product(output.as_ref().unwrap_or(embedding), &work.tile, 1, logits);
    }
}

impl Attention {
    /// What one head of keys and values gives to its queries.
    ///
    /// Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2.1: softmax(Q·Kᵀ / √head)·V, each token
    /// seeing itself and those before it; shared keys are Ainslie et al. 2023 (arXiv 2305.13245).
    fn attend(
        &mut self,
        shape: &Shape,
        cache: &Cache,
        (layer, begins, count, head): (usize, usize, usize, usize),
        queries: &[f32],
        into: &mut [f32],
    ) {
        let group = shape.heads / shape.key_heads;
        let eights = shape.head / 8;
        let padded = (begins + count).next_multiple_of(PAGE);
        // The places of each query's vector in `queries` and `into`.
        let place = |query: usize| {
            let first = (query / group * shape.heads + head * group + query % group) * shape.head;
            first..first + shape.head
        };
        #[expect(clippy::cast_precision_loss, reason = "it is at most 128")]
        let root = (shape.head as f32).sqrt();
        self.query.resize(eights, [0; 8]);
        self.scores.resize(count * group * padded, 0.0);
        self.totals.clear();
        for (query, scores) in self.scores.chunks_exact_mut(padded).enumerate() {
            let vector = &queries[place(query)];
            let most = kernel::MOST_OF_HEAD;
            let scale = kernel::pack::<Fastest>(vector, most, &mut self.query) / root;
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

/// Each vector, divided by the root of its mean square, times `weights`: Zhang and Sennrich 2019 (arXiv
/// 1910.07467).
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
        #[expect(clippy::cast_precision_loss, reason = "it is at most 2^16")]
        let mean = squares.iter().sum::<f32>() / x.len() as f32;
        let factor = 1.0 / (mean + epsilon).sqrt();
        for (into, (x, weight)) in into.iter_mut().zip(x.iter().zip(&row)) {
            *into = x * factor * weight;
        }
    }
}
