//! Chunks: parts of the page's program that are loaded on demand.
//!
//! The linker's output is split at functions that carry `wasm_split`: code that only they reach
//! goes into a file of its own, in the same memory as the rest. Such a function returns its chunk's
//! entry points as function pointers. Each chunk is fetched once; after a failure, the next call
//! fetches it again.

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

/// A chunk that can't be loaded: there is no network, or the server has another version of the page
/// by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part of the page is missing")]
pub struct Missing;

impl From<SplitLoaderError> for Missing {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// A future that fetches a chunk.
pub type Fetch<T> = Pin<Box<dyn Future<Output = Result<T, Missing>>>>;

/// A chunk and its entry points.
pub struct Chunk<T: 'static> {
    fetch: fn() -> Fetch<T>,
    entry: Cell<Option<T>>,
}

/// A chunk in a thread-local static, like all of them.
pub type Place<T> = &'static LocalKey<Chunk<T>>;

impl<T: Copy + 'static> Chunk<T> {
    /// Creates a chunk that has not been requested yet.
    pub const fn new(fetch: fn() -> Fetch<T>) -> Self {
        Self {
            fetch,
            entry: Cell::new(None),
        }
    }
}

/// A chunk's entry points, if it is loaded.
pub fn get<T: Copy>(chunk: Place<T>) -> Option<T> {
    chunk.with(|chunk| chunk.entry.get())
}

/// Loads a chunk, unless it is loaded already. The `wasm_split` function runs for each waiting
/// caller, so it must itself ensure that anything happens only once.
///
/// # Errors
/// The chunk can't be loaded. The next call tries again.
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

/// Notifies code that waits for a chunk that it may be available: another chunk has come, or the
/// network is back.
pub fn look_again() {
    AGAIN.with(Notify::notify);
    let listeners = LISTENERS.with_borrow(Clone::clone);
    for listener in listeners {
        listener();
    }
}

/// Runs a listener on each [`look_again`], as long as the page lasts.
pub fn listen(listener: impl Fn() + 'static) {
    LISTENERS.with_borrow_mut(|listeners| listeners.push(Rc::new(listener)));
}

/// Reruns the calling effect on each [`look_again`].
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

/// Asks the server whether it has another version of the page.
pub async fn is_outdated() -> bool {
    ask_whether_outdated()
        .await
        .is_ok_and(|is_outdated| is_outdated.is_truthy())
}

/// Runs a function once the browser is idle, unless the user wants to save data.
pub fn when_idle(act: impl FnOnce() + 'static) {
    when_idle_with(&Closure::once_into_js(act));
}
