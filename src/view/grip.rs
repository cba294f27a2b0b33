//! The grip that moves a card: by pointer, or by the arrow keys.

use leptos::{ev, html, leptos_dom::helpers::WindowListenerHandle, prelude::*};

use crate::{
    chat::card,
    i18n::use_i18n,
    session::Session,
    ui::{
        dynamic::{derive, on_key, t},
        focus::focus_on,
        icon::{self, icon},
    },
};

/// The grip that moves its card.
#[component]
pub fn Grip(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let grip = NodeRef::<html::Button>::new();
    let is_dragged = RwSignal::new(false);
    let key_pressed = move |event: ev::KeyboardEvent| {
        let place = untrack(|| session.place(id));
        let to = match event.key().as_str() {
            "ArrowLeft" => place.checked_sub(1),
            "ArrowRight" => Some(place + 1),
            _ => return,
        };
        event.prevent_default();
        if let Some(to) = to {
            session.move_card(id, to);
            // A card that is moved on the page loses the focus.
            request_animation_frame(move || {
                focus_on(grip);
            });
        }
    };
    let listening = StoredValue::new(Vec::<WindowListenerHandle>::new());
    let stop_listening = move || {
        let listening = listening.try_update_value(std::mem::take);
        for listener in listening.into_iter().flatten() {
            listener.remove();
        }
    };
    on_cleanup(stop_listening);
    let end = move || {
        is_dragged.try_set(false);
        stop_listening();
        // A card that was moved on the page has lost the focus.
        request_animation_frame(move || focus_on(grip));
    };
    // The window listens, not the grip: a card that moves on the page loses the pointer.
    let start = move |event: ev::PointerEvent| {
        if event.button() != 0 {
            return;
        }
        is_dragged.set(true);
        let from = untrack(|| session.place(id));
        let moving = window_event_listener(ev::pointermove, move |event| {
            if let Some(to) = place_at(f64::from(event.client_x()))
                && to != untrack(|| session.place(id))
            {
                session.move_card(id, to);
            }
        });
        let ended = window_event_listener(ev::pointerup, move |_| end());
        let cancelled = window_event_listener(ev::pointercancel, move |_| end());
        // Escape puts the card back.
        let escaped = window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape" {
                session.move_card(id, from);
                end();
            }
        });
        listening.set_value(vec![moving, ended, cancelled, escaped]);
    };
    view! {
        <button
            node_ref=grip
            class="button icon-button grip"
            class:dragged=derive(move || is_dragged.get())
            aria-label=t!(i18n, move_card)
            title=t!(i18n, move_card_hint)
            on:keydown=on_key(key_pressed)
            on:pointerdown=start
        >
            {icon(icon::GRIP)}
        </button>
    }
}

/// The index of the card at this distance from the page's left edge, in CSS pixels; beyond the first or the
/// last card, that card's index.
fn place_at(x: f64) -> Option<usize> {
    let cards = document().query_selector_all(".board > .card").ok()?;
    let places = (0..cards.length()).filter_map(|index| {
        let card = wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(cards.get(index)?).ok()?;
        let edges = card.get_bounding_client_rect();
        Some((index as usize, edges.left(), edges.right()))
    });
    let mut last = None;
    for (index, left, right) in places {
        if x < left && last.is_some() {
            // Between two cards, the dragged one stays.
            return None;
        }
        last = Some(index);
        if x < right {
            break;
        }
    }
    last
}
