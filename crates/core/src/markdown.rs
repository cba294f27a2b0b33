//! Markdown parser and tree: `CommonMark` with GitHub's tables, task lists, strikethrough,
//! autolinks, footnotes and alerts, and with maths. Raw HTML is text.

mod builder;
mod cells;
pub mod citation;
pub mod document;
mod fences;
mod formulas;
pub mod inline;
mod macros;
mod mask;
mod outline;
pub mod plain;
mod tail;

use builder::Parsed;
pub use document::Document;

/// A node of the tree: a block or an inline element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text as read. A line break in it is the author's.
    Text(String),
    /// Inline code.
    Code(String),
    /// LaTeX formula.
    Maths {
        /// LaTeX without its delimiters, after the definitions of earlier formulas that it uses. Empty if its
        /// end has not come yet.
        latex: String,
        /// Source of the formula, shown if it can't be parsed.
        written: String,
        /// True if the formula stands on its own lines.
        is_display: bool,
    },
    /// Hard line break.
    Break,
    /// Thematic break.
    Rule,
    /// Checkbox of a task in a list.
    Task {
        /// True if it is checked.
        is_done: bool,
    },
    /// Code block.
    CodeBlock {
        /// Language named by the fence; may be empty.
        language: String,
        /// Code.
        code: String,
    },
    /// Block of raw HTML, shown as source.
    Html(String),
    /// Image, by its URL.
    Image {
        /// URL as written: see [`inline::web_address`].
        url: String,
        /// Alternative text.
        alt: String,
    },
    /// Footnote reference.
    NoteMark {
        /// Label of the note.
        label: String,
        /// Number of the note, counted by first mention.
        number: usize,
    },
    /// Node with children.
    Parent(Tag, Vec<Node>),
}

/// Type of a [`Node::Parent`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "variant names are Markdown's terms")]
pub enum Tag {
    Paragraph,
    Heading(u8),
    Quote,
    Alert(Alert),
    /// List; a number is that of the first item.
    List(Option<u64>),
    Item,
    Table,
    Row,
    HeadCell(Align),
    Cell(Align),
    Emphasis,
    Strong,
    Strikethrough,
    /// `<sub>`
    Subscript,
    /// `<sup>`
    Superscript,
    /// `<kbd>`
    Key,
    Link {
        /// URL as written: see [`inline::place_to_go`].
        url: String,
        title: String,
    },
    /// Footnote.
    Note {
        label: String,
        number: usize,
    },
}

/// Alignment of a table's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "variant names are self-explanatory")]
pub enum Align {
    None,
    Left,
    Centre,
    Right,
}

/// GitHub's kinds of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "variant names are GitHub's terms")]
pub enum Alert {
    Note,
    Tip,
    Important,
    Warning,
    Caution,
}

/// Parses a complete text.
pub fn parse(text: &str) -> Vec<Node> {
    let mut document = Document::default();
    document.push(text);
    document.finish();
    document.into_blocks()
}

/// Definitions that apply to the whole text: targets of reference links, and notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    links: Vec<LinkDefinition>,
    /// Labels of the notes.
    notes: Vec<String>,
    /// Labels of the notes by first mention, which numbers them.
    mentioned: Vec<String>,
}

/// `[label]: url "title"`
#[derive(Clone, Debug, PartialEq, Eq)]
struct LinkDefinition {
    label: String,
    url: String,
    title: String,
    /// Position in its part of the text.
    start: usize,
}

impl Definitions {
    /// Adds the definitions missing here; returns whether there were any.
    fn learn(&mut self, other: Parsed) -> bool {
        let known = (self.links.len(), self.notes.len());
        for link in other.links {
            if !self.links.iter().any(|known| known.label == link.label) {
                self.links.push(link);
            }
        }
        for note in other.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        known != (self.links.len(), self.notes.len())
    }

    /// Returns equivalent Markdown, to prepend to a part of the text.
    fn written(&self) -> String {
        let mut written = String::new();
        for label in &self.notes {
            for piece in ["[^", label, "]: .\n\n"] {
                written += piece;
            }
        }
        let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        for link in &self.links {
            let url = escape(&link.url).replace('<', "\\<").replace('>', "\\>");
            let title = escape(&link.title);
            for piece in ["[", &link.label, "]: <", &url, "> \"", &title, "\"\n"] {
                written += piece;
            }
        }
        if !written.is_empty() {
            // Ends the last note, which indented text below would continue.
            written += "[\u{1}]: x\n\n";
        }
        written
    }

    /// Returns the number of a note, assigned at its first mention.
    fn number(&mut self, label: &str) -> usize {
        let found = self.mentioned.iter().position(|other| other == label);
        1 + found.unwrap_or_else(|| {
            self.mentioned.push(label.to_owned());
            self.mentioned.len() - 1
        })
    }
}

impl Node {
    /// Appends the node's plain text to `words`.
    pub fn words(&self, words: &mut String) {
        match self {
            Self::Text(text) | Self::Code(text) | Self::Html(text) => words.push_str(text),
            Self::Maths { written, .. } => words.push_str(written),
            Self::CodeBlock { code, .. } => words.push_str(code),
            Self::Image { alt, .. } => words.push_str(alt),
            Self::Break => words.push('\n'),
            Self::Rule | Self::Task { .. } | Self::NoteMark { .. } => {}
            Self::Parent(_, parts) => parts.iter().for_each(|part| part.words(words)),
        }
    }
}

#[cfg(test)]
mod tests;
