//! Lessons from an endpoint's refusals, so that no request is refused twice for the same reason.
//! Pure.

use serde::{Deserialize, Serialize};

use super::Server;

/// Lessons from an endpoint's refusals. They are stored with the endpoint, one text per lesson:
/// those of a later version are kept, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Learned(Vec<String>);

/// Maximum lessons kept per endpoint; the oldest is dropped first.
const MAX: usize = 100;

/// The endpoint refuses requests for token counts.
const NO_COUNT: &str = "no_stream_options";

/// Prefix of a server's name given away by a refusal.
const IS: &str = "is ";

/// The model demands `max_completion_tokens`.
fn renaming(model: &str) -> String {
    format!("renames_max_tokens {model}")
}

/// The model refuses a field.
fn refusing(field: &str, model: &str) -> String {
    format!("refuses_{field} {model}")
}

impl Learned {
    /// Returns whether nothing was learned.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a model demands `max_completion_tokens` in place of `max_tokens`.
    pub fn is_renaming(&self, model: &str) -> bool {
        self.0.contains(&renaming(model))
    }

    /// Learns that a model demands `max_completion_tokens`; returns whether this is new.
    pub fn learn_renaming(&mut self, model: &str) -> bool {
        self.add(renaming(model))
    }

    /// Returns whether requests for token counts are allowed.
    pub fn is_counting(&self) -> bool {
        !self.0.iter().any(|lesson| lesson == NO_COUNT)
    }

    /// Learns that the endpoint refuses requests for token counts; returns whether this is new.
    pub fn learn_not_counting(&mut self) -> bool {
        self.add(NO_COUNT.to_owned())
    }

    /// Reverts that lesson: the endpoint refused a request without counts, too. Returns whether it
    /// was learned.
    pub fn unlearn_not_counting(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|lesson| lesson != NO_COUNT);
        self.0.len() != before
    }

    /// Returns whether a model refuses a field, by its name on the wire.
    pub fn is_refusing(&self, field: &str, model: &str) -> bool {
        self.0.contains(&refusing(field, model))
    }

    /// Learns that a model refuses a field; returns whether this is new.
    pub fn learn_refusing(&mut self, field: &str, model: &str) -> bool {
        self.add(refusing(field, model))
    }

    /// Returns the server, if a refusal gave it away.
    pub fn server(&self) -> Option<Server> {
        let mut names = self.0.iter().filter_map(|lesson| lesson.strip_prefix(IS));
        names.find_map(Server::called)
    }

    /// Learns the server; returns whether this is new.
    pub fn learn_server(&mut self, server: Server) -> bool {
        self.add(format!("{IS}{}", server.name()))
    }

    fn add(&mut self, lesson: String) -> bool {
        if self.0.contains(&lesson) {
            return false;
        }
        if self.0.len() >= MAX {
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
        assert_eq!(learned.0.len(), MAX);
        assert!(learned.is_renaming("999") && !learned.is_renaming("0"));
    }
}
