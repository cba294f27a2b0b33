//! The dialog with the settings. [`crate::panel`] draws what is in it.

use leptos::{ev, html, prelude::*};

use super::{
    Shown,
    dynamic::{click, effect, word},
    icon::{self, icon},
    panel::Panel,
};
use crate::i18n::use_i18n;

/// The dialog with the settings.
#[component]
pub fn SettingsDialog() -> impl IntoView {
    let i18n = use_i18n();
    let shown = expect_context::<Shown>();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only when it is open already.
            let _ = dialog.show_modal();
        }
    });
    // Closing a dialog gives the focus back to where it was.
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        shown.settings.set(false);
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog settings"
            aria-label=word!(i18n, settings)
            tabindex="-1"
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                close();
            }
        >
            <div class="popover-head">
                <h2>{word!(i18n, settings)}</h2>
                <button
                    class="button icon-button"
                    aria-label=word!(i18n, close)
                    on:click=click(move |_| close())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <Panel name="settings" />
        </dialog>
    }
}
