//! The common input: which draft a card shows, and who gets what is sent.

use super::{Card, Chat, card};
use crate::endpoint::Endpoints;

/// The draft that a card shows: the group's while it is in sync, else its own.
pub fn draft(chat: &Chat, card: card::Id) -> &str {
    match chat.card(card) {
        Some(card) if !card.synced => &card.draft,
        _ => &chat.draft,
    }
}

/// The cards that get what is sent from this one, from left to right: itself alone when it is not
/// in sync, else every card in sync. A card without an endpoint or a model can't be asked.
pub fn recipients(chat: &Chat, endpoints: &Endpoints, from: card::Id) -> Vec<card::Id> {
    let synced = chat.card(from).is_some_and(|card| card.synced);
    let shares = |card: &&Card| {
        if synced { card.synced } else { card.id == from }
    };
    let able = chat
        .cards
        .iter()
        .filter(shares)
        .filter(|card| card.target(endpoints).is_some());
    able.map(|card| card.id).collect()
}

/// The drafts after a card's sync was switched.
#[derive(Debug, PartialEq, Eq)]
pub struct Drafts {
    /// The card's own draft.
    pub own: String,
    /// The draft of the cards in sync.
    pub group: String,
}

/// What becomes of the drafts when a card's sync is switched. Switched on, it takes the group's
/// draft if there is one, else gives its own. Switched off, it keeps what it shows; a group
/// without a card left has no draft. A draft of its own that gave way to the group's is kept, and
/// comes back when the card leaves with nothing else in its input.
pub fn toggle(chat: &Chat, card: card::Id) -> Drafts {
    let group = chat.draft.clone();
    let Some(card) = chat.card(card) else {
        return Drafts {
            own: String::new(),
            group,
        };
    };
    let own = card.draft.clone();
    if card.synced {
        let alone = !chat
            .cards
            .iter()
            .any(|other| other.synced && other.id != card.id);
        Drafts {
            own: if group.is_empty() { own } else { group.clone() },
            group: if alone { String::new() } else { group },
        }
    } else if group.is_empty() {
        Drafts {
            own: String::new(),
            group: own,
        }
    } else {
        Drafts { own, group }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chat,
        endpoint::{self, BaseUrl, Endpoint},
    };

    fn endpoints() -> Endpoints {
        Endpoints {
            list: vec![Endpoint {
                id: endpoint::Id::new(0),
                name: "e".into(),
                base_url: BaseUrl::parse("http://e/v1").unwrap(),
                token: None,
            }],
        }
    }

    /// Builds a chat from one word per card: `s` or `u` for in sync or not, `-` where no model is
    /// chosen, `?` where the endpoint is not saved any more, then the card's own draft.
    fn chat(group: &str, cards: &[&str]) -> Chat {
        let cards = cards.iter().zip(0..).map(|(word, n)| Card {
            synced: word.starts_with('s'),
            endpoint: Some(endpoint::Id::new(word.contains('?').into())),
            model: (word.as_bytes().get(1) != Some(&b'-')).then(|| "m".into()),
            draft: word.trim_start_matches(['s', 'u', '-', '?']).into(),
            ..Card::new(card::Id::new(n))
        });
        Chat {
            id: chat::Id::new(0),
            draft: group.into(),
            cards: cards.collect(),
        }
    }

    #[test]
    fn a_send_reaches_the_cards_that_share_the_input() {
        #[track_caller]
        fn check(cards: &[&str], from: u64, expected: &[u64]) {
            let expected: Vec<_> = expected.iter().map(|&n| card::Id::new(n)).collect();
            assert_eq!(
                recipients(&chat("hi", cards), &endpoints(), card::Id::new(from)),
                expected
            );
        }
        check(&["s", "s", "s"], 1, &[0, 1, 2]);
        check(&["s", "u", "s"], 0, &[0, 2]);
        check(&["s", "u", "s"], 1, &[1]);
        check(&["s", "udraft", "s"], 2, &[0, 2]);
        check(&["s", "s-", "s"], 0, &[0, 2]);
        check(&["s-", "s"], 0, &[1]);
        check(&["s?", "s"], 0, &[1]);
        check(&["u?", "s"], 0, &[]);
        check(&["u-", "s"], 0, &[]);
        check(&["s"], 7, &[]);
    }

    #[test]
    fn a_card_shows_the_draft_that_it_would_send() {
        #[track_caller]
        fn check(group: &str, cards: &[&str], of: u64, expected: &str) {
            assert_eq!(draft(&chat(group, cards), card::Id::new(of)), expected);
        }
        check("all", &["s", "uown"], 0, "all");
        check("all", &["s", "uown"], 1, "own");
        check("", &["skept"], 0, "");
    }

    #[test]
    fn switching_sync_loses_no_draft() {
        #[track_caller]
        fn check(group: &str, cards: &[&str], switched: u64, own: &str, after: &str) {
            let expected = Drafts {
                own: own.into(),
                group: after.into(),
            };
            assert_eq!(
                toggle(&chat(group, cards), card::Id::new(switched)),
                expected
            );
        }
        // on: the group's draft wins, else the card gives its own
        check("all", &["s", "u"], 1, "", "all");
        check("", &["s", "uown"], 1, "", "own");
        check("all", &["s", "uown"], 1, "own", "all");
        // off: what is shown stays
        check("all", &["s", "s"], 1, "all", "all");
        check("all", &["s", "u"], 0, "all", "");
        check("", &["skept", "s"], 0, "kept", "");
    }
}
