//! The program that shows the history and the settings, fetched when it is looked at: see
//! `collate::panel`.

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

/// The standard library's allocator is 2 kB more to download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {}

/// Why an endpoint gave no answer or no list of models, in the reader's language.
#[wasm_bindgen]
pub fn explain(error: &str) -> String {
    collate::panel::explain(error)
}

/// Shows a part of it in an element; returns what takes it away again.
#[wasm_bindgen]
pub fn show(part: &str, element: HtmlElement) -> js_sys::Function {
    collate::panel::show(part, element)
}
