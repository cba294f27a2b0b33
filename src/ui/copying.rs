//! The action of buttons that copy a text.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};

use crate::clipboard;

/// Duration of the message that the text was copied.
const SHOWN: Duration = Duration::from_secs(2);

/// Returns an action that copies a text, and a signal that is true for a moment after it has.
pub fn copying(text: String) -> (impl Fn(web_sys::MouseEvent) + 'static, ReadSignal<bool>) {
    let (is_copied, set_copied) = signal(false);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            // If copying fails, the text can still be selected.
            if clipboard::copy(&text).await {
                // The view may be closed meanwhile.
                let _ = set_copied.try_set(true);
                let over = move || _ = set_copied.try_set(false);
                let next = set_timeout_with_handle(over, SHOWN).ok();
                let before = timer.try_update_value(|timer| std::mem::replace(timer, next));
                if let Some(before) = before.flatten() {
                    before.clear();
                }
            }
        });
    };
    (copy, is_copied)
}
