//! Metrics of an answer: timings, speed and token counts.

use serde::{Deserialize, Serialize};

use super::Usage;

/// Timings and token counts of one answer. None if unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Time from the request to the first token of text or reasoning, in milliseconds.
    pub first_token: Option<u32>,
    /// Time from the first reasoning to the first text, in milliseconds.
    pub thinking: Option<u32>,
    /// Time from the first token of text or reasoning to the end, in milliseconds.
    pub decoding: Option<u32>,
    /// Tokens of the conversation that was sent.
    pub input: Option<u32>,
    /// Tokens of the answer, including reasoning.
    pub output: Option<u32>,
    /// Tokens of the conversation that the endpoint had from an earlier request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u32>,
    /// Tokens of the reasoning, which are part of the answer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u32>,
    /// Tokens per 1000 seconds of the answer, as measured by the endpoint.
    pub speed: Option<u32>,
}

impl Metrics {
    /// Returns the metrics with the endpoint's counts.
    #[must_use]
    pub const fn with(self, usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            cached: usage.cached,
            reasoning: usage.reasoning,
            speed: usage.speed,
            ..self
        }
    }

    /// Returns an answer's token count, and whether it is an estimate.
    pub fn tokens(&self, text: &str, reasoning: &str) -> (u32, bool) {
        match self.output {
            Some(output) => (output, false),
            None => (estimate(text) + estimate(reasoning), true),
        }
    }

    /// Returns thousandths of a token per second, for this number of tokens: as measured by the
    /// endpoint, else from the first token to the last, which is one interval fewer than tokens.
    pub fn speed_of(&self, tokens: u32) -> Option<u32> {
        self.speed.or_else(|| {
            let time = self.decoding.filter(|time| *time > 0)?;
            let intervals = tokens.checked_sub(1).filter(|intervals| *intervals > 0)?;
            u32::try_from(u64::from(intervals) * 1_000_000 / u64::from(time)).ok()
        })
    }
}

/// Estimates the tokens of a text: about four letters per token in languages written with spaces,
/// and about one and a half in Korean, Japanese or Chinese. A stream's chunk is not a token.
pub fn estimate(text: &str) -> u32 {
    let (mut wide, mut narrow) = (0_u32, 0_u32);
    for letter in text.chars() {
        // From Hangul Jamo on, except Latin or Greek with diacritics, and symbols.
        if matches!(letter, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..)
        {
            wide += 1;
        } else {
            narrow += 1;
        }
    }
    (wide * 2).div_ceil(3) + narrow.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_counts_letters() {
        #[track_caller]
        fn check(text: &str, expected: u32) {
            assert_eq!(estimate(text), expected);
        }
        check("", 0);
        check("word", 1);
        check("a sentence of words", 5);
        check("한국어", 2);
        check("한국어 word", 4);
    }

    #[test]
    fn speed_is_the_endpoints_own_or_of_the_intervals() {
        #[track_caller]
        fn check(speed: Option<u32>, decoding: Option<u32>, tokens: u32, expected: Option<u32>) {
            let metrics = Metrics {
                decoding,
                speed,
                ..Metrics::default()
            };
            assert_eq!(metrics.speed_of(tokens), expected);
        }
        check(Some(41_500), Some(1000), 9, Some(41_500));
        check(None, Some(2000), 101, Some(50_000));
        check(None, Some(0), 101, None);
        check(None, None, 101, None);
        check(None, Some(2000), 1, None);
    }
}
