//! What tabs tell each other: which chats are open, and which cards are answering. See `locks.js`.

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen(module = "/src/storage/locks.js")]
extern "C" {
    #[wasm_bindgen(js_name = hold)]
    fn hold_all(kind: &str, names: Vec<String>);

    #[wasm_bindgen(catch, js_name = anywhere)]
    async fn ask_all(kind: &str, names: Vec<String>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = elsewhere)]
    async fn ask(kind: &str, names: Vec<String>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = released)]
    async fn wait(kind: &str, name: &str) -> Result<JsValue, JsValue>;
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

/// Which of these another tab has; none, where that can't be known.
pub async fn elsewhere(kind: Kind, names: Vec<String>) -> Vec<String> {
    names_in(ask(kind.name(), names).await)
}

/// Which of these any tab has, this one included; none, where that can't be known.
pub async fn anywhere(kind: Kind, names: Vec<String>) -> Vec<String> {
    names_in(ask_all(kind.name(), names).await)
}

fn names_in(found: Result<JsValue, JsValue>) -> Vec<String> {
    let found = found.map(|found| Array::from(&found)).unwrap_or_default();
    found.iter().filter_map(|name| name.as_string()).collect()
}

/// Waits until no tab has it any more.
pub async fn released(kind: Kind, name: &str) {
    // Where it can't be asked for, there is nothing to wait for.
    let _ = wait(kind.name(), name).await;
}
