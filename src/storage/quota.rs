//! The quota of localStorage, and its use.

use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/storage/quota.js")]
extern "C" {
    #[wasm_bindgen(js_name = sizes)]
    fn all_sizes() -> Array;
}

/// Maximum number of UTF-16 units, keys and values, for one origin: 5 MiB of them in Chromium and
/// Firefox. Source: `kPerStorageAreaQuota` of Chromium, `dom.storage.default_quota` of Firefox.
pub const QUOTA: f64 = 5.0 * 1024.0 * 1024.0;

/// Share of the quota above which storage is nearly full.
pub const NEARLY_FULL: f64 = 0.85;

/// The keys with their size in UTF-16 units, values included.
pub fn sizes() -> Vec<(String, f64)> {
    let pairs = all_sizes().into_iter().map(|pair| {
        let pair = Array::from(&pair);
        Some((pair.get(0).as_string()?, pair.get(1).as_f64()?))
    });
    pairs.flatten().collect()
}

/// Returns whether storage is nearly full.
pub fn is_nearly_full() -> bool {
    let taken: f64 = sizes().into_iter().map(|(_, size)| size).sum();
    taken > NEARLY_FULL * QUOTA
}
