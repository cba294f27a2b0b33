//! Turns tokens into the text of an answer.

use crate::text;

/// Reason for the end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A stop string was found.
    Stop,
    /// The maximum number of tokens was reached.
    Length,
}

/// Turns tokens into text, with whole characters only and without stop strings.
///
/// Token boundaries affect only when text is returned, not which text. Invalid UTF-8 becomes U+FFFD, as in
/// `String::from_utf8_lossy`.
#[derive(Clone, Debug)]
pub struct Detokenizer {
    stops: Vec<String>,
    /// Number of tokens that may still come.
    left: usize,
    /// The possible start of a character: at most three bytes.
    bytes: Vec<u8>,
    /// The possible start of a stop string.
    text: String,
}

impl Detokenizer {
    /// Creates an answer of at least one and at most `max_tokens` tokens that ends before one of `stops`: the one
    /// that is complete first, and of those the longest. Empty stop strings are ignored.
    pub fn new(mut stops: Vec<String>, max_tokens: usize) -> Self {
        stops.retain(|stop| !stop.is_empty());
        Self {
            stops,
            left: max_tokens,
            bytes: Vec::new(),
            text: String::new(),
        }
    }

    /// Takes the bytes of a token. Returns the new text, and the reason if the answer ends with this token;
    /// no more tokens may follow then.
    pub fn push(&mut self, bytes: &[u8]) -> (String, Option<End>) {
        self.bytes.extend(bytes);
        self.decode();
        self.left = self.left.saturating_sub(1);
        if let Some(stop) = self.stop() {
            self.text.truncate(stop);
            self.bytes.clear();
            return (std::mem::take(&mut self.text), Some(End::Stop));
        }
        if self.left == 0 {
            return (self.finish(), Some(End::Length));
        }
        let held = self.text.split_off(self.text.len() - self.held());
        (std::mem::replace(&mut self.text, held), None)
    }

    /// Returns the text held back, after the model itself ended the answer.
    pub fn finish(&mut self) -> String {
        if !self.bytes.is_empty() {
            self.bytes.clear();
            self.text.push(char::REPLACEMENT_CHARACTER);
        }
        std::mem::take(&mut self.text)
    }

    /// Moves complete characters from the bytes to the text.
    fn decode(&mut self) {
        let mut read = 0;
        for chunk in self.bytes.utf8_chunks() {
            self.text.push_str(chunk.valid());
            read += chunk.valid().len();
            let invalid = chunk.invalid();
            // Only bytes at the end may be the start of a character.
            let may_go_on = read + invalid.len() == self.bytes.len()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if invalid.is_empty() || may_go_on {
                break;
            }
            self.text.push(char::REPLACEMENT_CHARACTER);
            read += invalid.len();
        }
        self.bytes.drain(..read);
    }

    /// The start of the stop string that is complete first.
    fn stop(&self) -> Option<usize> {
        let found = self.stops.iter().filter_map(|stop| {
            let start = text::find(&self.text, stop)?;
            Some((start + stop.len(), start))
        });
        found.min().map(|(_, start)| start)
    }

    /// Maximum number of bytes at the end of the text that may be the start of a stop string.
    fn held(&self) -> usize {
        let begins = |stop: &String| {
            let mut lens = stop.char_indices().map(|(len, _)| len).rev();
            lens.find(|&len| self.text.ends_with(text::part(stop, ..len)))
        };
        self.stops.iter().filter_map(begins).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text returned for each token, followed by a bar; then the text held back; and the end.
    fn said(stops: &[&str], max_tokens: usize, tokens: &[&[u8]]) -> (String, Option<End>) {
        let mut answer =
            Detokenizer::new(stops.iter().map(|&stop| stop.into()).collect(), max_tokens);
        let mut said = String::new();
        for token in tokens {
            let (text, end) = answer.push(token);
            said.push_str(&text);
            if end.is_some() {
                assert_eq!(answer.finish(), "");
                return (said, end);
            }
            said.push('|');
        }
        (said + &answer.finish(), None)
    }

    #[test]
    fn characters_are_whole() {
        #[track_caller]
        fn check(tokens: &[&[u8]], expected: &str) {
            assert_eq!(said(&[], 100, tokens), (expected.into(), None));
        }
        check(&[b"Hel", b"lo"], "Hel|lo|");
        check(&["한".as_bytes().split_at(1).0, b"\x95\x9c!"], "|한!|");
        check(&[b"\xf0", b"\x9f", b"\x98", b"\x80"], "|||😀|");
        check(&[b"\xf0\x9f", b"a"], "|\u{fffd}a|");
        check(&[b"\xff", b"\x80\xc3"], "\u{fffd}|\u{fffd}|\u{fffd}");
        check(&[b"a\xe1\x84"], "a|\u{fffd}");
    }

    #[test]
    fn stops_are_found_across_tokens_and_what_may_begin_one_is_held_back() {
        #[track_caller]
        fn check(stops: &[&str], tokens: &[&[u8]], expected: &str, end: Option<End>) {
            assert_eq!(said(stops, 100, tokens), (expected.into(), end));
        }
        let stop = Some(End::Stop);
        check(&["END"], &[b"The E", b"ND."], "The |", stop);
        check(&["END"], &[b"The E", b"Nd."], "The |ENd.|", None);
        check(&["END"], &[b"The EN"], "The |EN", None);
        check(&["aab"], &[b"a", b"a", b"a", b"b"], "||a|", stop);
        check(&["\n\n"], &[b"x\n", b"y\n\nz"], "x|\ny", stop);
        check(&["b", "abc"], &[b"abc"], "a", stop);
        check(&["bc", "abc"], &[b"x", b"abc"], "x|", stop);
        check(&[""], &[b"x"], "x|", None);
        check(
            &["끝"],
            &["가".as_bytes(), b"\xeb\x81", b"\x9d"],
            "가||",
            stop,
        );
    }

    #[test]
    fn an_answer_has_no_more_tokens_than_it_may() {
        #[track_caller]
        fn check(max_tokens: usize, tokens: &[&[u8]], expected: &str, end: Option<End>) {
            assert_eq!(said(&["xyz"], max_tokens, tokens), (expected.into(), end));
        }
        let length = Some(End::Length);
        check(2, &[b"a", b"b", b"c"], "a|b", length);
        check(3, &[b"a", b"b"], "a|b|", None);
        check(2, &[b"a", b"xy"], "a|xy", length);
        check(2, &[b"x", b"yz"], "|", Some(End::Stop));
        check(1, &[b"\xe1\x84"], "\u{fffd}", length);
        check(0, &[b"a"], "a", length);
    }

    /// The text before the stop string that is complete first.
    fn before_stop(text: &str, stops: &[String]) -> Option<String> {
        let ends = (0..=text.len()).filter(|&end| text.is_char_boundary(end));
        for end in ends {
            let found = stops
                .iter()
                .filter(|stop| text[..end].ends_with(stop.as_str()));
            if let Some(stop) = found.max_by_key(|stop| stop.len()) {
                return Some(text[..end - stop.len()].into());
            }
        }
        None
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_if_they_came_at_once(
            tokens in prop::collection::vec(prop::collection::vec(prop_oneof![any::<u8>(), 0xe0..=0xf4_u8, 0x80..=0xbf_u8], 0..4), 0..20),
        ) {
            let mut answer = Detokenizer::new(Vec::new(), usize::MAX);
            let mut said: String = tokens.iter().map(|token| answer.push(token).0).collect();
            said.push_str(&answer.finish());
            prop_assert_eq!(said, String::from_utf8_lossy(&tokens.concat()).into_owned());
        }

        #[test]
        fn stops_do_not_depend_on_tokens(
            tokens in prop::collection::vec("[ab한]{0,3}", 0..12),
            stops in prop::collection::vec("[ab한]{1,4}", 0..4),
        ) {
            let mut answer = Detokenizer::new(stops.clone(), usize::MAX);
            let (mut said, mut ended) = (String::new(), false);
            for token in &tokens {
                let (text, end) = answer.push(token.as_bytes());
                said.push_str(&text);
                ended = end.is_some();
                if ended {
                    break;
                }
            }
            said.push_str(&answer.finish());
            let text = tokens.concat();
            let expected = before_stop(&text, &stops);
            prop_assert_eq!(ended, expected.is_some());
            prop_assert_eq!(said, expected.unwrap_or(text));
        }
    }
}
