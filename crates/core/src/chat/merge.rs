//! Merges two diverged copies of one chat.
//!
//! Each part that can change has a stamp with the time of its last change. Messages are kept from
//! both copies unless their removal is stamped; of everything else, the later copy wins. So the
//! merge is commutative, associative and idempotent: a last-writer-wins register for each part, and
//! a set for the messages. Source: M. Shapiro et al., «A comprehensive study of Convergent and
//! Commutative Replicated Data Types», INRIA RR-7506 (2011), 3.2.1 and 3.3.3.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Serialize};

use super::{Answer, Card, Chat, Draft, Outcome, Turn, answer, card, turn};

/// A part of a chat that has a stamp. It is serialized as a letter and an identifier.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Title, pin, tags and order of the cards.
    Head,
    /// Draft shared by the synced cards.
    Draft,
    /// A card's model and settings.
    Card(card::Id),
    /// A card's own draft.
    CardDraft(card::Id),
    /// The answer shown in a turn.
    Variant(turn::Id),
    /// Removal of a card or turn.
    Gone(u64),
    /// Restoration of a card or turn.
    Back(u64),
}

impl Part {
    const fn letter(self) -> (char, Option<u64>) {
        match self {
            Self::Head => ('h', None),
            Self::Draft => ('d', None),
            Self::Card(id) => ('c', Some(id.bits())),
            Self::CardDraft(id) => ('e', Some(id.bits())),
            Self::Variant(id) => ('v', Some(id.bits())),
            Self::Gone(id) => ('g', Some(id)),
            Self::Back(id) => ('b', Some(id)),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.letter() {
            (letter, None) => write!(f, "{letter}"),
            (letter, Some(id)) => write!(f, "{letter}{id:016x}"),
        }
    }
}

/// Times of the last changes of a chat's parts, in milliseconds since 1970. A part without a stamp
/// has never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamps(Vec<(String, u64)>);

/// Time for which removals are remembered, in milliseconds. No tab stays out of step for a week.
const REMEMBERED: u64 = 7 * 24 * 60 * 60 * 1000;

impl Stamps {
    /// Returns whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, part: Part) -> u64 {
        let part = part.to_string();
        let found = self.0.iter().find(|(of, _)| *of == part);
        found.map_or(0, |(_, at)| *at)
    }

    fn latest(&self) -> u64 {
        self.0.iter().map(|(_, at)| *at).max().unwrap_or_default()
    }

    fn set(&mut self, part: Part, time: u64) {
        self.put(part.to_string(), time);
    }

    /// Stamps a part, keeping the list sorted by name. An older stamp changes nothing.
    fn put(&mut self, part: String, time: u64) {
        let place = self.0.partition_point(|(of, _)| *of < part);
        match self.0.get_mut(place) {
            Some((of, at)) if *of == part => *at = time.max(*at),
            _ => self.0.insert(place, (part, time)),
        }
    }

    fn is_gone(&self, id: u64) -> bool {
        self.of(Part::Gone(id)) > self.of(Part::Back(id))
    }

    /// Drops all stamps of removed cards but their removal.
    fn forget(&mut self, cards: &[Card]) {
        self.0.retain(|(part, _)| {
            let is_of = |card: &Card| {
                let of = [Part::Card(card.id), Part::CardDraft(card.id)];
                of.iter().any(|of| of.to_string() == *part)
            };
            !part.starts_with(['c', 'e']) || cards.iter().any(is_of)
        });
    }

    /// Records that a removed card or turn is back.
    fn bring_back(&mut self, id: u64, time: u64) {
        if self.is_gone(id) {
            self.set(Part::Back(id), time);
        }
    }
}

impl Chat {
    /// Stamps the differences from the previous copy, which has the stamps until then.
    pub fn stamp(&mut self, before: &Self, now: u64) {
        // Later changes get later stamps even if the clock was set back.
        let now = now.max(before.stamps.latest() + 1);
        let mut stamps = before.stamps.clone();
        let order = |chat: &Self, other: &Self| {
            let both = chat
                .cards
                .iter()
                .filter(|card| other.card(card.id).is_some());
            both.map(|card| card.id).collect::<Vec<_>>()
        };
        if self.head() != before.head() || order(self, before) != order(before, self) {
            stamps.set(Part::Head, now);
        }
        if self.draft != before.draft {
            stamps.set(Part::Draft, now);
        }
        for gone in before
            .cards
            .iter()
            .filter(|card| self.card(card.id).is_none())
        {
            stamps.set(Part::Gone(gone.id.bits()), now);
        }
        for card in &self.cards {
            stamps.bring_back(card.id.bits(), now);
            for turn in &card.turns {
                stamps.bring_back(turn.id.bits(), now);
            }
            let Some(was) = before.card(card.id) else {
                continue;
            };
            if !card.is_set_as(was) {
                stamps.set(Part::Card(card.id), now);
            }
            if card.draft != was.draft {
                stamps.set(Part::CardDraft(card.id), now);
            }
            for turn in &was.turns {
                let Some(is) = card.turn(turn.id) else {
                    stamps.set(Part::Gone(turn.id.bits()), now);
                    continue;
                };
                // Without a stamp, the last answer is shown.
                let part = Part::Variant(turn.id);
                if is.shown() != turn.shown() && (!is.later.is_empty() || stamps.of(part) > 0) {
                    stamps.set(part, now);
                }
            }
        }
        stamps.forget(&self.cards);
        let is_remembered = |at: u64| at + REMEMBERED > now;
        stamps
            .0
            .retain(|(part, at)| !part.starts_with(['g', 'b']) || is_remembered(*at));
        self.stamps = stamps;
    }

    fn head(&self) -> (&str, bool, &[String]) {
        (&self.title, self.pinned, &self.tags)
    }

    /// Numbers the answers of version 1, which have no identifiers: the same in every copy.
    pub fn number_answers(&mut self) {
        let turns = self.cards.iter_mut().flat_map(|card| &mut card.turns);
        for turn in turns {
            for (number, answer) in turn.answers_mut().enumerate() {
                if answer.id.bits() == 0 {
                    answer.id = (number as u64 + 1).into();
                }
            }
        }
    }

    /// Replaces the answers still streaming in this tab with this tab's own copies: the stored ones
    /// are a second old.
    #[must_use]
    pub fn with_own(mut self, own: &Self, coming: &[(card::Id, turn::Id, answer::Id)]) -> Self {
        for (card, turn, answer) in coming {
            let own = own.card(*card).and_then(|card| card.turn(*turn));
            if let (Some(stored), Some(own)) = (self.turn_mut(*card, *turn), own) {
                let mut answers = stored.take_answers();
                answers.retain(|stored| stored.id != *answer);
                if let Some(place) = own.answers().position(|own| own.id == *answer) {
                    let own = own.answers().find(|own| own.id == *answer).cloned();
                    answers.splice(place.min(answers.len())..place.min(answers.len()), own);
                }
                stored.set_answers(answers, own.shown());
            }
        }
        self
    }
}

/// Merges two copies of a chat.
pub fn merge(one: Chat, other: Chat) -> Chat {
    let mut stamps = one.stamps.clone();
    for (part, at) in &other.stamps.0 {
        stamps.put(part.clone(), *at);
    }
    let later = |part: Part| one.stamps.of(part).cmp(&other.stamps.of(part));
    let order = |chat: &Chat| chat.cards.iter().map(|card| card.id).collect::<Vec<_>>();
    let mut orders = (order(&one), order(&other));
    let has_later_head = later(Part::Head)
        .then_with(|| one.head().cmp(&other.head()))
        .then_with(|| orders.0.cmp(&orders.1))
        .is_ge();
    let one_has_draft = later(Part::Draft).then_with(|| richer(&one.draft, &other.draft));
    let (head, draft) = (
        if has_later_head { &one } else { &other },
        if one_has_draft.is_ge() {
            &one.draft
        } else {
            &other.draft
        },
    );
    if has_later_head {
        arrange(&mut orders.1, &orders.0);
    } else {
        arrange(&mut orders.0, &orders.1);
    }
    let mut cards = Vec::new();
    for id in in_order(&orders.0, &orders.1) {
        let card = match (one.card(id), other.card(id)) {
            (Some(mine), Some(theirs)) => merge_cards(mine, theirs, (&one, &other), &stamps),
            (Some(card), None) | (None, Some(card)) => card.clone(),
            (None, None) => continue,
        };
        cards.push(card);
    }
    // Every chat has a card: if each copy removed the other's last one, the first stays.
    if cards.iter().all(|card| stamps.is_gone(card.id.bits()))
        && let Some(first) = cards.first()
    {
        let id = first.id.bits();
        stamps.set(Part::Back(id), stamps.of(Part::Gone(id)));
    }
    cards.retain(|card| !stamps.is_gone(card.id.bits()));
    for card in &mut cards {
        card.turns.retain(|turn| !stamps.is_gone(turn.id.bits()));
    }
    stamps.forget(&cards);
    let mut rest = one.rest.clone();
    rest.extend(other.rest.clone());
    Chat {
        id: one.id,
        title: head.title.clone(),
        used: one.used.max(other.used),
        pinned: head.pinned,
        tags: head.tags.clone(),
        draft: draft.clone(),
        cards,
        stamps,
        rest,
    }
}

/// Joins drafts typed in two tabs at once. A text that contains the other is taken alone.
pub fn join(mine: &Draft, theirs: &Draft) -> Draft {
    let mut joined = mine.clone();
    if theirs.text.contains(&mine.text) {
        joined.text.clone_from(&theirs.text);
    } else if !mine.text.contains(&theirs.text) {
        joined.text = format!("{}\n{}", theirs.text, mine.text);
    }
    for attachment in &theirs.attachments {
        joined.attach(attachment.clone());
    }
    joined
}

fn merge_cards(mine: &Card, theirs: &Card, chats: (&Chat, &Chat), stamps: &Stamps) -> Card {
    let later = |part: Part| chats.0.stamps.of(part).cmp(&chats.1.stamps.of(part));
    let settings = later(Part::Card(mine.id)).then_with(|| mine.settings().cmp(&theirs.settings()));
    let drafts = later(Part::CardDraft(mine.id)).then_with(|| richer(&mine.draft, &theirs.draft));
    let ids = |card: &Card| card.turns.iter().map(|turn| turn.id).collect::<Vec<_>>();
    let turns = in_order(&ids(mine), &ids(theirs)).into_iter();
    let turns = turns.filter_map(|id| match (mine.turn(id), theirs.turn(id)) {
        (Some(mine), Some(theirs)) => {
            let variant = later(Part::Variant(id));
            let is_chosen = stamps.of(Part::Variant(id)) > 0;
            Some(merge_turns(mine, theirs, is_chosen.then_some(variant)))
        }
        (Some(turn), None) | (None, Some(turn)) => Some(turn.clone()),
        (None, None) => None,
    });
    let turns = turns.collect();
    Card {
        draft: if drafts.is_ge() {
            &mine.draft
        } else {
            &theirs.draft
        }
        .clone(),
        turns,
        ..if settings.is_ge() { mine } else { theirs }.clone()
    }
}

/// Merges two copies of a turn. If the user has chosen the answer to show, the later choice wins,
/// else the last answer is shown.
fn merge_turns(mine: &Turn, theirs: &Turn, chosen: Option<Ordering>) -> Turn {
    let ids = |turn: &Turn| turn.answers().map(|answer| answer.id).collect::<Vec<_>>();
    let find = |turn: &Turn, id| turn.answers().find(|answer| answer.id == id).cloned();
    let answers = in_order(&ids(mine), &ids(theirs)).into_iter();
    let answers = answers.filter_map(|id| match (find(mine, id), find(theirs, id)) {
        (Some(mine), Some(theirs)) => Some(if fuller(&mine, &theirs).is_ge() {
            mine
        } else {
            theirs
        }),
        (mine, theirs) => mine.or(theirs),
    });
    let mut answers: Vec<Answer> = answers.collect();
    if answers.len() > 1 {
        // An empty answer gave way to another.
        let has_words = answers.iter().any(|answer| !answer.is_empty());
        answers.retain(|answer| !has_words || !answer.is_empty());
    }
    let shown = match chosen {
        Some(later) => {
            let by_id = mine.shown().cmp(&theirs.shown());
            if later.then(by_id).is_ge() {
                mine
            } else {
                theirs
            }
            .shown()
        }
        None => None,
    };
    // Attachments removed from a turn stay removed.
    let attachments = [&mine.attachments, &theirs.attachments];
    let attachments = attachments.into_iter().min_by_key(|list| list.len());
    let mut turn = Turn {
        attachments: attachments.cloned().unwrap_or_default(),
        waits: mine.waits && theirs.waits && answers.is_empty(),
        ..Turn::new(mine.id, mine.prompt.as_str().max(&theirs.prompt).to_owned())
    };
    turn.set_answers(answers, shown);
    turn
}

/// Orders two copies of an answer by length, then by how definite their outcome is.
fn fuller(mine: &Answer, theirs: &Answer) -> Ordering {
    let length = |answer: &Answer| {
        // A file that is only in one tab is no longer text.
        let extras = answer
            .extras
            .iter()
            .map(|extra| 1 + extra.stored_content().len());
        answer.text.len() + answer.reasoning.len() + extras.sum::<usize>()
    };
    let extras = |answer: &Answer| {
        let extras = answer.extras.iter();
        let key = extras.map(|extra| {
            let stored = extra.stored.as_ref().map(|stored| stored.id);
            (
                extra.stored_content().to_owned(),
                extra.name.clone(),
                stored,
            )
        });
        key.collect::<Vec<_>>()
    };
    let end = |answer: &Answer| match answer.outcome {
        Outcome::Interrupted => 0,
        Outcome::Stopped => 1,
        Outcome::Filtered => 2,
        Outcome::Length => 3,
        Outcome::Complete => 4,
        Outcome::Failed(_) => 5,
    };
    let known = |answer: &Answer| (answer.metrics.output, answer.metrics.decoding);
    length(mine)
        .cmp(&length(theirs))
        .then_with(|| end(mine).cmp(&end(theirs)))
        .then_with(|| known(mine).cmp(&known(theirs)))
        .then_with(|| mine.text.cmp(&theirs.text))
        .then_with(|| mine.reasoning.cmp(&theirs.reasoning))
        .then_with(|| extras(mine).cmp(&extras(theirs)))
}

fn richer(mine: &Draft, theirs: &Draft) -> Ordering {
    let size = |draft: &Draft| (draft.text.len(), draft.attachments.len());
    let by_size = size(mine).cmp(&size(theirs));
    by_size.then_with(|| mine.text.cmp(&theirs.text))
}

/// Sorts the elements that two lists share into the other list's order.
fn arrange<T: Copy + PartialEq>(list: &mut [T], like: &[T]) {
    let mut common = like
        .iter()
        .filter(|id| list.contains(id))
        .copied()
        .collect::<Vec<_>>()
        .into_iter();
    for place in list.iter_mut().filter(|id| like.contains(id)) {
        if let Some(id) = common.next() {
            *place = id;
        }
    }
}

/// Returns the union of two lists: shared elements in their common order, and between them those of
/// one list alone, the earlier identifier first.
fn in_order<T: Copy + Ord>(one: &[T], other: &[T]) -> Vec<T> {
    let mut all = Vec::new();
    let (mut mine, mut theirs) = (
        one.iter().copied().peekable(),
        other.iter().copied().peekable(),
    );
    loop {
        while mine.next_if(|id| all.contains(id)).is_some() {}
        while theirs.next_if(|id| all.contains(id)).is_some() {}
        let next = match (mine.peek().copied(), theirs.peek().copied()) {
            (None, None) => return all,
            (Some(id), None) | (None, Some(id)) => id,
            (Some(a), Some(b)) => match (other.contains(&a), one.contains(&b)) {
                (true, false) => b,
                (false, true) => a,
                _ => a.min(b),
            },
        };
        all.push(next);
    }
}

#[cfg(test)]
mod tests;
