//! A second copy of written values, which survives the browser being killed: see `journal.js`.

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

    #[wasm_bindgen(js_name = dropAll)]
    fn drop_all(key: &str);

    #[wasm_bindgen(js_name = settled)]
    async fn all_settled();

    #[wasm_bindgen(js_name = differing)]
    async fn all_differing() -> wasm_bindgen::JsValue;
}

thread_local! {
    static HELD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Records the value written under a key, unless the key's recorded value is [held](hold). Returns
/// whether it is recorded.
pub fn put(key: &str, text: &str) -> bool {
    let is_held = HELD.with_borrow(|held| held.iter().any(|held| held == key));
    if !is_held {
        keep(key, text);
    }
    !is_held
}

/// Forgets a key that is deleted, and every page's separate entry for it.
pub fn forget_all(key: &str) {
    KEPT_FOR_PAGE.with_borrow_mut(|kept| kept.retain(|kept| kept != key));
    drop_all(key);
}

/// Separator between a key and the name of the page that has a separate entry for it.
const OF_PAGE: char = '+';

thread_local! {
    /// This page's name in the journal.
    static PAGE: u64 = fresh::<chat::Id>().bits();
    static KEPT_FOR_PAGE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn name_for_page(key: &str) -> String {
    PAGE.with(|page| format!("{key}{OF_PAGE}{page:x}"))
}

/// Records a text that is not written under its key, in a separate entry of this page: each tab's
/// text may have changes that the others lack.
pub fn put_for_page(key: &str, text: &str) {
    keep(&name_for_page(key), text);
    KEPT_FOR_PAGE.with_borrow_mut(|kept| {
        if !kept.iter().any(|kept| kept == key) {
            kept.push(key.to_owned());
        }
    });
}

/// Forgets this page's separate entry for a key, because its text is written now.
pub fn forget_for_page(key: &str) {
    let was_kept = KEPT_FOR_PAGE.with_borrow_mut(|kept| {
        let before = kept.len();
        kept.retain(|kept| kept != key);
        kept.len() != before
    });
    if was_kept {
        forget(&name_for_page(key));
    }
}

/// Returns the storage key of a journal key, and whether it is a separate entry of a page.
pub fn belongs_to(key: &str) -> (&str, bool) {
    match key.split_once(OF_PAGE) {
        Some((key, _)) => (key, true),
        None => (key, false),
    }
}

/// Holds the values of these keys until they are in storage again.
pub fn hold(keys: impl Iterator<Item = String>) {
    HELD.set(keys.collect());
}

/// Returns whether values wait to be restored.
pub fn is_held() -> bool {
    HELD.with_borrow(|held| !held.is_empty())
}

/// Releases the held values, which are restored.
pub fn let_go() {
    HELD.take();
}

/// Waits until all previous values are safe, at most 200 ms.
pub async fn settled() {
    all_settled().await;
}

/// Values that were written but no longer in storage when the page began, as pairs of key and text.
/// [`belongs_to`] returns the storage key.
pub async fn differing() -> Vec<(String, String)> {
    let pairs = Array::from(&all_differing().await).into_iter();
    pairs
        .filter_map(|pair| {
            let pair = Array::from(&pair);
            Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
        })
        .collect()
}
