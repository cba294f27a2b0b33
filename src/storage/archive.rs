//! The program that packs, unpacks and merges chats, as the page uses it: see [`crate::archive`].

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen(module = "/src/storage/packer.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = load)]
    async fn fetch(version: &str) -> Result<JsValue, JsValue>;

    /// A chat's text, packed; None while the program is not there.
    pub fn pack(text: &str) -> Option<String>;

    /// The text of a packed chat; None where it is damaged, or while the program is not there.
    pub fn unpack(text: &str) -> Option<String>;

    /// One text of two copies of a chat; None where one can't be read, or while the program is not
    /// there.
    pub fn merge(mine: &str, theirs: &str) -> Option<String>;

    #[wasm_bindgen(catch, js_name = restore)]
    async fn restore_all() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = tidy)]
    async fn tidy_all() -> Result<JsValue, JsValue>;
}

/// Fetches the program, if it is not there yet; returns whether it is.
pub async fn load() -> bool {
    fetch(env!("PROGRAMS")).await.is_ok()
}

/// Brings what is not in the storage into it, before it is read: what an older version has written, and
/// what was lost when the browser ended.
pub async fn catch_up() {
    if (super::is_old() || !super::journal::differing().await.is_empty()) && load().await {
        restore().await;
    }
}

/// Brings what was written by an older version, or was lost with the browser, into the storage.
pub async fn restore() {
    // What it could not do is left as it is, for the next time.
    let _ = restore_all().await;
}

/// Packs the chats that no tab has open.
pub async fn tidy() {
    let _ = tidy_all().await;
}
