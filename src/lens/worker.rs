//! The workers' side: what they are sent, and that they answer.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// What a worker begins by saying: before, messages to it would be lost.
pub(super) const READY: &str = "ready";

/// What a worker is sent. To each but [`Message::Forget`] it sends one answer, in the same order.
pub enum Message {
    /// The next lines of a block. Answered by its spans, as a `Uint32Array`, or by null.
    Lines {
        /// The number of the block.
        block: u32,
        /// Lines with their ends, save the very last.
        lines: String,
        /// With the first lines of a block only: a worker that has not seen those says null.
        language: Option<String>,
    },
    /// No more of this block.
    Forget {
        /// The number of the block.
        block: u32,
    },
    /// A formula. Answered by MathML, as a string, or by null.
    Maths {
        /// As written.
        latex: String,
        /// Whether it has a line of its own.
        display: bool,
    },
}

impl Message {
    pub(super) fn write(self) -> JsValue {
        match self {
            Self::Lines {
                block,
                lines,
                language,
            } => Array::of3(&block.into(), &lines.into(), &language.into()),
            Self::Forget { block } => Array::of1(&block.into()),
            Self::Maths { latex, display } => Array::of2(&latex.into(), &display.into()),
        }
        .into()
    }

    fn read(message: &Array) -> Option<Self> {
        let [first, second, third] = [message.get(0), message.get(1), message.get(2)];
        if let (Some(latex), Some(display)) = (first.as_string(), second.as_bool()) {
            return Some(Self::Maths { latex, display });
        }
        // A number of a block goes the way that wasm-bindgen sends a u32.
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
    // Only what can't be cloned is refused; these are strings and numbers.
    let _ = page.post_message(answer);
}
