//! What a reader takes out of a chat, or replaces in it, and how it is put back.

use super::{Card, Chat, Draft, Params, Part, Turn, card, turn};

/// What was removed or replaced.
#[derive(Clone, Debug, PartialEq)]
pub enum Removed {
    /// A card.
    Card {
        /// The card itself.
        card: Box<Card>,
        /// The number of cards to the left of it.
        index: usize,
        /// The group's draft, where the card was the last in sync.
        draft: Draft,
    },
    /// A turn.
    Turn {
        /// The card that it belongs to.
        card: card::Id,
        /// The turn itself.
        turn: Box<Turn>,
        /// The number of turns before it.
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
    /// The parameters and system prompts that cards had before another card's took their place.
    Settings(Vec<(card::Id, Params, String)>),
}

impl Chat {
    /// Takes a turn out of a card.
    pub fn remove_turn(&mut self, card: card::Id, turn: turn::Id) -> Option<Removed> {
        let turns = self.turns_mut(card)?;
        let index = turns.iter().position(|found| found.id == turn)?;
        let turn = Box::new(turns.remove(index));
        Some(Removed::Turn { card, turn, index })
    }

    /// Takes all that was said out of a card; None where that is nothing.
    pub fn clear_card(&mut self, card: card::Id) -> Option<Removed> {
        let turns = std::mem::take(self.turns_mut(card)?);
        (!turns.is_empty()).then_some(Removed::Turns { card, turns })
    }

    /// Puts another question in place of a turn's; what came after it goes. `by` identifies the new
    /// turn.
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

    /// Gives every other card this one's parameters and system prompt.
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

    /// Puts back what was removed; returns the card that it is in. What another tab has removed
    /// meanwhile stays away.
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
                    // Another draft has come meanwhile: this one waits behind it.
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
                    // What was said meanwhile comes after it.
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
    /// The parts of the chat that the removal changed, and that putting it back changes again.
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
