//! Files, and the browser's storage for this page: see `files.js`.

use wasm_bindgen::{JsValue, prelude::*};
use web_sys::Blob;

#[wasm_bindgen(module = "/src/ui/files.js")]
extern "C" {
    /// Downloads a text as a file of this name and type.
    pub fn download(name: &str, kind: &str, text: &str);

    #[wasm_bindgen(catch, js_name = content)]
    fn content_of(text: &str) -> Result<Blob, JsValue>;

    #[wasm_bindgen(catch, js_name = apart)]
    async fn size_apart() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = persisted)]
    async fn is_persisted() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = persist)]
    async fn ask_to_persist() -> Result<JsValue, JsValue>;
}

/// Converts an attachment from its exported to its stored form; None if it is damaged.
pub fn content(text: &str) -> Option<Blob> {
    content_of(text).ok()
}

/// Number of bytes that the browser stores for this page; None if it does not say.
pub async fn apart() -> Option<f64> {
    size_apart().await.ok()?.as_f64()
}

/// Returns whether the browser deletes nothing by itself.
pub async fn persisted() -> bool {
    is_persisted().await.is_ok_and(|is| is.is_truthy())
}

/// Asks the browser to delete nothing by itself; returns whether it agrees.
pub async fn persist() -> bool {
    ask_to_persist().await.is_ok_and(|is| is.is_truthy())
}
