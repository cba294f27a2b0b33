//! The program that packs, unpacks and merges chats, fetched when it is needed: see
//! `collate::archive`.

use collate::archive;
use wasm_bindgen::prelude::wasm_bindgen;

/// The standard library's allocator is 2 kB more to download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {}

/// A chat's text, packed: [`collate::packed::pack`].
#[wasm_bindgen]
pub fn pack(text: &str) -> String {
    collate::packed::pack(text)
}

/// The text of a packed chat: [`collate::packed::unpack`].
#[wasm_bindgen]
pub fn unpack(text: &str) -> Option<String> {
    collate::packed::unpack(text)
}

/// One text of two copies of a chat: [`archive::merge`].
#[wasm_bindgen]
pub fn merge(mine: &str, theirs: &str) -> Option<String> {
    archive::merge(mine, theirs)
}

/// Brings back what an older version has written, or what was lost with the browser:
/// [`archive::restore`].
#[wasm_bindgen]
pub async fn restore() -> Vec<String> {
    archive::restore().await
}

/// What could not be written: [`archive::held`].
#[wasm_bindgen]
pub fn held() -> Vec<String> {
    archive::held()
}

/// Packs what no tab has open: [`archive::tidy`].
#[wasm_bindgen]
pub async fn tidy() {
    archive::tidy().await;
}
