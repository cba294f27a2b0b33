//! A card: its pickers and buttons, its messages, its input.

use leptos::{ev, prelude::*};

use super::{attachments, composer::Composer, grip::Grip, messages::Messages, more::CardMenu};
use crate::{
    chat::{CardStoreFields, card},
    connect::Connect,
    endpoint,
    i18n::{t_string, use_i18n},
    library::Models,
    page::PageState,
    parameters::Parameters,
    session::Session,
    ui::{
        dynamic::{derive, effect, flag, memo, on_click, show, t},
        explain::Words,
        focus::{focus_input, focus_message},
        icon::{self, icon},
        picker::{Choice, Picker},
    },
};

/// A chat with one model.
#[component]
pub fn CardView(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let library = session.library();
    let card = session.card(id);
    let number = memo(move || session.place(id) + 1);
    let endpoint = memo(move || card.endpoint().try_get().flatten());
    let model = memo(move || card.model().try_get().flatten());
    let models = memo(move || library.models(endpoint.get()?));
    let name = memo(move || card.name().try_get().unwrap_or_default());
    let synced = memo(move || card.synced().try_get().unwrap_or_default());
    let page = expect_context::<PageState>();
    if untrack(|| session.proposed(id)).is_some() {
        page.ask_for(id, true);
    }
    on_cleanup(move || page.ask_for(id, false));
    let custom = memo(move || page.is_custom(id));
    let is_saved = memo(move || {
        endpoint
            .get()
            .is_some_and(|id| library.endpoints().read().find(id).is_some())
    });
    let is_on_device = memo(move || {
        let endpoint = endpoint.get().and_then(|id| library.endpoint(id));
        endpoint.is_some_and(|endpoint| endpoint.base_url.is_on_device())
    });
    // While a list loads, the form stays, with its typed text.
    let needs_form = Memo::new(move |before: Option<&bool>| {
        let is_unlisted = || match models.get() {
            Some(Models::Unlisted(_)) => true,
            Some(Models::Listed(listed)) => listed.is_empty(),
            Some(Models::Loading) => before == Some(&true),
            None => false,
        };
        custom.get() || !is_saved.get() || model.get().is_none() && is_unlisted()
    });
    // The form can be closed where there is something else to see: a model that is chosen, or messages.
    let is_closed = RwSignal::new(false);
    let has_turns = memo(move || {
        card.turns()
            .try_read()
            .is_some_and(|turns| !turns.is_empty())
    });
    let shows_form = memo(move || needs_form.get() && (custom.get() || !is_closed.get()));
    let can_close = memo(move || has_turns.get() || custom.get() && is_saved.get());
    let close = Callback::new(move |()| {
        is_closed.set(true);
        page.ask_for(id, false);
        focus_input(id);
    });
    effect(move || {
        if !needs_form.get() {
            is_closed.set(false);
        }
    });
    // True if files are dragged over the card.
    let is_target = RwSignal::new(false);
    view! {
        <section
            class="card"
            class:drop-target=is_target
            data-drop=t!(i18n, drop_here)
            on:dragover=move |event| {
                if attachments::has_files(&event) {
                    event.prevent_default();
                    is_target.set(true);
                }
            }
            on:dragleave=move |event| {
                if attachments::has_left(&event) {
                    is_target.set(false);
                }
            }
            on:drop=move |event| {
                is_target.set(false);
                attachments::on_drop(&session, id, &event);
            }
            id=format!("card-{id}")
            aria-label=t!(i18n, card, number = number.get())
            data-colour=derive(move || match card.colour().try_get().unwrap_or_default() {
                0 => None,
                colour => Some(colour.to_string()),
            })
        >
            <header class="card-header">
                <Grip id />
                <EndpointPicker id endpoint custom />
                <ModelPicker id endpoint model models />
                <div class="card-buttons">
                    <button
                        class="button icon-button"
                        aria-label=t!(i18n, sync_input)
                        aria-pressed=flag(move || synced.get())
                        title=derive(move || {
                            if synced.get() {
                                t_string!(i18n, sync_on)
                            } else {
                                t_string!(i18n, sync_off)
                            }
                        })
                        on:click=on_click(move |_| session.toggle_sync(id))
                    >
                        {icon(icon::SYNC)}
                    </button>
                    <Parameters id />
                    <button
                        class="button icon-button"
                        aria-label=t!(i18n, compare)
                        title=t!(i18n, compare_hint)
                        on:click=on_click(move |event| {
                            show_card(session.add_card(id), &event);
                        })
                    >
                        {icon(icon::COMPARE)}
                    </button>
                    <CardMenu id number />
                </div>
            </header>
            {show(move || name.with(|name| !name.is_empty()), move || view! {
                <p class="card-name" dir="auto">{derive(move || name.get())}</p>
            })}
            {show(
                move || shows_form.get(),
                move || view! { <div class="panel"><Connect id can_close close /></div> },
            )}
            {show(
                move || needs_form.get() && !shows_form.get(),
                move || view! {
                    <p class="panel-closed">
                        <button class="button" on:click=on_click(move |_| is_closed.set(false))>
                            {t!(i18n, connect_card)}
                        </button>
                    </p>
                },
            )}
            <Messages id is_connecting=needs_form />
            <Composer id model models />
            {show(
                move || is_on_device.get() && !needs_form.get(),
                move || view! { <p class="hint device-note">{t!(i18n, device_note)}</p> },
            )}
        </section>
    }
}

/// Scrolls a new card into view. After a key press, its input takes the focus.
fn show_card(id: card::Id, event: &ev::MouseEvent) {
    focus_message(id, event);
    request_animation_frame(move || {
        let Some(card) = document().get_element_by_id(&format!("card-{id}")) else {
            return;
        };
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        card.scroll_into_view_with_scroll_into_view_options(&options);
    });
}

/// Value of the option that opens the form.
const CUSTOM: &str = "custom";

#[component]
fn EndpointPicker(
    id: card::Id,
    endpoint: Memo<Option<endpoint::Id>>,
    custom: Memo<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let page = expect_context::<PageState>();
    let library = session.library();
    let shown = derive(move || {
        if custom.get() {
            return t_string!(i18n, custom_model_option).to_owned();
        }
        endpoint.get().map_or_else(String::new, |id| {
            let endpoint = library.endpoint(id);
            endpoint.map_or_else(
                || t_string!(i18n, endpoint_deleted).to_owned(),
                |endpoint| endpoint.name,
            )
        })
    });
    let choices = memo(move || {
        let endpoints = library.endpoints();
        let endpoints = endpoints.read();
        let saved = endpoints.list.iter().map(|endpoint| Choice {
            value: endpoint.id.to_string(),
            label: endpoint.name.clone(),
            note: Some(endpoint.base_url.as_str().to_owned()),
            pinned: false,
        });
        let custom = Choice {
            value: CUSTOM.to_owned(),
            label: t_string!(i18n, custom_model_option).to_owned(),
            note: None,
            pinned: true,
        };
        saved.chain([custom]).collect()
    });
    let pick = move |value: String| {
        page.ask_for(id, value == CUSTOM);
        if value == CUSTOM {
            return;
        }
        let endpoints = library.endpoints();
        let picked = endpoints
            .read_untracked()
            .list
            .iter()
            .map(|saved| saved.id)
            .find(|id| id.to_string() == value);
        if let Some(picked) = picked {
            session.pick_endpoint(id, picked);
        }
    };
    view! {
        <Picker
            name=format!("endpoint-{id}")
            label=t!(i18n, endpoint)
            placeholder=t!(i18n, choose_endpoint)
            shown
            chosen=derive(move || match endpoint.get() {
                Some(id) if !custom.get() => id.to_string(),
                _ => CUSTOM.to_owned(),
            })
            choices
            status=derive(|| None)
            on_open=Callback::new(|()| ())
            on_pick=Callback::new(pick)
        />
    }
}

#[component]
fn ModelPicker(
    id: card::Id,
    endpoint: Memo<Option<endpoint::Id>>,
    model: Memo<Option<String>>,
    models: Memo<Option<Models>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let words = expect_context::<Words>();
    let library = session.library();
    let choices = memo(move || {
        let listed = match models.get() {
            Some(Models::Listed(listed)) => listed,
            _ => Vec::new(),
        };
        // Recently used models come first; the rest keep the endpoint's order.
        let recent = endpoint
            .get()
            .map_or_else(Vec::new, |id| library.recent(id));
        let first = recent.iter().filter(|model| listed.contains(model));
        let rest = listed.iter().filter(|model| !recent.contains(model));
        let choice = |label: String, note| Choice {
            value: label.clone(),
            label,
            note,
            pinned: false,
        };
        // A model that is no longer listed stays chosen, with a note.
        let missing = model.get().filter(|model| !listed.contains(model));
        let is_listed = matches!(models.get(), Some(Models::Listed(_)));
        let note = is_listed.then(|| t_string!(i18n, not_listed).to_owned());
        let missing = missing.map(|model| choice(model, note));
        let used = || Some(t_string!(i18n, used_recently).to_owned());
        let first = first.map(|model| choice(model.clone(), used()));
        let rest = rest.map(|model| choice(model.clone(), None));
        missing.into_iter().chain(first).chain(rest).collect()
    });
    let has_more = move || {
        endpoint
            .get()
            .is_some_and(|endpoint| library.has_more_models(endpoint))
    };
    let status = derive(move || match models.get()? {
        Models::Loading => Some(t_string!(i18n, loading_models).to_owned()),
        Models::Unlisted(unlisted) => Some(words.explain(&unlisted)),
        Models::Listed(listed) if listed.is_empty() => Some(t_string!(i18n, no_models).to_owned()),
        Models::Listed(_) if has_more() => Some(t_string!(i18n, more_models).to_owned()),
        Models::Listed(_) => None,
    });
    // A list that failed is requested again when the picker opens.
    let on_open = move |()| {
        if let (Some(endpoint), Some(Models::Unlisted(_)) | None) =
            (endpoint.get_untracked(), models.get_untracked())
        {
            library.load_models(endpoint);
        }
    };
    view! {
        <Picker
            name=format!("model-{id}")
            label=t!(i18n, model)
            placeholder=t!(i18n, choose_model)
            shown=derive(move || model.get().unwrap_or_default())
            chosen=derive(move || model.get().unwrap_or_default())
            choices
            status
            on_open=Callback::new(on_open)
            on_pick=Callback::new(move |model| session.pick_model(id, model))
        />
    }
}
