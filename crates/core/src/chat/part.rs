//! The parts of a chat that are followed one by one.

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
    /// [`Chat::cards`]: one was added or removed.
    Cards,
}
