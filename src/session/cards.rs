//! Operations on cards.

use leptos::prelude::*;

use super::Session;
use crate::{
    chat::{
        CardStoreFields, ChatStoreFields, Outcome, Params,
        card::{self, CardSettings},
        input::Event,
    },
    id::fresh,
};

impl Session {
    /// Adds a card beside this one, with the same endpoint, model, parameters and system prompt;
    /// returns its identifier.
    pub fn add_card(self, beside: card::Id) -> card::Id {
        let id = fresh();
        self.react(Event::Added { beside, id });
        self.save_soon();
        id
    }

    /// Deletes a card and its turns, unless it is the only card.
    pub fn delete_card(self, card: card::Id) {
        if self.chat.cards().read_untracked().len() == 1 {
            return;
        }
        self.finish(card, Outcome::Stopped);
        self.react(Event::Deleted(card));
        self.save();
    }

    /// Moves a card to another position, counted from 0 on the left.
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

    /// A card's settings.
    pub fn settings(self, card: card::Id) -> CardSettings {
        let card = self.card(card).try_read();
        card.map_or_else(CardSettings::default, |card| CardSettings {
            params: card.params.clone(),
            system: card.system.clone(),
            name: card.name.clone(),
            colour: card.colour,
        })
    }

    /// Changes a card's settings.
    pub fn set_settings(self, card: card::Id, settings: CardSettings) {
        let before = untrack(|| self.settings(card));
        if before.name != settings.name {
            self.card(card).name().set(settings.name);
        }
        if before.colour != settings.colour {
            self.card(card).colour().set(settings.colour);
        }
        if before.system != settings.system {
            self.card(card).system().set(settings.system);
        }
        if before.params != settings.params {
            self.card(card).params().set(settings.params);
        }
        self.save_soon();
    }

    /// Changes a card's parameters.
    pub(super) fn set_params(self, card: card::Id, change: impl FnOnce(&mut Params)) {
        // The card may be gone.
        let _ = self.card(card).params().try_update(change);
        self.save_soon();
    }
}
