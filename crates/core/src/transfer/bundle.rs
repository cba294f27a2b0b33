//! Our own format: chats and their dependencies, exactly as stored. docs/export.md describes it.

use serde::{Deserialize, Serialize};

use crate::{
    chat::{Chat, attachment},
    endpoint::{self, BaseUrl, Endpoint},
};

/// Value of `format` at the top level.
pub const FORMAT: &str = "collate";

/// Version written. A file of a later version is rejected.
pub const VERSION: u64 = 1;

/// Content of an export or import file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bundle {
    /// Chats as stored.
    pub chats: Vec<Chat>,
    /// Endpoints that the cards refer to.
    pub endpoints: Vec<SharedEndpoint>,
    /// Contents of the chats' attachments. Written in the order of the identifiers, each once.
    pub contents: Vec<(attachment::Id, Content)>,
}

/// Content of an attachment as sent: a data URL for an image, else the text.
pub type Content = String;

/// An endpoint without the token, for another browser. It has no field for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedEndpoint {
    /// Reference for cards.
    pub id: endpoint::Id,
    /// The user's name for it.
    pub name: String,
    /// Start of its paths.
    pub base_url: BaseUrl,
}

impl From<&Endpoint> for SharedEndpoint {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            id: endpoint.id,
            name: endpoint.name.clone(),
            base_url: endpoint.base_url.clone(),
        }
    }
}

impl Bundle {
    /// Serializes the file as JSON, indented for people.
    pub fn to_json(&self) -> String {
        let list = |values: Vec<String>| format!("[{}]", values.join(","));
        let mut contents = Vec::<&(attachment::Id, Content)>::new();
        for content in &self.contents {
            if let Err(place) = contents.binary_search_by_key(&content.0, |(id, _)| *id) {
                contents.insert(place, content);
            }
        }
        let contents = contents.into_iter();
        let contents: Vec<_> = contents
            .map(|(id, content)| format!("\"{id}\":{}", json(content)))
            .collect();
        indented(&format!(
            "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},\"chats\":{},\"endpoints\":{},\"contents\":{{{}}}}}",
            list(self.chats.iter().map(json).collect()),
            list(self.endpoints.iter().map(json).collect()),
            contents.join(",")
        ))
    }
}

fn json<T: Serialize>(value: &T) -> String {
    // Strings, numbers and lists of them always serialize.
    serde_json::to_string(value).unwrap_or_default()
}

/// Indents JSON by two spaces per level, with a line for each value. It works on text: serde's
/// pretty printer would be compiled again for each type of a chat.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let mut depth = 0;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = json;
    while let Some(place) = rest.find(['"', '[', '{', ']', '}', ',', ':']) {
        let mark = rest.as_bytes()[place];
        out.push_str(&rest[..place]);
        rest = &rest[place..];
        let mut length = 1;
        match mark {
            b'"' => {
                length = end_of_string(rest);
                out.push_str(&rest[..length]);
            }
            b':' => out.push_str(": "),
            b',' => {
                out.push(',');
                line(&mut out, depth);
            }
            b'[' | b'{' if rest[1..].starts_with([']', '}']) => {
                length = 2;
                out.push_str(&rest[..length]);
            }
            b'[' | b'{' => {
                out.push(char::from(mark));
                depth += 1;
                line(&mut out, depth);
            }
            _ => {
                depth -= 1;
                line(&mut out, depth);
                out.push(char::from(mark));
            }
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out.push('\n');
    out
}

/// Returns the length of the string at the start, including quotation marks.
pub(super) fn end_of_string(json: &str) -> usize {
    let mut escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        chat::{
            self, Answer, Attachment, Card, Draft, Extra, Failure, Metrics, Outcome, Params, Turn,
            answer,
            attachment::Kind,
            card,
            params::{Param, Setting},
            turn,
        },
        endpoint::Token,
        transfer::{Format, read},
    };

    fn outcome() -> impl Strategy<Value = Outcome> {
        let refused = (any::<u16>(), any::<String>());
        prop_oneof![
            Just(Outcome::Complete),
            Just(Outcome::Length),
            Just(Outcome::Stopped),
            Just(Outcome::Failed(Failure::CutOff)),
            refused.prop_map(|(status, message)| {
                Outcome::Failed(Failure::Refused {
                    status,
                    message,
                    retry_after: None,
                })
            }),
        ]
    }

    fn attachments() -> impl Strategy<Value = Vec<Attachment>> {
        let image = |(width, height)| Kind::Image {
            width,
            height,
            original: None,
        };
        let kind = prop_oneof![
            Just(Kind::Text),
            any::<u32>().prop_map(|pages| Kind::Pdf {
                pages,
                unread: None
            }),
            any::<(u32, u32)>().prop_map(image),
        ];
        let attachment = (any::<(u64, String, u32)>(), kind);
        let attachment = attachment.prop_map(|((id, name, bytes), kind)| Attachment {
            id: id.into(),
            name,
            kind,
            bytes,
        });
        prop::collection::vec(attachment, 0..3)
    }

    fn extras() -> impl Strategy<Value = Vec<Extra>> {
        use crate::chat::extra::Kind::{Picture, Refusal, Sound, Source, Tool, Unknown};
        let kinds = [Picture, Sound, Source, Tool, Refusal, Unknown];
        let parts = (0..kinds.len(), any::<(String, String)>(), attachments());
        let extra = parts.prop_map(move |(kind, (name, content), mut stored)| Extra {
            content,
            stored: stored.pop(),
            ..Extra::new(kinds[kind], &name)
        });
        prop::collection::vec(extra, 0..3)
    }

    prop_compose! {
        fn an_answer()(
            id: u64,
            (model, text, reasoning, finish) in any::<(String, String, String, String)>(),
            extras in extras(),
            (first_token, speed, input, output) in any::<(Option<u32>, Option<u32>, Option<u32>, Option<u32>)>(),
            outcome in outcome(),
        ) -> Answer {
            let metrics = Metrics { first_token, input, output, speed, ..Metrics::default() };
            Answer { id: answer::Id::new(id), model, text, reasoning, extras, finish, metrics, outcome }
        }
    }

    prop_compose! {
        fn a_turn()(
            (prompt, waits) in any::<(String, bool)>(),
            attachments in attachments(),
            answers in prop::collection::vec(an_answer(), 0..4),
            back: bool,
        ) -> Turn {
            let mut turn = Turn { attachments, waits, ..Turn::new(turn::Id::new(0), prompt) };
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
        fn a_card()(
            endpoint: Option<u64>,
            model: Option<String>,
            (name, system, colour, synced) in any::<(String, String, u8, bool)>(),
            (draft, attachments) in (any::<String>(), attachments()),
            in_use: bool,
            (temperature, stop) in any::<(i32, String)>(),
            turns in prop::collection::vec(a_turn(), 0..4),
        ) -> Card {
            let mut params = Params { in_use, ..Params::default() };
            params.set(Param::Temperature, Setting { is_on: true, value: temperature.into() });
            params.set(Param::Stop, Setting { is_on: true, value: stop.into() });
            let endpoint = endpoint.map(endpoint::Id::new);
            let id = card::Id::new(0);
            let draft = Draft { text: draft, attachments };
            let mut card = Card { id, endpoint, model, name, colour, system, params, synced, draft, turns };
            for (turn, id) in card.turns.iter_mut().zip(1..) {
                turn.id = turn::Id::new(id);
            }
            card
        }
    }

    prop_compose! {
        /// Generates a chat, with identifiers like a real one's.
        pub fn a_chat()(
            (title, draft, pinned) in any::<(String, String, bool)>(),
            tags in prop::collection::vec(any::<String>(), 0..3),
            used in 0..=u32::MAX,
            cards in prop::collection::vec(a_card(), 1..4),
        ) -> Chat {
            let mut chat = Chat {
                title,
                used: used.into(),
                pinned,
                tags,
                draft: (&*draft).into(),
                ..Chat::new(chat::Id::new(0), cards)
            };
            for (card, id) in chat.cards.iter_mut().zip(1..) {
                card.id = card::Id::new(id);
            }
            chat
        }
    }

    fn server(id: u64, name: String) -> SharedEndpoint {
        SharedEndpoint {
            id: id.into(),
            name,
            base_url: BaseUrl::parse("http://127.0.0.1:8081/v1").unwrap(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn write_then_read_is_identity(
            chats in prop::collection::vec(a_chat(), 0..4),
            names in prop::collection::vec(any::<String>(), 0..3),
            contents in prop::collection::btree_map(any::<u64>(), any::<String>(), 1..4),
        ) {
            let mut bundle = Bundle {
                chats,
                endpoints: names.into_iter().zip(1..).map(|(name, id)| server(id, name)).collect(),
                contents: contents.into_iter().map(|(id, content)| (id.into(), content)).collect(),
            };
            for (chat, id) in bundle.chats.iter_mut().zip(1..) {
                chat.id = chat::Id::new(id);
            }
            let import = read(&bundle.to_json()).unwrap();
            prop_assert_eq!(import.from, Format::Collate);
            prop_assert_eq!(import.skipped, vec![]);
            let Bundle { chats, endpoints, contents } = bundle;
            prop_assert_eq!((import.chats, import.endpoints, import.contents), (chats, endpoints, contents));
        }
    }

    #[test]
    fn no_token_leaves_the_page() {
        let endpoint = Endpoint {
            one_at_a_time: false,
            id: endpoint::Id::new(1),
            name: "로컬".into(),
            base_url: BaseUrl::parse("http://127.0.0.1:8081/v1").unwrap(),
            token: Token::parse("sk-secret").unwrap(),
            learned: endpoint::Learned::default(),
            keep: endpoint::TokenStorage::Browser,
        };
        let bundle = Bundle {
            endpoints: vec![(&endpoint).into()],
            ..Bundle::default()
        };
        let json = bundle.to_json();
        assert!(json.contains("로컬"));
        assert!(
            !json.contains("secret") && !json.contains("token"),
            "{json}"
        );
    }

    #[test]
    fn the_file_can_be_read_by_people() {
        #[track_caller]
        fn check(json: &str, expected: &str) {
            assert_eq!(indented(json), expected);
            let parse = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(parse(json), parse(expected));
        }
        check("[]", "[]\n");
        check("{\"a\":1.5}", "{\n  \"a\": 1.5\n}\n");
        check(
            r#"{"a":[],"b":[{},true,"x,\\\"{가"]}"#,
            "{\n  \"a\": [],\n  \"b\": [\n    {},\n    true,\n    \"x,\\\\\\\"{가\"\n  ]\n}\n",
        );
    }
}
