//! Markdown as a tree: `CommonMark` with GitHub's tables, task lists, strikethrough, autolinks,
//! footnotes and alerts, and with maths. Raw HTML is text.

mod builder;
pub mod document;
pub mod inline;
pub mod plain;
mod tail;

use builder::Parsed;
pub use document::Document;

/// A part of a text: a block, or something within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Words as they are to be read. A line break in it is one that the author made.
    Text(String),
    /// Code within a line.
    Code(String),
    /// A formula in LaTeX.
    Maths {
        /// The LaTeX, without its delimiters.
        latex: String,
        /// The formula as written, for when it can't be read.
        written: String,
        /// Whether it stands on lines of its own.
        is_display: bool,
    },
    /// A forced line break.
    Break,
    /// A line across.
    Rule,
    /// The box of a task in a list.
    Task {
        /// Whether it is ticked.
        is_done: bool,
    },
    /// A block of code.
    CodeBlock {
        /// What its fence calls the language; may be empty.
        language: String,
        /// The code.
        code: String,
    },
    /// A block of raw HTML, to be shown as it is written.
    Html(String),
    /// An image, by its address.
    Image {
        /// Its address, as written: see [`inline::web_address`].
        url: String,
        /// What it shows, in words.
        alt: String,
    },
    /// A mark that refers to a note.
    NoteMark {
        /// The note's label.
        label: String,
        /// Its number, counted by first mention.
        number: usize,
    },
    /// Something with parts.
    Parent(Tag, Vec<Node>),
}

/// What a [`Node::Parent`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are Markdown's own words")]
pub enum Tag {
    Paragraph,
    Heading(u8),
    Quote,
    Alert(Alert),
    /// A list; a number is that of the first item.
    List(Option<u64>),
    Item,
    Table,
    Row,
    HeadCell(Align),
    Cell(Align),
    Emphasis,
    Strong,
    Strikethrough,
    Link {
        /// Where it leads, as written: see [`inline::place_to_go`].
        url: String,
        title: String,
    },
    /// A footnote.
    Note {
        label: String,
        number: usize,
    },
}

/// How a table's column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Align {
    None,
    Left,
    Centre,
    Right,
}

/// GitHub's kinds of alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are GitHub's own words")]
pub enum Alert {
    Note,
    Tip,
    Important,
    Warning,
    Caution,
}

/// Reads a whole text.
pub fn parse(text: &str) -> Vec<Node> {
    let mut document = Document::default();
    document.push(text);
    document.finish();
    document.into_blocks()
}

/// What a text says once and means everywhere: where its reference links lead, and its notes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    links: Vec<LinkDefinition>,
    /// The notes' labels.
    notes: Vec<String>,
    /// The notes' labels in the order of their first mention, which numbers them.
    mentioned: Vec<String>,
}

/// `[label]: url "title"`
#[derive(Clone, Debug, PartialEq, Eq)]
struct LinkDefinition {
    label: String,
    url: String,
    title: String,
    /// Where in its part of the text it stands.
    start: usize,
}

impl Definitions {
    /// Adds what is new in `other`; returns whether there was anything.
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

    /// Markdown that says the same, to be put before a part of the text.
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
            // Ends the last note, which what is indented below would go on with.
            written += "[\u{1}]: x\n\n";
        }
        written
    }

    /// The number of a note, which its first mention gives it.
    fn number(&mut self, label: &str) -> usize {
        let found = self.mentioned.iter().position(|other| other == label);
        1 + found.unwrap_or_else(|| {
            self.mentioned.push(label.to_owned());
            self.mentioned.len() - 1
        })
    }
}

impl Node {
    /// Adds its words, without any look, to a text.
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
