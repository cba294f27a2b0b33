//! Splits text into pretokens before tokens are merged: no token crosses the end of a pretoken.
//!
//! The sources give the patterns as regular expressions. Here they are hand-written: the alternatives are
//! tried in order, and each matches as much as it can.

use crate::{
    Error, text,
    unicode::{Kind, Kinds},
};

/// The pattern for splitting a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    ///
    /// Source: `encoder.py` of GPT-2.
    Gpt2,
    /// Each `\p{N}` is a pretoken; the text between them is split as for GPT-2, each part separately.
    ///
    /// Source: `tokenizer.json` of `SmolLM2` (`Digits`, one by one, then `ByteLevel`).
    Digits,
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    ///
    /// Source: `tokenizer.json` of Llama 3, where `n` is 3, and of Qwen2, where it is 1.
    Llama3 {
        /// Maximum number of `\p{N}` in a pretoken.
        numbers: usize,
    },
}

impl Pattern {
    /// The pattern that a file names in `tokenizer.ggml.pre`, with llama.cpp's names
    /// (`llama_vocab::impl::load`). A missing name and `default` mean GPT-2's pattern, like the tokenizer's
    /// model.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for any other name: texts would become other tokens than in the model's
    /// training.
    pub fn named(name: &str) -> Result<Self, Error> {
        match name {
            "" | "default" | "gpt-2" | "gpt2" | "phi-2" | "mpt" | "olmo" | "jais" | "trillion"
            | "granite-docling" | "gigachat" | "mellum" | "modern-bert" | "a.x-4.0" => {
                Ok(Self::Gpt2)
            }
            "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone"
            | "minerva-7b" => Ok(Self::Digits),
            "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "falcon-h1" | "pixtral"
            | "midm-2.0" | "lfm2" | "dbrx" | "smaug-bpe" => Ok(Self::Llama3 { numbers: 3 }),
            "qwen2" | "stablelm2" | "deepseek-r1-qwen" | "hunyuan" => {
                Ok(Self::Llama3 { numbers: 1 })
            }
            _ => Err(Error::Unsupported(["pre-tokenizer ", name].concat())),
        }
    }

    /// Calls `take` with each pretoken of `text`, in order; together they are the text, and none is empty.
    pub fn cut<'a>(self, kinds: &'a Kinds, text: &'a str, mut take: impl FnMut(&'a str)) {
        let text = Text { kinds, text };
        match self {
            Self::Gpt2 => text.each(Text::gpt2, &mut take),
            Self::Llama3 { numbers } => text.each(|text| text.llama3(numbers), &mut take),
            Self::Digits => {
                let mut rest = text.text;
                while !rest.is_empty() {
                    let between = Text { kinds, text: rest };
                    let len = between.until(|kind| kind == Kind::Number);
                    let number = text::part(rest, len..)
                        .chars()
                        .next()
                        .map_or(0, char::len_utf8);
                    Text {
                        kinds,
                        text: text::part(rest, ..len),
                    }
                    .each(Text::gpt2, &mut take);
                    if number > 0 {
                        take(text::part(rest, len..len + number));
                    }
                    rest = text::part(rest, len + number..);
                }
            }
        }
    }
}

/// The rest of a text, whose first pretoken is wanted.
#[derive(Clone, Copy)]
struct Text<'a> {
    kinds: &'a Kinds,
    text: &'a str,
}

impl<'a> Text<'a> {
    /// Splits the text by repeatedly cutting off as many bytes as `first` returns.
    fn each(self, first: impl Fn(Self) -> usize, take: &mut impl FnMut(&'a str)) {
        let mut rest = self;
        while !rest.text.is_empty() {
            let len = first(rest);
            take(text::part(rest.text, ..len));
            rest.text = text::part(rest.text, len..);
        }
    }

    fn after(self, len: usize) -> Self {
        Self {
            text: text::part(self.text, len..),
            ..self
        }
    }

    fn kind(self) -> Option<Kind> {
        self.text.chars().next().map(|c| self.kinds.of(c))
    }

    /// Number of bytes before the first character whose kind satisfies `ends`.
    fn until(self, ends: impl Fn(Kind) -> bool) -> usize {
        self.text
            .find(|c| ends(self.kinds.of(c)))
            .unwrap_or(self.text.len())
    }

    /// Number of bytes in the leading run of characters of kind `of`.
    fn run(self, of: Kind) -> usize {
        self.until(|kind| kind != of)
    }

    /// Length of the first pretoken in GPT-2's pattern, in bytes. The text must not be empty.
    fn gpt2(self) -> usize {
        if let Some(len) = self.contraction(false) {
            return len;
        }
        let space = usize::from(self.text.starts_with(' '));
        let word = self.after(space);
        match word.kind() {
            Some(kind) if kind != Kind::Space => space + word.run(kind),
            _ => self.spaces(),
        }
    }

    /// Length of the first pretoken in Llama 3's pattern, in bytes. The text must not be empty.
    fn llama3(self, numbers: usize) -> usize {
        if let Some(len) = self.contraction(true) {
            return len;
        }
        let mut characters = self.text.chars();
        let Some(first) = characters.next() else {
            return 0;
        };
        let (kind, rest) = (self.kinds.of(first), self.after(first.len_utf8()));
        let breaks = |c| matches!(c, '\r' | '\n');
        if kind == Kind::Letter {
            return self.run(Kind::Letter);
        }
        if kind == Kind::Number {
            let is_number = |c: &char| self.kinds.of(*c) == Kind::Number;
            let first = self.text.chars().take(numbers).take_while(is_number);
            return first.map(char::len_utf8).sum();
        }
        if !breaks(first) && rest.kind() == Some(Kind::Letter) {
            return first.len_utf8() + rest.run(Kind::Letter);
        }
        let space = usize::from(first == ' ');
        let signs = self.after(space).run(Kind::Other);
        if signs > 0 {
            let after = text::part(self.text, space + signs..);
            return space + signs + after.find(|c| !breaks(c)).unwrap_or(after.len());
        }
        let spaces = text::part(self.text, ..self.run(Kind::Space));
        spaces
            .rfind(breaks)
            .map_or_else(|| self.spaces(), |last| last + 1)
    }

    /// Length of a leading English contraction (`'s`, `'t`, `'m`, `'d`, `'re`, `'ve` or `'ll`), in bytes.
    fn contraction(self, any_case: bool) -> Option<usize> {
        let rest = self.text.strip_prefix('\'')?.as_bytes();
        let byte_at = |at: usize| {
            let byte = rest.get(at).copied().unwrap_or(0);
            if any_case {
                byte.to_ascii_lowercase()
            } else {
                byte
            }
        };
        match (byte_at(0), byte_at(1)) {
            (b's' | b't' | b'm' | b'd', _) => Some(2),
            (b'r' | b'v', b'e') | (b'l', b'l') => Some(3),
            _ => None,
        }
    }

    /// `\s+(?!\S)|\s+`: length of the leading white space, in bytes, without its last character if a word
    /// follows and it isn't the only one.
    fn spaces(self) -> usize {
        let len = self.run(Kind::Space);
        let last = text::part(self.text, ..len)
            .chars()
            .next_back()
            .map_or(0, char::len_utf8);
        if len < self.text.len() && len > last {
            len - last
        } else {
            len
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LLAMA3: Pattern = Pattern::Llama3 { numbers: 3 };

    fn cut(pattern: Pattern, text: &str) -> Vec<String> {
        let (kinds, mut pieces) = (Kinds::new(), Vec::new());
        pattern.cut(&kinds, text, |piece| pieces.push(piece.to_owned()));
        pieces
    }

    #[test]
    fn texts_are_cut_as_the_patterns_say() {
        #[track_caller]
        fn check(pattern: Pattern, text: &str, expected: &[&str]) {
            assert_eq!(cut(pattern, text), expected, "{text:?}");
        }
        check(Pattern::Gpt2, "", &[]);
        check(
            Pattern::Gpt2,
            "Hello  world 123!",
            &["Hello", " ", " world", " 123", "!"],
        );
        check(
            Pattern::Gpt2,
            "I'll don't I'LL 's",
            &["I", "'ll", " don", "'t", " I", "'", "LL", " '", "s"],
        );
        check(Pattern::Gpt2, "a \n\n b  ", &["a", " \n\n", " b", "  "]);
        check(
            Pattern::Gpt2,
            "\tx \u{a0}y",
            &["\t", "x", " ", "\u{a0}", "y"],
        );
        check(Pattern::Gpt2, "नमस्ते", &["नमस", "्", "त", "े"]);
        check(
            Pattern::Digits,
            "in 2024  7b",
            &["in", " ", "2", "0", "2", "4", "  ", "7", "b"],
        );
        check(Pattern::Digits, "٣½", &["٣", "½"]);
        check(
            LLAMA3,
            "I'LL pay 12345!\n\n ok",
            &["I", "'LL", " pay", " ", "123", "45", "!\n\n", " ok"],
        );
        check(
            LLAMA3,
            "a \n \t b(x)\r\n",
            &["a", " \n", " \t", " b", "(x", ")\r\n"],
        );
        check(LLAMA3, "  \u{a0}é ?", &["  ", "\u{a0}é", " ?"]);
        check(Pattern::Llama3 { numbers: 1 }, "1٣3", &["1", "٣", "3"]);
    }

    #[test]
    fn patterns_are_known_by_name() {
        assert_eq!(Pattern::named("smollm"), Ok(Pattern::Digits));
        assert_eq!(Pattern::named("llama-bpe"), Ok(LLAMA3));
        assert_eq!(Pattern::named(""), Ok(Pattern::Gpt2));
        assert_eq!(
            Pattern::named("tekken"),
            Err(Error::Unsupported("pre-tokenizer tekken".into()))
        );
    }

    proptest! {
        #[test]
        fn pieces_are_the_text(text in "(\\PC|[ \\t\\r\\n'sStTlLreE0-9]){0,40}") {
            for pattern in [Pattern::Gpt2, Pattern::Digits, LLAMA3, Pattern::Llama3 { numbers: 1 }] {
                let pieces = cut(pattern, &text);
                prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
                prop_assert_eq!(pieces.concat(), text.as_str());
            }
        }
    }
}
