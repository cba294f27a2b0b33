//! The program that reads and writes files of chats, fetched when one is: see `collate::transfer`.

use collate::transfer::{program, speech};
use wasm_bindgen::prelude::wasm_bindgen;

/// The standard library's allocator is 2 kB more to download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {}

/// Reads a file: [`program::answer_read`].
#[wasm_bindgen]
pub fn read(text: &str) -> String {
    program::answer_read(text)
}

/// Writes a file in a language: [`program::answer_write`].
#[wasm_bindgen]
pub fn write(request: &str, language: &str) -> Option<String> {
    program::answer_write(request, &speech::words(language))
}
