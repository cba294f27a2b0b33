//! The workers for code and for formulas, which process answers beside the page.
//!
//! A worker starts with the first call. If it can't start or ends, all pending calls get `None`,
//! and the next call restarts it, a few times; no call hangs. A formula that takes too long is
//! given up, and the others go to a new worker.

pub mod mathml;

use std::{
    cell::RefCell,
    collections::{HashSet, VecDeque},
    thread::LocalKey,
};

use js_sys::{Array, Uint32Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::{
    assets,
    highlight::{self, Kind, Span},
};
use collate_worker::{Message, READY};

/// Maximum number of starts of a worker.
const STARTS: u32 = 4;

/// Interval of looks at a worker while calls are pending, in milliseconds.
const LOOK: i32 = 4_000;

/// Number of looks without a message from a worker after which it is lost. It may load slowly; each
/// call then takes milliseconds.
const PATIENCE: u32 = 8;

/// The same for a formula, once the worker is ready. The worker bounds its work, so only what nobody
/// has thought of takes this long.
const PATIENCE_FOR_A_FORMULA: u32 = 1;

/// Name of the worker that reads formulas.
const MATHS_NAME: &str = "maths";

thread_local! {
    static HIGHLIGHTER: RefCell<WorkerClient> = RefCell::new(WorkerClient::new("highlight"));
    static MATHS: RefCell<WorkerClient> = RefCell::new(WorkerClient::new(MATHS_NAME));
    /// The blocks whose first lines the highlighter has been sent.
    static BEGUN: RefCell<HashSet<u32>> = RefCell::default();
}

/// Highlights the next lines of a block. All but the block's last line include their line ending.
///
/// The results of a block arrive in order, and never before this returns. `None`: the language is
/// unknown, or the worker is lost; later lines of the block get no other result.
pub fn highlight(
    block: u32,
    language: &str,
    lines: &str,
    then: impl FnOnce(Option<Vec<Span>>) + 'static,
) {
    if !highlight::knows(language) {
        return soon(|| then(None));
    }
    let first = BEGUN.with_borrow_mut(|begun| begun.insert(block));
    let message = Message::Lines {
        block,
        lines: lines.to_owned(),
        language: first.then(|| language.to_owned()),
    };
    let then = |answer: Option<JsValue>| {
        then(answer.map(|spans| read(&spans.unchecked_into())));
    };
    ask(&HIGHLIGHTER, message.write(), Box::new(then));
}

/// Declares a block finished. Its number can be reused.
pub fn forget(block: u32) {
    if BEGUN.with_borrow_mut(|begun| begun.remove(&block)) {
        HIGHLIGHTER.with_borrow_mut(|client| client.send(&Message::Forget { block }.write()));
    }
}

/// Converts a formula to MathML, for [`mathml::adopt`]. `None`: it can't be read, or the worker is
/// lost.
///
/// The results arrive in order, and never before this returns.
pub fn maths(latex: &str, display: bool, then: impl FnOnce(Option<String>) + 'static) {
    let message = Array::of2(&latex.into(), &display.into());
    let then = |answer: Option<JsValue>| then(answer.and_then(|markup| markup.as_string()));
    ask(&MATHS, message.into(), Box::new(then));
}

fn read(spans: &Uint32Array) -> Vec<Span> {
    let spans = spans.to_vec();
    let read = spans.chunks_exact(3).filter_map(|span| {
        Some(Span {
            start: span[0],
            end: span[1],
            kind: Kind::of(span[2])?,
        })
    });
    read.collect()
}

type Then = Box<dyn FnOnce(Option<JsValue>)>;

/// The page's side of a worker.
struct WorkerClient {
    name: &'static str,
    worker: Option<Worker>,
    /// True once the worker is ready; earlier messages would be lost.
    ready: bool,
    /// The messages without an answer, oldest first.
    waiting: VecDeque<(JsValue, Then)>,
    unsent: Vec<JsValue>,
    starts: u32,
    /// Number of messages from the worker: it is alive while this grows.
    said: u32,
    watched: bool,
}

impl WorkerClient {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            worker: None,
            ready: false,
            waiting: VecDeque::new(),
            unsent: Vec::new(),
            starts: 0,
            said: 0,
            watched: false,
        }
    }

    fn send(&mut self, message: &JsValue) {
        match &self.worker {
            Some(worker) if self.ready => {
                // Only values that can't be cloned are refused; these are strings and numbers.
                let _ = worker.post_message(message);
            }
            Some(_) => self.unsent.push(message.clone()),
            None => {}
        }
    }

    /// True if each call stands for itself and the worker is at one of them.
    fn is_at_a_formula(&self) -> bool {
        self.ready && self.name == MATHS_NAME
    }

    /// Terminates the worker; returns the pending calls.
    fn end(&mut self) -> VecDeque<(JsValue, Then)> {
        if let Some(worker) = self.worker.take() {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.terminate();
        }
        self.ready = false;
        self.unsent.clear();
        std::mem::take(&mut self.waiting)
    }
}

type Place = &'static LocalKey<RefCell<WorkerClient>>;

fn ask(place: Place, message: JsValue, then: Then) {
    let missing = place.with_borrow_mut(|client| {
        if client.worker.is_none() && client.starts < STARTS {
            client.starts += 1;
            client.worker = start(place, client.name);
        }
        client.worker.is_none()
    });
    if missing {
        return soon(|| then(None));
    }
    let watch = place.with_borrow_mut(|client| {
        client.send(&message);
        client.waiting.push_back((message, then));
        !std::mem::replace(&mut client.watched, true)
    });
    if watch {
        self::watch(place, 0);
    }
}

fn start(place: Place, name: &str) -> Option<Worker> {
    let address = assets::url(name);
    if address.is_empty() {
        return None;
    }
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&address, &options).ok()?;
    // A worker starts a few times at most, so these may leak.
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        hear(place, event.data());
    });
    worker.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    let on_error = Closure::<dyn FnMut()>::new(move || fail(place));
    worker.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
    Some(worker)
}

fn hear(place: Place, said: JsValue) {
    let (then, failed) = place.with_borrow_mut(|client| {
        client.said = client.said.wrapping_add(1);
        if client.ready {
            return (client.waiting.pop_front(), false);
        }
        // A worker that can't start sends something else.
        client.ready = said.as_string().as_deref() == Some(READY);
        if client.ready
            && let Some(worker) = &client.worker
        {
            for message in client.unsent.drain(..) {
                let _ = worker.post_message(&message);
            }
        }
        (None, !client.ready)
    });
    if failed {
        fail(place);
    } else if let Some((_, then)) = then {
        then(Some(said).filter(|said| !said.is_null()));
    }
}

fn fail(place: Place) {
    for (_, then) in place.with_borrow_mut(WorkerClient::end) {
        then(None);
    }
}

/// Gives up the formula that the worker is at.
fn skip(place: Place) {
    let mut waiting = place.with_borrow_mut(WorkerClient::end);
    if let Some((_, then)) = waiting.pop_front() {
        then(None);
    }
    for (message, then) in waiting {
        ask(place, message, then);
    }
}

/// Terminates a worker that has gone silent, for so many looks by now.
fn watch(place: Place, silent: u32) {
    let before = place.with_borrow(|client| client.said);
    let look = move || {
        let (waits, silent, is_at_a_formula) = place.with_borrow_mut(|client| {
            client.watched = !client.waiting.is_empty();
            let is_silent = client.said == before;
            let silent = if is_silent { silent + 1 } else { 0 };
            (client.watched, silent, client.is_at_a_formula())
        });
        let patience = if is_at_a_formula {
            PATIENCE_FOR_A_FORMULA
        } else {
            PATIENCE
        };
        if waits && silent < patience {
            watch(place, silent);
        } else if waits {
            place.with_borrow_mut(|client| client.watched = false);
            if is_at_a_formula {
                skip(place);
            } else {
                fail(place);
            }
        }
    };
    set_timeout(&Closure::once_into_js(look), LOOK);
}

/// Runs later, so that callers may hold what `then` wants, too.
fn soon(then: impl FnOnce() + 'static) {
    queue_microtask(&Closure::once_into_js(then));
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(then: &JsValue, milliseconds: i32);
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(then: &JsValue);
}
