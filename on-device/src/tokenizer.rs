//! Turns texts into tokens and tokens into bytes: byte-level BPE.
//!
//! Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units"
//! (2016), for the merges; Radford et al., "Language Models are Unsupervised Multitask Learners" (2019),
//! for merging bytes, and `encoder.py` beside it for how bytes are written as characters.

mod index;

use std::{cmp::Reverse, collections::BinaryHeap};

use index::Index;

use crate::{Error, Vocabulary, pretokenizer::Pattern, text, unicode::Kinds};

/// The most user-defined tokens: models have some dozens.
const MOST_USER_DEFINED: usize = 1024;

/// No token: a byte that the vocabulary hasn't got.
const NONE: u32 = u32::MAX;

/// What ends an answer in the formats that are known, beside what the file says. llama.cpp looks for
/// these too, as files often name only one of a model's ends.
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

/// Turns texts into tokens and tokens into bytes.
#[derive(Debug)]
pub struct Tokenizer {
    characters: Kinds,
    pattern: Pattern,
    written: Written,
    /// The normal tokens by their bytes.
    index: Index,
    /// The token of each byte, or `NONE`.
    of_byte: [u32; 256],
    /// The most important first.
    merges: Vec<Merge>,
    /// The merges by what they merge.
    merges_index: Index,
    /// They are found in a text before it is cut.
    user_defined: Vec<u32>,
    control: Vec<u32>,
    ends: Vec<u32>,
    bos: Option<u32>,
    eos: Option<u32>,
    adds_bos: bool,
}

/// The tokens as the file has them.
#[derive(Debug)]
struct Written {
    /// The bytes of all tokens, one after the other: each ends where `ends` says.
    bytes: Vec<u8>,
    ends: Vec<u32>,
    kinds: Vec<Kind>,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What texts are made of.
    Normal,
    /// What stands for itself in a text, whatever is around it.
    UserDefined,
    /// What a text can neither contain nor say.
    Control,
}

/// Two tokens that become one.
#[derive(Clone, Copy, Debug)]
struct Merge {
    left: u32,
    right: u32,
    into: u32,
}

/// A token of a piece that is being merged, and where the ones beside it are.
#[derive(Clone, Copy)]
struct Symbol {
    token: u32,
    previous: u32,
    next: u32,
}

/// What merging needs, kept from piece to piece.
#[derive(Default)]
struct Merging {
    symbols: Vec<Symbol>,
    /// The rank of a merge and where its left token is: the lowest rank first, then the leftmost. The
    /// tokens may be others since.
    offers: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Tokenizer {
    /// A tokenizer of `vocabulary`. Merges of what is no token are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where the tokens are not those of byte-level BPE, or where texts are cut in
    /// a way that isn't known; [`Error::Damaged`] where the parts of the vocabulary don't fit together.
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
            // One that is empty would be found without end.
            _ if bytes.is_empty() => {}
            // Each is looked for at each place of a text.
            Some(Kind::UserDefined) if self.user_defined.len() == MOST_USER_DEFINED => {
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

    /// The normal token with `bytes`.
    fn token(&self, bytes: &[u8]) -> Option<u32> {
        let same = |token| self.written.bytes(token) == bytes;
        self.index.find(index::hash(bytes), same)
    }

    /// How important the merge of `left` and `right` is: the lowest is the most important.
    fn rank(&self, left: u32, right: u32) -> Option<u32> {
        self.merges_index
            .find(index::hash_pair(left, right), |rank| {
                let merge = self.merges[rank as usize];
                (merge.left, merge.right) == (left, right)
            })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.written.kinds.len()
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.written.kinds.is_empty()
    }

    /// What begins a text, where the file says so.
    pub fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// What ends a text or an answer, where the file says so.
    pub fn eos(&self) -> Option<u32> {
        self.eos
    }

    /// Whether every text is to begin with [`Self::bos`]. [`Self::encode`] doesn't put it there: it is for
    /// the beginning of a conversation.
    pub fn adds_bos(&self) -> bool {
        self.adds_bos
    }

    /// The control token that is written so.
    pub fn special(&self, written: &str) -> Option<u32> {
        let mut control = self.control.iter().copied();
        control.find(|&token| self.written.bytes(token) == written.as_bytes())
    }

    /// What `token` says: nothing, where it is a control token or none. Not always whole characters.
    pub fn bytes(&self, token: u32) -> &[u8] {
        match self.written.kind(token) {
            Some(Kind::Normal | Kind::UserDefined) => self.written.bytes(token),
            Some(Kind::Control) | None => &[],
        }
    }

    /// Whether an answer ends with `token`.
    pub fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// Puts the tokens of `text` at the end of `into`.
    ///
    /// Control tokens are never among them: what is written like one is text. Bytes that the vocabulary
    /// hasn't got are left out, as llama.cpp and the package `tokenizers` do.
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

    /// Puts the tokens of a text without user-defined tokens at the end of `into`.
    fn encode_plain(&self, text: &str, merging: &mut Merging, into: &mut Vec<u32>) {
        // Llama 3 takes a piece that is a token as it is, whatever its merges say (`ignore_merges` of its
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

    /// Puts the tokens of `piece` at the end of `into`: its bytes, of which two that are beside each other
    /// are merged again and again, the most important merge first and the leftmost of equals, until none
    /// is left. Takes n log n steps for n bytes.
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

    /// Offers the symbol at `at` and the one after it to be merged, where they can be. Whether both are
    /// there.
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

    /// The bytes of `token`, even of a control token; none where there is no such token.
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
    /// The kind that `tokenizer.ggml.token_type` calls by this number. What is unknown or unused is, as a
    /// control token, neither read nor said.
    fn numbered(number: u8) -> Self {
        match number {
            2 | 3 | 5 => Self::Control,
            4 => Self::UserDefined,
            _ => Self::Normal,
        }
    }
}

/// Tokens and merges are counted with 32 bits.
fn number(count: usize) -> Result<u32, Error> {
    u32::try_from(count)
        .ok()
        .filter(|&number| number != NONE)
        .ok_or_else(|| Error::TooLarge("vocabulary".into()))
}

/// Puts the bytes of a token at the end of `bytes`. In the file each byte is a character that can be
/// seen; a character that stands for no byte is itself.
fn push_bytes(bytes: &mut Vec<u8>, written: &str) {
    for character in written.chars() {
        match byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// The byte that a character stands for: the one of Latin-1, where that can be seen; the other 68 bytes,
/// from the lowest, are the characters from U+0100.
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

    /// A vocabulary of all bytes, of `<s>`, `</s>` and `<tool>`, and of what `merges` make.
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

    /// The tokens' texts, with a bar between them.
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
