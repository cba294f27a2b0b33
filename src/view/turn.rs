//! Parts that a turn and its answer share.

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

/// The state of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TurnState {
    /// Its answer is in flight.
    Answering,
    /// Another answer of the card comes first.
    Queued,
    /// It has no answer, and none is in flight.
    Unanswered,
    /// It has an answer, and no other is in flight.
    Answered,
}

/// The button that asks the question again.
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
