//! The words that an export has around what was said, in the reader's language.

use serde_json::Value;

use crate::{
    chat::{Answer, Card, Chat, Metrics, Outcome, Turn},
    markdown::Alert,
};

/// What [`super::markdown`] and [`super::html`] say themselves. Those with a colon behind them in the
/// export are without one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// The language of these words, as a BCP 47 tag.
    pub lang: &'a str,
    /// A chat without a title and without a question.
    pub untitled: &'a str,
    /// The cards side by side, for those who do not see them.
    pub cards: &'a str,
    /// Who asked.
    pub you: &'a str,
    /// Who answered; its name follows.
    pub model: &'a str,
    /// A card whose model was not chosen.
    pub no_model: &'a str,
    /// The parameters that are on; their names follow.
    pub parameters: &'a str,
    /// What was said to the model before the conversation.
    pub system: &'a str,
    /// What the model thought before it answered.
    pub thoughts: &'a str,
    /// A file that went along with a question; its name follows.
    pub attachment: &'a str,
    /// An answer that is not the one shown; its number follows.
    pub other_answer: &'a str,
    /// A question without an answer.
    pub no_answer: &'a str,
    /// [`Outcome::Length`]
    pub length: &'a str,
    /// [`Outcome::Filtered`]
    pub filtered: &'a str,
    /// [`Outcome::Stopped`]
    pub stopped: &'a str,
    /// [`Outcome::Interrupted`]
    pub interrupted: &'a str,
    /// [`Outcome::Failed`]; why follows.
    pub failed: &'a str,
    /// Time to the first token; seconds follow.
    pub first_token: &'a str,
    /// Speed; tokens a second follow.
    pub speed: &'a str,
    /// Tokens of what was sent; their count follows.
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
    /// How an answer ended; None where it is complete.
    pub(super) fn outcome(&self, answer: &Answer) -> Option<String> {
        let word = match &answer.outcome {
            Outcome::Complete => return None,
            Outcome::Length => self.length,
            Outcome::Filtered => self.filtered,
            Outcome::Stopped => self.stopped,
            Outcome::Interrupted => self.interrupted,
            Outcome::Failed(error) => return Some(format!("{}: {error}", self.failed)),
        };
        Some(word.to_owned())
    }

    /// What is known of how an answer came, as in `Speed: 12.3 tokens/s`.
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

/// What an export calls a chat.
pub(super) fn title(chat: &Chat, words: &Words<'_>) -> String {
    let title = chat.shown_title();
    if title.trim().is_empty() {
        words.untitled.to_owned()
    } else {
        title
    }
}

/// What it calls a card.
pub(super) fn card<'a>(card: &'a Card, words: &'a Words<'_>) -> &'a str {
    let named = Some(&card.name).filter(|name| !name.trim().is_empty());
    named
        .or(card.model.as_ref())
        .map_or(words.no_model, String::as_str)
}

/// The parameters of a card that are on, by their names on the wire.
pub(super) fn params(card: &Card) -> Vec<(String, String)> {
    let params = card.params.body(false).into_iter();
    let written = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    params.map(|(name, value)| (name, written(value))).collect()
}

/// The answers to a question that are not shown, with their numbers from 1.
pub(super) fn others(turn: &Turn) -> impl Iterator<Item = (&Answer, usize)> {
    let (shown, _) = turn.variant();
    let later = turn.later.iter().zip(shown + 1..);
    turn.earlier.iter().zip(1..).chain(later)
}

/// Thousandths with one decimal, in whole numbers: those with a point cost the page 5 kB.
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
