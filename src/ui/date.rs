//! Dates as the browser writes them.

use wasm_bindgen::JsValue;

/// A moment as the browser writes it.
pub fn date(time: f64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(time))
}

/// How a date is written, as `Intl.DateTimeFormat` has it.
pub fn options<const N: usize>(fields: [(&str, &str); N]) -> js_sys::Object {
    let options = js_sys::Object::new();
    for (name, value) in fields {
        // A field of a new object can be set.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    options
}
