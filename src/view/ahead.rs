//! Prefetches chunks: when the browser is idle, and when the pointer or the focus comes near.

use std::{cell::Cell, time::Duration};

use leptos::{ev, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use super::{more, turns};
use crate::{
    chats::Chats,
    chunk::{self, Place},
    session::prepare_merging,
};

/// Idle time before the page fetches the rest of its program, in milliseconds: a user who only looks in, or
/// only asks one question, pays for no more.
const REST: f64 = 10_000.0;

thread_local! {
    /// Time of the last use of the page, in milliseconds since 1970.
    static TOUCHED: Cell<f64> = const { Cell::new(0.0) };
}

/// Fetches a chunk. After a failure, it is fetched again when it is needed.
fn fetch<T: Copy>(chunk: Place<T>) {
    spawn_local(async move { _ = chunk::load(chunk).await });
}

/// Fetches the chunk that an element leads to.
fn fetch_for(near: &web_sys::Element) {
    let leads_to = near.closest("[data-ahead]").ok().flatten();
    match leads_to
        .and_then(|element| element.get_attribute("data-ahead"))
        .as_deref()
    {
        Some("history") => fetch(&crate::history::HISTORY),
        Some("settings") => fetch(&crate::settings::SETTINGS),
        Some("parameters") => fetch(&crate::parameters::PARAMETERS),
        Some("answers") => fetch(&turns::TURNS),
        Some("actions") => fetch(&more::MENU),
        _ => {}
    }
}

/// Fetches chunks near the pointer or the focus while the page lives, and the rest once the page is idle for
/// a while and no answer is in flight.
pub fn begin(chats: Chats) {
    let near = |target: Option<web_sys::EventTarget>| {
        TOUCHED.set(js_sys::Date::now());
        if let Some(near) = target.and_then(|target| target.dyn_into::<web_sys::Element>().ok()) {
            fetch_for(&near);
        }
    };
    let handles = [
        window_event_listener(ev::pointerover, move |event| near(event.target())),
        window_event_listener(ev::focusin, move |event| near(event.target())),
        window_event_listener(ev::keydown, move |_| TOUCHED.set(js_sys::Date::now())),
    ];
    on_cleanup(move || {
        for handle in handles {
            handle.remove();
        }
    });
    TOUCHED.set(js_sys::Date::now());
    wait(chats);
}

/// Waits until the page is idle for a while.
fn wait(chats: Chats) {
    if chats.is_answering() {
        TOUCHED.set(js_sys::Date::now());
    }
    let left = TOUCHED.get() + REST - js_sys::Date::now();
    if left <= 0.0 {
        chunk::when_idle(|| fetch(&turns::TURNS));
        chunk::when_idle(|| fetch(&more::MENU));
        chunk::when_idle(|| spawn_local(prepare_merging()));
        chunk::when_idle(|| fetch(&crate::history::HISTORY));
        chunk::when_idle(|| fetch(&crate::settings::SETTINGS));
        chunk::when_idle(|| fetch(&crate::import_export::FILES));
        return;
    }
    set_timeout(move || wait(chats), Duration::from_secs_f64(left / 1000.0));
}
