//! Views: they render the session's state and report user actions to it. Their own state is only what is
//! open, typed or focused right now.

mod actions;
mod ahead;
mod answer;
mod attachments;
mod board;
mod card;
mod chip;
mod composer;
mod dialog;
mod drawing;
mod extras;
mod follow;
mod grip;
mod ime;
mod messages;
mod more;
pub mod notice;
mod pictures;
mod turn;
mod turns;

use leptos::prelude::*;

use crate::{
    address::Address,
    chats::{Chats, Opened},
    chunk, fault,
    history::History,
    i18n::{I18n, t_string, use_i18n},
    library::Library,
    page::{Dialog, PageState, location::Location},
    session::Session,
    storage::{Theme, archive},
    ui::{
        dynamic::{derive, dynamic, effect, flag, memo, on_click, show, t},
        explain::Words,
        focus, icon,
        lazy::lazy,
    },
};
use board::Board;
use dialog::DialogView;
use notice::{ChatNotices, Notices};

/// The whole app: stored data, translations and address.
#[component]
pub fn App() -> impl IntoView {
    let chats = Chats::open_all();
    let library = chats.library();
    provide_context(chats);
    provide_context(library);
    let locale = move || library.settings().with(|settings| settings.locale.clone());
    let i18n = I18n::new(locale, library.languages());
    i18n.provide();
    fault::watch(
        i18n,
        move || chats.save_all(),
        move || library.unsaved().is_some(),
    );
    view! { <Page /> }
}

#[component]
fn Page() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let chats = expect_context::<Chats>();
    let location = Location::new(move |address| chats.open(&address));
    chats.open(&location.address());
    let opened = chats.opened();
    let page = PageState {
        opened,
        location,
        history: RwSignal::new(false),
        dialog: RwSignal::new(None),
        custom: RwSignal::default(),
    };
    provide_context(page);
    page.close_on_back();
    Words::provide();
    ahead::begin(chats);
    // A chat with messages has an address of its own.
    effect(move || {
        if let Some(id) = page.session().and_then(Session::address) {
            let address = Address::Chat(id).to_string();
            if location.here() != address {
                location.replace(&address);
            }
        }
    });
    let title = memo(move || page.session().map(Session::title).unwrap_or_default());
    effect(move || {
        let title = title.get();
        document().set_title(&if title.is_empty() {
            "Collate".to_owned()
        } else {
            format!("{title} · Collate")
        });
    });
    effect(move || {
        let theme = match library.settings().with(|settings| settings.theme) {
            Some(Theme::Light) => "light",
            Some(Theme::Dark) => "dark",
            None => "",
        };
        if let Some(root) = document().document_element() {
            // A valid attribute name can't be rejected.
            let _ = root.set_attribute("data-theme", theme);
        }
    });
    let answering = memo(move || page.session().map_or(0, Session::answering));
    effect(move || {
        if library.is_online().get() {
            chunk::look_again();
        }
    });
    let failed = memo(move || page.session().map_or(0, |session| session.failed().len()));
    view! {
        <header class="page-header">
            <h1 class="brand">"Collate"</h1>
            <p class="chat-title">{derive(move || title.get())}</p>
            {show(move || answering.get() > 1, move || view! {
                <button
                    class="button"
                    title=t!(i18n, stop_all_hint, count = answering.get())
                    on:click=on_click(move |event| {
                        if let Some(session) = untrack(|| page.session()) {
                            session.stop_all();
                            if let Some(first) = session.first_card() {
                                focus::focus_message(first, &event);
                            }
                        }
                    })
                >
                    {icon::icon(icon::STOP)}
                    {t!(i18n, stop_all)}
                </button>
            })}
            {show(move || failed.get() > 1, move || view! {
                <button
                    class="button"
                    on:click=on_click(move |event| {
                        if let Some(session) = untrack(|| page.session()) {
                            session.retry_failed();
                            if let Some(first) = session.first_card() {
                                focus::focus_message(first, &event);
                            }
                        }
                    })
                >
                    {icon::icon(icon::RESET)}
                    {t!(i18n, retry_failed)}
                </button>
            })}
            <button
                class="button"
                aria-label=t!(i18n, new_chat)
                title=t!(i18n, new_chat)
                on:click=on_click(move |_| page.new_chat())
            >
                {icon::icon(icon::PLUS)}
                <span class="button-word">{t!(i18n, new_chat)}</span>
            </button>
            <button
                class="button"
                id="history-button"
                data-ahead="history"
                aria-label=t!(i18n, history)
                title=t!(i18n, history)
                aria-expanded=flag(move || page.history.get())
                on:click=on_click(move |_| page.history.update(|open| *open = !*open))
            >
                {icon::icon(icon::HISTORY)}
                <span class="button-word">{t!(i18n, history)}</span>
            </button>
            <button
                class="button icon-button"
                data-ahead="settings"
                aria-label=t!(i18n, settings)
                title=t!(i18n, settings)
                aria-haspopup="dialog"
                on:click=on_click(move |_| page.open_dialog(Dialog::Settings))
            >
                {icon::icon(icon::SETTINGS)}
            </button>
        </header>
        <Notices />
        <div class="content">
            {dynamic(move || match opened.get() {
                Opened::Chat(session) => {
                    provide_context(session);
                    view! {
                        <ChatNotices />
                        <Board />
                    }
                        .into_any()
                }
                Opened::Unpacking => view! { <Unpacking /> }.into_any(),
                Opened::Nothing => view! { <Nothing /> }.into_any(),
            })}
            {show(move || page.history.get(), move || view! { <History /> })}
        </div>
        {dynamic(move || page.dialog.get().map(|about| view! { <DialogView about /> }))}
    }
}

/// The placeholder for a compressed chat until the chunk that unpacks it is loaded.
#[component]
fn Unpacking() -> impl IntoView {
    view! {
        <main class="board">
            <div class="empty">{lazy(&archive::ARCHIVE, |_| ().into_any())}</div>
        </main>
    }
}

/// The placeholder for a chat that does not exist.
#[component]
fn Nothing() -> impl IntoView {
    let i18n = use_i18n();
    let page = expect_context::<PageState>();
    view! {
        <main class="board">
            <div class="empty">
                <h2>{t!(i18n, nothing_here)}</h2>
                <p class="hint">{t!(i18n, nothing_here_hint)}</p>
                <button class="button primary" on:click=on_click(move |_| page.new_chat())>
                    {t_string!(i18n, start_new_chat)}
                </button>
            </div>
        </main>
    }
}
