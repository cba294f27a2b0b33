use super::*;
use crate::{
    chat::{self, Outcome, attachment::Kind, turn::tests::answer},
    endpoint::{self, BaseUrl, Endpoint},
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn endpoints() -> Endpoints {
    Endpoints {
        list: vec![Endpoint {
            one_at_a_time: false,
            id: endpoint::Id::new(0),
            name: "e".into(),
            base_url: BaseUrl::parse("http://e/v1").unwrap(),
            token: None,
            learned: endpoint::Learned::default(),
            keep: endpoint::TokenStorage::Browser,
        }],
        ..Endpoints::default()
    }
}

fn id(n: u64) -> card::Id {
    card::Id::new(n)
}

fn attachment(n: u64) -> Attachment {
    Attachment {
        id: attachment::Id::new(n),
        name: format!("{n}.txt"),
        kind: Kind::Text,
        bytes: 1,
    }
}

/// Builds a draft with this text and an attachment of its own, so that both must share the same
/// fate. An empty text gives an empty draft.
fn whole(text: &str) -> Draft {
    let mut whole = Draft::from(text);
    if !text.is_empty() {
        whole.attach(attachment(text.bytes().map(u64::from).sum()));
    }
    whole
}

/// Builds a chat from one word per card: `s` or `u` for synced or not, `-` for no model, `?` for an
/// endpoint no longer saved, `!` for answering, then the card's own draft.
fn chat(group: &str, cards: &[&str]) -> Chat {
    let cards = cards.iter().zip(0..).map(|(word, n)| Card {
        synced: word.starts_with('s'),
        endpoint: Some(endpoint::Id::new(word.contains('?').into())),
        model: (!word.contains('-')).then(|| "m".into()),
        draft: whole(word.trim_start_matches(['s', 'u', '-', '?', '!'])),
        ..Card::new(id(n))
    });
    let mut chat = Chat::new(chat::Id::new(0), cards.collect());
    chat.draft = whole(group);
    chat
}

/// Applies an event to the chat built by [`chat`]; returns it with the effects.
fn react_in(group: &str, cards: &[&str], busy: Busy, event: Event) -> (Chat, Vec<Effect>) {
    let mut chat = chat(group, cards);
    let answering: Vec<_> = (0..)
        .zip(cards)
        .filter(|(_, word)| word.contains('!'))
        .collect();
    let mut turns = 0;
    let around = Context {
        endpoints: &endpoints(),
        is_answering: &|card| answering.iter().any(|(n, _)| id(*n) == card),
        busy,
    };
    let fresh = || {
        turns += 1;
        turn::Id::new(turns)
    };
    let effects = react(&mut chat, &around, fresh, event);
    (chat, effects)
}

#[test]
fn typing_changes_what_the_cards_in_sync_show() {
    #[track_caller]
    fn check(cards: &[&str], typed_in: u64, expected: &[&str]) {
        let event = Event::Typed(id(typed_in), "new".into());
        let (chat, _) = react_in("all", cards, Busy::Queue, event);
        let shown: Vec<_> = chat
            .cards
            .iter()
            .map(|card| &*draft(&chat, card.id).text)
            .collect();
        assert_eq!(shown, expected);
        // Attachments stay.
        let before = super::tests::chat("all", cards);
        for card in &before.cards {
            let attached = |chat| &draft(chat, card.id).attachments;
            assert_eq!(attached(&chat), attached(&before));
        }
    }
    check(&["s", "s", "umine"], 0, &["new", "new", "mine"]);
    check(&["s", "s", "umine"], 2, &["all", "all", "new"]);
    check(&["s-", "s!", "u"], 1, &["new", "new", ""]);
    check(&["s"], 7, &["all"]);
}

#[test]
fn attaching_changes_what_the_cards_in_sync_show() {
    #[track_caller]
    fn check(cards: &[&str], attached_in: u64, expected: &[&[u64]]) {
        let attached = Event::Attached(id(attached_in), attachment(9));
        let mut chat = chat("", cards);
        let endpoints = endpoints();
        let around = Context {
            endpoints: &endpoints,
            is_answering: &|_| false,
            busy: Busy::Queue,
        };
        let mut react = |event| {
            super::react(
                &mut chat,
                &around,
                || unreachable!("nothing is sent"),
                event,
            );
            let shown = chat.cards.iter().map(|card| {
                let attached = draft(&chat, card.id).attachments.iter();
                attached.map(|found| found.id).collect::<Vec<_>>()
            });
            shown.collect::<Vec<_>>()
        };
        let before = react(Event::Typed(id(attached_in), "words".into()));
        let ids = |ids: &&[u64]| ids.iter().map(|&n| attachment::Id::new(n)).collect();
        let expected: Vec<Vec<_>> = expected.iter().map(ids).collect();
        assert_eq!(react(attached.clone()), expected);
        assert_eq!(react(attached), expected, "twice is once");
        let detached = Event::Detached(id(attached_in), attachment::Id::new(9));
        assert_eq!(react(detached), before);
    }
    check(&["s", "s", "ua"], 0, &[&[9], &[9], &[97]]);
    check(&["s", "s", "ua"], 2, &[&[], &[], &[97, 9]]);
    check(&["s-", "s!"], 1, &[&[9], &[9]]);
    check(&["s"], 7, &[&[]]);
}

#[test]
fn an_attachment_is_sent_without_words() {
    let mut before = chat("", &["s", "s"]);
    before.draft.attach(attachment(1));
    let mut turns = 0;
    let mut after = before.clone();
    let around = Context {
        endpoints: &endpoints(),
        is_answering: &|_| false,
        busy: Busy::Queue,
    };
    let fresh = || {
        turns += 1;
        turn::Id::new(turns)
    };
    let effects = react(&mut after, &around, fresh, Event::Sent(id(1)));
    assert_eq!(fates(&after, &effects), "aa");
    for card in &after.cards {
        assert_eq!(card.turns[0].prompt, "");
        assert_eq!(card.turns[0].attachments, before.draft.attachments);
    }
    assert!(after.draft.is_empty());
}

/// Returns each card's fate after a send: `a` sent, `q` queued, `x` skipped with a notice, `.` left
/// alone.
fn fates(chat: &Chat, effects: &[Effect]) -> String {
    let fate = |card: &Card| match card.turns.last() {
        Some(turn) if effects.contains(&Effect::Ask(card.id, turn.id)) => 'a',
        Some(_) => 'q',
        None if effects.contains(&Effect::Skipped(card.id)) => 'x',
        None => '.',
    };
    chat.cards.iter().map(fate).collect()
}

#[test]
fn a_send_reaches_the_cards_that_share_the_input() {
    #[track_caller]
    fn check(cards: &[&str], from: u64, queue: &str, skip: &str) {
        for (busy, expected) in [(Busy::Queue, queue), (Busy::Skip, skip)] {
            let (after, effects) = react_in("hi", cards, busy, Event::Sent(id(from)));
            assert_eq!(fates(&after, &effects), expected, "{busy:?}");
            // The sent draft is cleared from its own input, and from no other.
            let was_sent = expected.contains(['a', 'q']);
            let before = chat("hi", cards);
            for card in &before.cards {
                let shares = sharers(&before, id(from)).any(|other| other.id == card.id);
                let expected = if was_sent && shares {
                    &Draft::default()
                } else {
                    draft(&before, card.id)
                };
                assert_eq!(draft(&after, card.id), expected, "{busy:?} {}", card.id);
            }
            for turn in after.cards.iter().filter_map(|card| card.turns.last()) {
                let sent = draft(&before, id(from));
                assert_eq!(
                    (&turn.prompt, &turn.attachments),
                    (&sent.text, &sent.attachments)
                );
            }
        }
    }
    check(&["s", "s", "s"], 1, "aaa", "aaa");
    check(&["s", "u", "s"], 0, "a.a", "a.a");
    check(&["s", "udraft", "s"], 2, "a.a", "a.a");
    // from an unsynced card, that card alone
    check(&["s", "umine", "s"], 1, ".a.", ".a.");
    check(&["u", "u"], 0, "..", "..");
    // still answering
    check(&["s", "s!", "s"], 0, "aqa", "axa");
    check(&["s!", "s"], 0, "qa", "xa");
    check(&["s!", "s!"], 0, "qq", "xx");
    check(&["umine!", "s"], 0, "q.", "x.");
    // no model, or its endpoint was deleted
    check(&["s", "s-", "s?"], 0, "aqq", "axx");
    check(&["s-", "s"], 0, "qa", "xa");
    check(&["s-", "s?"], 0, "xx", "xx");
    check(&["umine-", "s"], 0, "x.", "x.");
    check(&["s"], 7, ".", ".");
}

#[test]
fn nothing_is_not_sent() {
    for draft in ["", " \n\t"] {
        let mut chat = chat("", &["s", "s"]);
        chat.draft.text = draft.into();
        let before = chat.clone();
        let around = Context {
            endpoints: &endpoints(),
            is_answering: &|_| false,
            busy: Busy::Queue,
        };
        let fresh = || unreachable!("nothing is sent");
        assert_eq!(react(&mut chat, &around, fresh, Event::Sent(id(0))), []);
        assert_eq!(chat, before);
    }
}

#[test]
fn switching_sync_loses_no_draft() {
    #[track_caller]
    fn check(group: &str, cards: &[&str], switched: u64, own: &str, after: &str) {
        let (chat, _) = react_in(group, cards, Busy::Queue, Event::Toggled(id(switched)));
        let card = chat.card(id(switched)).unwrap();
        assert_eq!((&card.draft, &chat.draft), (&whole(own), &whole(after)));
        assert_ne!(
            card.synced,
            cards[usize::try_from(switched).unwrap()].starts_with('s')
        );
    }
    // on: the shared draft wins, else the card shares its own
    check("all", &["s", "u"], 1, "", "all");
    check("", &["s", "uown"], 1, "", "own");
    check("all", &["s", "uown"], 1, "own", "all");
    check("all", &["s", "uall"], 1, "", "all");
    // off: the shown draft stays
    check("all", &["s", "s"], 1, "all", "all");
    check("all", &["s", "u"], 0, "all", "");
    check("", &["skept", "s"], 0, "kept", "");
}

#[test]
fn a_new_card_joins_in_sync_and_takes_the_groups_draft() {
    for cards in [["s", "s"], ["umine", "s"]] {
        let event = Event::Added {
            beside: id(0),
            id: id(9),
        };
        let (chat, effects) = react_in("all", &cards, Busy::Queue, event);
        assert_eq!(effects, [Effect::Changed(Part::Cards)]);
        assert_eq!(chat.cards[1].id, id(9));
        assert!(chat.cards[1].synced);
        assert_eq!(draft(&chat, id(9)), &whole("all"));
    }
}

#[test]
fn a_deleted_card_takes_only_its_own() {
    #[track_caller]
    fn check(cards: &[&str], deleted: u64, group: &str, taken: Option<&str>) {
        let (chat, effects) = react_in("all", cards, Busy::Queue, Event::Deleted(id(deleted)));
        assert_eq!(chat.draft, whole(group));
        let found = effects.iter().find_map(|effect| match effect {
            Effect::Removed(Removed::Card { draft, .. }) => Some(draft),
            _ => None,
        });
        assert_eq!(found, taken.map(whole).as_ref());
    }
    check(&["s", "s"], 0, "all", Some(""));
    check(&["s", "u"], 0, "", Some("all"));
    check(&["s", "u"], 1, "all", Some(""));
    // the last card stays
    check(&["s"], 0, "all", None);
}

#[test]
fn what_waits_for_a_model_goes_when_there_is_one_or_waits_for_the_answer() {
    #[track_caller]
    fn check(card: &str, waits: bool, asked: bool) {
        let mut chat = chat("", &[card]);
        chat.cards[0].turns = vec![Turn {
            waits: true,
            ..Turn::new(turn::Id::new(1), "hi".into())
        }];
        let around = Context {
            endpoints: &endpoints(),
            is_answering: &|_| card.contains('!'),
            busy: Busy::Queue,
        };
        let fresh = || unreachable!("nothing is sent");
        let effects = react(&mut chat, &around, fresh, Event::Ready(id(0)));
        let expected = asked.then(|| Effect::Ask(id(0), turn::Id::new(1)));
        assert_eq!(effects, Vec::from_iter(expected));
        assert_eq!(chat.cards[0].turns[0].waits, waits);
    }
    check("s", false, true);
    check("s!", false, false);
    check("s-", true, false);
    check("s?", true, false);
}

/// Actions of a user or an endpoint in the property test below. Numbers choose among the existing
/// cards.
#[derive(Clone, Debug)]
enum Act {
    Type(usize, u8),
    Attach(usize),
    /// Removes the first attachment, if there is one.
    Detach(usize),
    Toggle(usize),
    Send(usize),
    Add(usize),
    Delete(usize),
    Answer(usize, bool),
    /// Stops every answer, and holds every queue.
    StopAll,
    Choose(usize),
    /// Clears the model, as a change of endpoint does.
    Unchoose(usize),
    /// Deletes the endpoint, or restores it.
    Endpoint,
}

fn act() -> impl Strategy<Value = Act> {
    let which = 0..8_usize;
    prop_oneof![
        3 => (which.clone(), any::<u8>()).prop_map(|(card, text)| Act::Type(card, text)),
        2 => which.clone().prop_map(Act::Attach),
        1 => which.clone().prop_map(Act::Detach),
        2 => which.clone().prop_map(Act::Toggle),
        4 => which.clone().prop_map(Act::Send),
        1 => which.clone().prop_map(Act::Add),
        1 => which.clone().prop_map(Act::Delete),
        3 => (which.clone(), prop::bool::weighted(0.8)).prop_map(|(n, ok)| Act::Answer(n, ok)),
        1 => Just(Act::StopAll),
        1 => which.clone().prop_map(Act::Choose),
        1 => which.prop_map(Act::Unchoose),
        1 => Just(Act::Endpoint),
    ]
}

/// A page without a browser: the chat, and the turn that each card is answering.
struct World {
    chat: Chat,
    endpoints: Endpoints,
    busy: Busy,
    answering: BTreeMap<card::Id, turn::Id>,
    /// Requests sent to each card's endpoint, in order.
    asked: BTreeMap<card::Id, Vec<turn::Id>>,
    /// Turns that wait behind a failure.
    held: BTreeSet<turn::Id>,
    ids: u64,
}

impl World {
    fn react(&mut self, event: Event) -> Vec<Effect> {
        let answering: BTreeSet<_> = self.answering.keys().copied().collect();
        let ids = &mut self.ids;
        let around = Context {
            endpoints: &self.endpoints,
            is_answering: &|card| answering.contains(&card),
            busy: self.busy,
        };
        let fresh = || {
            *ids += 1;
            turn::Id::new(*ids)
        };
        let effects = react(&mut self.chat, &around, fresh, event);
        for effect in &effects {
            if let Effect::Ask(card, turn) = effect {
                let was = self.answering.insert(*card, *turn);
                assert_eq!(was, None, "a card is asked one thing at a time");
                let asked = self.asked.entry(*card).or_default();
                assert!(asked.iter().all(|before| before < turn), "out of order");
                asked.push(*turn);
            }
        }
        effects
    }

    /// Holds a card's queued turns for the user, except those that wait for a model.
    fn hold(&mut self, card: card::Id) {
        if let Some(card) = self.chat.card(card) {
            let unanswered = card.turns.iter().filter(|turn| turn.answer.is_none());
            let held = unanswered.filter(|turn| !turn.waits).map(|turn| turn.id);
            self.held.extend(held);
        }
    }

    fn end(&mut self, card: card::Id, is_well: bool) {
        let Some(turn) = self.answering.remove(&card) else {
            return;
        };
        if let Some(turn) = self.chat.turn_mut(card, turn) {
            turn.receive(answer("text", Outcome::Complete));
        }
        // An answer that ends while its card has no model holds its queue, too.
        let has_model = self
            .chat
            .card(card)
            .is_none_or(|card| card.target(&self.endpoints).is_some());
        if !is_well || !has_model {
            self.hold(card);
        }
        self.react(Event::Ended {
            card,
            turn,
            continues: is_well,
        });
    }

    fn act(&mut self, act: &Act) {
        let before = self.chat.clone();
        let nth = |n: usize| before.cards[n % before.cards.len()].id;
        let (actor, effects) = match *act {
            Act::Type(n, text) => {
                let card = nth(n);
                let text = format!("{text}");
                let effects = self.react(Event::Typed(card, text.clone()));
                let attached = &draft(&before, card).attachments;
                let now = draft(&self.chat, card);
                assert_eq!((&now.text, &now.attachments), (&text, attached));
                (card, effects)
            }
            Act::Attach(n) => {
                let card = nth(n);
                self.ids += 1;
                let attachment = attachment(self.ids);
                let effects = self.react(Event::Attached(card, attachment.clone()));
                let mut expected = draft(&before, card).clone();
                expected.attach(attachment);
                assert_eq!(draft(&self.chat, card), &expected);
                (card, effects)
            }
            Act::Detach(n) => {
                let card = nth(n);
                let mut expected = draft(&before, card).clone();
                let first = expected.attachments.first().map(|first| first.id);
                let Some(first) = first else { return };
                expected.detach(first);
                let effects = self.react(Event::Detached(card, first));
                assert_eq!(draft(&self.chat, card), &expected);
                (card, effects)
            }
            Act::Toggle(n) => (nth(n), self.react(Event::Toggled(nth(n)))),
            Act::Send(n) => {
                let card = nth(n);
                let effects = self.react(Event::Sent(card));
                self.check_send(&before, card);
                (card, effects)
            }
            Act::Add(n) => {
                let beside = nth(n);
                self.ids += 1;
                let id = id(self.ids);
                if before.cards.len() < 8 {
                    self.react(Event::Added { beside, id });
                }
                (id, Vec::new())
            }
            Act::Delete(n) => {
                let card = nth(n);
                let effects = self.react(Event::Deleted(card));
                if self.chat.card(card).is_none() {
                    self.answering.remove(&card);
                }
                (card, effects)
            }
            Act::Answer(n, is_well) => {
                let card = nth(n);
                self.end(card, is_well);
                (card, Vec::new())
            }
            Act::StopAll => {
                let cards: Vec<_> = self.answering.keys().copied().collect();
                for card in cards {
                    self.answering.remove(&card);
                    self.hold(card);
                }
                (nth(0), Vec::new())
            }
            Act::Unchoose(n) => {
                let card = nth(n);
                let found = self.chat.cards.iter_mut().find(|found| found.id == card);
                found.unwrap().model = None;
                (card, Vec::new())
            }
            Act::Endpoint => {
                if self.endpoints.list.is_empty() {
                    self.endpoints = endpoints();
                    let cards: Vec<_> = before.cards.iter().map(|card| card.id).collect();
                    for card in cards {
                        self.react(Event::Ready(card));
                    }
                    // Each card gets its own turns: nothing to compare below.
                    return;
                }
                self.endpoints.list.clear();
                (nth(0), Vec::new())
            }
            Act::Choose(n) => {
                let card = nth(n);
                let chosen = self.chat.cards.iter_mut().find(|found| found.id == card);
                if chosen.unwrap().model.replace("m".into()).is_none() {
                    self.react(Event::Ready(card));
                }
                (card, Vec::new())
            }
        };
        // No action on a card sends, changes or clears another card that is not synced.
        for card in before
            .cards
            .iter()
            .filter(|card| !card.synced && card.id != actor)
        {
            assert_eq!(self.chat.card(card.id), Some(card), "{act:?}");
            let is_asked = |effect: &Effect| matches!(effect, Effect::Ask(id, _) if *id == card.id);
            assert!(!effects.iter().any(is_asked), "{act:?}");
        }
        if !before.card(actor).is_some_and(|card| card.synced) && !matches!(act, Act::Toggle(_)) {
            assert_eq!(self.chat.draft, before.draft, "{act:?}");
        }
    }

    /// Checks that each card sharing the input gets the text and attachments exactly once, after
    /// its earlier turns.
    fn check_send(&self, before: &Chat, from: card::Id) {
        let sent = draft(before, from);
        let able = |card: &Card| card.target(&self.endpoints).is_some();
        let anyone = sharers(before, from).any(able) && !sent.is_blank();
        for card in sharers(before, from).filter(|_| self.busy == Busy::Queue) {
            let after = &self.chat.card(card.id).unwrap().turns;
            assert_eq!(after.len(), card.turns.len() + usize::from(anyone));
            assert_eq!(after[..card.turns.len()], card.turns);
            if anyone {
                let last = after.last().unwrap();
                assert_eq!(
                    (&last.prompt, &last.attachments),
                    (&sent.text, &sent.attachments)
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// The invariant of the common input, for any sequence of user and endpoint actions.
    #[test]
    fn every_card_gets_its_own_and_nothing_else(
        acts in prop::collection::vec(act(), 1..40),
        skips: bool,
    ) {
        let mut world = World {
            chat: chat("", &["s", "s", "u", "s-"]),
            endpoints: endpoints(),
            busy: if skips { Busy::Skip } else { Busy::Queue },
            answering: BTreeMap::new(),
            asked: BTreeMap::new(),
            held: BTreeSet::new(),
            ids: 100,
        };
        for act in &acts {
            world.act(act);
        }
        // Once everything is answered, every turn of a card with a model was sent, except turns
        // that wait behind a failure.
        if world.endpoints.list.is_empty() {
            world.act(&Act::Endpoint);
        }
        while let Some(card) = world.answering.keys().next().copied() {
            world.end(card, true);
        }
        let endpoints = world.endpoints.clone();
        for card in world.chat.cards.iter().filter(|card| card.target(&endpoints).is_some()) {
            let asked = world.asked.remove(&card.id).unwrap_or_default();
            let mut due = card.turns.iter().map(|turn| turn.id);
            prop_assert!(due.all(|turn| asked.contains(&turn) || world.held.contains(&turn)));
        }
    }
}
