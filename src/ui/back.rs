//! Back closes what is open over the page, before it leaves the chat. Only on a small screen, where what is
//! open covers the page and Back is a gesture of the hand.
//!
//! What opens adds an entry to the browser's history, with the same address and its depth as the state.

use std::{cell::Cell, time::Duration};

use leptos::{ev, prelude::*};
use wasm_bindgen::JsValue;

use super::{dynamic::effect, screen::is_small};

thread_local! {
    /// True if the current entry's owner has just closed: what opens next takes it over.
    static IS_SPARE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `close` at Back while something is open.
pub fn closes_on_back(is_open: Signal<bool>, close: impl Fn() + 'static) {
    // Compiled once, and not for each that closes.
    boxed(is_open, Box::new(close));
}

fn boxed(is_open: Signal<bool>, close: Box<dyn Fn()>) {
    // The depth of this one's entry.
    let mine = StoredValue::new(None::<f64>);
    effect(move || {
        let depth = mine.get_value();
        match (is_open.get(), depth) {
            (true, None) if IS_SPARE.take() => mine.set_value(Some(depth_now())),
            (true, None) if is_small() => {
                let next = depth_now() + 1.0;
                let is_added = history().push_state(&JsValue::from_f64(next), "").is_ok();
                mine.set_value(is_added.then_some(next));
            }
            (false, Some(_)) => drop_entry(mine),
            _ => {}
        }
    });
    let moved = window_event_listener(ev::popstate, move |_| {
        let is_gone = |depth: f64| depth_now() < depth;
        if mine.try_get_value().flatten().is_some_and(is_gone) {
            mine.set_value(None);
            close();
        }
    });
    on_cleanup(move || {
        moved.remove();
        drop_entry(mine);
    });
}

/// Returns whether the current entry of the history is there for something that is open.
pub fn is_in_front() -> bool {
    depth_now() > 0.0
}

/// Leaves the entry of something that was closed by other means.
fn drop_entry(mine: StoredValue<Option<f64>>) {
    let depth = mine.try_update_value(Option::take).flatten();
    if depth.is_some_and(|depth| (depth_now() - depth).abs() < 0.5) {
        IS_SPARE.set(true);
        set_timeout(
            || {
                if IS_SPARE.take() && is_in_front() {
                    // It fails only where there is no history.
                    let _ = history().back();
                }
            },
            Duration::ZERO,
        );
    }
}

fn depth_now() -> f64 {
    let state = history().state().ok();
    state.and_then(|state| state.as_f64()).unwrap_or_default()
}

fn history() -> web_sys::History {
    #[expect(clippy::disallowed_methods, reason = "the history is the window's")]
    let history = window().history();
    history.expect("a page has a history")
}
