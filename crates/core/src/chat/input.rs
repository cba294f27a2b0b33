//! The common input as a reducer: what a reader does and what becomes of answers go in, the chat
//! changes, and what is to be done about it comes out. Nothing here knows of time or network.

use super::{Attachment, Card, Chat, Draft, Part, Turn, attachment, card, turn, undo::Removed};
use crate::endpoint::Endpoints;

/// What happens to the input and to the queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The reader has changed what a card's input holds.
    Typed(card::Id, String),
    /// The reader has attached a file in a card.
    Attached(card::Id, Attachment),
    /// The reader has taken an attachment out of a card's input.
    Detached(card::Id, attachment::Id),
    /// The reader has switched a card's sync.
    Toggled(card::Id),
    /// The reader has sent what a card's input holds.
    Sent(card::Id),
    /// The reader has added a card beside another.
    Added {
        /// The card that it is like.
        beside: card::Id,
        /// Its own identifier.
        id: card::Id,
    },
    /// The reader has deleted a card.
    Deleted(card::Id),
    /// A card's answer to a turn is over.
    Ended {
        /// Whose answer.
        card: card::Id,
        /// To what.
        turn: turn::Id,
        /// Whether the queue goes on. After a failure it waits: what is in it was meant to come
        /// after an answer.
        continues: bool,
    },
    /// A card may have become one that can be asked. What waits for that goes; what waits behind a
    /// failure or a stop does not.
    Ready(card::Id),
}

/// What is to be done after an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// This part of the chat is not as it was.
    Changed(Part),
    /// Ask the card's model the turn's question.
    Ask(card::Id, turn::Id),
    /// The card took no part in what was sent: tell it to the reader.
    Skipped(card::Id),
    /// This was removed, and can be put back.
    Removed(Removed),
}

/// What becomes of a question for a card in sync that is still answering, or has no model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Busy {
    /// It waits its turn.
    #[default]
    Queue,
    /// It passes the card by.
    Skip,
}

/// What the reducer needs to know besides the chat.
pub struct Context<'a> {
    /// The saved endpoints: a card whose endpoint is none of them can't be asked.
    pub endpoints: &'a Endpoints,
    /// Whether a card is answering.
    pub is_answering: &'a dyn Fn(card::Id) -> bool,
    /// The reader's setting.
    pub busy: Busy,
}

impl Context<'_> {
    fn can_ask(&self, card: &Card) -> bool {
        card.target(self.endpoints).is_some() && !(self.is_answering)(card.id)
    }
}

/// Changes the chat as the event wants it, and says what is to be done. `fresh` draws the identifier
/// of a new turn.
pub fn react(
    chat: &mut Chat,
    around: &Context<'_>,
    fresh: impl FnMut() -> turn::Id,
    event: Event,
) -> Vec<Effect> {
    match event {
        Event::Typed(card, text) => change_draft(chat, card, |draft| draft.text = text),
        Event::Attached(card, attachment) => {
            change_draft(chat, card, |draft| draft.attach(attachment))
        }
        Event::Detached(card, id) => change_draft(chat, card, |draft| draft.detach(id)),
        Event::Toggled(card) => toggled(chat, card),
        Event::Sent(card) => sent(chat, around, fresh, card),
        Event::Added { beside, id } => {
            let Some(index) = chat.cards.iter().position(|card| card.id == beside) else {
                return Vec::new();
            };
            let card = chat.cards[index].beside(id);
            chat.cards.insert(index + 1, card);
            vec![Effect::Changed(Part::Cards)]
        }
        Event::Deleted(card) => deleted(chat, card),
        Event::Ended {
            card,
            turn,
            continues,
        } => {
            let next = chat
                .card(card)
                .filter(|card| continues && around.can_ask(card))
                .and_then(|card| card.next_unanswered(turn));
            next.map(|next| Effect::Ask(card, next))
                .into_iter()
                .collect()
        }
        Event::Ready(card) => {
            // A card that is still answering waits for that, from now on, and for nothing else.
            let first = chat
                .cards
                .iter_mut()
                .find(|found| found.id == card && found.target(around.endpoints).is_some())
                .and_then(Card::end_waiting)
                .filter(|_| !(around.is_answering)(card));
            first
                .map(|first| Effect::Ask(card, first))
                .into_iter()
                .collect()
        }
    }
}

/// The draft that a card shows: the group's while it is in sync, else its own.
pub fn draft(chat: &Chat, card: card::Id) -> &Draft {
    match chat.card(card) {
        Some(card) if !card.synced => &card.draft,
        _ => &chat.draft,
    }
}

/// Whether Send in a card would reach anyone: a card that can be asked now or that has it wait.
/// Where no card has a model, nobody is there to wait for.
pub fn can_send(chat: &Chat, around: &Context<'_>, from: card::Id) -> bool {
    let able = |card: &Card| card.target(around.endpoints).is_some();
    !draft(chat, from).is_blank()
        && sharers(chat, from).any(|card| match around.busy {
            Busy::Queue => able(card),
            Busy::Skip => around.can_ask(card),
        })
}

/// The cards that what is sent from this one is meant for, from left to right: itself alone when it
/// is not in sync, else every card in sync.
fn sharers(chat: &Chat, from: card::Id) -> impl Iterator<Item = &Card> {
    let synced = chat.card(from).is_some_and(|card| card.synced);
    let shares = move |card: &&Card| {
        if synced { card.synced } else { card.id == from }
    };
    chat.cards.iter().filter(shares)
}

/// Changes the draft that a card shows.
fn change_draft(chat: &mut Chat, card: card::Id, change: impl FnOnce(&mut Draft)) -> Vec<Effect> {
    let Some(card) = chat.cards.iter_mut().find(|found| found.id == card) else {
        return Vec::new();
    };
    if card.synced {
        change(&mut chat.draft);
        vec![Effect::Changed(Part::Draft)]
    } else {
        change(&mut card.draft);
        vec![Effect::Changed(Part::CardDraft(card.id))]
    }
}

fn sent(
    chat: &mut Chat,
    around: &Context<'_>,
    mut fresh: impl FnMut() -> turn::Id,
    from: card::Id,
) -> Vec<Effect> {
    let shared: Vec<_> = sharers(chat, from).map(|card| card.id).collect();
    let mut asks = Vec::new();
    let mut effects = Vec::new();
    if !can_send(chat, around, from) {
        // Whatever the reason, the words stay in the input.
        if !draft(chat, from).is_blank() {
            effects.extend(shared.into_iter().map(Effect::Skipped));
        }
        return effects;
    }
    let mut sent = Draft::default();
    effects = change_draft(chat, from, |draft| sent = std::mem::take(draft));
    for card in chat
        .cards
        .iter_mut()
        .filter(|card| shared.contains(&card.id))
    {
        let can_ask = around.can_ask(card);
        if !can_ask && around.busy == Busy::Skip {
            effects.push(Effect::Skipped(card.id));
            continue;
        }
        let turn = Turn {
            attachments: sent.attachments.clone(),
            waits: card.target(around.endpoints).is_none(),
            ..Turn::new(fresh(), sent.text.clone())
        };
        if can_ask {
            asks.push(Effect::Ask(card.id, turn.id));
        }
        card.turns.push(turn);
        effects.push(Effect::Changed(Part::Turns(card.id)));
    }
    effects.extend(asks);
    effects
}

/// Switched on, a card takes the group's draft if there is one, else gives its own. Switched off,
/// it keeps what it shows; a group without a card left has no draft. A draft of its own that gave
/// way to the group's is kept, and comes back when the card leaves with nothing else in its input.
fn toggled(chat: &mut Chat, card: card::Id) -> Vec<Effect> {
    let is_other = |other: &Card| other.synced && other.id != card;
    let alone = !chat.cards.iter().any(is_other);
    let Some(card) = chat.cards.iter_mut().find(|found| found.id == card) else {
        return Vec::new();
    };
    let group = &mut chat.draft;
    if card.synced {
        if !group.is_empty() {
            card.draft.clone_from(group);
        }
        if alone {
            *group = Draft::default();
        }
    } else if group.is_empty() {
        *group = std::mem::take(&mut card.draft);
    } else if card.draft == *group {
        // It is the group's now, and goes when that is sent.
        card.draft = Draft::default();
    }
    card.synced = !card.synced;
    [Part::Draft, Part::CardDraft(card.id), Part::Synced(card.id)]
        .map(Effect::Changed)
        .into()
}

fn deleted(chat: &mut Chat, card: card::Id) -> Vec<Effect> {
    let index = chat.cards.iter().position(|found| found.id == card);
    let Some(index) = index.filter(|_| chat.cards.len() > 1) else {
        return Vec::new();
    };
    let card = Box::new(chat.cards.remove(index));
    let mut draft = Draft::default();
    if !chat.cards.iter().any(|card| card.synced) {
        draft = std::mem::take(&mut chat.draft);
    }
    vec![
        Effect::Changed(Part::Cards),
        Effect::Changed(Part::Draft),
        Effect::Removed(Removed::Card { card, index, draft }),
    ]
}

#[cfg(test)]
mod tests;
