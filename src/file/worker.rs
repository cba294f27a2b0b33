//! Reads files in a worker, off the page's main thread: see [`collate_worker::file`].

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File, MessageEvent, Worker, WorkerOptions, WorkerType};

pub use collate_worker::file::whole;

use super::{Error, Form, limit};
use crate::{assets, chat::attachment::Kind, event};

/// Reads a file in a worker, which ends when the future is dropped. Returns the file's kind and
/// content.
///
/// # Errors
/// The reason why it can't be attached.
pub async fn read(form: Form, file: &File) -> Result<(Kind, Blob), Error> {
    limit(whole(file.size()), form.most())?;
    // The worker for PDFs fetches the maps of characters that a file needs.
    let address = format!("{}#{}", assets::url(form.worker()), assets::url("cmaps"));
    let answer = ask(&address, file).await?;
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

/// Starts a worker and asks it once. It ends then, or when the future is dropped.
///
/// # Errors
/// [`Error::Failed`]
pub async fn ask(address: &str, question: &JsValue) -> Result<JsValue, Error> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(address, &options).map_err(|_| Error::Failed)?;
    let worker = TerminateOnDrop(worker);
    // Messages sent before the worker is ready would be lost. A worker that can't start sends
    // something else.
    message(&worker.0).await?.as_string().ok_or(Error::Failed)?;
    worker.0.post_message(question).map_err(|_| Error::Failed)?;
    message(&worker.0).await
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
