//! The row of cards.

use leptos::prelude::*;

use super::{card::CardView, dynamic::word};
use crate::{i18n::use_i18n, session::Session};

/// The cards from left to right; the row scrolls when they no longer fit.
#[component]
pub fn Board() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <main class="board" aria-label=word!(i18n, cards)>
            <For each=move || session.cards() key=|card| card.key() let:card>
                <CardView id=card.key() />
            </For>
        </main>
    }
}
