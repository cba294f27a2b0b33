//! Operations on answers: request, continue, switch between variants, stop.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

use super::{InFlight, Session, in_flight, request::AnswerRequest};
use crate::{
    chat::{ChatStoreFields, Outcome, card, input::Event, params::Param, turn},
    chunk::{self, Chunk, Missing},
    id::fresh,
    library::Change,
    openai::{self, Reply},
    storage::locks::{self, Kind},
};

/// Streams the answer to a turn: [`Session::answer`].
type GetAnswer =
    fn(Session, AnswerRequest, String, in_flight::Sink) -> Pin<Box<dyn Future<Output = Outcome>>>;

/// Functions that receive answers.
#[derive(Clone, Copy)]
pub(super) struct Answers {
    get: GetAnswer,
    /// [`Reply::ended`]
    ended: fn(&Reply) -> Reply,
    /// Ends an answer's reply, and stores its files.
    complete: fn(Session, &InFlight, card::Id),
}

thread_local! {
    static ANSWERS: Chunk<Answers> = const { Chunk::new(|| Box::pin(answers())) };
}

#[wasm_split(answers, fallible)]
fn answers() -> Result<Answers, Missing> {
    Ok(Answers {
        get: |session, wanted, name, sink| {
            Box::pin(async move { session.answer(wanted, &name, &sink).await })
        },
        ended: Reply::ended,
        complete: |session, answer, card| {
            session.store(answer.complete(), &answer.sink(), (card, answer.turn));
        },
    })
}

/// Returns a copy of a reply as it is when it ends now.
pub(super) fn ended(reply: &Reply) -> Reply {
    match chunk::get(&ANSWERS) {
        Some(answers) => (answers.ended)(reply),
        // Nothing has come.
        None => reply.clone(),
    }
}

impl Session {
    /// Sends a turn's prompt again. The old answer stays until new text arrives.
    pub fn retry(self, card: card::Id, turn: turn::Id) {
        if !self.is_answering(card) {
            self.ask(card, turn, false);
        }
    }

    /// The cards whose last turn failed and can be retried, with that turn.
    pub fn failed(self) -> Vec<(card::Id, turn::Id)> {
        let cards = self.chat.cards();
        let cards = cards.read();
        let failed = cards.iter().filter_map(|card| {
            let last = card.turns.last()?;
            let has_failed = matches!(last.answer.as_ref()?.outcome, Outcome::Failed(_));
            (has_failed && self.in_flight(card.id).is_none()).then_some((card.id, last.id))
        });
        failed.collect()
    }

    /// Retries every card whose last turn failed.
    pub fn retry_failed(self) {
        for (card, turn) in untrack(|| self.failed()) {
            self.retry(card, turn);
        }
    }

    /// Continues an answer that was cut off.
    pub fn continue_answer(self, card: card::Id, turn: turn::Id) {
        if !self.is_answering(card) {
            self.ask(card, turn, true);
        }
    }

    /// Shows the previous or the next variant of an answer.
    pub fn show_variant(self, card: card::Id, turn: turn::Id, forward: bool) {
        if self
            .in_flight(card)
            .is_some_and(|answer| answer.turn == turn)
        {
            return;
        }
        // The turn may be gone.
        let _ = self
            .turn(card, turn)
            .try_update(|turn| turn.show_variant(forward));
        self.save_soon();
    }

    /// Turns a parameter off and retries the turn.
    pub fn send_without(self, card: card::Id, turn: turn::Id, param: Param) {
        self.set_params(card, |params| {
            let mut setting = params.setting(param);
            setting.is_on = false;
            params.set(param, setting);
        });
        self.retry(card, turn);
    }

    /// The parameter that an endpoint's refusal of a card's request names.
    pub fn refused(self, card: card::Id, error: &openai::Failure) -> Option<Param> {
        let openai::Failure::Refused {
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

    /// Stops a card's answer and keeps the text received so far. The endpoint may go on generating.
    pub fn stop(self, card: card::Id) {
        if let Some(turn) = self.finish(card, Outcome::Stopped) {
            let continues = true;
            self.react(Event::Ended {
                card,
                turn,
                continues,
            });
        }
    }

    /// Stops every answer in flight. Queued turns stay unsent.
    pub fn stop_all(self) {
        let cards: Vec<_> = self
            .in_flight
            .with_untracked(|all| all.keys().copied().collect());
        for card in cards {
            self.finish(card, Outcome::Stopped);
        }
    }

    // Life cycle of an answer.

    pub(super) fn is_answering(self, card: card::Id) -> bool {
        self.in_flight.with_untracked(|all| all.contains_key(&card))
    }

    /// Starts or continues the answer to a turn. Leaves the turn as it is if the card has no
    /// model.
    pub(super) fn ask(self, card: card::Id, turn: turn::Id, continues: bool) {
        let chat = self.chat.read_untracked();
        let Some(found) = chat.card(card) else { return };
        let endpoints = self.library.endpoints().read_untracked();
        let Some((endpoint, model)) = found.target(&endpoints) else {
            return;
        };
        let answered = found.turns.iter().find(|found| found.id == turn);
        let answered = answered.and_then(|turn| turn.answer.as_ref());
        let said_before = answered.filter(|_| continues);
        let said = said_before.map(|answer| answer.text.clone());
        let id = said_before.map_or_else(fresh, |answer| answer.id);
        let wanted = AnswerRequest {
            card: found.clone(),
            turn,
            endpoint: endpoint.clone(),
            model: model.to_owned(),
            continues,
        };
        let begin = openai::Partial::new(said, js_sys::Date::now());
        drop((chat, endpoints));
        let model = wanted.model.clone();
        let answer = InFlight::start(turn, id, model, continues, begin, move |sink| async move {
            let Ok(answers) = chunk::load(&ANSWERS).await else {
                // The turn stays as it is: its view reports the missing chunk and offers a retry.
                return self.give_up(card);
            };
            let outcome = (answers.get)(self, wanted, id.to_string(), sink).await;
            // A failure holds the queue: its turns were meant to follow an answer.
            let continues = !matches!(outcome, Outcome::Failed(_));
            self.finish(card, outcome);
            self.react(Event::Ended {
                card,
                turn,
                continues,
            });
        });
        self.in_flight.update(|all| all.insert(card, answer));
        self.library.tell(Change::Answering);
    }

    /// Drops an answer whose request was never sent.
    fn give_up(self, card: card::Id) {
        if let Some(answer) = self.in_flight.try_update(|all| all.remove(&card)).flatten() {
            answer.end();
        }
        self.library.tell(Change::Answering);
    }

    /// Ends a card's answer, saves it and returns its turn. No text can arrive after this.
    pub(super) fn finish(self, card: card::Id, outcome: Outcome) -> Option<turn::Id> {
        let answer = self
            .in_flight
            .try_update(|all| all.remove(&card))
            .flatten()?;
        answer.end();
        if outcome == Outcome::Complete {
            self.library.request_persistence();
        }
        let outcome = match outcome {
            Outcome::Failed(_) if self.library.is_leaving() => Outcome::Interrupted,
            outcome => outcome,
        };
        // Without it, nothing has come.
        if let Some(answers) = chunk::get(&ANSWERS) {
            (answers.complete)(self, &answer, card);
        }
        // The turn may be gone; then nobody needs the answer.
        let _ = self
            .turn(card, answer.turn)
            .try_update(|turn| answer.write_to(turn, outcome, ended));
        self.save();
        self.library.tell(Change::Answering);
        self.library.check_quota();
        Some(answer.turn)
    }

    /// Identifiers of the cards with an answer in flight.
    pub(crate) fn answering_cards(self) -> Vec<String> {
        self.in_flight
            .with_untracked(|all| all.keys().map(ToString::to_string).collect())
    }

    /// Finds the cards whose incomplete last turn another tab is answering, and checks again when
    /// one of these answers ends.
    pub(super) fn watch_other_tabs(self) {
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
            // The chat may be closed by now.
            if self.elsewhere.try_with_untracked(|before| *before != found) == Some(true) {
                self.elsewhere.set(found);
            }
        });
    }
}
