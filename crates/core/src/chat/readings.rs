//! Files on their way to become attachments: they are read one at a time, which keeps their order and
//! leaves all memory to one picture.

use super::{attachment::Id, card};
use crate::file;

/// A file that is being read as an attachment, or could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The identifier of the future attachment.
    pub id: Id,
    /// The file's name.
    pub name: String,
    /// The error that prevents the attachment; None while the file waits or is read.
    pub failed: Option<file::Error>,
    /// The card whose input the file was added to.
    pub card: card::Id,
}

/// All such files of a chat, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    all: Vec<Reading>,
    /// The file that is being read.
    running: Option<Id>,
}

impl Readings {
    /// Adds a file. `is_full` if the draft has no room for another attachment: the file then fails.
    pub fn add(&mut self, id: Id, name: String, card: card::Id, is_full: bool) {
        self.all.push(Reading {
            id,
            name,
            failed: is_full.then_some(file::Error::TooMany),
            card,
        });
    }

    /// Removes a file, whatever its state.
    pub fn remove(&mut self, id: Id) {
        self.all.retain(|reading| reading.id != id);
        self.running.take_if(|running| *running == id);
    }

    /// Starts the next file: returns its identifier and card, unless a file is being read or none
    /// waits.
    pub fn start_next(&mut self) -> Option<(Id, card::Id)> {
        if self.running.is_some() {
            return None;
        }
        let next = self.all.iter().find(|reading| reading.failed.is_none())?;
        self.running = Some(next.id);
        Some((next.id, next.card))
    }

    /// Ends the file that is being read; returns whether it is still wanted. A file that could not be
    /// read stays, with its error, until it is removed.
    pub fn finish(&mut self, id: Id, result: Result<(), file::Error>) -> bool {
        self.running.take_if(|running| *running == id);
        let Some(at) = self.all.iter().position(|reading| reading.id == id) else {
            return false;
        };
        match result {
            Ok(()) => _ = self.all.remove(at),
            Err(error) => self.all[at].failed = Some(error),
        }
        true
    }

    /// Returns whether a file waits or is being read.
    pub fn is_busy(&self) -> bool {
        self.all.iter().any(|reading| reading.failed.is_none())
    }

    /// Iterates over the files of the cards of which this is true.
    pub fn of(&self, is: impl Fn(card::Id) -> bool) -> impl Iterator<Item = &Reading> {
        self.all.iter().filter(move |reading| is(reading.card))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use file::Error::{Binary, TooMany};

    const CARD: card::Id = card::Id::new(1);
    const OTHER: card::Id = card::Id::new(2);

    fn id(number: u64) -> Id {
        Id::new(number)
    }

    fn of_two() -> Readings {
        let mut readings = Readings::default();
        readings.add(id(1), "one".into(), CARD, false);
        readings.add(id(2), "two".into(), OTHER, false);
        readings
    }

    fn states(readings: &Readings) -> Vec<(u64, Option<file::Error>)> {
        let all = readings.of(|_| true);
        all.map(|reading| (reading.id.bits(), reading.failed))
            .collect()
    }

    #[test]
    fn files_are_read_one_after_the_other_in_their_order() {
        let mut readings = of_two();
        assert_eq!(readings.start_next(), Some((id(1), CARD)));
        assert!(readings.is_busy());
        assert_eq!(readings.start_next(), None);
        assert!(readings.finish(id(1), Ok(())));
        // Between two files, too: a chat that is busy is not closed.
        assert!(readings.is_busy());
        assert_eq!(readings.start_next(), Some((id(2), OTHER)));
        assert!(readings.finish(id(2), Ok(())));
        assert!(!readings.is_busy());
        assert_eq!(readings.start_next(), None);
        assert_eq!(readings, Readings::default());
    }

    #[test]
    fn a_file_that_failed_stays_and_is_not_read_again() {
        let mut readings = of_two();
        readings.start_next();
        assert!(readings.finish(id(1), Err(Binary)));
        assert_eq!(states(&readings), [(1, Some(Binary)), (2, None)]);
        assert_eq!(readings.start_next(), Some((id(2), OTHER)));
        readings.remove(id(1));
        assert_eq!(states(&readings), [(2, None)]);
    }

    #[test]
    fn a_file_without_room_fails_at_once() {
        let mut readings = Readings::default();
        readings.add(id(1), "one".into(), CARD, true);
        assert_eq!(states(&readings), [(1, Some(TooMany))]);
        assert_eq!(readings.start_next(), None);
    }

    #[test]
    fn a_file_that_is_removed_while_it_is_read_makes_way_and_is_not_wanted() {
        let mut readings = of_two();
        readings.start_next();
        readings.remove(id(1));
        assert_eq!(readings.start_next(), Some((id(2), OTHER)));
        // The task of the first one may still end.
        assert!(!readings.finish(id(1), Ok(())));
        assert!(readings.is_busy());
        readings.remove(id(2));
        assert_eq!(readings, Readings::default());
    }

    #[test]
    fn each_card_has_its_own_files() {
        let readings = of_two();
        let names: Vec<_> = readings
            .of(|card| card == OTHER)
            .map(|it| &*it.name)
            .collect();
        assert_eq!(names, ["two"]);
    }
}
