//! Timing of saves, and merging with a copy saved by another tab.

use super::Chat;

/// Delay of a save after an unsaved change, in milliseconds. A stream of changes is saved once, and
/// no save is more than a second late, even on a busy machine.
pub const DELAY: f64 = 700.0;

/// Schedule of saves. Times are in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Time of the last save, or of the first change since.
    since: f64,
    is_pending: bool,
}

/// Due time of a save.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Due {
    /// Now: a timer is overdue. Timers of a hidden tab are late.
    Now,
    /// After this delay in milliseconds, by a new timer.
    In(f64),
    /// Together with changes already pending.
    Pending,
}

impl Pace {
    /// Decides when to save a change made now.
    pub fn changed(&mut self, now: f64) -> Due {
        if !self.is_pending {
            *self = Self {
                since: now,
                is_pending: true,
            };
            Due::In(DELAY)
        } else if now - self.since >= DELAY {
            Due::Now
        } else {
            Due::Pending
        }
    }

    /// Records that all changes are saved, or need not be.
    pub fn saved(&mut self, now: f64) {
        *self = Self {
            since: now,
            is_pending: false,
        };
    }

    /// Returns whether a change waits to be saved.
    pub fn is_pending(self) -> bool {
        self.is_pending
    }
}

/// The action of a save.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Write this chat.
    Write(Chat),
    /// Another tab saved the chat: write and show the merged copy.
    WriteMerged(Chat),
    /// Another tab saved the chat, and the merge code is not loaded: write nothing yet.
    AwaitMerger {
        /// The stored copy.
        theirs: String,
    },
    /// The stored copy can't be read: set it aside, then write this chat.
    SetAside {
        /// The stored copy.
        damaged: String,
        /// The chat to write in its place.
        chat: Chat,
    },
}

/// Merges a chat with another copy's stored text; None if the text can't be read.
pub type Merge = fn(Chat, &str) -> Option<Chat>;

/// Plans a save of this chat. `known` is the text that this tab last stored or read, and `stored`
/// the text in storage now, if any.
pub fn plan(mine: Chat, known: &str, stored: Option<String>, merge: Option<Merge>) -> Plan {
    let Some(theirs) = stored.filter(|stored| stored != known) else {
        return Plan::Write(mine);
    };
    let Some(merge) = merge else {
        return Plan::AwaitMerger { theirs };
    };
    match merge(mine.clone(), &theirs) {
        Some(merged) => Plan::WriteMerged(merged),
        None => Plan::SetAside {
            damaged: theirs,
            chat: mine,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Card, Turn, merge};

    /// Builds a chat with these questions.
    fn chat(questions: &[u64]) -> Chat {
        let mut card = Card::new(1.into());
        let turn = |id: &u64| Turn::new((*id).into(), format!("question {id}"));
        card.turns = questions.iter().map(turn).collect();
        Chat::new(0.into(), vec![card])
    }

    fn questions(chat: &Chat) -> Vec<&str> {
        let turns = chat.cards.iter().flat_map(|card| &card.turns);
        turns.map(|turn| turn.prompt.as_str()).collect()
    }

    const MERGE: Merge = |mine, theirs| Some(merge::merge(mine, Chat::read(theirs)?));

    #[test]
    fn a_stream_of_changes_is_saved_once_and_never_late() {
        #[track_caller]
        fn check(changes: &[f64], expected: &[Due]) {
            let mut pace = Pace::default();
            let due: Vec<_> = changes.iter().map(|now| pace.changed(*now)).collect();
            assert_eq!(due, expected);
        }
        let first = Due::In(DELAY);
        check(&[5000.0], &[first]);
        check(
            &[5000.0, 5100.0, 5699.0],
            &[first, Due::Pending, Due::Pending],
        );
        // The timer is late.
        check(&[5000.0, 5700.0, 5701.0], &[first, Due::Now, Due::Now]);
        // The clock was set back.
        check(&[5000.0, 100.0], &[first, Due::Pending]);
    }

    #[test]
    fn after_a_save_a_change_waits_anew() {
        let mut pace = Pace::default();
        assert!(!pace.is_pending());
        pace.changed(0.0);
        assert!(pace.is_pending());
        pace.saved(700.0);
        assert!(!pace.is_pending());
        assert_eq!(pace.changed(5000.0), Due::In(DELAY));
        assert_eq!(pace.changed(5100.0), Due::Pending);
    }

    #[test]
    fn what_nobody_else_has_changed_is_written() {
        let mine = chat(&[1]);
        for merge in [None, Some(MERGE)] {
            for (known, stored) in [("", None), ("old", Some("old")), ("old", None)] {
                let planned = plan(mine.clone(), known, stored.map(str::to_owned), merge);
                assert_eq!(planned, Plan::Write(mine.clone()));
            }
        }
    }

    #[test]
    fn what_another_tab_has_saved_is_never_written_over() {
        let theirs = chat(&[2]).text();
        let planned = plan(chat(&[1]), "old", Some(theirs.clone()), None);
        assert_eq!(
            planned,
            Plan::AwaitMerger {
                theirs: theirs.clone()
            }
        );
        match plan(chat(&[1]), "old", Some(theirs), Some(MERGE)) {
            Plan::WriteMerged(both) => {
                let mut all = questions(&both);
                all.sort_unstable();
                assert_eq!(all, ["question 1", "question 2"]);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_damaged_is_put_aside_before_anything_is_written() {
        for damaged in ["", "{", "[]", "{\"id\":1}", "\u{0}"] {
            let planned = plan(chat(&[1]), "old", Some(damaged.to_owned()), Some(MERGE));
            let expected = Plan::SetAside {
                damaged: damaged.to_owned(),
                chat: chat(&[1]),
            };
            assert_eq!(planned, expected);
            // Without the merge code, the copy is not known to be damaged.
            let planned = plan(chat(&[1]), "old", Some(damaged.to_owned()), None);
            assert!(matches!(planned, Plan::AwaitMerger { .. }));
        }
    }
}
