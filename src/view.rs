//! What a user sees. Views read the session's state and call its verbs; they hold no other state
//! than what is open, typed or focused right now.

mod board;
mod card;
mod composer;
mod connect;
mod dynamic;
mod explain;
mod icon;
mod ime;
mod menu;
mod messages;
mod notice;
mod picker;

use leptos::prelude::*;
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    i18n::{I18nContextProvider, Locale, use_i18n},
    session::Session,
};
use board::Board;
use dynamic::{when, word};
use notice::Notices;

/// The whole app: the session, the words and the routes.
#[component]
pub fn App() -> impl IntoView {
    provide_context(Session::open());
    view! {
        <I18nContextProvider>
            <Router>
                <Routes fallback=Page>
                    <Route path=path!("/") view=Page />
                </Routes>
            </Router>
        </I18nContextProvider>
    }
}

#[component]
fn Page() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    // The words follow the settings; without one, the browser's language.
    Effect::new(move |_| {
        let locale = session.settings().with(|settings| settings.locale.clone());
        if let Some(locale) = locale.and_then(|tag| tag.parse().ok()) {
            i18n.set_locale(locale);
        }
    });
    view! {
        <header class="page-header">
            <h1 class="brand">"Collate"</h1>
            {when(move || session.answering() > 1, move || view! {
                <button
                    class="button"
                    title=word!(i18n, stop_all_hint, count = session.answering())
                    on:click=move |_| session.stop_all()
                >
                    {icon::icon(icon::STOP)}
                    {word!(i18n, stop_all)}
                </button>
            })}
            <Language />
        </header>
        <Notices />
        <Board />
    }
}

/// The language of the page. Each language calls itself by its own name.
#[component]
fn Language() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let option = move |locale: Locale, name: &'static str| {
        view! {
            <option
                value=locale.to_string()
                lang=locale.to_string()
                selected=Signal::derive(move || i18n.get_locale() == locale)
            >
                {name}
            </option>
        }
    };
    view! {
        <select
            class="language"
            aria-label=word!(i18n, language)
            on:change:target=move |event| session.set_locale(&event.target().value())
        >
            {option(Locale::en, "English")}
            {option(Locale::ko, "한국어")}
        </select>
    }
}
