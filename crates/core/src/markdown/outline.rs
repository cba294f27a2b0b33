//! What the parser finds in a text, as far as formulas depend on it.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

/// The parser's options. Formulas are not among them: see [`super::formulas`].
pub(super) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_GFM);

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
    pub(super) fn of(text: &str) -> Self {
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

/// Inserts an item at its place.
pub(super) fn insert<T>(items: &mut Vec<T>, item: T, place: impl Fn(&T) -> usize) {
    let at = items.partition_point(|other| place(other) <= place(&item));
    items.insert(at, item);
}
