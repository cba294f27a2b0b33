//! Decides whether an event of a stream of status 200 tells of an error. Pure.
//!
//! Source: the public reports in `tests/wire`.

use serde_json::Value;

use super::{Failure, refusal::Refusal, wire::Chunk};

/// An error that an event tells of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is one.
    Certain(Failure),
    /// It is one unless the answer ends as it should: it may be news of the work.
    Doubtful(Failure),
}
use Trouble::{Certain, Doubtful};

/// Fields that only an error has.
const ERRORS: [&str; 6] = [
    "detail",
    "error_msg",
    "error_message",
    "errorMessage",
    "err_msg",
    "error_description",
];

/// Fields that news of the work have, too.
const WORDS: [&str; 2] = ["message", "msg"];

impl Chunk<'_> {
    /// Returns the error that the chunk tells of, in an event of this name.
    pub(super) fn trouble(&self, name: &str) -> Option<Trouble> {
        // Some gateways send an empty error with each chunk.
        let has_choices = self.field("choices").is_some();
        let is_error = |error: &Value| match error {
            Value::Object(_) if has_choices => !is_nothing(error),
            Value::Object(_) => true,
            _ => !is_nothing(error),
        };
        let told = |value: &Value| Some(Certain(Failure::reported(value)));
        if self.field("error").is_some_and(is_error) {
            return told(self.0);
        }
        let choice = if has_choices { self.choice() } else { None };
        let of_choice = choice.and_then(|choice| choice.get("error"));
        // Groq says there why a stream ends early.
        let of_groq = self.field("x_groq").and_then(|groq| groq.get("error"));
        let mut within = [of_choice, of_groq].into_iter().flatten();
        if let Some(error) = within.find(|error| is_error(error)) {
            return told(error);
        }
        let status = |field: &Value| !field.get("status_code").is_none_or(is_nothing);
        if let Some(base) = self.field("base_resp").filter(|base| status(base)) {
            return told(base);
        }
        if self
            .field("errors")
            .is_some_and(|errors| !is_nothing(errors))
        {
            return told(self.0);
        }
        if choice.is_some() {
            return None;
        }
        let text = |name: &str| self.field(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, object) = (text("type"), text("object"));
        if [name, kind, object].into_iter().any(names_error) {
            return told(self.0);
        }
        // Ollama's own format.
        if self.field("message").is_some_and(Value::is_object) {
            return None;
        }
        let is = |names: &[&str]| names.iter().any(|name| says_something(self.field(name)));
        let has_words = is(&ERRORS) || is(&WORDS);
        match judged(self.0) {
            Some(true) => return None,
            // CLOVA Studio's words stand within its status.
            Some(false) if has_words || says_something(self.field("code")) => return told(self.0),
            Some(false) if self.field("status").is_some_and(Value::is_object) => {
                return told(self.0);
            }
            _ => {}
        }
        // An event of another type, or of another name, is news of the work.
        let is_plain = |name: &str| matches!(name, "" | "message" | "data" | "completion");
        if !kind.is_empty() || !object.is_empty() || !is_plain(name) {
            return None;
        }
        if is(&ERRORS) {
            told(self.0)
        } else if is(&WORDS) {
            let said = Refusal::of(self.0);
            (!said.words.is_empty()).then(|| Doubtful(said.into()))
        } else {
            None
        }
    }
}

/// Returns whether the name or the type of an event is that of an error.
fn names_error(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is = |signs: &[&str]| signs.iter().any(|sign| lower.contains(sign));
    // A step of an agent may fail, and the answer goes on.
    let is_of_step = is(&["tool", "step", "call", "search"]);
    !is_of_step
        && ["error", "exception", "failed", "failure"]
            .iter()
            .any(|sign| lower.ends_with(sign))
}

fn says_something(value: Option<&Value>) -> bool {
    value.is_some_and(|value| match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(_) => true,
        Value::Array(items) => !items.is_empty(),
        _ => false,
    })
}

/// Returns whether JSON says that all is well, or that it is not. A sign of failure counts for more.
pub(super) fn judged(value: &Value) -> Option<bool> {
    let mut is_well = None;
    for name in ["code", "status", "status_code", "error_code", "success"] {
        let sign = match value.get(name) {
            Some(Value::Bool(is_success)) if name == "success" => Some(*is_success),
            Some(Value::Number(number)) => match (name, number.as_i64().unwrap_or(-1)) {
                ("success", number) => Some(number != 0),
                (_, number) => of_number(name, number),
            },
            Some(Value::String(word)) => of_word(name, word),
            Some(inner @ Value::Object(_)) if name == "status" => judged(inner),
            _ => None,
        };
        match sign {
            Some(false) => return Some(false),
            Some(true) => is_well = Some(true),
            None => {}
        }
    }
    is_well
}

fn of_number(name: &str, number: i64) -> Option<bool> {
    if number == 0 || (200..300).contains(&number) {
        Some(true)
    } else if number >= 400 || name != "status" {
        Some(false)
    } else {
        None
    }
}

fn of_word(name: &str, word: &str) -> Option<bool> {
    let word = word.trim().to_ascii_lowercase();
    if let Ok(number) = word.parse() {
        return of_number(name, number);
    }
    match &*word {
        "" => None,
        "ok" | "success" | "succeeded" | "true" | "normal" => Some(true),
        "false" | "fail" => Some(false),
        _ if names_error(&word) => Some(false),
        // A code of an error has a name, a state of the work has one, too.
        _ if name == "code" || name == "error_code" => Some(false),
        _ => None,
    }
}

/// Returns whether a value is null, empty, zero or false.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
    }
}

#[cfg(test)]
mod tests;
