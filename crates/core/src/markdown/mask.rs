//! Hides parts of a text from the parser: formulas, and marks that it would read otherwise than meant.
//!
//! The hidden text is as long as the source, so that the parser's positions hold for both, and what is
//! shown is taken from the source.

use std::ops::Range;

use super::{
    cells, fences,
    formulas::{self, Formula},
    outline::{Outline, insert},
};

/// Stands for a hidden byte. The parser takes it for a letter.
const HIDDEN: u8 = 1;

/// A text as the parser is to read it.
#[derive(Debug, Default)]
pub(super) struct Masked {
    /// As long as the source.
    pub(super) text: String,
    /// Formulas in the order of the text.
    pub(super) formulas: Vec<Formula>,
}

impl Masked {
    /// Hides what the parser must not read. `is_whole`: nothing will follow.
    pub(super) fn new(source: &str, is_whole: bool) -> Self {
        let mut text = source.to_owned();
        for (range, to) in fences::repair(source, is_whole) {
            replace(&mut text, range, &to);
        }
        for range in cells::pipes(source) {
            hide(&mut text, range);
        }
        let mut formulas = Vec::new();
        if formulas::may_have(source) {
            formulas = formulas::displays(source, &Outline::of(&text), is_whole);
            for formula in &formulas {
                hide(&mut text, formula.range.clone());
            }
            let lines = formulas::inline(source, &text, &Outline::of(&text));
            for formula in &lines {
                hide(&mut text, formula.range.clone());
            }
            for formula in lines {
                insert(&mut formulas, formula, |formula| formula.range.start);
            }
        }
        Self { text, formulas }
    }

    /// Returns whether a formula at the end of the text is not complete.
    pub(super) fn is_open(&self) -> bool {
        self.formulas.last().is_some_and(|formula| formula.is_open)
    }
}

/// Hides a part of a text.
fn hide(text: &mut String, range: Range<usize>) {
    let marks = "\u{1}".repeat(range.len());
    debug_assert_eq!(HIDDEN, marks.as_bytes()[0], "one byte for each");
    replace(text, range, &marks);
}

fn replace(text: &mut String, range: Range<usize>, to: &str) {
    if range.len() == to.len() && text.get(range.clone()).is_some() {
        text.replace_range(range, to);
    }
}
