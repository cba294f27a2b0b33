//! The words drawn around an answer, in the user's language.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::Element;

use super::dom::{document, set};

/// A word, in the order in which the page passes them.
#[derive(Clone, Copy)]
pub(super) enum Word {
    Copy,
    Copied,
    Wrap,
    /// Contains `{count}`.
    ShowLines,
    Fold,
    Preview,
    DiagramBroken,
    DiagramMissing,
    LoadImage,
    Code,
    Note,
    Tip,
    Important,
    Warning,
    Caution,
    BackToText,
    Table,
    CopyMarkdown,
    CopyCsv,
    CopyCells,
    PreviewStored,
    PreviewFailed,
    PreviewRefused,
}

thread_local! {
    static WORDS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Sets the words, and updates those already on the page.
pub fn set_words(words: Vec<String>) {
    WORDS.with_borrow_mut(|known| *known = words);
    let marked = document().query_selector_all("[data-word]").ok();
    for index in 0..marked.as_ref().map_or(0, web_sys::NodeList::length) {
        let element = marked.as_ref().and_then(|marked| marked.item(index));
        let element = element.and_then(|node| node.dyn_into::<Element>().ok());
        if let Some(element) = element {
            let number = |name| element.get_attribute(name)?.parse::<usize>().ok();
            if let Some(word) = number("data-word") {
                say_number(&element, word, number("data-count"));
            }
        }
    }
}

/// The text of a word.
pub(super) fn word(word: Word) -> String {
    WORDS.with_borrow(|words| words.get(word as usize).cloned().unwrap_or_default())
}

/// Puts a word on an element, and updates it when the language changes.
pub(super) fn say(element: &Element, word: Word, count: Option<usize>) {
    set(element, "data-word", &(word as usize).to_string());
    if let Some(count) = count {
        set(element, "data-count", &count.to_string());
    }
    say_number(element, word as usize, count);
}

fn say_number(element: &Element, word: usize, count: Option<usize>) {
    let mut said = WORDS.with_borrow(|words| words.get(word).cloned().unwrap_or_default());
    if let Some(count) = count {
        said = said.replace("{count}", &count.to_string());
    }
    // An element without text of its own gets a label.
    if element.has_attribute("aria-label") {
        set(element, "aria-label", &said);
        set(element, "title", &said);
    } else {
        element.set_text_content(Some(&said));
    }
}
