//! The app's state and the user's verbs: the only place where effects start.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
)]

pub mod live;
pub mod task;

pub use live::Live;
pub use task::Task;

use std::{collections::HashMap, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use reactive_stores::{AtKeyed, KeyedSubfield, Store};

use crate::{
    chat::{self, Card, CardStoreFields, Chat, ChatStoreFields, Outcome, Turn, card, sync, turn},
    endpoint::{self, Endpoint, Endpoints, EndpointsStoreFields},
    openai::{self, Finish, Request},
    storage::{self, Key, Settings},
};

/// One card in the store, whose fields are read and written one by one.
pub type CardField = AtKeyed<Store<Chat>, Chat, card::Id, Vec<Card>>;
/// One turn in the store.
pub type TurnField = AtKeyed<CardField, Card, turn::Id, Vec<Turn>>;

/// What is known of an endpoint's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// They have been asked for.
    Loading,
    /// What the endpoint answered, which may be nothing.
    Listed(Vec<String>),
    /// Why there is no list.
    Failed(openai::Error),
}

/// Why a filled-in form led to no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unconnected {
    /// The form can't be right.
    Invalid(endpoint::Invalid),
    /// The endpoint gave no list of models.
    Failed(openai::Error),
    /// The endpoint's list is empty.
    NoModels,
}

/// What was removed last, to be put back.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// A card, with the place where it was and the group's draft that it may have taken along.
    Card {
        /// The card itself.
        card: Card,
        /// How many cards were left of it.
        index: usize,
        /// What the cards in sync were about to be asked.
        draft: String,
    },
    /// A turn that had no answer.
    Turn {
        /// The card that it belongs to.
        card: card::Id,
        /// The turn itself.
        turn: Turn,
        /// How many turns were before it.
        index: usize,
    },
    /// A card's conversation.
    Turns {
        /// The card that it belongs to.
        card: card::Id,
        /// All of it.
        turns: Vec<Turn>,
    },
}

/// An unsaved change waits this long, in milliseconds, so that a stream of them is saved once.
const SAVE_EVERY: f64 = 1000.0;

/// How the saving of the chat stands.
#[derive(Debug, Default)]
struct Saving {
    /// Nothing may be written: the storage is blocked, or holds what could not be put aside.
    off: bool,
    /// Whether the chat leads the index, as far as this tab knows.
    listed: bool,
    /// The page is being left, which ends every request: no fault of the endpoint.
    leaving: bool,
    /// Since when it is as it was saved, or something waits to be, in milliseconds since 1970.
    since: f64,
    /// Runs the next save, if there is something to save.
    pending: Option<TimeoutHandle>,
}

/// Everything that the page knows, and everything that a user can do.
///
/// The stores hold exactly what is in the storage; the signals hold what dies with the tab.
#[derive(Clone, Copy)]
pub struct Session {
    chat: Store<Chat>,
    endpoints: Store<Endpoints>,
    settings: RwSignal<Settings>,
    models: RwSignal<HashMap<endpoint::Id, Models>>,
    lives: RwSignal<HashMap<card::Id, Live>>,
    removed: RwSignal<Vec<Removed>>,
    unsaved: RwSignal<Vec<(Key, storage::Error)>>,
    is_copy: RwSignal<bool>,
    aside: RwSignal<Vec<String>>,
    saving: StoredValue<Saving, LocalStorage>,
}

impl Session {
    /// Opens what was saved, keeps it in step with other tabs, and asks the endpoints in use for
    /// their models.
    pub fn open() -> Self {
        let (loaded, failed) = storage::load();
        let saving = Saving {
            off: failed.is_some(),
            ..Saving::default()
        };
        let first_endpoint = loaded.endpoints.list.first().map(|endpoint| endpoint.id);
        let chat = loaded.chat.unwrap_or_else(|| {
            let card = Card {
                endpoint: first_endpoint,
                ..Card::new(card::Id::new(random()))
            };
            Chat::new(chat::Id::new(random()), card)
        });
        storage::remember(chat.id);
        let session = Self {
            chat: Store::new(chat),
            endpoints: Store::new(loaded.endpoints),
            settings: RwSignal::new(loaded.settings),
            models: RwSignal::default(),
            lives: RwSignal::default(),
            removed: RwSignal::default(),
            unsaved: RwSignal::new(
                failed
                    .map(|error| (Key::Index, error))
                    .into_iter()
                    .collect(),
            ),
            is_copy: RwSignal::new(false),
            aside: RwSignal::new(loaded.aside),
            saving: StoredValue::new_local(saving),
        };
        let in_use: Vec<_> = session
            .chat
            .read_untracked()
            .cards
            .iter()
            .filter_map(|card| card.endpoint)
            .collect();
        for id in in_use {
            session.load_models(id);
        }
        session.watch();
        session
    }

    // What the page shows.

    /// The cards, from left to right.
    pub fn cards(self) -> KeyedSubfield<Store<Chat>, Chat, card::Id, Vec<Card>> {
        self.chat.cards()
    }

    /// One card. Read it with the `try_` methods: it may be deleted before its view is.
    pub fn card(self, id: card::Id) -> CardField {
        self.chat.cards().at_key(id)
    }

    /// One turn. Read it with the `try_` methods, as a card.
    pub fn turn(self, card: card::Id, turn: turn::Id) -> TurnField {
        self.card(card).turns().at_key(turn)
    }

    /// The saved endpoints.
    pub fn endpoints(self) -> Store<Endpoints> {
        self.endpoints
    }

    /// What is known of an endpoint's models; None if they were never asked for.
    pub fn models(self, endpoint: endpoint::Id) -> Option<Models> {
        self.models.with(|models| models.get(&endpoint).cloned())
    }

    /// The answer that a card is giving.
    pub fn live(self, card: card::Id) -> Option<Live> {
        self.lives.with(|lives| lives.get(&card).cloned())
    }

    /// Whether a card's turn comes after another of its turns.
    pub fn comes_after(self, card: card::Id, turn: turn::Id, other: turn::Id) -> bool {
        let card = self.card(card).try_read();
        card.is_some_and(|card| card.before(turn).iter().any(|before| before.id == other))
    }

    /// How many cards are answering.
    pub fn answering(self) -> usize {
        self.lives.with(HashMap::len)
    }

    /// The draft that a card shows.
    pub fn draft(self, card: card::Id) -> String {
        match self.card(card).synced().try_get() {
            Some(false) => self.card(card).draft().try_get().unwrap_or_default(),
            _ => self.chat.draft().get(),
        }
    }

    /// Whether Send in a card would send anything to anyone.
    pub fn can_send(self, from: card::Id) -> bool {
        let (chat, endpoints) = (self.chat.read(), self.endpoints.read());
        !sync::draft(&chat, from).trim().is_empty()
            && !sync::recipients(&chat, &endpoints, from).is_empty()
    }

    /// Whether a card has a model to ask.
    pub fn can_ask(self, card: card::Id) -> bool {
        let endpoints = self.endpoints.read();
        self.card(card)
            .try_read()
            .is_some_and(|card| card.target(&endpoints).is_some())
    }

    /// What was removed last, while it can still be put back.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Why something is not saved, if so.
    pub fn unsaved(self) -> Option<storage::Error> {
        self.unsaved
            .with(|unsaved| unsaved.first().map(|(_, error)| *error))
    }

    /// Whether this tab goes on with a copy of the chat, because another tab changed it too.
    pub fn is_copy(self) -> Signal<bool> {
        self.is_copy.into()
    }

    /// Takes the notice about the copy away.
    pub fn dismiss_is_copy(self) {
        self.is_copy.set(false);
    }

    /// The keys under which damaged values were put aside when the page opened.
    pub fn aside(self) -> Signal<Vec<String>> {
        self.aside.into()
    }

    /// The reader's settings.
    pub fn settings(self) -> Signal<Settings> {
        self.settings.into()
    }

    // What a user does with the input.

    /// Changes the draft that a card shows: the group's, or its own.
    pub fn draft_changed(self, card: card::Id, text: String) {
        match self.card(card).synced().try_get_untracked() {
            Some(true) => self.chat.draft().set(text),
            Some(false) => self.card(card).draft().set(text),
            None => return,
        }
        self.save_soon();
    }

    /// Sends the draft that a card shows, to it or to every card in sync. A card that is still
    /// answering has it wait its turn; a card without a model takes no part. Empty is not sent.
    pub fn send(self, from: card::Id) {
        let (prompt, recipients) = {
            let (chat, endpoints) = (self.chat.read_untracked(), self.endpoints.read_untracked());
            let prompt = sync::draft(&chat, from).to_owned();
            (prompt, sync::recipients(&chat, &endpoints, from))
        };
        if prompt.trim().is_empty() || recipients.is_empty() {
            return;
        }
        self.draft_changed(from, String::new());
        let mut idle = Vec::new();
        for card in recipients {
            let turn = Turn {
                id: turn::Id::new(random()),
                prompt: prompt.clone(),
                answer: None,
            };
            if !self.is_answering(card) {
                idle.push((card, turn.id));
            }
            self.card(card).turns().write().push(turn);
        }
        self.save();
        for (card, turn) in idle {
            self.ask(card, turn);
        }
    }

    /// Asks a turn's question again. What came before stays until something new comes.
    pub fn retry(self, card: card::Id, turn: turn::Id) {
        if !self.is_answering(card) {
            self.ask(card, turn);
        }
    }

    /// Takes a turn that has no answer out of the card.
    pub fn cancel(self, card: card::Id, turn: turn::Id) {
        let removed = self.card(card).turns().try_update(|turns| {
            let index = turns.iter().position(|found| found.id == turn)?;
            Some((turns.remove(index), index))
        });
        if let Some((turn, index)) = removed.flatten() {
            self.removed
                .write()
                .push(Removed::Turn { card, turn, index });
            self.save();
        }
    }

    /// Ends a card's answer here; what came is kept. Whether the endpoint stops is up to it.
    pub fn stop(self, card: card::Id) {
        if let Some(turn) = self.finish(card, Outcome::Stopped) {
            self.ask_next(card, turn);
        }
    }

    /// Ends every answer here, and with it every queue.
    pub fn stop_all(self) {
        let cards: Vec<_> = self
            .lives
            .with_untracked(|lives| lives.keys().copied().collect());
        for card in cards {
            self.finish(card, Outcome::Stopped);
        }
    }

    /// Switches whether a card takes part in the common input.
    pub fn toggle_sync(self, card: card::Id) {
        let drafts = sync::toggle(&self.chat.read_untracked(), card);
        self.chat.draft().set(drafts.group);
        self.card(card).draft().set(drafts.own);
        self.card(card).synced().update(|synced| *synced = !*synced);
        self.save_soon();
    }

    // What a user does with cards.

    /// Adds a card beside this one, with the same endpoint and model; returns it.
    pub fn add_card(self, beside: card::Id) -> Option<card::Id> {
        let id = card::Id::new(random());
        self.chat.cards().try_update(|cards| {
            let index = cards.iter().position(|card| card.id == beside)?;
            cards.insert(index + 1, cards[index].beside(id));
            Some(())
        })??;
        self.save_soon();
        Some(id)
    }

    /// Deletes a card with all that was said in it, unless it is the only one.
    pub fn delete_card(self, card: card::Id) {
        if self.chat.cards().read_untracked().len() == 1 {
            return;
        }
        self.finish(card, Outcome::Stopped);
        let removed = self.chat.cards().try_update(|cards| {
            let index = cards.iter().position(|found| found.id == card)?;
            Some((cards.remove(index), index))
        });
        let Some((card, index)) = removed.flatten() else {
            return;
        };
        let mut draft = String::new();
        if !self
            .chat
            .cards()
            .read_untracked()
            .iter()
            .any(|card| card.synced)
        {
            self.chat
                .draft()
                .update(|group| draft = std::mem::take(group));
        }
        self.removed
            .write()
            .push(Removed::Card { card, index, draft });
        self.save();
    }

    /// Deletes what was said in a card, and nothing else of it.
    pub fn clear_card(self, card: card::Id) {
        self.finish(card, Outcome::Stopped);
        let turns = self
            .card(card)
            .turns()
            .try_update(std::mem::take)
            .unwrap_or_default();
        if !turns.is_empty() {
            self.removed.write().push(Removed::Turns { card, turns });
            self.save();
        }
    }

    /// Puts back what was removed last; returns the card that it is in. What was removed before
    /// that is next.
    pub fn undo(self) -> Option<card::Id> {
        let put_back = match self.removed.try_update(Vec::pop).flatten()? {
            Removed::Card { card, index, draft } => {
                if self.chat.draft().read_untracked().is_empty() {
                    self.chat.draft().set(draft);
                }
                let id = card.id;
                self.chat
                    .cards()
                    .update(|cards| cards.insert(index.min(cards.len()), card));
                id
            }
            // Another tab may have deleted the card meanwhile.
            Removed::Turn { card, turn, index } => {
                let turns = self.card(card).turns();
                let _ = turns.try_update(|turns| turns.insert(index.min(turns.len()), turn));
                card
            }
            Removed::Turns { card, turns } => {
                let _ = self
                    .card(card)
                    .turns()
                    .try_update(|now| now.splice(..0, turns).count());
                card
            }
        };
        self.save();
        Some(put_back)
    }

    /// Takes the offer to undo what was removed away.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }

    /// Takes the notice about damaged values away.
    pub fn dismiss_aside(self) {
        self.aside.set(Vec::new());
    }

    // What a user does with endpoints and models.

    /// Lets a card talk to an endpoint. Its model is chosen again: the first that is listed.
    pub fn pick_endpoint(self, card: card::Id, endpoint: endpoint::Id) {
        if self.card(card).endpoint().try_get_untracked().flatten() != Some(endpoint) {
            self.card(card).endpoint().set(Some(endpoint));
            self.card(card).model().set(None);
        }
        match self
            .models
            .with_untracked(|models| models.get(&endpoint).cloned())
        {
            Some(Models::Listed(listed)) => self.choose_first(endpoint, &listed),
            Some(Models::Loading) => {}
            Some(Models::Failed(_)) | None => self.load_models(endpoint),
        }
        self.save_soon();
    }

    /// Lets a card talk to a model of its endpoint.
    pub fn pick_model(self, card: card::Id, model: String) {
        self.card(card).model().set(Some(model));
        self.save_soon();
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
        self.models
            .update(|models| _ = models.insert(id, Models::Loading));
        leptos::task::spawn_local(async move {
            let answered = openai::models(&endpoint).await;
            if self.endpoints.read_untracked().find(id) != Some(&endpoint) {
                // Of an endpoint that was changed meanwhile, this is no longer true.
                self.models.update(|models| _ = models.remove(&id));
                self.load_models(id);
                return;
            }
            let models = match answered {
                Ok(listed) => {
                    self.choose_first(id, &listed);
                    Models::Listed(listed)
                }
                Err(error) => Models::Failed(error),
            };
            self.models.update(|all| _ = all.insert(id, models));
        });
    }

    /// Connects a card with what was typed in its form: asks for the models there, then saves the
    /// endpoint. With a typed model, a missing list is no failure; a refused token is.
    ///
    /// # Errors
    /// Why no model could be chosen. Nothing is saved then, nor when the future is dropped.
    pub async fn connect(
        self,
        card: card::Id,
        base_url: String,
        token: String,
        model: String,
    ) -> Result<(), Unconnected> {
        let chosen = self.card(card).endpoint().try_get_untracked().flatten();
        let fresh = endpoint::Id::new(random());
        let resolve = || {
            let endpoints = self.endpoints.read_untracked();
            endpoints
                .resolve(chosen, &base_url, &token, fresh)
                .map_err(Unconnected::Invalid)
        };
        let endpoint = resolve()?;
        let typed = Some(model.trim()).filter(|model| !model.is_empty());
        let models = match (openai::models(&endpoint).await, typed) {
            (Ok(listed), None) if listed.is_empty() => return Err(Unconnected::NoModels),
            (Ok(listed), _) => Models::Listed(listed),
            (Err(error), typed) if typed.is_none() || error.refuses_token() => {
                return Err(Unconnected::Failed(error));
            }
            (Err(error), _) => Models::Failed(error),
        };
        let model = match (typed, &models) {
            (Some(typed), _) => Some(typed.to_owned()),
            (None, Models::Listed(listed)) => {
                let current = self.card(card).model().try_get_untracked().flatten();
                current
                    .filter(|model| listed.contains(model))
                    .or_else(|| listed.first().cloned())
            }
            (None, _) => None,
        };
        if self.card(card).endpoint().try_get_untracked().flatten() != chosen {
            // The reader has chosen something else meanwhile.
            return Ok(());
        }
        // Again, because another card may have saved this endpoint, or a new token, meanwhile.
        let endpoint = resolve()?;
        let id = endpoint.id;
        self.save_endpoint(endpoint);
        if let Models::Listed(listed) = &models {
            self.choose_first(id, listed);
        }
        self.models.update(|all| _ = all.insert(id, models));
        if self.card(card).try_read_untracked().is_some() {
            self.card(card).endpoint().set(Some(id));
            self.card(card).model().set(model);
            self.save();
        }
        Ok(())
    }

    // What a user sets for the page.

    /// Sets the language, as a BCP 47 tag.
    pub fn set_locale(self, locale: &str) {
        self.settings
            .update(|settings| settings.locale = Some(locale.to_owned()));
        self.save_settings();
    }

    // How an answer goes.

    fn is_answering(self, card: card::Id) -> bool {
        self.lives.with_untracked(|lives| lives.contains_key(&card))
    }

    /// Starts the answer to a turn. A card that can't be asked any more leaves it unanswered.
    fn ask(self, card: card::Id, turn: turn::Id) {
        let chat = self.chat.read_untracked();
        let Some(found) = chat.card(card) else { return };
        let endpoints = self.endpoints.read_untracked();
        let Some((endpoint, model)) = found.target(&endpoints) else {
            return;
        };
        let Some(asked) = found.turns.iter().find(|found| found.id == turn) else {
            return;
        };
        let request = Request::new(model, found.before(turn), &asked.prompt);
        let stream = openai::stream(endpoint.clone(), &request);
        let model = model.to_owned();
        drop((chat, endpoints));
        let live = Live::start(turn, model, move |live| async move {
            let outcome = self.receive(stream, &live).await;
            // After a failure the queue waits: it was meant to come after an answer.
            let goes_on = !matches!(outcome, Outcome::Failed(_));
            self.finish(card, outcome);
            if goes_on {
                self.ask_next(card, turn);
            }
        });
        self.lives.update(|lives| _ = lives.insert(card, live));
    }

    async fn receive(
        self,
        stream: impl Future<Output = Result<openai::Stream, openai::Error>>,
        live: &live::Text,
    ) -> Outcome {
        let mut stream = match stream.await {
            Ok(stream) => stream,
            Err(error) => return Outcome::Failed(error),
        };
        loop {
            let mut added = String::new();
            let ended = stream.next(&mut added).await;
            live.push(&added);
            self.save_soon();
            match ended {
                Ok(None) => {}
                Ok(Some(Finish::Length)) => return Outcome::Length,
                Ok(Some(Finish::Filtered)) => return Outcome::Filtered,
                Ok(Some(Finish::Complete)) => return Outcome::Complete,
                Err(error) => return Outcome::Failed(error),
            }
        }
    }

    /// Ends a card's answer and saves it; returns its turn. Nothing of it can arrive later.
    fn finish(self, card: card::Id, outcome: Outcome) -> Option<turn::Id> {
        let live = self
            .lives
            .try_update(|lives| lives.remove(&card))
            .flatten()?;
        live.end();
        let outcome = match outcome {
            Outcome::Failed(_) if self.saving.with_value(|saving| saving.leaving) => {
                Outcome::Interrupted
            }
            outcome => outcome,
        };
        let answer = live.answer(outcome);
        // Without the turn, nobody waits for the answer any more.
        let _ = self
            .turn(card, live.turn)
            .try_update(|turn| turn.receive(answer));
        self.save();
        Some(live.turn)
    }

    fn ask_next(self, card: card::Id, after: turn::Id) {
        let next = self
            .card(card)
            .try_read_untracked()
            .and_then(|card| card.next_unanswered(after));
        if let Some(next) = next {
            self.ask(card, next);
        }
    }

    /// Gives the cards of an endpoint that have no model its first one.
    fn choose_first(self, endpoint: endpoint::Id, listed: &[String]) {
        let Some(first) = listed.first() else { return };
        let waiting: Vec<_> = {
            let chat = self.chat.read_untracked();
            let cards = chat.cards.iter();
            cards
                .filter(|card| card.endpoint == Some(endpoint) && card.model.is_none())
                .map(|card| card.id)
                .collect()
        };
        for card in waiting {
            self.card(card).model().set(Some(first.clone()));
        }
    }

    fn save_endpoint(self, endpoint: Endpoint) {
        self.endpoints.list().update(|list| {
            match list.iter_mut().find(|saved| saved.id == endpoint.id) {
                Some(saved) => *saved = endpoint,
                None => list.push(endpoint),
            }
        });
        self.save_endpoints();
    }

    // How things are saved.

    /// Saves the chat now, with every answer as far as it has come.
    fn save(self) {
        let pending = self.saving.try_update_value(|saving| saving.pending.take());
        if let Some(pending) = pending.flatten() {
            pending.clear();
        }
        let mut chat = self.chat.get_untracked();
        self.lives.with_untracked(|lives| {
            for (card, live) in lives {
                chat.receive(*card, live.turn, live.answer(Outcome::Interrupted));
            }
        });
        let listed = self.saving.with_value(|saving| saving.listed);
        self.write(Key::Chat(chat.id), || storage::save_chat(&chat));
        if !listed {
            let listed = self.write(Key::Index, || storage::list_first(chat.id));
            self.saving.update_value(|saving| saving.listed = listed);
        }
        self.saving
            .update_value(|saving| saving.since = js_sys::Date::now());
        // What failed before may find room now.
        let failed = |key| {
            self.unsaved
                .with_untracked(|all| all.iter().any(|(of, _)| *of == key))
        };
        if failed(Key::Endpoints) {
            self.save_endpoints();
        }
        if failed(Key::Settings) {
            self.save_settings();
        }
    }

    fn save_endpoints(self) {
        let endpoints = self.endpoints.read_untracked();
        self.write(Key::Endpoints, || storage::save_endpoints(&endpoints));
    }

    fn save_settings(self) {
        let settings = self.settings.read_untracked();
        self.write(Key::Settings, || storage::save_settings(&settings));
    }

    /// Writes one value, unless nothing may be written, and keeps why it failed until it succeeds.
    /// Returns whether it is saved.
    fn write(self, key: Key, write: impl FnOnce() -> Result<(), storage::Error>) -> bool {
        if self.saving.with_value(|saving| saving.off) {
            return false;
        }
        let failed = write().err();
        let mut unsaved = self.unsaved.get_untracked();
        unsaved.retain(|(of, _)| *of != key);
        unsaved.extend(failed.map(|error| (key, error)));
        if self.unsaved.with_untracked(|before| *before != unsaved) {
            self.unsaved.set(unsaved);
        }
        failed.is_none()
    }

    /// Saves the chat at most a second from now. In a hidden tab timers are late, but a stream's
    /// bytes are not: so the time is looked at whenever something changes, too.
    fn save_soon(self) {
        let now = js_sys::Date::now();
        let (since, waits) = self
            .saving
            .with_value(|saving| (saving.since, saving.pending.is_some()));
        if waits && now - since >= SAVE_EVERY {
            self.save();
        } else if !waits {
            let wait = Duration::from_secs_f64(SAVE_EVERY / 1000.0);
            let pending = set_timeout_with_handle(move || self.save(), wait).ok();
            self.saving.update_value(|saving| {
                saving.pending = pending;
                saving.since = now;
            });
        }
    }

    /// Saves what is not saved yet when the page is hidden or left, and follows other tabs.
    fn watch(self) {
        let flush = move || {
            if self.saving.with_value(|saving| saving.pending.is_some()) {
                self.save();
            }
        };
        let leave = move |leaving| self.saving.update_value(|saving| saving.leaving = leaving);
        window_event_listener(leptos::ev::pagehide, move |_| {
            leave(true);
            flush();
        });
        window_event_listener(leptos::ev::pageshow, move |_| leave(false));
        window_event_listener(leptos::ev::visibilitychange, move |_| flush());
        window_event_listener(leptos::ev::storage, move |event| {
            match storage::changed(&event) {
                Some(Key::Chat(id)) => self.chat_changed_elsewhere(id),
                Some(Key::Endpoints) => {
                    if let Some(endpoints) = storage::endpoints() {
                        self.endpoints.list().set(endpoints.list);
                    }
                }
                Some(Key::Settings) => {
                    if let Some(settings) = storage::settings() {
                        self.settings.set(settings);
                    }
                }
                // Another chat leads now; when this one is used again, it will.
                Some(Key::Index) => self.saving.update_value(|saving| saving.listed = false),
                None => {}
            }
        });
    }

    /// Another tab has saved this chat. What it saved is shown here, unless something here is not
    /// saved yet: then this tab goes on under another identifier, so that neither loses a word.
    fn chat_changed_elsewhere(self, id: chat::Id) {
        if id != self.chat.id().get_untracked() {
            return;
        }
        let has_unsaved = self.saving.with_value(|saving| saving.pending.is_some())
            || self.unsaved.with_untracked(|unsaved| !unsaved.is_empty())
            || self.lives.with_untracked(|lives| !lives.is_empty());
        if has_unsaved {
            let copy = chat::Id::new(random());
            self.chat.id().set(copy);
            storage::remember(copy);
            self.saving.update_value(|saving| saving.listed = false);
            self.unsaved
                .update(|unsaved| unsaved.retain(|(of, _)| *of != Key::Chat(id)));
            self.is_copy.set(true);
            self.save_soon();
        } else if let Some(theirs) = storage::chat(id) {
            self.adopt(theirs);
        }
    }

    fn adopt(self, theirs: Chat) {
        self.chat.draft().set(theirs.draft);
        self.chat.cards().set(theirs.cards);
        for card in self.chat.cards() {
            card.turns().update_keys();
        }
    }
}

/// 64 bits for an identifier: unique enough among one person's chats, and no secret.
fn random() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number from 0 to 2³² - 1 is a u32"
    )]
    let half = || (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    u64::from(half()) << 32 | u64::from(half())
}
