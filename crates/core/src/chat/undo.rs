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
mod tests {
    use super::*;
    use crate::{
        chat::{
            Outcome,
            input::{self, Busy, Context, Effect, Event},
            turn::tests::answer,
        },
        endpoint::Endpoints,
    };

    fn left() -> card::Id {
        1.into()
    }

    fn right() -> card::Id {
        2.into()
    }

    /// Two cards with two answered turns each: 10 and 11, 20 and 21.
    fn chat() -> Chat {
        let cards = [(left(), 10), (right(), 20)].map(|(id, first)| {
            let mut card = Card::new(id);
            card.system = format!("system of {first}");
            card.turns = [first, first + 1].map(asked).into();
            card
        });
        let mut chat = Chat::new(0.into(), cards.into());
        chat.draft.text = "half a word".to_owned();
        chat
    }

    fn asked(id: u64) -> Turn {
        Turn {
            answer: Some(answer("said", Outcome::Complete)),
            ..Turn::new(id.into(), format!("question {id}"))
        }
    }

    fn turns(chat: &Chat, card: card::Id) -> Vec<turn::Id> {
        let turns = &chat.card(card).unwrap().turns;
        turns.iter().map(|turn| turn.id).collect()
    }

    /// Deletes a card as the reducer of the input does.
    fn remove_card(chat: &mut Chat, card: card::Id) -> Option<Removed> {
        let around = Context {
            endpoints: &Endpoints::default(),
            is_answering: &|_| false,
            busy: Busy::Queue,
        };
        let effects = input::react(chat, &around, || 0.into(), Event::Deleted(card));
        effects.into_iter().find_map(|effect| match effect {
            Effect::Removed(removed) => Some(removed),
            _ => None,
        })
    }

    #[test]
    fn what_is_put_back_at_once_is_as_it_was() {
        #[track_caller]
        fn check(
            remove: impl FnOnce(&mut Chat) -> Option<Removed>,
            card: card::Id,
            parts: &[Part],
        ) {
            let mut chat = chat();
            let removed = remove(&mut chat).expect("something is removed");
            assert_ne!(chat, self::chat());
            assert_eq!(removed.parts(), parts);
            assert_eq!(chat.put_back(removed), Some(card));
            assert_eq!(chat, self::chat());
        }
        check(
            |chat| remove_card(chat, left()),
            left(),
            &[Part::Draft, Part::Cards],
        );
        check(
            |chat| remove_card(chat, right()),
            right(),
            &[Part::Draft, Part::Cards],
        );
        for turn in [20, 21] {
            check(
                |chat| chat.remove_turn(right(), turn.into()),
                right(),
                &[Part::Turns(right())],
            );
            check(
                |chat| chat.replace_question(right(), turn.into(), "other".into(), 9.into()),
                right(),
                &[Part::Turns(right())],
            );
        }
        check(
            |chat| chat.clear_card(left()),
            left(),
            &[Part::Turns(left())],
        );
        check(
            |chat| chat.copy_settings(left()),
            right(),
            &[Part::Settings(right())],
        );
    }

    #[test]
    fn what_is_not_there_is_not_removed() {
        let mut chat = chat();
        assert_eq!(chat.remove_turn(left(), 20.into()), None);
        assert_eq!(chat.remove_turn(3.into(), 10.into()), None);
        assert_eq!(chat.clear_card(3.into()), None);
        assert_eq!(chat.copy_settings(3.into()), None);
        let replaced = chat.replace_question(left(), 20.into(), "other".into(), 9.into());
        assert_eq!(replaced, None);
        assert_eq!(chat, self::chat());
        chat.clear_card(left()).unwrap();
        assert_eq!(chat.clear_card(left()), None);
    }

    #[test]
    fn what_was_said_meanwhile_stays() {
        let mut chat = chat();
        let cleared = chat.clear_card(left()).unwrap();
        chat.turns_mut(left()).unwrap().push(asked(12));
        chat.put_back(cleared);
        assert_eq!(turns(&chat, left()), [10, 11, 12].map(turn::Id::from));

        let replaced = chat.replace_question(left(), 11.into(), "other".into(), 13.into());
        assert_eq!(turns(&chat, left()), [10, 13].map(turn::Id::from));
        chat.turns_mut(left()).unwrap()[1].answer = Some(answer("said", Outcome::Complete));
        chat.put_back(replaced.unwrap());
        assert_eq!(turns(&chat, left()), [10, 11, 12, 13].map(turn::Id::from));
    }

    #[test]
    fn a_question_that_was_not_answered_is_not_kept_beside_the_first_one() {
        let mut chat = chat();
        let replaced = chat.replace_question(left(), 11.into(), "other".into(), 12.into());
        chat.put_back(replaced.unwrap());
        assert_eq!(turns(&chat, left()), [10, 11].map(turn::Id::from));
    }

    #[test]
    fn a_turn_is_put_back_in_its_place_or_last() {
        let mut chat = chat();
        let first = chat.remove_turn(left(), 10.into()).unwrap();
        let second = chat.remove_turn(left(), 11.into()).unwrap();
        chat.put_back(second);
        chat.put_back(first);
        assert_eq!(turns(&chat, left()), [10, 11].map(turn::Id::from));
        let last = chat.remove_turn(left(), 11.into()).unwrap();
        chat.clear_card(left());
        chat.put_back(last);
        assert_eq!(turns(&chat, left()), [11].map(turn::Id::from));
    }

    #[test]
    fn a_card_takes_its_groups_draft_along_and_brings_it_back() {
        let mut alone = chat();
        alone.cards[0].synced = false;
        let mut chat = alone.clone();
        let removed = remove_card(&mut chat, right()).unwrap();
        assert!(chat.draft.is_empty());
        chat.put_back(removed.clone());
        assert_eq!(chat, alone);
        // Where another draft has come meanwhile, it waits in the card.
        let removed = remove_card(&mut chat, right()).unwrap();
        chat.draft.text = "another".to_owned();
        chat.put_back(removed);
        assert_eq!(chat.draft.text, "another");
        assert_eq!(chat.card(right()).unwrap().draft.text, "half a word");
    }

    #[test]
    fn nothing_is_put_into_a_card_that_another_tab_has_deleted() {
        let mut chat = chat();
        let turn = chat.remove_turn(right(), 20.into()).unwrap();
        let settings = chat.copy_settings(left()).unwrap();
        remove_card(&mut chat, right());
        let before = chat.clone();
        chat.put_back(turn);
        chat.put_back(settings);
        assert_eq!(chat, before);
    }
}
