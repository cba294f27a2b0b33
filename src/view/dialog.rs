//! A dialog in front of the page. [`crate::panel`] draws what is in it.

use leptos::{ev, html, prelude::*};

use super::{
    Shown,
    dynamic::{click, effect, word},
    icon::{self, icon},
    panel::Panel,
};
use crate::i18n::{I18n, use_i18n};

/// The part of the panel with the settings.
pub const SETTINGS: &str = "settings";

/// The dialog with this part of the panel.
#[component]
pub fn PanelDialog(part: String) -> impl IntoView {
    let i18n = use_i18n();
    let title = title(i18n, &part);
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
        shown.dialog.set(None);
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog settings"
            aria-label=title
            tabindex="-1"
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                close();
            }
        >
            <div class="popover-head">
                <h2>{title}</h2>
                <button
                    class="button icon-button"
                    aria-label=word!(i18n, close)
                    on:click=click(move |_| close())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <Panel name=part />
        </dialog>
    }
}

fn title(i18n: I18n, part: &str) -> Signal<&'static str> {
    match part.split(' ').next() {
        Some("doctor") => word!(i18n, doctor),
        Some("sent") => word!(i18n, sent),
        Some("vault") => word!(i18n, vault),
        _ => word!(i18n, settings),
    }
}
