//! State shared by all chats: the endpoints and their models, the settings, and the history.

#![expect(
    clippy::disallowed_methods,
    reason = "views may not call these methods; this module is no view"
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

/// A change that open chats react to.
#[derive(Debug)]
pub(crate) enum Change {
    /// New models of an endpoint. Cards that wait for a model get one.
    Models(endpoint::Id, Vec<String>),
    /// New endpoints. Turns that wait for one may be sent.
    Endpoints,
    /// The text that another tab has stored of a chat; `None` if it has deleted the chat.
    Stored(chat::Id, Option<String>),
    /// A change of the history.
    History,
    /// Space, perhaps, for values that could not be saved.
    Space,
    /// The start or the end of a card's answer.
    Answering,
}

/// State that no view may see.
struct Tab {
    /// Owner of the chats' signals, which outlive the views that request them.
    owner: Owner,
    /// True if storage is blocked: nothing can be written.
    off: bool,
    /// The chat that last sent a prompt.
    last: Option<chat::Id>,
    /// True while the page is being left: aborted requests are then no fault of the endpoint.
    leaving: bool,
    /// Details in the lists of models, by the requested base URL.
    details: Table<BaseUrl, Details>,
    /// Listener for each [`Change`].
    listener: Option<Rc<dyn Fn(Change)>>,
}

/// State shared by all chats, and the operations on it.
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
    /// Notified when tokens that are not stored with their endpoints come or go.
    keys: RwSignal<()>,
    languages: RwSignal<Vec<String>>,
    tab: StoredValue<Tab, LocalStorage>,
}

impl Library {
    /// Loads the stored state, and keeps it in step with other tabs.
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

    /// Sets the listener for changes, replacing the previous one.
    pub(crate) fn listen(self, listener: impl Fn(Change) + 'static) {
        self.tab
            .update_value(|tab| tab.listener = Some(Rc::new(listener)));
    }

    /// Notifies the open chats of a change.
    pub(crate) fn tell(self, change: Change) {
        let listener = self.tab.with_value(|tab| tab.listener.clone());
        if let Some(listener) = listener {
            listener(change);
        }
    }

    /// Creates signals that live as long as the page, whichever view requests them.
    pub fn lasting<T>(self, make: impl FnOnce() -> T) -> T {
        self.tab.with_value(|tab| tab.owner.clone()).with(make)
    }

    // State that the page shows.

    /// The saved endpoints.
    pub fn endpoints(self) -> ReadSignal<Endpoints> {
        self.endpoints.read_only()
    }

    /// A saved endpoint.
    pub fn endpoint(self, id: endpoint::Id) -> Option<Endpoint> {
        self.endpoints.read().find(id).cloned()
    }

    /// Subscribes to changes of the tokens that are not kept with their endpoints.
    pub fn follow_keys(self) {
        self.keys.track();
    }

    /// The state of the vault.
    pub fn vault(self) -> VaultState {
        self.keys.track();
        keys::vault_state()
    }

    /// The token of a saved endpoint, as far as it is available.
    pub fn held(self, id: endpoint::Id) -> Held {
        self.keys.track();
        let endpoint = self.endpoint(id);
        endpoint.map_or(Held::Nothing, |endpoint| keys::held(&endpoint))
    }

    /// The recently used models of an endpoint, latest first.
    pub fn recent(self, endpoint: endpoint::Id) -> Vec<String> {
        self.recent
            .with(|recent| recent.of(endpoint).map(str::to_owned).collect())
    }

    /// The user's settings.
    pub fn settings(self) -> ReadSignal<Settings> {
        self.settings.read_only()
    }

    /// The language that the user wants dates in, as a BCP 47 tag.
    pub fn locale(self) -> String {
        let set = self.settings.with(|settings| settings.locale.clone());
        let browsers = || window().navigator().language();
        set.or_else(browsers).unwrap_or_else(|| "en".to_owned())
    }

    /// Returns whether storage is nearly full.
    pub fn is_nearly_full(self) -> ReadSignal<bool> {
        self.is_nearly_full.read_only()
    }

    /// Dismisses the notice about storage space until the next answer.
    pub fn dismiss_nearly_full(self) {
        self.is_nearly_full.set(false);
    }

    /// Checks how full storage is.
    pub(crate) fn check_quota(self) {
        let is_nearly_full = storage::quota::is_nearly_full();
        if self.is_nearly_full.get_untracked() != is_nearly_full {
            self.is_nearly_full.set(is_nearly_full);
        }
    }

    /// The keys under which damaged values were set aside.
    pub fn aside(self) -> ReadSignal<Vec<String>> {
        self.aside.read_only()
    }

    /// Returns whether the browser believes it is online.
    pub fn is_online(self) -> Signal<bool> {
        self.is_online.into()
    }

    /// The languages set in the user's browser, the preferred one first, as BCP 47 tags.
    pub fn languages(self) -> ReadSignal<Vec<String>> {
        self.languages.read_only()
    }

    /// This page's origin, which a server may have to allow (CORS).
    pub fn origin(self) -> String {
        window().location().origin().unwrap_or_default()
    }

    /// Dismisses the notice about damaged values.
    pub fn dismiss_aside(self) {
        self.aside.set(Vec::new());
    }

    /// The recently used models of all chats.
    pub(crate) fn recent_now(self) -> Recent {
        self.recent.get_untracked()
    }

    /// Records the key of a damaged value that was set aside, to tell the user.
    pub(crate) fn note_aside(self, key: String) {
        self.aside.update(|aside| aside.push(key));
    }

    // Settings of the page.

    /// Changes the settings.
    pub fn set(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(change);
        self.save_settings();
    }

    /// Moves models to the front of the recently used ones; the last of `used` comes first.
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
                // Without space, the order of a list is no loss that a user must hear of.
                let _ = storage::save_recent(&recent);
            }
            self.recent.set(recent);
        }
    }

    /// Returns whether the page is being left.
    pub(crate) fn is_leaving(self) -> bool {
        self.tab.with_value(|tab| tab.leaving)
    }

    /// Sets whether the page is being left.
    pub(crate) fn set_leaving(self, leaving: bool) {
        self.tab.update_value(|tab| tab.leaving = leaving);
    }

    /// Compresses the chats that are not open, a few seconds from now.
    fn tidy_soon(self) {
        if !archive::has_chats() {
            return;
        }
        set_timeout(
            move || {
                spawn_local(async move {
                    if archive::tidy().await {
                        self.check_quota();
                    }
                });
            },
            std::time::Duration::from_secs(5),
        );
    }

    /// Asks the browser once for persistent storage: now there is something to keep.
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
