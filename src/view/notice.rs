//! Notices for the whole page: something can be undone, or is not saved.

use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use crate::{
    address::Address,
    chat::undo::Removed,
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    library::{self, Library},
    page::{Dialog, PageState},
    session::Session,
    storage,
    ui::{
        dynamic::{dynamic, effect, on_click, show, t},
        explain::explain_unsaved,
        focus::{focus_if_lost, focus_message},
        icon::{self, icon},
        lazy::lazy,
    },
};

/// The notices about data that all chats share.
#[component]
pub fn Notices() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let page = expect_context::<PageState>();
    let unsaved = dynamic(move || {
        let error = library.unsaved()?;
        Some(view! {
            <p class="notice error">
                <span>{explain_unsaved(i18n, error)}</span>
                {(error == storage::Error::Blocked).then(|| view! {
                    <button class="button" on:click=on_click(move |_| page.history.set(true))>
                        {t!(i18n, export)}
                    </button>
                })}
                {(error == storage::Error::Full).then(|| to_settings(page, t!(i18n, make_room)))}
            </p>
        })
    });
    let aside = dynamic(move || {
        let keys = library.aside().get();
        (!keys.is_empty()).then(|| {
            view! {
                <p class="notice error">
                    <span>{t_string!(i18n, aside, keys = keys.join(", ")).to_string()}</span>
                    {to_settings(page, t!(i18n, look_at_it))}
                    <Dismiss act=Callback::new(move |()| library.dismiss_aside()) />
                </p>
            }
        })
    });
    view! {
        <div class="notices" role="status">
            {show(move || !library.is_online().get(), move || view! {
                <p class="notice">
                    <span>{t!(i18n, offline)}</span>
                </p>
            })}
            {unsaved}
            {show(
                move || library.is_nearly_full().get() && library.unsaved().is_none(),
                move || view! {
                    <p class="notice">
                        <span>{t!(i18n, nearly_full)}</span>
                        {to_settings(page, t!(i18n, make_room))}
                        <Dismiss act=Callback::new(move |()| library.dismiss_nearly_full()) />
                    </p>
                },
            )}
            {aside}
            // The settings cover the page and show a notice of their own.
            {show(move || page.dialog.read().is_none(), move || view! { <DeletedNotice /> })}
        </div>
    }
}

/// The button that opens the settings with the storage usage.
fn to_settings(page: PageState, label: Signal<&'static str>) -> AnyView {
    view! {
        <button class="button" on:click=on_click(move |_| page.open_dialog(Dialog::Settings))>
            {label}
        </button>
    }
    .into_any()
}

/// The notice that a chat or an endpoint was deleted, with Undo.
#[component]
pub fn DeletedNotice() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let page = expect_context::<PageState>();
    let undo = move || {
        let is_new = untrack(|| page.session()).is_none_or(Session::is_new);
        // A chat that was open when it was deleted opens again.
        if let Some(chat) = library.undo().filter(|_| is_new) {
            page.go_to(&Address::Chat(chat));
        }
    };
    dynamic(move || {
        let words = match library.removed()? {
            library::Removed::Chats(_) => t_string!(i18n, chat_deleted),
            library::Removed::Endpoint(..) => t_string!(i18n, endpoint_was_deleted),
        };
        Some(view! {
            <p class="notice">
                <span>{words}</span>
                <button class="button" on:click=on_click(move |_| undo())>
                    {t!(i18n, undo)}
                </button>
                <Dismiss act=Callback::new(move |()| library.dismiss_removed()) />
            </p>
        })
    })
}

thread_local! {
    static REMOVED: Chunk<fn() -> AnyView> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<fn() -> AnyView, Missing> {
    Ok(|| view! { <RemovedNotice /> }.into_any())
}

/// The notices about the open chat.
#[component]
pub fn ChatNotices() -> impl IntoView {
    let session = expect_context::<Session>();
    view! {
        <div class="notices" role="status">
            {show(
                move || session.removed().is_some(),
                || lazy(&REMOVED, |notice| notice()),
            )}
        </div>
    }
}

/// The notice of a removal, with Undo.
#[component]
fn RemovedNotice() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let undo = NodeRef::<html::Button>::new();
    // A removed card takes the focus with it; the focus then goes to Undo.
    effect(move || {
        undo.track();
        focus_if_lost(undo);
    });
    dynamic(move || {
        let words = match session.removed()? {
            Removed::Card { .. } => t_string!(i18n, card_deleted),
            Removed::Turn { .. } => t_string!(i18n, turn_removed),
            Removed::Replaced { .. } => t_string!(i18n, turn_replaced),
            Removed::Turns { .. } => t_string!(i18n, chat_cleared),
            Removed::Settings(_) => t_string!(i18n, settings_copied),
        };
        Some(view! {
            <p class="notice">
                <span>{words}</span>
                <button class="button" node_ref=undo on:click=on_click(move |event| {
                    if let Some(card) = session.undo() {
                        focus_message(card, &event);
                    }
                })>
                    {t!(i18n, undo)}
                </button>
                <Dismiss act=Callback::new(move |()| session.dismiss_removed()) />
            </p>
        })
    })
}

/// The button that dismisses a notice.
#[component]
fn Dismiss(act: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button
            class="button icon-button"
            aria-label=t!(i18n, dismiss)
            on:click=on_click(move |_| act.run(()))
        >
            {icon(icon::CLOSE)}
        </button>
    }
}
