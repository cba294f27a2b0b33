//! Builds nodes from the parser's events.

use super::{
    Alert, Align, Definitions, LinkDefinition, Node, Tag, cells, formulas::Formula, inline,
    mask::Masked, outline::OPTIONS,
};
use inline::Piece;
use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, Event, HeadingLevel, LinkType, Parser,
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
    /// An element of raw HTML, and its tag as written.
    Element(Tag, String),
    /// No node of its own, only its children.
    Parts,
}

/// Maximum depth of the tree: hostile text must not make it too deep to walk.
pub(super) const DEEPEST: usize = 48;

/// Parses a part of a text, given its mask and the definitions from elsewhere.
pub(super) fn read(part: &str, mask: Masked, definitions: &mut Definitions) -> Parsed {
    let written = definitions.written();
    let before = written.len();
    let source = [&*written, part].concat();
    let Masked { text, formulas } = mask;
    let marked = written + &text;
    let events = Parser::new_ext(&marked, OPTIONS).into_offset_iter();
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
        formulas,
        open: Vec::new(),
        columns: Vec::new(),
        column: 0,
        cell_end: 0,
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
    /// Formulas, by their positions in the part.
    formulas: Vec<Formula>,
    open: Vec<Open>,
    columns: Vec<Align>,
    column: usize,
    /// End of the last cell.
    cell_end: usize,
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
            Event::End(_) => {
                self.give_up_elements();
                return self.end(range);
            }
            Event::Text(text) => return self.texts(&text, range),
            Event::Code(code) => Node::Code(self.code(&code, range)).into(),
            Event::InlineHtml(html) if is_break(&html) => Node::Break.into(),
            Event::InlineHtml(html) if let Some((tag, begins)) = element(&html) => {
                let last = self.open.last().map(|open| &open.what);
                if begins && self.open.len() < DEEPEST {
                    self.open.push(Open {
                        what: What::Element(tag, html.into_string()),
                        start,
                        pieces: Vec::new(),
                    });
                } else if matches!(last, Some(What::Element(open, _)) if *open == tag) {
                    self.end(range);
                } else {
                    self.add(Piece::Literal(html.into_string()), start);
                }
                return;
            }
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
            // The parser's own formulas are not enabled.
            Event::InlineMath(latex) | Event::DisplayMath(latex) => {
                Piece::Text(latex.into_string())
            }
        };
        self.add(piece, start);
    }

    /// Returns the parser's text as it is in the source, if it was hidden.
    fn original(&self, read: &str, range: Range<usize>) -> String {
        if read == &self.marked[range.clone()] {
            self.source[range].to_owned()
        } else {
            read.to_owned()
        }
    }

    /// Adds text, and the formulas that were hidden in it.
    fn texts(&mut self, text: &str, range: Range<usize>) {
        let is_code = |open: &Open| matches!(open.what, What::CodeBlock { .. });
        let (before, mut at) = (self.before, range.start);
        let first = self
            .formulas
            .partition_point(|formula| before + formula.range.end <= at);
        let hidden: Vec<Formula> = if self.open.last().is_some_and(is_code) {
            if text.trim().is_empty() && self.is_blanked(range.start) {
                return;
            }
            Vec::new()
        } else {
            let found = self.formulas[first..].iter();
            let found = found.take_while(|formula| before + formula.range.start < range.end);
            found.cloned().collect()
        };
        let Some(last) = hidden.last() else {
            let piece = self.text(text, range);
            return self.add(piece, at);
        };
        let end = before + last.range.end;
        for formula in hidden {
            let formula_at = before + formula.range.start;
            if at < formula_at {
                let piece = self.text(&self.marked[at..formula_at], at..formula_at);
                self.add(piece, at);
            }
            at = before + formula.range.end;
            let part = &self.source[before..];
            let maths = Node::Maths {
                latex: formula.latex(part),
                written: formula.written(part),
                is_display: formula.is_display(),
            };
            self.add(maths.into(), formula_at);
        }
        if end < range.end {
            let piece = self.text(&self.marked[end..range.end], end..range.end);
            self.add(piece, end);
        }
    }

    /// Returns whether the line at a position is blank for the parser only.
    fn is_blanked(&self, at: usize) -> bool {
        let start = self.marked[..at].rfind('\n').map_or(0, |end| end + 1);
        let end = self.marked[at..].find('\n');
        let line = start..end.map_or(self.marked.len(), |end| at + end);
        self.marked[line.clone()].trim().is_empty() && !self.source[line].trim().is_empty()
    }

    fn text(&self, text: &str, range: Range<usize>) -> Piece {
        let is_escaped = self.source[..range.start].ends_with('\\');
        let text = self.original(text, range);
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
        let inner = stripped.unwrap_or(&inner);
        if self.columns.is_empty() {
            inner.to_owned()
        } else {
            inner.replace("\\|", "|")
        }
    }

    fn what(&mut self, tag: ParsedTag<'_>) -> What {
        let tag = match tag {
            ParsedTag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                let language = language(&info).to_owned();
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

    /// Shows the tags of elements that don't end within their block.
    fn give_up_elements(&mut self) {
        while let Some(What::Element(..)) = self.open.last().map(|open| &open.what) {
            let Some(Open {
                what: What::Element(_, written),
                start,
                pieces,
            }) = self.open.pop()
            else {
                return;
            };
            self.add(Piece::Literal(written), start);
            for piece in pieces {
                self.add(piece, start);
            }
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
            What::Html => match inline::plain(&pieces) {
                html if is_break(html.trim()) => Node::Break,
                html => Node::Html(html),
            },
            What::Element(tag, _) => Node::Parent(tag, inline::finish(pieces, !is_within)),
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
            What::Parent(tag) => {
                match tag {
                    Tag::HeadCell(_) | Tag::Cell(_) => self.cell_end = range.end,
                    Tag::Table => self.columns.clear(),
                    _ => {}
                }
                let mut parts = inline::finish(pieces, !is_within);
                if matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough) {
                    for node in inline::apart(tag, parts, false) {
                        self.add(node.into(), start);
                    }
                    return;
                }
                match tag {
                    Tag::Row => self.cells_beyond(&range, &mut parts),
                    Tag::Table => widen_head(&mut parts),
                    _ => {}
                }
                Node::Parent(tag, parts)
            }
            What::Parts => {
                for piece in pieces {
                    self.add(piece, start);
                }
                return;
            }
        };
        self.add(node.into(), start);
    }

    /// Reads the cells of a row beyond the table's columns, which the parser drops.
    fn cells_beyond(&mut self, row: &Range<usize>, cells: &mut Vec<Node>) {
        let end = self.cell_end;
        if !row.contains(&end) {
            return;
        }
        let rest = self.marked[end..].split('\n').next().unwrap_or_default();
        for cell in cells::beyond(rest) {
            let text = &self.source[end + cell.start..end + cell.end];
            let text = text.trim();
            let mask = Masked::new(text, true);
            let mut blocks = read(text, mask, self.definitions).blocks;
            let parts = match (blocks.pop(), blocks.is_empty()) {
                (Some((_, Node::Parent(Tag::Paragraph, parts))), true) => parts,
                _ => vec![Node::Text(text.trim().to_owned())],
            };
            cells.push(Node::Parent(Tag::Cell(Align::None), parts));
        }
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

/// Gives a table's head as many cells as its longest row has.
fn widen_head(rows: &mut [Node]) {
    let length = |row: &Node| match row {
        Node::Parent(_, cells) => cells.len(),
        _ => 0,
    };
    let longest = rows.iter().map(length).max().unwrap_or_default();
    if let Some(Node::Parent(_, cells)) = rows.first_mut()
        && let Some(more) = longest.checked_sub(cells.len())
    {
        let empty = Node::Parent(Tag::HeadCell(Align::None), Vec::new());
        cells.extend(std::iter::repeat_n(empty, more));
    }
}

/// Returns the language that a fence names: `python`, `python:app.py`, `{python}`, `language-python`.
fn language(info: &str) -> &str {
    let info = info.trim_start_matches(['{', '.', ' ']);
    let info = info.strip_prefix("language-").unwrap_or(info);
    let name = info.split([' ', '\t', ',', '{', '}', ':']).next();
    name.unwrap_or_default()
}

/// Returns the element of a tag that is not shown as text, and whether the tag begins it.
fn element(html: &str) -> Option<(Tag, bool)> {
    let name = html.strip_prefix('<')?.strip_suffix('>')?;
    let (name, begins) = name
        .strip_prefix('/')
        .map_or((name, true), |name| (name, false));
    let names = [
        ("sub", Tag::Subscript),
        ("sup", Tag::Superscript),
        ("kbd", Tag::Key),
    ];
    let found = names
        .into_iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some((found.1, begins))
}

/// Returns whether raw HTML is a line break, which models use within table cells.
pub(super) fn is_break(html: &str) -> bool {
    let name = html.trim_matches(['<', '>', '/', ' ']);
    name.eq_ignore_ascii_case("br")
}
