//! Addresses of the page's files that are fetched on demand.
//!
//! Their names contain a hash of their content, so all parts come from the same version of the
//! page. The build writes all addresses into the page: see `xtask/src/build.rs`.

use js_sys::{JSON, Reflect};
use leptos::prelude::document;
use wasm_bindgen::JsValue;

thread_local! {
    static MANIFEST: JsValue = {
        let text = document().get_element_by_id("manifest").and_then(|data| data.text_content());
        JSON::parse(&text.unwrap_or_default()).unwrap_or_else(|_| js_sys::Object::new().into())
    };
}

/// The address of a file by its name in the build, relative to the page's base address; empty if
/// this build lacks the file.
///
/// The names are those in `xtask/src/program.rs`: the workers `highlight`, `file`, `pdf`, `office`, `pages` and
/// `import`; `cmaps`, the folder with the maps of characters for PDFs; `device`, the module that runs models here;
/// `preview.html` and, if present, `mermaid` and the worker `maths`.
pub fn url(name: &str) -> String {
    let url = MANIFEST.with(|manifest| Reflect::get(manifest, &name.into()));
    url.ok().and_then(|url| url.as_string()).unwrap_or_default()
}
