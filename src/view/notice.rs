//! What is said of the whole page: that something can be undone, or is not saved.

use leptos::{html, prelude::*};

use super::{
    card::focus_message,
    dynamic::{part, when, word},
    explain::explain_unsaved,
    icon::{self, icon},
};
use crate::{
    i18n::{t_string, use_i18n},
    session::{Removed, Session},
};

/// The notices, between the page's header and the cards.
#[component]
pub fn Notices() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let dismiss = move |act: fn(Session)| {
        view! {
            <button
                class="button icon-button"
                aria-label=word!(i18n, dismiss)
                on:click=move |_| act(session)
            >
                {icon(icon::CLOSE)}
            </button>
        }
    };
    let unsaved = part(move || {
        let error = session.unsaved()?;
        Some(view! {
            <p class="notice error">
                <span>{explain_unsaved(i18n, error)}</span>
            </p>
        })
    });
    let aside = part(move || {
        let keys = session.aside().get();
        (!keys.is_empty()).then(|| {
            view! {
                <p class="notice error">
                    <span>{t_string!(i18n, aside, keys = keys.join(", ")).to_string()}</span>
                    {dismiss(Session::dismiss_aside)}
                </p>
            }
        })
    });
    let copy = when(
        move || session.is_copy().get(),
        move || {
            view! {
                <p class="notice">
                    <span>{word!(i18n, is_copy)}</span>
                    {dismiss(Session::dismiss_is_copy)}
                </p>
            }
        },
    );
    let undo = NodeRef::<html::Button>::new();
    // A removed card takes the focus with it: then it goes to where that can be undone.
    Effect::new(move |_| {
        if let Some(undo) = undo.get() {
            request_animation_frame(move || {
                let focused = document().active_element();
                if focused.is_none_or(|focused| focused.tag_name() == "BODY") {
                    // A button that is gone again has nothing to offer.
                    let _ = undo.focus();
                }
            });
        }
    });
    let removed = part(move || {
        let words = match session.removed()? {
            Removed::Card { .. } => t_string!(i18n, card_deleted),
            Removed::Turn { .. } => t_string!(i18n, turn_removed),
            Removed::Turns { .. } => t_string!(i18n, chat_cleared),
        };
        Some(view! {
            <p class="notice">
                <span>{words}</span>
                <button class="button" node_ref=undo on:click=move |event| {
                    if let Some(card) = session.undo() {
                        focus_message(card, &event);
                    }
                }>
                    {word!(i18n, undo)}
                </button>
                {dismiss(Session::dismiss_removed)}
            </p>
        })
    });
    view! {
        <div class="notices" role="status">
            {unsaved}
            {aside}
            {copy}
            {removed}
        </div>
    }
}
