//! Handling of traps in the page's program: see `fault.js`.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;

use crate::i18n::{I18n, t_string};

#[wasm_bindgen(module = "/src/fault.js")]
extern "C" {
    #[wasm_bindgen(js_name = watch)]
    fn watch_with(save: &JsValue);

    #[wasm_bindgen(js_name = setWords)]
    fn set_words(words: Vec<String>);

    /// Reports that the program has ended.
    pub fn fail();

    /// The card that the user was typing in when the page failed.
    #[wasm_bindgen(js_name = typedIn)]
    pub fn typed_in() -> Option<String>;

    /// Returns a card's draft from when the page failed, once.
    #[wasm_bindgen(js_name = takeDraft)]
    pub fn take_draft(card: &str) -> Option<String>;
}

/// Watches the page as long as it lasts. On failure, saves what is open, if possible, and tells the
/// user in words that depend on whether something is unsaved.
pub fn watch(i18n: I18n, save: impl Fn() + 'static, is_unsaved: impl Fn() -> bool + 'static) {
    watch_with(&Closure::<dyn Fn()>::new(save).into_js_value());
    Effect::new(move |_| {
        let words = [
            t_string!(i18n, fault_title),
            if is_unsaved() {
                t_string!(i18n, fault_unsaved)
            } else {
                t_string!(i18n, fault_text)
            },
            t_string!(i18n, reload),
        ];
        set_words(words.map(str::to_owned).to_vec());
    });
}
