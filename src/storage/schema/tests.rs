use super::*;
use crate::{
    chat::{
        Answer, Attachment, Card, Chat, Draft, Metrics, Outcome, Params, Turn, answer,
        attachment::{self, Kind, Original},
        card,
        params::{Param, Setting},
        turn,
    },
    endpoint::{BaseUrl, Endpoint, Endpoints, Token},
    openai::Failure,
};
use proptest::prelude::*;

#[test]
fn keys_read_back() {
    #[track_caller]
    fn check(key: Key, expected: &str) {
        assert_eq!(key.to_string(), expected);
        assert_eq!(Key::parse(expected), Some(key));
    }
    check(Key::Recent, "collate.v2.recent");
    check(Key::Endpoints, "collate.v2.endpoints");
    check(Key::Settings, "collate.v2.settings");
    check(Key::Vault, "collate.v2.vault");
    check(Key::Orphans, "collate.v2.orphans");
    check(
        Key::Chat(chat::Id::new(0xab)),
        "collate.v2.chat.00000000000000ab",
    );
    check(
        Key::Entry(chat::Id::new(0xab)),
        "collate.v2.entry.00000000000000ab",
    );
    for other in [
        "collate.v1.recent",
        "collate.v3.recent",
        "collate.v2.chat.xyz",
        "collate.v2.chat",
        "recent",
        "",
    ] {
        assert_eq!(Key::parse(other), None, "{other}");
    }
}

#[test]
fn the_last_used_model_comes_first() {
    #[track_caller]
    fn check(noted: &[(u64, &str)], of: u64, expected: &[&str]) {
        let mut recent = Recent::default();
        for &(endpoint, model) in noted {
            recent.note(Used {
                endpoint: endpoint::Id::new(endpoint),
                model: model.into(),
            });
        }
        let found: Vec<_> = recent.of(endpoint::Id::new(of)).collect();
        assert_eq!(found, expected);
    }
    check(&[], 1, &[]);
    check(&[(1, "a"), (2, "x"), (1, "b")], 1, &["b", "a"]);
    check(&[(1, "a"), (1, "b"), (1, "a")], 1, &["a", "b"]);
}

#[test]
fn a_chat_of_version_1_is_read() {
    let chat: Chat = serde_json::from_str(include_str!("../../../tests/storage/v1-chat.json"))
        .expect("the fixture is a chat");
    assert_eq!(chat.cards.len(), 2);
    assert_eq!(chat.cards[0].params, Params::default());
    assert_eq!(chat.cards[0].turns[0].prompt, "안녕하세요");
    assert_eq!(
        chat.cards[1].turns[0].answer.as_ref().unwrap().outcome,
        Outcome::Stopped
    );
}

#[test]
fn a_chat_of_version_2_is_read_and_written_as_it_is() {
    let text = include_str!("../../../tests/storage/v2-chat.json");
    let chat = Chat::read(text).expect("the fixture is a chat");
    assert_eq!(chat.tags, ["work", "한국어"]);
    let turn = &chat.cards[0].turns[0];
    assert_eq!(turn.variant(), (2, 3));
    assert!(chat.cards[0].params.setting(Param::TopK).is_on);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let (written, expected) = (value(&chat.text()), value(text));
    // Fields that a later version has added are kept.
    assert_eq!(
        written["cards"][0]["later_field"],
        expected["cards"][0]["later_field"]
    );
    assert_eq!(written["stamps"], expected["stamps"]);
    assert_eq!(Chat::read(&chat.text()), Some(chat.clone()));
    let packed = crate::compression::compress(&chat.text());
    assert_eq!(crate::compression::decompress(&packed), Some(chat.text()));
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Complete),
        Just(Outcome::Length),
        Just(Outcome::Filtered),
        Just(Outcome::Stopped),
        Just(Outcome::Interrupted),
        Just(Outcome::Failed(Failure::CutOff)),
        Just(Outcome::Failed(Failure::Unreachable)),
        (any::<u16>(), any::<String>()).prop_map(|(status, message)| Outcome::Failed(
            Failure::Refused {
                status,
                message,
                retry_after: None,
            }
        )),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let original = any::<(u32, u32, u32)>();
    let original = original.prop_map(|(width, height, bytes)| Original {
        width,
        height,
        bytes,
    });
    let image = (any::<(u32, u32)>(), prop::option::of(original));
    prop_oneof![
        Just(Kind::Text),
        any::<u32>().prop_map(|pages| Kind::Pdf {
            pages,
            unread: None
        }),
        image.prop_map(|((width, height), original)| Kind::Image {
            width,
            height,
            original
        }),
    ]
}

prop_compose! {
    fn an_attachment()((id, bytes) in any::<(u64, u32)>(), name: String, kind in kind()) -> Attachment {
        Attachment { id: attachment::Id::new(id), name, kind, bytes }
    }
}

fn attachments() -> impl Strategy<Value = Vec<Attachment>> {
    prop::collection::vec(an_attachment(), 0..3)
}

prop_compose! {
    fn a_draft()(text: String, attachments in attachments()) -> Draft {
        Draft { text, attachments }
    }
}

prop_compose! {
    fn a_turn()(
        id: u64,
        (prompt, waits) in any::<(String, bool)>(),
        attachments in attachments(),
        answers in prop::collection::vec(
            (
                any::<String>(),
                any::<String>(),
                any::<String>(),
                any::<(Option<u32>, Option<u32>)>(),
                outcome(),
            ),
            0..4,
        ),
        back: bool,
    ) -> Turn {
        let answers = answers.into_iter().map(|(model, text, reasoning, (speed, input), outcome)| {
            let metrics = Metrics { input, speed, ..Metrics::default() };
            Answer { id: answer::Id::new(0), model, text, reasoning, extras: Vec::new(), finish: String::new(), metrics, outcome }
        });
        let mut turn = Turn { attachments, waits, ..Turn::new(turn::Id::new(id), prompt) };
        for answer in answers {
            turn.receive(answer);
        }
        if back {
            turn.show_variant(false);
        }
        turn
    }
}

prop_compose! {
    fn params()(
        in_use: bool,
        set in prop::collection::vec((0..Param::ALL.len(), any::<bool>(), any::<i32>()), 0..4),
        text: String,
    ) -> Params {
        let mut params = Params { in_use, ..Params::default() };
        for (param, is_on, value) in set {
            params.set(Param::ALL[param], Setting { is_on, value: value.into() });
        }
        params.set(Param::Stop, Setting { is_on: true, value: text.into() });
        params
    }
}

prop_compose! {
    fn a_card()(
        id: u64,
        endpoint: Option<u64>,
        model: Option<String>,
        (name, system) in any::<(String, String)>(),
        draft in a_draft(),
        colour: u8,
        params in params(),
        synced: bool,
        turns in prop::collection::vec(a_turn(), 0..4),
    ) -> Card {
        let endpoint = endpoint.map(endpoint::Id::new);
        let id = card::Id::new(id);
        Card { id, endpoint, model, name, colour, system, params, synced, draft, turns }
    }
}

proptest! {
    #[test]
    fn save_then_load_is_identity(
        id: u64,
        title: String,
        draft in a_draft(),
        used in 0..=u32::MAX,
        cards in prop::collection::vec(a_card(), 1..4),
    ) {
        let chat = Chat { title, used: used.into(), draft, ..Chat::new(chat::Id::new(id), cards) };
        let text = serde_json::to_string(&chat).unwrap();
        prop_assert_eq!(&crate::json::read::<Chat>(&text).unwrap(), &chat);
        let text = serde_json::to_string(&chat.entry()).unwrap();
        prop_assert_eq!(crate::json::read::<chat::Entry>(&text).unwrap(), chat.entry());
    }
}

#[test]
fn endpoints_read_back() {
    let list = vec![Endpoint {
        one_at_a_time: true,
        id: endpoint::Id::new(1),
        name: "로컬".into(),
        base_url: BaseUrl::parse("http://127.0.0.1:8081/v1").unwrap(),
        token: Token::parse("sk-test").unwrap(),
        learned: endpoint::Learned::default(),
        keep: endpoint::TokenStorage::Browser,
    }];
    let endpoints = Endpoints {
        list,
        ..Endpoints::default()
    };
    let text = serde_json::to_string(&endpoints).unwrap();
    assert_eq!(crate::json::read::<Endpoints>(&text).unwrap(), endpoints);
}
