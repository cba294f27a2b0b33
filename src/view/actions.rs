//! The small buttons below a message.

use leptos::{ev::MouseEvent, prelude::*};

use crate::{
    clipboard,
    i18n::{t_string, use_i18n},
    ui::{
        dynamic::{derive, on_click, t},
        icon::{self, icon},
    },
};

/// The action of one of the buttons.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Copy,
    CopyText,
    Edit,
    Again,
    Delete,
    Earlier,
    Later,
    Sent,
}

/// The button for an action.
pub fn action(what: Act, act: impl Fn(MouseEvent) + Send + Sync + 'static) -> AnyView {
    button(what, Callback::new(act))
}

fn button(what: Act, act: Callback<MouseEvent>) -> AnyView {
    let i18n = use_i18n();
    let name = derive(move || match what {
        Act::Copy => t_string!(i18n, copy),
        Act::CopyText => t_string!(i18n, copy_text),
        Act::Edit => t_string!(i18n, edit_message),
        Act::Again => t_string!(i18n, answer_again),
        Act::Delete => t_string!(i18n, delete_message),
        Act::Earlier => t_string!(i18n, earlier_answer),
        Act::Later => t_string!(i18n, later_answer),
        Act::Sent => t_string!(i18n, sent),
    });
    let shape = match what {
        Act::Copy => icon::COPY,
        Act::CopyText => icon::TEXT,
        Act::Edit => icon::EDIT,
        Act::Again => icon::RESET,
        Act::Delete => icon::DELETE,
        Act::Earlier => icon::BACK,
        Act::Later => icon::FORWARD,
        Act::Sent => icon::SENT,
    };
    // «Copied» is shown for a while.
    let is_done = RwSignal::new(false);
    let says_done = matches!(what, Act::Copy | Act::CopyText);
    view! {
        <button
            class="button icon-button"
            aria-label=name
            title=name
            on:click=on_click(move |event| {
                act.run(event);
                if says_done {
                    is_done.set(true);
                    let over = move || _ = is_done.try_set(false);
                    set_timeout(over, std::time::Duration::from_secs(2));
                }
            })
        >
            {move || if is_done.get() {
                view! {
                    {icon(icon::DONE)}
                    <span class="visually-hidden" role="status">{t!(i18n, copied)}</span>
                }
                    .into_any()
            } else {
                icon(shape).into_any()
            }}
        </button>
    }
    .into_any()
}

/// Copies a text, if there is one.
pub fn copy(text: Option<String>) {
    if let Some(text) = text {
        leptos::task::spawn_local(async move {
            // If copying fails, the text can still be selected.
            let _ = clipboard::copy(&text).await;
        });
    }
}
