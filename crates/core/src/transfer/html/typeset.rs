//! Formulas and colours of code in an exported page. Workers make them, so the page gathers them first.

use std::collections::{HashMap, HashSet};

use crate::{
    chat::{Answer, Chat},
    highlight::{self, Kind, Span},
    markdown::{self, Node},
};

/// Maximum number of formulas and of code blocks that are set: the rest stays as source.
const MANY: usize = 2_000;

/// Maximum length of all code that is coloured, in bytes.
const LONG: usize = 2_000_000;

/// What workers make of the parts of answers.
#[derive(Debug, Default)]
pub struct Typeset {
    formulas: HashMap<(String, bool), String>,
    code: HashMap<(String, String), Vec<Span>>,
}

impl Typeset {
    /// Adds a formula's MathML.
    ///
    /// It is written as it is. So it must have only elements and attributes of a list, and escaped text: the
    /// markup of an element that the page has made from such a list.
    pub fn add_formula(&mut self, formula: Formula, markup: String) {
        self.formulas
            .insert((formula.latex, formula.is_display), markup);
    }

    /// Adds the colours of a code block.
    pub fn add_code(&mut self, code: Code, spans: Vec<Span>) {
        self.code.insert((code.language, code.code), spans);
    }

    /// The MathML of a formula.
    pub(super) fn formula(&self, latex: &str, is_display: bool) -> Option<&str> {
        let formula = self.formulas.get(&(latex.to_owned(), is_display));
        formula.map(String::as_str)
    }

    /// The pieces of a code block with their kinds.
    pub(super) fn pieces<'a>(&self, language: &str, code: &'a str) -> Vec<(Option<Kind>, &'a str)> {
        let key = (language.to_owned(), code.to_owned());
        pieces(code, self.code.get(&key).map_or(&[], Vec::as_slice))
    }
}

/// Cuts code at its spans, whose places are in UTF-16 units. What overlaps belongs to the first.
fn pieces<'a>(code: &'a str, spans: &[Span]) -> Vec<(Option<Kind>, &'a str)> {
    let mut pieces = Vec::new();
    let mut rest = code;
    let mut at = 0;
    let mut take = |to: u32, kind| {
        let mut length = 0;
        for letter in rest.chars() {
            if at >= to {
                break;
            }
            at += if letter.len_utf16() == 1 { 1 } else { 2 };
            length += letter.len_utf8();
        }
        let (piece, after) = rest.split_at(length);
        rest = after;
        if !piece.is_empty() {
            pieces.push((kind, piece));
        }
    };
    for span in spans {
        take(span.start, None);
        take(span.end, Some(span.kind));
    }
    take(u32::MAX, None);
    pieces
}

/// A formula of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// LaTeX without delimiters.
    pub latex: String,
    /// True if it stands on its own lines.
    pub is_display: bool,
}

/// A code block of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Language named by the fence.
    pub language: String,
    /// Code.
    pub code: String,
}

/// What a page has of formulas and code, each once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Formulas.
    pub formulas: Vec<Formula>,
    /// Code blocks in known languages.
    pub code: Vec<Code>,
}

impl Wanted {
    /// Collects what the answers of chats have, in their order, up to a limit.
    pub fn of<'a>(chats: impl Iterator<Item = &'a Chat>) -> Self {
        let mut found = Finder::default();
        let turns = chats
            .flat_map(|chat| &chat.cards)
            .flat_map(|card| &card.turns);
        for Answer {
            text, reasoning, ..
        } in turns.flat_map(crate::chat::Turn::answers)
        {
            for text in [reasoning, text] {
                // Most texts have neither.
                if text.contains(['$', '\\', '`', '~']) {
                    found.visit(&markdown::parse(text));
                }
            }
        }
        found.wanted
    }
}

#[derive(Default)]
struct Finder {
    wanted: Wanted,
    seen: HashSet<(String, String)>,
    length: usize,
}

impl Finder {
    fn visit(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Maths {
                    latex, is_display, ..
                } if self.wanted.formulas.len() < MANY
                    && self.is_new(if *is_display { "$$" } else { "$" }, latex) =>
                {
                    self.wanted.formulas.push(Formula {
                        latex: latex.clone(),
                        is_display: *is_display,
                    });
                }
                Node::CodeBlock { language, code }
                    if self.wanted.code.len() < MANY
                        && self.length + code.len() <= LONG
                        && highlight::knows(&language.to_ascii_lowercase())
                        && self.is_new(language, code) =>
                {
                    self.length += code.len();
                    self.wanted.code.push(Code {
                        language: language.clone(),
                        code: code.clone(),
                    });
                }
                Node::Parent(_, parts) => self.visit(parts),
                _ => {}
            }
        }
    }

    fn is_new(&mut self, kind: &str, text: &str) -> bool {
        self.seen.insert((kind.to_owned(), text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Card, Outcome, Turn, card, turn};

    #[test]
    fn code_is_cut_at_its_spans() {
        #[track_caller]
        fn check(code: &str, spans: &[(u32, u32, Kind)], expected: &[(Option<Kind>, &str)]) {
            let spans: Vec<_> = spans
                .iter()
                .map(|&(start, end, kind)| Span { start, end, kind })
                .collect();
            assert_eq!(pieces(code, &spans), expected, "{code}");
        }
        use Kind::{Keyword, String};
        check("", &[(0, 9, Keyword)], &[]);
        check("ab", &[], &[(None, "ab")]);
        check(
            "fn 😀 = 가",
            &[(0, 2, Keyword), (3, 5, String)],
            &[
                (Some(Keyword), "fn"),
                (None, " "),
                (Some(String), "😀"),
                (None, " = 가"),
            ],
        );
        // Within a pair, and over each other.
        check(
            "😀b",
            &[(1, 2, Keyword), (0, 2, String), (2, 9, Keyword)],
            &[(None, "😀"), (Some(Keyword), "b")],
        );
    }

    #[test]
    fn each_part_is_wanted_once() {
        let text = "$a$ $$a$$ $a$\n\n```rust\nx\n```\n\n- ```rust\n  x\n  ```\n\n```none\nx\n```\n";
        let mut turn = Turn::new(turn::Id::new(1), String::new());
        turn.receive(Answer {
            reasoning: "$b$".to_owned(),
            ..crate::chat::turn::tests::answer(text, Outcome::Complete)
        });
        let card = Card {
            turns: vec![turn],
            ..Card::new(card::Id::new(1))
        };
        let chat = Chat::new(crate::chat::Id::new(1), vec![card]);
        let wanted = Wanted::of([&chat].into_iter());
        let formulas: Vec<_> = wanted
            .formulas
            .iter()
            .map(|it| (&*it.latex, it.is_display))
            .collect();
        assert_eq!(formulas, [("b", false), ("a", false), ("a", true)]);
        assert_eq!(wanted.code.len(), 1);
        assert_eq!(wanted.code[0].code, "x\n");
    }
}
