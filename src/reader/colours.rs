//! The colours of code on the page.

use std::cell::{Cell, RefCell};

use wasm_bindgen::JsCast;
use web_sys::Element;

use super::dom::{append, document, make};
use crate::highlight::Span;

/// Lines and their coloured spans.
pub(super) type Painting = (Vec<Element>, Vec<Span>);

thread_local! {
    /// Lines to colour once nothing in them is selected.
    static UNPAINTED: RefCell<Vec<Painting>> = const { RefCell::new(Vec::new()) };
    /// True if something is selected; `None` if it must be queried again, which makes the browser
    /// lay out the page.
    static IS_SELECTED: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Colours lines. This would destroy a selection in them, so selected lines wait.
pub(super) fn paint(painting: Painting) {
    let (lines, spans) = &painting;
    let selection = selection();
    let is_selected = |line: &Element| {
        let contains = |selection: &web_sys::Selection| {
            selection.contains_node_with_allow_partial_containment(line, true)
        };
        selection
            .as_ref()
            .is_some_and(|it| contains(it).unwrap_or_default())
    };
    if lines.iter().any(is_selected) {
        UNPAINTED.with_borrow_mut(|waiting| waiting.push(painting));
        return;
    }
    let mut start = 0;
    let mut spans = spans.iter().peekable();
    for line in lines {
        let Some(mut text) = line
            .first_child()
            .and_then(|it| it.dyn_into::<web_sys::Text>().ok())
        else {
            continue;
        };
        let end = start + text.length();
        let mut done = start;
        while let Some(span) = spans.next_if(|span| span.start < end) {
            let (from, to) = (span.start.max(done), span.end.min(end));
            if from >= to {
                continue;
            }
            if from > done {
                let Ok(rest) = text.split_text(from - done) else {
                    break;
                };
                text = rest;
            }
            let rest = text.split_text(to - from).ok();
            let coloured = make("span", span.kind.name());
            let _ = line.replace_child(&coloured, &text);
            append(&coloured, &text);
            done = to;
            match rest {
                Some(rest) => text = rest,
                None => break,
            }
        }
        start = end;
    }
}

/// The selection on the page, if there is one.
fn selection() -> Option<web_sys::Selection> {
    let find = || document().default_view()?.get_selection().ok()?;
    if IS_SELECTED.get().is_none() {
        let is_selected = find().is_some_and(|selection| !selection.is_collapsed());
        IS_SELECTED.set(Some(is_selected));
    }
    IS_SELECTED.get().filter(|is| *is).and_then(|_| find())
}

/// Records that the selection has changed; returns the lines that waited for it.
pub(super) fn selection_changed() -> Vec<Painting> {
    IS_SELECTED.set(None);
    UNPAINTED.take()
}
