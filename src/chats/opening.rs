//! The meaning of an address: the chats it may name, the stored state of one, and the endpoints of
//! a new one's cards. Nothing here calls the browser.

use crate::{
    address::{Address, Wanted},
    chat::{self, Card, Chat, card},
    compression,
    endpoint::Endpoints,
    storage::Recent,
};

/// A possible meaning of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// The chat stored under this identifier.
    Stored(chat::Id),
    /// A new chat with these cards; without any, with one like the last.
    New(&'a [Wanted]),
}

/// Returns the possible meanings of an address; the first that exists counts. A page's first
/// address, if it names no chat, leads to the chat that the tab showed before, else to the one used
/// last.
pub fn meanings(
    address: &Address,
    is_first: bool,
    last: impl FnOnce() -> Option<chat::Id>,
) -> Vec<Meaning<'_>> {
    match address {
        Address::Chat(id) => vec![Meaning::Stored(*id)],
        Address::New(wanted) if is_first && wanted.is_empty() => {
            let last = last().map(Meaning::Stored);
            last.into_iter().chain([Meaning::New(wanted)]).collect()
        }
        Address::New(wanted) => vec![Meaning::New(wanted)],
        Address::Nowhere => Vec::new(),
    }
}

/// The stored state of a chat.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// Nothing.
    Nothing,
    /// The chat and the text it was read from.
    Chat(Box<Chat>, String),
    /// A compressed chat, without the code that decompresses it.
    Packed,
    /// An unreadable text.
    Damaged(String),
}

/// Decompresses the text of a chat; `None` if it is damaged.
pub type Decompress = fn(&str) -> Option<String>;

/// Reads a stored chat.
pub fn read(stored: Option<String>, decompress: Option<Decompress>) -> Stored {
    let Some(text) = stored else {
        return Stored::Nothing;
    };
    let chat = match (compression::is_compressed(&text), decompress) {
        (true, None) => return Stored::Packed,
        (true, Some(decompress)) => decompress(&text).and_then(|text| Chat::read(&text)),
        (false, _) => Chat::read(&text),
    };
    match chat {
        Some(chat) => Stored::Chat(Box::new(chat), text),
        None => Stored::Damaged(text),
    }
}

/// Creates a card with the requested endpoint and model, or else the last used ones. Also returns
/// whether the requested endpoint is saved.
pub fn new_card(
    id: card::Id,
    wanted: &Wanted,
    endpoints: &Endpoints,
    recent: &Recent,
) -> (Card, bool) {
    let mut used = recent.used.iter();
    let last = used.find(|used| endpoints.find(used.endpoint).is_some());
    let card = Card::new(id);
    let Some(name) = &wanted.endpoint else {
        let first = endpoints.list.first().map(|endpoint| endpoint.id);
        let endpoint = last.map(|used| used.endpoint).or(first);
        let model = wanted.model.clone();
        let model = model.or_else(|| last.map(|used| used.model.clone()));
        let card = Card {
            endpoint,
            model: model.filter(|_| endpoint.is_some()),
            ..card
        };
        return (card, endpoint.is_some() || wanted.model.is_none());
    };
    let Some(found) = endpoints.named(name) else {
        return (card, false);
    };
    let card = Card {
        endpoint: Some(found.id),
        model: wanted.model.clone(),
        ..card
    };
    (card, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        endpoint::{self, BaseUrl, Endpoint},
        storage::Used,
    };

    fn wanted(endpoint: Option<&str>, model: Option<&str>) -> Wanted {
        Wanted {
            endpoint: endpoint.map(str::to_owned),
            model: model.map(str::to_owned),
        }
    }

    #[test]
    fn an_address_leads_to_a_chat_or_a_new_one() {
        #[track_caller]
        fn check(address: &Address, is_first: bool, last: Option<u64>, expected: &[Meaning<'_>]) {
            let found = meanings(address, is_first, || last.map(chat::Id::from));
            assert_eq!(found, expected);
        }
        let stored = |id: u64| Meaning::Stored(id.into());
        let two = [wanted(Some("a"), None), wanted(Some("b"), None)];
        for is_first in [true, false] {
            for last in [None, Some(2)] {
                check(&Address::Chat(1.into()), is_first, last, &[stored(1)]);
                check(&Address::Nowhere, is_first, last, &[]);
                let named = Address::New(two.to_vec());
                check(&named, is_first, last, &[Meaning::New(&two)]);
            }
        }
        // Without a request: the chat open last, if it still exists.
        let plain = Address::New(Vec::new());
        check(&plain, true, Some(2), &[stored(2), Meaning::New(&[])]);
        check(&plain, true, None, &[Meaning::New(&[])]);
        check(&plain, false, Some(2), &[Meaning::New(&[])]);
    }

    #[test]
    fn what_is_stored_is_read_or_told_from_what_can_not_be() {
        let chat = Chat::new(7.into(), vec![Card::new(1.into())]);
        let (plain, compressed) = (chat.text(), compression::compress(&chat.text()));
        let whole = |text: &str| Stored::Chat(Box::new(chat.clone()), text.to_owned());
        for decompress in [None, Some(compression::decompress as Decompress)] {
            assert_eq!(read(None, decompress), Stored::Nothing);
            assert_eq!(read(Some(plain.clone()), decompress), whole(&plain));
            for damaged in ["", "{", "null", "[]", "{\"id\":\"7\"}"] {
                let found = read(Some(damaged.to_owned()), decompress);
                assert_eq!(found, Stored::Damaged(damaged.to_owned()));
            }
        }
        assert_eq!(read(Some(compressed.clone()), None), Stored::Packed);
        assert_eq!(
            read(Some(compressed.clone()), Some(compression::decompress)),
            whole(&compressed)
        );
        // A compressed text that lost its end.
        let mut cut: Vec<_> = compressed.chars().collect();
        cut.truncate(cut.len() / 2);
        let cut: String = cut.into_iter().collect();
        assert_eq!(read(Some(cut.clone()), None), Stored::Packed);
        assert_eq!(
            read(Some(cut.clone()), Some(compression::decompress)),
            Stored::Damaged(cut)
        );
    }

    #[test]
    fn a_new_card_talks_to_what_is_wanted_or_to_what_was_used_last() {
        #[track_caller]
        fn check(
            wanted: &Wanted,
            (endpoints, recent): (&Endpoints, &Recent),
            expected: (Option<u64>, Option<&str>, bool),
        ) {
            let (card, is_known) = new_card(5.into(), wanted, endpoints, recent);
            let (endpoint, model, expected_known) = expected;
            assert_eq!(card.id, 5.into());
            assert_eq!(card.endpoint, endpoint.map(endpoint::Id::from));
            assert_eq!((card.model.as_deref(), is_known), (model, expected_known));
        }
        let endpoint = |id: u64, name: &str| {
            let base_url = BaseUrl::parse(&format!("http://{name}/v1")).unwrap();
            Endpoint::new(id.into(), name.to_owned(), base_url)
        };
        let endpoints = Endpoints {
            list: vec![endpoint(1, "first"), endpoint(2, "second")],
            ..Endpoints::default()
        };
        let used = |id: u64, model: &str| Used {
            endpoint: id.into(),
            model: model.to_owned(),
        };
        let recent = Recent {
            used: vec![used(9, "of a deleted one"), used(2, "m2"), used(1, "m1")],
            ..Recent::default()
        };
        let none = Recent::default();
        let all = (&endpoints, &recent);
        check(&wanted(None, None), all, (Some(2), Some("m2"), true));
        check(&wanted(None, Some("x")), all, (Some(2), Some("x"), true));
        check(&wanted(Some("first"), None), all, (Some(1), None, true));
        check(
            &wanted(Some("first"), Some("x")),
            all,
            (Some(1), Some("x"), true),
        );
        check(&wanted(Some("third"), Some("x")), all, (None, None, false));
        // Nothing was used yet.
        let unused = (&endpoints, &none);
        check(&wanted(None, None), unused, (Some(1), None, true));
        check(&wanted(None, Some("x")), unused, (Some(1), Some("x"), true));
        // Nothing is saved yet.
        let empty = Endpoints::default();
        check(&wanted(None, None), (&empty, &recent), (None, None, true));
        check(
            &wanted(None, Some("x")),
            (&empty, &recent),
            (None, None, false),
        );
    }
}
