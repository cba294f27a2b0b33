//! The room that a browser gives this page in localStorage, and what takes it.

use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/storage/quota.js")]
extern "C" {
    #[wasm_bindgen(js_name = sizes)]
    fn all_sizes() -> Array;
}

/// As many UTF-16 units, keys and values, a browser gives one origin: 5 MiB of them in Chromium and
/// Firefox. Source: `kPerStorageAreaQuota` of Chromium, `dom.storage.default_quota` of Firefox.
pub const MOST: f64 = 5.0 * 1024.0 * 1024.0;

/// The part of it from which on the storage is nearly full.
pub const NEARLY: f64 = 0.85;

/// The keys, and how many UTF-16 units each takes with its value.
pub fn sizes() -> Vec<(String, f64)> {
    let pairs = all_sizes().into_iter().map(|pair| {
        let pair = Array::from(&pair);
        Some((pair.get(0).as_string()?, pair.get(1).as_f64()?))
    });
    pairs.flatten().collect()
}

/// Whether the storage is nearly full.
pub fn is_nearly_full() -> bool {
    let taken: f64 = sizes().into_iter().map(|(_, size)| size).sum();
    taken > NEARLY * MOST
}
