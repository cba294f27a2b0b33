//! Elements for the nodes of a text, changed as little as possible: an untouched element keeps its
//! selection, its focus and its position.

use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    code,
    dom::{append, document, make, remove, set},
    table,
    words::{Word, say, word},
};
use crate::{
    markdown::{
        Alert, Align, Node, Tag,
        inline::{place_to_go, web_address},
    },
    workers::{self, mathml},
};

/// Draws a node. `is_whole`: nothing more will come, so long code may be folded.
pub(super) fn draw(node: &Node, is_whole: bool) -> web_sys::Node {
    match node {
        Node::Text(text) => document().create_text_node(text).into(),
        Node::Code(text) => {
            let code = with_text("code", "", text);
            set(code.unchecked_ref(), "dir", "ltr");
            code
        }
        Node::Html(text) => {
            let raw = with_text("p", "raw", text.trim_end_matches('\n'));
            set(raw.unchecked_ref(), "dir", "ltr");
            raw
        }
        Node::Maths {
            latex,
            written,
            is_display,
        } => maths(latex, written, *is_display),
        Node::Break => make("br", "").into(),
        Node::Rule => make("hr", "").into(),
        Node::Task { is_done } => {
            let task = make("input", "");
            set(&task, "type", "checkbox");
            set(&task, "disabled", "");
            if *is_done {
                set(&task, "checked", "");
            }
            task.into()
        }
        Node::CodeBlock { language, code } => code::draw(language, code, is_whole).into(),
        Node::Image { url, alt } => image(url, alt),
        Node::NoteMark { label, number } => {
            let mark = make("sup", "note-mark");
            let link = make("a", "");
            set(&link, "href", "#");
            set(&link, "role", "doc-noteref");
            set(&link, "data-note", label);
            link.set_text_content(Some(&number.to_string()));
            append(&mark, &link);
            mark.into()
        }
        Node::Parent(tag, parts) => {
            let element = parent(tag);
            let content = content(&element, tag);
            for part in parts {
                append(&content, &draw(part, is_whole));
            }
            table::fit(&element, tag, parts);
            element.into()
        }
    }
}

/// The class and the title of an alert.
pub(super) fn alert_words(alert: Alert) -> (&'static str, Word) {
    match alert {
        Alert::Note => ("alert note", Word::Note),
        Alert::Tip => ("alert tip", Word::Tip),
        Alert::Important => ("alert important", Word::Important),
        Alert::Warning => ("alert warning", Word::Warning),
        Alert::Caution => ("alert caution", Word::Caution),
    }
}

fn with_text(name: &str, class: &str, text: &str) -> web_sys::Node {
    let element = make(name, class);
    element.set_text_content(Some(text));
    element.into()
}

/// Creates the element of a node with children, without them.
fn parent(tag: &Tag) -> Element {
    let element = bare(tag);
    // Each has the writing direction of its own first letter. `style/answer.css` turns lists, tables and
    // quotes, whose first letter is within one of these.
    let is_line = matches!(
        tag,
        Tag::Paragraph | Tag::Heading(_) | Tag::Item | Tag::HeadCell(_) | Tag::Cell(_)
    );
    if is_line {
        set(&element, "dir", "auto");
    }
    element
}

fn bare(tag: &Tag) -> Element {
    match tag {
        Tag::Paragraph => make("p", ""),
        // Answers stand below the headings of the page and the chat.
        Tag::Heading(level) => {
            let name = ["h3", "h4", "h5", "h6"];
            let level = usize::from(*level).clamp(1, 6);
            let class = ["h-1", "h-2", "h-3", "h-4", "h-5", "h-6"];
            make(name[(level - 1).min(3)], class[level - 1])
        }
        Tag::Quote => make("blockquote", ""),
        Tag::Alert(alert) => {
            let (class, title) = alert_words(*alert);
            let element = make("div", class);
            set(&element, "role", "note");
            let name = make("p", "alert-title");
            say(&name, title, None);
            append(&element, &name);
            append(&element, &make("div", ""));
            element
        }
        Tag::List(None) => make("ul", ""),
        Tag::List(Some(first)) => {
            let list = make("ol", "");
            if *first != 1 {
                set(&list, "start", &first.to_string());
            }
            list
        }
        Tag::Item => make("li", ""),
        Tag::Table => table::frame(),
        Tag::Row => make("tr", ""),
        Tag::HeadCell(align) => {
            let cell = make("th", class_of(*align));
            set(&cell, "scope", "col");
            cell
        }
        Tag::Cell(align) => make("td", class_of(*align)),
        Tag::Emphasis => make("em", ""),
        Tag::Strong => make("strong", ""),
        Tag::Strikethrough => make("del", ""),
        Tag::Subscript => make("sub", ""),
        Tag::Superscript => make("sup", ""),
        Tag::Key => make("kbd", ""),
        Tag::Link { url, title } => {
            let Some(url) = place_to_go(url) else {
                return make("span", "");
            };
            let link = make("a", "");
            set(&link, "href", &url);
            set(&link, "target", "_blank");
            set(&link, "rel", "noopener noreferrer");
            if !title.is_empty() {
                set(&link, "title", title);
            }
            link
        }
        Tag::Note { label, number } => {
            let note = make("div", "footnote");
            set(&note, "role", "doc-footnote");
            set(&note, "data-note", label);
            let back = make("a", "");
            set(&back, "href", "#");
            set(&back, "role", "doc-backlink");
            set(&back, "data-mark", label);
            set(&back, "title", &word(Word::BackToText));
            back.set_text_content(Some(&format!("{number}.")));
            append(&note, &back);
            append(&note, &make("div", ""));
            note
        }
    }
}

const fn class_of(align: Align) -> &'static str {
    match align {
        Align::None => "",
        Align::Left => "left",
        Align::Centre => "centre",
        Align::Right => "right",
    }
}

/// The inner element that holds the children.
fn content(element: &web_sys::Node, tag: &Tag) -> web_sys::Node {
    let within = match tag {
        Tag::Alert(_) | Tag::Note { .. } => element.last_child(),
        Tag::Table => element
            .first_child()
            .and_then(|scroll| scroll.first_child())
            .and_then(|table| table.first_child()),
        _ => None,
    };
    within.unwrap_or_else(|| element.clone())
}

/// Changes a drawn node so that it shows another; returns its replacement if it could not be
/// changed. `was` then equals `now`.
pub(super) fn change(was: &mut Node, now: &Node, shown: &web_sys::Node) -> Option<web_sys::Node> {
    if let (
        Node::CodeBlock {
            language: old_language,
            code: old,
        },
        Node::CodeBlock {
            language,
            code: new,
        },
    ) = (&mut *was, now)
        && old_language == language
        && code::change(shown, old, new)
    {
        return None;
    }
    match (&mut *was, now) {
        (Node::Text(old), Node::Text(new)) => {
            if let Some(added) = new.strip_prefix(old.as_str()) {
                if !added.is_empty()
                    && let Some(text) = shown.dyn_ref::<web_sys::Text>()
                {
                    // Appending to the end of a node can't fail.
                    let _ = text.append_data(added);
                    old.push_str(added);
                }
            } else {
                shown.set_text_content(Some(new));
                old.clone_from(new);
            }
            None
        }
        (Node::Parent(old_tag, old), Node::Parent(tag, new)) if old_tag == tag => {
            if old != new {
                change_parts(old, new, &content(shown, tag));
                if let Some(element) = shown.dyn_ref::<Element>() {
                    table::fit(element, tag, new);
                }
            }
            None
        }
        (old, new) if old == new => None,
        _ => {
            let made = draw(now, false);
            if let Some(parent) = shown.parent_node() {
                let _ = parent.replace_child(&made, shown);
            }
            code::forget(shown);
            was.clone_from(now);
            Some(made)
        }
    }
}

fn change_parts(was: &mut Vec<Node>, now: &[Node], content: &web_sys::Node) {
    let mut shown = content.first_child();
    let common = was.len().min(now.len());
    for (old, new) in was.iter_mut().zip(now) {
        let Some(element) = shown else { break };
        shown = element.next_sibling();
        if old != new {
            change(old, new, &element);
        }
    }
    while let Some(extra) = shown {
        shown = extra.next_sibling();
        code::forget(&extra);
        remove(&extra);
    }
    was.truncate(now.len());
    for new in &now[common..] {
        append(content, &draw(new, false));
        was.push(new.clone());
    }
}

/// Draws a formula: as written, until it is converted.
fn maths(latex: &str, written: &str, is_display: bool) -> web_sys::Node {
    let element = make("span", if is_display { "maths display" } else { "maths" });
    element.set_text_content(Some(written));
    set(&element, "dir", "ltr");
    // What a selection copies.
    set(&element, "data-latex", written);
    // Its end has not come yet.
    if latex.is_empty() {
        return element.into();
    }
    let shown = element.clone();
    workers::maths(latex, is_display, move |markup| {
        if let Some(formula) = markup.and_then(|markup| mathml::adopt(&document(), &markup)) {
            shown.set_text_content(None);
            append(&shown, &formula);
        }
    });
    element.into()
}

/// Draws a button for an image, which is fetched only on request: its address may leak the chat.
fn image(url: &str, alt: &str) -> web_sys::Node {
    let Some(url) = web_address(url) else {
        return with_text("span", "image", alt);
    };
    let host = url.split('/').nth(2).unwrap_or_default();
    let button = make("button", "button image");
    set(&button, "type", "button");
    set(&button, "data-image", &url);
    set(&button, "data-alt", alt);
    set(&button, "title", &url);
    let name = make("span", "");
    say(&name, Word::LoadImage, None);
    append(&button, &name);
    let about = if alt.is_empty() {
        format!(" {host}")
    } else {
        format!(" {alt} ({host})")
    };
    append(&button, &document().create_text_node(&about));
    button.into()
}
