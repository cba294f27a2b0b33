//! The common input as a reducer: user actions and ends of answers go in, the chat changes, and
//! effects come out. Nothing here knows of time or network.

use super::{Attachment, Card, Chat, Draft, Part, Turn, attachment, card, turn, undo::Removed};
use crate::endpoint::Endpoints;

/// Events of the input and the queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The user changed the text of a card's input.
    Typed(card::Id, String),
    /// The user attached a file in a card.
    Attached(card::Id, Attachment),
    /// The user removed an attachment from a card's input.
    Detached(card::Id, attachment::Id),
    /// The user switched a card's sync.
    Toggled(card::Id),
    /// The user sent the draft that a card shows.
    Sent(card::Id),
    /// The user added a card beside another.
    Added {
        /// Card that the new one is copied from.
        beside: card::Id,
        /// Identifier of the new card.
        id: card::Id,
    },
    /// The user deleted a card.
    Deleted(card::Id),
    /// A card's answer to a turn ended.
    Ended {
        /// Card of the answer.
        card: card::Id,
        /// Turn of the answer.
        turn: turn::Id,
        /// True if the queue goes on. After a failure it waits: its turns were meant to follow an
        /// answer.
        continues: bool,
    },
    /// A card may be able to send requests now. Turns that wait for this are sent; turns that wait
    /// behind a failure or a stop are not.
    Ready(card::Id),
}

/// Effects of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// This part of the chat changed.
    Changed(Part),
    /// Send the turn's request to the card's model.
    Ask(card::Id, turn::Id),
    /// The card was skipped by a send: tell the user.
    Skipped(card::Id),
    /// This was removed, and can be restored.
    Removed(Removed),
}

/// Policy for a prompt to a synced card that is still answering, or has no model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Busy {
    /// The prompt is queued.
    #[default]
    Queue,
    /// The card is skipped.
    Skip,
}

/// The reducer's input besides the chat.
pub struct Context<'a> {
    /// Saved endpoints. A card whose endpoint is not among them can't send requests.
    pub endpoints: &'a Endpoints,
    /// Returns whether a card is answering.
    pub is_answering: &'a dyn Fn(card::Id) -> bool,
    /// The user's setting.
    pub busy: Busy,
}

impl Context<'_> {
    fn can_ask(&self, card: &Card) -> bool {
        card.target(self.endpoints).is_some() && !(self.is_answering)(card.id)
    }
}

/// Applies the event to the chat and returns its effects. `fresh` draws the identifier of a new
/// turn.
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
            // A card that is still answering waits only for that answer from now on.
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

/// Returns the draft that a card shows: the shared one if the card is synced, else its own.
pub fn draft(chat: &Chat, card: card::Id) -> &Draft {
    match chat.card(card) {
        Some(card) if !card.synced => &card.draft,
        _ => &chat.draft,
    }
}

/// Returns whether Send in a card would reach any card, at once or through the queue. Nothing is
/// queued if no card has a model.
pub fn can_send(chat: &Chat, around: &Context<'_>, from: card::Id) -> bool {
    let able = |card: &Card| card.target(around.endpoints).is_some();
    !draft(chat, from).is_blank()
        && sharers(chat, from).any(|card| match around.busy {
            Busy::Queue => able(card),
            Busy::Skip => around.can_ask(card),
        })
}

/// Iterates from left to right over the cards that a send from this one addresses: itself alone if
/// not synced, else every synced card.
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
        // Whatever the reason, the text stays in the input.
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

/// Switches sync. Switched on, a card takes the shared draft if there is one, else shares its own.
/// Switched off, it keeps the draft that it shows; with no synced card left, the shared draft is
/// cleared. A displaced own draft is kept, and comes back when the card leaves with an empty shared
/// draft.
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
        // It belongs to the synced cards now, and is cleared when they send it.
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
