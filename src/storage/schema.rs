//! The keys and the small values of the storage. A chat and the endpoints are stored as they are.

use serde::{Deserialize, Serialize};

use crate::chat;

/// What a key holds. The version in it is the schema's: values of another version have other keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// [`Index`]
    Index,
    /// [`crate::endpoint::Endpoints`]
    Endpoints,
    /// [`Settings`]
    Settings,
    /// [`crate::chat::Chat`]
    Chat(chat::Id),
}

const PREFIX: &str = "collate.v1.";

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index => write!(f, "{PREFIX}index"),
            Self::Endpoints => write!(f, "{PREFIX}endpoints"),
            Self::Settings => write!(f, "{PREFIX}settings"),
            Self::Chat(id) => write!(f, "{PREFIX}chat.{id}"),
        }
    }
}

impl Key {
    /// Reads a key, if it is one of ours.
    pub fn parse(key: &str) -> Option<Self> {
        match key.strip_prefix(PREFIX)? {
            "index" => Some(Self::Index),
            "endpoints" => Some(Self::Endpoints),
            "settings" => Some(Self::Settings),
            other => {
                let id = other.strip_prefix("chat.")?;
                serde_json::from_value(id.into()).ok().map(Self::Chat)
            }
        }
    }
}

/// Which chats are stored, the one that was used last first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Each once.
    pub chats: Vec<chat::Id>,
}

impl Index {
    /// The index with this chat first, or None when it already is.
    pub fn with_first(mut self, id: chat::Id) -> Option<Self> {
        if self.chats.first() == Some(&id) {
            return None;
        }
        self.chats.retain(|&other| other != id);
        self.chats.insert(0, id);
        Some(self)
    }
}

/// What the reader has set for the whole page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The language as a BCP 47 tag; None follows the browser.
    #[serde(default)]
    pub locale: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat::{Answer, Card, Chat, Outcome, Turn, card, turn},
        endpoint::{self, BaseUrl, Endpoint, Endpoints, Token},
        openai::Error,
    };
    use proptest::prelude::*;

    #[test]
    fn keys_read_back() {
        #[track_caller]
        fn check(key: Key, expected: &str) {
            assert_eq!(key.to_string(), expected);
            assert_eq!(Key::parse(expected), Some(key));
        }
        check(Key::Index, "collate.v1.index");
        check(Key::Endpoints, "collate.v1.endpoints");
        check(Key::Settings, "collate.v1.settings");
        check(
            Key::Chat(chat::Id::new(0xab)),
            "collate.v1.chat.00000000000000ab",
        );
        for other in ["collate.v2.index", "collate.v1.chat.xyz", "index", ""] {
            assert_eq!(Key::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_index_leads_with_the_last_used() {
        #[track_caller]
        fn check(before: &[u64], used: u64, expected: Option<&[u64]>) {
            let index = |ids: &[u64]| Index {
                chats: ids.iter().copied().map(chat::Id::new).collect(),
            };
            assert_eq!(
                index(before).with_first(chat::Id::new(used)),
                expected.map(index)
            );
        }
        check(&[], 1, Some(&[1]));
        check(&[1, 2], 1, None);
        check(&[1, 2, 3], 3, Some(&[3, 1, 2]));
    }

    #[test]
    fn a_chat_of_version_1_is_read() {
        let chat: Chat = serde_json::from_str(include_str!("../../tests/storage/v1-chat.json"))
            .expect("the fixture is a chat");
        assert_eq!(chat.cards.len(), 2);
        assert_eq!(chat.cards[0].turns[0].prompt, "안녕하세요");
        assert_eq!(
            chat.cards[1].turns[0].answer.as_ref().unwrap().outcome,
            Outcome::Stopped
        );
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Complete),
            Just(Outcome::Length),
            Just(Outcome::Filtered),
            Just(Outcome::Stopped),
            Just(Outcome::Interrupted),
            Just(Outcome::Failed(Error::CutOff)),
            Just(Outcome::Failed(Error::Unreachable)),
            (any::<u16>(), any::<String>())
                .prop_map(|(status, message)| Outcome::Failed(Error::Refused { status, message })),
        ]
    }

    prop_compose! {
        fn a_turn()(
            id: u64,
            prompt: String,
            answer in prop::option::of((any::<String>(), any::<String>(), outcome())),
        ) -> Turn {
            let answer = answer.map(|(model, text, outcome)| Answer { model, text, outcome });
            Turn { id: turn::Id::new(id), prompt, answer }
        }
    }

    prop_compose! {
        fn a_card()(
            id: u64,
            endpoint: Option<u64>,
            model: Option<String>,
            synced: bool,
            draft: String,
            turns in prop::collection::vec(a_turn(), 0..4),
        ) -> Card {
            let endpoint = endpoint.map(endpoint::Id::new);
            Card { id: card::Id::new(id), endpoint, model, synced, draft, turns }
        }
    }

    proptest! {
        #[test]
        fn save_then_load_is_identity(
            id: u64,
            draft: String,
            cards in prop::collection::vec(a_card(), 1..4),
        ) {
            let chat = Chat { id: chat::Id::new(id), draft, cards };
            let text = serde_json::to_string(&chat).unwrap();
            prop_assert_eq!(serde_json::from_str::<Chat>(&text).unwrap(), chat);
        }
    }

    #[test]
    fn endpoints_read_back() {
        let list = vec![Endpoint {
            id: endpoint::Id::new(1),
            name: "로컬".into(),
            base_url: BaseUrl::parse("http://127.0.0.1:8081/v1").unwrap(),
            token: Token::parse("sk-test").unwrap(),
        }];
        let endpoints = Endpoints { list };
        let text = serde_json::to_string(&endpoints).unwrap();
        assert_eq!(serde_json::from_str::<Endpoints>(&text).unwrap(), endpoints);
    }
}
