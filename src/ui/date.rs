//! Dates as the browser formats them.

use wasm_bindgen::JsValue;

/// The browser's date for a time.
pub fn date(time: f64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(time))
}

/// Options of a date's format, as for `Intl.DateTimeFormat`.
pub fn options<const N: usize>(fields: [(&str, &str); N]) -> js_sys::Object {
    let options = js_sys::Object::new();
    for (name, value) in fields {
        // Setting a new object's field can't fail.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    options
}
