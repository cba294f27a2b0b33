//! The loops that take nearly all the time: matrix products, attention, exponentials.
//!
//! Each is written once, over [`Lanes`]: vectors of 128 bits. `simd` implements them with wasm's vectors,
//! [`scalar`] with arrays that do the same in the same order, so that both give the same bits.
//!
//! Vectors that are multiplied by quantised weights are quantised, too: every 32 numbers become integers of
//! 16 bits with their own scale, whose error is far below that of the weights. Then
//!
//! ```text
//! Σ (d·q[i] + m) · (e·x[i])  =  d·e · Σ q[i]·x[i]  +  m · (e · Σ x[i])
//! ```
//!
//! and both sums are sums of integers, so they are exact.

pub mod scalar;
#[cfg(target_arch = "wasm32")]
pub mod simd;

use crate::config::PAGE;
use crate::quant::{BLOCK, Eight, Four, Matrix, Weights, single};

/// The fastest implementation for this target.
#[cfg(target_arch = "wasm32")]
pub type Fastest = simd::Simd;
/// The fastest implementation for this target.
#[cfg(not(target_arch = "wasm32"))]
pub type Fastest = scalar::Scalar;

/// Maximum magnitude of a quantised number.
const MAX: f32 = 32767.0;
/// Maximum magnitude of a quantised number in attention, where both factors of a product are quantised: 128
/// products fit in 32 bits.
pub const MAX_OF_HEAD: f32 = 4095.0;
/// Maximum length of a head's vector.
pub const MAX_LENGTH: usize = 128;

/// Vectors of 128 bits with lane-wise operations.
pub trait Lanes {
    /// Four single-precision numbers.
    type Float: Copy;
    /// Four integers of 32 bits.
    type Int: Copy;
    /// Eight integers of 16 bits.
    type Short: Copy;

    /// Sets all lanes to the same number.
    fn splat(number: f32) -> Self::Float;
    /// Loads four numbers.
    fn load(from: &[f32; 4]) -> Self::Float;
    /// Stores four numbers.
    fn store(lanes: Self::Float, into: &mut [f32; 4]);
    /// a + b
    fn add(a: Self::Float, b: Self::Float) -> Self::Float;
    /// a − b
    fn sub(a: Self::Float, b: Self::Float) -> Self::Float;
    /// a · b
    fn mul(a: Self::Float, b: Self::Float) -> Self::Float;
    /// a / b
    fn div(a: Self::Float, b: Self::Float) -> Self::Float;
    /// b if a < b, else a.
    fn max(a: Self::Float, b: Self::Float) -> Self::Float;
    /// b if b < a, else a.
    fn min(a: Self::Float, b: Self::Float) -> Self::Float;
    /// Rounds to the nearest integer, ties to even.
    fn nearest(a: Self::Float) -> Self::Float;
    /// 2 to the power of an integer from −126 to 127.
    fn power(a: Self::Float) -> Self::Float;
    /// Converts four half-precision numbers, like [`crate::quant::single`].
    fn halves(from: &[u16; 4]) -> Self::Float;
    /// Loads eight integers.
    fn shorts(from: &[i16; 8]) -> Self::Short;
    /// Repeats a pair of integers in all lanes.
    fn pair(of: [i16; 2]) -> Self::Short;
    /// Unpacks 16 bytes: the lower halves of the even ones, the upper halves of the even ones, the lower
    /// halves of the odd ones, the upper halves of the odd ones.
    fn nibbles(from: &[u8; 16]) -> [Self::Short; 4];
    /// Unpacks 16 signed bytes: the even ones, the odd ones.
    fn bytes(from: &[i8; 16]) -> [Self::Short; 2];
    /// Rounds eight numbers to the nearest integers, ties to even, with saturation.
    fn narrow(low: Self::Float, high: Self::Float) -> [i16; 8];
    /// Multiplies lane by lane and adds neighbouring products.
    fn dot(a: Self::Short, b: Self::Short) -> Self::Int;
    /// a + b, wrapping.
    fn plus(a: Self::Int, b: Self::Int) -> Self::Int;
    /// Converts to single precision.
    fn float(a: Self::Int) -> Self::Float;
    /// The sum of the lanes of each of the four vectors, wrapping.
    fn sums(of: [Self::Int; 4]) -> Self::Int;
}

/// 32 integers of 16 bits in the order of [`Lanes::nibbles`]: 0, 2 … 14; 16, 18 … 30; 1, 3 … 15; 17, 19 … 31.
pub type Block = [[i16; 8]; 4];

/// The vectors of some tokens, prepared for multiplication with matrices.
#[derive(Debug, Default)]
pub struct Tile {
    tokens: usize,
    columns: usize,
    /// The original vectors, concatenated.
    whole: Vec<f32>,
    /// The blocks of a single token.
    one: Vec<Block>,
    one_scales: Vec<f32>,
    one_sums: Vec<f32>,
    /// Two groups of four tokens for each block; missing tokens are zero.
    four: Vec<[Block; 4]>,
    four_scales: Vec<[f32; 4]>,
    four_sums: Vec<[f32; 4]>,
}

impl Tile {
    /// Maximum number of tokens in a tile.
    pub const MAX: usize = 8;

    /// Takes at most [`Self::MAX`] concatenated vectors of `columns` numbers each, a multiple of [`BLOCK`].
    ///
    /// # Panics
    ///
    /// If there are more vectors.
    pub fn fill(&mut self, vectors: &[f32], columns: usize) {
        self.columns = columns;
        self.tokens = vectors.len() / columns;
        assert!(self.tokens <= Self::MAX, "a tile has eight vectors at most");
        self.whole.clear();
        self.whole.extend_from_slice(vectors);
        let blocks = columns / BLOCK;
        if self.tokens == 1 {
            self.one.clear();
            self.one_scales.clear();
            self.one_sums.clear();
            for from in vectors.as_chunks::<BLOCK>().0 {
                let (block, scale, sum) = quantised(from);
                self.one.push(block);
                self.one_scales.push(scale);
                self.one_sums.push(sum);
            }
            return;
        }
        self.four.clear();
        self.four.resize(blocks * 2, [[[0; 8]; 4]; 4]);
        self.four_scales.clear();
        self.four_scales.resize(blocks * 2, [0.0; 4]);
        self.four_sums.clear();
        self.four_sums.resize(blocks * 2, [0.0; 4]);
        for (token, vector) in vectors.chunks_exact(columns).enumerate() {
            for (place, from) in vector.as_chunks::<BLOCK>().0.iter().enumerate() {
                let (group, lane) = (place * 2 + token / 4, token % 4);
                let (block, scale, sum) = quantised(from);
                self.four[group][lane] = block;
                self.four_scales[group][lane] = scale;
                self.four_sums[group][lane] = sum;
            }
        }
    }
}

/// Quantises a block. Returns it with its scale, and its sum times the scale.
fn quantised(from: &[f32; BLOCK]) -> (Block, f32, f32) {
    let mut block = [[0; 8]; 4];
    let (scale, inverse) = scales(from, MAX);
    let mut sum = 0;
    for (i, number) in from.iter().enumerate() {
        let quant = short(number * inverse);
        block[i % 2 * 2 + i / 16][i % 16 / 2] = quant;
        sum += i32::from(quant);
    }
    #[expect(clippy::cast_precision_loss, reason = "the sum has 21 bits")]
    let sum = sum as f32 * scale;
    (block, scale, sum)
}

/// The scale at which the largest magnitude becomes `max`, and its inverse.
fn scales(of: &[f32], max: f32) -> (f32, f32) {
    let mut largest = 0.0_f32;
    for number in of {
        // On wasm, `f32::max` is a function call.
        let size = number.abs();
        largest = if largest < size { size } else { largest };
    }
    // Smaller numbers would make the inverse infinite.
    if largest < 1e-30 {
        return (0.0, 0.0);
    }
    (largest / max, max / largest)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is within the range unless it is NaN, and the cast saturates"
)]
fn short(number: f32) -> i16 {
    number.round_ties_even() as i16
}

/// Multiplies each vector of the tile by the matrix and concatenates the results.
///
/// # Panics
///
/// If the length of `into` or of the tile's vectors doesn't fit the matrix.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn product<L: Lanes>(matrix: &Matrix, tile: &Tile, into: &mut [f32]) {
    assert_eq!(
        matrix.columns(),
        tile.columns,
        "vectors of the matrix's length"
    );
    assert_eq!(
        into.len(),
        tile.tokens * matrix.rows(),
        "room for all results"
    );
    let columns = tile.columns / 4;
    match (matrix.weights(), tile.tokens) {
        (Weights::Four(weights), 1) => four_by_one::<L>(weights, tile, into),
        (Weights::Four(weights), _) => four::<L>(weights, tile, into),
        (Weights::Eight(weights), 1) => eight_by_one::<L>(weights, tile, into),
        (Weights::Eight(weights), _) => eight::<L>(weights, tile, into),
        (Weights::Half(weights), 1) => {
            let vector = tile.whole.as_chunks::<4>().0;
            for (row, into) in weights.chunks_exact(columns).zip(into) {
                *into = half_dot::<L>(row, vector);
            }
        }
        (Weights::Half(weights), _) => {
            let mut row = vec![[0.0; 4]; columns];
            for (number, weights) in weights.chunks_exact(columns).enumerate() {
                for (into, from) in row.iter_mut().zip(weights) {
                    L::store(L::halves(from), into);
                }
                whole::<L>(&row, tile, into, number, matrix.rows());
            }
        }
        (Weights::Whole(weights), _) => {
            for (number, row) in weights.chunks_exact(columns).enumerate() {
                whole::<L>(row, tile, into, number, matrix.rows());
            }
        }
    }
}

/// Number of rows whose scales are converted together, so that all but the last few scales use vectors,
/// whatever the number of blocks.
const SPAN: usize = 4;

/// Scales and minima in single precision.
struct Singles {
    scales: Vec<f32>,
    minima: Vec<f32>,
}

impl Singles {
    fn new(blocks: usize) -> Self {
        Self {
            scales: vec![0.0; SPAN * blocks],
            minima: vec![0.0; SPAN * blocks],
        }
    }

    /// Converts the scales and minima of some rows, which start at block `first`.
    #[inline]
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    fn fill<L: Lanes>(&mut self, of: &Four, first: usize, blocks: usize) {
        singles::<L>(&of.scales[first..first + blocks], &mut self.scales);
        if let Some(minima) = &of.minima {
            singles::<L>(&minima[first..first + blocks], &mut self.minima);
        } else {
            for (minimum, scale) in self.minima.iter_mut().zip(&self.scales) {
                *minimum = -8.0 * scale;
            }
        }
    }
}

/// Converts half-precision numbers to single precision.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn singles<L: Lanes>(of: &[u16], into: &mut [f32]) {
    let (four, rest) = of.as_chunks::<4>();
    let (into, after) = into.split_at_mut(4 * four.len());
    for (half, into) in four.iter().zip(into.as_chunks_mut::<4>().0) {
        L::store(L::halves(half), into);
    }
    for (half, into) in rest.iter().zip(after) {
        *into = single(*half);
    }
}

/// The product of 4-bit weights and one vector.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn four_by_one<L: Lanes>(weights: &Four, tile: &Tile, into: &mut [f32]) {
    let blocks = tile.one.len();
    let mut singles = Singles::new(blocks);
    let spans = weights.quants.chunks(SPAN * blocks).enumerate();
    for ((span, quants), into) in spans.zip(into.chunks_mut(SPAN)) {
        singles.fill::<L>(weights, span * SPAN * blocks, quants.len());
        let scales = singles.scales.chunks_exact_mut(blocks);
        let scales = scales.zip(singles.minima.chunks_exact(blocks));
        let rows = quants.chunks_exact(blocks).zip(scales);
        for ((quants, (scales, minima)), into) in rows.zip(into) {
            for (d, e) in scales.iter_mut().zip(&tile.one_scales) {
                *d *= e;
            }
            let mut sum = L::splat(0.0);
            for ((quants, scale), x) in quants.iter().zip(scales).zip(&tile.one) {
                let dot = L::float(dot::<L>(L::nibbles(quants), x));
                sum = L::add(sum, L::mul(dot, L::splat(*scale)));
            }
            *into = total::<L>(sum) + short_dot::<L>(minima, &tile.one_sums);
        }
    }
}

/// The product of 8-bit weights and one vector.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn eight_by_one<L: Lanes>(weights: &Eight, tile: &Tile, into: &mut [f32]) {
    let blocks = tile.one.len();
    let mut scales = vec![0.0; SPAN * blocks];
    let spans = weights.quants.chunks(SPAN * blocks);
    let spans = spans.zip(weights.scales.chunks(SPAN * blocks));
    for ((quants, halves), into) in spans.zip(into.chunks_mut(SPAN)) {
        singles::<L>(halves, &mut scales);
        let rows = quants
            .chunks_exact(blocks)
            .zip(scales.chunks_exact_mut(blocks));
        for ((quants, scales), into) in rows.zip(into) {
            for (d, e) in scales.iter_mut().zip(&tile.one_scales) {
                *d *= e;
            }
            let mut sum = L::splat(0.0);
            for ((quants, scale), x) in quants.iter().zip(scales).zip(&tile.one) {
                let dot = L::float(dot::<L>(bytes::<L>(quants), x));
                sum = L::add(sum, L::mul(dot, L::splat(*scale)));
            }
            *into = total::<L>(sum);
        }
    }
}

/// The product of 4-bit weights and several vectors, which share the unpacked weights.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn four<L: Lanes>(weights: &Four, tile: &Tile, into: &mut [f32]) {
    let blocks = tile.columns / BLOCK;
    let rows = weights.quants.len() / blocks;
    let vectors = tile.four.as_chunks::<2>().0;
    let vector_scales = tile.four_scales.as_chunks::<2>().0;
    let vector_sums = tile.four_sums.as_chunks::<2>().0;
    let mut singles = Singles::new(blocks);
    for (span, quants) in weights.quants.chunks(SPAN * blocks).enumerate() {
        singles.fill::<L>(weights, span * SPAN * blocks, quants.len());
        let scales = singles.scales.chunks_exact(blocks);
        let scales = scales.zip(singles.minima.chunks_exact(blocks));
        for (number, (quants, (scales, minima))) in
            quants.chunks_exact(blocks).zip(scales).enumerate()
        {
            let mut sums = [L::splat(0.0); 2];
            let blocks = quants.iter().zip(scales.iter().zip(minima));
            let tokens = vectors.iter().zip(vector_scales.iter().zip(vector_sums));
            for ((quants, (scale, minimum)), (x, (x_scales, x_sums))) in blocks.zip(tokens) {
                let quants = L::nibbles(quants);
                let (scale, minimum) = (L::splat(*scale), L::splat(*minimum));
                for g in 0..2 {
                    let dots = L::float(dots::<L>(quants, &x[g]));
                    let product = L::mul(dots, L::mul(scale, L::load(&x_scales[g])));
                    let least = L::mul(minimum, L::load(&x_sums[g]));
                    sums[g] = L::add(sums[g], L::add(product, least));
                }
            }
            spread::<L>(sums, tile.tokens, span * SPAN + number, rows, into);
        }
    }
}

/// The product of 8-bit weights and several vectors.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn eight<L: Lanes>(weights: &Eight, tile: &Tile, into: &mut [f32]) {
    let blocks = tile.columns / BLOCK;
    let rows = weights.quants.len() / blocks;
    let vectors = tile.four.as_chunks::<2>().0;
    let vector_scales = tile.four_scales.as_chunks::<2>().0;
    let mut scales = vec![0.0; blocks];
    let all = weights.quants.chunks_exact(blocks);
    let all = all.zip(weights.scales.chunks_exact(blocks));
    for (row, (quants, halves)) in all.enumerate() {
        singles::<L>(halves, &mut scales);
        let mut sums = [L::splat(0.0); 2];
        let numbers = vectors.iter().zip(vector_scales);
        for ((quants, d), (x, e)) in quants.iter().zip(&scales).zip(numbers) {
            let quants = bytes::<L>(quants);
            let d = L::splat(*d);
            for g in 0..2 {
                let dots = L::float(dots::<L>(quants, &x[g]));
                sums[g] = L::add(sums[g], L::mul(dots, L::mul(d, L::load(&e[g]))));
            }
        }
        spread::<L>(sums, tile.tokens, row, rows, into);
    }
}

/// The product of one single-precision row and each vector.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn whole<L: Lanes>(weights: &[[f32; 4]], tile: &Tile, into: &mut [f32], row: usize, rows: usize) {
    for (token, vector) in tile.whole.chunks_exact(tile.columns).enumerate() {
        into[token * rows + row] = whole_dot::<L>(weights, vector.as_chunks::<4>().0);
    }
}

/// Writes one row's results to their tokens.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn spread<L: Lanes>(sums: [L::Float; 2], tokens: usize, row: usize, rows: usize, into: &mut [f32]) {
    let mut lanes = [[0.0; 4]; 2];
    for g in 0..2 {
        L::store(sums[g], &mut lanes[g]);
    }
    for (token, sum) in lanes.as_flattened().iter().take(tokens).enumerate() {
        into[token * rows + row] = *sum;
    }
}

/// Unpacks 32 bytes into the order of [`Block`].
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn bytes<L: Lanes>(of: &[[i8; 16]; 2]) -> [L::Short; 4] {
    let [first, third] = L::bytes(&of[0]);
    let [second, fourth] = L::bytes(&of[1]);
    [first, second, third, fourth]
}

/// Partial sums of the products of two blocks; the sum of the lanes is the dot product.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn dot<L: Lanes>(weights: [L::Short; 4], x: &Block) -> L::Int {
    let first = L::dot(weights[0], L::shorts(&x[0]));
    let second = L::dot(weights[1], L::shorts(&x[1]));
    let third = L::dot(weights[2], L::shorts(&x[2]));
    let fourth = L::dot(weights[3], L::shorts(&x[3]));
    L::plus(L::plus(first, second), L::plus(third, fourth))
}

/// The dot products with four blocks.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn dots<L: Lanes>(weights: [L::Short; 4], x: &[Block; 4]) -> L::Int {
    L::sums([
        dot::<L>(weights, &x[0]),
        dot::<L>(weights, &x[1]),
        dot::<L>(weights, &x[2]),
        dot::<L>(weights, &x[3]),
    ])
}

/// The sum of the lanes.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn total<L: Lanes>(of: L::Float) -> f32 {
    let mut lanes = [0.0; 4];
    L::store(of, &mut lanes);
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// The dot product of two vectors of any length.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn short_dot<L: Lanes>(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut sum = L::splat(0.0);
    for (a, b) in a.iter().zip(b) {
        sum = L::add(sum, L::mul(L::load(a), L::load(b)));
    }
    let mut total = total::<L>(sum);
    for (a, b) in a_rest.iter().zip(b_rest) {
        total += a * b;
    }
    total
}

#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn whole_dot<L: Lanes>(a: &[[f32; 4]], b: &[[f32; 4]]) -> f32 {
    let mut sums = [L::splat(0.0); 4];
    for (a, b) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0) {
        for i in 0..4 {
            sums[i] = L::add(sums[i], L::mul(L::load(&a[i]), L::load(&b[i])));
        }
    }
    total::<L>(L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])))
}

#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn half_dot<L: Lanes>(a: &[[u16; 4]], b: &[[f32; 4]]) -> f32 {
    let mut sums = [L::splat(0.0); 4];
    for (a, b) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0) {
        for i in 0..4 {
            sums[i] = L::add(sums[i], L::mul(L::halves(&a[i]), L::load(&b[i])));
        }
    }
    total::<L>(L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])))
}

/// The dot products of a query and some keys, times `scale` and the keys' own scales. The number of keys must
/// be a multiple of four.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn scores<L: Lanes>(
    query: &[[i16; 8]],
    scale: f32,
    keys: &[[i16; 8]],
    key_scales: &[f32],
    into: &mut [f32],
) {
    let scale = L::splat(scale);
    let four = keys.chunks_exact(4 * query.len());
    let into = into.as_chunks_mut::<4>().0.iter_mut();
    for ((keys, scales), into) in four.zip(key_scales.as_chunks::<4>().0).zip(into) {
        let zero = L::dot(L::shorts(&[0; 8]), L::shorts(&[0; 8]));
        let mut sums = [zero; 4];
        let (first, rest) = keys.split_at(query.len());
        let (second, rest) = rest.split_at(query.len());
        let (third, fourth) = rest.split_at(query.len());
        let pairs = first.iter().zip(second).zip(third.iter().zip(fourth));
        for (query, ((first, second), (third, fourth))) in query.iter().zip(pairs) {
            let query = L::shorts(query);
            sums[0] = L::plus(sums[0], L::dot(query, L::shorts(first)));
            sums[1] = L::plus(sums[1], L::dot(query, L::shorts(second)));
            sums[2] = L::plus(sums[2], L::dot(query, L::shorts(third)));
            sums[3] = L::plus(sums[3], L::dot(query, L::shorts(fourth)));
        }
        let sums = L::float(L::sums(sums));
        L::store(L::mul(sums, L::mul(scale, L::load(scales))), into);
    }
}

/// Quantises some numbers, a multiple of eight, in their own order. Returns the factor that converts them
/// back.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn pack<L: Lanes>(from: &[f32], max: f32, into: &mut [[i16; 8]]) -> f32 {
    let zero = L::splat(0.0);
    let mut largest = zero;
    for four in from.as_chunks::<4>().0 {
        let four = L::load(four);
        largest = L::max(L::max(largest, four), L::sub(zero, four));
    }
    let mut lanes = [0.0; 4];
    L::store(largest, &mut lanes);
    let (scale, inverse) = scales(&lanes, max);
    let inverse = L::splat(inverse);
    for (into, eight) in into.iter_mut().zip(from.as_chunks::<8>().0) {
        let (four, _) = eight.as_chunks::<4>();
        let low = L::mul(L::load(&four[0]), inverse);
        let high = L::mul(L::load(&four[1]), inverse);
        *into = L::narrow(low, high);
    }
    scale
}

/// Computes the weights of a page's values from their scores and scales, and quantises them. Returns the
/// factor that converts them back.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn share<L: Lanes>(scores: &[f32], scales: &[f32], into: &mut Shares) -> f32 {
    let mut weights = [0.0; PAGE];
    let fours = scores
        .as_chunks::<4>()
        .0
        .iter()
        .zip(scales.as_chunks::<4>().0);
    for (into, (score, of)) in weights.as_chunks_mut::<4>().0.iter_mut().zip(fours) {
        L::store(L::mul(L::load(score), L::load(of)), into);
    }
    pack::<L>(
        &weights,
        MAX_OF_HEAD,
        into.as_flattened_mut().as_chunks_mut().0,
    )
}

/// The weights of a page's values, in pairs of positions.
pub type Shares = [[i16; 2]; PAGE / 2];

/// Adds a page's values, times their weights and the query's scale, to the results of `Q` queries, which are
/// concatenated in `into`. The values of each two positions are interleaved.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn mix<L: Lanes, const Q: usize>(
    weights: &[Shares; 4],
    scales: &[f32; 4],
    values: &[[i16; 8]],
    into: &mut [[f32; 4]],
) {
    let length = into.len() / Q;
    for part in (0..length).step_by(2) {
        let zero = L::dot(L::shorts(&[0; 8]), L::shorts(&[0; 8]));
        let mut sums = [[zero; 2]; Q];
        for (pair, values) in values.chunks_exact(length).enumerate().take(PAGE / 2) {
            let low = L::shorts(&values[part]);
            let high = L::shorts(&values[part + 1]);
            for q in 0..Q {
                let weights = L::pair(weights[q][pair]);
                sums[q][0] = L::plus(sums[q][0], L::dot(weights, low));
                sums[q][1] = L::plus(sums[q][1], L::dot(weights, high));
            }
        }
        for q in 0..Q {
            let scale = L::splat(scales[q]);
            for half in 0..2 {
                let into = &mut into[q * length + part + half];
                let sum = L::mul(L::float(sums[q][half]), scale);
                L::store(L::add(L::load(into), sum), into);
            }
        }
    }
}

/// Replaces each number x by e^(x − largest) and returns the sum. The number of numbers must be a multiple of
/// four.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn exponentials<L: Lanes>(of: &mut [f32]) -> f32 {
    let (four, _) = of.as_chunks_mut::<4>();
    let mut max = L::splat(f32::MIN);
    for four in &*four {
        max = L::max(max, L::load(four));
    }
    let mut lanes = [0.0; 4];
    L::store(max, &mut lanes);
    let mut largest = f32::MIN;
    for lane in lanes {
        largest = if largest < lane { lane } else { largest };
    }
    let largest = L::splat(largest);
    let mut sum = L::splat(0.0);
    for four in four {
        let power = exp::<L>(L::sub(L::load(four), largest));
        sum = L::add(sum, power);
        L::store(power, four);
    }
    total::<L>(sum)
}

/// Replaces each gate by SiLU(gate) · up, where SiLU(x) = x / (1 + e⁻ˣ): `SwiGLU`, Shazeer 2020 (arXiv
/// 2002.05202).
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn gate<L: Lanes>(gates: &mut [f32], ups: &[f32]) {
    let (zero, one) = (L::splat(0.0), L::splat(1.0));
    let gates = gates.as_chunks_mut::<4>().0.iter_mut();
    for (gate, up) in gates.zip(ups.as_chunks::<4>().0) {
        let x = L::load(gate);
        let silu = L::div(x, L::add(one, exp::<L>(L::sub(zero, x))));
        L::store(L::mul(silu, L::load(up)), gate);
    }
}

/// eˣ for x from −87 to 88; x is clamped to these bounds.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, so eˣ = 2ⁿ · eʳ. The Taylor series of eʳ up to r⁷ omits r⁸/8!, less
/// than a tenth of the last bit. ln 2 is split into 355/512 and the rest (Cody and Waite 1980): n·355/512 is
/// exact.
#[inline]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn exp<L: Lanes>(x: L::Float) -> L::Float {
    let x = L::min(L::max(x, L::splat(-87.0)), L::splat(88.0));
    let n = L::nearest(L::mul(x, L::splat(std::f32::consts::LOG2_E)));
    let r = L::sub(x, L::mul(n, L::splat(355.0 / 512.0)));
    let r = L::sub(r, L::mul(n, L::splat(-2.121_944_4e-4)));
    let series = L::add(L::mul(L::splat(1.0 / 5040.0), r), L::splat(1.0 / 720.0));
    let series = L::add(L::mul(series, r), L::splat(1.0 / 120.0));
    let series = L::add(L::mul(series, r), L::splat(1.0 / 24.0));
    let series = L::add(L::mul(series, r), L::splat(1.0 / 6.0));
    let series = L::add(L::mul(series, r), L::splat(0.5));
    let series = L::add(L::mul(series, r), L::splat(1.0));
    let series = L::add(L::mul(series, r), L::splat(1.0));
    L::mul(series, L::power(n))
}
