//! Compares the SIMD kernels with their scalar versions, bit by bit, and panics if they differ.
//!
//! It is built for wasm32-unknown-unknown, has no imports, and exports `main`.

use on_device::config::PAGE;
use on_device::fixtures::Random;
use on_device::kernel::{self, Fastest, Lanes, Shares, Tile, scalar::Scalar};
use on_device::quant::{Filling, Kind, Matrix};

fn main() {
    let mut random = Random(20_261_123);
    for kind in [Kind::F32, Kind::F16, Kind::Q4_0, Kind::Q4_1, Kind::Q8_0] {
        for columns in [32, 64, 96, 576, 1536] {
            for rows in [1, 2, 3, 7, 16] {
                let matrix = matrix(kind, rows, columns, &mut random);
                for tokens in 1..=Tile::MAX {
                    let vectors = numbers(tokens * columns, &mut random);
                    products(&matrix, &vectors, tokens);
                }
            }
        }
    }
    for _ in 0..200 {
        for length in [16, 32, 48, 64, 80, 128] {
            attention(length, &mut random);
        }
        elements(&mut random);
    }
    loads(&mut random);
}

/// Panics if the bits differ.
fn check(what: &str, vectors: &[f32], scalars: &[f32]) {
    assert_eq!(vectors.len(), scalars.len());
    for (vector, scalar) in vectors.iter().zip(scalars) {
        assert!(
            vector.to_bits() == scalar.to_bits() || (vector.is_nan() && scalar.is_nan()),
            "{what}"
        );
    }
}

fn products(matrix: &Matrix, vectors: &[f32], tokens: usize) {
    let mut tile = Tile::default();
    tile.fill(vectors, matrix.columns());
    let mut fast = vec![0.0; tokens * matrix.rows()];
    let mut twin = fast.clone();
    kernel::product::<Fastest>(matrix, &tile, &mut fast);
    kernel::product::<Scalar>(matrix, &tile, &mut twin);
    check("products differ", &fast, &twin);
}

fn attention(length: usize, random: &mut Random) {
    let eights = length / 8;
    let positions = 4 * (1 + usize::from(random.below(8)));
    let keys = shorts(positions * eights, 4095, random);
    let query = shorts(eights, 4095, random);
    let scales = numbers(positions, random);
    let mut fast = vec![0.0; positions];
    let mut twin = fast.clone();
    kernel::scores::<Fastest>(&query, 0.01, &keys, &scales, &mut fast);
    kernel::scores::<Scalar>(&query, 0.01, &keys, &scales, &mut twin);
    check("scores differ", &fast, &twin);

    let (scores, value_scales) = (numbers(PAGE, random), numbers(PAGE, random));
    let (mut fast, mut twin) = ([[0; 2]; PAGE / 2], [[0; 2]; PAGE / 2]);
    let scales = [
        kernel::share::<Fastest>(&scores, &value_scales, &mut fast),
        kernel::share::<Scalar>(&scores, &value_scales, &mut twin),
    ];
    check("scales of shares differ", &scales[..1], &scales[1..]);
    assert!(fast == twin, "shares differ");

    let values = shorts(PAGE * eights, 4095, random);
    let shares = [(); 4].map(|()| {
        let mut of = [[0; 2]; PAGE / 2];
        let random = shorts(PAGE / 8, 4095, random);
        of.as_flattened_mut().copy_from_slice(random.as_flattened());
        of
    });
    let scales = [(); 4].map(|()| number(random));
    mixes::<1>(&shares, &scales, &values, eights);
    mixes::<2>(&shares, &scales, &values, eights);
    mixes::<3>(&shares, &scales, &values, eights);
    mixes::<4>(&shares, &scales, &values, eights);
}

fn mixes<const Q: usize>(
    shares: &[Shares; 4],
    scales: &[f32; 4],
    values: &[[i16; 8]],
    eights: usize,
) {
    let mut fast = vec![[0.5; 4]; Q * eights * 2];
    let mut twin = fast.clone();
    kernel::mix::<Fastest, Q>(shares, scales, values, &mut fast);
    kernel::mix::<Scalar, Q>(shares, scales, values, &mut twin);
    check("mixes differ", fast.as_flattened(), twin.as_flattened());
}

fn elements(random: &mut Random) {
    let len = 4 * (1 + usize::from(random.below(64)));
    let numbers_of = numbers(len, random);
    let (mut fast, mut twin) = (numbers_of.clone(), numbers_of.clone());
    let sums = [
        kernel::exponentials::<Fastest>(&mut fast),
        kernel::exponentials::<Scalar>(&mut twin),
    ];
    check("exponentials differ", &fast, &twin);
    check("sums differ", &sums[..1], &sums[1..]);

    let ups = numbers(len, random);
    let (mut fast, mut twin) = (numbers_of.clone(), numbers_of);
    kernel::gate::<Fastest>(&mut fast, &ups);
    kernel::gate::<Scalar>(&mut twin, &ups);
    check("gates differ", &fast, &twin);
}

/// Compares the conversion of all half-precision numbers.
fn loads(random: &mut Random) {
    for half in 0..=u16::MAX {
        let halves = [half, half ^ 0x8000, random.below(u16::MAX), half];
        let (mut fast, mut twin) = ([0.0; 4], [0.0; 4]);
        Fastest::store(Fastest::halves(&halves), &mut fast);
        Scalar::store(Scalar::halves(&halves), &mut twin);
        check("halves differ", &fast, &twin);
    }
}

/// A matrix of random bytes, but with finite scales and weights.
fn matrix(kind: Kind, rows: usize, columns: usize, random: &mut Random) -> Matrix {
    let mut filling = Filling::new(kind, rows, columns);
    for _ in 0..rows * columns / kind.weights() {
        let mut block: Vec<u8> = (0..kind.bytes()).map(|_| random.byte()).collect();
        match kind {
            Kind::F32 => block.copy_from_slice(&number(random).to_le_bytes()),
            // Clears a bit, because an exponent of all ones is not finite.
            Kind::F16 | Kind::Q4_0 | Kind::Q8_0 => block[1] &= 0xbf,
            Kind::Q4_1 => {
                block[1] &= 0xbf;
                block[3] &= 0xbf;
            }
        }
        filling.push(&block, 0).expect("there is room");
    }
    filling.finish().expect("all has come")
}

fn shorts(eights: usize, most: i16, random: &mut Random) -> Vec<[i16; 8]> {
    let span = 2 * most.unsigned_abs() + 1;
    let mut short = || {
        let number = i32::from(random.below(span)) - i32::from(most);
        i16::try_from(number).expect("it is at most `most`")
    };
    (0..eights).map(|_| [(); 8].map(|()| short())).collect()
}

fn numbers(len: usize, random: &mut Random) -> Vec<f32> {
    (0..len).map(|_| number(random)).collect()
}

/// A mostly small number; some are zero, tiny or large.
fn number(random: &mut Random) -> f32 {
    let small = random.small();
    match random.below(32) {
        0 => 0.0,
        1 => small * 1e-37,
        2 => small * 1e3,
        3 => -0.0,
        4 => small * 400.0,
        _ => small * 8.0,
    }
}
