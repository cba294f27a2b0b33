//! Words of an export around the messages, in the user's language.

use serde_json::Value;

use crate::{
    chat::{Answer, Card, Chat, Extra, Metrics, Outcome, Turn, extra::Kind},
    markdown::Alert,
};

/// Words that [`super::markdown`] and [`super::html`] write themselves. The export adds any colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// Language of these words, as a BCP 47 tag.
    pub lang: &'a str,
    /// Title of a chat without a title and without turns.
    pub untitled: &'a str,
    /// Label of the cards side by side, for screen readers.
    pub cards: &'a str,
    /// Heading of a prompt.
    pub you: &'a str,
    /// Heading of an answer; the model's name follows.
    pub model: &'a str,
    /// Name of a card without a model.
    pub no_model: &'a str,
    /// Active parameters; their names follow.
    pub parameters: &'a str,
    /// System prompt.
    pub system: &'a str,
    /// The model's reasoning before the answer.
    pub thoughts: &'a str,
    /// Attachment of a prompt; its name follows.
    pub attachment: &'a str,
    /// Picture of an answer; its URL or file name follows.
    pub picture: &'a str,
    /// Sound of an answer; its URL or file name follows.
    pub sound: &'a str,
    /// Call of a tool; its name follows.
    pub tool: &'a str,
    /// Heading of the sources.
    pub sources: &'a str,
    /// Says that the model refused to answer.
    pub refuses: &'a str,
    /// Something of an unknown type; its name follows.
    pub other: &'a str,
    /// An end of an unknown reason; the endpoint's word follows.
    pub ended_as: &'a str,
    /// Answer that is not the one shown; its number follows.
    pub other_answer: &'a str,
    /// Turn without an answer.
    pub no_answer: &'a str,
    /// [`Outcome::Length`]
    pub length: &'a str,
    /// [`Outcome::Filtered`]
    pub filtered: &'a str,
    /// [`Outcome::Stopped`]
    pub stopped: &'a str,
    /// [`Outcome::Interrupted`]
    pub interrupted: &'a str,
    /// [`Outcome::Failed`]; the error follows.
    pub failed: &'a str,
    /// Time to the first token; seconds follow.
    pub first_token: &'a str,
    /// Speed; tokens per second follow.
    pub speed: &'a str,
    /// Tokens of the request; their count follows.
    pub input: &'a str,
    /// Tokens of the answer; their count follows.
    pub output: &'a str,
    /// [`Alert::Note`]
    pub note: &'a str,
    /// [`Alert::Tip`]
    pub tip: &'a str,
    /// [`Alert::Important`]
    pub important: &'a str,
    /// [`Alert::Warning`]
    pub warning: &'a str,
    /// [`Alert::Caution`]
    pub caution: &'a str,
}

impl Words<'_> {
    /// Returns how an answer ended; None if it is complete.
    pub(super) fn outcome(&self, answer: &Answer) -> Option<String> {
        let word = match &answer.outcome {
            Outcome::Complete if !answer.finish.is_empty() => {
                return Some(format!("{}: {}", self.ended_as, answer.finish));
            }
            Outcome::Complete => return None,
            Outcome::Length if !answer.finish.is_empty() => {
                return Some(format!("{} ({})", self.length, answer.finish));
            }
            Outcome::Length => self.length,
            Outcome::Filtered => self.filtered,
            Outcome::Stopped => self.stopped,
            Outcome::Interrupted => self.interrupted,
            Outcome::Failed(error) => return Some(format!("{}: {error}", self.failed)),
        };
        Some(word.to_owned())
    }

    /// Names an extra that has no place of its own; None for one that has.
    pub(super) fn extra(&self, extra: &Extra) -> Option<String> {
        let file = || extra.stored.as_ref().map(|stored| stored.name.clone());
        let what = match extra.kind {
            Kind::Picture => self.picture,
            Kind::Sound => self.sound,
            Kind::Unknown => return Some(format!("{}: {}", self.other, extra.name)),
            Kind::Refusal => return Some(self.refuses.to_owned()),
            Kind::Source | Kind::Tool => return None,
        };
        // A data URL is for the page.
        let url = Some(&extra.content).filter(|url| !url.starts_with("data:"));
        let name = file().or_else(|| url.cloned()).unwrap_or_default();
        Some(format!("{what}: {name}"))
    }

    /// Formats the known metrics of an answer, as in `Speed: 12.3 tokens/s`.
    pub(super) fn metrics(&self, metrics: &Metrics) -> Vec<String> {
        let speed = metrics.output.and_then(|tokens| metrics.speed_of(tokens));
        let count = |count: Option<u32>| count.map(|count| count.to_string());
        let known = [
            (self.first_token, metrics.first_token.map(thousandths)),
            (self.speed, speed.map(thousandths)),
            (self.input, count(metrics.input)),
            (self.output, count(metrics.output)),
        ];
        let known = known.into_iter();
        known
            .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
            .collect()
    }

    pub(super) const fn alert(&self, alert: Alert) -> &str {
        match alert {
            Alert::Note => self.note,
            Alert::Tip => self.tip,
            Alert::Important => self.important,
            Alert::Warning => self.warning,
            Alert::Caution => self.caution,
        }
    }
}

/// Returns the title of a chat in an export.
pub(super) fn title(chat: &Chat, words: &Words<'_>) -> String {
    let title = chat.shown_title();
    if title.trim().is_empty() {
        words.untitled.to_owned()
    } else {
        title
    }
}

/// Returns the name of a card in an export.
pub(super) fn card<'a>(card: &'a Card, words: &'a Words<'_>) -> &'a str {
    let named = Some(&card.name).filter(|name| !name.trim().is_empty());
    named
        .or(card.model.as_ref())
        .map_or(words.no_model, String::as_str)
}

/// Returns a card's active parameters, by their names on the wire.
pub fn params(card: &Card) -> Vec<(String, String)> {
    let params = card.params.body(false).into_iter();
    let written = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    params.map(|(name, value)| (name, written(value))).collect()
}

/// Returns a turn's answers that are not shown, with their numbers from 1.
pub(super) fn others(turn: &Turn) -> impl Iterator<Item = (&Answer, usize)> {
    let (shown, _) = turn.variant();
    let later = turn.later.iter().zip(shown + 1..);
    turn.earlier.iter().zip(1..).chain(later)
}

/// Formats thousandths with one decimal, using integers: floats would cost the page 5 kB.
fn thousandths(value: u32) -> String {
    let tenths = (u64::from(value) + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// English words.
    pub const ENGLISH: Words<'_> = Words {
        lang: "en",
        untitled: "Untitled",
        cards: "Cards",
        you: "You",
        model: "Model",
        no_model: "No model",
        parameters: "Parameters",
        system: "System prompt",
        thoughts: "Thoughts",
        attachment: "Attachment",
        picture: "Picture",
        sound: "Sound",
        tool: "Tool",
        sources: "Sources",
        refuses: "The model refused to answer.",
        other: "Also in the answer",
        ended_as: "Ended",
        other_answer: "Other answer",
        no_answer: "No answer",
        length: "The longest allowed length",
        filtered: "Held back",
        stopped: "Stopped here",
        interrupted: "Not finished",
        failed: "Failed",
        first_token: "First token (s)",
        speed: "Tokens/s",
        input: "Tokens in",
        output: "Tokens out",
        note: "Note",
        tip: "Tip",
        important: "Important",
        warning: "Warning",
        caution: "Caution",
    };

    #[test]
    fn metrics_are_named_where_they_are_known() {
        #[track_caller]
        fn check(metrics: Metrics, expected: &[&str]) {
            assert_eq!(ENGLISH.metrics(&metrics), expected);
        }
        check(Metrics::default(), &[]);
        let all = Metrics {
            first_token: Some(249),
            speed: Some(12_349),
            input: Some(7),
            output: Some(90),
            ..Metrics::default()
        };
        let said = ["First token (s): 0.2", "Tokens/s: 12.3"];
        let counted = ["Tokens in: 7", "Tokens out: 90"];
        check(all, &[said, counted].concat());
    }
}
