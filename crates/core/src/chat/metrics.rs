//! How an answer came: how soon, how fast, how much.

use serde::{Deserialize, Serialize};

use super::Usage;

/// What was measured and counted of one answer. None is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// From the request to the first word or thought, in milliseconds.
    pub first_token: Option<u32>,
    /// From the first thought to the first word, in milliseconds.
    pub thinking: Option<u32>,
    /// From the first word or thought to the end, in milliseconds.
    pub decoding: Option<u32>,
    /// Tokens of the conversation that was sent.
    pub input: Option<u32>,
    /// Tokens of the answer, thoughts included.
    pub output: Option<u32>,
    /// Tokens a thousand seconds while it answered, as the endpoint measured it.
    pub speed: Option<u32>,
}

impl Metrics {
    /// With what the endpoint counted.
    #[must_use]
    pub const fn with(self, usage: Usage) -> Self {
        Self {
            input: usage.input,
            output: usage.output,
            speed: usage.speed,
            ..self
        }
    }

    /// The tokens of an answer with this text, and whether that is an estimate.
    pub fn tokens(&self, text: &str, reasoning: &str) -> (u32, bool) {
        match self.output {
            Some(output) => (output, false),
            None => (estimate(text) + estimate(reasoning), true),
        }
    }

    /// Thousandths of a token a second while it was answered, of so many tokens: as the endpoint
    /// measured it, else from the first token to the last, which is one interval fewer than there
    /// are tokens.
    pub fn speed_of(&self, tokens: u32) -> Option<u32> {
        self.speed.or_else(|| {
            let time = self.decoding.filter(|time| *time > 0)?;
            let intervals = tokens.checked_sub(1).filter(|intervals| *intervals > 0)?;
            u32::try_from(u64::from(intervals) * 1_000_000 / u64::from(time)).ok()
        })
    }
}

/// How many tokens a text has, roughly: a token is about four letters of a language that is written
/// with spaces, and about one and a half of Korean, Japanese or Chinese. A chunk of a stream is no
/// token.
pub fn estimate(text: &str) -> u32 {
    let (mut wide, mut narrow) = (0_u32, 0_u32);
    for letter in text.chars() {
        // From Hangul Jamo on, less what is Latin or Greek with marks, or a symbol.
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
