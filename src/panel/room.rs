//! Room.
use leptos::prelude::*;
/// Room.
#[component]
pub fn Room() -> impl IntoView {
    view! { <p>"room"</p> }
}
