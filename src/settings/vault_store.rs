//! Bindings to `vault.js`.

use wasm_bindgen::{JsValue, prelude::*};

#[wasm_bindgen(module = "/src/settings/vault.js")]
extern "C" {
    #[wasm_bindgen(js_name = begin)]
    pub(super) fn begin_with(holder: &JsValue);

    #[wasm_bindgen(catch)]
    pub(super) async fn create(passphrase: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) async fn unlock(passphrase: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    pub(super) async fn change(passphrase: &str) -> Result<JsValue, JsValue>;

    pub(super) fn lock();

    #[wasm_bindgen(js_name = destroy)]
    pub(super) fn delete();

    #[wasm_bindgen(js_name = idle)]
    pub(super) fn idle_minutes() -> u32;

    #[wasm_bindgen(js_name = setIdle)]
    pub(super) fn set_idle(minutes: u32);

    #[wasm_bindgen(js_name = hasFailed)]
    pub(super) fn has_failed() -> bool;
}
