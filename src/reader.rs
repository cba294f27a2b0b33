//! Draws answers: Markdown onto the page, as it arrives. Part of the chunk `answers`.
//!
//! It creates elements one by one and never parses HTML, so a model's output can only become text,
//! one of the elements below, or a link that the user may follow.

mod code;
mod colours;
mod dom;
mod element;
mod paper;
mod preview;
mod queue;
mod table;
mod words;

pub use words::set_words;

use std::{cell::RefCell, rc::Rc, sync::Once};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, HtmlElement};

use crate::markdown::{self, Document, Node};
use dom::{append, document, make, remove, set};

/// Number of blocks in one element, which the browser skips while it is out of sight: so the cost
/// of an answer does not grow with its length.
const TOGETHER: usize = 16;

/// How long a text that grows is not drawn again, for each millisecond that drawing it took. A long table or list is
/// parsed again as it grows: this way it takes a quarter of the time, however long it becomes.
const REST: f64 = 3.0;

/// The longest rest, in milliseconds.
const LONGEST_REST: f64 = 1000.0;

/// A text being drawn into an element. Dropping it stops the drawing.
pub struct Drawing(Rc<RefCell<State>>);

struct State {
    document: Document,
    container: HtmlElement,
    /// The blocks on the page.
    drawn: Vec<Drawn>,
    /// The first block that may differ from the page.
    stale_from: usize,
    is_finished: bool,
    /// True if the rest is to be drawn in later frames.
    is_waiting: bool,
    /// When the growing text may be drawn again, in milliseconds since 1970.
    rests_until: f64,
    /// True if the text was complete from the start, so that long code may be folded.
    is_shown_again: bool,
}

struct Drawn {
    node: Node,
    element: web_sys::Node,
}

impl Drawing {
    /// Draws into this element, replacing its content.
    pub fn new(container: HtmlElement) -> Self {
        container.set_text_content(None);
        set(&container, "data-drawing", "");
        let _ = container.remove_attribute("data-waiting");
        Self(Rc::new(RefCell::new(State {
            document: Document::default(),
            container,
            drawn: Vec::new(),
            stale_from: 0,
            is_finished: false,
            is_waiting: false,
            rests_until: 0.0,
            is_shown_again: false,
        })))
    }

    /// Adds more of the text. Anything that can't be drawn at once is drawn in later frames.
    pub fn push(&self, more: &str) {
        self.0.borrow_mut().document.push(more);
        self.draw_now();
    }

    /// Takes a complete text. It is drawn in later frames, the latest request first.
    pub fn show(&self, text: &str) {
        {
            let mut state = self.0.borrow_mut();
            state.document.push(text);
            (state.is_finished, state.is_shown_again) = (true, true);
        }
        queue::hurry();
        self.wait();
    }

    /// Marks the text as complete.
    pub fn finish(&self) {
        self.0.borrow_mut().is_finished = true;
        self.draw_now();
    }

    /// Draws, unless a frame is awaited already; a hidden page gets no frames.
    fn draw_now(&self) {
        let is_waiting = self.0.borrow().is_waiting && !document().hidden();
        if !is_waiting && (self.rests() || !self.draw(&mut queue::Slice::new())) {
            self.wait();
        }
    }

    /// Returns whether it is too early to draw the growing text again.
    fn rests(&self) -> bool {
        let state = self.0.borrow();
        // The clock may have been set back.
        let rest = state.rests_until - queue::now();
        !state.is_finished && rest > 0.0 && rest <= LONGEST_REST
    }

    /// Schedules the rest for later frames. An attribute tells the page that there is more.
    fn wait(&self) {
        let mut state = self.0.borrow_mut();
        if !std::mem::replace(&mut state.is_waiting, true) {
            set(&state.container, "data-waiting", "");
            queue::add(Rc::downgrade(&self.0));
        }
    }

    /// Draws as much as a slice allows; returns whether that is all.
    fn draw(&self, slice: &mut queue::Slice) -> bool {
        let state = &mut *self.0.borrow_mut();
        let was_waiting = std::mem::take(&mut state.is_waiting);
        let begun = queue::now();
        let from = if state.is_finished {
            state.document.finish()
        } else {
            state.document.update()
        };
        let from = from.min(state.stale_from);
        let blocks = state.document.blocks();
        for (index, node) in blocks.iter().enumerate().skip(from) {
            if !slice.has_room() {
                state.stale_from = index;
                return false;
            }
            if let Some(drawn) = state.drawn.get_mut(index) {
                drawn.become_like(node);
            } else {
                let element = element::draw(node, state.is_shown_again);
                append(&state.passage(index), &element);
                state.drawn.push(Drawn {
                    node: node.clone(),
                    element,
                });
            }
        }
        for gone in state.drawn.drain(blocks.len().min(state.drawn.len())..) {
            let passage = gone.element.parent_node();
            remove(&gone.element);
            if let Some(passage) = passage.filter(|passage| passage.first_child().is_none()) {
                remove(&passage);
            }
        }
        state.stale_from = blocks.len();
        let now = queue::now();
        state.rests_until = now + (REST * (now - begun)).min(LONGEST_REST);
        if was_waiting {
            let _ = state.container.remove_attribute("data-waiting");
        }
        if state.is_finished {
            code::finish_within(&state.container);
            // A complete text is not compared any more.
            state.document = Document::default();
            state.drawn = Vec::new();
            state.stale_from = 0;
        }
        true
    }
}

impl State {
    /// The element for a new block, after all existing ones.
    fn passage(&self, block: usize) -> web_sys::Node {
        let last = self.container.last_child();
        last.filter(|_| !block.is_multiple_of(TOGETHER))
            .unwrap_or_else(|| {
                let passage = make("div", "passage");
                append(&self.container, &passage);
                passage.into()
            })
    }
}

impl Drawn {
    fn become_like(&mut self, node: &Node) {
        if let Some(element) = element::change(&mut self.node, node, &self.element) {
            self.element = element;
        }
    }
}

/// Returns a complete text as plain text, with added words in the user's language.
pub fn plain(text: &str) -> String {
    let name = |alert| words::word(element::alert_words(alert).1);
    markdown::plain::plain(&markdown::parse(text), &name)
}

/// Handles clicks on drawn content, anywhere on the page.
pub fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(begin);
}

fn begin() {
    let clicked = Closure::<dyn FnMut(Event)>::new(|event: Event| click(&event));
    // The listener lives as long as the page.
    let _ = document()
        .add_event_listener_with_callback("click", clicked.into_js_value().unchecked_ref());
    let selected = Closure::<dyn FnMut(Event)>::new(|_| queue::selection_changed());
    let _ = document().add_event_listener_with_callback(
        "selectionchange",
        selected.into_js_value().unchecked_ref(),
    );
    paper::listen();
    preview::listen();
    table::listen();
}

fn click(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let marked = "[data-act], [data-image], [data-note], [data-mark]";
    let Some(found) = target.and_then(|target| target.closest(marked).ok().flatten()) else {
        return;
    };
    let value = |name| found.get_attribute(name);
    if let Some(act) = value("data-act") {
        code::act(&found, &act);
    } else if let Some(url) = value("data-image") {
        // A link around it is not meant, and would tell its server.
        event.prevent_default();
        let image = make("img", "");
        set(&image, "referrerpolicy", "no-referrer");
        set(&image, "alt", &value("data-alt").unwrap_or_default());
        set(&image, "src", &url);
        let _ = found.replace_with_with_node_1(&image);
    } else if let Some(label) = value("data-note").filter(|_| found.tag_name() == "A") {
        event.prevent_default();
        go_to(&found, "div[data-note]", "data-note", &label);
    } else if let Some(label) = value("data-mark") {
        event.prevent_default();
        go_to(&found, "a[data-note]", "data-note", &label);
    }
}

/// Goes to a footnote, or back to its mark, within the same answer.
fn go_to(from: &Element, selector: &str, name: &str, label: &str) {
    let answer = from.closest("[data-drawing]").ok().flatten();
    let found = answer.and_then(|answer| answer.query_selector_all(selector).ok());
    for index in 0..found.as_ref().map_or(0, web_sys::NodeList::length) {
        let element = found.as_ref().and_then(|found| found.item(index));
        let element = element.and_then(|node| node.dyn_into::<HtmlElement>().ok());
        if let Some(element) = element
            && element.get_attribute(name).as_deref() == Some(label)
        {
            element.set_tab_index(if element.tag_name() == "A" { 0 } else { -1 });
            element.scroll_into_view();
            let _ = element.focus();
            return;
        }
    }
}
