//! Quantised weights: the formats in files and the layout in memory.
//!
//! Source: the structures `block_q4_0`, `block_q4_1` and `block_q8_0` of ggml's `ggml-common.h`, and their
//! `dequantize_row_…` in `ggml-quants.c`. A block has 32 weights of one row:
//!
//! ```text
//! Q4_0  d: f16, 16 bytes              w[i] = d · (q[i] − 8)
//! Q4_1  d: f16, m: f16, 16 bytes      w[i] = d · q[i] + m
//! Q8_0  d: f16, 32 signed bytes       w[i] = d · q[i]
//! F16, F32                            w[i]
//! ```
//!
//! Byte `i` of the 16 has `q[i]` in its lower four bits and `q[i + 16]` in its upper four.
//!
//! In memory, quants, scales and minima are in separate arrays, so that whole vectors of each can be loaded;
//! `Q4_0` is exactly `Q4_1` with m = −8·d.

use crate::error::Error;
use crate::gguf::damaged;

/// Number of weights in a block.
pub const BLOCK: usize = 32;
/// Maximum size of a block, in bytes.
const LONGEST: usize = 34;

/// A format of weights in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// Four bits and a scale.
    Q4_0,
    /// Four bits, a scale and a minimum.
    Q4_1,
    /// Eight bits and a scale.
    Q8_0,
}

impl Kind {
    /// The kind with ggml's type number.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] with the name of any other type.
    pub fn of(number: u32) -> Result<Self, Error> {
        let name = match number {
            0 => return Ok(Self::F32),
            1 => return Ok(Self::F16),
            2 => return Ok(Self::Q4_0),
            3 => return Ok(Self::Q4_1),
            8 => return Ok(Self::Q8_0),
            6 => "Q5_0",
            7 => "Q5_1",
            9 => "Q8_1",
            10 => "Q2_K",
            11 => "Q3_K",
            12 => "Q4_K",
            13 => "Q5_K",
            14 => "Q6_K",
            15 => "Q8_K",
            16 => "IQ2_XXS",
            17 => "IQ2_XS",
            18 => "IQ3_XXS",
            19 => "IQ1_S",
            20 => "IQ4_NL",
            21 => "IQ3_S",
            22 => "IQ2_S",
            23 => "IQ4_XS",
            29 => "IQ1_M",
            30 => "BF16",
            34 => "TQ1_0",
            35 => "TQ2_0",
            39 => "MXFP4",
            _ => "of an unknown type",
        };
        Err(Error::Unsupported(format!("weights {name}")))
    }

    /// Number of weights in a block.
    pub const fn weights(self) -> usize {
        match self {
            Self::F32 | Self::F16 => 1,
            Self::Q4_0 | Self::Q4_1 | Self::Q8_0 => BLOCK,
        }
    }

    /// Size of a block in a file, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q8_0 => 34,
        }
    }
}

/// The weights of a matrix, in row-major order.
#[derive(Debug)]
pub enum Weights {
    /// `Q4_0` and `Q4_1`.
    Four(Four),
    /// `Q8_0`.
    Eight(Eight),
    /// F16.
    Half(Vec<[u16; 4]>),
    /// F32.
    Whole(Vec<[f32; 4]>),
}

/// 4-bit weights: w = scale · quant + minimum.
#[derive(Debug)]
pub struct Four {
    /// The quants, as in the file.
    pub quants: Vec<[u8; 16]>,
    /// A half-precision scale for each block.
    pub scales: Vec<u16>,
    /// A half-precision minimum for each block; `None` if each is −8 scales.
    pub minima: Option<Vec<u16>>,
}

/// 8-bit weights: w = scale · quant.
#[derive(Debug)]
pub struct Eight {
    /// The quants, as in the file.
    pub quants: Vec<[[i8; 16]; 2]>,
    /// A half-precision scale for each block.
    pub scales: Vec<u16>,
}

/// A matrix.
#[derive(Debug)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    weights: Weights,
}

impl Matrix {
    /// Number of rows: the length of a product with a vector.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: the length of the vectors that it multiplies, a multiple of [`BLOCK`].
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Writes a row in single precision.
    ///
    /// # Panics
    ///
    /// If there is no such row, or if `into` has another length than a row.
    pub fn row(&self, row: usize, into: &mut [f32]) {
        assert_eq!(into.len(), self.columns, "a row has as many as columns");
        let blocks = self.columns / BLOCK;
        let of = row * blocks..(row + 1) * blocks;
        let (into, _) = into.as_chunks_mut::<BLOCK>();
        match &self.weights {
            Weights::Four(weights) => {
                for (into, block) in into.iter_mut().zip(of) {
                    let d = single(weights.scales[block]);
                    let m = match &weights.minima {
                        Some(minima) => single(minima[block]),
                        None => -8.0 * d,
                    };
                    for (i, byte) in weights.quants[block].iter().enumerate() {
                        into[i] = d * f32::from(byte & 15) + m;
                        into[i + 16] = d * f32::from(byte >> 4) + m;
                    }
                }
            }
            Weights::Eight(weights) => {
                for (into, block) in into.iter_mut().zip(of) {
                    let d = single(weights.scales[block]);
                    let quants = weights.quants[block].as_flattened();
                    for (into, quant) in into.iter_mut().zip(quants) {
                        *into = d * f32::from(*quant);
                    }
                }
            }
            Weights::Half(weights) => {
                let weights = &weights.as_flattened()[row * self.columns..];
                for (into, half) in into.as_flattened_mut().iter_mut().zip(weights) {
                    *into = single(*half);
                }
            }
            Weights::Whole(weights) => {
                let weights = &weights.as_flattened()[row * self.columns..];
                let into = into.as_flattened_mut();
                into.copy_from_slice(&weights[..into.len()]);
            }
        }
    }
}

/// Converts half precision to single precision; infinities and NaN become large numbers.
///
/// The exponents' biases are 127 and 15: after shifting, the exponent is 112 too small, and one
/// multiplication corrects that, for subnormal numbers, too.
pub fn single(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let size = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(size.to_bits() | sign)
}

/// A matrix whose bytes arrive in chunks.
pub struct Filling {
    matrix: Matrix,
    kind: Kind,
    /// Number of blocks still to come.
    left: usize,
    /// An incomplete block.
    begun: [u8; LONGEST],
    held: usize,
}

impl Filling {
    /// An empty matrix. `rows * columns` must not overflow; `columns` must be a multiple of [`BLOCK`].
    pub fn new(kind: Kind, rows: usize, columns: usize) -> Self {
        let weights = match kind {
            Kind::F32 => Weights::Whole(Vec::new()),
            Kind::F16 => Weights::Half(Vec::new()),
            Kind::Q4_0 | Kind::Q4_1 => Weights::Four(Four {
                quants: Vec::new(),
                scales: Vec::new(),
                minima: (kind == Kind::Q4_1).then(Vec::new),
            }),
            Kind::Q8_0 => Weights::Eight(Eight {
                quants: Vec::new(),
                scales: Vec::new(),
            }),
        };
        Self {
            matrix: Matrix {
                rows,
                columns,
                weights,
            },
            kind,
            left: rows * columns / Self::weights(kind),
            begun: [0; LONGEST],
            held: 0,
        }
    }

    /// Takes the next bytes of the matrix. `arrived`, the number of bytes of the whole file so far, limits
    /// the allocation.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if a weight is not finite, [`Error::TooLarge`] if memory runs out.
    pub fn push(&mut self, mut bytes: &[u8], arrived: u64) -> Result<(), Error> {
        let arrived = usize::try_from(arrived).unwrap_or(usize::MAX);
        let size = Self::bytes(self.kind);
        if self.held > 0 {
            let (end, rest) = bytes.split_at(bytes.len().min(size - self.held));
            self.begun[self.held..self.held + end.len()].copy_from_slice(end);
            self.held += end.len();
            bytes = rest;
            if self.held < size {
                return Ok(());
            }
            self.held = 0;
            let begun = self.begun;
            self.blocks(&begun[..size], arrived)?;
        }
        let (whole, rest) = bytes.split_at(bytes.len() / size * size);
        self.blocks(whole, arrived)?;
        self.begun[..rest.len()].copy_from_slice(rest);
        self.held = rest.len();
        Ok(())
    }

    /// Returns the matrix once all its bytes have arrived.
    ///
    /// # Errors
    ///
    /// [`Error::Cut`] if some are missing.
    pub fn finish(self) -> Result<Matrix, Error> {
        if self.left > 0 {
            return Err(Error::Cut);
        }
        Ok(self.matrix)
    }

    /// Number of weights that are taken together: four, or a block.
    const fn weights(kind: Kind) -> usize {
        match kind {
            Kind::F32 | Kind::F16 => 4,
            _ => kind.weights(),
        }
    }

    const fn bytes(kind: Kind) -> usize {
        Self::weights(kind) / kind.weights() * kind.bytes()
    }

    fn blocks(&mut self, bytes: &[u8], arrived: usize) -> Result<(), Error> {
        let more = bytes.len() / Self::bytes(self.kind);
        let all = self.left;
        self.left = self
            .left
            .checked_sub(more)
            .ok_or_else(|| damaged("more bytes than a tensor has"))?;
        let room = Room { more, all, arrived };
        match &mut self.matrix.weights {
            Weights::Four(Four {
                quants,
                scales,
                minima,
            }) => {
                room.make(quants)?;
                room.make(scales)?;
                if let Some(minima) = minima {
                    room.make(minima)?;
                    let (blocks, _) = bytes.as_chunks::<20>();
                    for [d0, d1, m0, m1, block @ ..] in blocks {
                        scales.push(finite([*d0, *d1])?);
                        minima.push(finite([*m0, *m1])?);
                        quants.push(*block);
                    }
                } else {
                    let (blocks, _) = bytes.as_chunks::<18>();
                    for [d0, d1, block @ ..] in blocks {
                        scales.push(finite([*d0, *d1])?);
                        quants.push(*block);
                    }
                }
            }
            Weights::Eight(Eight { quants, scales }) => {
                room.make(quants)?;
                room.make(scales)?;
                let (blocks, _) = bytes.as_chunks::<34>();
                for [d0, d1, block @ ..] in blocks {
                    scales.push(finite([*d0, *d1])?);
                    let block = block.map(u8::cast_signed);
                    let (halves, _) = block.as_chunks::<16>();
                    quants.push([halves[0], halves[1]]);
                }
            }
            Weights::Half(weights) => {
                room.make(weights)?;
                let (blocks, _) = bytes.as_chunks::<8>();
                for block in blocks {
                    let (halves, _) = block.as_chunks::<2>();
                    let mut four = [0; 4];
                    for (into, half) in four.iter_mut().zip(halves) {
                        *into = finite(*half)?;
                    }
                    weights.push(four);
                }
            }
            Weights::Whole(weights) => {
                room.make(weights)?;
                let (blocks, _) = bytes.as_chunks::<16>();
                for block in blocks {
                    let (singles, _) = block.as_chunks::<4>();
                    let mut four = [0.0; 4];
                    for (into, single) in four.iter_mut().zip(singles) {
                        *into = f32::from_le_bytes(*single);
                        if !into.is_finite() {
                            return Err(not_a_number());
                        }
                    }
                    weights.push(four);
                }
            }
        }
        Ok(())
    }
}

/// Allocates room for new blocks: for the whole tensor if the file so far is at least as long, or else step
/// by step. A file that only claims to be long gets no memory, and a complete one gets exactly what it needs,
/// in one allocation.
struct Room {
    more: usize,
    all: usize,
    arrived: usize,
}

impl Room {
    fn make<T>(&self, blocks: &mut Vec<T>) -> Result<(), Error> {
        if blocks.capacity() - blocks.len() >= self.more {
            return Ok(());
        }
        let more = (self.arrived / size_of::<T>()).clamp(self.more, self.all);
        blocks
            .try_reserve_exact(more)
            .map_err(|_| Error::TooLarge("the weights, for the memory that is there".to_owned()))
    }
}

/// Reads a finite half-precision number.
fn finite(bytes: [u8; 2]) -> Result<u16, Error> {
    let half = u16::from_le_bytes(bytes);
    if half & 0x7c00 == 0x7c00 {
        return Err(not_a_number());
    }
    Ok(half)
}

fn not_a_number() -> Error {
    damaged("a weight that is no number")
}
