//! Export and import.
use crate::chat;
use leptos::prelude::*;
/// Export.
#[component]
pub fn Exports(
    chat: Option<chat::Id>,
    #[prop(optional)] is_asked: RwSignal<bool>,
) -> impl IntoView {
    _ = (chat, is_asked);
}
/// Import.
#[component]
pub fn Imports() -> impl IntoView {}
