//! Removal and replacement of parts of a chat, and undo.

use super::{Card, Chat, Draft, Params, Part, Turn, card, turn};

/// A removed or replaced part.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// A card.
    Card {
        /// The card itself.
        card: Box<Card>,
        /// Number of cards to its left.
        index: usize,
        /// The shared draft, if the card was the last one synced.
        draft: Draft,
    },
    /// A turn.
    Turn {
        /// Card of the turn.
        card: card::Id,
        /// The turn itself.
        turn: Box<Turn>,
        /// Number of turns before it.
        index: usize,
    },
    /// A card's conversation before one of its prompts was edited.
    Replaced {
        /// Card of the conversation.
        card: card::Id,
        /// All its turns.
        turns: Vec<Turn>,
        /// Turn that replaced the rest.
        by: turn::Id,
    },
    /// A card's conversation.
    Turns {
        /// Card of the conversation.
        card: card::Id,
        /// All its turns.
        turns: Vec<Turn>,
    },
    /// Parameters and system prompts of cards before another card's replaced them.
    Settings(Vec<(card::Id, Params, String)>),
}

impl Chat {
    /// Removes a turn from a card.
    pub fn remove_turn(&mut self, card: card::Id, turn: turn::Id) -> Option<Removed> {
        let turns = self.turns_mut(card)?;
        let index = turns.iter().position(|found| found.id == turn)?;
        let turn = Box::new(turns.remove(index));
        Some(Removed::Turn { card, turn, index })
    }

    /// Removes all turns of a card; None if there are none.
    pub fn clear_card(&mut self, card: card::Id) -> Option<Removed> {
        let turns = std::mem::take(self.turns_mut(card)?);
        (!turns.is_empty()).then_some(Removed::Turns { card, turns })
    }

    /// Replaces a turn's prompt and removes the turns after it. `by` identifies the new turn.
    pub fn replace_question(
        &mut self,
        card: card::Id,
        turn: turn::Id,
        prompt: String,
        by: turn::Id,
    ) -> Option<Removed> {
        let turns = self.turns_mut(card)?;
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
        let turns = before;
        Some(Removed::Replaced { card, turns, by })
    }

    /// Copies this card's parameters and system prompt to every other card.
    pub fn copy_settings(&mut self, from: card::Id) -> Option<Removed> {
        let source = self.card(from)?;
        let (params, system) = (source.params.clone(), source.system.clone());
        let others = self.cards.iter_mut().filter(|card| card.id != from);
        let before = others.map(|card| {
            let params = std::mem::replace(&mut card.params, params.clone());
            let system = std::mem::replace(&mut card.system, system.clone());
            (card.id, params, system)
        });
        Some(Removed::Settings(before.collect()))
    }

    /// Restores a removed part and returns its card. Cards that another tab removed meanwhile stay
    /// removed.
    pub fn put_back(&mut self, removed: Removed) -> Option<card::Id> {
        match removed {
            Removed::Card {
                mut card,
                index,
                draft,
            } => {
                if self.draft.is_empty() {
                    self.draft = draft;
                } else if card.draft.is_empty() {
                    // There is another draft by now: this one waits behind it.
                    card.draft = draft;
                }
                let id = card.id;
                self.cards.insert(index.min(self.cards.len()), *card);
                Some(id)
            }
            Removed::Turn { card, turn, index } => {
                if let Some(turns) = self.turns_mut(card) {
                    turns.insert(index.min(turns.len()), *turn);
                }
                Some(card)
            }
            Removed::Turns { card, turns } => {
                if let Some(now) = self.turns_mut(card) {
                    now.splice(..0, turns);
                }
                Some(card)
            }
            Removed::Replaced { card, turns, by } => {
                if let Some(now) = self.turns_mut(card) {
                    // Turns answered meanwhile come after it.
                    let kept = now.iter().position(|turn| turn.id == by);
                    let mut said = now.split_off(kept.unwrap_or(now.len()));
                    said.retain(|turn| turn.answer.as_ref().is_some_and(|it| !it.is_empty()));
                    *now = turns;
                    now.append(&mut said);
                }
                Some(card)
            }
            Removed::Settings(before) => {
                let first = before.first()?.0;
                for (id, params, system) in before {
                    if let Some(card) = self.cards.iter_mut().find(|card| card.id == id) {
                        (card.params, card.system) = (params, system);
                    }
                }
                Some(first)
            }
        }
    }

    fn turns_mut(&mut self, card: card::Id) -> Option<&mut Vec<Turn>> {
        let card = self.cards.iter_mut().find(|found| found.id == card)?;
        Some(&mut card.turns)
    }
}

impl Removed {
    /// Returns the parts of the chat that change on removal and again on restoration.
    pub fn parts(&self) -> Vec<Part> {
        match self {
            Self::Card { .. } => vec![Part::Draft, Part::Cards],
            Self::Turn { card, .. } | Self::Turns { card, .. } | Self::Replaced { card, .. } => {
                vec![Part::Turns(*card)]
            }
            Self::Settings(before) => before
                .iter()
                .map(|(card, ..)| Part::Settings(*card))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
