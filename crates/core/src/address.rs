//! Parses the page's address: a stored chat, or a new one with these cards.

use crate::chat;

/// Target of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `/`: a new chat, with a card per requested model, or one like the last.
    New(Vec<Wanted>),
    /// `/chat/{id}`: a stored chat.
    Chat(chat::Id),
    /// Unknown path.
    Nowhere,
}

/// Endpoint and model requested for a card of a new chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Name or base URL of a saved endpoint, or a base URL that is not saved.
    pub endpoint: Option<String>,
    /// Model id.
    pub model: Option<String>,
}

impl Address {
    /// Parses a path and the fields of a query. `endpoint` starts a card, and so does a second
    /// `model` of one endpoint. Any other field is ignored: above all, a token is never read.
    pub fn parse(path: &str, query: impl IntoIterator<Item = (String, String)>) -> Self {
        let path = path.trim_end_matches('/');
        if let Some(id) = path.strip_prefix("/chat/") {
            return id.parse().map_or(Self::Nowhere, Self::Chat);
        }
        if !path.is_empty() {
            return Self::Nowhere;
        }
        let mut cards: Vec<Wanted> = Vec::new();
        for (field, value) in query {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match &*field {
                "endpoint" => cards.push(Wanted {
                    endpoint: value,
                    model: None,
                }),
                "model" => match cards.last_mut() {
                    Some(card) if card.model.is_none() => card.model = value,
                    last => {
                        let endpoint = last.and_then(|card| card.endpoint.clone());
                        cards.push(Wanted {
                            endpoint,
                            model: value,
                        });
                    }
                },
                _ => {}
            }
        }
        Self::New(cards)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chat(id) => write!(f, "/chat/{id}"),
            Self::New(_) | Self::Nowhere => f.write_str("/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_chat_or_a_new_one() {
        #[track_caller]
        fn check(path: &str, expected: Address) {
            assert_eq!(Address::parse(path, []), expected);
        }
        let chat = Address::Chat(chat::Id::new(0xab));
        assert_eq!(chat.to_string(), "/chat/00000000000000ab");
        check("/chat/00000000000000ab", chat.clone());
        check("/chat/00000000000000ab/", chat);
        check("/", Address::New(vec![]));
        check("", Address::New(vec![]));
        check("/chat/xyz", Address::Nowhere);
        check("/chat", Address::Nowhere);
        check("/about", Address::Nowhere);
    }

    #[test]
    fn a_query_wants_cards() {
        #[track_caller]
        fn check(query: &[(&str, &str)], expected: &[(&str, &str)]) {
            let fields = query
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()));
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let expected = expected.iter().map(|(endpoint, model)| Wanted {
                endpoint: some(endpoint),
                model: some(model),
            });
            assert_eq!(
                Address::parse("/", fields),
                Address::New(expected.collect())
            );
        }
        check(&[], &[]);
        check(&[("endpoint", "a"), ("model", "x")], &[("a", "x")]);
        check(
            &[("model", "x"), ("endpoint", "a")],
            &[("", "x"), ("a", "")],
        );
        check(
            &[
                ("endpoint", "a"),
                ("model", "x"),
                ("model", "y"),
                ("endpoint", "b"),
                ("model", "z"),
            ],
            &[("a", "x"), ("a", "y"), ("b", "z")],
        );
        check(&[("model", "x"), ("model", "y")], &[("", "x"), ("", "y")]);
        check(&[("endpoint", "a"), ("token", "secret")], &[("a", "")]);
        check(&[("endpoint", " ")], &[("", "")]);
    }
}
