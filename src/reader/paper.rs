//! Answers on paper: what waits is drawn, and long formulas are made to fit.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, HtmlElement};

use super::{dom::document, queue};

/// Width of a sheet between its margins, in CSS pixels: A4, upright, with margins of 20 mm, less 2 % because letters do
/// not shrink evenly. The browser does not tell the real one before it has laid out the page.
const SHEET: i32 = 630;

pub(super) fn listen() {
    on("beforeprint", || {
        queue::finish();
        for formula in formulas() {
            let width = formula.scroll_width();
            if width > SHEET {
                let size = format!("{}%", SHEET * 100 / width);
                let _ = formula.style().set_property("font-size", &size);
            }
        }
    });
    on("afterprint", || {
        for formula in formulas() {
            let _ = formula.style().remove_property("font-size");
        }
    });
}

fn on(name: &str, act: fn()) {
    let listener = Closure::<dyn FnMut(Event)>::new(move |_| act());
    if let Some(window) = document().default_view() {
        // The listener lives as long as the page.
        let listener = listener.into_js_value();
        let _ = window.add_event_listener_with_callback(name, listener.unchecked_ref());
    }
}

fn formulas() -> impl Iterator<Item = HtmlElement> {
    let found = document().query_selector_all(".maths.display").ok();
    (0..found.as_ref().map_or(0, web_sys::NodeList::length))
        .filter_map(move |index| found.as_ref()?.item(index)?.dyn_into().ok())
}
