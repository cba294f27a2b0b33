//! What a turn and its answer share.

use leptos::prelude::*;

use crate::{
    chat::{card, turn},
    i18n::use_i18n,
    session::{InFlight, Session},
    ui::{
        dynamic::{on_click, show, t},
        focus::focus_message,
    },
};

/// Where a turn stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TurnState {
    /// Its answer is on its way.
    Answering,
    /// Another answer of the card comes first.
    Queued,
    /// Nothing is on its way to answer it.
    Unanswered,
    /// It has an answer, and no other on its way.
    Answered,
}

/// The button that has the question asked again.
#[component]
pub fn Retry(card: card::Id, id: turn::Id, in_flight: Memo<Option<InFlight>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        {show(
            move || in_flight.with(Option::is_none) && session.can_ask(card),
            move || view! {
                <button class="button" on:click=on_click(move |event| {
                    session.retry(card, id);
                    focus_message(card, &event);
                })>
                    {t!(i18n, retry)}
                </button>
            },
        )}
    }
}
