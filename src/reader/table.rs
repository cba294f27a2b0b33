//! Tables, and their buttons for copying.

use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
use web_sys::Element;

use crate::markdown::{Node, Tag};

use super::{
    code,
    dom::{append, make, set},
    words::{Word, say, word},
};

#[wasm_bindgen(module = "/src/reader/copying.js")]
extern "C" {
    pub(super) fn listen();

    #[wasm_bindgen(js_name = table)]
    fn text(table: &Element, format: &str) -> String;
}

/// Formats in which a table is copied, by their names in `copying.js`.
const FORMATS: [(&str, Word); 3] = [
    ("markdown", Word::CopyMarkdown),
    ("csv", Word::CopyCsv),
    ("cells", Word::CopyCells),
];

/// Creates an empty table: its body in the table, that in what scrolls, and that beside the buttons.
pub(super) fn frame() -> Element {
    let frame = make("div", "table-frame");
    let scroll = make("div", "table");
    set(&scroll, "tabindex", "0");
    set(&scroll, "role", "group");
    set(&scroll, "aria-label", &word(Word::Table));
    let table = make("table", "");
    append(&table, &make("tbody", ""));
    append(&scroll, &table);
    append(&frame, &scroll);
    let copy = make("details", "table-copy");
    let summary = make("summary", "button");
    say(&summary, Word::Copy, None);
    append(&copy, &summary);
    for (format, word) in FORMATS {
        let button = make("button", "button");
        set(&button, "type", "button");
        set(&button, "data-act", "table");
        set(&button, "data-format", format);
        say(&button, word, None);
        append(&copy, &button);
    }
    append(&frame, &copy);
    frame
}

/// Number of characters from which a cell's text keeps a least width.
const LONG: usize = 32;

/// Marks a cell that has a long text: in a narrow card the table scrolls rather than squeeze it.
pub(super) fn fit(element: &Element, tag: &Tag, parts: &[Node]) {
    if matches!(tag, Tag::HeadCell(_) | Tag::Cell(_)) {
        let mut words = String::new();
        for part in parts {
            part.words(&mut words);
        }
        let is_long = words.chars().nth(LONG).is_some();
        let _ = element.toggle_attribute_with_force("data-long", is_long);
    }
}

/// Copies the table that a button belongs to.
pub(super) fn copy(button: &Element) {
    let frame = button.closest(".table-frame").ok().flatten();
    let table = frame
        .as_ref()
        .and_then(|frame| frame.query_selector("table").ok().flatten());
    let Some((frame, table)) = frame.zip(table) else {
        return;
    };
    let format = button.get_attribute("data-format").unwrap_or_default();
    // The summary says that it is done.
    if let Ok(Some(summary)) = frame.query_selector("summary") {
        code::copy(&summary, &text(&table, &format));
        if let Some(summary) = summary.dyn_ref::<web_sys::HtmlElement>() {
            let _ = summary.focus();
        }
    }
    if let Ok(Some(details)) = frame.query_selector("details") {
        let _ = details.remove_attribute("open");
    }
}
