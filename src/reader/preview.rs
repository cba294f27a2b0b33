//! Previews code as the page, picture or diagram that it describes.
//!
//! The preview runs in an isolated frame: `sandbox` gives it an opaque origin, the content policy
//! of `preview.html` denies it the network, and that of this page denies it navigation.

use js_sys::{Array, JsString, Object};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, Event, HtmlIFrameElement, MessageEvent, Response};

use super::{
    dom::{append, document, make, set},
    words::{Word, say, word},
};
use crate::{assets, number::fixed};

/// The first page of a frame, by its name in the build.
const PREVIEW: &str = "preview.html";

/// Initial height of a frame, in CSS pixels.
const HEIGHT: &str = "384";

/// Minimum and maximum height of a frame, whatever it asks for.
const HEIGHTS: (f64, f64) = (48.0, 640.0);

/// Restricts frames to previews, and gives them the heights that they ask for. Call it once.
pub(super) fn listen() {
    // Code can navigate its own frame, and the address can leak something to a server: this page's
    // own address, too, because its query opens endpoints. So a frame may load only `preview.html`.
    let frame = make("iframe", "");
    set(&frame, "src", &assets::url(PREVIEW));
    let address = frame.unchecked_ref::<HtmlIFrameElement>().src();
    let policy = make("meta", "");
    set(&policy, "http-equiv", "Content-Security-Policy");
    set(&policy, "content", &format!("frame-src {address}"));
    if let Some(head) = document().head() {
        append(&head, &policy);
    }
    let told = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| told(&event));
    if let Some(window) = document().default_view() {
        let _ = window
            .add_event_listener_with_callback("message", told.into_js_value().unchecked_ref());
    }
}

/// Handles a frame's message about its height. Code controls the message, so only a number is
/// accepted.
fn told(event: &MessageEvent) {
    let Some(height) = event.data().as_f64().filter(|height| height.is_finite()) else {
        return;
    };
    let source = event.source().map(JsValue::from).unwrap_or_default();
    let frames = document().query_selector_all("iframe.preview").ok();
    for index in 0..frames.as_ref().map_or(0, web_sys::NodeList::length) {
        let frame = frames.as_ref().and_then(|frames| frames.item(index));
        if let Some(frame) = frame.and_then(|frame| frame.dyn_into::<HtmlIFrameElement>().ok())
            && let Some(window) = frame.content_window()
            && Object::is(&window, &source)
        {
            let (least, most) = HEIGHTS;
            let height = height.clamp(least, most).ceil();
            set(&frame, "height", &fixed(height, 0));
        }
    }
}

/// Toggles the preview below the code.
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
        .unwrap_or_default()
        .to_ascii_lowercase();
    let frame = make("iframe", "preview");
    set(&frame, "sandbox", "allow-scripts");
    set(&frame, "referrerpolicy", "no-referrer");
    set(&frame, "height", HEIGHT);
    set(&frame, "aria-label", "");
    say(&frame, Word::Preview, None);
    let code = lines.text_content().unwrap_or_default();
    let target = frame.clone();
    // Sent once: a page that the code loads in its place gets nothing.
    let mut unsent = Some((language, code));
    let loaded = Closure::<dyn FnMut(Event)>::new(move |_| {
        if let Some((language, code)) = unsent.take() {
            spawn_local(send(target.clone(), language, code));
        }
    });
    let _ = frame.add_event_listener_with_callback("load", loaded.into_js_value().unchecked_ref());
    set(&frame, "src", &assets::url(PREVIEW));
    append(figure, &frame);
}

/// Sends a frame its content, as `preview.html` takes it.
async fn send(frame: Element, language: String, code: String) {
    // The frame has no network: the program for diagrams is fetched here, for each one anew, from
    // the browser's cache.
    let program = if language == "mermaid" {
        mermaid().await
    } else {
        None
    };
    let words = [
        Word::DiagramBroken,
        Word::DiagramMissing,
        Word::PreviewStored,
        Word::PreviewFailed,
        Word::PreviewRefused,
    ]
    .map(|it| JsValue::from(word(it)));
    let message = Array::of5(
        &language.into(),
        &code.into(),
        &is_dark().into(),
        &words.into_iter().collect::<Array>(),
        &program.map_or(JsValue::NULL, JsValue::from),
    );
    let window = frame
        .dyn_ref::<HtmlIFrameElement>()
        .and_then(HtmlIFrameElement::content_window);
    if let Some(window) = window {
        // Its origin is opaque, so it can't be named.
        let _ = window.post_message(&message, "*");
    }
}

/// The program that draws diagrams; `None` if it is missing or out of reach.
async fn mermaid() -> Option<JsString> {
    let address = Some(assets::url("mermaid")).filter(|address| !address.is_empty())?;
    let asked = document().default_view()?.fetch_with_str(&address);
    let response: Response = JsFuture::from(asked).await.ok()?.dyn_into().ok()?;
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    let text: JsString = text.dyn_into().ok()?;
    // Servers of single-page apps answer with the page for missing files.
    (response.ok() && !text.starts_with("<", 0)).then_some(text)
}

/// Returns whether the page is dark.
fn is_dark() -> bool {
    let theme = document()
        .document_element()
        .and_then(|root| root.get_attribute("data-theme"));
    match theme.as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => document()
            .default_view()
            .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok()?)
            .is_some_and(|query| query.matches()),
    }
}
