//! The page's current state, and navigation.

pub mod location;

use leptos::prelude::*;

use crate::{
    address::Address,
    chat::{self, card, turn},
    chats::{Chats, Opened},
    endpoint::{self, Endpoint, Invalid},
    session::Session,
    ui::{
        back::closes_on_back,
        dynamic::{effect, memo},
        focus,
        screen::is_small,
    },
};
use location::Location;

/// The page's current state, and ways to change it.
#[derive(Clone, Copy)]
pub struct PageState {
    /// The result of opening the page's address.
    pub opened: ReadSignal<Opened>,
    /// The page's address.
    pub location: Location,
    /// True if the history is open.
    pub history: RwSignal<bool>,
    /// The dialog that is open.
    pub dialog: RwSignal<Option<Dialog>>,
    /// The cards whose form the user has requested by «Custom model…», or an address has.
    pub custom: RwSignal<Vec<card::Id>>,
}

impl PageState {
    /// Returns whether a card's form was requested.
    pub fn is_custom(self, card: card::Id) -> bool {
        self.custom.with(|cards| cards.contains(&card))
    }

    /// Requests a card's form, or withdraws the request.
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

    /// Goes to an address. First gives the current chat its own, so that Back leads to it.
    pub fn go_to(self, address: &Address) {
        self.keep_address();
        self.location.go(&address.to_string());
    }

    /// Gives the chat that is shown its own address in the browser's history.
    fn keep_address(self) {
        let left = untrack(|| self.session()).and_then(Session::leave);
        if let Some(left) = left {
            self.location.replace(&Address::Chat(left).to_string());
        }
    }

    /// Lets Back close the history and the dialog, on a small screen.
    pub fn close_on_back(self) {
        let history = self.history;
        // Back then leads to this chat.
        effect(move || {
            if history.get() && is_small() {
                self.keep_address();
            }
        });
        closes_on_back(history.into(), move || history.set(false));
        let dialog = self.dialog;
        let is_open = memo(move || dialog.with(Option::is_some));
        closes_on_back(is_open.into(), move || dialog.set(None));
    }

    /// Opens a chat of the history. On a narrow page, closes the drawer, which would hide the chat.
    pub fn open(self, id: chat::Id) {
        self.go_to(&Address::Chat(id));
        if is_small() {
            self.history.set(false);
        }
    }

    /// Ends a chat that is about to be deleted. If it is shown, a new one takes its place.
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

    /// Shows a new chat, or stays in one that is still unused.
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

/// A dialog of the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// The settings.
    Settings,
    /// The vault: tokens that a passphrase unlocks.
    Vault,
    /// The diagnosis of an endpoint that does not answer.
    Doctor(Target),
    /// The requests for a turn's answer.
    Sent(card::Id, turn::Id),
}

/// The endpoint to diagnose.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A saved endpoint, with the model to test; without one, the first listed.
    Saved(endpoint::Id, Option<String>),
    /// Unsaved input: an endpoint with its token, or the reason why it is invalid; and the model.
    Typed(Result<Endpoint, Invalid>, Option<String>),
}
