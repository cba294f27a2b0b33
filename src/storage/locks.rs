//! Locks that tell other tabs which chats are open and which cards are answering. See `locks.js`.

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

/// Subject of a lock.
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

/// Holds exactly these locks of a kind, for other tabs to see.
pub fn hold(kind: Kind, names: Vec<String>) {
    hold_all(kind.name(), names);
}

/// Reports which of these another tab holds, now and whenever it releases one; none if that can't
/// be known. A new watch on a name replaces the previous one.
pub fn watch(kind: Kind, names: Vec<String>, tell: impl Fn(Vec<String>) + 'static) {
    let tell = Closure::<dyn Fn(Vec<String>)>::new(tell);
    watch_with(kind.name(), names, tell.into_js_value());
}

/// Returns which of these any tab holds, this one included; none if that can't be known.
pub async fn anywhere(kind: Kind, names: Vec<String>) -> Vec<String> {
    let found = ask_all(kind.name(), names).await;
    let found = found.map(|found| Array::from(&found)).unwrap_or_default();
    found.iter().filter_map(|name| name.as_string()).collect()
}
