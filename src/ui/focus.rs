//! Moves the keyboard focus when its element is gone.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::chat::card;

/// Focuses an element; one that is gone does not take the focus.
pub fn focus(element: &web_sys::HtmlElement) {
    let _ = element.focus();
}

/// Focuses the element of a reference, if it is on the page.
pub fn focus_on<E>(element: NodeRef<E>)
where
    E: leptos::html::ElementType,
    E::Output: wasm_bindgen::JsCast + AsRef<web_sys::HtmlElement> + Clone + 'static,
{
    if let Some(element) = element.try_get_untracked().flatten() {
        focus(element.as_ref());
    }
}

/// Focuses the element of a reference if nothing has the focus by the next frame: its element is gone from
/// the page.
pub fn focus_if_lost<E>(element: NodeRef<E>)
where
    E: leptos::html::ElementType,
    E::Output: wasm_bindgen::JsCast + AsRef<web_sys::HtmlElement> + Clone + 'static,
{
    request_animation_frame(move || {
        let focused = document().active_element();
        if focused.is_none_or(|focused| focused.tag_name() == "BODY") {
            focus_on(element);
        }
    });
}

/// Focuses the first control in an element, if nothing has the focus: its element is gone.
pub fn focus_within(element: &web_sys::Element) {
    const CONTROLS: &str = "input, button, select, textarea, a[href]";
    let focused = document().active_element();
    if focused.is_none_or(|focused| focused.tag_name() == "BODY")
        && let Ok(Some(first)) = element.query_selector(CONTROLS)
    {
        focus(&first.unchecked_into());
    }
}

/// Focuses a card's input when a focused button goes away. It does so only after a key press: after a tap, it
/// would bring up a phone's keyboard.
pub fn focus_message(id: card::Id, event: &ev::MouseEvent) {
    if event.detail() == 0 {
        request_animation_frame(move || focus_input(id));
    }
}

/// Focuses a card's input.
pub fn focus_input(id: card::Id) {
    let input = document()
        .query_selector(&format!("#card-{id} .composer-box textarea"))
        .ok()
        .flatten();
    if let Some(input) = input {
        focus(&input.unchecked_into());
    }
}
