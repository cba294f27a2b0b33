use proptest::prelude::*;

use super::*;
use crate::chat::{self, turn::tests::answer};

/// A change to a chat: its kind, its place and its value.
type Step = (u8, usize, u64);

fn step() -> impl Strategy<Value = Step> {
    (0..14_u8, 0..4_usize, 0..40_u64)
}

/// Builds two cards with two turns each.
fn chat() -> Chat {
    let card = |id: u64| Card {
        turns: (0..2).map(|n| asked(id * 10 + n)).collect(),
        ..Card::new(id.into())
    };
    Chat::new(chat::Id::new(1), vec![card(1), card(2)])
}

fn asked(id: u64) -> Turn {
    Turn::new(id.into(), format!("question {id}"))
}

/// Applies a step and stamps it. New elements have identifiers that no other copy draws.
fn apply(chat: &mut Chat, (what, place, value): Step, fresh: u64) {
    let before = chat.clone();
    let card = place % chat.cards.len();
    let words = format!("words {value}");
    match what {
        0 => chat.title = words,
        1 => chat.pinned = !chat.pinned,
        2 => chat.draft = Draft::from(&*words),
        3 => chat.cards.push(Card::new(fresh.into())),
        4 if chat.cards.len() > 1 => _ = chat.cards.remove(card),
        5 => chat.cards.rotate_left(1),
        6 => chat.cards[card].model = Some(words),
        7 => chat.cards[card].draft = Draft::from(&*words),
        8 => chat.cards[card].turns.push(asked(fresh)),
        _ => {
            let turns = &mut chat.cards[card].turns;
            if turns.is_empty() {
                return;
            }
            let turn = usize::try_from(value).unwrap() % turns.len();
            match what {
                9 => _ = turns.remove(turn),
                10 => turns[turn].show_variant(value % 2 == 0),
                11 => turns.clear(),
                12 => {
                    if let Some(answer) = &mut turns[turn].answer {
                        answer.text.push_str(" and more");
                    }
                }
                _ => turns[turn].receive(Answer {
                    id: fresh.into(),
                    ..answer(&words, Outcome::Complete)
                }),
            }
        }
    }
    chat.stamp(&before, fresh);
}

/// Returns all turns and their answers, regardless of order.
fn said(chat: &Chat) -> Vec<(u64, Vec<u64>)> {
    let turns = chat.cards.iter().flat_map(|card| &card.turns);
    let mut said: Vec<_> = turns
        .map(|turn| {
            let mut answers: Vec<_> = turn.answers().map(|answer| answer.id.bits()).collect();
            answers.sort_unstable();
            (turn.id.bits(), answers)
        })
        .collect();
    said.sort_unstable();
    said
}

proptest! {
    #[test]
    fn it_does_not_matter_which_is_merged_into_which(
        common in prop::collection::vec(step(), 0..8),
        mine in prop::collection::vec(step(), 0..8),
        theirs in prop::collection::vec(step(), 0..8),
    ) {
        let mut fresh = 1000;
        let mut run = |chat: &Chat, steps: &[Step]| {
            let mut chat = chat.clone();
            for step in steps {
                fresh += 1;
                apply(&mut chat, *step, fresh);
            }
            chat
        };
        let common = run(&chat(), &common);
        let (one, other) = (run(&common, &mine), run(&common, &theirs));
        // A copy that continues another already has all of it.
        prop_assert_eq!(&merge(common.clone(), one.clone()), &one);
        prop_assert_eq!(&merge(one.clone(), common.clone()), &one);
        let merged = merge(one.clone(), other.clone());
        prop_assert_eq!(&merge(other.clone(), one.clone()), &merged);
        prop_assert_eq!(&merge(merged.clone(), one.clone()), &merged);
        prop_assert_eq!(&merge(other.clone(), merged.clone()), &merged);
        prop_assert!(!merged.cards.is_empty());
        // Nothing is lost but what one copy has removed.
        let (before, union) = (said(&common), said(&merged));
        for (mine, theirs) in [(&one, &other), (&other, &one)] {
            let theirs = said(theirs);
            for (turn, answers) in said(mine) {
                let has = |list: &[(u64, Vec<u64>)]| list.iter().any(|(id, _)| *id == turn);
                let found = union.iter().find(|(id, _)| *id == turn);
                // A turn that was there before and is gone, or whose card is.
                let removed = has(&before) && !has(&theirs);
                let card_of = |chat: &Chat| {
                    let cards = chat.cards.iter();
                    cards.clone().find(|card| card.turn(turn.into()).is_some()).map(|card| card.id)
                };
                let card = card_of(mine).unwrap();
                if removed || merged.card(card).is_none() {
                    continue;
                }
                let found = found.expect("a turn that nobody has removed");
                for answer in answers {
                    prop_assert!(found.1.contains(&answer));
                }
            }
        }
    }

    #[test]
    fn stamps_read_back(parts in prop::collection::vec((0..7_u8, any::<u64>(), any::<u32>()), 0..9)) {
        let mut stamps = Stamps::default();
        for (part, id, at) in parts {
            let part = match part {
                0 => Part::Head,
                1 => Part::Draft,
                2 => Part::Card(id.into()),
                3 => Part::CardDraft(id.into()),
                4 => Part::Variant(id.into()),
                5 => Part::Gone(id),
                _ => Part::Back(id),
            };
            stamps.set(part, at.into());
        }
        let text = serde_json::to_string(&stamps).unwrap();
        prop_assert_eq!(crate::json::read::<Stamps>(&text).unwrap(), stamps);
    }
}

#[test]
fn what_was_removed_and_put_back_is_there() {
    let before = chat();
    let mut removed = before.clone();
    let turn = removed.cards[0].turns.remove(0);
    removed.stamp(&before, 10);
    assert_eq!(merge(before.clone(), removed.clone()), removed);
    let mut back = removed.clone();
    back.cards[0].turns.insert(0, turn);
    back.stamp(&removed, 11);
    assert_eq!(merge(removed, back.clone()), back);
    assert_eq!(merge(back.clone(), before), back);
}

#[test]
fn the_longer_copy_of_an_answer_holds() {
    #[track_caller]
    fn check(mine: (&str, Outcome), theirs: (&str, Outcome), expected: &str) {
        let chat = |(text, outcome)| {
            let mut chat = chat();
            chat.cards[0].turns[0].receive(answer(text, outcome));
            chat
        };
        let merged = merge(chat(mine), chat(theirs));
        let turn = &merged.cards[0].turns[0];
        assert_eq!(turn.variant(), (1, 1));
        let answer = turn.answer.as_ref().unwrap();
        assert_eq!(format!("{} {:?}", answer.text, answer.outcome), expected);
    }
    use Outcome::{Complete, Interrupted, Stopped};
    check(("ab", Interrupted), ("abc", Interrupted), "abc Interrupted");
    check(("abc", Interrupted), ("abc", Complete), "abc Complete");
    check(("abc", Stopped), ("abcd", Interrupted), "abcd Interrupted");
}

#[test]
fn what_is_typed_in_two_tabs_is_joined() {
    #[track_caller]
    fn check(mine: &str, theirs: &str, expected: &str) {
        assert_eq!(join(&mine.into(), &theirs.into()).text, expected);
    }
    check("", "theirs", "theirs");
    check("mine", "", "mine");
    check("mine goes on", "mine", "mine goes on");
    check("mine", "mine goes on", "mine goes on");
    check("하나", "둘", "둘\n하나");
}
