//! Parts of the page's program that are fetched when they are wanted.
//!
//! The linker's output is cut at the functions that carry `wasm_split`: what only they reach stands in
//! a file of its own, in the same memory as the rest. Such a function returns what is called in its
//! chunk, as function pointers. Each chunk is fetched once; one that could not be had is fetched again
//! the next time.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    thread::LocalKey,
};

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_split_helpers::SplitLoaderError;

/// A chunk that could not be had: there is no network, or the server has another version of the page by
/// now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the page is missing")]
pub struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// What fetches a chunk.
pub type Fetch<T> = Pin<Box<dyn Future<Output = Result<T, Missing>>>>;

/// A chunk, and what is called in it.
pub struct Chunk<T: 'static> {
    fetch: fn() -> Fetch<T>,
    entry: Cell<Option<T>>,
}

/// A chunk in a thread-local static, as all of them are.
pub type Place<T> = &'static LocalKey<Chunk<T>>;

impl<T: Copy + 'static> Chunk<T> {
    /// A chunk that nobody has asked for yet.
    pub const fn new(fetch: fn() -> Fetch<T>) -> Self {
        Self {
            fetch,
            entry: Cell::new(None),
        }
    }
}

/// What is called in a chunk, if that is here.
pub fn get<T: Copy>(chunk: Place<T>) -> Option<T> {
    chunk.with(|chunk| chunk.entry.get())
}

/// Fetches a chunk, unless it is here. The function that carries `wasm_split` runs for each caller who
/// waits: what must happen once is its own business.
///
/// # Errors
/// It can't be had. The next call asks for it again.
pub async fn load<T: Copy>(chunk: Place<T>) -> Result<T, Missing> {
    if let Some(entry) = get(chunk) {
        return Ok(entry);
    }
    let found = chunk.with(|chunk| (chunk.fetch)()).await?;
    if chunk
        .with(|chunk| chunk.entry.replace(Some(found)))
        .is_none()
    {
        look_again();
    }
    Ok(found)
}

thread_local! {
    static AGAIN: ArcTrigger = ArcTrigger::new();
    static LISTENERS: RefCell<Vec<Rc<dyn Fn()>>> = const { RefCell::new(Vec::new()) };
}

/// Tells those who miss a chunk that it may be there now: another one has come, or the network is back.
pub fn look_again() {
    AGAIN.with(Notify::notify);
    let listeners = LISTENERS.with_borrow(Clone::clone);
    for listener in listeners {
        listener();
    }
}

/// Has this function run with each [`look_again`], as long as the page lasts.
pub fn listen(listener: impl Fn() + 'static) {
    LISTENERS.with_borrow_mut(|listeners| listeners.push(Rc::new(listener)));
}

/// Has the effect that calls this run again with each [`look_again`].
pub fn follow() {
    AGAIN.with(Track::track);
}

#[wasm_bindgen(module = "/src/chunk.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = isOutdated)]
    async fn ask_whether_outdated() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = whenIdle)]
    fn when_idle_with(act: &JsValue);
}

/// Whether the server has another version of the page by now, which is asked.
pub async fn is_outdated() -> bool {
    ask_whether_outdated()
        .await
        .is_ok_and(|is_outdated| is_outdated.is_truthy())
}

/// Does something once the browser has nothing else to do, unless the reader wants to save data.
pub fn when_idle(act: impl FnOnce() + 'static) {
    when_idle_with(&Closure::once_into_js(act));
}
