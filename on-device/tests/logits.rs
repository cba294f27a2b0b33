//! Compares the logits after five prompts with those of llama.cpp with the same weights at full precision:
//! one is Korean, one has several hundred tokens, one is in the chat template.
//!
//! tests/reference/logits.txt has a prompt on each line: the reference's five best tokens, best first, a tab,
//! and the prompt's tokens. tests/reference/logits.f16 has all logits after the last token of each prompt, in
//! the same order, as IEEE 754 half-precision numbers, little-endian. tests/reference/make.py wrote them, and
//! documents the versions used.
//!
//! `cargo test -p on-device --test logits -- --nocapture` prints the differences.

#[path = "reference/weights.rs"]
mod weights;

use std::str::FromStr;

use on_device::model::Model;

const HALVES: &[u8] = include_bytes!("reference/logits.f16");

struct Prompt {
    tokens: Vec<u32>,
    best: Vec<usize>,
    logits: Vec<f32>,
}

fn fixture(vocabulary_len: usize) -> Vec<Prompt> {
    let halves: Vec<f32> = HALVES
        .chunks_exact(2)
        .map(|half| single(u16::from_le_bytes([half[0], half[1]])))
        .collect();
    let lines = include_str!("reference/logits.txt").lines();
    let read = |(line, logits): (&str, &[f32])| {
        let (best, tokens) = line.split_once('\t').expect("a tab");
        Prompt {
            tokens: numbers(tokens),
            best: numbers(best),
            logits: logits.to_vec(),
        }
    };
    lines
        .zip(halves.chunks_exact(vocabulary_len))
        .map(read)
        .collect()
}

fn numbers<T: FromStr>(written: &str) -> Vec<T> {
    let read = |number: &str| number.parse().ok();
    written
        .split(' ')
        .map(read)
        .collect::<Option<_>>()
        .expect("numbers")
}

/// Converts a normal half-precision number: (−1)^s · 2^(e − 15) · (1 + m / 1024).
fn single(half: u16) -> f32 {
    let size = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    if half >> 15 == 1 { -size } else { size }
}

/// The tokens with the largest logits, best first.
fn best(logits: &[f32], count: usize) -> Vec<usize> {
    let mut tokens: Vec<usize> = (0..logits.len()).collect();
    tokens.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    tokens.truncate(count);
    tokens
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn logits_are_those_of_the_reference() {
    let Some(mut loaded) = weights::loaded() else {
        return;
    };
    let prompts = fixture(loaded.model.vocabulary_len());
    assert_eq!(prompts.len(), 5);
    for Prompt {
        tokens,
        best: expected,
        logits: reference,
    } in prompts
    {
        let (mut cache, mut logits) = (loaded.model.cache(), Vec::new());
        let mut chunks = tokens.chunks(Model::CHUNK).peekable();
        while let Some(chunk) = chunks.next() {
            let wanted = chunks.peek().is_none().then_some(&mut logits);
            loaded.model.read(chunk, &mut cache, wanted);
        }
        let cosine = cosine(&logits, &reference);
        let largest = logits
            .iter()
            .zip(&reference)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        println!(
            "{} tokens: cosine {cosine:.7}, largest difference {largest:.4}, best {:?}",
            tokens.len(),
            best(&logits, 5)
        );
        assert!(cosine >= 0.999, "{cosine}");
        assert_eq!(best(&logits, 5), expected);
    }
}
