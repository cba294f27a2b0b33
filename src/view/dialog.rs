//! A dialog in front of the page.

use leptos::{ev, html, prelude::*};

use crate::{
    i18n::{I18n, use_i18n},
    page::{Dialog, PageState},
    ui::{
        dynamic::{effect, on_click, t},
        icon::{self, icon},
        lazy::lazy,
    },
};

/// The dialog in front of the page.
#[component]
pub(crate) fn DialogView(about: Dialog) -> impl IntoView {
    let i18n = use_i18n();
    let title = title(i18n, &about);
    let page = expect_context::<PageState>();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only if it is already open.
            let _ = dialog.show_modal();
        }
    });
    // Closing a dialog returns the focus to where it was.
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        page.dialog.set(None);
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
                    aria-label=t!(i18n, close)
                    on:click=on_click(move |_| close())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <div class="panel">{content(about)}</div>
        </dialog>
    }
}

fn title(i18n: I18n, about: &Dialog) -> Signal<&'static str> {
    match about {
        Dialog::Settings => t!(i18n, settings),
        Dialog::Vault => t!(i18n, vault),
        Dialog::Doctor(_) => t!(i18n, doctor),
        Dialog::Sent(..) => t!(i18n, sent),
    }
}

fn content(about: Dialog) -> AnyView {
    match about {
        Dialog::Settings => lazy(&crate::settings::SETTINGS, |settings| settings()),
        Dialog::Vault => lazy(&crate::settings::VAULT, |vault| vault()),
        Dialog::Doctor(target) => lazy(&crate::diagnosis::DOCTOR, move |doctor| {
            doctor(target.clone())
        }),
        Dialog::Sent(card, turn) => lazy(&crate::request_log::SENT, move |sent| sent(card, turn)),
    }
}
