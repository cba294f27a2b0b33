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

/// Builds two cards with two answered turns each: 10 and 11, 20 and 21.
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

/// Deletes a card through the input's reducer.
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
    fn check(remove: impl FnOnce(&mut Chat) -> Option<Removed>, card: card::Id, parts: &[Part]) {
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
    // If there is another draft by now, the old one waits in the card.
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
