//! Looks at code as what it describes: a page, a picture or a diagram.
//!
//! It is shown in a frame of its own that can reach nothing: `sandbox` gives it an origin that is
//! nobody's, and the content policy of `preview.html` no network.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, Event, HtmlIFrameElement};

use super::{
    element::append,
    make, set,
    words::{Word, word},
};

/// Shows the preview below the code, or takes it away.
pub(super) fn toggle(button: &Element, figure: &Element, lines: &Element) {
    let frame = figure.query_selector("iframe").ok().flatten();
    set(
        button,
        "aria-pressed",
        if frame.is_some() { "false" } else { "true" },
    );
    if let Some(frame) = frame {
        return frame.remove();
    }
    let language = figure
        .query_selector(".language")
        .ok()
        .flatten()
        .and_then(|name| name.text_content())
        .unwrap_or_default();
    let frame = make("iframe", "preview");
    set(&frame, "sandbox", "allow-scripts");
    set(&frame, "referrerpolicy", "no-referrer");
    set(&frame, "title", &word(Word::Preview));
    let code = lines.text_content().unwrap_or_default();
    let target = frame.clone();
    let is_sent = std::cell::Cell::new(false);
    let loaded = Closure::<dyn FnMut(Event)>::new(move |_| {
        // Once: what the code has loaded in its place gets nothing.
        if is_sent.replace(true) {
            return;
        }
        let window = target
            .dyn_ref::<HtmlIFrameElement>()
            .and_then(HtmlIFrameElement::content_window);
        let message = js_sys::Array::of2(
            &JsValue::from_str(&language.to_ascii_lowercase()),
            &JsValue::from_str(&code),
        );
        if let Some(window) = window {
            // Its origin is nobody's, so it can't be named.
            let _ = window.post_message(&message, "*");
        }
    });
    let _ = frame.add_event_listener_with_callback("load", loaded.into_js_value().unchecked_ref());
    set(&frame, "src", "preview.html");
    append(figure, &frame);
}
