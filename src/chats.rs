//! The chats open in this tab: the one it shows, and those that have an answer in flight or could
//! not be saved.

#![expect(
    clippy::disallowed_methods,
    reason = "views may not call these methods; this module is no view"
)]

mod opening;

use leptos::{prelude::*, task::spawn_local};

use crate::{
    address::{Address, Wanted},
    chat::{self, Chat},
    chunk,
    id::fresh,
    library::{Change, Library, Models},
    session::{self, Session},
    storage::{
        self, Key, archive,
        locks::{self, Kind},
    },
    table::Table,
};
use opening::{Meaning, Stored};

/// The result of opening an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "only one value exists, and a Session is a handful of handles"
)]
pub enum Opened {
    /// A chat.
    Chat(Session),
    /// A compressed chat. It is shown once the code that decompresses it is loaded.
    Unpacking,
    /// No chat at that address, or none that can be read.
    Nothing,
}

/// The chats open in this tab.
#[derive(Clone, Copy)]
pub struct Chats {
    library: Library,
    opened: RwSignal<Opened>,
    tab: StoredValue<Tab, LocalStorage>,
}

/// State that no view may see.
#[derive(Default)]
struct Tab {
    open: Vec<Session>,
    /// The last address opened, and whether it was the page's first.
    asked: Option<(Address, bool)>,
}

impl Chats {
    /// Loads the stored state, and opens the chats that could not be saved: they stay open until
    /// there is space for them.
    ///
    /// # Panics
    /// Outside a reactive owner, which every view has.
    pub fn open_all() -> Self {
        let library = Library::open();
        let chats = Self {
            library,
            opened: RwSignal::new(Opened::Nothing),
            tab: StoredValue::new_local(Tab::default()),
        };
        library.listen(move |change| chats.changed(change));
        chunk::listen(move || chats.chunk_came());
        chats.watch();
        for (key, text) in archive::held() {
            if let (Key::Chat(id), Some(chat)) = (key, Chat::read(&text)) {
                let stored = storage::text(Key::Chat(id)).unwrap_or_default();
                chats.start(chat, Some(stored)).save();
            }
        }
        chats
    }

    /// State shared by all chats.
    pub const fn library(self) -> Library {
        self.library
    }

    /// The result of opening the page's address.
    pub fn opened(self) -> ReadSignal<Opened> {
        self.opened.read_only()
    }

    /// Opens an address, and closes chats that are no longer needed.
    pub fn open(self, address: &Address) {
        let is_first = self.tab.with_value(|tab| tab.asked.is_none());
        let asked = Some((address.clone(), is_first));
        self.tab.update_value(|tab| tab.asked = asked);
        self.show(&untrack(|| self.led_to(address, is_first)));
    }

    /// Opens the same address again if it has led to no chat: there may be one now.
    fn open_again(self) {
        if matches!(self.opened.get_untracked(), Opened::Chat(_)) {
            return;
        }
        if let Some((address, is_first)) = self.tab.with_value(|tab| tab.asked.clone()) {
            self.show(&untrack(|| self.led_to(&address, is_first)));
        }
    }

    fn show(self, opened: &Opened) {
        // First: closing another chat may change the history, which opens the address again unless
        // a chat is open.
        if self.opened.get_untracked() != *opened {
            self.opened.set(*opened);
        }
        if let Opened::Chat(session) = opened {
            storage::remember(session.id());
            self.close_others(session);
        }
    }

    fn led_to(self, address: &Address, is_first: bool) -> Opened {
        // A chat that was remembered but never saved was a new one.
        let last = || storage::remembered().or_else(|| self.library.last_chat());
        for meaning in opening::meanings(address, is_first, last) {
            match meaning {
                Meaning::New(wanted) => return Opened::Chat(self.open_new(wanted)),
                Meaning::Stored(id) => match self.open_stored(id) {
                    Opened::Nothing => {}
                    opened => return opened,
                },
            }
        }
        Opened::Nothing
    }

    fn open_stored(self, id: chat::Id) -> Opened {
        if let Some(open) = self.session(id) {
            return Opened::Chat(open);
        }
        let key = Key::Chat(id);
        let decompress = archive::is_here().then_some(archive::decompress as opening::Decompress);
        match opening::read(storage::text(key), decompress) {
            Stored::Chat(chat, text) => Opened::Chat(self.start(*chat, Some(text))),
            Stored::Packed => Opened::Unpacking,
            Stored::Damaged(text) => {
                // Without space for it, it stays where it is.
                self.library.set_aside(key, &text);
                Opened::Nothing
            }
            Stored::Nothing => Opened::Nothing,
        }
    }

    fn open_new(self, wanted: &[Wanted]) -> Session {
        let one_like_the_last = [Wanted::default()];
        let wanted = if wanted.is_empty() {
            &one_like_the_last
        } else {
            wanted
        };
        let (mut cards, mut proposed) = (Vec::new(), Table::default());
        {
            let endpoints = self.library.endpoints().read_untracked();
            let recent = self.library.recent_now();
            for wanted in wanted {
                let (card, is_known) = opening::new_card(fresh(), wanted, &endpoints, &recent);
                if !is_known {
                    proposed.insert(card.id, wanted.clone());
                }
                cards.push(card);
            }
        }
        let session = self.start(Chat::new(fresh(), cards), None);
        session.propose(proposed);
        session
    }

    /// Opens a chat. `stored` is its stored text.
    fn start(self, chat: Chat, stored: Option<String>) -> Session {
        let in_use: Vec<_> = chat.cards.iter().filter_map(|card| card.endpoint).collect();
        let session = self
            .library
            .lasting(|| Session::new(self.library, chat, stored));
        self.tab.update_value(|tab| tab.open.push(session));
        for id in in_use {
            match self.library.models_now(id) {
                Some(Models::Listed(listed)) => session.choose_model(id, &listed),
                Some(Models::Loading) => {}
                Some(Models::Unlisted(_)) | None => self.library.load_models(id),
            }
        }
        session
    }

    /// Closes the chats that are neither shown nor needed. A chat with an answer in flight stays
    /// open.
    fn close_others(self, shown: &Session) {
        let (open, closed): (Vec<_>, Vec<_>) = self
            .all()
            .into_iter()
            .partition(|open| open == shown || open.is_needed());
        for closed in closed {
            closed.close();
        }
        self.tab.update_value(|tab| tab.open = open);
        self.tell_open();
    }

    /// The open chat with this identifier.
    pub fn session(self, id: chat::Id) -> Option<Session> {
        self.all().into_iter().find(|open| open.id() == id)
    }

    fn all(self) -> Vec<Session> {
        self.tab.with_value(|tab| tab.open.clone())
    }

    /// The open chats that are not saved.
    pub fn unsaved(self) -> Vec<Chat> {
        let unsaved = self
            .all()
            .into_iter()
            .filter(|open| self.library.is_unsaved(Key::Chat(open.id())));
        unsaved.filter_map(Session::unsaved_chat).collect()
    }

    /// Returns whether any open chat has an answer in flight.
    pub fn is_answering(self) -> bool {
        let mut all = self.all().into_iter();
        all.any(|open| !open.answering_cards().is_empty())
    }

    /// Saves the pending changes of all open chats.
    pub fn flush(self) {
        for open in self.all() {
            open.flush();
        }
    }

    /// Saves everything, then reloads the page.
    pub fn reload(self) {
        self.flush();
        // A page that can't be reloaded stays as it is.
        let _ = window().location().reload();
    }

    /// Saves all open chats, even without pending changes.
    pub fn save_all(self) {
        for open in self.all() {
            open.save();
        }
    }

    /// Saves the chats that could not be saved: there may be space now.
    pub fn save_again(self) {
        for open in self.all() {
            if self.library.is_unsaved(Key::Chat(open.id())) {
                open.save();
            }
        }
    }

    /// Ends a chat that is about to be deleted: nothing of it is saved any more.
    pub fn end(self, id: chat::Id) {
        if let Some(open) = self.session(id) {
            open.end();
            self.tab
                .update_value(|tab| tab.open.retain(|other| *other != open));
            self.tell_open();
        }
        self.library.forget_unsaved(id);
    }

    /// Tells other tabs which chats are open here.
    fn tell_open(self) {
        let open = self.all().into_iter().map(|open| open.id().to_string());
        locks::hold(Kind::Open, open.collect());
    }

    /// Tells other tabs which cards are answering here.
    fn tell_answering(self) {
        let cards = self.all().into_iter().flat_map(Session::answering_cards);
        locks::hold(Kind::Answer, cards.collect());
    }

    /// Handles a change of the shared state.
    fn changed(self, change: Change) {
        match change {
            Change::Models(id, listed) => {
                for open in self.all() {
                    open.choose_model(id, &listed);
                }
            }
            Change::Endpoints => {
                for open in self.all() {
                    open.resume();
                }
            }
            Change::Stored(id, text) => {
                if let Some(open) = self.session(id) {
                    open.changed_elsewhere(text);
                }
            }
            Change::History => self.open_again(),
            Change::Space => self.save_again(),
            Change::Answering => self.tell_answering(),
        }
    }

    /// Handles the arrival of a chunk: opens a chat that waited for decompression, and merges
    /// changes that waited for the merge code.
    fn chunk_came(self) {
        self.open_again();
        self.look_at_stored();
        if archive::is_here() {
            spawn_local(session::prepare_merging());
        }
    }

    /// Takes over other tabs' changes that this tab has missed.
    fn look_at_stored(self) {
        for open in self.all() {
            open.look_at_stored();
        }
    }

    /// Saves pending changes when the page is hidden or left, and takes over other tabs' changes
    /// when it is shown again: a suspended page misses their events.
    fn watch(self) {
        // One closure type for all of them.
        let on = |event: &str, act: Box<dyn Fn(web_sys::Event)>| {
            window_event_listener_untyped(event, act);
        };
        let look = move || {
            self.flush();
            self.look_at_stored();
        };
        on(
            "pagehide",
            Box::new(move |_| {
                self.library.set_leaving(true);
                self.flush();
            }),
        );
        on(
            "pageshow",
            Box::new(move |_| {
                self.library.set_leaving(false);
                look();
            }),
        );
        on("visibilitychange", Box::new(move |_| look()));
    }
}
