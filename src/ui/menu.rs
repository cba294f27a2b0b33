//! Menus, closing when they are left, and the confirmation of a deletion.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    back::closes_on_back,
    dynamic::{effect, on_click, on_key, t},
    focus::focus,
};
use crate::i18n::use_i18n;

/// Handles a key in a menu: the arrows go through its items, Escape closes it. The first item takes the focus
/// when the menu opens: see [`focus_first`].
pub fn menu_key(
    event: &ev::KeyboardEvent,
    is_open: RwSignal<bool>,
    items: NodeRef<html::Div>,
    close: impl Fn(),
) {
    if !is_open.get_untracked() {
        return;
    }
    // Escape also works while the items load.
    if event.key() == "Escape" {
        close();
        return event.prevent_default();
    }
    let Some(items) = items.get_untracked() else {
        return;
    };
    let count = items.child_element_count() as usize;
    let focused = (0..count).find(|&index| item(&items, index) == document().active_element());
    let focused = focused.unwrap_or(0);
    match event.key().as_str() {
        "ArrowDown" => focus_item(&items, (focused + 1) % count),
        "ArrowUp" => focus_item(&items, (focused + count - 1) % count),
        "Home" => focus_item(&items, 0),
        "End" => focus_item(&items, count - 1),
        _ => return,
    }
    event.prevent_default();
}

/// Focuses the first item of a menu when it opens.
pub fn focus_first(items: NodeRef<html::Div>) {
    effect(move || {
        if let Some(items) = items.get() {
            focus_item(&items, 0);
        }
    });
}

/// Closes a menu or popover once the focus or a press goes outside its element.
pub fn close_when_left(element: NodeRef<html::Div>, is_open: RwSignal<bool>) {
    let leave = move |target: Option<web_sys::EventTarget>| {
        let target = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        if is_open.get_untracked()
            && let Some(element) = element.get_untracked()
            && !element.contains(target.as_ref())
        {
            // Typed text is taken over when its field loses the focus, which a field that is gone does not
            // report.
            if let Some(focused) = document().active_element()
                && element.contains(Some(&focused))
                && let Ok(focused) = focused.dyn_into::<web_sys::HtmlElement>()
            {
                // A focused element can be blurred.
                let _ = focused.blur();
            }
            is_open.set(false);
        }
    };
    closes_on_back(is_open.into(), move || is_open.set(false));
    let pressed = window_event_listener(ev::pointerdown, move |event| leave(event.target()));
    let focused = window_event_listener(ev::focusin, move |event| leave(event.target()));
    on_cleanup(move || {
        pressed.remove();
        focused.remove();
    });
}

fn item(items: &web_sys::Element, index: usize) -> Option<web_sys::Element> {
    items.children().item(u32::try_from(index).ok()?)
}

fn focus_item(items: &web_sys::Element, index: usize) {
    if let Some(item) = item(items, index) {
        focus(&item.unchecked_into());
    }
}

/// The dialog that confirms a deletion.
#[component]
pub fn Confirm(
    /// The question.
    title: Signal<String>,
    /// Names what is lost.
    warning: Signal<&'static str>,
    /// Called with true if confirmed.
    on_end: Callback<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only if it is already open.
            let _ = dialog.show_modal();
        }
    });
    // Closing a dialog returns the focus to where it was.
    let end = move |confirmed| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        on_end.run(confirmed);
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            aria-label=title
            // Escape closes the dialog, not the element behind it.
            on:keydown=on_key(|event| event.stop_propagation())
            on:cancel=move |_: ev::Event| end(false)
        >
            <h2>{title}</h2>
            <p>{warning}</p>
            <div class="dialog-buttons">
                <button class="button" on:click=on_click(move |_| end(false))>
                    {t!(i18n, cancel)}
                </button>
                <button class="button danger" on:click=on_click(move |_| end(true))>
                    {t!(i18n, delete)}
                </button>
            </div>
        </dialog>
    }
}
