//! The row of cards.

use leptos::prelude::*;

use super::{attachments::has_files, card::CardView};
use crate::{
    i18n::use_i18n,
    session::Session,
    ui::dynamic::{for_each, t},
};

/// The cards from left to right; the row scrolls when they no longer fit.
#[component]
pub fn Board() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <main
            class="board"
            aria-label=t!(i18n, cards)
            // Files that are dropped beside the cards must not replace the page.
            on:dragover=move |event| if has_files(&event) { event.prevent_default() }
            on:drop=move |event| if has_files(&event) { event.prevent_default() }
        >
            {for_each(
                move || session.cards().into_iter().map(|card| card.key()).collect(),
                |id| view! { <CardView id /> },
            )}
        </main>
    }
}
