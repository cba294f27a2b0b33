//! Code blocks: language, copying, wrapping, folding, colours.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::Element;

use super::{
    dom::{append, document, make, set},
    preview, queue,
    words::{Word, say},
};
use crate::{clipboard, workers};

/// Maximum number of lines before code is folded when shown again. Code that is arriving stays
/// open: the user would lose the place.
const LONG: usize = 60;

/// Languages that have a preview.
const PREVIEWED: [&str; 4] = ["html", "svg", "mermaid", "htm"];

/// A block being coloured.
struct Colours {
    language: String,
    lines: Element,
    /// Number of lines sent to be coloured.
    sent: u32,
}

thread_local! {
    static LAST: Cell<u32> = const { Cell::new(0) };
    static COLOURS: RefCell<HashMap<u32, Colours>> = RefCell::new(HashMap::new());
}

/// Creates a code block.
pub(super) fn draw(language: &str, code: &str, is_whole: bool) -> Element {
    let id = LAST.get() + 1;
    LAST.set(id);
    let figure = make("figure", "code");
    set(&figure, "data-code", &id.to_string());
    let bar = make("figcaption", "");
    let name = make("span", "language");
    if language.is_empty() {
        say(&name, Word::Code, None);
    } else {
        name.set_text_content(Some(language));
    }
    append(&bar, &name);
    let lower = language.to_ascii_lowercase();
    if PREVIEWED.contains(&&*lower) {
        append(&bar, &button(Word::Preview, "preview"));
    }
    append(&bar, &button(Word::Wrap, "wrap"));
    append(&bar, &button(Word::Copy, "copy"));
    append(&figure, &bar);
    let pre = make("pre", "");
    set(&pre, "tabindex", "0");
    set(&pre, "dir", "ltr");
    let lines = make("code", "");
    append(&pre, &lines);
    append(&figure, &pre);
    add(&lines, code, true);
    let count = code.lines().count();
    if is_whole && count > LONG {
        set(&figure, "class", "code folded");
        let fold = button(Word::ShowLines, "fold");
        set(&fold, "aria-expanded", "false");
        say(&fold, Word::ShowLines, Some(count));
        append(&figure, &fold);
    }
    if !language.is_empty() {
        let colours = Colours {
            language: lower,
            lines,
            sent: 0,
        };
        COLOURS.with_borrow_mut(|all| all.insert(id, colours));
        colour(id, is_whole);
    }
    figure
}

fn button(word: Word, act: &str) -> Element {
    let button = make("button", "button");
    set(&button, "type", "button");
    set(&button, "data-act", act);
    if act == "wrap" || act == "preview" {
        set(&button, "aria-pressed", "false");
    }
    say(&button, word, None);
    button
}

/// Appends code. A line's element is never touched again once the line has ended, so that the
/// browser lays out only the last one.
fn add(lines: &Element, code: &str, begins_line: bool) {
    let mut begins_line = begins_line;
    for piece in code.split_inclusive('\n') {
        if begins_line {
            let line = make("span", "line");
            append(&line, &document().create_text_node(piece));
            append(lines, &line);
        } else if let Some(text) = lines
            .last_element_child()
            .and_then(|line| line.last_child())
            .and_then(|text| text.dyn_into::<web_sys::Text>().ok())
        {
            // Appending to the end of a node can't fail.
            let _ = text.append_data(piece);
        }
        begins_line = true;
    }
}

/// Extends a block whose code has grown; returns false if it has changed in another way.
pub(super) fn change(shown: &web_sys::Node, old: &mut String, new: &str) -> bool {
    let Some(added) = new.strip_prefix(old.as_str()) else {
        return false;
    };
    let Some((id, lines)) = parts(shown) else {
        return false;
    };
    if !added.is_empty() {
        add(&lines, added, old.is_empty() || old.ends_with('\n'));
        old.push_str(added);
        colour(id, false);
    }
    true
}

/// The number of a block, and the element that holds its lines.
fn parts(figure: &web_sys::Node) -> Option<(u32, Element)> {
    let figure = figure.dyn_ref::<Element>()?;
    let id = figure.get_attribute("data-code")?.parse().ok()?;
    Some((id, figure.query_selector("pre > code").ok()??))
}

/// Releases a block that leaves the page.
pub(super) fn forget(shown: &web_sys::Node) {
    if let Some((id, _)) = parts(shown)
        && COLOURS.with_borrow_mut(|all| all.remove(&id)).is_some()
    {
        workers::forget(id);
    }
}

/// Colours the remaining lines of all blocks, which are complete.
pub(super) fn finish_within(container: &Element) {
    let blocks = container.query_selector_all("[data-code]").ok();
    for index in 0..blocks.as_ref().map_or(0, web_sys::NodeList::length) {
        let block = blocks.as_ref().and_then(|blocks| blocks.item(index));
        if let Some((id, _)) = block.as_ref().and_then(parts) {
            colour(id, true);
        }
    }
}

/// Colours the lines that have ended since the last call; at the end, the last one, too.
fn colour(id: u32, is_whole: bool) {
    let todo = COLOURS.with_borrow_mut(|all| {
        let colours = all.get_mut(&id)?;
        let mut lines = Vec::new();
        let mut code = String::new();
        let children = colours.lines.children();
        while let Some(line) = children.item(colours.sent) {
            let text = line.text_content().unwrap_or_default();
            if !is_whole && !text.ends_with('\n') {
                break;
            }
            code += &text;
            lines.push(line);
            colours.sent += 1;
        }
        Some((colours.language.clone(), lines, code))
    });
    if let Some((language, lines, code)) = todo
        && !lines.is_empty()
    {
        workers::highlight(id, &language, &code, move |spans| {
            queue::colour((lines, spans.unwrap_or_default()));
        });
    }
    if is_whole && COLOURS.with_borrow_mut(|all| all.remove(&id)).is_some() {
        workers::forget(id);
    }
}

/// Handles a click on one of the buttons.
pub(super) fn act(button: &Element, act: &str) {
    if act == "table" {
        return super::table::copy(button);
    }
    let Ok(Some(figure)) = button.closest("figure.code") else {
        return;
    };
    let Some((_, lines)) = parts(&figure) else {
        return;
    };
    match act {
        "copy" => {
            // Without the last line's end, with which a shell would run it at once.
            let code = lines.text_content().unwrap_or_default();
            copy(button, code.strip_suffix('\n').unwrap_or(&code));
        }
        "wrap" => {
            let is_wrapped = button.get_attribute("aria-pressed").as_deref() == Some("true");
            set(
                button,
                "aria-pressed",
                if is_wrapped { "false" } else { "true" },
            );
            let _ = figure.class_list().toggle("wrapped");
        }
        "fold" => {
            let is_open = button.get_attribute("aria-expanded").as_deref() == Some("true");
            set(
                button,
                "aria-expanded",
                if is_open { "false" } else { "true" },
            );
            let _ = figure.class_list().toggle("folded");
            if is_open {
                say(
                    button,
                    Word::ShowLines,
                    Some(lines.child_element_count() as usize),
                );
                figure.scroll_into_view_with_bool(true);
            } else {
                button.remove_attribute("data-count").ok();
                say(button, Word::Fold, None);
            }
        }
        "preview" => preview::toggle(button, &figure, &lines),
        _ => {}
    }
}

/// Copies a text, and confirms it on the button for a while.
pub(super) fn copy(button: &Element, text: &str) {
    let (button, text) = (button.clone(), text.to_owned());
    wasm_bindgen_futures::spawn_local(async move {
        if !clipboard::copy(&text).await {
            return;
        }
        say(&button, Word::Copied, None);
        let back = Closure::once_into_js(move || say(&button, Word::Copy, None));
        if let Some(window) = document().default_view() {
            // Without the timer, the word only stays.
            let _ = window
                .set_timeout_with_callback_and_timeout_and_arguments_0(back.unchecked_ref(), 2000);
        }
    });
}
