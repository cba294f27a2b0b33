//! Hides parts of a text from the parser: formulas, and marks that it would read otherwise than meant.
//!
//! The hidden text is as long as the source, so that the parser's positions hold for both, and what is
//! shown is taken from the source.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

use super::{
    cells, fences,
    formulas::{self, Formula},
};

/// The parser's options. Formulas are not among them: see [`formulas`].
pub(super) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_GFM);

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

/// What the parser finds in a text, as far as formulas depend on it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Code blocks and raw HTML.
    pub(super) blocks: Vec<Range<usize>>,
    /// These, code within lines, addresses in angle brackets, and definitions.
    pub(super) spans: Vec<Range<usize>>,
    /// Positions at which blocks begin and end.
    pub(super) bounds: Vec<usize>,
}

impl Outline {
    fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let events = Parser::new_ext(text, OPTIONS).into_offset_iter();
        let links = events.reference_definitions().iter();
        let definitions: Vec<_> = links.map(|(_, link)| link.span.clone()).collect();
        // The events come in the order of the text: sorting would cost the page more code.
        for (event, range) in events {
            match event {
                Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock) => {
                    outline.bounds.push(range.start);
                    outline.spans.push(range.clone());
                    outline.blocks.push(range);
                }
                Event::Code(_)
                | Event::InlineHtml(_)
                | Event::Start(Tag::Link {
                    link_type: LinkType::Autolink | LinkType::Email,
                    ..
                }) => outline.spans.push(range),
                Event::Start(
                    Tag::Emphasis
                    | Tag::Strong
                    | Tag::Strikethrough
                    | Tag::Link { .. }
                    | Tag::Image { .. },
                )
                | Event::End(
                    TagEnd::Emphasis
                    | TagEnd::Strong
                    | TagEnd::Strikethrough
                    | TagEnd::Link
                    | TagEnd::Image
                    | TagEnd::CodeBlock
                    | TagEnd::HtmlBlock,
                ) => {}
                Event::Start(_) => outline.bounds.push(range.start),
                Event::End(_) => outline.bounds.push(range.end),
                _ => {}
            }
        }
        for span in definitions {
            insert(&mut outline.spans, span, |span| span.start);
        }
        outline
    }
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

/// Inserts an item at its place.
fn insert<T>(items: &mut Vec<T>, item: T, place: impl Fn(&T) -> usize) {
    let at = items.partition_point(|other| place(other) <= place(&item));
    items.insert(at, item);
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
