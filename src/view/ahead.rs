//! Fetches chunks before they are wanted: when the browser is idle, when the pointer or the focus comes
//! near.

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::turns;
use crate::{
    chunk::{self, Place},
    panel,
};

/// How long the page is left alone before it fetches the rest of its program, in milliseconds: a
/// visitor who only looks in pays for no more than what is shown.
const REST: u64 = 4000;

/// Fetches a chunk. One that can't be had is fetched again when it is wanted.
fn fetch<T: Copy>(chunk: Place<T>) {
    spawn_local(async move { _ = chunk::load(chunk).await });
}

/// Fetches what an element leads to.
fn fetch_for(near: &web_sys::Element) {
    let leads_to = near.closest("[data-ahead]").ok().flatten();
    match leads_to
        .and_then(|element| element.get_attribute("data-ahead"))
        .as_deref()
    {
        Some("history") => fetch(&panel::HISTORY),
        Some("settings") => fetch(&panel::SETTINGS),
        Some("parameters") => fetch(&panel::PARAMETERS),
        Some("answers") => fetch(&turns::TURNS),
        _ => {}
    }
}

/// Fetches what is near, as long as the page lasts, and the rest when the browser is idle.
pub fn begin() {
    let near = |target: Option<web_sys::EventTarget>| {
        if let Some(near) = target.and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
            fetch_for(&near);
        }
    };
    let pointed = window_event_listener(ev::pointerover, move |event| near(event.target()));
    let focused = window_event_listener(ev::focusin, move |event| near(event.target()));
    on_cleanup(move || {
        pointed.remove();
        focused.remove();
    });
    set_timeout(
        || {
            chunk::when_idle(|| fetch(&turns::TURNS));
            chunk::when_idle(|| fetch(&panel::HISTORY));
            chunk::when_idle(|| fetch(&panel::SETTINGS));
            chunk::when_idle(|| fetch(&panel::PARAMETERS));
        },
        std::time::Duration::from_millis(REST),
    );
}
