//! What the programs of this page tell each other of the storage: see `tabs.js`.

use std::cell::RefCell;

use wasm_bindgen::{JsValue, prelude::*};

use super::Key;

#[wasm_bindgen(module = "/src/storage/tabs.js")]
extern "C" {
    #[wasm_bindgen(js_name = listen)]
    fn listen_with(listener: &JsValue);

    #[wasm_bindgen(js_name = tell)]
    fn tell_others(own: &JsValue, key: &str, text: Option<&str>);
}

thread_local! {
    /// This program's own listener, which is not told of what it writes itself.
    static OWN: RefCell<JsValue> = const { RefCell::new(JsValue::UNDEFINED) };
}

/// Hears, as long as the page lasts, of what other programs of it write, and of what other tabs do; no
/// text is of a key that was removed.
pub fn listen(act: impl Fn(Key, Option<String>) + Copy + 'static) {
    let here = move |key: String, text: Option<String>| {
        if let Some(key) = Key::parse(&key) {
            act(key, text);
        }
    };
    let here = Closure::<dyn Fn(String, Option<String>)>::new(here).into_js_value();
    listen_with(&here);
    OWN.set(here);
}

/// Tells the others of what could not be written: on this page, it holds all the same.
pub fn tell(key: Key, text: &str) {
    tell_written(&key.to_string(), Some(text));
}

/// Tells the others of what is written.
pub(super) fn tell_written(key: &str, text: Option<&str>) {
    OWN.with_borrow(|own| tell_others(own, key, text));
}
