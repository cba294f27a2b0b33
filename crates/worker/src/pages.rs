//! The worker's side of drawing pages of a PDF.
//!
//! The worker posts [`READY`], and receives a pair: a PDF, and the pages that are wanted, as a string. It answers with
//! a page: its kind as a string, its content as a blob, and its number. To each further message it answers with
//! another page; after the last, with a boolean, which is true if letters are missing. An error's number ends it too.

use collate_core::{
    chat::attachment::{Kind, Ranges},
    file::Error,
};
use js_sys::{Array, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, MessageEvent};

use super::{
    READY,
    file::{post, scope},
};

/// What is to be drawn.
pub struct Wanted {
    /// The PDF.
    pub file: File,
    /// Its pages; None for all.
    pages: Option<Ranges>,
}

impl Wanted {
    /// Returns whether a page is wanted.
    pub fn has(&self, page: u32) -> bool {
        self.pages.is_none_or(|pages| pages.has(page))
    }
}

/// Draws the pages that the page asks for; the result of `draw` is whether letters are missing.
///
/// # Panics
/// Outside a worker, and on files that make a library panic, which ends the worker.
pub fn serve(draw: impl AsyncFnOnce(Wanted) -> Result<bool, Error> + 'static) {
    let first = message();
    post(&READY.into());
    wasm_bindgen_futures::spawn_local(async move {
        let Ok(event) = first.await else {
            return;
        };
        let asked: Array = event
            .unchecked_into::<MessageEvent>()
            .data()
            .unchecked_into();
        let wanted = Wanted {
            file: asked.get(0).unchecked_into(),
            pages: asked
                .get(1)
                .as_string()
                .and_then(|pages| pages.parse().ok()),
        };
        post(&match draw(wanted).await {
            Ok(lacks_letters) => lacks_letters.into(),
            Err(error) => (error as u8).into(),
        });
    });
}

/// Sends a page, and waits until another one is asked for.
pub async fn send(kind: &Kind, content: &Blob, page: u32) {
    let next = message();
    let kind: JsValue = kind.to_string().into();
    post(&Array::of3(&kind, content, &page.into()));
    // It never fails, and may never come: then the worker is ended.
    let _ = next.await;
}

/// The next message: an event.
fn message() -> JsFuture {
    let promise = Promise::new(&mut |resolve, _| scope().set_onmessage(Some(&resolve)));
    JsFuture::from(promise)
}
