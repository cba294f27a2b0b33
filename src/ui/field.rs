//! A field of a form.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventTarget, KeyboardEvent};

use super::dynamic::{derive, effect, flag, show, t};
use crate::i18n::use_i18n;

/// A field with its label above and a hint below.
#[component]
pub fn Field(
    /// Unique on the page.
    id: String,
    label: Signal<&'static str>,
    hint: Signal<String>,
    /// Its initial text.
    #[prop(optional)]
    value: String,
    #[prop(optional)] placeholder: &'static str,
    input: NodeRef<html::Input>,
    /// True if the text is masked by dots, can't be copied, and is shown while a button is held. It is still
    /// a text field: a password field would be offered to the password manager, and is no textbox to
    /// assistive technology.
    #[prop(optional)]
    is_secret: bool,
    /// Gets the saved value, shown while the button is held and nothing is typed.
    #[prop(optional)]
    saved: Option<Callback<(), Option<String>>>,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    let is_shown = RwSignal::new(false);
    let masked = derive(move || {
        if is_secret && !is_shown.get() {
            "secret"
        } else {
            ""
        }
    });
    if is_secret {
        effect(move || {
            if let Some(input) = input.get() {
                hear(&input, &["copy", "cut", "dragstart"], move |event| {
                    if !is_shown.try_get_untracked().unwrap_or_default() {
                        event.prevent_default();
                    }
                });
            }
        });
    }
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <div class="field-line">
                <input
                    node_ref=input
                    id=id
                    class=masked
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=placeholder
                    value=value
                    aria-describedby=hint_id.clone()
                />
                {is_secret.then(|| view! { <Hold is_shown /> })}
            </div>
            {show(move || is_shown.get(), move || {
                let saved = saved.filter(|_| typed(input).is_empty());
                saved.and_then(|saved| saved.run(())).map(|saved| view! { <output>{saved}</output> })
            })}
            <small class="hint" id=hint_id>
                {hint}
            </small>
        </div>
    }
}

/// The button that shows a secret while it is held.
#[component]
fn Hold(is_shown: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let button = NodeRef::<html::Button>::new();
    effect(move || {
        let Some(button) = button.get() else { return };
        let events = [
            "pointerdown",
            "keydown",
            "pointerup",
            "pointerleave",
            "pointercancel",
            "keyup",
            "blur",
        ];
        hear(&button, &events, move |event| {
            let is_held = match &*event.type_() {
                "pointerdown" => true,
                "keydown" => {
                    let key = event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key);
                    matches!(key.as_deref(), Some(" " | "Enter"))
                }
                _ => false,
            };
            if is_held {
                // Prevents scrolling, selecting and sending.
                event.prevent_default();
            }
            // The button may be gone already.
            let _ = is_shown.try_set(is_held);
        });
    });
    view! {
        <button
            node_ref=button
            class="button"
            type="button"
            aria-pressed=flag(move || is_shown.get())
        >
            {t!(i18n, hold_to_show)}
        </button>
    }
}

/// Listens to events of an element, as long as it lives.
fn hear(element: &EventTarget, events: &[&str], act: impl Fn(Event) + 'static) {
    let act = Closure::<dyn Fn(Event)>::new(act).into_js_value();
    for event in events {
        // A function can always be added as a listener.
        let _ = element.add_event_listener_with_callback(event, act.unchecked_ref());
    }
}

/// The text of a field.
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
