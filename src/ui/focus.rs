//! Where the keyboard's focus goes when what had it is gone.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::chat::card;

/// Gives an element the focus, which one that is gone does not take.
pub fn focus(element: &web_sys::HtmlElement) {
    let _ = element.focus();
}

/// Gives the focus to what a reference leads to, if it is on the page.
pub fn focus_on<E>(element: NodeRef<E>)
where
    E: leptos::html::ElementType,
    E::Output: wasm_bindgen::JsCast + AsRef<web_sys::HtmlElement> + Clone + 'static,
{
    if let Some(element) = element.try_get_untracked().flatten() {
        focus(element.as_ref());
    }
}

/// Gives the focus to what a reference leads to, if by the next frame nothing has it: what had it is
/// gone from the page.
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

/// Gives the focus to the first control within an element, if nothing has it: what had it is gone.
pub fn focus_within(element: &web_sys::Element) {
    const CONTROLS: &str = "input, button, select, textarea, a[href]";
    let focused = document().active_element();
    if focused.is_none_or(|focused| focused.tag_name() == "BODY")
        && let Ok(Some(first)) = element.query_selector(CONTROLS)
    {
        focus(&first.unchecked_into());
    }
}

/// Gives a card's input the focus that a button loses by going away. Only after a key: a tap that
/// did the same would bring up the keyboard of a phone.
pub fn focus_message(id: card::Id, event: &ev::MouseEvent) {
    if event.detail() == 0 {
        request_animation_frame(move || focus_input(id));
    }
}

/// Gives a card's input the focus.
pub fn focus_input(id: card::Id) {
    let input = document()
        .query_selector(&format!("#card-{id} .composer-box textarea"))
        .ok()
        .flatten();
    if let Some(input) = input {
        focus(&input.unchecked_into());
    }
}
