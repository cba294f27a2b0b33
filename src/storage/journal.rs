//! A second copy of what is written, which survives the end of the browser: see `journal.js`.

use std::cell::RefCell;

use js_sys::Array;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{chat, id::fresh};

#[wasm_bindgen(module = "/src/storage/journal.js")]
extern "C" {
    #[wasm_bindgen(js_name = put)]
    fn keep(key: &str, text: &str);

    /// Forgets a key.
    #[wasm_bindgen(js_name = drop)]
    pub fn forget(key: &str);

    #[wasm_bindgen(js_name = settled)]
    async fn all_settled();

    #[wasm_bindgen(js_name = differing)]
    async fn all_differing() -> wasm_bindgen::JsValue;
}

thread_local! {
    static HELD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what is written under a key, unless what it has there is [held](hold).
pub fn put(key: &str, text: &str) {
    if !HELD.with_borrow(|held| held.iter().any(|held| held == key)) {
        keep(key, text);
    }
}

/// What stands between a key and the page that keeps a text apart under it.
const APART: char = '+';

thread_local! {
    /// What this page calls itself in the journal.
    static PAGE: u64 = fresh::<chat::Id>().bits();
    static KEPT_APART: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn apart(key: &str) -> String {
    PAGE.with(|page| format!("{key}{APART}{page:x}"))
}

/// Keeps a text that is not written under its key, apart from what other tabs keep there: each of
/// them may have words that the others lack.
pub fn put_apart(key: &str, text: &str) {
    keep(&apart(key), text);
    KEPT_APART.with_borrow_mut(|kept| {
        if !kept.iter().any(|kept| kept == key) {
            kept.push(key.to_owned());
        }
    });
}

/// Forgets what this page keeps apart under a key, for it is written now.
pub fn forget_apart(key: &str) {
    let was_kept = KEPT_APART.with_borrow_mut(|kept| {
        let before = kept.len();
        kept.retain(|kept| kept != key);
        kept.len() != before
    });
    if was_kept {
        forget(&apart(key));
    }
}

/// The key to which a key of the journal belongs, and whether the text is kept apart.
pub fn belongs_to(key: &str) -> (&str, bool) {
    match key.split_once(APART) {
        Some((key, _)) => (key, true),
        None => (key, false),
    }
}

/// Holds what is kept under these keys, until it is in the storage again.
pub fn hold(keys: impl Iterator<Item = String>) {
    HELD.set(keys.collect());
}

/// Whether something waits to be brought back.
pub fn is_held() -> bool {
    HELD.with_borrow(|held| !held.is_empty())
}

/// Whatever waited has been brought back.
pub fn let_go() {
    HELD.take();
}

/// Waits until what was put so far is safe, 200 ms at most.
pub async fn settled() {
    all_settled().await;
}

/// What was written, and was not in the storage any more when the page began: keys and their texts.
/// [`belongs_to`] tells what a key is of.
pub async fn differing() -> Vec<(String, String)> {
    let pairs = Array::from(&all_differing().await).into_iter();
    pairs
        .filter_map(|pair| {
            let pair = Array::from(&pair);
            Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
        })
        .collect()
}
