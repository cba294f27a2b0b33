//! The messages between the page and its workers.
//!
//! [`Message`] and [`serve`] are for the worker that highlights code; [`mod@file`] is for those that read files, and
//! [`pages`] for the one that draws pages. The worker that reads formulas is a script, `src/workers/maths`.

pub mod file;
pub mod import;
pub mod pages;

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// The first message of a worker: messages sent to it earlier would be lost.
pub const READY: &str = "ready";

/// A message to a worker. It answers each except [`Message::Forget`] once, in the same order.
pub enum Message {
    /// The next lines of a block. The answer is its spans, as a `Uint32Array`, or null.
    Lines {
        /// The number of the block.
        block: u32,
        /// Complete lines with their ends, except for the very last.
        lines: String,
        /// Only with the block's first lines: a worker that has not seen those answers null.
        language: Option<String>,
    },
    /// Drops a block.
    Forget {
        /// The number of the block.
        block: u32,
    },
}

impl Message {
    /// Converts the message for posting.
    pub fn write(self) -> JsValue {
        match self {
            Self::Lines {
                block,
                lines,
                language,
            } => Array::of3(&block.into(), &lines.into(), &language.into()),
            Self::Forget { block } => Array::of1(&block.into()),
        }
        .into()
    }

    fn read(message: &Array) -> Option<Self> {
        let [first, second, third] = [message.get(0), message.get(1), message.get(2)];
        // Converts a block's number as wasm-bindgen does for a u32.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let block = first.as_f64()? as u32;
        Some(match second.as_string() {
            Some(lines) => Self::Lines {
                block,
                lines,
                language: third.as_string(),
            },
            None => Self::Forget { block },
        })
    }
}

/// Answers all messages of the page.
pub fn serve(mut answer: impl FnMut(Message) -> Option<JsValue> + 'static) {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let page = scope.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let message = Message::read(&event.data().unchecked_into());
        if let Some(answer) = message.and_then(&mut answer) {
            post(&page, &answer);
        }
    });
    scope.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    post(&scope, &READY.into());
}

fn post(page: &DedicatedWorkerGlobalScope, answer: &JsValue) {
    // Only values that can't be cloned are refused; these are strings and numbers.
    let _ = page.post_message(answer);
}
