//! Reads files in a worker, off the page's main thread: see [`collate_worker::file`].

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File, MessageEvent, Worker, WorkerOptions, WorkerType};

pub use collate_worker::file::whole;

use super::{Error, Form, limit};
use crate::{
    assets,
    chat::attachment::{Kind, Ranges},
    event,
};

/// Reads a file in a worker, which ends when the future is dropped. Returns the file's kind and
/// content.
///
/// # Errors
/// The reason why it can't be attached.
pub async fn read(form: Form, file: &File) -> Result<(Kind, Blob), Error> {
    limit(whole(file.size()), form.most())?;
    let answer: Array = ask(form.worker(), file).await?.unchecked_into();
    read_back(&answer)
}

/// Starts a worker and asks it once. It ends then, or when the future is dropped.
///
/// # Errors
/// The one that it answers, or [`Error::Failed`].
pub async fn ask(name: &str, question: &JsValue) -> Result<JsValue, Error> {
    start(name).await?.ask(question).await
}

/// Pages of a PDF, drawn one after the other in a worker: see [`collate_worker::pages`].
pub struct Pages {
    worker: TerminateOnDrop,
    /// What to ask first.
    first: Option<Array>,
}

/// What a worker that draws pages answers.
pub enum Drawn {
    /// A page, with its number.
    Page(Kind, Blob, u32),
    /// There is no other page. True if letters are missing in the pages.
    End(bool),
}

impl Pages {
    /// Starts to draw the pages of a PDF, or those in these ranges.
    ///
    /// # Errors
    /// If the worker can't start.
    pub async fn start(file: &File, pages: Option<Ranges>) -> Result<Self, Error> {
        limit(whole(file.size()), Form::Pdf.most())?;
        let pages = pages.map(|pages| pages.to_string());
        Ok(Self {
            worker: start("pages").await?,
            first: Some(Array::of2(file, &pages.into())),
        })
    }

    /// Draws the next page.
    ///
    /// # Errors
    /// The reason why it can't be drawn.
    pub async fn next(&mut self) -> Result<Drawn, Error> {
        let asked = self.first.take().map_or(JsValue::NULL, JsValue::from);
        let answer = self.worker.ask(&asked).await?;
        if let Some(lacks_letters) = answer.as_bool() {
            return Ok(Drawn::End(lacks_letters));
        }
        let answer: Array = answer.unchecked_into();
        let (kind, content) = read_back(&answer)?;
        let page = answer.get(2).as_f64().map_or(0, whole);
        Ok(Drawn::Page(kind, content, page))
    }
}

/// Starts a worker, and waits until it is ready.
async fn start(name: &str) -> Result<TerminateOnDrop, Error> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    // The workers for PDFs fetch the maps of characters that a file needs.
    let address = format!("{}#{}", assets::url(name), assets::url("cmaps"));
    let worker = Worker::new_with_options(&address, &options).map_err(|_| Error::Failed)?;
    let worker = TerminateOnDrop(worker);
    // Messages sent before the worker is ready would be lost. A worker that can't start sends
    // something else.
    let ready = message(&worker.0).await?;
    ready.as_string().ok_or(Error::Failed)?;
    Ok(worker)
}

/// The kind and the content in an answer.
fn read_back(answer: &Array) -> Result<(Kind, Blob), Error> {
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

impl TerminateOnDrop {
    /// Posts a message and waits for the answer.
    async fn ask(&self, asked: &JsValue) -> Result<JsValue, Error> {
        self.0.post_message(asked).map_err(|_| Error::Failed)?;
        let answer = message(&self.0).await?;
        if let Some(error) = answer.as_f64() {
            let is_it = |known: &&Error| **known as u32 == whole(error);
            let known = Error::ALL.iter().find(is_it);
            return Err(*known.unwrap_or(&Error::Failed));
        }
        Ok(answer)
    }
}

impl Drop for TerminateOnDrop {
    fn drop(&mut self) {
        self.0.terminate();
    }
}
