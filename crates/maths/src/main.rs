//! The worker that converts LaTeX to MathML.

use collate_worker::{Message, serve};
use wasm_bindgen::JsValue;

fn main() {
    serve(|message| match message {
        Message::Maths { latex, display } => {
            let markup = maths::render(&latex, display);
            Some(markup.map_or(JsValue::NULL, JsValue::from))
        }
        Message::Lines { .. } => Some(JsValue::NULL),
        Message::Forget { .. } => None,
    });
}
