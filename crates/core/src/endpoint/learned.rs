//! What an endpoint's refusals have taught, so that nothing is asked twice in a way that it refuses.
//! Pure.

use serde::{Deserialize, Serialize};

use super::Server;

/// What an endpoint's refusals have taught. Stored with the endpoint, one lesson a text: what a later
/// version learns is kept, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Learned(Vec<String>);

/// At most so many lessons of an endpoint are kept; the oldest goes first.
const MOST: usize = 100;

/// It refuses to be asked to count tokens.
const NO_COUNT: &str = "no_stream_options";

/// A refusal gave away what it is.
const IS: &str = "is ";

/// It demands `max_completion_tokens` for a model.
fn renaming(model: &str) -> String {
    format!("renames_max_tokens {model}")
}

/// It refuses a field for a model.
fn refusing(field: &str, model: &str) -> String {
    format!("refuses_{field} {model}")
}

impl Learned {
    /// Whether nothing was learned.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a model demands `max_completion_tokens` in place of `max_tokens`.
    pub fn is_renaming(&self, model: &str) -> bool {
        self.0.contains(&renaming(model))
    }

    /// Learns that a model demands `max_completion_tokens`; returns whether this is new.
    pub fn learn_renaming(&mut self, model: &str) -> bool {
        self.add(renaming(model))
    }

    /// Whether the endpoint may be asked to count tokens.
    pub fn is_counting(&self) -> bool {
        !self.0.iter().any(|lesson| lesson == NO_COUNT)
    }

    /// Learns that the endpoint refuses to be asked to count tokens; returns whether this is new.
    pub fn learn_not_counting(&mut self) -> bool {
        self.add(NO_COUNT.to_owned())
    }

    /// Forgets that: the endpoint has refused without being asked to count, too. Returns whether it was
    /// learned.
    pub fn unlearn_not_counting(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|lesson| lesson != NO_COUNT);
        self.0.len() != before
    }

    /// Whether a model refuses a field, by its name on the wire.
    pub fn is_refusing(&self, field: &str, model: &str) -> bool {
        self.0.contains(&refusing(field, model))
    }

    /// Learns that a model refuses a field; returns whether this is new.
    pub fn learn_refusing(&mut self, field: &str, model: &str) -> bool {
        self.add(refusing(field, model))
    }

    /// What serves there, where a refusal gave it away.
    pub fn server(&self) -> Option<Server> {
        let mut names = self.0.iter().filter_map(|lesson| lesson.strip_prefix(IS));
        names.find_map(Server::called)
    }

    /// Learns what serves there; returns whether this is new.
    pub fn learn_server(&mut self, server: Server) -> bool {
        self.add(format!("{IS}{}", server.name()))
    }

    fn add(&mut self, lesson: String) -> bool {
        if self.0.contains(&lesson) {
            return false;
        }
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(lesson);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_is_known_from_then_on() {
        let mut learned = Learned::default();
        assert!(learned.is_empty() && learned.is_counting());
        assert!(learned.learn_renaming("o9") && !learned.learn_renaming("o9"));
        assert!(learned.is_renaming("o9") && !learned.is_renaming("o"));
        assert!(learned.learn_not_counting() && !learned.is_counting());
        assert!(learned.unlearn_not_counting() && !learned.unlearn_not_counting());
        assert!(learned.is_counting() && learned.learn_not_counting());
        assert!(learned.learn_refusing("top_k", "a b"));
        assert!(learned.is_refusing("top_k", "a b"));
        assert!(!learned.is_refusing("top_p", "a b") && !learned.is_refusing("top_k", "a"));
        assert_eq!(learned.server(), None);
        assert!(learned.learn_server(Server::Transformers));
        assert_eq!(learned.server(), Some(Server::Transformers));
        let stored = serde_json::to_string(&learned).unwrap();
        assert_eq!(
            stored,
            r#"["renames_max_tokens o9","no_stream_options","refuses_top_k a b","is Transformers"]"#
        );
        assert_eq!(crate::json::read(&stored), Some(learned));
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_is_too_much() {
        let mut learned = Learned::default();
        for n in 0..1000 {
            learned.learn_renaming(&n.to_string());
        }
        assert_eq!(learned.0.len(), MOST);
        assert!(learned.is_renaming("999") && !learned.is_renaming("0"));
    }
}
