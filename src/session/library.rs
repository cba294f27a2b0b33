//! What all chats share: the endpoints and their models, the settings, the history, and which chats
//! this tab has open.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::StorageEvent;

use super::Session;
use crate::{
    address::{Address, Wanted},
    chat::{self, Card, Chat, Entry},
    chunk,
    endpoint::{self, BaseUrl, Edit, Endpoint, Endpoints, Held, Invalid, Keep, Learned, Server},
    id::{fresh, now},
    json,
    openai::{self, Listed},
    storage::{
        self, Found, Key, Loaded, Recent, Settings, Used, archive,
        keys::{self, Standing},
        locks::{self, Kind},
    },
    table::Table,
};

/// What is known of an endpoint's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// They have been asked for.
    Loading,
    /// What the endpoint answered, which may be nothing.
    Listed(Vec<String>),
    /// Why there is no list.
    Unlisted(Unlisted),
}

/// Why an endpoint gave no list of models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// What went wrong.
    #[error(transparent)]
    Failed(openai::Error),
    /// There is none at its base URL, but there is one at this.
    #[error("the models are at {}", .0.as_str())]
    Elsewhere(BaseUrl),
}

impl Unlisted {
    /// Whether no typed model can help: the token is refused, or the base URL is another.
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Failed(error) => error.refuses_token(),
            Self::Elsewhere(_) => true,
        }
    }
}

/// What an address led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of it, and a Session is a handful of handles"
)]
pub enum Opened {
    /// A chat.
    Chat(Session),
    /// A chat that is packed, and what unpacks it is not here yet.
    Coming,
    /// There is nothing at that address, or nothing that can be read.
    Nothing,
}

/// What was removed from the library, to be put back.
#[derive(Clone, Debug)]
pub enum Forgotten {
    /// Chats of the history: what was stored of them, under which keys.
    Chats(Vec<(String, String)>),
    /// An endpoint, with its place in the list.
    Endpoint(Endpoint, usize),
}

/// What of the tab is no business of any view.
struct Tab {
    /// Owns the signals of the chats: they outlive the views that have asked for them.
    owner: Owner,
    /// The chats that are open: the one that is shown, and those that still have an answer coming
    /// or words that could not be saved.
    open: Vec<Session>,
    /// The page's first address was opened.
    has_opened: bool,
    /// Nothing can be written: the storage is blocked.
    off: bool,
    /// What is damaged and could not be put aside: nothing is written over it.
    kept: Vec<Key>,
    /// The chat in which something was asked last.
    last: Option<chat::Id>,
    /// The page is being left, which ends every request: no fault of the endpoint.
    leaving: bool,
    /// What the lists of models tell besides names, by the address that was asked.
    details: Table<BaseUrl, Details>,
}

/// What an endpoint's list tells of its models besides their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Details {
    /// See [`openai::Listed`].
    owned_by: String,
    sees: Vec<(String, bool)>,
}

/// Everything that the chats share, and what a user does with it.
#[derive(Clone, Copy)]
pub struct Library {
    endpoints: RwSignal<Endpoints>,
    settings: RwSignal<Settings>,
    recent: RwSignal<Recent>,
    models: RwSignal<Table<endpoint::Id, Models>>,
    forgotten: RwSignal<Vec<Forgotten>>,
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
    pub fn open_all() -> Self {
        let library = Self::read();
        library.watch();
        library.follow_archive();
        keys::sweep();
        keys::listen(move || library.ask_again());
        library.tidy_soon();
        // There is no room for these: they stay open until there is.
        for (key, text) in archive::held() {
            if let (Key::Chat(id), Some(chat)) = (key, Chat::read(&text)) {
                let stored = storage::text(Key::Chat(id)).unwrap_or_default();
                library.start(chat, Some(stored)).save();
            }
        }
        library
    }

    fn read() -> Self {
        let (loaded, failed) = match storage::load() {
            Ok(loaded) => (loaded, None),
            Err(error) => (Loaded::default(), Some(error)),
        };
        let tab = Tab {
            owner: Owner::current().expect("a view has an owner"),
            open: Vec::new(),
            has_opened: false,
            off: failed.is_some(),
            kept: loaded.kept,
            last: loaded.recent.chat,
            leaving: false,
            details: Table::default(),
        };
        let unsaved = failed.map(|error| (Key::Settings, error));
        let library = Self {
            endpoints: RwSignal::new(loaded.endpoints),
            settings: RwSignal::new(loaded.settings),
            recent: RwSignal::new(loaded.recent),
            models: RwSignal::default(),
            forgotten: RwSignal::default(),
            unsaved: RwSignal::new(unsaved.into_iter().collect()),
            aside: RwSignal::new(loaded.aside),
            history: RwSignal::new(()),
            is_nearly_full: RwSignal::new(false),
            is_online: RwSignal::new(window().navigator().on_line()),
            keys: RwSignal::new(()),
            languages: RwSignal::new(languages()),
            tab: StoredValue::new_local(tab),
        };
        keys::listen(move || library.keys.notify());
        library
    }

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
    pub fn vault(self) -> Standing {
        self.keys.track();
        keys::standing()
    }

    /// What is known of the token of a saved endpoint.
    pub fn held(self, id: endpoint::Id) -> Held {
        self.keys.track();
        let endpoint = self.endpoint(id);
        endpoint.map_or(Held::Nothing, |endpoint| keys::held(&endpoint))
    }

    /// What is known of an endpoint's models; None if they were never asked for.
    pub fn models(self, endpoint: endpoint::Id) -> Option<Models> {
        self.models.with(|models| models.get(&endpoint).cloned())
    }

    /// Follows what is known of any endpoint's models.
    pub fn follow_models(self) {
        self.models.track();
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

    /// Follows what is stored: chats that come and go.
    pub fn follow_history(self) {
        self.history.track();
    }

    /// The language in which the reader has dates written, as a BCP 47 tag.
    pub fn locale(self) -> String {
        let set = self.settings.with(|settings| settings.locale.clone());
        let browsers = || window().navigator().language();
        set.or_else(browsers).unwrap_or_else(|| "en".to_owned())
    }

    /// What was removed from the library last, while it can still be put back.
    pub fn forgotten(self) -> Option<Forgotten> {
        self.forgotten.with(|forgotten| forgotten.last().cloned())
    }

    /// Why something is not saved, if so.
    pub fn unsaved(self) -> Option<storage::Error> {
        self.unsaved
            .with(|unsaved| unsaved.first().map(|(_, error)| *error))
    }

    /// The open chats that are not saved.
    pub fn unsaved_chats(self) -> Vec<Chat> {
        let open = self.tab.with_value(|tab| tab.open.clone());
        let unsaved = open
            .into_iter()
            .filter(|open| self.is_unsaved(Key::Chat(open.id())));
        unsaved.filter_map(Session::unsaved_chat).collect()
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
    pub(super) fn look_at_room(self) {
        let is_nearly_full = storage::room::is_nearly_full();
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

    /// Takes the offer to undo what was removed away.
    pub fn dismiss_forgotten(self) {
        self.forgotten.set(Vec::new());
    }

    // What a user does with chats.

    /// Opens what an address leads to. The first address of a page, without a chat in it, leads to
    /// the chat that this tab showed, else to the one that was used last.
    pub fn open(self, address: &Address) -> Opened {
        let is_first = self
            .tab
            .try_update_value(|tab| !std::mem::replace(&mut tab.has_opened, true))
            .unwrap_or_default();
        let session = match address {
            Address::Chat(id) => match self.open_stored(*id) {
                Opened::Chat(session) => Some(session),
                Opened::Coming => return Opened::Coming,
                Opened::Nothing => None,
            },
            Address::New(wanted) if is_first && wanted.is_empty() => {
                // A chat that was remembered but never saved was a new one.
                let last = || self.tab.with_value(|tab| tab.last);
                let chat = storage::remembered().or_else(last);
                match chat.map(|id| self.open_stored(id)) {
                    None | Some(Opened::Nothing) => Some(self.open_new(&[])),
                    Some(Opened::Coming) => return Opened::Coming,
                    Some(Opened::Chat(session)) => Some(session),
                }
            }
            Address::New(wanted) => Some(self.open_new(wanted)),
            Address::Nowhere => None,
        };
        let Some(session) = session else {
            return Opened::Nothing;
        };
        storage::remember(session.id());
        // What is left goes on while it has an answer coming.
        let open = self.tab.with_value(|tab| tab.open.clone());
        let (open, closed): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|open| *open == session || open.is_needed());
        for closed in closed {
            closed.close();
        }
        self.tab.update_value(|tab| tab.open = open);
        self.tell_open();
        Opened::Chat(session)
    }

    /// Tells other tabs which cards are answering here.
    pub(super) fn tell_answering(self) {
        let open = self.tab.with_value(|tab| tab.open.clone());
        let cards = open.iter().flat_map(|open| open.answering_cards());
        locks::hold(Kind::Answer, cards.collect());
    }

    /// Whether an answer is coming to any chat that is open here.
    pub fn is_answering(self) -> bool {
        self.tab.with_value(|tab| {
            tab.open
                .iter()
                .any(|open| !open.answering_cards().is_empty())
        })
    }

    /// Tells other tabs which chats are open here.
    pub(super) fn tell_open(self) {
        let open = self.tab.with_value(|tab| tab.open.clone());
        let open = open.iter().map(|open| open.id().to_string());
        locks::hold(Kind::Open, open.collect());
    }

    fn open_stored(self, id: chat::Id) -> Opened {
        if let Some(open) = self.session(id) {
            return Opened::Chat(open);
        }
        match storage::open(id) {
            Ok(Found::Chat(chat, text)) => Opened::Chat(self.start(*chat, Some(text))),
            Ok(Found::Packed(_)) if !archive::is_here() => Opened::Coming,
            Ok(Found::Packed(text)) => {
                let unpacked = archive::unpack(&text);
                if let Some(chat) = unpacked.and_then(|text| Chat::read(&text)) {
                    return Opened::Chat(self.start(chat, Some(text)));
                }
                if let Ok(key) = storage::put_aside(Key::Chat(id), &text) {
                    self.aside.update(|aside| aside.push(key));
                }
                Opened::Nothing
            }
            Ok(Found::Aside(key)) => {
                self.aside.update(|aside| aside.push(key));
                Opened::Nothing
            }
            Ok(Found::None) | Err(_) => Opened::Nothing,
        }
    }

    fn open_new(self, wanted: &[Wanted]) -> Session {
        let mut cards = Vec::new();
        let mut proposed = Table::default();
        let one_like_the_last = [Wanted::default()];
        let wanted = if wanted.is_empty() {
            &one_like_the_last
        } else {
            wanted
        };
        for wanted in wanted {
            let (card, is_known) = self.new_card(wanted);
            if !is_known {
                proposed.insert(card.id, wanted.clone());
            }
            cards.push(card);
        }
        let session = self.start(Chat::new(fresh(), cards), None);
        session.propose(proposed);
        session
    }

    /// A card that talks to what is wanted, else to what was used last; and whether the wanted
    /// endpoint is a saved one.
    fn new_card(self, wanted: &Wanted) -> (Card, bool) {
        let endpoints = self.endpoints.read_untracked();
        let last = self.recent.with_untracked(|recent| {
            let used = recent.used.iter();
            used.clone()
                .find(|used| endpoints.find(used.endpoint).is_some())
                .cloned()
        });
        let card = Card::new(fresh());
        let Some(name) = &wanted.endpoint else {
            let first = endpoints.list.first().map(|endpoint| endpoint.id);
            let endpoint = last.as_ref().map(|used| used.endpoint).or(first);
            let model = wanted.model.clone().or(last.map(|used| used.model));
            let card = Card {
                endpoint,
                model: model.filter(|_| endpoint.is_some()),
                ..card
            };
            return (card, endpoint.is_some() || wanted.model.is_none());
        };
        let Some(found) = endpoints.named(name) else {
            return (card, false);
        };
        let card = Card {
            endpoint: Some(found.id),
            model: wanted.model.clone(),
            ..card
        };
        (card, true)
    }

    /// Opens a chat, with the text that is stored of it.
    fn start(self, chat: Chat, stored: Option<String>) -> Session {
        let in_use: Vec<_> = chat.cards.iter().filter_map(|card| card.endpoint).collect();
        let session = self.lasting(|| Session::new(self, chat, stored));
        self.tab.update_value(|tab| tab.open.push(session));
        for id in in_use {
            match self.models.with_untracked(|all| all.get(&id).cloned()) {
                Some(Models::Listed(listed)) => session.choose_model(id, &listed),
                Some(Models::Loading) => {}
                Some(Models::Unlisted(_)) | None => self.load_models(id),
            }
        }
        session
    }

    /// Makes signals that last as long as the page does, whatever view asks for them.
    pub fn lasting<T>(self, make: impl FnOnce() -> T) -> T {
        self.tab.with_value(|tab| tab.owner.clone()).with(make)
    }

    /// The open chat with that identifier.
    pub fn session(self, id: chat::Id) -> Option<Session> {
        self.tab
            .with_value(|tab| tab.open.iter().copied().find(|open| open.id() == id))
    }

    /// Saves all that is open and not saved yet.
    pub fn flush(self) {
        for open in self.tab.with_value(|tab| tab.open.clone()) {
            open.flush();
        }
    }

    /// Loads the page anew, with everything saved before.
    pub fn reload(self) {
        self.flush();
        // What can't be reloaded stays as it is.
        let _ = window().location().reload();
    }

    /// Saves all that is open, also what waits to be saved.
    pub fn save_all(self) {
        for open in self.tab.with_value(|tab| tab.open.clone()) {
            open.save();
        }
    }

    /// Takes over what another tab has changed in the storage; no text is one that was removed.
    fn changed(self, key: Key, text: Option<String>) {
        match key {
            Key::Chat(id) => {
                self.chat_changed(id, text);
            }
            Key::Endpoints => {
                let read = text.and_then(|text| json::read_all::<Endpoints>(&text));
                if let Some((endpoints, rest)) = read {
                    let before = self.endpoints.get_untracked();
                    self.endpoints.set(Endpoints { rest, ..endpoints }.honest());
                    self.learn_endpoints(&before);
                    self.resume();
                }
            }
            Key::Settings => {
                if let Some((settings, rest)) = text.and_then(|text| json::read_all(&text)) {
                    self.settings.set(Settings { rest, ..settings });
                }
            }
            Key::Recent => {
                if let Some(recent) = text.and_then(|text| json::read(&text)) {
                    self.recent.set(recent);
                }
            }
            Key::Entry(_) => self.history.notify(),
            Key::Orphans | Key::Vault => {}
        }
    }

    fn chat_changed(self, id: chat::Id, text: Option<String>) {
        let is_gone = text.is_none();
        if let Some(open) = self.session(id) {
            open.changed_elsewhere(text);
        }
        if is_gone {
            self.history.notify();
            self.save_again();
        }
    }

    /// Asks those endpoints for their models that are not as they were before.
    fn learn_endpoints(self, before: &Endpoints) {
        let now = self.endpoints.get_untracked().list;
        let is_gone = |id: &endpoint::Id| !now.iter().any(|endpoint| endpoint.id == *id);
        self.models
            .update(|models| models.retain(|id| !is_gone(id)));
        for endpoint in now {
            let before = before.find(endpoint.id);
            if !before.is_some_and(|before| before.is_asked_like(&endpoint)) {
                self.models.update(|models| _ = models.remove(&endpoint.id));
                self.load_models(endpoint.id);
            }
        }
    }

    /// Saves what could not be saved: there may be room now.
    pub fn save_again(self) {
        for open in self.tab.with_value(|tab| tab.open.clone()) {
            if self.is_unsaved(Key::Chat(open.id())) {
                open.save();
            }
        }
    }

    /// Offers to put back chats that were deleted: what was stored of them, under which keys.
    pub fn offer_undo(self, removed: Vec<(String, String)>) {
        self.forgotten.write().push(Forgotten::Chats(removed));
    }

    /// Ends a chat that is about to be deleted: nothing of it is saved any more.
    pub fn end(self, id: chat::Id) {
        if let Some(open) = self.session(id) {
            open.end();
            self.tab
                .update_value(|tab| tab.open.retain(|other| *other != open));
            self.tell_open();
        }
        self.forget_unsaved(id);
    }

    /// Merges what had to wait for what merges, whenever that may be had.
    fn follow_archive(self) {
        Effect::new(move |_| {
            chunk::follow();
            untrack(|| {
                for open in self.tab.with_value(|tab| tab.open.clone()) {
                    open.look_at_stored();
                }
                if archive::is_here() {
                    spawn_local(super::prepare_merging());
                }
            });
        });
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
    pub(super) fn ask_to_keep(self) {
        if !self.settings.read_untracked().asked_to_keep {
            self.set(|settings| settings.asked_to_keep = true);
            storage::ask_to_keep();
        }
    }

    /// Takes a chat out of the storage.
    pub(super) fn remove_chat(self, id: chat::Id) {
        storage::delete_chat(id);
        self.forget_unsaved(id);
        self.history.notify();
    }

    /// Puts back what was removed from the library last; returns the chat, if it was one.
    pub fn undo(self) -> Option<chat::Id> {
        match self.forgotten.try_update(Vec::pop).flatten()? {
            Forgotten::Chats(values) => {
                if !storage::put_back(&values) {
                    self.forgotten.write().push(Forgotten::Chats(values));
                    return None;
                }
                self.history.notify();
                values.iter().find_map(|(key, _)| match Key::parse(key) {
                    Some(Key::Chat(id)) => Some(id),
                    _ => None,
                })
            }
            Forgotten::Endpoint(endpoint, index) => {
                let id = endpoint.id;
                self.endpoints
                    .update(|Endpoints { list, .. }| list.insert(index.min(list.len()), endpoint));
                self.save_endpoints();
                self.load_models(id);
                self.resume();
                None
            }
        }
    }

    // What a user does with endpoints.

    /// The endpoint that a filled-in form of a card means.
    ///
    /// # Errors
    /// What is wrong with the form.
    pub(super) fn resolve(
        self,
        chosen: Option<endpoint::Id>,
        base_url: &str,
        token: &str,
        keep: Option<Keep>,
        fresh: endpoint::Id,
    ) -> Result<Endpoint, Invalid> {
        let endpoints = self.endpoints.read_untracked();
        can_keep(endpoints.resolve(chosen, base_url, token, keep, fresh)?)
    }

    /// Saves an endpoint as an edit makes it, a new one without an identifier. Its models are asked
    /// for.
    ///
    /// # Errors
    /// What is wrong with the edit; nothing is saved then.
    pub fn edit_endpoint(self, id: Option<endpoint::Id>, edit: &Edit) -> Result<(), Invalid> {
        let id = id.unwrap_or_else(fresh);
        let before = self.endpoints.read_untracked().find(id).map(keys::held);
        let held = before.unwrap_or_default();
        let edited = self.endpoints.read_untracked().edited(id, edit, held)?;
        let edited = can_keep(edited)?;
        if edit.forget_token {
            keys::remove(id);
        }
        self.save_endpoint(edited);
        self.load_models(id);
        Ok(())
    }

    /// Moves an endpoint to where its models were found, which is the same server: its token goes
    /// along.
    pub fn use_base_url(self, id: endpoint::Id, base_url: BaseUrl) {
        let moved = {
            let endpoints = self.endpoints.read_untracked();
            endpoints.find(id).cloned()
        };
        let Some(moved) = moved.filter(|moved| moved.base_url.origin() == base_url.origin()) else {
            return;
        };
        let learned = Learned::default();
        self.save_endpoint(Endpoint {
            base_url,
            learned,
            ..moved
        });
        self.load_models(id);
    }

    /// Deletes an endpoint, and offers to put it back. Cards that talk to it say so and keep what was
    /// said.
    pub fn delete_endpoint(self, id: endpoint::Id) {
        let removed = self.endpoints.try_update(|Endpoints { list, .. }| {
            let index = list.iter().position(|saved| saved.id == id)?;
            Some((list.remove(index), index))
        });
        self.save_endpoints();
        if let Some((endpoint, index)) = removed.flatten() {
            let removed = Forgotten::Endpoint(endpoint, index);
            self.forgotten.write().push(removed);
        }
    }

    /// Moves an endpoint by one place, up or down.
    pub fn move_endpoint(self, id: endpoint::Id, up: bool) {
        self.endpoints.update(|Endpoints { list, .. }| {
            let Some(index) = list.iter().position(|saved| saved.id == id) else {
                return;
            };
            let other = if up {
                index.checked_sub(1)
            } else {
                Some(index + 1)
            };
            if let Some(other) = other.filter(|other| *other < list.len()) {
                list.swap(index, other);
            }
        });
        self.save_endpoints();
    }

    /// Asks an endpoint for its models again.
    pub fn load_models(self, id: endpoint::Id) {
        let Some(endpoint) = self.endpoints.read_untracked().find(id).cloned() else {
            return;
        };
        if self
            .models
            .with_untracked(|models| models.get(&id) == Some(&Models::Loading))
        {
            return;
        }
        self.know(id, Models::Loading);
        let held = keys::held(&endpoint);
        leptos::task::spawn_local(async move {
            let answered = self.ask_models(&endpoint).await;
            let now = self.endpoints.read_untracked().find(id).cloned();
            if !now.is_some_and(|now| now.is_asked_like(&endpoint)) || keys::held(&endpoint) != held
            {
                // Of an endpoint that was changed meanwhile, this is no longer true.
                self.models.update(|models| _ = models.remove(&id));
                self.load_models(id);
                return;
            }
            self.know(id, answered.map_or_else(Models::Unlisted, Models::Listed));
        });
    }

    /// Asks an endpoint for its models. Where it knows no such path, the path with a version is tried
    /// too: most base URLs that lead nowhere lack it.
    pub(super) async fn ask_models(self, endpoint: &Endpoint) -> Result<Vec<String>, Unlisted> {
        let endpoint =
            &keys::with_token(endpoint).map_err(|locked| Unlisted::Failed(locked.into()))?;
        let error = match openai::models(endpoint).await {
            Ok(listed) => {
                let Listed {
                    ids,
                    owned_by,
                    sees,
                } = listed;
                let details = Details { owned_by, sees };
                self.tab.update_value(|tab| {
                    tab.details.insert(endpoint.base_url.clone(), details);
                });
                return Ok(ids);
            }
            Err(error) => error,
        };
        if matches!(error, openai::Error::Refused { status: 404, .. })
            && let Some(base_url) = endpoint.base_url.with_version()
        {
            let there = Endpoint {
                base_url,
                ..endpoint.clone()
            };
            if openai::models(&there).await.is_ok() {
                return Err(Unlisted::Elsewhere(there.base_url));
            }
        }
        Err(Unlisted::Failed(error))
    }

    /// Tokens have come: asks those endpoints for their models again that refused to tell without, or
    /// could not be asked while the vault was locked.
    fn ask_again(self) {
        for endpoint in self.endpoints.get_untracked().list {
            if let Some(Models::Unlisted(Unlisted::Failed(error))) = self.models_now(endpoint.id)
                && endpoint.keep != Keep::Browser
                && match keys::held(&endpoint) {
                    Held::Token(_) => error == openai::Error::Locked || error.refuses_token(),
                    Held::Nothing => error == openai::Error::Locked,
                    Held::Locked => false,
                }
            {
                self.load_models(endpoint.id);
            }
        }
    }

    /// Takes over what is known of an endpoint's models. Cards that wait for a model get one.
    pub(super) fn know(self, id: endpoint::Id, models: Models) {
        let listed = match &models {
            Models::Listed(listed) => listed.clone(),
            _ => Vec::new(),
        };
        self.models.update(|all| all.insert(id, models));
        for open in self.tab.with_value(|tab| tab.open.clone()) {
            open.choose_model(id, &listed);
        }
    }

    /// What is known of an endpoint's models, without following it.
    pub(super) fn models_now(self, id: endpoint::Id) -> Option<Models> {
        self.models
            .with_untracked(|models| models.get(&id).cloned())
    }

    /// The model that a card gets at an endpoint by itself: the one that was used last, if it is
    /// listed, else the first.
    pub(super) fn usual_model(self, id: endpoint::Id, listed: &[String]) -> Option<String> {
        self.recent.with_untracked(|recent| {
            let last = recent
                .of(id)
                .find(|used| listed.iter().any(|model| model == used));
            last.map(str::to_owned).or_else(|| listed.first().cloned())
        })
    }

    /// Puts models first among those used last, the last of these first of all.
    pub(super) fn note_used(
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
            if !self.tab.with_value(|tab| tab.off) {
                // Where there is no room, the order of a list is no loss that a reader must hear of.
                let _ = storage::save_recent(&recent);
            }
            self.recent.set(recent);
        }
    }

    /// Lets what waits for a model go, in every open chat.
    fn resume(self) {
        for open in self.tab.with_value(|tab| tab.open.clone()) {
            open.resume();
        }
    }

    // What is known of an endpoint, and what its refusals teach.

    /// What is behind an endpoint, as far as its address and its list of models tell.
    pub fn server(self, endpoint: endpoint::Id) -> Server {
        let endpoints = self.endpoints.read_untracked();
        let Some(endpoint) = endpoints.find(endpoint) else {
            return Server::Other;
        };
        let owned_by = self.tab.with_value(|tab| {
            let details = tab.details.get(&endpoint.base_url)?;
            Some(details.owned_by.clone())
        });
        endpoint.server(&owned_by.unwrap_or_default())
    }

    /// Who owns an endpoint's models, and whether one of them takes pictures, as far as its list tells.
    pub fn details(self, endpoint: endpoint::Id, model: &str) -> (String, Option<bool>) {
        let endpoints = self.endpoints.read_untracked();
        let details = endpoints.find(endpoint).and_then(|endpoint| {
            self.tab
                .with_value(|tab| tab.details.get(&endpoint.base_url).cloned())
        });
        let details = details.unwrap_or_default();
        let sees = details.sees.iter().find(|(known, _)| known == model);
        (details.owned_by, sees.map(|(_, sees)| *sees))
    }

    /// Whether a model demands `max_completion_tokens`.
    pub fn is_renaming(self, endpoint: endpoint::Id, model: &str) -> bool {
        self.server(endpoint).renames_max_tokens(model)
            || self.has_learned(endpoint, |learned| learned.is_renaming(model))
    }

    /// Learns that a model demands `max_completion_tokens`.
    pub(super) fn learn_renaming(self, endpoint: endpoint::Id, model: String) {
        self.learn(endpoint, &|learned| learned.learn_renaming(&model));
    }

    /// Whether an endpoint may be asked to count tokens: all are but those that are known to refuse it.
    pub fn is_counting(self, endpoint: endpoint::Id) -> bool {
        self.server(endpoint).takes_stream_options()
            && !self.has_learned(endpoint, |learned| !learned.is_counting())
    }

    /// Keeps that an endpoint refuses to be asked to count tokens.
    pub(super) fn learn_not_counting(self, endpoint: endpoint::Id) {
        self.learn(endpoint, &Learned::learn_not_counting);
    }

    /// Forgets that, for the endpoint has refused without being asked to count, too.
    pub(super) fn unlearn_not_counting(self, endpoint: endpoint::Id) {
        self.learn(endpoint, &Learned::unlearn_not_counting);
    }

    /// Keeps that a model refuses a field of a request, in these words, which the parameters then say.
    pub(super) fn learn_refusing(
        self,
        endpoint: endpoint::Id,
        model: &str,
        field: &str,
        words: &str,
    ) {
        self.learn(endpoint, &|learned| {
            let server = Server::of_refusal(words);
            let is_new = server.is_some_and(|server| learned.learn_server(server));
            learned.learn_refusing(field, model) || is_new
        });
    }

    fn has_learned(self, endpoint: endpoint::Id, is: impl Fn(&Learned) -> bool) -> bool {
        let endpoints = self.endpoints.read_untracked();
        endpoints
            .find(endpoint)
            .is_some_and(|endpoint| is(&endpoint.learned))
    }

    /// Learns something of an endpoint. That is no edit of the reader's, so it keeps the time of the last
    /// one: what another tab has changed meanwhile is taken over first.
    fn learn(self, id: endpoint::Id, learn: &dyn Fn(&mut Learned) -> bool) {
        let stored = storage::text(Key::Endpoints);
        let at = |text: &String| json::read::<Endpoints>(text).map(|endpoints| endpoints.at);
        let newer = stored.filter(|text| at(text) > Some(self.endpoints.read_untracked().at));
        if newer.is_some() {
            self.changed(Key::Endpoints, newer);
        }
        let mut endpoints = self.endpoints.get_untracked();
        let found = endpoints.list.iter_mut().find(|saved| saved.id == id);
        if found.is_some_and(|endpoint| learn(&mut endpoint.learned)) {
            self.endpoints.set(endpoints);
            self.write_endpoints();
        }
    }

    // What a user sets for the page.

    /// Changes the settings.
    pub fn set(self, change: impl FnOnce(&mut Settings)) {
        self.settings.update(change);
        self.save_settings();
    }

    // How things are saved.

    /// Saves an endpoint, in place of the one of its identifier, else as the last. Its token goes to
    /// where it is kept.
    pub fn save_endpoint(self, mut endpoint: Endpoint) {
        keys::settle(&mut endpoint);
        self.endpoints.update(|Endpoints { list, .. }| {
            match list.iter_mut().find(|saved| saved.id == endpoint.id) {
                Some(saved) => *saved = endpoint,
                None => list.push(endpoint),
            }
        });
        self.save_endpoints();
    }

    fn save_endpoints(self) {
        self.endpoints.update(|endpoints| endpoints.at = now());
        self.write_endpoints();
    }

    fn write_endpoints(self) {
        let endpoints = self.endpoints.read_untracked();
        self.write(Key::Endpoints, || storage::save_endpoints(&endpoints));
    }

    fn save_settings(self) {
        self.settings.update(|settings| settings.at = now());
        let settings = self.settings.read_untracked();
        self.write(Key::Settings, || storage::save_settings(&settings));
    }

    /// Saves the text of a chat; returns what is stored of it then, packed where that had to be, or
    /// none where it is not saved.
    pub(super) fn write_chat(self, id: chat::Id, text: String) -> Option<String> {
        let mut saved = None;
        let is_saved = self.write(Key::Chat(id), || {
            let packed = storage::save_chat(id, &text)?;
            saved = Some(packed.unwrap_or(text));
            Ok(())
        });
        // What failed before may find room now.
        let failed = |key| {
            self.unsaved
                .with_untracked(|all| all.iter().any(|(of, _)| *of == key))
        };
        if is_saved && failed(Key::Endpoints) {
            self.save_endpoints();
        }
        if is_saved && failed(Key::Settings) {
            self.save_settings();
        }
        saved
    }

    /// Saves what the history shows of a chat; returns whether it is saved.
    pub(crate) fn write_entry(self, entry: &Entry) -> bool {
        let is_saved = self.write(Key::Entry(entry.id), || storage::save_entry(entry));
        self.history.notify();
        is_saved
    }

    /// Writes one value, unless nothing may be written, and keeps why it failed until it succeeds.
    /// Returns whether it is saved.
    fn write(self, key: Key, write: impl FnOnce() -> Result<(), storage::Error>) -> bool {
        if self.tab.with_value(|tab| tab.off) {
            return false;
        }
        let is_kept = self.tab.with_value(|tab| tab.kept.contains(&key));
        let failed = if is_kept {
            Some(storage::Error::Full)
        } else {
            write().err()
        };
        self.note_saved(key, failed);
        // Packed there may be room for it.
        if failed == Some(storage::Error::Full) && !archive::is_here() {
            spawn_local(async move {
                if archive::load().await {
                    self.save_again();
                }
            });
        }
        failed.is_none()
    }

    /// Keeps a chat in the second copy alone, until it is merged with what another tab has stored.
    pub(super) fn keep_unmerged(self, id: chat::Id, text: &str) {
        let key = Key::Chat(id);
        storage::journal::put(&key.to_string(), text);
        self.note_saved(key, Some(storage::Error::Unmerged));
    }

    /// Notes that nothing of a chat waits to be saved any more.
    pub(super) fn forget_unsaved(self, id: chat::Id) {
        self.note_saved(Key::Chat(id), None);
        self.note_saved(Key::Entry(id), None);
    }

    /// Notes that a value is saved, or why not.
    fn note_saved(self, key: Key, failed: Option<storage::Error>) {
        let mut unsaved = self.unsaved.get_untracked();
        unsaved.retain(|(of, _)| *of != key);
        unsaved.extend(failed.map(|error| (key, error)));
        if self.unsaved.with_untracked(|before| *before != unsaved) {
            self.unsaved.set(unsaved);
        }
    }

    /// Whether a value could not be saved.
    pub fn is_unsaved(self, key: Key) -> bool {
        self.tab.with_value(|tab| tab.off)
            || self
                .unsaved
                .with_untracked(|unsaved| unsaved.iter().any(|(of, _)| *of == key))
    }

    /// Whether the page is being left.
    pub(super) fn is_leaving(self) -> bool {
        self.tab.with_value(|tab| tab.leaving)
    }

    /// Saves what is not saved yet when the page is hidden or left, and follows other tabs.
    fn watch(self) {
        let leave = move |leaving| self.tab.update_value(|tab| tab.leaving = leaving);
        // One type of closure for all of them.
        let on = |event: &str, act: Box<dyn Fn(web_sys::Event)>| {
            window_event_listener_untyped(event, act);
        };
        on(
            "pagehide",
            Box::new(move |_| {
                leave(true);
                self.flush();
            }),
        );
        // Of what was written meanwhile, a page that was put to sleep was not told.
        let look = move || {
            self.flush();
            for open in self.tab.with_value(|tab| tab.open.clone()) {
                open.look_at_stored();
            }
        };
        on(
            "pageshow",
            Box::new(move |_| {
                leave(false);
                look();
            }),
        );
        on("visibilitychange", Box::new(move |_| look()));
        on("online", Box::new(move |_| self.is_online.set(true)));
        on("offline", Box::new(move |_| self.is_online.set(false)));
        on(
            "languagechange",
            Box::new(move |_| {
                self.languages.set(languages());
            }),
        );
        on(
            "storage",
            Box::new(move |event| {
                let event: StorageEvent = event.unchecked_into();
                if let Some(key) = event.key() {
                    storage::writes::tell(&key);
                    if let Some(key) = Key::parse(&key) {
                        self.changed(key, event.new_value());
                    }
                }
            }),
        );
    }
}

fn languages() -> Vec<String> {
    let languages = window().navigator().languages();
    languages.iter().filter_map(|tag| tag.as_string()).collect()
}

/// Lets an endpoint through whose token can be put where it is to be kept.
fn can_keep(endpoint: Endpoint) -> Result<Endpoint, Invalid> {
    let wants_vault = endpoint.keep == Keep::Vault && endpoint.token.is_some();
    if wants_vault && keys::standing() != Standing::Open {
        return Err(Invalid::Locked);
    }
    Ok(endpoint)
}
