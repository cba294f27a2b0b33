//! The history, the settings, what is stored, and the way to an endpoint, as a user looks at them: a
//! program of its own, which the page fetches when one of them is shown.
//!
//! It reads and writes the storage by itself, as another tab would; the programs of a page tell each
//! other what they write: see [`crate::storage::beside`]. What only the page can do, it asks the page
//! for: [`page`].

#![expect(
    clippy::disallowed_methods,
    reason = "like the session, it is where the storage is read and changed"
)]

mod connect;
mod device;
mod doctor;
mod drawer;
mod files;
pub(crate) mod keep;
mod line;
mod local;
mod page;
mod params;
mod pictures;
mod room;
mod sent;
mod settings;
mod shelf;
mod suggest;
mod transfer;
mod vault;
mod visit;

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
use connect::Connect;
use device::{Note, OnDevice};
use doctor::Doctor;
use drawer::Drawer;
use params::Parameters;
use pictures::Pictures;
use sent::Sent;
use settings::Settings;
use shelf::Shelf;
use vault::Vault;

thread_local! {
    /// What all parts share, for as long as the page lasts.
    static SHARED: (Library, Shelf, Heard, I18n) = share();
}

/// Is told whenever the page tells that something has changed.
#[derive(Clone, Copy)]
struct Heard(RwSignal<()>);

fn share() -> (Library, Shelf, Heard, I18n) {
    vault::begin();
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
        let mut words = part.splitn(3, ' ');
        let (name, id) = (words.next().unwrap_or_default(), words.next());
        let card = id.and_then(|id| id.parse().ok());
        match (name, card) {
            ("params", Some(id)) => view! { <Parameters id /> }.into_any(),
            ("pictures", Some(id)) => view! { <Pictures id /> }.into_any(),
            ("connect", Some(id)) => view! { <Connect id /> }.into_any(),
            ("note", _) => view! { <Note /> }.into_any(),
            ("doctor", _) => {
                let id = id.and_then(|id| id.parse().ok());
                // There is no connection to look at.
                let endpoint = id.and_then(|id| untrack(|| library.endpoint(id)));
                if endpoint.is_some_and(|endpoint| endpoint.base_url.is_on_device()) {
                    return view! { <OnDevice /> }.into_any();
                }
                let model = words.next().map(str::to_owned);
                view! { <Doctor id model /> }.into_any()
            }
            ("sent", Some(card)) => {
                let turn = words.next().and_then(|id| id.parse().ok());
                turn.map(|turn| view! { <Sent card turn /> }).into_any()
            }
            ("vault", _) => view! { <Vault is_dialog=true /> }.into_any(),
            ("settings", _) => view! { <Settings /> }.into_any(),
            _ => view! { <Drawer /> }.into_any(),
        }
    });
    Closure::once_into_js(move || drop(shown)).unchecked_into()
}
