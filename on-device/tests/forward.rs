//! Compares the forward pass with a plain implementation of the formulas.

mod support;

use on_device::fixtures::{File, Random, Recipe, tokens};
use on_device::quant::Kind;
use on_device::{Loaded, Model};
use support::load;

/// The tokens that each test reads, sometimes after others.
const TEXT: [u32; 21] = [
    1, 75, 104, 260, 17, 0, 259, 99, 3, 202, 131, 44, 45, 270, 280, 8, 250, 77, 78, 79, 2,
];

/// A plain forward pass in double precision.
struct Plain<'a> {
    recipe: &'a Recipe,
    file: File,
}

type Vector = Vec<f64>;

impl Plain<'_> {
    /// The rows of a tensor.
    fn rows(&self, name: &str) -> Vec<Vector> {
        let tensor = self.file.tensors.iter().find(|tensor| tensor.name == name);
        let tensor = tensor.unwrap_or_else(|| panic!("{name} is there"));
        let bytes = &self.file.bytes[tensor.bytes.clone()];
        let mut weights = Vec::new();
        for block in bytes.chunks_exact(tensor.kind.bytes()) {
            let half = |at: usize| half(u16::from_le_bytes([block[at], block[at + 1]]));
            let nibbles = |from: usize| {
                let low = block[from..].iter().map(|byte| f64::from(byte % 16));
                low.chain(block[from..].iter().map(|byte| f64::from(byte / 16)))
            };
            match tensor.kind {
                Kind::F32 => {
                    let single: [u8; 4] = block.try_into().unwrap();
                    weights.push(f64::from(f32::from_le_bytes(single)));
                }
                Kind::F16 => weights.push(half(0)),
                Kind::Q4_0 => weights.extend(nibbles(2).map(|quant| half(0) * (quant - 8.0))),
                Kind::Q4_1 => weights.extend(nibbles(4).map(|quant| half(0) * quant + half(2))),
                Kind::Q8_0 => weights.extend(
                    block[2..]
                        .iter()
                        .map(|byte| half(0) * f64::from(byte.cast_signed())),
                ),
            }
        }
        weights
            .chunks_exact(tensor.columns)
            .map(<[f64]>::to_vec)
            .collect()
    }

    fn times(&self, name: &str, x: &Vector) -> Vector {
        self.rows(name).iter().map(|row| dot(row, x)).collect()
    }

    fn norm(&self, name: &str, x: &Vector) -> Vector {
        let root = (dot(x, x) / count(x.len()) + 1e-5).sqrt();
        let weights = self.rows(name).remove(0);
        x.iter()
            .zip(weights)
            .map(|(x, weight)| x / root * weight)
            .collect()
    }

    /// The logits after the last token.
    fn logits(&self, tokens: &[u32]) -> Vector {
        let Recipe {
            head_count,
            head_count_kv,
            ..
        } = *self.recipe;
        let length = self.recipe.embedding_length / head_count;
        let embedding = self.rows("token_embd.weight");
        let mut xs: Vec<Vector> = tokens
            .iter()
            .map(|token| embedding[*token as usize].clone())
            .collect();
        for layer in 0..self.recipe.block_count {
            let name = |part: &str| format!("blk.{layer}.{part}.weight");
            let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for (position, x) in xs.iter().enumerate() {
                let h = self.norm(&name("attn_norm"), x);
                queries.push(self.turned(self.times(&name("attn_q"), &h), length, position));
                keys.push(self.turned(self.times(&name("attn_k"), &h), length, position));
                values.push(self.times(&name("attn_v"), &h));
            }
            for (position, x) in xs.iter_mut().enumerate() {
                let mut attended = Vec::new();
                for head in 0..head_count {
                    let of = |head: usize| head * length..(head + 1) * length;
                    let shared = of(head * head_count_kv / head_count);
                    let query = &queries[position][of(head)];
                    let weights: Vector = keys[..=position]
                        .iter()
                        .map(|key| (dot(query, &key[shared.clone()]) / count(length).sqrt()).exp())
                        .collect();
                    let total: f64 = weights.iter().sum();
                    for i in shared {
                        let mixed = values
                            .iter()
                            .zip(&weights)
                            .map(|(value, weight)| value[i] * weight);
                        attended.push(mixed.sum::<f64>() / total);
                    }
                }
                add(x, &self.times(&name("attn_output"), &attended));
            }
            for x in &mut xs {
                let h = self.norm(&name("ffn_norm"), x);
                let up = self.times(&name("ffn_up"), &h);
                let gate = self.times(&name("ffn_gate"), &h);
                let feed_forward_length = gate
                    .iter()
                    .zip(up)
                    .map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up);
                add(
                    x,
                    &self.times(&name("ffn_down"), &feed_forward_length.collect()),
                );
            }
        }
        let x = self.norm("output_norm.weight", &xs[tokens.len() - 1]);
        let output = if self.recipe.tied {
            "token_embd.weight"
        } else {
            "output.weight"
        };
        self.times(output, &x)
    }

    fn turned(&self, mut head_count: Vector, length: usize, position: usize) -> Vector {
        let position = count(position) / f64::from(self.recipe.rope_scaling_factor.unwrap_or(1.0));
        for head in head_count.chunks_exact_mut(length) {
            for pair in 0..length / 2 {
                let angle = position * 10_000_f64.powf(-2.0 * count(pair) / count(length));
                let (sin, cos) = angle.sin_cos();
                let (a, b) = (head[2 * pair], head[2 * pair + 1]);
                head[2 * pair] = a * cos - b * sin;
                head[2 * pair + 1] = a * sin + b * cos;
            }
        }
        head_count
    }
}

/// Converts half precision according to its definition.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    sign * match exponent {
        0 => mantissa * 2_f64.powi(-14),
        _ => (1.0 + mantissa) * 2_f64.powi(exponent - 15),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(into: &mut Vector, more: &Vector) {
    for (into, more) in into.iter_mut().zip(more) {
        *into += more;
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The distance of the logits from the plain ones, relative to the norm of the plain ones.
fn error(logits: &[f32], plain: &[f64]) -> f64 {
    assert_eq!(logits.len(), plain.len());
    let apart: Vector = logits
        .iter()
        .zip(plain)
        .map(|(a, b)| f64::from(*a) - b)
        .collect();
    (dot(&apart, &apart) / dot(plain, plain)).sqrt()
}

fn model(recipe: &Recipe) -> Model {
    let Loaded { model, .. } = load(&recipe.file().bytes, &[]).unwrap();
    model
}

fn logits(model: &mut Model, pieces: &[usize]) -> Vec<f32> {
    let mut cache = model.cache();
    let mut logits = Vec::new();
    let mut rest = &TEXT[..];
    for length in pieces {
        let (piece, after) = rest.split_at(*length);
        model.read(piece, &mut cache, Some(&mut logits));
        rest = after;
    }
    assert!(rest.is_empty());
    assert_eq!(cache.len(), TEXT.len());
    logits
}

/// Checks that the logits of a recipe match the plain ones, for chunks of any lengths.
fn check(recipe: &Recipe) {
    let plain = Plain {
        recipe,
        file: recipe.file(),
    };
    let plain = plain.logits(&TEXT);
    let mut model = model(recipe);
    assert_eq!(model.vocabulary_len(), tokens().0.len());
    for pieces in [
        &[21][..],
        &[1; 21],
        &[8, 8, 5],
        &[3, 1, 7, 2, 4, 4],
        &[20, 1],
    ] {
        let error = error(&logits(&mut model, pieces), &plain);
        assert!(error < 2e-3, "{recipe:?} by {pieces:?}: {error}");
    }
}

#[test]
fn every_quantisation() {
    for kind in [Kind::F32, Kind::F16, Kind::Q4_0, Kind::Q4_1, Kind::Q8_0] {
        for embedding in [kind, Kind::Q8_0] {
            for (seed, tied) in [(1, true), (2, false)] {
                check(&Recipe {
                    seed,
                    kind,
                    embedding,
                    tied,
                    ..Recipe::default()
                });
            }
        }
    }
}

#[test]
fn shapes() {
    let default = Recipe::default();
    check(&Recipe {
        head_count: 4,
        head_count_kv: 4,
        ..default.clone()
    });
    check(&Recipe {
        head_count: 4,
        head_count_kv: 1,
        ..default.clone()
    });
    check(&Recipe {
        head_count: 2,
        head_count_kv: 1,
        ..default.clone()
    });
    check(&Recipe {
        embedding_length: 96,
        head_count: 6,
        head_count_kv: 2,
        ..default.clone()
    });
    check(&Recipe {
        embedding_length: 128,
        head_count: 1,
        head_count_kv: 1,
        ..default.clone()
    });
    check(&Recipe {
        block_count: 5,
        feed_forward_length: 32,
        ..default.clone()
    });
    check(&Recipe {
        rope_scaling_factor: Some(4.0),
        ..default
    });
}

#[test]
fn what_was_forgotten_leaves_nothing() {
    let mut model = model(&Recipe::default());
    let mut random = Random(7);
    let text: Vec<u32> = (0..200).map(|_| u32::from(random.below(280))).collect();
    for kept in [0, 8, 32, 40, 64, 104] {
        let mut used = model.cache();
        model.read(&text, &mut used, None);
        used.truncate(kept);
        assert_eq!(used.len(), kept);
        let mut fresh = model.cache();
        model.read(&text[..kept], &mut fresh, None);
        let (mut after, mut wanted) = (Vec::new(), Vec::new());
        model.read(&TEXT, &mut used, Some(&mut after));
        model.read(&TEXT, &mut fresh, Some(&mut wanted));
        // Whole chunks were kept, so all numbers were rounded in the same way.
        assert_eq!(after, wanted);
        assert_eq!(used.bytes(), fresh.bytes());
    }
}

#[test]
fn any_number_of_tokens_is_forgotten() {
    let mut model = model(&Recipe::default());
    let mut random = Random(8);
    let text: Vec<u32> = (0..100).map(|_| u32::from(random.below(280))).collect();
    for kept in [1, 7, 31, 33, 63, 77] {
        let mut used = model.cache();
        model.read(&text, &mut used, None);
        used.truncate(kept);
        let mut fresh = model.cache();
        model.read(&text[..kept], &mut fresh, None);
        let (mut after, mut wanted) = (Vec::new(), Vec::new());
        model.read(&TEXT, &mut used, Some(&mut after));
        model.read(&TEXT, &mut fresh, Some(&mut wanted));
        let wanted: Vector = wanted.iter().map(|logit| f64::from(*logit)).collect();
        let error = error(&after, &wanted);
        assert!(error < 1e-3, "{kept}: {error}");
    }
}

#[test]
fn a_cache_grows_as_it_is_used() {
    let mut model = model(&Recipe::default());
    let mut cache = model.cache();
    assert!(cache.is_empty());
    assert_eq!(cache.bytes(), 0);
    model.read(&TEXT, &mut cache, None);
    // Two layers, two heads of 16, keys and values: 16 bits each, and a scale.
    assert_eq!(cache.bytes(), 32 * 2 * 2 * 2 * (16 * 2 + 4));
    cache.truncate(0);
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn nothing_to_read() {
    let mut model = model(&Recipe::default());
    let mut cache = model.cache();
    let mut logits = vec![1.0];
    model.read(&[], &mut cache, Some(&mut logits));
    assert!(logits.is_empty());
    assert!(cache.is_empty());
}

#[test]
fn long_texts() {
    let recipe = Recipe::default();
    let mut random = Random(3);
    let text: Vec<u32> = (0..700).map(|_| u32::from(random.below(280))).collect();
    let plain = Plain {
        recipe: &recipe,
        file: recipe.file(),
    };
    let mut model = model(&recipe);
    let mut cache = model.cache();
    let mut logits = Vec::new();
    model.read(&text, &mut cache, Some(&mut logits));
    let error = error(&logits, &plain.logits(&text));
    assert!(error < 2e-3, "{error}");
}
