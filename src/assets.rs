//! Where the files of the page are that are fetched when they are needed.
//!
//! Their names have a hash of what is in them, so no part comes from another version of the page than
//! the rest. The build writes all of them into the page: see `xtask/src/build.rs`.

use js_sys::{JSON, Reflect};
use leptos::prelude::document;
use wasm_bindgen::JsValue;

thread_local! {
    static MANIFEST: JsValue = {
        let text = document().get_element_by_id("manifest").and_then(|data| data.text_content());
        JSON::parse(&text.unwrap_or_default()).unwrap_or_else(|_| js_sys::Object::new().into())
    };
}

/// The address of what the build calls so, from the page's base address; empty where this build does
/// not have it.
///
/// The names are those in `xtask/src/program.rs`: the workers `highlight`, `maths`, `file` and `pdf`;
/// `device`, the module that runs models here; `preview.html` and, where it is there, `mermaid`.
pub fn url(name: &str) -> String {
    let url = MANIFEST.with(|manifest| Reflect::get(manifest, &name.into()));
    url.ok().and_then(|url| url.as_string()).unwrap_or_default()
}
