//! The worker that highlights code.

use collate_worker::{Message, serve};
use highlight::Highlighter;
use wasm_bindgen::JsValue;

fn main() {
    let mut highlighter = Highlighter::new();
    serve(move |message| match message {
        Message::Lines {
            block,
            lines,
            language,
        } => {
            if let Some(language) = language {
                highlighter.start(block, &language);
            }
            let spans = highlighter.lines(block, &lines);
            Some(spans.map_or(JsValue::NULL, |spans| {
                js_sys::Uint32Array::from(&spans[..]).into()
            }))
        }
        Message::Forget { block } => {
            highlighter.forget(block);
            None
        }
    });
}
