//! The history: all stored chats, in a drawer.

use drawer::Drawer;
use leptos::{html, prelude::*};
use stored_chats::StoredChats;
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    i18n::use_i18n,
    page::PageState,
    ui::{
        dynamic::{effect, on_click, on_key, t},
        focus::{focus, focus_on},
        icon::{self, icon},
        lazy::lazy,
    },
};

mod drawer;
mod layout;
mod row;
pub mod stored_chats;

/// Renders the content of the drawer.
type Draw = fn() -> AnyView;

thread_local! {
    pub(crate) static HISTORY: Chunk<Draw> = const { Chunk::new(|| Box::pin(content())) };
}

#[wasm_split(history, fallible)]
fn content() -> Result<Draw, Missing> {
    Ok(|| {
        StoredChats::provide();
        view! { <Drawer /> }.into_any()
    })
}

/// The drawer with the history.
#[component]
pub fn History() -> impl IntoView {
    let i18n = use_i18n();
    let page = expect_context::<PageState>();
    let drawer = NodeRef::<html::Aside>::new();
    effect(move || {
        drawer.track();
        focus_on(drawer);
    });
    let close = move || {
        page.history.set(false);
        if let Some(button) = document().get_element_by_id("history-button") {
            focus(&wasm_bindgen::JsCast::unchecked_into(button));
        }
    };
    view! {
        <aside
            node_ref=drawer
            class="drawer"
            aria-label=t!(i18n, chat_history)
            tabindex="-1"
            on:keydown=on_key(move |event| {
                let is_escape = event.key() == "Escape" && !event.is_composing();
                if is_escape && !event.default_prevented() {
                    event.prevent_default();
                    close();
                }
            })
        >
            <div class="popover-head">
                <h2>{t!(i18n, chat_history)}</h2>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, close)
                    on:click=on_click(move |_| close())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <div class="panel">{lazy(&HISTORY, |history| history())}</div>
        </aside>
    }
}
