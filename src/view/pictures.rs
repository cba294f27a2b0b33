//! The hint beside pictures in a draft that the card's model takes none, if that is known. Servers that
//! report it at a URL of their own get a request only now.

use js_sys::{Array, Promise};
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_split_helpers::wasm_split;

use crate::{
    chat::card,
    chunk::{Chunk, Missing},
    endpoint::{Endpoint, Server, server::Capabilities},
    i18n::use_i18n,
    library::Library,
    session::Session,
    storage::keys,
    ui::dynamic::{effect, memo, show, t},
};

#[wasm_bindgen(module = "/src/view/pictures.js")]
extern "C" {
    fn sees(url: &str, model: &str, headers: Array) -> Promise;
}

/// Renders the hint on pictures in a card.
type Draw = fn(card::Id) -> AnyView;

thread_local! {
    pub(crate) static PICTURES: Chunk<Draw> = const { Chunk::new(|| Box::pin(pictures())) };
}

#[wasm_split(actions, fallible)]
fn pictures() -> Result<Draw, Missing> {
    Ok(|id| view! { <Pictures id /> }.into_any())
}

/// The hint that a card's model takes no pictures.
#[component]
pub fn Pictures(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let session = expect_context::<Session>();
    let asked = memo(move || {
        let (endpoint, model) = session.target(id)?;
        library.follow_models();
        let (_, sees) = library.details(endpoint, &model);
        Some((endpoint, model, sees))
    });
    let is_blind = RwSignal::new(false);
    effect(move || {
        let now = asked.get();
        let Some((endpoint, model, sees)) = &now else {
            return is_blind.set(false);
        };
        is_blind.set(*sees == Some(false));
        let server = library.server(*endpoint);
        let endpoint = untrack(|| library.endpoint(*endpoint));
        let question = endpoint.and_then(|endpoint| question(&endpoint, server, model));
        if let (None, Some(question)) = (sees, question) {
            spawn_local(async move {
                let told = JsFuture::from(question).await;
                let is_told_blind = told.is_ok_and(|told| told == JsValue::FALSE);
                // Another model may have been chosen meanwhile, or the picture removed.
                if asked.try_get_untracked() == Some(now) {
                    is_blind.try_set(is_told_blind);
                }
            });
        }
    });
    show(
        move || is_blind.get(),
        move || {
            view! { <p class="hint" role="status">{t!(i18n, blind_model)}</p> }
        },
    )
}

/// Sends a request to the server, if it is one that reports it.
#[expect(
    clippy::disallowed_methods,
    reason = "this function sends a request, which needs the headers"
)]
fn question(endpoint: &Endpoint, server: Server, model: &str) -> Option<Promise> {
    let endpoint = &keys::with_token(endpoint).ok()?;
    // The path is next to `/v1`: at the same server, and no other.
    let base_url = endpoint.base_url.as_str();
    let root = base_url.strip_suffix("/v1").unwrap_or(base_url);
    let Capabilities { path, names_model } = server.capabilities()?;
    let model = if names_model { model } else { "" };
    let headers = endpoint.headers();
    let headers = headers
        .into_iter()
        .map(|(name, value)| Array::of2(&name.into(), &value.into()));
    Some(sees(&format!("{root}/{path}"), model, headers.collect()))
}
