//! A field of a form.

use leptos::{html, prelude::*};

/// A field with its name above and what it is for below.
#[component]
pub fn Field(
    /// Unique on the page.
    id: String,
    label: Signal<&'static str>,
    hint: Signal<String>,
    /// What it holds at first.
    #[prop(optional)]
    value: String,
    #[prop(optional)] placeholder: &'static str,
    input: NodeRef<html::Input>,
    /// Drawn as dots. It is a text field all the same: a password field would be offered to the
    /// password manager, and is no textbox to assistive technology.
    #[prop(optional)]
    is_secret: bool,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                node_ref=input
                id=id
                class:secret=is_secret
                type="text"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder=placeholder
                value=value
                aria-describedby=hint_id.clone()
            />
            <small class="hint" id=hint_id>
                {hint}
            </small>
        </div>
    }
}

/// What a field holds.
pub fn typed(input: NodeRef<html::Input>) -> String {
    input
        .get_untracked()
        .map(|input| input.value())
        .unwrap_or_default()
}

/// Puts a text into a field.
pub fn fill(input: NodeRef<html::Input>, text: &str) {
    if let Some(input) = input.get_untracked() {
        input.set_value(text);
    }
}
