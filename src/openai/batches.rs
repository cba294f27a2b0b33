//! Reads a response body in batches: see `batches.js`.

use js_sys::Uint8Array;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::ReadableStream;

#[wasm_bindgen(module = "/src/openai/batches.js")]
extern "C" {
    #[derive(Debug)]
    pub(super) type Batches;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(body: &ReadableStream, pace: f64) -> Batches;

    #[wasm_bindgen(method, catch)]
    pub(super) async fn next(this: &Batches) -> Result<JsValue, JsValue>;

    pub(super) type Batch;

    #[wasm_bindgen(method, getter)]
    pub(super) fn bytes(this: &Batch) -> Option<Uint8Array>;

    #[wasm_bindgen(method, getter)]
    pub(super) fn from(this: &Batch) -> f64;

    #[wasm_bindgen(method, getter)]
    pub(super) fn to(this: &Batch) -> f64;
}
