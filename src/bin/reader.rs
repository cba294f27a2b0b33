//! The program that draws answers, fetched when there is one: see `collate::reader`.

use collate::reader;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

fn main() {
    reader::listen();
}

/// Takes the words around an answer, in the reader's language.
#[wasm_bindgen]
pub fn set_words(words: Vec<String>) {
    reader::set_words(words);
}

/// A whole text as it is read: [`reader::plain`].
#[wasm_bindgen]
pub fn plain(text: &str) -> String {
    reader::plain(text)
}

/// A text being drawn into an element: [`reader::Drawing`].
#[wasm_bindgen]
pub struct Drawing(reader::Drawing);

#[wasm_bindgen]
impl Drawing {
    /// Draws into this element.
    #[wasm_bindgen(constructor)]
    pub fn new(container: HtmlElement) -> Self {
        Self(reader::Drawing::new(container))
    }

    /// Adds more of the text.
    pub fn push(&self, more: &str) {
        self.0.push(more);
    }

    /// Takes a text that is whole.
    pub fn show(&self, text: &str) {
        self.0.show(text);
    }

    /// The text is whole.
    pub fn finish(&self) {
        self.0.finish();
    }
}
