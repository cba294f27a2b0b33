//! The history and what is stored, as a user looks at them: a program of its own, which the page
//! fetches when one of them is opened.
//!
//! It reads and writes the storage by itself, as another tab would, and tells the page what it has
//! changed: [`desk`].

#![expect(
    clippy::disallowed_methods,
    reason = "like the session, it is where the storage is read and changed"
)]

pub mod desk;
pub mod drawer;
pub mod shelf;

use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

use crate::{
    i18n::I18n,
    json,
    storage::{self, Key, Settings},
};
use drawer::Drawer;
use shelf::Shelf;

/// Shows the part with this name in an element; returns what takes it away again.
pub fn show(part: &str, element: HtmlElement) -> js_sys::Function {
    let part = part.to_owned();
    let shown = mount_to(element, move || {
        let settings = RwSignal::new(settings());
        let shelf = Shelf::open(settings);
        provide_context(shelf);
        let languages = RwSignal::new(shelf::languages());
        I18n::provide(
            move || settings.with(|settings| settings.locale.clone()),
            languages.read_only(),
        );
        match &*part {
            _ => view! { <Drawer /> }.into_any(),
        }
    });
    Closure::once_into_js(move || drop(shown)).unchecked_into()
}

/// What the reader has set, as it is stored.
fn settings() -> Settings {
    let text = storage::text(Key::Settings);
    text.and_then(|text| json::read(&text)).unwrap_or_default()
}
