//! What all chats share: the endpoints and their models, the settings, and the history.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
)]

mod endpoints;
mod history;
mod lessons;
mod models;
mod saving;
mod watch;

use std::rc::Rc;

use leptos::{prelude::*, task::spawn_local};

use crate::{
    chat,
    endpoint::{self, BaseUrl, Endpoint, Endpoints, Held},
    storage::{
        self, Key, Loaded, Recent, Settings, Used, archive,
        keys::{self, VaultState},
    },
    table::Table,
};
pub use history::Removed;
use models::Details;
pub use models::{Models, Unlisted};

/// What the open chats must hear of.
#[derive(Debug)]
pub(crate) enum Change {
    /// An endpoint's models are known. Cards that wait for a model get one.
    Models(endpoint::Id, Vec<String>),
    /// Endpoints have come: what waits for one may go.
    Endpoints,
    /// Another tab has stored this text of a chat, or has deleted the chat.
    Stored(chat::Id, Option<String>),
    /// The history has changed.
    History,
    /// What could not be saved may have room now.
    Room,
    /// A card has begun to answer, or is done.
    Answering,
}

/// The state that no view may see.
struct Tab {
    /// Owns the signals of the chats: they outlive the views that have asked for them.
    owner: Owner,
    /// The storage is blocked: nothing can be written.
    off: bool,
    /// The chat in which something was asked last.
    last: Option<chat::Id>,
    /// The page is being left, which ends every request: no fault of the endpoint.
    leaving: bool,
    /// What the lists of models tell besides names, by the address that was asked.
    details: Table<BaseUrl, Details>,
    /// Hears of each [`Change`].
    listener: Option<Rc<dyn Fn(Change)>>,
}

/// Everything that the chats share, and what a user does with it.
#[derive(Clone, Copy)]
pub struct Library {
    endpoints: RwSignal<Endpoints>,
    settings: RwSignal<Settings>,
    recent: RwSignal<Recent>,
    models: RwSignal<Table<endpoint::Id, Models>>,
    removed: RwSignal<Vec<Removed>>,
    unsaved: RwSignal<Vec<(Key, storage::Error)>>,
    aside: RwSignal<Vec<String>>,
    history: RwSignal<()>,
    is_nearly_full: RwSignal<bool>,
    is_online: RwSignal<bool>,
    /// Notified when tokens that are kept apart have come or gone.
    keys: RwSignal<()>,
    languages: RwSignal<Vec<String>>,
    tab: StoredValue<Tab, LocalStorage>,
}

impl Library {
    /// Reads what was saved, and keeps it in step with other tabs.
    ///
    /// # Panics
    /// Outside a reactive owner, which every view has.
    pub fn open() -> Self {
        let (loaded, failed) = match storage::load() {
            Ok(loaded) => (loaded, None),
            Err(error) => (Loaded::default(), Some(error)),
        };
        let tab = Tab {
            owner: Owner::current().expect("a view has an owner"),
            off: failed.is_some(),
            last: loaded.recent.chat,
            leaving: false,
            details: Table::default(),
            listener: None,
        };
        let unsaved = failed.map(|error| (Key::Settings, error));
        let library = Self {
            endpoints: RwSignal::new(loaded.endpoints),
            settings: RwSignal::new(loaded.settings),
            recent: RwSignal::new(loaded.recent),
            models: RwSignal::default(),
            removed: RwSignal::default(),
            unsaved: RwSignal::new(unsaved.into_iter().collect()),
            aside: RwSignal::new(loaded.aside),
            history: RwSignal::new(()),
            is_nearly_full: RwSignal::new(false),
            is_online: RwSignal::new(window().navigator().on_line()),
            keys: RwSignal::new(()),
            languages: RwSignal::new(languages()),
            tab: StoredValue::new_local(tab),
        };
        keys::sweep();
        keys::listen(move || library.keys.notify());
        keys::listen(move || library.ask_again());
        library.watch();
        library.tidy_soon();
        library
    }

    /// Has this function hear of each change, in place of the one before.
    pub(crate) fn listen(self, listener: impl Fn(Change) + 'static) {
        self.tab
            .update_value(|tab| tab.listener = Some(Rc::new(listener)));
    }

    /// Tells the open chats of a change.
    pub(crate) fn tell(self, change: Change) {
        let listener = self.tab.with_value(|tab| tab.listener.clone());
        if let Some(listener) = listener {
            listener(change);
        }
    }

    /// Makes signals that last as long as the page does, whatever view asks for them.
    pub fn lasting<T>(self, make: impl FnOnce() -> T) -> T {
        self.tab.with_value(|tab| tab.owner.clone()).with(make)
    }

    // What the page shows.

    // What the page shows.

    /// The saved endpoints.
    pub fn endpoints(self) -> ReadSignal<Endpoints> {
        self.endpoints.read_only()
    }

    /// A saved endpoint.
    pub fn endpoint(self, id: endpoint::Id) -> Option<Endpoint> {
        self.endpoints.read().find(id).cloned()
    }

    /// Follows where the tokens are that are not kept with their endpoints.
    pub fn follow_keys(self) {
        self.keys.track();
    }

    /// How the vault stands.
    pub fn vault(self) -> VaultState {
        self.keys.track();
        keys::standing()
    }

    /// What is known of the token of a saved endpoint.
    pub fn held(self, id: endpoint::Id) -> Held {
        self.keys.track();
        let endpoint = self.endpoint(id);
        endpoint.map_or(Held::Nothing, |endpoint| keys::held(&endpoint))
    }

    /// The models of an endpoint that were used last, the last one first.
    pub fn recent(self, endpoint: endpoint::Id) -> Vec<String> {
        self.recent
            .with(|recent| recent.of(endpoint).map(str::to_owned).collect())
    }

    /// The reader's settings.
    pub fn settings(self) -> ReadSignal<Settings> {
        self.settings.read_only()
    }

    /// The language in which the reader has dates written, as a BCP 47 tag.
    pub fn locale(self) -> String {
        let set = self.settings.with(|settings| settings.locale.clone());
        let browsers = || window().navigator().language();
        set.or_else(browsers).unwrap_or_else(|| "en".to_owned())
    }

    /// Whether the storage is nearly full.
    pub fn is_nearly_full(self) -> ReadSignal<bool> {
        self.is_nearly_full.read_only()
    }

    /// Takes the notice about the room away, until the next answer.
    pub fn dismiss_nearly_full(self) {
        self.is_nearly_full.set(false);
    }

    /// Sees how full the storage is.
    pub(crate) fn look_at_room(self) {
        let is_nearly_full = storage::quota::is_nearly_full();
        if self.is_nearly_full.get_untracked() != is_nearly_full {
            self.is_nearly_full.set(is_nearly_full);
        }
    }

    /// The keys under which damaged values were put aside.
    pub fn aside(self) -> ReadSignal<Vec<String>> {
        self.aside.read_only()
    }

    /// Whether the browser believes that it has a network.
    pub fn is_online(self) -> Signal<bool> {
        self.is_online.into()
    }

    /// The languages that the reader has set in the browser, the preferred one first, as BCP 47
    /// tags.
    pub fn languages(self) -> ReadSignal<Vec<String>> {
        self.languages.read_only()
    }

    /// This page's origin, which a server may have to allow.
    pub fn origin(self) -> String {
        window().location().origin().unwrap_or_default()
    }

    /// Takes the notice about damaged values away.
    pub fn dismiss_aside(self) {
        self.aside.set(Vec::new());
    }

    /// The models used last, in every chat.
    pub(crate) fn recent_now(self) -> Recent {
        self.recent.get_untracked()
    }

    /// Keeps the key under which a damaged value was put aside, for the reader to be told.
    pub(crate) fn note_aside(self, key: String) {
        self.aside.update(|aside| aside.push(key));
    }

    // What a user sets for the page.

    /// Changes the settings.
    pub fn set(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(change);
        self.save_settings();
    }

    /// Puts models first among those used last, the last of these first of all.
    pub(crate) fn record_use(
        self,
        chat: Option<chat::Id>,
        used: impl IntoIterator<Item = (endpoint::Id, String)>,
    ) {
        let mut recent = self.recent.get_untracked();
        recent.chat = chat.or(recent.chat);
        for (endpoint, model) in used {
            recent.note(Used { endpoint, model });
        }
        if self.recent.with_untracked(|before| *before != recent) {
            if !self.tab.with_value(|tab| tab.off) && self.makes_way(Key::Recent) {
                // Where there is no room, the order of a list is no loss that a reader must hear of.
                let _ = storage::save_recent(&recent);
            }
            self.recent.set(recent);
        }
    }

    /// Whether the page is being left.
    pub(crate) fn is_leaving(self) -> bool {
        self.tab.with_value(|tab| tab.leaving)
    }

    /// Notes whether the page is being left.
    pub(crate) fn set_leaving(self, leaving: bool) {
        self.tab.update_value(|tab| tab.leaving = leaving);
    }

    /// Packs what is not open, when there is time for it.
    fn tidy_soon(self) {
        if !archive::has_chats() {
            return;
        }
        set_timeout(
            move || {
                spawn_local(async move {
                    if archive::tidy().await {
                        self.look_at_room();
                    }
                });
            },
            std::time::Duration::from_secs(5),
        );
    }

    /// Asks the browser, once, to keep what is stored: now there is something to keep.
    pub(crate) fn request_persistence(self) {
        if !self.settings.read_untracked().asked_to_keep {
            self.set(|settings| settings.asked_to_keep = true);
            storage::request_persistence();
        }
    }
}

fn languages() -> Vec<String> {
    let languages = window().navigator().languages();
    languages.iter().filter_map(|tag| tag.as_string()).collect()
}
