//! A worker that reads a file: its side of it.
//!
//! It says [`READY`], is sent one file, and answers with a pair of what the file is, in words, and its
//! content as a blob; or, where it can't be read, with the number of the error. A trap ends it, and is
//! an error of that file alone.

use collate_core::{chat::attachment::Kind, file::Error};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, DedicatedWorkerGlobalScope, File, MessageEvent};

use super::READY;

/// Reads the file that it is sent.
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
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The bytes of a file.
///
/// # Errors
/// It is gone from where it was.
pub async fn bytes(file: &File) -> Result<Vec<u8>, Error> {
    let buffer = JsFuture::from(file.array_buffer()).await;
    Ok(Uint8Array::new(&buffer.map_err(|_| Error::Failed)?).to_vec())
}

/// A text as a content.
///
/// # Errors
/// The browser refuses to make a blob.
pub fn text(text: &str) -> Result<Blob, Error> {
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
