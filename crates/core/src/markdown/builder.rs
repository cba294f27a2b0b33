//! Builds nodes from the parser's events.

use super::{Alert, Align, Definitions, LinkDefinition, Node, Tag, inline};
use inline::Piece;
use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Options, Parser,
    Tag as ParsedTag,
};
use std::ops::Range;

/// A parsed part of the text.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Blocks with their start positions in the part.
    pub(super) blocks: Vec<(usize, Node)>,
    pub(super) links: Vec<LinkDefinition>,
    pub(super) notes: Vec<String>,
}

/// An element whose end has not come yet.
pub(super) struct Open {
    what: What,
    start: usize,
    pieces: Vec<Piece>,
}

/// Type of an [`Open`] element.
pub(super) enum What {
    Parent(Tag),
    CodeBlock {
        language: String,
    },
    Html,
    Image {
        url: String,
    },
    /// No node of its own, only its children.
    Parts,
}

/// Maximum depth of the tree: hostile text must not make it too deep to walk.
pub(super) const DEEPEST: usize = 48;

/// Parses a part of a text, given the definitions from elsewhere.
pub(super) fn read(part: &str, definitions: &mut Definitions) -> Parsed {
    let written = definitions.written();
    let before = written.len();
    let source = written + part;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH;
    // `\(…\)` and `\[…\]` are as long as `$$…$$`, which the parser supports. A formula does not
    // extend across blocks.
    let mut marked = source.clone();
    if source.contains("\\(") || source.contains("\\[") {
        let mut depth = 0;
        for (event, range) in Parser::new_ext(&source, options).into_offset_iter() {
            match event {
                Event::Start(tag) => {
                    if depth == 0 && !matches!(tag, ParsedTag::CodeBlock(_)) {
                        inline::mark_maths(&mut marked, range);
                    }
                    depth += 1;
                }
                Event::End(_) => depth -= 1,
                _ => {}
            }
        }
    }
    let events = Parser::new_ext(&marked, options).into_offset_iter();
    let mut parsed = Parsed::default();
    for (label, link) in events.reference_definitions().iter() {
        if link.span.start >= before {
            parsed.links.push(LinkDefinition {
                label: label.to_owned(),
                url: link.dest.to_string(),
                title: link.title.as_deref().unwrap_or_default().to_owned(),
                start: link.span.start - before,
            });
        }
    }
    let mut builder = Builder {
        source: &source,
        marked: &marked,
        before,
        open: Vec::new(),
        columns: Vec::new(),
        column: 0,
        is_head: false,
        definitions,
        parsed,
    };
    for (event, range) in events {
        if range.start >= before {
            builder.take(event, range);
        }
    }
    builder.parsed
}

pub(super) struct Builder<'a> {
    source: &'a str,
    marked: &'a str,
    before: usize,
    open: Vec<Open>,
    columns: Vec<Align>,
    column: usize,
    is_head: bool,
    definitions: &'a mut Definitions,
    parsed: Parsed,
}

impl Builder<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        let start = range.start;
        let piece = match event {
            Event::Start(tag) => {
                let what = self.what(tag);
                self.open.push(Open {
                    what,
                    start,
                    pieces: Vec::new(),
                });
                return;
            }
            Event::End(_) => return self.end(range),
            Event::Text(text) => self.text(&text, range),
            Event::Code(code) => Node::Code(self.code(&code, range)).into(),
            Event::InlineMath(latex) => {
                let written = self.source[range.clone()].to_owned();
                let next = self.source[range.end..].chars().next();
                if inline::is_money(&latex, next) {
                    Piece::Text(written)
                } else {
                    let latex = latex.into_string();
                    let is_display = false;
                    Piece::Node(Node::Maths {
                        latex,
                        written,
                        is_display,
                    })
                }
            }
            Event::DisplayMath(latex) => {
                let written = self.source[range].to_owned();
                Piece::Node(Node::Maths {
                    latex: latex.trim().to_owned(),
                    is_display: !written.starts_with("\\("),
                    written,
                })
            }
            Event::InlineHtml(html) if is_break(&html) => Node::Break.into(),
            Event::Html(html) | Event::InlineHtml(html) => {
                Piece::Literal(self.original(&html, range))
            }
            Event::FootnoteReference(label) => {
                let number = self.definitions.number(&label);
                let label = label.into_string();
                Node::NoteMark { label, number }.into()
            }
            Event::SoftBreak => Piece::Text("\n".to_owned()),
            Event::HardBreak => Node::Break.into(),
            Event::Rule => Node::Rule.into(),
            Event::TaskListMarker(is_done) => Node::Task { is_done }.into(),
        };
        self.add(piece, start);
    }

    /// Returns the parser's text as it was before maths was marked.
    fn original(&self, read: &str, range: Range<usize>) -> String {
        if read == &self.marked[range.clone()] {
            self.source[range].to_owned()
        } else {
            read.to_owned()
        }
    }

    fn text(&self, text: &str, range: Range<usize>) -> Piece {
        let is_escaped = self.source[..range.start].ends_with('\\');
        let is_code = |open: &Open| matches!(open.what, What::CodeBlock { .. });
        let text = if text == &self.source[range.clone()] || self.open.last().is_some_and(is_code) {
            self.original(text, range)
        } else {
            // Marked text that is no formula is an escaped bracket.
            let original = self.original(text, range);
            ["(", ")", "[", "]"].iter().fold(original, |text, bracket| {
                text.replace(&["\\", bracket].concat(), bracket)
            })
        };
        if is_escaped && text.starts_with(|c: char| c.is_ascii_punctuation()) {
            Piece::Literal(text)
        } else {
            Piece::Text(text)
        }
    }

    fn code(&self, code: &str, range: Range<usize>) -> String {
        let written = &self.source[range.clone()];
        if written == &self.marked[range] {
            return code.to_owned();
        }
        let inner = written.trim_matches('`').replace('\n', " ");
        let stripped = inner.strip_prefix(' ').and_then(|it| it.strip_suffix(' '));
        stripped.unwrap_or(&inner).to_owned()
    }

    fn what(&mut self, tag: ParsedTag<'_>) -> What {
        let tag = match tag {
            ParsedTag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let language = info.split([' ', '\t', ',', '{']).next();
                let language = language.unwrap_or_default().to_owned();
                return What::CodeBlock { language };
            }
            ParsedTag::CodeBlock(CodeBlockKind::Indented) => {
                let language = String::new();
                return What::CodeBlock { language };
            }
            ParsedTag::HtmlBlock => return What::Html,
            ParsedTag::Image { dest_url, .. } => {
                let url = dest_url.into_string();
                return What::Image { url };
            }
            ParsedTag::Paragraph => Tag::Paragraph,
            ParsedTag::Heading { level, .. } => Tag::Heading(match level {
                HeadingLevel::H1 => 1,
                HeadingLevel::H2 => 2,
                HeadingLevel::H3 => 3,
                HeadingLevel::H4 => 4,
                HeadingLevel::H5 => 5,
                HeadingLevel::H6 => 6,
            }),
            ParsedTag::BlockQuote(None) => Tag::Quote,
            ParsedTag::BlockQuote(Some(kind)) => Tag::Alert(match kind {
                BlockQuoteKind::Note => Alert::Note,
                BlockQuoteKind::Tip => Alert::Tip,
                BlockQuoteKind::Important => Alert::Important,
                BlockQuoteKind::Warning => Alert::Warning,
                BlockQuoteKind::Caution => Alert::Caution,
            }),
            ParsedTag::List(first) => Tag::List(first),
            ParsedTag::Item => Tag::Item,
            ParsedTag::Table(columns) => {
                let align = |column| match column {
                    Alignment::None => Align::None,
                    Alignment::Left => Align::Left,
                    Alignment::Center => Align::Centre,
                    Alignment::Right => Align::Right,
                };
                self.columns = columns.into_iter().map(align).collect();
                Tag::Table
            }
            ParsedTag::TableHead => {
                (self.is_head, self.column) = (true, 0);
                Tag::Row
            }
            ParsedTag::TableRow => {
                (self.is_head, self.column) = (false, 0);
                Tag::Row
            }
            ParsedTag::TableCell => {
                let align = self.columns.get(self.column).copied();
                let align = align.unwrap_or(Align::None);
                self.column += 1;
                if self.is_head {
                    Tag::HeadCell(align)
                } else {
                    Tag::Cell(align)
                }
            }
            ParsedTag::Emphasis => Tag::Emphasis,
            ParsedTag::Strong => Tag::Strong,
            ParsedTag::Strikethrough => Tag::Strikethrough,
            ParsedTag::Link {
                dest_url,
                title,
                link_type,
                ..
            } => {
                let url = match link_type {
                    LinkType::Email => format!("mailto:{dest_url}"),
                    _ => dest_url.into_string(),
                };
                let title = title.into_string();
                Tag::Link { url, title }
            }
            ParsedTag::FootnoteDefinition(label) => {
                let number = self.definitions.number(&label);
                let label = label.into_string();
                if !self.parsed.notes.contains(&label) {
                    self.parsed.notes.push(label.clone());
                }
                Tag::Note { label, number }
            }
            _ => return What::Parts,
        };
        if self.open.len() < DEEPEST {
            What::Parent(tag)
        } else {
            What::Parts
        }
    }

    fn end(&mut self, range: Range<usize>) {
        let Some(Open {
            what,
            start,
            pieces,
        }) = self.open.pop()
        else {
            return;
        };
        let is_link = |what: &What| matches!(what, What::Parent(Tag::Link { .. }));
        let is_within = is_link(&what) || self.open.iter().any(|open| is_link(&open.what));
        let node = match what {
            What::CodeBlock { language } => {
                let code = inline::plain(&pieces);
                Node::CodeBlock { language, code }
            }
            What::Html => Node::Html(inline::plain(&pieces)),
            What::Image { url } => {
                let alt = inline::plain(&pieces);
                Node::Image { url, alt }
            }
            What::Parent(Tag::Strikethrough) if inline::is_range(self.source, &range) => {
                // `10~20, 30~40`: not strikethrough, but ranges of numbers.
                let tilde = || Piece::Text("~".to_owned());
                self.add(tilde(), start);
                for piece in pieces {
                    self.add(piece, start);
                }
                return self.add(tilde(), start);
            }
            What::Parent(tag) => Node::Parent(tag, inline::finish(pieces, !is_within)),
            What::Parts => {
                for piece in pieces {
                    self.add(piece, start);
                }
                return;
            }
        };
        self.add(node.into(), start);
    }

    fn add(&mut self, piece: Piece, start: usize) {
        if let Some(open) = self.open.last_mut() {
            open.pieces.push(piece);
        } else {
            let start = start - self.before;
            self.parsed.blocks.push((start, piece.into_node()));
        }
    }
}

/// Returns whether raw HTML is a line break, which models use within table cells.
pub(super) fn is_break(html: &str) -> bool {
    let name = html.trim_matches(['<', '>', '/', ' ']);
    name.eq_ignore_ascii_case("br")
}
