//! What the page shows now, and how something else is shown.

pub mod location;

use leptos::prelude::*;

use crate::{
    address::Address,
    chat::{self, card, turn},
    chats::{Chats, Opened},
    endpoint::{self, Endpoint, Invalid},
    session::Session,
    ui::focus,
};
use location::Location;

/// What is shown now, and how to show something else.
#[derive(Clone, Copy)]
pub struct PageState {
    /// What the address has led to.
    pub opened: ReadSignal<Opened>,
    /// The page's address.
    pub location: Location,
    /// Whether the history is open.
    pub history: RwSignal<bool>,
    /// What is shown in a dialog.
    pub dialog: RwSignal<Option<Dialog>>,
    /// The cards whose form the reader has asked for by choosing «Custom model…», or an address has.
    pub custom: RwSignal<Vec<card::Id>>,
}

impl PageState {
    /// Whether a card's form was asked for.
    pub fn is_custom(self, card: card::Id) -> bool {
        self.custom.with(|cards| cards.contains(&card))
    }

    /// Asks for a card's form, or no longer does.
    pub fn ask_for(self, card: card::Id, is_custom: bool) {
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
    pub fn session(self) -> Option<Session> {
        match self.opened.get() {
            Opened::Chat(session) => Some(session),
            Opened::Unpacking | Opened::Nothing => None,
        }
    }

    /// Goes to an address. What is left has its own from now on, so that Back leads to it.
    pub fn go_to(self, address: &Address) {
        let left = untrack(|| self.session()).and_then(Session::leave);
        if let Some(left) = left {
            self.location.replace(&Address::Chat(left).to_string());
        }
        self.location.go(&address.to_string());
    }

    /// Opens a chat of the history. On a narrow page, the drawer would hide what was opened.
    pub fn open(self, id: chat::Id) {
        self.go_to(&Address::Chat(id));
        if is_narrow() {
            self.history.set(false);
        }
    }

    /// Ends a chat that is about to be deleted: a new one takes its place, if it is shown.
    pub fn end(self, chats: Chats, id: chat::Id) {
        let here = untrack(|| self.session()).and_then(|open| untrack(|| open.address()));
        chats.end(id);
        if here == Some(id) {
            self.location.replace(&Address::New(Vec::new()).to_string());
        }
    }

    /// Shows a dialog.
    pub fn open_dialog(self, about: Dialog) {
        self.dialog.set(Some(about));
    }

    /// Closes the dialog.
    pub fn close_dialog(self) {
        self.dialog.set(None);
    }

    /// Shows a new chat, or goes on in one in which nothing was said.
    pub fn new_chat(self) {
        if !untrack(|| self.session()).is_some_and(Session::is_new) {
            self.go_to(&Address::New(Vec::new()));
        }
        request_animation_frame(move || {
            if let Some(first) = untrack(|| self.session()).and_then(Session::first_card) {
                focus::focus_input(first);
            }
        });
    }
}

/// What a dialog is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// The settings.
    Settings,
    /// The tokens that a passphrase opens.
    Vault,
    /// Why an endpoint does not answer.
    Doctor(Patient),
    /// What was sent for the answer of a turn.
    Sent(card::Id, turn::Id),
}

/// Which endpoint is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Patient {
    /// One that is saved, with the model to ask; without one, the first that is listed.
    Saved(endpoint::Id, Option<String>),
    /// What was typed and is not saved: an endpoint with its token, or why it is none; and the model.
    Typed(Result<Endpoint, Invalid>, Option<String>),
}

/// Whether the page is too narrow to show the history beside the chat.
fn is_narrow() -> bool {
    let width = document()
        .document_element()
        .map(|root| root.client_width());
    width.is_some_and(|width| width < 768)
}
