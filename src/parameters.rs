//! A card's parameters, its system prompt, its name and its colour. The popover's fields are in a chunk.

use fields::Fields;
use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use crate::{
    chat::{CardStoreFields, card},
    chunk::{Chunk, Missing},
    i18n::use_i18n,
    session::Session,
    ui::{
        dynamic::{derive, effect, flag, memo, on_click, on_key, show, t},
        focus::focus_on,
        icon::{self, icon},
        lazy::lazy,
        menu::close_when_left,
    },
};

mod fields;

/// Renders the fields of a card.
type Draw = fn(card::Id) -> AnyView;

thread_local! {
    pub(crate) static PARAMETERS: Chunk<Draw> = const { Chunk::new(|| Box::pin(parameters())) };
}

#[wasm_split(settings, fallible)]
fn parameters() -> Result<Draw, Missing> {
    Ok(|id| view! { <Fields id /> }.into_any())
}

/// The button that opens a card's parameters, and their popover.
#[component]
pub fn Parameters(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let is_open = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let in_use = memo(move || {
        let params = session.card(id).params().try_read();
        params.is_some_and(|params| params.in_use)
    });
    let place = NodeRef::<html::Div>::new();
    close_when_left(place, is_open);
    let close = move || {
        // The focus goes first: typed text is taken over when its field loses the focus.
        focus_on(button);
        is_open.set(false);
    };
    view! {
        <div
            node_ref=place
            class="popover-place"
            on:keydown=on_key(move |event| {
                let is_escape = event.key() == "Escape" && !event.is_composing();
                if is_escape && is_open.get_untracked() {
                    event.prevent_default();
                    close();
                }
            })
        >
            <button
                node_ref=button
                data-ahead="parameters"
                class="button icon-button"
                class:in-use=derive(move || in_use.get())
                aria-label=t!(i18n, parameters)
                title=t!(i18n, parameters)
                aria-haspopup="dialog"
                aria-expanded=flag(move || is_open.get())
                on:click=on_click(move |_| is_open.update(|open| *open = !*open))
            >
                {icon(icon::PARAMETERS)}
            </button>
            {show(move || is_open.get(), move || view! { <Popover id close=Callback::new(move |()| close()) /> })}
        </div>
    }
}

#[component]
fn Popover(id: card::Id, close: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let popover = NodeRef::<html::Div>::new();
    effect(move || {
        popover.track();
        focus_on(popover);
    });
    view! {
        <div
            node_ref=popover
            class="popover"
            role="dialog"
            aria-label=t!(i18n, parameters)
            tabindex="-1"
        >
            <div class="popover-head">
                <h2>{t!(i18n, parameters)}</h2>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, close)
                    on:click=on_click(move |_| close.run(()))
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <div class="panel">{lazy(&PARAMETERS, move |parameters| parameters(id))}</div>
        </div>
    }
}
