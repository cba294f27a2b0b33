//! The form of a card without a model: where the endpoint is, and what it asks for.

use leptos::{ev, html, prelude::*};

use super::dynamic::{flag, part, when, word};
use super::explain::{explain, explain_unconnected};
use crate::{
    chat::card,
    endpoint::{self, EndpointStoreFields, EndpointsStoreFields},
    i18n::{t_string, use_i18n},
    session::{Models, Session, Task, Unconnected},
};

/// Connects a card with an endpoint that is not saved yet, or that lists no models.
#[component]
pub fn Connect(
    id: card::Id,
    endpoint: Memo<Option<endpoint::Id>>,
    models: Memo<Option<Models>>,
    /// Whether the form was asked for; it is closed when the card is connected.
    is_custom: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let base_url = NodeRef::<html::Input>::new();
    let token = NodeRef::<html::Input>::new();
    let model = NodeRef::<html::Input>::new();
    let is_asking = RwSignal::new(false);
    let asking = StoredValue::new(None::<Task>);
    let failed = RwSignal::new(None::<Unconnected>);

    let kept = Memo::new(move |_| {
        let list = session.endpoints().list();
        list.at_key(endpoint.get()?).base_url().try_get()
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        is_asking.set(true);
        failed.set(None);
        let connect = session.connect(id, typed(base_url), typed(token), typed(model));
        // A new question ends the one before, and so does closing the form.
        asking.set_value(Some(Task::start(async move {
            let connected = connect.await;
            is_asking.set(false);
            match connected {
                Ok(()) => is_custom.set(false),
                Err(error) => failed.set(Some(error)),
            }
        })));
    };
    // What is wrong: with what was typed, else with the endpoint that is chosen.
    let problem = Signal::derive(move || {
        if is_asking.get() {
            return None;
        }
        if let Some(failed) = failed.get() {
            return Some(explain_unconnected(i18n, &failed));
        }
        match models.get() {
            _ if is_custom.get() => None,
            Some(Models::Failed(error)) => Some(explain(i18n, &error)),
            _ => None,
        }
    });
    // Nothing is wrong on a first visit: it begins with a welcome.
    let is_first_visit = Memo::new(move |_| session.endpoints().list().read().is_empty());
    let base_url_id = format!("base-url-{id}");
    let token_id = format!("token-{id}");
    let model_id = format!("model-id-{id}");
    view! {
        <form
            class="connect"
            aria-label=word!(i18n, custom_model)
            novalidate
            on:submit=submit
        >
            {part(move || {
                if is_first_visit.get() {
                    view! {
                        <h2>{word!(i18n, welcome_title)}</h2>
                        <p class="hint">{word!(i18n, welcome_hint)}</p>
                    }
                        .into_any()
                } else if !is_custom.get() {
                    view! { <p class="hint">{word!(i18n, no_models)}</p> }.into_any()
                } else {
                    ().into_any()
                }
            })}
            <div class="field">
                <label for=base_url_id.clone()>{word!(i18n, base_url)}</label>
                <input
                    id=base_url_id.clone()
                    type="text"
                    inputmode="url"
                    autocomplete="url"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder="http://localhost:11434/v1"
                    aria-describedby=format!("{base_url_id}-hint")
                    node_ref=base_url
                />
                <small class="hint" id=format!("{base_url_id}-hint")>
                    {Signal::derive(move || match kept.get() {
                        Some(kept) => t_string!(i18n, base_url_kept, url = kept.as_str()).to_string(),
                        None => t_string!(i18n, base_url_hint).to_owned(),
                    })}
                </small>
            </div>
            <div class="field">
                <label for=token_id.clone()>{word!(i18n, token)}</label>
                // A text field drawn as dots: a password field would be offered to the
                // password manager, and is no textbox to assistive technology.
                <input
                    id=token_id.clone()
                    class="secret"
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=format!("{token_id}-hint")
                    node_ref=token
                />
                <small class="hint" id=format!("{token_id}-hint")>{word!(i18n, token_hint)}</small>
            </div>
            <div class="field">
                <label for=model_id.clone()>{word!(i18n, model)}</label>
                <input
                    id=model_id.clone()
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=format!("{model_id}-hint")
                    node_ref=model
                />
                <small class="hint" id=format!("{model_id}-hint")>{word!(i18n, model_hint)}</small>
            </div>
            <p class="problem" role="alert">{problem}</p>
            <div class="connect-buttons">
                <button
                    class="button primary"
                    type="submit"
                    aria-busy=flag(move || is_asking.get())
                >
                    {word!(i18n, refresh)}
                </button>
                // The card goes on with what it had.
                {when(
                    move || is_custom.get() && kept.get().is_some(),
                    move || {
                        view! {
                            <button
                                class="button"
                                type="button"
                                on:click=move |_| is_custom.set(false)
                            >
                                {word!(i18n, cancel)}
                            </button>
                        }
                    },
                )}
                <span class="hint" role="status">
                    {Signal::derive(move || is_asking.get().then(|| t_string!(i18n, refreshing)))}
                </span>
            </div>
        </form>
    }
}

/// What a field holds.
fn typed(field: NodeRef<html::Input>) -> String {
    field
        .get_untracked()
        .map(|field| field.value())
        .unwrap_or_default()
}
