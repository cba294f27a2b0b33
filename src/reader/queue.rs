//! Long work in slices, so that the page can answer in between.

use std::cell::{Cell, RefCell};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::{Drawing, document};

/// How long a slice may take, in milliseconds: less than half of what counts as a long task, for
/// the browser lays out and paints afterwards.
const SLICE: f64 = 6.0;

/// The time that a slice has.
pub(super) struct Time {
    end: f64,
    /// What was begun is done: looking at the clock is not free.
    steps: u32,
}

impl Time {
    pub(super) fn slice() -> Self {
        Self {
            end: now() + SLICE,
            steps: 0,
        }
    }

    /// Whether it is over. The first steps always have time, so that there is progress.
    pub(super) fn is_up(&mut self) -> bool {
        self.steps += 1;
        self.steps > 1 && now() > self.end
    }
}

fn now() -> f64 {
    js_sys::Date::now()
}

thread_local! {
    /// What is to be drawn; the last one is drawn first: a chat is read from its end.
    static WAITING: RefCell<Vec<Drawing>> = const { RefCell::new(Vec::new()) };
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static RUN: Closure<dyn FnMut(JsValue)> = Closure::new(|_: JsValue| run());
}

/// Has it drawn in the next frames, before all that waits.
pub(super) fn add(drawing: Drawing) {
    WAITING.with_borrow_mut(|waiting| waiting.push(drawing));
    ask();
}

fn ask() {
    if IS_ASKED.replace(true) {
        return;
    }
    let window = document().default_view();
    RUN.with(|run| {
        let run = run.as_ref().unchecked_ref();
        // Frames do not come while the page is hidden.
        let asked = window.map(|window| {
            if document().hidden() {
                window.set_timeout_with_callback(run)
            } else {
                window.request_animation_frame(run)
            }
        });
        if !matches!(asked, Some(Ok(_))) {
            IS_ASKED.set(false);
        }
    });
}

fn run() {
    IS_ASKED.set(false);
    let mut time = Time::slice();
    while let Some(drawing) = WAITING.with_borrow_mut(Vec::pop) {
        if !drawing.draw(&mut time) {
            drawing.wait();
            break;
        }
        if time.is_up() {
            break;
        }
    }
    if WAITING.with_borrow(|waiting| !waiting.is_empty()) {
        ask();
    }
}
