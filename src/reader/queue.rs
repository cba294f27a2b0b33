//! Splits long work into slices, so that the page can answer in between.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Weak,
};

use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use super::{
    Drawing, State,
    colours::{self, Painting},
    dom::document,
};

/// Maximum duration of a slice, in milliseconds: a fraction of a long task, because the browser's
/// layout and painting afterwards take longer still.
const TIME: f64 = 8.0;

/// The budget of a slice.
pub(super) struct Slice {
    /// End of the slice, in milliseconds since 1970.
    end: f64,
    /// Number of blocks that may still be drawn.
    blocks: usize,
    is_begun: bool,
}

impl Slice {
    pub(super) fn new() -> Self {
        let blocks = BLOCKS.get();
        BLOCKS.set(blocks.saturating_mul(2));
        Self {
            end: now() + TIME,
            blocks,
            is_begun: false,
        }
    }

    fn endless() -> Self {
        Self {
            end: f64::INFINITY,
            blocks: usize::MAX,
            is_begun: false,
        }
    }

    /// Returns whether the budget is used up.
    fn is_over(&self) -> bool {
        self.blocks == 0 || now() > self.end
    }

    /// Returns whether one more block may be drawn; the first always may, to ensure progress.
    pub(super) fn has_room(&mut self) -> bool {
        if self.is_over() && self.is_begun {
            return false;
        }
        self.is_begun = true;
        self.blocks = self.blocks.saturating_sub(1);
        true
    }
}

/// The time, in milliseconds since 1970.
pub(super) fn now() -> f64 {
    js_sys::Date::now()
}

thread_local! {
    /// Number of blocks that the next slice may draw. The first few need fonts that the page has
    /// not shown yet, and the browser does nothing else while it looks for one.
    static BLOCKS: Cell<usize> = const { Cell::new(1) };
    /// Drawings to continue, the last one first: a chat is read from its end.
    static WAITING: RefCell<Vec<Weak<RefCell<State>>>> = const { RefCell::new(Vec::new()) };
    /// Lines to colour, once all text is drawn.
    static UNCOLOURED: RefCell<VecDeque<Painting>> = const { RefCell::new(VecDeque::new()) };
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static RUN: Closure<dyn FnMut(JsValue)> = Closure::new(|_: JsValue| run());
}

/// Removes the block limit of slices: a user who waits for a complete text wants it at once.
pub(super) fn hurry() {
    BLOCKS.set(usize::MAX);
}

/// Schedules a drawing for the next frames, before all others.
pub(super) fn add(drawing: Weak<RefCell<State>>) {
    WAITING.with_borrow_mut(|waiting| waiting.push(drawing));
    ask();
}

/// Schedules lines to be coloured in the next frames.
pub(super) fn colour(painting: Painting) {
    UNCOLOURED.with_borrow_mut(|waiting| waiting.push_back(painting));
    ask();
}

/// Schedules the lines that waited for the selection to change.
pub(super) fn selection_changed() {
    colours::selection_changed().into_iter().for_each(colour);
}

/// Draws all that waits, at once: the page is about to be printed.
pub(super) fn finish() {
    hurry();
    while let Some(drawing) = WAITING.with_borrow_mut(Vec::pop) {
        if let Some(drawing) = drawing.upgrade().map(Drawing) {
            drawing.draw(&mut Slice::endless());
        }
    }
}

fn ask() {
    if IS_ASKED.replace(true) {
        return;
    }
    let window = document().default_view();
    RUN.with(|run| {
        let run = run.as_ref().unchecked_ref();
        // A hidden page gets no frames.
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
    let mut slice = Slice::new();
    let mut resting = Vec::new();
    while !slice.is_over() {
        if let Some(waiting) = WAITING.with_borrow_mut(Vec::pop) {
            // A dropped drawing has left the page, or another draws in its place.
            let Some(drawing) = waiting.upgrade().map(Drawing) else {
                continue;
            };
            if drawing.rests() {
                resting.push(waiting);
            } else if !drawing.draw(&mut slice) {
                drawing.wait();
            }
        } else if let Some(painting) = UNCOLOURED.with_borrow_mut(VecDeque::pop_front) {
            colours::paint(painting);
        } else if resting.is_empty() {
            return;
        } else {
            break;
        }
    }
    WAITING.with_borrow_mut(|waiting| waiting.append(&mut resting));
    ask();
}
