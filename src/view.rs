//! What a user sees. Views read the session's state and say to it what a user does; they hold no other state
//! than what is open, typed or focused right now.

mod actions;
mod ahead;
mod answer;
mod attachments;
mod board;
pub(crate) mod card;
mod composer;
mod dialog;
mod drawing;
pub(crate) mod dynamic;
pub(crate) mod explain;
pub(crate) mod field;
mod follow;
mod grip;
mod history;
pub(crate) mod icon;
mod ime;
pub(crate) mod lazy;
mod location;
pub(crate) mod menu;
mod messages;
pub(crate) mod notice;
pub(crate) mod params;
mod picker;
mod turns;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{
    address::Address,
    chat::{self, card::Id as CardId},
    chunk, fault,
    i18n::{I18n, t_string, use_i18n},
    session::{Library, Opened, Session},
    storage::{Theme, archive},
};
use board::Board;
use dialog::DialogView;
pub(crate) use dialog::{Dialog, Patient};
use dynamic::{click, derive, effect, flag, memo, part, when, word};
use explain::Words;
use history::History;
use lazy::lazy;
use location::Location;
use notice::{ChatNotices, Notices};

/// The whole app: what is stored, the words and the address.
#[component]
pub fn App() -> impl IntoView {
    let library = Library::open_all();
    provide_context(library);
    let locale = move || library.settings().with(|settings| settings.locale.clone());
    let i18n = I18n::new(locale, library.languages());
    i18n.provide();
    fault::watch(library, i18n);
    view! { <Page /> }
}

/// What is shown now, and how to show something else.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    opened: Memo<Opened>,
    location: Location,
    /// Whether the history is open.
    history: RwSignal<bool>,
    /// What is shown in a dialog.
    dialog: RwSignal<Option<Dialog>>,
    /// The cards whose form the reader has asked for by choosing «Custom model…», or an address has.
    custom: RwSignal<Vec<CardId>>,
}

impl Shown {
    /// Whether a card's form was asked for.
    pub(crate) fn is_custom(self, card: CardId) -> bool {
        self.custom.with(|cards| cards.contains(&card))
    }

    /// Asks for a card's form, or no longer does.
    pub(crate) fn ask_for(self, card: CardId, is_custom: bool) {
        if untrack(|| self.is_custom(card)) != is_custom {
            self.custom.update(|cards| {
                cards.retain(|other| *other != card);
                if is_custom {
                    cards.push(card);
                }
            });
        }
    }

    /// The chat that is shown.
    pub(crate) fn session(self) -> Option<Session> {
        match self.opened.get() {
            Opened::Chat(session) => Some(session),
            Opened::Coming | Opened::Nothing => None,
        }
    }

    /// Goes to an address. What is left has its own from now on, so that Back leads to it.
    fn go_to(self, address: &Address) {
        let left = untrack(|| self.session()).and_then(Session::leave);
        if let Some(left) = left {
            self.location.replace(&Address::Chat(left).to_string());
        }
        self.location.go(&address.to_string());
    }

    /// Opens a chat of the history. On a narrow page, the drawer would hide what was opened.
    pub(crate) fn open(self, id: chat::Id) {
        self.go_to(&Address::Chat(id));
        if is_narrow() {
            self.history.set(false);
        }
    }

    /// Ends a chat that is about to be deleted: a new one takes its place, if it is shown.
    pub(crate) fn end(self, library: Library, id: chat::Id) {
        let here = untrack(|| self.session()).and_then(|open| untrack(|| open.address()));
        library.end(id);
        if here == Some(id) {
            self.location.replace(&Address::New(Vec::new()).to_string());
        }
    }

    /// Shows a dialog.
    pub(crate) fn open_dialog(self, about: Dialog) {
        self.dialog.set(Some(about));
    }

    /// Closes the dialog.
    pub(crate) fn close_dialog(self) {
        self.dialog.set(None);
    }

    /// Shows a new chat, or goes on in one in which nothing was said.
    fn new_chat(self) {
        if !untrack(|| self.session()).is_some_and(Session::is_new) {
            self.go_to(&Address::New(Vec::new()));
        }
        request_animation_frame(move || {
            if let Some(first) = untrack(|| self.session()).and_then(Session::first_card) {
                card::focus_input(first);
            }
        });
    }
}

/// Gives an element the focus, which one that is gone does not take.
pub(crate) fn focus(element: &web_sys::HtmlElement) {
    let _ = element.focus();
}

/// Gives the focus to what a reference leads to, if it is on the page.
pub(crate) fn focus_on<E>(element: NodeRef<E>)
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
pub(crate) fn focus_if_lost<E>(element: NodeRef<E>)
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
pub(crate) fn focus_within(element: &web_sys::Element) {
    const CONTROLS: &str = "input, button, select, textarea, a[href]";
    let focused = document().active_element();
    if focused.is_none_or(|focused| focused.tag_name() == "BODY")
        && let Ok(Some(first)) = element.query_selector(CONTROLS)
    {
        focus(&first.unchecked_into());
    }
}

/// Whether the page is too narrow to show the history beside the chat.
fn is_narrow() -> bool {
    let width = document()
        .document_element()
        .map(|root| root.client_width());
    width.is_some_and(|width| width < 768)
}

#[component]
fn Page() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let location = Location::new();
    let opened = memo(move || {
        let address = location.address();
        let opened = untrack(|| library.open(&address));
        if !matches!(opened, Opened::Chat(_)) {
            // A chat that is brought back, or unpacked, is shown where it was missing.
            library.follow_history();
            chunk::follow();
        }
        opened
    });
    let shown = Shown {
        opened,
        location,
        history: RwSignal::new(false),
        dialog: RwSignal::new(None),
        custom: RwSignal::default(),
    };
    provide_context(shown);
    Words::provide();
    ahead::begin(library);
    // A chat in which something was said has an address of its own.
    effect(move || {
        if let Some(id) = shown.session().and_then(Session::address) {
            let address = Address::Chat(id).to_string();
            if location.here() != address {
                location.replace(&address);
            }
        }
    });
    let title = memo(move || shown.session().map(Session::title).unwrap_or_default());
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
            // An attribute's name that is one can't be refused.
            let _ = root.set_attribute("data-theme", theme);
        }
    });
    let answering = memo(move || shown.session().map_or(0, Session::answering));
    effect(move || {
        if library.is_online().get() {
            chunk::look_again();
        }
    });
    let failed = memo(move || shown.session().map_or(0, |session| session.failed().len()));
    view! {
        <header class="page-header">
            <h1 class="brand">"Collate"</h1>
            <p class="chat-title">{derive(move || title.get())}</p>
            {when(move || answering.get() > 1, move || view! {
                <button
                    class="button"
                    title=word!(i18n, stop_all_hint, count = answering.get())
                    on:click=click(move |event| {
                        if let Some(session) = untrack(|| shown.session()) {
                            session.stop_all();
                            if let Some(first) = session.first_card() {
                                card::focus_message(first, &event);
                            }
                        }
                    })
                >
                    {icon::icon(icon::STOP)}
                    {word!(i18n, stop_all)}
                </button>
            })}
            {when(move || failed.get() > 1, move || view! {
                <button
                    class="button"
                    on:click=click(move |event| {
                        if let Some(session) = untrack(|| shown.session()) {
                            session.retry_failed();
                            if let Some(first) = session.first_card() {
                                card::focus_message(first, &event);
                            }
                        }
                    })
                >
                    {icon::icon(icon::RESET)}
                    {word!(i18n, retry_failed)}
                </button>
            })}
            <button
                class="button"
                aria-label=word!(i18n, new_chat)
                title=word!(i18n, new_chat)
                on:click=click(move |_| shown.new_chat())
            >
                {icon::icon(icon::PLUS)}
                <span class="button-word">{word!(i18n, new_chat)}</span>
            </button>
            <button
                class="button"
                id="history-button"
                data-ahead="history"
                aria-label=word!(i18n, history)
                title=word!(i18n, history)
                aria-expanded=flag(move || shown.history.get())
                on:click=click(move |_| shown.history.update(|open| *open = !*open))
            >
                {icon::icon(icon::HISTORY)}
                <span class="button-word">{word!(i18n, history)}</span>
            </button>
            <button
                class="button icon-button"
                data-ahead="settings"
                aria-label=word!(i18n, settings)
                title=word!(i18n, settings)
                aria-haspopup="dialog"
                on:click=click(move |_| shown.open_dialog(Dialog::Settings))
            >
                {icon::icon(icon::SETTINGS)}
            </button>
        </header>
        <Notices />
        <div class="content">
            {part(move || match opened.get() {
                Opened::Chat(session) => {
                    provide_context(session);
                    view! {
                        <ChatNotices />
                        <Board />
                    }
                        .into_any()
                }
                Opened::Coming => view! { <Coming /> }.into_any(),
                Opened::Nothing => view! { <Nothing /> }.into_any(),
            })}
            {when(move || shown.history.get(), move || view! { <History /> })}
        </div>
        {part(move || shown.dialog.get().map(|about| view! { <DialogView about /> }))}
    }
}

/// What stands in place of a packed chat until what unpacks it is here: then it is opened.
#[component]
fn Coming() -> impl IntoView {
    view! {
        <main class="board">
            <div class="empty">{lazy(&archive::ARCHIVE, |_| ().into_any())}</div>
        </main>
    }
}

/// What stands in place of a chat that is not there.
#[component]
fn Nothing() -> impl IntoView {
    let i18n = use_i18n();
    let shown = expect_context::<Shown>();
    view! {
        <main class="board">
            <div class="empty">
                <h2>{word!(i18n, nothing_here)}</h2>
                <p class="hint">{word!(i18n, nothing_here_hint)}</p>
                <button class="button primary" on:click=click(move |_| shown.new_chat())>
                    {t_string!(i18n, start_new_chat)}
                </button>
            </div>
        </main>
    }
}
