//! The program that packs, unpacks and merges chats, as the page uses it: see [`crate::archive`].

use wasm_bindgen::{JsValue, prelude::*};

#[wasm_bindgen(module = "/src/storage/packer.js")]
extern "C" {
    #[wasm_bindgen(js_name = begin)]
    fn begin_with(version: &str, open: JsValue);

    #[wasm_bindgen(catch, js_name = load)]
    async fn fetch(version: &str) -> Result<JsValue, JsValue>;

    /// A chat's text, packed; None while the program is not there.
    pub fn pack(text: &str) -> Option<String>;

    /// The text of a packed chat; None where it is damaged, or while the program is not there.
    pub fn unpack(text: &str) -> Option<String>;

    /// One text of two copies of a chat; None where one can't be read, or while the program is not
    /// there.
    pub fn merge(mine: &str, theirs: &str) -> Option<String>;

    /// The keys of what could not be read, and was put aside, before the page began.
    pub fn aside() -> Vec<String>;

    /// Whether the storage is nearly full.
    #[wasm_bindgen(js_name = isNearlyFull)]
    pub fn is_nearly_full() -> bool;

    /// What was brought back before the page began, and could not be written: keys and their texts in
    /// turn.
    pub fn held() -> Vec<String>;

    /// Whether any chat is stored.
    #[wasm_bindgen(js_name = hasChats)]
    pub fn has_chats() -> bool;

    #[wasm_bindgen(catch, js_name = tidy)]
    async fn tidy_all() -> Result<JsValue, JsValue>;
}

/// Fetches the program, if it is not there yet; returns whether it is.
pub async fn load() -> bool {
    fetch(env!("PROGRAMS")).await.is_ok()
}

/// Brings what is not in the storage into it, before it is read; then opens the page.
pub fn begin(open: fn()) {
    begin_with(env!("PROGRAMS"), Closure::once_into_js(open));
}

/// Packs the chats that no tab has open.
pub async fn tidy() {
    let _ = tidy_all().await;
}
