//! Parts of a chat whose changes are tracked separately.

use super::card;
#[cfg(doc)]
use super::{Card, Chat};

/// A part of the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// [`Chat::draft`]
    Draft,
    /// [`Card::draft`]
    CardDraft(card::Id),
    /// [`Card::synced`]
    Synced(card::Id),
    /// [`Card::turns`]
    Turns(card::Id),
    /// [`Card::params`] and [`Card::system`]
    Settings(card::Id),
    /// [`Chat::cards`]: a card was added or removed.
    Cards,
}
