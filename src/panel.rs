//! The history, the settings and what is stored, as a user looks at them: a program of its own, which
//! the page fetches when one of them is opened.
//!
//! It reads and writes the storage by itself, as another tab would; the programs of a page tell each
//! other what they write: see [`crate::storage::beside`]. What only the page can do, it asks the page
//! for: [`page`].

#![expect(
    clippy::disallowed_methods,
    reason = "like the session, it is where the storage is read and changed"
)]

mod drawer;
mod files;
mod line;
mod page;
mod params;
mod pictures;
mod room;
mod sent;
mod settings;
mod shelf;
mod transfer;

use leptos::{mount::mount_to, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::HtmlElement;

use crate::{
    i18n::I18n,
    json,
    session::{Library, Unlisted},
    storage::beside,
    view::explain::explain_unlisted,
};
use drawer::Drawer;
use params::Parameters;
use pictures::Pictures;
use sent::Sent;
use settings::Settings;
use shelf::Shelf;

thread_local! {
    /// What all parts share, for as long as the page lasts.
    static SHARED: (Library, Shelf, Heard, I18n) = share();
}

/// Is told whenever the page tells that something has changed.
#[derive(Clone, Copy)]
struct Heard(RwSignal<()>);

fn share() -> (Library, Shelf, Heard, I18n) {
    let owner = Owner::new();
    let shared = owner.with(|| {
        let library = Library::beside(|_, id| page::load_models(id));
        let shelf = Shelf::new();
        let heard = RwSignal::new(());
        beside::listen(move |key, text| {
            library.changed(key, text);
            shelf.changed(key);
        });
        if library.unsaved().is_some() {
            // Nothing can be read from the storage.
            for (key, text) in page::set_there() {
                library.changed(key, text);
            }
        }
        page::listen_always(move || {
            let endpoints = library.endpoints().get_untracked().list;
            let ids = endpoints.iter().map(|endpoint| endpoint.id);
            for (id, models) in ids.filter_map(|id| Some((id, page::models(id)?))) {
                if untrack(|| library.models(id)).as_ref() != Some(&models) {
                    library.know(id, models);
                }
            }
            shelf.look();
            heard.notify();
        });
        let locale = move || library.settings().with(|settings| settings.locale.clone());
        let i18n = I18n::new(locale, library.languages());
        (library, shelf, Heard(heard), i18n)
    });
    // Nothing of it ends before the page does.
    std::mem::forget(owner);
    shared
}

/// Why an endpoint gave no answer or no list of models, which is a [`Unlisted`] as JSON, in the
/// reader's language.
pub fn explain(error: &str) -> String {
    let (.., i18n) = SHARED.with(|shared| *shared);
    let error = json::read::<Unlisted>(error);
    untrack(|| error.map(|error| explain_unlisted(i18n, &error))).unwrap_or_default()
}

/// Shows the part with this name in an element; returns what takes it away again.
pub fn show(part: &str, element: HtmlElement) -> js_sys::Function {
    let part = part.to_owned();
    // Before there is an owner that would take it away with this part.
    let (library, shelf, heard, i18n) = SHARED.with(|shared| *shared);
    let shown = mount_to(element, move || {
        provide_context(library);
        provide_context(shelf);
        provide_context(heard);
        provide_context(i18n);
        let (name, of) = part.split_once(' ').unwrap_or((&part, ""));
        match (name, of.parse()) {
            ("params", Ok(id)) => view! { <Parameters id /> }.into_any(),
            ("pictures", Ok(id)) => view! { <Pictures id /> }.into_any(),
            ("sent", _) => view! { <Sent of=of.to_owned() /> }.into_any(),
            ("settings", _) => view! { <Settings /> }.into_any(),
            _ => view! { <Drawer /> }.into_any(),
        }
    });
    Closure::once_into_js(move || drop(shown)).unchecked_into()
}
