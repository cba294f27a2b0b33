//! The drawer.
use leptos::prelude::*;
/// Drawer.
#[component]
pub fn Drawer() -> impl IntoView {
    view! { <p>"drawer"</p> }
}
