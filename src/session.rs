//! The app's state and what a user does: the only place where effects start.

#![expect(
    clippy::disallowed_methods,
    reason = "the border that clippy.toml draws ends here"
)]

pub mod attachments;
pub mod library;
pub mod live;
pub mod task;

pub use attachments::Reading;
pub use library::{Forgotten, Library, Models, Opened, Unlisted};
pub use live::{Coming, Live, Stage};
pub use task::Task;

use std::{future::Future, pin::Pin, time::Duration};

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use reactive_stores::{AtKeyed, KeyedSubfield, Store};
use wasm_split_helpers::wasm_split;

use crate::{
    address::Wanted,
    chat::{
        self, Card, CardStoreFields, Chat, ChatStoreFields, Draft, Entry, Outcome, Params, Turn,
        card::{self, Manner},
        params::{self, Param},
        sync::{self, Around, Effect, Event, Part},
        turn,
    },
    chunk::{self, Chunk, Missing},
    endpoint::{self, BaseUrl, Endpoint},
    fault,
    id::{fresh, now},
    openai::{self, Finish, Request},
    storage::{
        self, Key, archive,
        locks::{self, Kind},
    },
    table::Table,
};

/// One card in the store, whose fields are read and written one by one.
pub type CardField = AtKeyed<Store<Chat>, Chat, card::Id, Vec<Card>>;
/// One turn in the store.
pub type TurnField = AtKeyed<CardField, Card, turn::Id, Vec<Turn>>;

/// Why a filled-in form led to no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unconnected {
    /// The form can't be right.
    Invalid(endpoint::Invalid),
    /// The endpoint gave no list of models.
    Unlisted(Unlisted),
    /// The endpoint's list is empty.
    NoModels,
}

/// What was removed last, to be put back.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// A card, with the place where it was and the group's draft that it may have taken along.
    Card {
        /// The card itself.
        card: Box<Card>,
        /// How many cards were left of it.
        index: usize,
        /// What the cards in sync were about to be asked.
        draft: Draft,
    },
    /// A turn.
    Turn {
        /// The card that it belongs to.
        card: card::Id,
        /// The turn itself.
        turn: Box<Turn>,
        /// How many turns were before it.
        index: usize,
    },
    /// A card's conversation as it was before one of its questions was changed.
    Replaced {
        /// The card that it belongs to.
        card: card::Id,
        /// All of it.
        turns: Vec<Turn>,
        /// The turn that took the place of the rest.
        by: turn::Id,
    },
    /// A card's conversation.
    Turns {
        /// The card that it belongs to.
        card: card::Id,
        /// All of it.
        turns: Vec<Turn>,
    },
    /// The parameters and the system prompts that cards had before another card's took their place.
    Settings(Vec<(card::Id, Params, String)>),
}

/// An unsaved change waits this long, in milliseconds, so that a stream of them is saved once, and
/// nothing is more than a second behind, also on a busy machine.
const SAVE_EVERY: f64 = 700.0;

/// How an endpoint is asked: whether the most tokens have their newer name, and whether it is asked to
/// count.
type Ways = (bool, bool);

/// So often is an endpoint asked in another way for one answer: there are two other ways.
const MOST_LESSONS: u32 = 2;

/// How the saving of the chat stands.
#[derive(Debug, Default)]
struct Saving {
    /// The chat was deleted: nothing of it is saved any more.
    is_over: bool,
    /// What the history shows of it, as this tab has saved it.
    entry: Option<Entry>,
    /// The chat as it was saved last, by this tab or another, stamps included.
    before: Option<Chat>,
    /// What is stored of it, as far as this tab knows.
    known: String,
    /// Since when it is as it was saved, or something waits to be, in milliseconds since 1970.
    since: f64,
    /// Runs the next save, if there is something to save.
    pending: Option<TimeoutHandle>,
}

/// What a card was asked, and whom: it stays so however often it is tried.
struct Asked {
    card: Card,
    turn: turn::Id,
    endpoint: Endpoint,
    model: String,
    /// Whether the answer goes on from what there is of it.
    goes_on: bool,
}

/// An open chat: all that the page knows of it, and all that a user can do with it.
///
/// The store holds exactly what is in the storage; the signals hold what dies with the tab. A chat
/// that is left goes on while it has an answer coming.
#[derive(Clone, Copy)]
pub struct Session {
    library: Library,
    chat: Store<Chat>,
    lives: RwSignal<Table<card::Id, Live>>,
    removed: RwSignal<Vec<Removed>>,
    skipped: RwSignal<Vec<card::Id>>,
    proposed: RwSignal<Table<card::Id, Wanted>>,
    elsewhere: RwSignal<Vec<card::Id>>,
    is_stored: RwSignal<bool>,
    files: attachments::Files,
    saving: StoredValue<Saving, LocalStorage>,
}

/// Gets the answer to what was asked: [`Session::answer`].
type GetAnswer = fn(Session, Asked, String, live::Heard) -> Pin<Box<dyn Future<Output = Outcome>>>;

thread_local! {
    static ANSWER: Chunk<GetAnswer> = const { Chunk::new(|| Box::pin(answers())) };
}

#[wasm_split(answers, fallible)]
fn answers() -> Result<GetAnswer, Missing> {
    Ok(|session, asked, name, live| {
        Box::pin(async move { session.answer(asked, &name, &live).await })
    })
}

/// What takes over what another tab has saved.
#[derive(Clone, Copy)]
struct Merging {
    merge: fn(Session, &str),
    adopt: fn(Session, Chat),
}

thread_local! {
    static MERGING: Chunk<Merging> = const { Chunk::new(|| Box::pin(merging())) };
}

#[wasm_split(archive, fallible)]
fn merging() -> Result<Merging, Missing> {
    Ok(Merging {
        merge: Session::merge,
        adopt: Session::adopt,
    })
}

/// Fetches what merges, ahead of what another tab may save.
pub async fn prepare_merging() {
    // It is fetched again when it is wanted.
    let _ = (archive::load().await, chunk::load(&MERGING).await);
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        self.lives == other.lives
    }
}

impl Eq for Session {}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({})", self.id())
    }
}

impl Session {
    /// Opens a chat, with the text that is stored of it.
    fn new(library: Library, chat: Chat, stored: Option<String>) -> Self {
        let is_stored = stored.is_some();
        let saving = Saving {
            before: Some(chat.clone()),
            known: stored.unwrap_or_default(),
            ..Saving::default()
        };
        let session = Self {
            library,
            chat: Store::new(chat),
            lives: RwSignal::default(),
            removed: RwSignal::default(),
            skipped: RwSignal::default(),
            proposed: RwSignal::default(),
            elsewhere: RwSignal::default(),
            is_stored: RwSignal::new(is_stored),
            files: attachments::Files::new(),
            saving: StoredValue::new_local(saving),
        };
        session.look_for_contents();
        session.look_elsewhere();
        session.take_rescued();
        session
    }

    /// Takes over what was typed when the page failed, where that was not saved.
    fn take_rescued(self) {
        let cards = self.chat.cards();
        let mut ids: Vec<_> = cards.read_untracked().iter().map(|card| card.id).collect();
        // The inputs in sync may lag behind the one that is typed in: its text comes last, and stays.
        let typed_in = fault::typed_in();
        if let Some(at) = ids
            .iter()
            .position(|card| Some(card.to_string()) == typed_in)
        {
            let last = ids.remove(at);
            ids.push(last);
        }
        for card in ids {
            if let Some(text) = fault::take_draft(&card.to_string())
                && untrack(|| self.draft(card)) != text
            {
                self.draft_changed(card, text);
            }
        }
    }

    // What the page shows.

    /// What all chats share.
    pub const fn library(self) -> Library {
        self.library
    }

    /// The chat's identifier now; it changes when this tab goes on with a copy.
    pub fn id(self) -> chat::Id {
        self.chat.id().get_untracked()
    }

    /// The chat's identifier for its address, which it has once something was said in it.
    pub fn address(self) -> Option<chat::Id> {
        let id = self.chat.id().get();
        self.is_stored.get().then_some(id)
    }

    /// Saves what is not saved yet, and returns the identifier for the chat's address.
    pub fn leave(self) -> Option<chat::Id> {
        self.flush();
        untrack(|| self.address())
    }

    /// The chat's title: the reader's, else its first words; empty where nothing was said.
    pub fn title(self) -> String {
        self.chat.read().shown_title()
    }

    /// The card on the left.
    pub fn first_card(self) -> Option<card::Id> {
        let cards = self.chat.cards();
        let cards = cards.read_untracked();
        cards.first().map(|card| card.id)
    }

    /// Whether nothing was said in it yet.
    pub fn is_new(self) -> bool {
        !self.chat.read_untracked().is_used()
    }

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
        self.lives.with(Table::len)
    }

    /// The words of the draft that a card shows.
    pub fn draft(self, card: card::Id) -> String {
        self.with_draft(card, |draft| draft.text.clone())
    }

    /// Looks at the draft that a card shows.
    fn with_draft<T: Default>(self, card: card::Id, look: impl FnOnce(&Draft) -> T) -> T {
        match self.card(card).synced().try_get() {
            Some(false) => {
                let draft = self.card(card).draft();
                draft
                    .try_read()
                    .map(|draft| look(&draft))
                    .unwrap_or_default()
            }
            _ => look(&self.chat.draft().read()),
        }
    }

    /// Whether Send in a card would send anything to anyone.
    pub fn can_send(self, from: card::Id) -> bool {
        if self.is_held(from) {
            return false;
        }
        let (chat, endpoints) = (self.chat.read(), self.library.endpoints().read());
        let around = Around {
            endpoints: &endpoints,
            is_answering: &|card| self.lives.with(|lives| lives.contains_key(&card)),
            busy: self.library.settings().with(|settings| settings.busy),
        };
        sync::can_send(&chat, &around, from)
    }

    /// Whether a card took no part in what was sent last.
    pub fn was_skipped(self, card: card::Id) -> bool {
        self.skipped.with(|skipped| skipped.contains(&card))
    }

    /// What the page's address wants a card to talk to, where it is no saved endpoint.
    pub fn proposed(self, card: card::Id) -> Option<Wanted> {
        self.proposed.with(|proposed| proposed.get(&card).cloned())
    }

    /// The parameter that an endpoint's refusal of a card's request names.
    pub fn refused(self, card: card::Id, error: &openai::Error) -> Option<Param> {
        let openai::Error::Refused {
            status, message, ..
        } = error
        else {
            return None;
        };
        let card = self.card(card).try_read()?;
        matches!(status, 400 | 422)
            .then(|| card.params.named_in(message))
            .flatten()
    }

    /// Whether a card has a model to ask.
    pub fn can_ask(self, card: card::Id) -> bool {
        let endpoints = self.library.endpoints().read();
        self.card(card)
            .try_read()
            .is_some_and(|card| card.target(&endpoints).is_some())
    }

    /// The endpoint that a card asks, and its model; no name where none is chosen yet.
    pub fn asked(self, card: card::Id) -> Option<(endpoint::Id, String)> {
        let card = self.card(card);
        let endpoint = card.endpoint().try_get().flatten()?;
        Some((
            endpoint,
            card.model().try_get().flatten().unwrap_or_default(),
        ))
    }

    /// What was removed last, while it can still be put back.
    pub fn removed(self) -> Option<Removed> {
        self.removed.with(|removed| removed.last().cloned())
    }

    /// Whether another tab is answering a turn, which is its card's last one.
    pub fn is_elsewhere(self, card: card::Id, turn: turn::Id) -> bool {
        self.elsewhere.with(|elsewhere| elsewhere.contains(&card))
            && self
                .card(card)
                .try_read()
                .is_some_and(|card| card.turns.last().is_some_and(|last| last.id == turn))
    }

    // What a user does with the input.

    /// Changes the draft that a card shows: the group's, or its own.
    pub fn draft_changed(self, card: card::Id, text: String) {
        self.react(Event::Typed(card, text));
        self.save_soon();
    }

    /// Sends the draft that a card shows, to it or to every card in sync. Empty is not sent, nor is
    /// one that is held by an attachment, which says so.
    pub fn send(self, from: card::Id) {
        if untrack(|| self.is_held(from)) {
            return;
        }
        self.skipped.set(Vec::new());
        self.react(Event::Sent(from));
    }

    /// Switches whether a card takes part in the common input.
    pub fn toggle_sync(self, card: card::Id) {
        self.react(Event::Toggled(card));
        self.save_soon();
    }

    /// Lets the reducer change the chat, and does what it wants done.
    fn react(self, event: Event) {
        let mut effects = Vec::new();
        {
            let endpoints = self.library.endpoints().read_untracked();
            let busy = self
                .library
                .settings()
                .with_untracked(|settings| settings.busy);
            let around = Around {
                endpoints: &endpoints,
                is_answering: &|card| self.is_answering(card),
                busy,
            };
            self.chat
                .update_untracked(|chat| effects = sync::react(chat, &around, fresh, event));
        }
        let mut asks = Vec::new();
        let mut is_sent = false;
        for effect in effects {
            match effect {
                Effect::Changed(part) => {
                    is_sent |= matches!(part, Part::Turns(_));
                    self.changed(part);
                }
                Effect::Ask(card, turn) => asks.push((card, turn)),
                Effect::Skipped(card) => self.skipped.update(|skipped| skipped.push(card)),
                Effect::Deleted { card, index, draft } => {
                    self.removed
                        .write()
                        .push(Removed::Card { card, index, draft });
                }
            }
        }
        let used: Vec<_> = {
            let chat = self.chat.read_untracked();
            let asked = asks.iter().rev().filter_map(|(card, _)| chat.card(*card));
            asked
                .filter_map(|card| Some((card.endpoint?, card.model.clone()?)))
                .collect()
        };
        let chat = (!used.is_empty()).then(|| self.id());
        self.library.note_used(chat, used);
        // What is asked is saved before it goes anywhere.
        if is_sent {
            self.chat.used().set(js_sys::Date::now());
            self.save();
        }
        for (card, turn) in asks {
            self.ask(card, turn, false);
        }
    }

    /// Tells whoever shows it that a part of the chat has changed. To open a field for writing is
    /// what tells those who read something that holds it, too.
    fn changed(self, part: Part) {
        // A card that is gone has nobody to tell.
        let _ = match part {
            Part::Draft => self.chat.draft().try_update(|_| ()),
            Part::CardDraft(card) => self.card(card).draft().try_update(|_| ()),
            Part::Synced(card) => self.card(card).synced().try_update(|_| ()),
            Part::Turns(card) => self.card(card).turns().try_update(|_| ()),
            Part::Cards => self.chat.cards().try_update(|_| ()),
        };
    }

    /// Asks a turn's question again. What came before stays until something new comes.
    pub fn retry(self, card: card::Id, turn: turn::Id) {
        if !self.is_answering(card) {
            self.ask(card, turn, false);
        }
    }

    /// The cards whose last question failed, and can be asked again.
    pub fn failed(self) -> Vec<(card::Id, turn::Id)> {
        let cards = self.chat.cards();
        let cards = cards.read();
        let failed = cards.iter().filter_map(|card| {
            let last = card.turns.last()?;
            let has_failed = matches!(last.answer.as_ref()?.outcome, Outcome::Failed(_));
            (has_failed && self.live(card.id).is_none()).then_some((card.id, last.id))
        });
        failed.collect()
    }

    /// Asks all questions again that failed last.
    pub fn retry_failed(self) {
        for (card, turn) in untrack(|| self.failed()) {
            self.retry(card, turn);
        }
    }

    /// Has an answer that was cut off gone on with.
    pub fn go_on(self, card: card::Id, turn: turn::Id) {
        if !self.is_answering(card) {
            self.ask(card, turn, true);
        }
    }

    /// Asks another question in place of one; what was said after it goes, with a way back.
    pub fn resend(self, card: card::Id, turn: turn::Id, prompt: String) {
        if prompt.trim().is_empty() {
            return;
        }
        self.finish(card, Outcome::Stopped);
        let by: turn::Id = fresh();
        let before = self.card(card).turns().try_update(|turns| {
            let index = turns.iter().position(|found| found.id == turn)?;
            let before = turns.clone();
            turns.truncate(index);
            turns.push(Turn {
                prompt,
                answer: None,
                earlier: Vec::new(),
                later: Vec::new(),
                id: by,
                ..before[index].clone()
            });
            Some(before)
        });
        let Some(turns) = before.flatten() else {
            return;
        };
        self.removed
            .write()
            .push(Removed::Replaced { card, turns, by });
        self.chat.used().set(js_sys::Date::now());
        self.save();
        self.ask(card, by, false);
    }

    /// Shows the answer before the one that is shown, or after it.
    pub fn turn_over(self, card: card::Id, turn: turn::Id, forward: bool) {
        if self.live(card).is_some_and(|live| live.turn == turn) {
            return;
        }
        // The turn may be gone.
        let _ = self
            .turn(card, turn)
            .try_update(|turn| turn.turn_over(forward));
        self.save_soon();
    }

    /// Takes a turn out of the card, with what was answered.
    pub fn delete_turn(self, card: card::Id, turn: turn::Id) {
        if untrack(|| self.live(card)).is_some_and(|live| live.turn == turn) {
            self.finish(card, Outcome::Stopped);
        }
        let removed = self.card(card).turns().try_update(|turns| {
            let index = turns.iter().position(|found| found.id == turn)?;
            Some((Box::new(turns.remove(index)), index))
        });
        if let Some((turn, index)) = removed.flatten() {
            self.removed
                .write()
                .push(Removed::Turn { card, turn, index });
            self.save();
        }
    }

    /// Asks a turn's question again, and sends a parameter no longer.
    pub fn send_without(self, card: card::Id, turn: turn::Id, param: Param) {
        self.set_params(card, |params| {
            let mut setting = params.setting(param);
            setting.is_on = false;
            params.set(param, setting);
        });
        self.retry(card, turn);
    }

    /// Ends a card's answer here; what came is kept. Whether the endpoint stops is up to it.
    pub fn stop(self, card: card::Id) {
        if let Some(turn) = self.finish(card, Outcome::Stopped) {
            let goes_on = true;
            self.react(Event::Ended {
                card,
                turn,
                goes_on,
            });
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

    // What a user does with cards.

    /// Adds a card beside this one, with the same endpoint, model, parameters and system prompt;
    /// returns it.
    pub fn add_card(self, beside: card::Id) -> card::Id {
        let id = fresh();
        self.react(Event::Added { beside, id });
        self.save_soon();
        id
    }

    /// Deletes a card with all that was said in it, unless it is the only one.
    pub fn delete_card(self, card: card::Id) {
        if self.chat.cards().read_untracked().len() == 1 {
            return;
        }
        self.finish(card, Outcome::Stopped);
        self.react(Event::Deleted(card));
        self.save();
    }

    /// Moves a card to another place, counted from 0 on the left.
    pub fn move_card(self, card: card::Id, to: usize) {
        self.chat.cards().update(|cards| {
            if let Some(from) = cards.iter().position(|found| found.id == card)
                && to < cards.len()
            {
                let card = cards.remove(from);
                cards.insert(to, card);
            }
        });
        self.save_soon();
    }

    /// The card's place, counted from 0 on the left; 0 for one that is gone.
    pub fn place(self, card: card::Id) -> usize {
        let cards = self.chat.cards();
        let cards = cards.read();
        cards.iter().position(|found| found.id == card).unwrap_or(0)
    }

    /// What is set for a card.
    pub fn manner(self, card: card::Id) -> Manner {
        let card = self.card(card).try_read();
        card.map_or_else(Manner::default, |card| Manner {
            params: card.params.clone(),
            system: card.system.clone(),
            name: card.name.clone(),
            colour: card.colour,
        })
    }

    /// Changes what is set for a card.
    pub fn set_manner(self, card: card::Id, manner: Manner) {
        let before = untrack(|| self.manner(card));
        if before.name != manner.name {
            self.card(card).name().set(manner.name);
        }
        if before.colour != manner.colour {
            self.card(card).colour().set(manner.colour);
        }
        if before.system != manner.system {
            self.card(card).system().set(manner.system);
        }
        if before.params != manner.params {
            self.card(card).params().set(manner.params);
        }
        self.save_soon();
    }

    /// Changes a card's parameters.
    fn set_params(self, card: card::Id, change: impl FnOnce(&mut Params)) {
        // The card may be gone.
        let _ = self.card(card).params().try_update(change);
        self.save_soon();
    }

    /// Gives every card this one's parameters and system prompt.
    pub fn copy_settings(self, from: card::Id) {
        let Some((params, system)) = self
            .card(from)
            .try_read_untracked()
            .map(|card| (card.params.clone(), card.system.clone()))
        else {
            return;
        };
        let others: Vec<_> = {
            let cards = self.chat.cards();
            let cards = cards.read_untracked();
            let others = cards.iter().filter(|card| card.id != from);
            others
                .map(|card| (card.id, card.params.clone(), card.system.clone()))
                .collect()
        };
        for (card, ..) in &others {
            self.card(*card).params().set(params.clone());
            self.card(*card).system().set(system.clone());
        }
        self.removed.write().push(Removed::Settings(others));
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
            Removed::Card {
                mut card,
                index,
                draft,
            } => {
                if self.chat.draft().read_untracked().is_empty() {
                    self.chat.draft().set(draft);
                } else if card.draft.is_empty() {
                    // Another draft has come meanwhile: this one waits behind it.
                    card.draft = draft;
                }
                let id = card.id;
                self.chat
                    .cards()
                    .update(|cards| cards.insert(index.min(cards.len()), *card));
                id
            }
            // Another tab may have deleted the card meanwhile.
            Removed::Turn { card, turn, index } => {
                let turns = self.card(card).turns();
                let _ = turns.try_update(|turns| turns.insert(index.min(turns.len()), *turn));
                card
            }
            Removed::Turns { card, turns } => {
                let _ = self
                    .card(card)
                    .turns()
                    .try_update(|now| now.splice(..0, turns).count());
                card
            }
            Removed::Replaced { card, turns, by } => {
                self.finish(card, Outcome::Stopped);
                let _ = self.card(card).turns().try_update(|now| {
                    // What was said meanwhile comes after it.
                    let kept = now.iter().position(|turn| turn.id == by);
                    let mut said = now.split_off(kept.unwrap_or(now.len()));
                    said.retain(|turn| turn.answer.as_ref().is_some_and(|it| !it.is_empty()));
                    *now = turns;
                    now.append(&mut said);
                });
                card
            }
            Removed::Settings(before) => {
                let first = before.first()?.0;
                for (card, params, system) in before {
                    let _ = self.card(card).params().try_update(|now| *now = params);
                    let _ = self.card(card).system().try_update(|now| *now = system);
                }
                first
            }
        };
        self.save();
        Some(put_back)
    }

    /// Takes the offer to undo what was removed away.
    pub fn dismiss_removed(self) {
        self.removed.set(Vec::new());
    }

    // What a user does with a card's endpoint and model.

    /// Lets a card talk to an endpoint. Its model is chosen anew: the one used last there, else the
    /// first.
    pub fn pick_endpoint(self, card: card::Id, endpoint: endpoint::Id) {
        if self.card(card).endpoint().try_get_untracked().flatten() != Some(endpoint) {
            self.card(card).endpoint().set(Some(endpoint));
            self.card(card).model().set(None);
        }
        match self.library.models_now(endpoint) {
            Some(Models::Listed(listed)) => self.choose_model(endpoint, &listed),
            Some(Models::Loading) => {}
            Some(Models::Unlisted(_)) | None => self.library.load_models(endpoint),
        }
        self.save_soon();
    }

    /// Lets a card talk to a model of its endpoint.
    pub fn pick_model(self, card: card::Id, model: String) {
        let endpoint = self.card(card).endpoint().try_get_untracked().flatten();
        if let Some(endpoint) = endpoint {
            self.library.note_used(None, [(endpoint, model.clone())]);
        }
        self.become_ready(card, || self.card(card).model().set(Some(model)));
        self.save_soon();
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
        keep: Option<endpoint::Keep>,
        model: String,
    ) -> Result<(), Unconnected> {
        let chosen = self.card(card).endpoint().try_get_untracked().flatten();
        let id = fresh();
        let resolve = || {
            self.library
                .resolve(chosen, &base_url, &token, keep, id)
                .map_err(Unconnected::Invalid)
        };
        let endpoint = resolve()?;
        let typed = Some(model.trim()).filter(|model| !model.is_empty());
        let models = match (self.library.ask_models(&endpoint).await, typed) {
            (Ok(listed), None) if listed.is_empty() => return Err(Unconnected::NoModels),
            (Ok(listed), _) => Models::Listed(listed),
            (Err(unlisted), typed) if typed.is_none() || unlisted.is_hopeless() => {
                return Err(Unconnected::Unlisted(unlisted));
            }
            (Err(unlisted), _) => Models::Unlisted(unlisted),
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
        let asked = endpoint.base_url;
        let endpoint = resolve()?;
        if endpoint.base_url != asked {
            // It was moved meanwhile: the token was typed for the server that was asked.
            return Ok(());
        }
        let id = endpoint.id;
        self.library.save_endpoint(endpoint);
        self.library.know(id, models);
        if self.card(card).try_read_untracked().is_some() {
            if let Some(model) = &model {
                self.library.note_used(None, [(id, model.clone())]);
            }
            self.become_ready(card, || {
                self.card(card).endpoint().set(Some(id));
                self.card(card).model().set(model);
            });
            self.proposed.update(|proposed| _ = proposed.remove(&card));
            // What was not sent for want of a model can be sent now.
            self.skipped.set(Vec::new());
            self.save_soon();
        }
        Ok(())
    }

    /// Moves a card's endpoint to where its models were found.
    pub fn use_base_url(self, card: card::Id, base_url: BaseUrl) {
        if let Some(endpoint) = self.card(card).endpoint().try_get_untracked().flatten() {
            self.library.use_base_url(endpoint, base_url);
        }
    }

    /// Keeps what the page's address wants of cards whose endpoint is not a saved one.
    fn propose(self, proposed: Table<card::Id, Wanted>) {
        self.proposed.set(proposed);
    }

    /// Gives the cards of an endpoint that have no model its usual one.
    fn choose_model(self, endpoint: endpoint::Id, listed: &[String]) {
        let Some(usual) = self.library.usual_model(endpoint, listed) else {
            return;
        };
        let waiting: Vec<_> = {
            let chat = self.chat.read_untracked();
            let cards = chat.cards.iter();
            cards
                .filter(|card| card.endpoint == Some(endpoint) && card.model.is_none())
                .map(|card| card.id)
                .collect()
        };
        for card in waiting {
            let usual = usual.clone();
            self.become_ready(card, || self.card(card).model().set(Some(usual)));
        }
    }

    /// Makes a change by which a card may become one that can be asked: then what waits in it goes.
    fn become_ready(self, card: card::Id, change: impl FnOnce()) {
        let was_ready = untrack(|| self.can_ask(card));
        change();
        if !was_ready {
            self.react(Event::Ready(card));
        }
    }

    /// Lets what waits for a model go, where there is one now.
    fn resume(self) {
        let cards = self.chat.cards();
        let cards: Vec<_> = cards.read_untracked().iter().map(|card| card.id).collect();
        for card in cards {
            self.react(Event::Ready(card));
        }
    }

    // How an answer goes.

    fn is_answering(self, card: card::Id) -> bool {
        self.lives.with_untracked(|lives| lives.contains_key(&card))
    }

    /// Starts the answer to a turn, or goes on with it. A card that can't be asked any more leaves it
    /// as it is.
    fn ask(self, card: card::Id, turn: turn::Id, goes_on: bool) {
        let chat = self.chat.read_untracked();
        let Some(found) = chat.card(card) else { return };
        let endpoints = self.library.endpoints().read_untracked();
        let Some((endpoint, model)) = found.target(&endpoints) else {
            return;
        };
        let answered = found.turns.iter().find(|found| found.id == turn);
        let answered = answered.and_then(|turn| turn.answer.as_ref());
        let said_before = answered.filter(|_| goes_on);
        let said = said_before.map(|answer| answer.text.clone());
        let id = said_before.map_or_else(fresh, |answer| answer.id);
        let asked = Asked {
            card: found.clone(),
            turn,
            endpoint: endpoint.clone(),
            model: model.to_owned(),
            goes_on,
        };
        let begin = Coming::new(said);
        drop((chat, endpoints));
        let model = asked.model.clone();
        let live = Live::start(turn, id, model, goes_on, begin, move |live| async move {
            let Ok(answer) = chunk::load(&ANSWER).await else {
                // The turn stays as it is: what draws it says what is missing, and offers to try again.
                return self.give_up(card);
            };
            let outcome = answer(self, asked, id.to_string(), live).await;
            // After a failure the queue waits: it was meant to come after an answer.
            let goes_on = !matches!(outcome, Outcome::Failed(_));
            self.finish(card, outcome);
            self.react(Event::Ended {
                card,
                turn,
                goes_on,
            });
        });
        self.lives.update(|lives| lives.insert(card, live));
        self.tell_answering();
    }

    /// Ends an answer that was not asked for.
    fn give_up(self, card: card::Id) {
        if let Some(live) = self.lives.try_update(|lives| lives.remove(&card)).flatten() {
            live.end();
        }
        self.tell_answering();
    }

    /// Asks until an answer comes or there is nothing more to be tried: in another way, where the
    /// endpoint wants that, and later, where it is busy. Once a word has come, it is not asked again.
    async fn answer(self, asked: Asked, name: &str, live: &live::Heard) -> Outcome {
        let (mut tries, mut lessons) = (0, 0);
        loop {
            let place = openai::Place::take(&asked.endpoint);
            if !place.is_served() {
                live.stand(Stage::InLine);
                place.turn().await;
            }
            live.stand(Stage::Asking);
            // Another card may learn another way meanwhile.
            let ways = self.ways(&asked);
            let error = match self.request(&asked, ways, name).await {
                Ok(stream) => return self.receive(stream, live).await,
                Err(error) => error,
            };
            drop(place);
            if lessons < MOST_LESSONS && self.learn(&asked, ways, &error) {
                lessons += 1;
                continue;
            }
            let Some(pause) = error.pause(tries, js_sys::Math::random()) else {
                return Outcome::Failed(error);
            };
            tries += 1;
            // By the clock: a hidden tab's timers are late.
            let due = js_sys::Date::now() + pause;
            loop {
                let left = due - js_sys::Date::now();
                if left <= 0.0 {
                    break;
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a minute at most"
                )]
                let seconds = (left / 1000.0).ceil() as u32;
                live.stand(Stage::Pausing { seconds, tries });
                openai::sleep(left.min(1000.0)).await;
            }
        }
    }

    /// Learns from a refusal of what was asked in these ways how an endpoint wants to be asked; returns
    /// whether it is worth another try. Nothing of an answer has come then.
    fn learn(self, asked: &Asked, ways: Ways, error: &openai::Error) -> bool {
        let openai::Error::Refused {
            status, message, ..
        } = error
        else {
            return false;
        };
        let (endpoint, model) = (asked.endpoint.id, &asked.model);
        let (renames, counts) = ways;
        let can_rename = !renames && asked.card.params.body(false).contains_key("max_tokens");
        if can_rename && params::wants_max_completion_tokens(message) {
            self.library.learn_renaming(endpoint, model.clone());
            return true;
        }
        let named = asked.card.params.named_in(message);
        let is_of_field = matches!(status, 400 | 422)
            && openai::refusal::is_of_field(message)
            && !params::wants_max_completion_tokens(message);
        let field = named.filter(|field| is_of_field && *field != Param::Json);
        if let Some(field) = field {
            self.library
                .learn_refusing(endpoint, model, field.wire(), message);
        }
        if named.is_some() || !error.may_be_of_counting() {
            return false;
        }
        if counts {
            self.library.learn_not_counting(endpoint);
        } else {
            // It was something else.
            self.library.unlearn_not_counting(endpoint);
        }
        counts
    }

    /// How an endpoint wants to be asked: whether the most tokens have their newer name, and whether
    /// it may be asked to count.
    fn ways(self, asked: &Asked) -> Ways {
        let endpoint = asked.endpoint.id;
        let renames = self.library.is_renaming(endpoint, &asked.model);
        (renames, self.library.is_counting(endpoint))
    }

    /// Asks for the answer to a card's turn, once the contents of its attachments are there.
    async fn request(
        self,
        asked: &Asked,
        ways: Ways,
        name: &str,
    ) -> Result<openai::Stream, openai::Error> {
        // What is asked is safe before it goes anywhere.
        storage::journal::settled().await;
        let body = self.body(asked, ways).await?;
        let patience = self
            .library
            .settings()
            .with_untracked(|settings| settings.patience);
        let endpoint = storage::keys::with_token(&asked.endpoint)?;
        openai::stream(name, &endpoint, body, patience).await
    }

    /// What is asked, as JSON.
    async fn body(self, asked: &Asked, ways: Ways) -> Result<String, openai::Error> {
        let card = &asked.card;
        let contents = self.contents(card, asked.turn).await;
        let contents = contents.map_err(|name| openai::Error::Gone { name })?;
        let before = card.before(asked.turn);
        let turn = card.turns.get(before.len()).ok_or(openai::Error::Empty)?;
        let (renames, counts) = ways;
        let mut params = card.params.body(renames);
        self.library.server(asked.endpoint.id).fit(&mut params);
        let (model, system) = (&asked.model, &card.system);
        let mut request = Request::new(model, system, before, turn, &contents, params);
        if asked.goes_on
            && let Some(answer) = &turn.answer
        {
            let is_continued = asked.endpoint.base_url.is_on_device();
            request.go_on_from(&answer.text, is_continued);
        }
        if !counts {
            request.stream_options = None;
        }
        Ok(request.json())
    }

    async fn receive(self, mut stream: openai::Stream, live: &live::Heard) -> Outcome {
        loop {
            let read = stream.read().await;
            let ended = live.hear((read.from, read.to), |reply| stream.take(read, reply));
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
        if outcome == Outcome::Complete {
            self.library.ask_to_keep();
        }
        let outcome = match outcome {
            Outcome::Failed(_) if self.library.is_leaving() => Outcome::Interrupted,
            outcome => outcome,
        };
        // Without the turn, nobody waits for the answer any more.
        let _ = self
            .turn(card, live.turn)
            .try_update(|turn| live.give_to(turn, outcome));
        self.save();
        self.tell_answering();
        self.library.look_at_room();
        Some(live.turn)
    }

    /// Tells other tabs which cards are answering here.
    fn tell_answering(self) {
        self.library.tell_answering();
    }

    /// The cards that are answering.
    fn answering_cards(self) -> Vec<String> {
        self.lives
            .with_untracked(|lives| lives.keys().map(ToString::to_string).collect())
    }

    /// Finds out which of the cards whose last question has no whole answer another tab is
    /// answering, and looks again when one is done.
    fn look_elsewhere(self) {
        let open: Vec<_> = {
            let chat = self.chat.read_untracked();
            let open = chat.cards.iter().filter(|card| card.is_open());
            open.map(|card| card.id)
                .filter(|card| !self.is_answering(*card))
                .collect()
        };
        if open.is_empty() && self.elsewhere.with_untracked(Vec::is_empty) {
            return;
        }
        let names = open.iter().map(ToString::to_string).collect();
        locks::watch(Kind::Answer, names, move |found| {
            let found: Vec<card::Id> = found.iter().filter_map(|id| id.parse().ok()).collect();
            // The chat may be closed meanwhile.
            if self.elsewhere.try_with_untracked(|before| *before != found) == Some(true) {
                self.elsewhere.set(found);
            }
        });
    }

    // How things are saved.

    /// Saves the chat now, with every answer as far as it has come. A chat in which nothing was
    /// said is not saved.
    fn save(self) {
        let (pending, is_over) = self
            .saving
            .try_update_value(|saving| (saving.pending.take(), saving.is_over))
            .unwrap_or((None, true));
        if let Some(pending) = pending {
            pending.clear();
        }
        let is_stored = self.is_stored.get_untracked();
        if is_over || !is_stored && self.is_new() {
            return;
        }
        if self.chat.used().get_untracked() == 0.0 {
            self.chat.used().set(js_sys::Date::now());
        }
        let mut chat = self.stamped(self.whole());
        let known = self.saving.with_value(|saving| saving.known.clone());
        // Another tab may have saved it, and this one not have heard of it yet.
        if let Some(theirs) = storage::changed_text(chat.id, &known) {
            let Some(merging) = chunk::get(&MERGING) else {
                // Neither is written over the other.
                self.library.keep_unmerged(chat.id, &chat.text());
                return self.merge_later(theirs);
            };
            if let Some(merged) = archive::merge(chat.clone(), &theirs) {
                (merging.adopt)(self, merged.clone());
                chat = merged;
            }
        }
        let text = chat.text();
        let saved = self.library.write_chat(chat.id, text);
        // Also where it can't be saved: then it stays open, and its address leads to it.
        if !is_stored {
            self.is_stored.set(true);
        }
        let entry = chat.entry();
        if self
            .saving
            .with_value(|saving| saving.entry.as_ref() != Some(&entry))
            && self.library.write_entry(&entry)
        {
            self.saving
                .update_value(|saving| saving.entry = Some(entry));
        }
        self.saving.update_value(|saving| {
            saving.since = js_sys::Date::now();
            saving.before = Some(chat);
            if let Some(saved) = saved {
                saving.known = saved;
            }
        });
    }

    /// A state of the chat, with stamps of what is not as it was saved last.
    fn stamped(self, mut chat: Chat) -> Chat {
        self.saving.with_value(|saving| {
            if let Some(before) = &saving.before {
                chat.stamp(before, now());
            }
        });
        chat
    }

    /// The chat as it would be stored now, if anything was said in it.
    fn unsaved_chat(self) -> Option<Chat> {
        (!self.is_new()).then(|| self.whole())
    }

    /// Changes the chat, its title as well as what was said, and saves it.
    pub fn edit(self, change: impl FnOnce(&mut Chat)) {
        let mut chat = self.stamped(self.chat.get_untracked());
        change(&mut chat);
        self.adopt(chat);
        self.save();
    }

    /// The chat with every answer as far as it has come.
    fn whole(self) -> Chat {
        let mut chat = self.chat.get_untracked();
        self.lives.with_untracked(|lives| {
            for (card, live) in lives.iter() {
                if let Some(turn) = chat.turn_mut(*card, live.turn) {
                    live.give_to(turn, Outcome::Interrupted);
                }
            }
        });
        chat
    }

    /// Saves the chat at most a second from now. In a hidden tab timers are late, but a stream's
    /// bytes are not: so the time is looked at whenever something changes, too.
    fn save_soon(self) {
        if !self.is_stored.get_untracked() && !self.is_new() {
            // From its first word on, a chat has an address to come back to.
            return self.save();
        }
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

    /// Saves what is not saved yet.
    fn flush(self) {
        if self.saving.with_value(|saving| saving.pending.is_some()) {
            self.save();
        }
    }

    /// Whether the chat must stay open though it is not shown: an answer is coming, or its words
    /// could not be saved.
    fn is_needed(self) -> bool {
        self.flush();
        let is_answering = self.lives.with_untracked(|lives| !lives.is_empty());
        let is_kept = self.is_stored.get_untracked() || !self.is_new();
        is_answering
            || self.files.is_busy()
            || is_kept && self.library.is_unsaved(Key::Chat(self.id()))
    }

    /// Lets go of a chat that is stored and no longer shown. One that has no words any more leaves
    /// the history.
    fn close(self) {
        let was_over = self
            .saving
            .try_update_value(|saving| std::mem::replace(&mut saving.is_over, true));
        let has_words = self.chat.read_untracked().has_words();
        if self.is_stored.get_untracked() && !has_words && was_over == Some(false) {
            self.library.remove_chat(self.id());
        }
        self.removed.set(Vec::new());
        // Its views are still there for a moment, and then nobody reads it.
        let empty = Chat::new(self.id(), Vec::new());
        set_timeout(move || _ = self.chat.try_set(empty), Duration::from_secs(1));
    }

    /// Ends a chat that is deleted.
    fn end(self) {
        self.stop_all();
        let pending = self.saving.try_update_value(|saving| {
            saving.is_over = true;
            saving.pending.take()
        });
        if let Some(pending) = pending.flatten() {
            pending.clear();
        }
        self.close();
    }

    /// Another tab has saved this chat, or deleted it. What it saved is merged with what is here, so
    /// that neither loses a word.
    fn changed_elsewhere(self, theirs: Option<String>) {
        match theirs {
            Some(theirs) if self.saving.with_value(|saving| saving.known == theirs) => {}
            Some(theirs) => self.merge_later(theirs),
            // It stays as long as it is shown, and is stored again when it goes on.
            None if self.has_unsaved() => self.save(),
            None => {}
        }
    }

    /// Merges what another tab has saved with what is here, once what merges is here.
    fn merge_later(self, theirs: String) {
        leptos::task::spawn_local(async move {
            if let (true, Ok(merging)) = (archive::load().await, chunk::load(&MERGING).await) {
                (merging.merge)(self, &theirs);
            }
        });
    }

    /// Takes over what another tab has saved, where this one was not told.
    fn look_at_stored(self) {
        let known = self.saving.with_value(|saving| saving.known.clone());
        if !known.is_empty()
            && let Some(theirs) = storage::changed_text(self.id(), &known)
        {
            self.changed_elsewhere(Some(theirs));
        }
    }

    fn has_unsaved(self) -> bool {
        self.saving.with_value(|saving| saving.pending.is_some())
            || self.library.is_unsaved(Key::Chat(self.id()))
            || self.lives.with_untracked(|lives| !lives.is_empty())
    }

    /// Merges what another tab has saved with what is here.
    fn merge(self, theirs: &str) {
        let Some(mine) = self.chat.try_get_untracked() else {
            return;
        };
        let mine = self.stamped(mine);
        let Some(mut chat) = archive::merge(mine.clone(), theirs) else {
            return;
        };
        let before = self.saving.with_value(|saving| saving.before.clone());
        if before.is_some_and(|before| before.draft != mine.draft)
            && let Some(theirs) = Chat::read(archive::unpack(theirs).as_deref().unwrap_or(theirs))
        {
            // Words are typed here, and others there.
            chat.draft = chat::merge::join(&mine.draft, &theirs.draft);
        }
        let is_more = match archive::unpack(theirs) {
            Some(unpacked) => chat.text() != unpacked,
            None => chat.text() != theirs,
        };
        self.adopt(chat.clone());
        self.saving.update_value(|saving| {
            theirs.clone_into(&mut saving.known);
            saving.entry = None;
            saving.before = Some(chat);
        });
        if is_more || self.has_unsaved() {
            self.save_soon();
        }
        self.look_elsewhere();
    }

    /// Shows a chat in place of this one's last state: only what differs is told.
    fn adopt(self, theirs: Chat) {
        let coming: Vec<_> = self.lives.with_untracked(|lives| {
            let lives = lives.iter();
            lives
                .map(|(card, live)| (*card, live.turn, live.id))
                .collect()
        });
        let own = self.chat.get_untracked();
        let theirs = theirs.with_own(&own, &coming);
        if own.title != theirs.title {
            self.chat.title().set(theirs.title);
        }
        if own.draft != theirs.draft {
            self.chat.draft().set(theirs.draft);
        }
        self.chat.update_untracked(|chat| {
            chat.used = theirs.used;
            chat.pinned = theirs.pinned;
            chat.tags = theirs.tags;
            chat.rest = theirs.rest;
        });
        if own.cards != theirs.cards {
            self.chat.cards().set(theirs.cards);
            for card in self.chat.cards() {
                card.turns().update_keys();
            }
        }
        // An answer to what another tab has deleted is of no use to anyone.
        for (card, turn, _) in coming {
            let is_gone = self.turn(card, turn).try_read_untracked().is_none();
            if is_gone
                && let Some(live) = self.lives.try_update(|lives| lives.remove(&card)).flatten()
            {
                live.end();
                self.tell_answering();
            }
        }
    }
}
