//! Chooses the next token.
//!
//! The steps run in llama.cpp's order (`common_params_sampling`): penalties, top-k, top-p, min-p,
//! temperature. Each of the middle three keeps the most probable tokens up to some cutoff, so together they
//! keep the shortest of these lists, and one pass over the best tokens finds its end.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Number of preceding tokens that the repetition penalty applies to: llama.cpp's `penalty_last_n`.
const REPETITION_WINDOW: usize = 64;

/// Parameters for choosing the next token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Divisor of the logits; 0 takes the most probable token.
    pub temperature: f32,
    /// Number of most probable tokens to choose from; 0 means all.
    pub top_k: usize,
    /// Total probability of the tokens to choose from: the smallest set of the most probable tokens that
    /// reaches it is kept. 1 means all.
    ///
    /// Source: Holtzman et al., "The Curious Case of Neural Text Degeneration" (2019).
    pub top_p: f32,
    /// Minimum probability of a token, relative to the most probable one's.
    ///
    /// Source: Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs"
    /// (2024).
    pub min_p: f32,
    /// Factor for the logits of the last 64 tokens: positive ones are divided by it, the others are
    /// multiplied. 1 has no effect.
    ///
    /// Source: Keskar et al., "CTRL: A Conditional Transformer Language Model" (2019), section 4.1, for
    /// positive logits; llama.cpp for the others.
    pub repetition_penalty: f32,
    /// Amount subtracted from a token's logit for each time that the token was chosen.
    ///
    /// Source: `OpenAI`'s API reference, "Frequency and presence penalties".
    pub frequency_penalty: f32,
    /// Amount subtracted from a token's logit if the token was chosen before, however often.
    pub presence_penalty: f32,
    /// Seed of the random numbers: equal seeds give equal tokens.
    pub seed: u64,
}

/// Chooses the tokens of one answer.
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    chance: Chance,
    /// The tokens chosen so far, with their counts; only filled if a penalty needs them.
    chosen: Vec<(u32, f32)>,
}

/// A token that may be chosen. The greatest is the most probable; of equals, it is the first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Candidate {
    logit: f32,
    token: u32,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let logits = self.logit.total_cmp(&other.logit);
        logits.then(other.token.cmp(&self.token))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Sampler {
    /// Creates a sampler for one answer.
    pub fn new(sampling: Sampling) -> Self {
        Self {
            chance: Chance(sampling.seed),
            sampling,
            chosen: Vec::new(),
        }
    }

    /// Chooses the token after `before`, which has all preceding tokens, including the prompt's. Modifies the
    /// logits. NaN counts as the least probable; without logits, the token is 0.
    pub fn pick(&mut self, logits: &mut [f32], before: &[u32]) -> u32 {
        self.penalize(logits, before);
        let mut best = Candidate {
            logit: f32::MIN,
            token: 0,
        };
        for (token, logit) in (0..).zip(&mut *logits) {
            if !logit.is_finite() {
                *logit = if *logit > 0.0 { f32::MAX } else { f32::MIN };
            }
            if *logit > best.logit {
                let logit = *logit;
                best = Candidate { logit, token };
            }
        }
        let token = if self.sampling.temperature > 0.0 {
            let weights = self.weights(logits, best.logit);
            self.chance.among(&weights).unwrap_or(best.token)
        } else {
            best.token
        };
        self.remember(token);
        token
    }

    fn penalize(&self, logits: &mut [f32], before: &[u32]) {
        let penalty = self.sampling.repetition_penalty;
        let recent = &before[before.len().saturating_sub(REPETITION_WINDOW)..];
        for (at, token) in recent.iter().enumerate() {
            if let Some(logit) = logits.get_mut(*token as usize)
                && !recent[..at].contains(token)
            {
                *logit = if *logit > 0.0 {
                    *logit / penalty
                } else {
                    *logit * penalty
                };
            }
        }
        for (token, times) in &self.chosen {
            if let Some(logit) = logits.get_mut(*token as usize) {
                *logit -= times * self.sampling.frequency_penalty + self.sampling.presence_penalty;
            }
        }
    }

    fn remember(&mut self, token: u32) {
        if self.sampling.frequency_penalty == 0.0 && self.sampling.presence_penalty == 0.0 {
            return;
        }
        match self.chosen.iter_mut().find(|(chosen, _)| *chosen == token) {
            Some((_, times)) => *times += 1.0,
            None => self.chosen.push((token, 1.0)),
        }
    }

    /// The tokens to choose from, each with a weight proportional to its probability: exp((logit − best) /
    /// temperature).
    fn weights(&self, logits: &[f32], best: f32) -> Vec<(u32, f32)> {
        let weight = |candidate: Candidate| {
            let weight = ((candidate.logit - best) / self.sampling.temperature).exp();
            (candidate.token, weight)
        };
        self.kept(logits, best).into_iter().map(weight).collect()
    }

    /// The tokens that top-k, top-p and min-p keep, in no particular order.
    fn kept(&self, logits: &[f32], best: f32) -> Vec<Candidate> {
        let Sampling {
            top_k,
            top_p,
            min_p,
            ..
        } = self.sampling;
        let mass = |candidate: Candidate| f64::from((candidate.logit - best).exp());
        // p ≥ min_p · p_best, in logits.
        let mut floor = best + min_p.clamp(0.0, 1.0).ln();
        let mut all = 0.0;
        let mut kept: Vec<Candidate> = Vec::new();
        if (1..logits.len()).contains(&top_k) {
            kept = first(top_k, candidates(logits));
            all = kept.iter().copied().map(mass).sum();
            kept.retain(|candidate| candidate.logit >= floor);
        } else {
            if top_p < 1.0 {
                all = candidates(logits).map(mass).sum();
                floor = floor.max(best - beyond((1.0 - f64::from(top_p)) * all, logits.len()));
            }
            kept.extend(candidates(logits).filter(|candidate| candidate.logit >= floor));
        }
        if top_p >= 1.0 {
            return kept;
        }
        let (mut rest, mut kept, mut have) = (BinaryHeap::from(kept), Vec::new(), 0.0);
        while let Some(candidate) = rest.pop() {
            kept.push(candidate);
            have += mass(candidate);
            if have >= f64::from(top_p) * all {
                break;
            }
        }
        kept
    }
}

/// Distance below the best logit beyond which no token can be kept by top-p if `left` of the mass of `count`
/// tokens is cut off: all tokens with less mass than `left / count` have less than `left` together. The best
/// token's mass is 1, as exp(0).
fn beyond(left: f64, count: usize) -> f32 {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let mut below = (0..=u8::MAX).map(f32::from);
    below
        .find(|below| f64::from((-below).exp()) * count < left)
        .unwrap_or(f32::INFINITY)
}

fn candidates(logits: &[f32]) -> impl Iterator<Item = Candidate> {
    (0..)
        .zip(logits)
        .map(|(token, &logit)| Candidate { logit, token })
}

/// The `count` greatest candidates, in no particular order; of equals, the first. Takes at most n log `count`
/// steps, and about n if the logits are in random order.
fn first(count: usize, candidates: impl Iterator<Item = Candidate>) -> Vec<Candidate> {
    let mut first = BinaryHeap::with_capacity(count);
    let mut least = f32::NEG_INFINITY;
    for candidate in candidates {
        if candidate.logit <= least {
            continue;
        }
        if first.len() == count {
            first.pop();
        }
        first.push(Reverse(candidate));
        if first.len() == count
            && let Some(Reverse(candidate)) = first.peek()
        {
            least = candidate.logit;
        }
    }
    let first = first.into_iter();
    first.map(|Reverse(candidate)| candidate).collect()
}

/// A pseudorandom number generator.
///
/// Source: `SplitMix64` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Clone, Copy, Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number from 0 to less than 1, in steps of 2⁻³².
    fn part(&mut self) -> f64 {
        let [.., a, b, c, d] = self.next().to_be_bytes();
        f64::from(u32::from_be_bytes([a, b, c, d])) / 4_294_967_296.0
    }

    /// Picks one of `weights` with probability proportional to its weight. `None` if the total weight is 0.
    fn among(&mut self, weights: &[(u32, f32)]) -> Option<u32> {
        let all: f64 = weights.iter().map(|&(_, weight)| f64::from(weight)).sum();
        let mut left = self.part() * all;
        let found = weights.iter().find(|&&(_, weight)| {
            left -= f64::from(weight);
            left < 0.0
        });
        found.map(|&(token, _)| token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Sampling = Sampling {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        repetition_penalty: 1.0,
        frequency_penalty: 0.0,
        presence_penalty: 0.0,
        seed: 1,
    };

    fn logits(probabilities: &[f32]) -> Vec<f32> {
        probabilities
            .iter()
            .map(|probability| probability.ln() + 3.0)
            .collect()
    }

    /// The tokens to choose from, most probable first, with their probabilities.
    fn probabilities(sampling: Sampling, logits: &[f32]) -> Vec<(u32, f64)> {
        let best = logits.iter().copied().fold(f32::MIN, f32::max);
        let mut weights = Sampler::new(sampling).weights(logits, best);
        weights.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let all: f64 = weights.iter().map(|&(_, weight)| f64::from(weight)).sum();
        weights
            .into_iter()
            .map(|(token, weight)| (token, f64::from(weight) / all))
            .collect()
    }

    #[test]
    fn the_tokens_chosen_from_are_the_most_probable() {
        #[track_caller]
        fn check(sampling: Sampling, expected: &[(u32, f64)]) {
            let found = probabilities(sampling, &logits(&[0.1, 0.4, 0.2, 0.05, 0.25]));
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found.0, expected.0);
                assert!(
                    (found.1 - expected.1).abs() < 1e-6,
                    "{found:?} {expected:?}"
                );
            }
        }
        check(PLAIN, &[(1, 0.4), (4, 0.25), (2, 0.2), (0, 0.1), (3, 0.05)]);
        check(
            Sampling { top_k: 2, ..PLAIN },
            &[(1, 0.4 / 0.65), (4, 0.25 / 0.65)],
        );
        check(
            Sampling { top_k: 9, ..PLAIN },
            &[(1, 0.4), (4, 0.25), (2, 0.2), (0, 0.1), (3, 0.05)],
        );
        check(
            Sampling {
                top_p: 0.6,
                ..PLAIN
            },
            &[(1, 0.4 / 0.65), (4, 0.25 / 0.65)],
        );
        check(
            Sampling {
                top_p: 0.7,
                ..PLAIN
            },
            &[(1, 0.4 / 0.85), (4, 0.25 / 0.85), (2, 0.2 / 0.85)],
        );
        check(
            Sampling {
                top_p: 0.0,
                ..PLAIN
            },
            &[(1, 1.0)],
        );
        check(
            Sampling {
                min_p: 0.45,
                ..PLAIN
            },
            &[(1, 0.4 / 0.85), (4, 0.25 / 0.85), (2, 0.2 / 0.85)],
        );
        // Top-p applies to the tokens that top-k kept: 0.4 of 0.65 is more than 0.6.
        check(
            Sampling {
                top_k: 2,
                top_p: 0.6,
                ..PLAIN
            },
            &[(1, 1.0)],
        );
        // The temperature is applied last: it changes the tokens' probabilities, but not the set of tokens.
        check(
            Sampling {
                top_p: 0.6,
                temperature: 0.5,
                ..PLAIN
            },
            &[(1, 0.16 / 0.2225), (4, 0.0625 / 0.2225)],
        );
    }

    #[test]
    fn penalties_are_as_their_sources_have_them() {
        #[track_caller]
        fn check(sampling: Sampling, before: &[u32], chosen: &[(u32, f32)], expected: [f32; 3]) {
            let mut sampler = Sampler::new(sampling);
            sampler.chosen = chosen.to_vec();
            let mut logits = [2.0, -2.0, 1.0];
            sampler.penalize(&mut logits, before);
            let near = |(found, expected): (&f32, f32)| (found - expected).abs() < 1e-6;
            assert!(logits.iter().zip(expected).all(near), "{logits:?}");
        }
        let repetition = Sampling {
            repetition_penalty: 2.0,
            ..PLAIN
        };
        check(repetition, &[0, 1, 1, 9], &[], [1.0, -4.0, 1.0]);
        let before: Vec<u32> = [0].into_iter().chain([1; 63]).chain([2]).collect();
        check(repetition, &before, &[], [2.0, -4.0, 0.5]);
        let counted = Sampling {
            frequency_penalty: 0.5,
            presence_penalty: 0.25,
            ..PLAIN
        };
        check(
            counted,
            &[2],
            &[(0, 3.0), (1, 1.0), (9, 1.0)],
            [0.25, -2.75, 1.0],
        );
    }

    #[test]
    fn only_what_was_chosen_counts_for_the_frequency() {
        let mut sampler = Sampler::new(Sampling {
            temperature: 0.0,
            frequency_penalty: 0.4,
            ..PLAIN
        });
        let picked: Vec<u32> = (0..5)
            .map(|_| sampler.pick(&mut [1.0, 0.5, 0.0], &[0, 0, 0]))
            .collect();
        assert_eq!(picked, [0, 0, 1, 0, 1]);
    }

    #[test]
    fn tokens_are_chosen_as_often_as_they_are_probable() {
        let expected = [0.4, 0.3, 0.2, 0.07, 0.03_f32];
        for (seed, top_k) in (0..20).zip([0, 5].into_iter().cycle()) {
            let mut sampler = Sampler::new(Sampling {
                top_k,
                seed,
                ..PLAIN
            });
            let mut counts = [0.0; 5];
            for _ in 0..10_000 {
                counts[sampler.pick(&mut logits(&expected), &[]) as usize] += 1.0;
            }
            let squares = counts.iter().zip(expected).map(|(count, probability)| {
                let mean = 10_000.0 * f64::from(probability);
                (count - mean) * (count - mean) / mean
            });
            // χ² with four degrees of freedom exceeds 23.5 once in 10,000 times.
            assert!(squares.sum::<f64>() < 23.5, "{counts:?}");
        }
    }

    #[test]
    fn chance_is_split_mix() {
        // The first numbers for the seeds 0 and 1234567, from the reference code of the paper's authors.
        let mut chance = Chance(0);
        assert_eq!(chance.next(), 0xe220_a839_7b1d_cdaf);
        let mut chance = Chance(1_234_567);
        assert_eq!(
            [chance.next(), chance.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn of_nothing_it_is_0() {
        assert_eq!(Sampler::new(PLAIN).pick(&mut [], &[3]), 0);
    }

    fn any_sampling() -> impl Strategy<Value = Sampling> {
        let kept = (0.0..3.0_f32, 0..20_usize, 0.0..1.2_f32, 0.0..1.1_f32);
        let penalties = (0.5..2.0_f32, -2.0..2.0_f32, -2.0..2.0_f32);
        (kept, penalties, any::<u64>()).prop_map(|(kept, penalties, seed)| Sampling {
            temperature: kept.0,
            top_k: kept.1,
            top_p: kept.2,
            min_p: kept.3,
            repetition_penalty: penalties.0,
            frequency_penalty: penalties.1,
            presence_penalty: penalties.2,
            seed,
        })
    }

    fn any_logits() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(-20.0..20.0_f32, 1..50)
    }

    proptest! {
        #[test]
        fn probabilities_are_one_together_and_the_kept_are_the_best(sampling in any_sampling(), logits in any_logits()) {
            let sampling = Sampling { temperature: sampling.temperature + 0.1, ..sampling };
            let kept = probabilities(sampling, &logits);
            prop_assert!((kept.iter().map(|&(_, probability)| probability).sum::<f64>() - 1.0).abs() < 1e-6);
            prop_assert!(sampling.top_k == 0 || kept.len() <= sampling.top_k);
            let least = kept.iter().map(|&(token, _)| logits[token as usize]).fold(f32::MAX, f32::min);
            let better = logits.iter().filter(|&&logit| logit > least).count();
            prop_assert!(better < kept.len());
        }

        #[test]
        fn the_kept_are_those_of_the_plain_definition(sampling in any_sampling(), logits in any_logits()) {
            let best = logits.iter().copied().fold(f32::MIN, f32::max);
            let mut kept: Vec<u32> = Sampler::new(sampling).kept(&logits, best).iter().map(|kept| kept.token).collect();
            kept.sort_unstable();

            let mut sorted: Vec<Candidate> = candidates(&logits).collect();
            sorted.sort_by(|a, b| b.cmp(a));
            if sampling.top_k > 0 {
                sorted.truncate(sampling.top_k);
            }
            let mass = |candidate: &Candidate| f64::from((candidate.logit - best).exp());
            let all: f64 = sorted.iter().map(mass).sum();
            let mut have = 0.0;
            let mut expected = Vec::new();
            for candidate in &sorted {
                if !expected.is_empty() && have >= f64::from(sampling.top_p) * all {
                    break;
                }
                have += mass(candidate);
                if candidate.logit >= best + sampling.min_p.min(1.0).ln() {
                    expected.push(candidate.token);
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(kept, expected);
        }

        #[test]
        fn one_of_one_is_the_best(sampling in any_sampling(), logits in any_logits()) {
            let best = |sampling| Sampler::new(sampling).pick(&mut logits.clone(), &[]);
            let greedy = best(Sampling { temperature: 0.0, ..sampling });
            prop_assert_eq!(best(Sampling { top_k: 1, ..sampling }), greedy);
            prop_assert!(logits.iter().all(|&logit| logit <= logits[greedy as usize]));
        }

        #[test]
        fn the_same_seed_chooses_the_same(sampling in any_sampling(), logits in any_logits()) {
            let picked = || {
                let mut sampler = Sampler::new(sampling);
                (0..20).map(|_| sampler.pick(&mut logits.clone(), &[0, 1])).collect::<Vec<_>>()
            };
            prop_assert_eq!(picked(), picked());
        }

        #[test]
        fn no_numbers_and_endless_ones_choose_a_token(
            sampling in any_sampling(),
            mut logits in prop::collection::vec(any::<f32>(), 1..50),
            temperature in any::<f32>(),
            (top_p, min_p, repetition_penalty) in any::<(f32, f32, f32)>(),
            before in prop::collection::vec(0..100_u32, 0..100),
        ) {
            let sampling = Sampling { temperature, top_p, min_p, repetition_penalty, ..sampling };
            let len = logits.len();
            prop_assert!((Sampler::new(sampling).pick(&mut logits, &before) as usize) < len);
        }
    }
}
