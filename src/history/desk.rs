//! What this program asks of the page, and what it is told: see `src/view/desk.js`.

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::*};

use crate::{chat, storage::Key};

#[wasm_bindgen(module = "/src/view/desk.js")]
extern "C" {
    fn ask(verb: &str, argument: &JsValue) -> JsValue;

    fn listen(listener: &Closure<dyn Fn()>);

    fn unlisten(listener: &Closure<dyn Fn()>);
}

/// The chat that the page shows.
pub fn here() -> Option<chat::Id> {
    ask("here", &JsValue::UNDEFINED).as_string()?.parse().ok()
}

/// Has the page save all that is open.
pub fn flush() {
    ask("flush", &JsValue::UNDEFINED);
}

/// Has the page open a chat.
pub fn open(id: chat::Id) {
    ask("open", &id.to_string().into());
}

/// Has the page end a chat that is about to be deleted.
pub fn end(id: chat::Id) {
    ask("end", &id.to_string().into());
}

/// Tells the page what was changed in the storage; no text is one that was removed.
pub fn changed(values: &[(Key, Option<String>)]) {
    let pairs = values
        .iter()
        .map(|(key, text)| Array::of2(&key.to_string().into(), &text.clone().into()));
    ask("changed", &pairs.collect::<Array>());
}

/// Has the page offer to put back what was removed.
pub fn removed(values: Vec<(String, String)>) {
    let pairs = values
        .into_iter()
        .map(|(key, text)| Array::of2(&key.into(), &text.into()));
    ask("removed", &pairs.collect::<Array>());
}

/// Is called when the page has changed the history, or shows another chat, until it is dropped.
pub struct Listener(Closure<dyn Fn()>);

impl Listener {
    /// Begins to listen.
    pub fn new(act: impl Fn() + 'static) -> Self {
        let listener = Self(Closure::new(act));
        listen(&listener.0);
        listener
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        unlisten(&self.0);
    }
}
