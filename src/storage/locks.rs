//! What tabs tell each other: which chats are open, and which cards are answering. See `locks.js`.

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::*};

#[wasm_bindgen(module = "/src/storage/locks.js")]
extern "C" {
    #[wasm_bindgen(js_name = hold)]
    fn hold_all(kind: &str, names: Vec<String>);

    #[wasm_bindgen(catch, js_name = anywhere)]
    async fn ask_all(kind: &str, names: Vec<String>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = watch)]
    fn watch_with(kind: &str, names: Vec<String>, tell: JsValue);
}

/// What a lock is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An open chat.
    Open,
    /// A card that is answering.
    Answer,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answer => "answer",
        }
    }
}

/// Tells other tabs of these, and of no others of the kind.
pub fn hold(kind: Kind, names: Vec<String>) {
    hold_all(kind.name(), names);
}

/// Tells which of these another tab has, now and whenever one of them is let go of; none, where that
/// can't be known. Who asks again about one takes the place of who asked before.
pub fn watch(kind: Kind, names: Vec<String>, tell: impl Fn(Vec<String>) + 'static) {
    let tell = Closure::<dyn Fn(Vec<String>)>::new(tell);
    watch_with(kind.name(), names, tell.into_js_value());
}

/// Which of these any tab has, this one included; none, where that can't be known.
pub async fn anywhere(kind: Kind, names: Vec<String>) -> Vec<String> {
    let found = ask_all(kind.name(), names).await;
    let found = found.map(|found| Array::from(&found)).unwrap_or_default();
    found.iter().filter_map(|name| name.as_string()).collect()
}
