//! What is on the shelf: every chat that is stored.
use crate::storage::Settings;
use leptos::prelude::*;
/// The shelf.
#[derive(Clone, Copy)]
pub struct Shelf;
impl Shelf {
    /// Opens.
    pub fn open(_: RwSignal<Settings>) -> Self {
        Self
    }
}
/// Languages.
pub fn languages() -> Vec<String> {
    let languages = window().navigator().languages();
    languages.iter().filter_map(|tag| tag.as_string()).collect()
}
