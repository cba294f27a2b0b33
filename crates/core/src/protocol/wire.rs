//! The JSON of the OpenAI protocol, parsed as tolerantly as endpoints write it.
//!
//! Source: OpenAI's API reference, «Chat» and «Models»; what others write is in docs/endpoints.md.
//! Every field may be null or absent.

use serde_json::Value;

use super::{
    Failure, Reply,
    finish::{self, Finish},
    refusal::Refusal,
    reply::{Of, Usage, words_in},
};

/// One event of a stream, or a complete answer: the two differ only in the place of the text.
#[derive(Debug)]
pub(super) struct Chunk<'a>(pub &'a Value);

/// Fields with a model's thoughts. Some endpoints send the same thoughts under several of them, so the
/// first counts.
///
/// Sources: `DeepSeek` and llama.cpp; `OpenRouter`; vLLM, Groq and Cerebras; GitHub Copilot
/// (BerriAI/litellm#35021); `LiteLLM`; Ollama; nhatbien/copilot-helper#7.
const THOUGHTS: [&str; 8] = [
    "reasoning_content",
    "reasoning_details",
    "reasoning",
    "reasoning_text",
    "thinking_blocks",
    "thinking",
    "thinking_content",
    "thought",
];

impl<'a> Chunk<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Returns the first choice. Ollama's own format has no choices, `DashScope`'s has them in `output`.
    pub(super) fn choice(&self) -> Option<&'a Value> {
        let output = || self.field("output")?.get("choices");
        match self.field("choices").or_else(output) {
            Some(Value::Array(choices)) => choices.first(),
            Some(choice @ Value::Object(fields)) if !fields.is_empty() => Some(choice),
            _ => {
                let message = self.field("message")?;
                message.is_object().then_some(self.0)
            }
        }
    }

    /// Returns whether the chunk is part of an answer.
    pub(super) fn is_answer(&self) -> bool {
        self.choice().is_some() || self.field("choices").is_some_and(Value::is_array)
    }

    /// Returns whether the chunk is an answer sent whole.
    pub(super) fn is_whole(&self) -> bool {
        let is = |choice: &Value, name: &str| choice.get(name).is_some_and(|it| !it.is_null());
        let choice = self.field("choices").and_then(|_| self.choice());
        choice.is_some_and(|choice| is(choice, "message") && !is(choice, "delta"))
    }

    /// Adds the chunk's thoughts, text, usage, and what comes beside them, to a reply.
    pub(super) fn apply_to(&self, reply: &mut Reply) {
        reply.usage.learn(self.usage());
        if let Some(choice) = self.choice() {
            let of = |name: &str| choice.get(name).filter(|it| it.is_object());
            // A complete answer's place; some endpoints send it beside `delta`, too, or after it.
            let (delta, message) = (of("delta"), of("message"));
            if let Some(delta) = delta {
                add(delta, reply, None);
            }
            if let Some(message) = message {
                let has_text = |delta: &Value| {
                    let content = delta.get("content").and_then(Value::as_str);
                    content.is_some_and(|content| !content.is_empty())
                };
                let is_last = self.finish().is_some() || delta.is_some_and(has_text);
                add(message, reply, Some(is_last));
            }
            // Completions without chat.
            if let (None, None, Some(text)) = (delta, message, choice.get("text")) {
                reply.add(Of::Text, text.as_str().unwrap_or_default());
            }
            reply.add_sources(choice);
        }
        reply.add_sources(self.0);
    }

    pub(super) fn usage(&self) -> Usage {
        let choice = || self.choice()?.get("usage");
        let groq = || self.field("x_groq")?.get("usage");
        let message = || self.field("message")?.get("usage");
        let google = || {
            self.field("usageMetadata")
                .or_else(|| self.field("usage_metadata"))
        };
        let is_usage = |usage: &&Value| usage.as_object().is_some_and(|fields| !fields.is_empty());
        let found = self.field("usage").filter(is_usage);
        let found = found.or_else(|| choice().filter(is_usage));
        let found = found.or_else(groq).or_else(message).or_else(google);
        // Ollama's counts stand beside its message.
        let usage = found.unwrap_or(self.0);
        let first = |names: &[&str]| names.iter().find_map(|name| count(usage, name));
        let within = |places: &[&str], names: &[&str]| {
            let places = places.iter().filter_map(|place| usage.get(*place));
            let mut found = places.flat_map(|place| names.iter().map(|name| count(place, name)));
            found.find_map(|count| count)
        };
        let timings = self.field("timings").unwrap_or(&Value::Null);
        let cached = first(&[
            "cache_read_input_tokens",
            "prompt_cache_hit_tokens",
            "cached_tokens",
            "cachedContentTokenCount",
        ]);
        let details = ["prompt_tokens_details", "input_tokens_details"];
        let cached = cached.or_else(|| within(&details, &["cached_tokens"]));
        let input = first(&[
            "prompt_tokens",
            "prompt_eval_count",
            "promptTokenCount",
            "inputTokens",
        ]);
        // Anthropic counts what was cached apart.
        let anthropic = || {
            let input = first(&["input_tokens"])?;
            let read = count(usage, "cache_read_input_tokens").unwrap_or_default();
            let written = count(usage, "cache_creation_input_tokens").unwrap_or_default();
            Some(input.saturating_add(read).saturating_add(written))
        };
        let details = ["completion_tokens_details", "output_tokens_details"];
        let reasoning = within(&details, &["reasoning_tokens"]);
        let reasoning = reasoning.or_else(|| first(&["reasoning_tokens", "thoughtsTokenCount"]));
        let output = first(&[
            "completion_tokens",
            "output_tokens",
            "eval_count",
            "outputTokens",
        ]);
        // Google counts thoughts apart.
        let google = || {
            Some(
                count(usage, "candidatesTokenCount")?.saturating_add(reasoning.unwrap_or_default()),
            )
        };
        let speed = || {
            let (tokens, time) = (
                number(usage, "eval_count")?,
                number(usage, "eval_duration")?,
            );
            (time > 0.0).then(|| tokens / time * 1e9)
        };
        let speed = number(timings, "predicted_per_second").or_else(speed);
        Usage {
            input: input.or_else(anthropic),
            output: output
                .or_else(google)
                .or_else(|| count(timings, "predicted_n")),
            cached,
            reasoning,
            speed: speed.and_then(|speed| whole(speed * 1e3)),
        }
    }

    /// Returns how the answer ends, if the chunk says so.
    pub(super) fn finish(&self) -> Option<Result<Finish, Failure>> {
        let choice = self.choice()?;
        let names = [
            "finish_reason",
            "finishReason",
            "stop_reason",
            "done_reason",
        ];
        let reasons = names.iter().filter_map(|name| choice.get(*name)?.as_str());
        let mut reasons = reasons
            .map(str::trim)
            .filter(|reason| !finish::is_none(reason));
        match reasons.next() {
            Some(reason) => Some(finish::read(reason)),
            // Ollama's older servers give no reason.
            None => {
                (self.field("done") == Some(&Value::Bool(true))).then_some(Ok(Finish::Complete))
            }
        }
    }
}

/// Adds the content of a delta, or of a message, which may repeat what came before.
fn add(delta: &Value, reply: &mut Reply, is_last: Option<bool>) {
    let add = |reply: &mut Reply, of: Of, text: &str| match is_last {
        None => reply.add(of, text),
        Some(is_last) => reply.add_message(of, text, is_last),
    };
    let thoughts = THOUGHTS.iter().filter_map(|name| delta.get(*name));
    let mut thoughts = thoughts
        .map(words_in)
        .filter(|thoughts| !thoughts.is_empty());
    if let Some(thoughts) = thoughts.next() {
        add(reply, Of::Thoughts, &thoughts);
    }
    match delta.get("content") {
        Some(Value::String(text)) => add(reply, Of::Text, text),
        Some(Value::Array(parts)) if is_last.is_some() => {
            // The text of all parts together repeats what came.
            let (mut text, mut thoughts) = (String::new(), String::new());
            for part in parts {
                if reply.is_cut() {
                    break;
                }
                reply.add_part(part, true, |_, of, words| match of {
                    Of::Text => text.push_str(words),
                    Of::Thoughts => thoughts.push_str(words),
                });
            }
            add(reply, Of::Thoughts, &thoughts);
            add(reply, Of::Text, &text);
        }
        Some(Value::Array(parts)) => {
            for part in parts {
                if reply.is_cut() {
                    break;
                }
                reply.add_part(part, false, Reply::add);
            }
        }
        Some(part @ Value::Object(_)) => reply.add_part(part, is_last.is_some(), add),
        _ => {}
    }
    match delta.get("refusal") {
        Some(Value::String(words)) if is_last.is_none() || reply.text.is_empty() => {
            reply.refuse(words);
        }
        _ => {}
    }
    reply.add_fields(delta, is_last.is_some());
}

fn number(fields: &Value, name: &str) -> Option<f64> {
    fields.get(name)?.as_f64()
}

/// Returns a count that is not 0: a count of 0 stands for one to come.
fn count(fields: &Value, name: &str) -> Option<u32> {
    let count = number(fields, name).and_then(whole);
    count.filter(|count| *count > 0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is within the range of a u32"
)]
fn whole(number: f64) -> Option<u32> {
    (number >= 0.0 && number < f64::from(u32::MAX)).then_some(number.round() as u32)
}

/// Returns the message of an error body in whichever shape; of an HTML page only the title, since
/// the rest is for people who open the page.
pub fn refusal(body: &str) -> String {
    Refusal::read(body).words
}

/// Returns whether JSON has more values than this, judged by its commas and brackets.
pub(super) fn has_more_values(json: &[u8], most: usize) -> bool {
    let is_value = |byte: &&u8| matches!(**byte, b',' | b'[' | b'{');
    json.len() > most && json.iter().filter(is_value).count() > most
}

#[cfg(test)]
mod tests;
