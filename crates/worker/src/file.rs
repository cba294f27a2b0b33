//! The worker's side of reading a file.
//!
//! The worker posts [`READY`], receives one file, and answers with a pair: the file's kind as a string and
//! its content as a blob; or, if it can't be read, with the error's number. A trap ends the worker, and
//! counts as an error of that file only.

use collate_core::{chat::attachment::Kind, file::Error};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, File, MessageEvent, Response};

use super::READY;

/// Reads the file that the worker receives.
///
/// # Panics
/// Outside a worker, and on files that make a library panic, which ends the worker.
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

pub(crate) fn post(message: &JsValue) {
    // Strings, numbers and blobs can always be posted.
    let _ = scope().post_message(message);
}

/// The global scope of a worker.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The bytes of a file, or of a part of one.
///
/// # Errors
/// If the file is no longer where it was.
pub async fn bytes(file: &Blob) -> Result<Vec<u8>, Error> {
    let buffer = JsFuture::from(file.array_buffer()).await;
    Ok(Uint8Array::new(&buffer.map_err(|_| Error::Failed)?).to_vec())
}

/// Fetches a file of the folder that the page names in the fragment of the worker's address, which is beside the
/// worker's own folder; None if it can't be had.
pub async fn fetch(name: &str) -> Option<Vec<u8>> {
    let folder = scope().location().hash();
    let folder = folder
        .strip_prefix('#')
        .filter(|folder| !folder.is_empty())?;
    let address = format!("../{folder}/{name}");
    let response = JsFuture::from(scope().fetch_with_str(&address))
        .await
        .ok()?;
    let response: Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let content = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&content).to_vec())
}

/// Wraps a text in a blob.
///
/// # Errors
/// If the browser refuses to create a blob.
pub fn text(text: &str) -> Result<Blob, Error> {
    let options = BlobPropertyBag::new();
    options.set_type("text/plain");
    Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)
        .map_err(|_| Error::Failed)
}

/// Converts a size that a browser gives as a floating-point number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a size is a whole number, and the cast saturates above 2³²"
)]
pub fn whole(bytes: f64) -> u32 {
    bytes as u32
}
