//! Byte-level BPE: turns text into tokens and tokens into bytes.
//!
//! Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016),
//! for the merges; Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), for merging
//! bytes, and its `encoder.py` for the characters that stand for bytes.

mod index;

use std::{cmp::Reverse, collections::BinaryHeap};

use index::Index;

use crate::{Error, Vocabulary, pretokenizer::Pattern, text, unicode::Kinds};

/// Maximum number of user-defined tokens: models have some dozens.
const MAX_USER_DEFINED: usize = 1024;

/// No token: stands for a byte that the vocabulary lacks.
const NONE: u32 = u32::MAX;

/// The tokens that end an answer in the known formats, in addition to those that the file names. llama.cpp
/// looks for these too, as files often name only one of a model's end tokens.
const ENDS: [&str; 9] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|eos|>",
    "</s>",
];

/// Turns text into tokens and tokens into bytes.
#[derive(Debug)]
pub struct Tokenizer {
    characters: Kinds,
    pattern: Pattern,
    written: Written,
    /// The normal tokens, by their bytes.
    index: Index,
    /// The token of each byte, or `NONE`.
    of_byte: [u32; 256],
    /// The merges, highest priority first.
    merges: Vec<Merge>,
    /// The merges, by the pair that they merge.
    merges_index: Index,
    /// Tokens that are found in a text before it is split.
    user_defined: Vec<u32>,
    control: Vec<u32>,
    ends: Vec<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    adds_bos: bool,
}

/// The tokens as spelled in the file.
#[derive(Debug)]
struct Written {
    /// The bytes of all tokens, concatenated; `ends` has the end of each.
    bytes: Vec<u8>,
    ends: Vec<u32>,
    kinds: Vec<Kind>,
}

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A part of ordinary text.
    Normal,
    /// A token that is always matched as a whole in a text, whatever surrounds it.
    UserDefined,
    /// A token that is neither read from text nor written to it.
    Control,
}

/// Two tokens that merge into one.
#[derive(Clone, Copy, Debug)]
struct Merge {
    left: u32,
    right: u32,
    into: u32,
}

/// A token in a pretoken that is being merged, and the positions of its neighbours.
#[derive(Clone, Copy)]
struct Symbol {
    token: u32,
    previous: u32,
    next: u32,
}

/// Working memory for merging, reused for every pretoken.
#[derive(Default)]
struct Merging {
    symbols: Vec<Symbol>,
    /// Candidate merges: the rank and the position of the left token, lowest rank first, then leftmost. The
    /// tokens may have changed since.
    offers: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Tokenizer {
    /// Creates a tokenizer for `vocabulary`. Merges of unknown tokens are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if the tokens aren't those of byte-level BPE, or if the pre-tokenizer is
    /// unknown; [`Error::Damaged`] if the parts of the vocabulary are inconsistent.
    pub fn new(vocabulary: Vocabulary) -> Result<Self, Error> {
        if vocabulary.model != "gpt2" {
            let what = ["tokenizer ", &vocabulary.model].concat();
            return Err(Error::Unsupported(what));
        }
        let written = Written::new(&vocabulary)?;
        let mut this = Self {
            characters: Kinds::new(),
            pattern: Pattern::named(&vocabulary.pre)?,
            index: Index::new(written.kinds.len()),
            of_byte: [NONE; 256],
            merges: Vec::with_capacity(vocabulary.merges.len()),
            merges_index: Index::new(vocabulary.merges.len()),
            user_defined: Vec::new(),
            control: Vec::new(),
            ends: Vec::new(),
            bos: vocabulary.bos,
            eos: vocabulary.eos,
            adds_bos: vocabulary.adds_bos,
            written,
        };
        for token in 0..number(this.written.kinds.len())? {
            this.add_token(token)?;
        }
        this.ends.extend(vocabulary.eos);
        this.ends.extend(vocabulary.eot);
        for end in ENDS {
            this.ends.extend(this.special(end));
        }
        for merge in vocabulary.merges {
            this.add_merge(&merge)?;
        }
        Ok(this)
    }

    fn add_token(&mut self, token: u32) -> Result<(), Error> {
        let bytes = self.written.bytes(token);
        match self.written.kind(token) {
            // An empty token would be found endlessly.
            _ if bytes.is_empty() => {}
            // Each of them is looked for at every position of a text.
            Some(Kind::UserDefined) if self.user_defined.len() == MAX_USER_DEFINED => {
                return Err(Error::TooLarge(
                    "the number of user-defined tokens".to_owned(),
                ));
            }
            Some(Kind::UserDefined) => self.user_defined.push(token),
            Some(Kind::Normal) => {
                if let [byte] = bytes {
                    self.of_byte[usize::from(*byte)] = token;
                }
                let same = |other| self.written.bytes(other) == bytes;
                self.index.insert(index::hash(bytes), token, same)?;
            }
            Some(Kind::Control) | None => self.control.push(token),
        }
        Ok(())
    }

    fn add_merge(&mut self, merge: &str) -> Result<(), Error> {
        let Some((left, right)) = merge.split_once(' ') else {
            return Err(Error::Damaged(["merge ", merge].concat()));
        };
        let mut bytes = Vec::new();
        push_bytes(&mut bytes, left);
        let half = bytes.len();
        push_bytes(&mut bytes, right);
        let (left, right) = bytes.split_at(half);
        if let (Some(left), Some(right), Some(into)) =
            (self.token(left), self.token(right), self.token(&bytes))
            && self.rank(left, right).is_none()
        {
            let rank = number(self.merges.len())?;
            self.merges.push(Merge { left, right, into });
            self.merges_index
                .insert(index::hash_pair(left, right), rank, |_| false)?;
        }
        Ok(())
    }

    /// The normal token with these bytes.
    fn token(&self, bytes: &[u8]) -> Option<u32> {
        let same = |token| self.written.bytes(token) == bytes;
        self.index.find(index::hash(bytes), same)
    }

    /// The rank of the merge of `left` and `right`: the lowest has the highest priority.
    fn rank(&self, left: u32, right: u32) -> Option<u32> {
        self.merges_index
            .find(index::hash_pair(left, right), |rank| {
                let merge = self.merges[rank as usize];
                (merge.left, merge.right) == (left, right)
            })
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.written.kinds.len()
    }

    /// Returns whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.written.kinds.is_empty()
    }

    /// The token that begins a text, if the file names one.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The token that ends a text or an answer, if the file names one.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Returns whether every text should begin with [`Self::bos`]. [`Self::encode`] doesn't add it, because
    /// it belongs at the beginning of a conversation.
    pub fn adds_bos(&self) -> bool {
        self.adds_bos
    }

    /// The control token spelled `written`.
    pub fn special(&self, written: &str) -> Option<u32> {
        let mut control = self.control.iter().copied();
        control.find(|&token| self.written.bytes(token) == written.as_bytes())
    }

    /// The bytes of `token`; empty for a control token or an unknown one. They may end within a character.
    pub fn bytes(&self, token: u32) -> &[u8] {
        match self.written.kind(token) {
            Some(Kind::Normal | Kind::UserDefined) => self.written.bytes(token),
            Some(Kind::Control) | None => &[],
        }
    }

    /// Returns whether `token` ends an answer.
    pub fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// Appends the tokens of `text` to `into`.
    ///
    /// It never adds control tokens: text spelled like one stays text. Bytes that the vocabulary lacks are
    /// left out, as in llama.cpp and the package `tokenizers`.
    pub fn encode(&self, text: &str, into: &mut Vec<u32>) {
        let mut merging = Merging::default();
        let (mut from, mut at) = (0, 0);
        while !self.user_defined.is_empty() && at < text.len() {
            let rest = &text.as_bytes()[at..];
            let written = |token: &u32| self.written.bytes(*token);
            let here = self.user_defined.iter().copied();
            let here = here.filter(|token| rest.starts_with(written(token)));
            if let Some(token) = here.max_by_key(|token| written(token).len()) {
                self.encode_plain(text::part(text, from..at), &mut merging, into);
                into.push(token);
                at += written(&token).len();
                from = at;
            } else {
                at += 1;
            }
        }
        self.encode_plain(text::part(text, from..), &mut merging, into);
    }

    /// Appends the tokens of a text without user-defined tokens to `into`.
    fn encode_plain(&self, text: &str, merging: &mut Merging, into: &mut Vec<u32>) {
        // Llama 3 keeps a pretoken that is a token as it is, regardless of the merges (`ignore_merges` in its
        // tokenizer.json).
        let whole = self.pattern == Pattern::Llama3 { numbers: 3 };
        self.pattern.cut(&self.characters, text, |piece| {
            let piece = piece.as_bytes();
            match self.token(piece) {
                Some(token) if whole || piece.len() == 1 => into.push(token),
                _ => self.merge(piece, merging, into),
            }
        });
    }

    /// Appends the tokens of `piece` to `into`: starting from its bytes, neighbours are merged repeatedly,
    /// highest priority first and the leftmost of equals, until no merge is left. Takes n log n steps for n
    /// bytes.
    fn merge(&self, piece: &[u8], merging: &mut Merging, into: &mut Vec<u32>) {
        merging.symbols.clear();
        merging
            .symbols
            .extend((0..).zip(piece).map(|(at, byte): (u32, _)| Symbol {
                token: self.of_byte[usize::from(*byte)],
                previous: at.wrapping_sub(1),
                next: at + 1,
            }));
        for at in 0.. {
            if !self.offer(merging, at) {
                break;
            }
        }
        while let Some(Reverse((rank, at))) = merging.offers.pop() {
            let merge = self.merges[rank as usize];
            let left = merging.symbols[at as usize];
            let Some(right) = merging.symbols.get(left.next as usize).copied() else {
                continue;
            };
            if (left.token, right.token) != (merge.left, merge.right) {
                continue;
            }
            merging.symbols[left.next as usize].token = NONE;
            merging.symbols[at as usize] = Symbol {
                token: merge.into,
                next: right.next,
                ..left
            };
            if let Some(after) = merging.symbols.get_mut(right.next as usize) {
                after.previous = at;
            }
            self.offer(merging, at);
            self.offer(merging, left.previous);
        }
        let tokens = merging.symbols.iter().map(|symbol| symbol.token);
        into.extend(tokens.filter(|&token| token != NONE));
    }

    /// Adds the merge of the symbol at `at` and the next one to the candidates, if there is one. Returns
    /// whether both symbols exist.
    fn offer(&self, merging: &mut Merging, at: u32) -> bool {
        let symbol = |at: u32| merging.symbols.get(at as usize);
        let Some((left, right)) =
            symbol(at).and_then(|left| Some((left.token, symbol(left.next)?.token)))
        else {
            return false;
        };
        if let Some(rank) = self.rank(left, right) {
            merging.offers.push(Reverse((rank, at)));
        }
        true
    }
}

impl Written {
    fn new(vocabulary: &Vocabulary) -> Result<Self, Error> {
        let len = vocabulary.tokens.len();
        let ends_texts = [vocabulary.bos, vocabulary.eos, vocabulary.eot];
        let named = || ends_texts.into_iter().flatten().map(|token| token as usize);
        if named().any(|token| token >= len) {
            return Err(Error::Damaged("a special token is not there".into()));
        }
        let kinds = if vocabulary.kinds.is_empty() {
            let kind = |token| {
                if named().any(|named| named == token) {
                    Kind::Control
                } else {
                    Kind::Normal
                }
            };
            (0..len).map(kind).collect()
        } else if vocabulary.kinds.len() == len {
            vocabulary
                .kinds
                .iter()
                .map(|kind| Kind::numbered(*kind))
                .collect()
        } else {
            return Err(Error::Damaged("as many kinds as tokens are needed".into()));
        };
        let mut this = Self {
            bytes: Vec::new(),
            ends: Vec::with_capacity(len),
            kinds,
        };
        for (token, kind) in vocabulary.tokens.iter().zip(&this.kinds) {
            match kind {
                Kind::Normal => push_bytes(&mut this.bytes, token),
                Kind::UserDefined | Kind::Control => this.bytes.extend(token.bytes()),
            }
            this.ends.push(number(this.bytes.len())?);
        }
        Ok(this)
    }

    fn kind(&self, token: u32) -> Option<Kind> {
        self.kinds.get(token as usize).copied()
    }

    /// The bytes of `token`, even of a control token; empty if there is no such token.
    fn bytes(&self, token: u32) -> &[u8] {
        let end = |token: usize| self.ends.get(token).map(|&end| end as usize);
        let token = token as usize;
        let start = token.checked_sub(1).map_or(Some(0), end);
        match (start, end(token)) {
            (Some(start), Some(end)) => &self.bytes[start..end],
            _ => &[],
        }
    }
}

impl Kind {
    /// The kind for a number in `tokenizer.ggml.token_type`. Unknown and unused tokens, like control tokens,
    /// are neither read nor written.
    fn numbered(number: u8) -> Self {
        match number {
            2 | 3 | 5 => Self::Control,
            4 => Self::UserDefined,
            _ => Self::Normal,
        }
    }
}

/// Converts a count of tokens or merges to the 32 bits that they are numbered with.
fn number(count: usize) -> Result<u32, Error> {
    u32::try_from(count)
        .ok()
        .filter(|&number| number != NONE)
        .ok_or_else(|| Error::TooLarge("vocabulary".into()))
}

/// Appends the bytes of a token to `bytes`. The file writes each byte as a visible character; a character
/// that stands for no byte is itself.
fn push_bytes(bytes: &mut Vec<u8>, written: &str) {
    for character in written.chars() {
        match byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// The byte that a character stands for: the Latin-1 byte, if it is visible; the other 68 bytes, in ascending
/// order, are the characters from U+0100.
///
/// Source: `bytes_to_unicode` in `encoder.py` of GPT-2.
fn byte(character: char) -> Option<u8> {
    let code = u32::from(character);
    let byte = match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => code,
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7f,
        0x143 => 0xad,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A vocabulary of all bytes, `<s>`, `</s>`, `<tool>` and `<tool>s`, and the results of `merges`.
    fn vocabulary(pre: &str, merges: &[&str]) -> Vocabulary {
        let bytes = ('\0'..='\u{143}').filter(|&character| byte(character).is_some());
        let mut tokens: Vec<String> = bytes.map(String::from).collect();
        let mut kinds = vec![1; tokens.len()];
        for (special, kind) in [("<s>", 3), ("</s>", 3), ("<tool>", 4), ("<tool>s", 4)] {
            tokens.push(special.into());
            kinds.push(kind);
        }
        for merge in merges {
            tokens.push(merge.replace(' ', ""));
            kinds.push(1);
        }
        Vocabulary {
            model: "gpt2".into(),
            pre: pre.into(),
            tokens,
            kinds,
            merges: merges.iter().map(|&merge| merge.into()).collect(),
            bos: Some(256),
            eos: Some(257),
            ..Vocabulary::default()
        }
    }

    const MERGES: [&str; 7] = ["l l", "h e", "Ġ w", "o r", "he ll", "a a", "aa aa"];

    fn tokenizer(pre: &str) -> Tokenizer {
        Tokenizer::new(vocabulary(pre, &MERGES)).unwrap()
    }

    fn tokens(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        tokenizer.encode(text, &mut tokens);
        tokens
    }

    /// The tokens' texts, separated by bars.
    fn written(tokenizer: &Tokenizer, tokens: &[u32]) -> String {
        let texts = tokens
            .iter()
            .map(|&token| String::from_utf8_lossy(tokenizer.bytes(token)));
        texts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn characters_stand_for_bytes() {
        let mut bytes: Vec<u8> = ('\0'..='\u{200}').filter_map(byte).collect();
        assert_eq!(byte('Ġ'), Some(b' '));
        assert_eq!(byte('Ċ'), Some(b'\n'));
        assert_eq!(byte('ł'), Some(0xa0));
        assert_eq!(byte('Ń'), Some(0xad));
        bytes.sort_unstable();
        assert!(bytes.into_iter().eq(0..=255));
    }

    #[test]
    fn the_most_important_pair_is_merged_first_and_the_leftmost_of_equals() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let tokenizer = tokenizer("gpt-2");
            assert_eq!(written(&tokenizer, &tokens(&tokenizer, text)), expected);
        }
        check("hello world", "hell|o| w|or|l|d");
        check("aaa", "aa|a");
        check("aaaaaaa", "aaaa|aa|a");
        check("llll", "ll|ll");
        check("", "");
        check("é", "\u{fffd}|\u{fffd}");
    }

    #[test]
    fn special_tokens_are_not_read_in_texts_and_user_defined_ones_are() {
        let tokenizer = tokenizer("");
        assert_eq!(tokens(&tokenizer, "<s>").len(), 3);
        assert_eq!(
            tokens(&tokenizer, "a<tool>b<tool>s"),
            [
                tokens(&tokenizer, "a")[0],
                258,
                tokens(&tokenizer, "b")[0],
                259
            ]
        );
        assert_eq!(tokenizer.special("<s>"), Some(256));
        assert_eq!(tokenizer.special("<tool>"), None);
        assert_eq!(tokenizer.special("a"), None);
    }

    #[test]
    fn control_tokens_say_nothing() {
        let tokenizer = tokenizer("");
        assert_eq!(tokenizer.bytes(256), b"");
        assert_eq!(tokenizer.bytes(258), b"<tool>");
        assert_eq!(tokenizer.bytes(u32::MAX), b"");
        assert_eq!(tokenizer.bytes(9999), b"");
        assert!(tokenizer.ends(257));
        assert!(!tokenizer.ends(256));
    }

    #[test]
    fn a_piece_that_is_a_token_is_taken_whole_by_llama_3_only() {
        let mut vocabulary = vocabulary("llama-bpe", &MERGES);
        vocabulary.tokens.push("wow".into());
        vocabulary.kinds.push(1);
        let llama = Tokenizer::new(vocabulary.clone()).unwrap();
        assert_eq!(written(&llama, &tokens(&llama, "wow")), "wow");
        vocabulary.pre = "qwen2".into();
        let qwen = Tokenizer::new(vocabulary).unwrap();
        assert_eq!(written(&qwen, &tokens(&qwen, "wow")), "w|o|w");
    }

    #[test]
    fn bytes_that_are_no_tokens_are_left_out() {
        let mut vocabulary = vocabulary("smollm", &MERGES);
        vocabulary.tokens[usize::from(b'x' - b'!')] = "unlike".into();
        let tokenizer = Tokenizer::new(vocabulary).unwrap();
        assert_eq!(written(&tokenizer, &tokens(&tokenizer, "lxl")), "l|l");
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        #[track_caller]
        fn check(change: impl FnOnce(&mut Vocabulary), expected: &Error) {
            let mut vocabulary = vocabulary("", &MERGES);
            change(&mut vocabulary);
            assert_eq!(&Tokenizer::new(vocabulary).unwrap_err(), expected);
        }
        check(
            |v| v.model = "llama".into(),
            &Error::Unsupported("tokenizer llama".into()),
        );
        check(
            |v| v.pre = "tekken".into(),
            &Error::Unsupported("pre-tokenizer tekken".into()),
        );
        check(
            |v| v.kinds.truncate(3),
            &Error::Damaged("as many kinds as tokens are needed".into()),
        );
        check(
            |v| v.eos = Some(9999),
            &Error::Damaged("a special token is not there".into()),
        );
        check(
            |v| v.merges.push("ab".into()),
            &Error::Damaged("merge ab".into()),
        );
    }

    #[test]
    fn without_kinds_the_named_tokens_are_control_tokens() {
        let mut vocabulary = vocabulary("", &MERGES);
        vocabulary.kinds.clear();
        let tokenizer = Tokenizer::new(vocabulary).unwrap();
        assert_eq!(tokenizer.special("</s>"), Some(257));
        assert_eq!(tokenizer.bytes(257), b"");
    }

    #[test]
    fn long_pieces_and_many_take_no_long_time() {
        let started = std::time::Instant::now();
        for pre in ["gpt-2", "smollm", "llama-bpe"] {
            let tokenizer = tokenizer(pre);
            assert_eq!(tokens(&tokenizer, &"a".repeat(1 << 20)).len(), 1 << 18);
            for text in ["1", " ", "\n", "=", " 1", "é"] {
                tokens(&tokenizer, &text.repeat(1 << 18));
            }
        }
        assert!(started.elapsed().as_secs() < 30);
    }

    proptest! {
        #[test]
        fn tokens_say_the_text(text in "(\\PC|[ \\t\\r\\nhelowra0-9]){0,60}") {
            for pre in ["gpt-2", "smollm", "llama-bpe"] {
                let tokenizer = tokenizer(pre);
                let said: Vec<u8> = tokens(&tokenizer, &text)
                    .into_iter()
                    .flat_map(|token| tokenizer.bytes(token).to_vec())
                    .collect();
                prop_assert_eq!(said, text.as_bytes());
            }
        }

        #[test]
        fn any_vocabulary_is_taken_or_refused(
            tokens in prop::collection::vec("[ab Ġ\\PC]{0,4}", 0..20),
            kinds in prop::collection::vec(0..8_u8, 0..20),
            merges in prop::collection::vec("[ab ]{0,4}", 0..20),
            (bos, eos) in any::<(Option<u32>, Option<u32>)>(),
            text in "[ab <\\PC]{0,20}",
        ) {
            let vocabulary = Vocabulary { model: "gpt2".into(), tokens, kinds, merges, bos, eos, ..Vocabulary::default() };
            if let Ok(tokenizer) = Tokenizer::new(vocabulary) {
                let mut tokens = Vec::new();
                tokenizer.encode(&text, &mut tokens);
                prop_assert!(tokens.iter().all(|&token| (token as usize) < tokenizer.len()));
            }
        }
    }
}
