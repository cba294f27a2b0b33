//! Export of a chat as one self-contained page: no script, no network, and model output as text
//! only. Its cards are side by side, as in Collate.
//!
//! All text goes through [`escaped`], elements and attributes are only those named in this file,
//! and the page's own content policy forbids everything that it does not need.

pub mod typeset;

use super::{Words, words};
use crate::{
    chat::{Answer, Attachment, Card, Chat, Extra, Turn, attachment, extra::Kind},
    markdown::{self, Align, Node, Tag, inline},
};
use typeset::Typeset;

/// The page's content policy: its own style, and images within it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: [&str; 2] = [
    include_str!("export.css"),
    include_str!("../../../../style/maths.css"),
];

/// Writes the page, with one chat after the other and dates as given. `contents` has the available
/// image contents; an image without content is named. `typeset` has formulas and colours of code; what it
/// lacks is written as its source.
pub fn write(
    chats: &[(&Chat, String)],
    contents: &[(attachment::Id, super::Content)],
    typeset: &Typeset,
    words: &Words<'_>,
) -> String {
    let mut page = Page {
        out: String::new(),
        words,
        contents,
        typeset,
        answers: 0,
        is_in_link: false,
    };
    let first = chats.first().map(|(chat, _)| words::title(chat, words));
    let title = first.unwrap_or_default();
    page.add(&[
        "<!doctype html>\n<html lang=\"",
        &escaped(words.lang),
        "\">\n<head>\n",
    ]);
    page.add(&[
        "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"",
    ]);
    page.add(&[
        POLICY,
        "\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
    ]);
    page.add(&[
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
    ]);
    page.add(&[
        &escaped(&title),
        "</title>\n<style>\n",
        STYLE[0],
        STYLE[1],
        "</style>\n</head>\n<body>\n",
    ]);
    for (chat, date) in chats {
        let title = words::title(chat, words);
        page.add(&["<header>\n<h1 dir=\"auto\">", &escaped(&title), "</h1>\n"]);
        if !date.is_empty() {
            page.add(&["<p>", &escaped(date), "</p>\n"]);
        }
        let label = escaped(words.cards);
        page.add(&[
            "</header>\n<div class=\"cards\" role=\"group\" aria-label=\"",
            &label,
            "\">\n",
        ]);
        for card in &chat.cards {
            page.card(card);
        }
        page.add(&["</div>\n"]);
    }
    page.add(&["</body>\n</html>\n"]);
    page.out
}

/// Escapes a text for HTML, within an element or a quoted attribute. Control characters, which no
/// page may have, are dropped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            _ if letter.is_control() => {}
            _ => out.push(letter),
        }
    }
    out
}

struct Page<'a> {
    out: String,
    words: &'a Words<'a>,
    contents: &'a [(attachment::Id, super::Content)],
    typeset: &'a Typeset,
    /// Number of texts written: each has its own notes.
    answers: usize,
    /// True within a link, which can't contain another.
    is_in_link: bool,
}

impl Page<'_> {
    fn add(&mut self, pieces: &[&str]) {
        self.out.extend(pieces.iter().copied());
    }

    fn text(&mut self, text: &str) {
        let text = escaped(text);
        self.add(&[&text]);
    }

    /// Writes an element that contains only text.
    fn element(&mut self, name: &str, class: &str, text: &str) {
        let class = match class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        self.add(&["<", name, &class, ">", &escaped(text), "</", name, ">\n"]);
    }

    fn card(&mut self, card: &Card) {
        let words = self.words;
        self.add(&["<section>\n"]);
        self.add(&[
            "<h2 dir=\"auto\">",
            &escaped(words::card(card, words)),
            "</h2>\n",
        ]);
        let params = words::params(card);
        if !params.is_empty() {
            self.add(&["<p class=\"more\">", &escaped(words.parameters), ":"]);
            for (name, value) in params {
                self.add(&[
                    " <code>",
                    &escaped(&name),
                    ": ",
                    &escaped(&value),
                    "</code>",
                ]);
            }
            self.add(&["</p>\n"]);
        }
        if !card.system.is_empty() {
            self.folded(words.system, &|page| page.literal(&card.system));
        }
        for turn in &card.turns {
            self.turn(turn);
        }
        self.add(&["</section>\n"]);
    }

    fn turn(&mut self, turn: &Turn) {
        let words = self.words;
        self.add(&["<article class=\"question\">\n"]);
        self.element("h3", "", words.you);
        if !turn.prompt.is_empty() {
            self.literal(&turn.prompt);
        }
        for attachment in &turn.attachments {
            self.attachment(attachment);
        }
        self.add(&["</article>\n"]);
        let (number, of) = turn.variant();
        match &turn.answer {
            None => self.element("p", "more", words.no_answer),
            Some(answer) => {
                let place = match of {
                    1 => String::new(),
                    _ => format!(" ({number}/{of})"),
                };
                self.answer(&format!("{}: {}{place}", words.model, answer.model), answer);
            }
        }
        for (other, number) in words::others(turn) {
            let name = format!("{} {number}/{of}: {}", words.other_answer, other.model);
            self.folded(&name, &|page| page.answer(&name, other));
        }
    }

    /// Writes collapsed content, which the user can open. In print it is open.
    fn folded(&mut self, name: &str, content: &dyn Fn(&mut Self)) {
        self.add(&["<details>\n"]);
        self.element("summary", "", name);
        content(self);
        self.add(&["</details>\n"]);
    }

    /// Writes a text as typed.
    fn literal(&mut self, text: &str) {
        self.add(&[
            "<div class=\"typed\" dir=\"auto\">",
            &escaped(text),
            "</div>\n",
        ]);
    }

    fn attachment(&mut self, attachment: &Attachment) {
        self.attachment_named(self.words.attachment, attachment);
    }

    fn attachment_named(&mut self, what: &str, attachment: &Attachment) {
        let name = format!("{what}: {}", attachment.name);
        let content = self.contents.iter().find(|(id, _)| *id == attachment.id);
        let picture = content.map(|(_, content)| content.as_str());
        let picture = picture.filter(|content| is_picture(content));
        if let Some(picture) = picture.filter(|_| attachment.is_image()) {
            self.add(&["<figure><img src=\"", &escaped(picture), "\" alt=\""]);
            self.add(&[&escaped(&attachment.name), "\"><figcaption>"]);
            self.text(&name);
            self.add(&["</figcaption></figure>\n"]);
        } else {
            self.element("p", "more", &name);
        }
    }

    fn answer(&mut self, name: &str, answer: &Answer) {
        let words = self.words;
        self.add(&["<article>\n"]);
        self.element("h3", "", name);
        if !answer.reasoning.is_empty() {
            self.folded(words.thoughts, &|page| page.markdown(&answer.reasoning));
        }
        if !answer.text.is_empty() {
            self.markdown(&answer.text);
        }
        self.extras(&answer.extras);
        if let Some(outcome) = words.outcome(answer) {
            self.element("p", "outcome", &outcome);
        }
        let metrics = words.metrics(&answer.metrics);
        if !metrics.is_empty() {
            self.element("p", "more", &metrics.join(" · "));
        }
        self.add(&["</article>\n"]);
    }

    /// Writes what came beside an answer's text.
    fn extras(&mut self, extras: &[Extra]) {
        for extra in extras {
            match (&extra.stored, self.words.extra(extra)) {
                (Some(stored), _) if extra.kind == Kind::Sound => {
                    self.attachment_named(self.words.sound, stored);
                }
                (Some(stored), _) => self.attachment_named(self.words.picture, stored),
                (None, Some(named)) => self.element("p", "more", &named),
                (None, None) if extra.kind == Kind::Tool => {
                    let name = format!("{}: {}", self.words.tool, extra.name);
                    self.element("p", "more", &name);
                    let code = escaped(&extra.content);
                    let pre = ["<div class=\"code\"><pre tabindex=\"0\"><code>", &code];
                    self.add(&pre);
                    self.add(&["</code></pre></div>\n"]);
                }
                (None, None) => {}
            }
        }
        let mut sources = extras
            .iter()
            .filter(|extra| extra.kind == Kind::Source)
            .peekable();
        if sources.peek().is_none() {
            return;
        }
        self.element("p", "more", self.words.sources);
        self.add(&["<ol>\n"]);
        for Extra { name, content, .. } in sources {
            let title = escaped(if name.is_empty() { content } else { name });
            let url = escaped(content);
            if url.starts_with("https://") || url.starts_with("http://") {
                self.add(&["<li><a href=\"", &url, "\" rel=\"noopener noreferrer\">"]);
                self.add(&[&title, "</a></li>\n"]);
            } else {
                self.add(&["<li>", &title, "</li>\n"]);
            }
        }
        self.add(&["</ol>\n"]);
    }

    fn markdown(&mut self, text: &str) {
        self.answers += 1;
        self.add(&["<div class=\"said\" dir=\"auto\">\n"]);
        for node in markdown::parse(text) {
            self.node(&node);
        }
        self.add(&["</div>\n"]);
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            self.node(node);
        }
    }

    fn within(&mut self, open: &str, nodes: &[Node], close: &str) {
        self.add(&["<", open, ">"]);
        self.nodes(nodes);
        self.add(&["</", close, ">"]);
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(text) => {
                let text = escaped(text).replace('\n', "<br>\n");
                self.add(&[&text]);
            }
            Node::Code(code) => self.add(&["<code>", &escaped(code), "</code>"]),
            Node::Maths {
                latex,
                written,
                is_display,
            } => {
                let class = if *is_display {
                    "maths display"
                } else {
                    "maths"
                };
                match self.typeset.formula(latex, *is_display) {
                    Some(markup) => {
                        self.add(&["<span class=\"", class, "\">", markup, "</span>"]);
                    }
                    None => {
                        self.add(&["<code class=\"", class, "\">", &escaped(written), "</code>"]);
                    }
                }
            }
            Node::Break => self.add(&["<br>\n"]),
            Node::Rule => self.add(&["<hr>\n"]),
            Node::Task { is_done } => self.add(&[if *is_done { "☑ " } else { "☐ " }]),
            Node::CodeBlock { language, code } => {
                // Makes the scrollable element reachable by keyboard.
                self.add(&["<div class=\"code\">"]);
                if !language.is_empty() {
                    self.element("p", "more", language);
                }
                self.add(&["<pre tabindex=\"0\"><code>"]);
                for (kind, piece) in self.typeset.pieces(language, code) {
                    match kind {
                        Some(kind) => {
                            let piece = escaped(piece);
                            self.add(&["<span class=\"", kind.name(), "\">", &piece, "</span>"]);
                        }
                        None => self.text(piece),
                    }
                }
                self.add(&["</code></pre></div>\n"]);
            }
            Node::Html(html) => self.add(&["<div class=\"typed\">", &escaped(html), "</div>\n"]),
            Node::Image { url, alt } => self.image(url, alt),
            Node::NoteMark { number, .. } => {
                let number = number.to_string();
                let id = format!("note-{}-{number}", self.answers);
                if self.is_in_link {
                    self.add(&["<sup>", &number, "</sup>"]);
                } else {
                    self.add(&["<sup><a href=\"#", &id, "\">", &number, "</a></sup>"]);
                }
            }
            Node::Parent(tag, parts) => self.parent(tag, parts),
        }
    }

    /// Writes an image as a link. It is not fetched: its URL could track whoever opens the page.
    fn image(&mut self, url: &str, alt: &str) {
        self.add(&["<span class=\"image\">", &escaped(alt)]);
        if let Some(url) = inline::web_address(url) {
            let url = escaped(&url);
            if self.is_in_link {
                self.add(&[" (", &url, ")"]);
            } else {
                self.add(&[" (<a href=\"", &url, "\" rel=\"noopener noreferrer\">"]);
                self.add(&[&url, "</a>)"]);
            }
        }
        self.add(&["</span>"]);
    }

    fn parent(&mut self, tag: &Tag, parts: &[Node]) {
        let block = |page: &mut Self, open: &str, close: &str| {
            page.within(open, parts, close);
            page.add(&["\n"]);
        };
        match tag {
            Tag::Paragraph => block(self, "p", "p"),
            // Below the page's own headings.
            Tag::Heading(level) => {
                let name = format!("h{}", (level + 3).min(6));
                block(self, &name, &name);
            }
            Tag::Quote => block(self, "blockquote", "blockquote"),
            Tag::Alert(alert) => {
                self.add(&["<blockquote class=\"alert\">"]);
                self.element("p", "more", self.words.alert(*alert));
                self.nodes(parts);
                self.add(&["</blockquote>\n"]);
            }
            Tag::List(None) => block(self, "ul", "ul"),
            Tag::List(Some(first)) => block(self, &format!("ol start=\"{first}\""), "ol"),
            Tag::Item => block(self, "li", "li"),
            Tag::Table => {
                self.add(&["<div class=\"table\" tabindex=\"0\">"]);
                self.within("table", parts, "table");
                self.add(&["</div>\n"]);
            }
            Tag::Row => block(self, "tr", "tr"),
            Tag::HeadCell(align) => self.within(&format!("th{}", class(*align)), parts, "th"),
            Tag::Cell(align) => self.within(&format!("td{}", class(*align)), parts, "td"),
            Tag::Emphasis => self.within("em", parts, "em"),
            Tag::Strong => self.within("strong", parts, "strong"),
            Tag::Strikethrough => self.within("s", parts, "s"),
            Tag::Subscript => self.within("sub", parts, "sub"),
            Tag::Superscript => self.within("sup", parts, "sup"),
            Tag::Key => self.within("kbd", parts, "kbd"),
            Tag::Link { url, title } => {
                let place = inline::place_to_go(url).filter(|_| !self.is_in_link);
                let Some(place) = place else {
                    return self.nodes(parts);
                };
                self.add(&[
                    "<a href=\"",
                    &escaped(&place),
                    "\" rel=\"noopener noreferrer\"",
                ]);
                if !title.is_empty() {
                    self.add(&[" title=\"", &escaped(title), "\""]);
                }
                self.add(&[">"]);
                self.is_in_link = true;
                self.nodes(parts);
                self.is_in_link = false;
                self.add(&["</a>"]);
            }
            Tag::Note { number, .. } => {
                let number = number.to_string();
                let id = format!("note-{}-{number}", self.answers);
                self.add(&[
                    "<div class=\"note\" id=\"",
                    &id,
                    "\"><span>",
                    &number,
                    ".</span> ",
                ]);
                self.nodes(parts);
                self.add(&["</div>\n"]);
            }
        }
    }
}

const fn class(align: Align) -> &'static str {
    match align {
        Align::None => "",
        Align::Left => " class=\"left\"",
        Align::Centre => " class=\"centre\"",
        Align::Right => " class=\"right\"",
    }
}

/// Returns whether this is an image in a data URL and nothing more.
fn is_picture(content: &str) -> bool {
    content.starts_with("data:image/")
        && content
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":/;,+=.-".contains(&byte))
}

#[cfg(test)]
mod tests;
