//! Long work in slices, so that the page can answer in between.

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

/// How long a slice may take, in milliseconds: a fraction of what counts as a long task, for the
/// browser lays out and paints afterwards, which takes longer still.
const TIME: f64 = 8.0;

/// What a slice may take.
pub(super) struct Slice {
    /// When it ends, in milliseconds since 1970.
    end: f64,
    /// How many blocks it may draw.
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

    /// Whether it has no room left.
    fn is_over(&self) -> bool {
        self.blocks == 0 || now() > self.end
    }

    /// Whether one more block may be drawn; the first always may, so that there is progress.
    pub(super) fn has_room(&mut self) -> bool {
        if self.is_over() && self.is_begun {
            return false;
        }
        self.is_begun = true;
        self.blocks = self.blocks.saturating_sub(1);
        true
    }
}

fn now() -> f64 {
    js_sys::Date::now()
}

thread_local! {
    /// How many blocks the next slice may draw. The first few need fonts that the page has not shown
    /// yet, and while a browser looks for one it does nothing else.
    static BLOCKS: Cell<usize> = const { Cell::new(1) };
    /// What is to be drawn; the last one is drawn first: a chat is read from its end.
    static WAITING: RefCell<Vec<Weak<RefCell<State>>>> = const { RefCell::new(Vec::new()) };
    /// What is to be coloured, once all is drawn: first the words.
    static UNCOLOURED: RefCell<VecDeque<Painting>> = const { RefCell::new(VecDeque::new()) };
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static RUN: Closure<dyn FnMut(JsValue)> = Closure::new(|_: JsValue| run());
}

/// Who waits for what is whole wants it at once: slices are as long as they may be from now on.
pub(super) fn hurry() {
    BLOCKS.set(usize::MAX);
}

/// Has it drawn in the next frames, before all that waits.
pub(super) fn add(drawing: Weak<RefCell<State>>) {
    WAITING.with_borrow_mut(|waiting| waiting.push(drawing));
    ask();
}

/// Has these lines coloured in the next frames.
pub(super) fn colour(painting: Painting) {
    UNCOLOURED.with_borrow_mut(|waiting| waiting.push_back(painting));
    ask();
}

/// Colours what waited because it was selected, where that is not so any more.
pub(super) fn selection_changed() {
    colours::selection_changed().into_iter().for_each(colour);
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
    let mut slice = Slice::new();
    while !slice.is_over() {
        if let Some(drawing) = WAITING.with_borrow_mut(Vec::pop) {
            // One that nobody keeps has left the page, or another draws in its place.
            if let Some(drawing) = drawing.upgrade().map(Drawing)
                && !drawing.draw(&mut slice)
            {
                drawing.wait();
            }
        } else if let Some(painting) = UNCOLOURED.with_borrow_mut(VecDeque::pop_front) {
            colours::paint(painting);
        } else {
            return;
        }
    }
    ask();
}
