//! A worker that reads files, off the page's main thread: both its sides.
//!
//! It says that it is ready, is sent one file, and answers with a pair of what the file is, in words, and
//! its content as a blob; or, where it can't be read, with the number of the error. A trap ends it,
//! and is an error of that file alone.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, File, MessageEvent, Worker, WorkerOptions,
    WorkerType,
};

use super::{Error, Form, limit};
use crate::{assets, chat::attachment::Kind, event};

/// What the worker begins by saying.
const READY: &str = "ready";

/// Reads a file in a worker, which ends when the future is dropped. Gives its kind and its content.
///
/// # Errors
/// Why it can't be attached.
pub async fn read(form: Form, file: &File) -> Result<(Kind, Blob), Error> {
    limit(whole(file.size()), form.most())?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let address = assets::url(form.worker());
    let worker = Worker::new_with_options(&address, &options).map_err(|_| Error::Failed)?;
    let worker = TerminateOnDrop(worker);
    // Before it has said so, messages to it would be lost. One that can't start says something else.
    message(&worker.0).await?.as_string().ok_or(Error::Failed)?;
    worker.0.post_message(file).map_err(|_| Error::Failed)?;
    let answer = message(&worker.0).await?;
    if let Some(error) = answer.as_f64() {
        let is_it = |known: &&Error| **known as u32 == whole(error);
        let known = Error::ALL.iter().find(is_it);
        return Err(*known.unwrap_or(&Error::Failed));
    }
    let answer: Array = answer.unchecked_into();
    let kind = answer.get(0).as_string().unwrap_or_default();
    let kind = kind.parse().map_err(|_| Error::Failed)?;
    Ok((kind, answer.get(1).unchecked_into()))
}

async fn message(worker: &Worker) -> Result<JsValue, Error> {
    let event = event::first(worker, "message", "error");
    let event = event.await.map_err(|_| Error::Failed)?;
    Ok(event.unchecked_into::<MessageEvent>().data())
}

struct TerminateOnDrop(Worker);

impl Drop for TerminateOnDrop {
    fn drop(&mut self) {
        self.0.terminate();
    }
}

/// The worker's side: reads the file that it is sent.
///
/// # Panics
/// Outside a worker, and on files that a library panics at: that ends the worker.
pub fn serve(read: impl AsyncFn(File) -> Result<(Kind, Blob), Error> + Copy + 'static) {
    let answer = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        wasm_bindgen_futures::spawn_local(async move {
            post(&match read(event.data().unchecked_into()).await {
                Ok((kind, content)) => Array::of2(&kind.to_string().into(), &content).into(),
                Err(error) => (error as u8).into(),
            });
        });
    });
    scope().set_onmessage(Some(answer.into_js_value().unchecked_ref()));
    post(&READY.into());
}

fn post(message: &JsValue) {
    // Strings and blobs can be posted.
    let _ = scope().post_message(message);
}

/// What a worker has in place of a window.
pub(super) fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The bytes of a file.
///
/// # Errors
/// It is gone from where it was.
pub(super) async fn bytes(file: &File) -> Result<Vec<u8>, Error> {
    let buffer = JsFuture::from(file.array_buffer()).await;
    Ok(Uint8Array::new(&buffer.map_err(|_| Error::Failed)?).to_vec())
}

/// A text as a content.
///
/// # Errors
/// The browser refuses to make a blob.
pub(super) fn text(text: &str) -> Result<Blob, Error> {
    let options = BlobPropertyBag::new();
    options.set_type("text/plain");
    Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)
        .map_err(|_| Error::Failed)
}

/// A size that a browser gives as a number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size is a whole number, and one above 2³² is the biggest"
)]
pub fn whole(bytes: f64) -> u32 {
    bytes as u32
}
