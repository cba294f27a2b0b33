//! The JSON of the OpenAI protocol, parsed as tolerantly as endpoints write it.
//!
//! Source: OpenAI's API reference, «Chat» and «Models». Every field may be null or absent.

use serde::{Deserialize, Deserializer};

use serde_json::Value;

use super::{Failure, Reply, refusal::Refusal, reply::Usage};
use crate::json;

/// One event of a stream, or a complete answer: the two differ only in the place of the text.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    #[serde(deserialize_with = "or_default")]
    choices: Vec<Choice>,
    error: Option<Value>,
    usage: Option<Value>,
    /// llama.cpp's timings.
    timings: Option<Value>,
    /// Groq's place for the usage.
    x_groq: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    /// Used in a stream.
    delta: Option<Delta>,
    /// Used in a complete answer; some endpoints send it beside `delta`, too.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<Value>,
    /// Reasoning field of `DeepSeek`, llama.cpp and older vLLM.
    reasoning_content: Option<Value>,
    /// Reasoning field of `OpenRouter`.
    reasoning_details: Option<Value>,
    /// Reasoning field of newer vLLM, Groq, Cerebras and Together.
    reasoning: Option<Value>,
}

impl Chunk {
    /// Parses the JSON of one event or a complete answer.
    pub(super) fn parse(json: &str) -> Result<Self, Failure> {
        let chunk: Self = json::read(json).ok_or_else(|| Failure::garbled(json))?;
        match &chunk.error {
            Some(error) => Err(Failure::reported(error)),
            None => Ok(chunk),
        }
    }

    /// Adds the chunk's reasoning, text and usage to a reply.
    pub(super) fn apply_to(&self, reply: &mut Reply) {
        reply.usage.learn(self.usage());
        let choice = self.choices.first();
        let Some(delta) = choice.and_then(|it| it.delta.as_ref().or(it.message.as_ref())) else {
            return;
        };
        // Some endpoints send the same reasoning under several names.
        let thoughts = [
            &delta.reasoning_content,
            &delta.reasoning_details,
            &delta.reasoning,
        ];
        let mut thoughts = thoughts.into_iter().flatten().map(thoughts_of);
        if let Some(thought) = thoughts.find(|thought| !thought.is_empty()) {
            reply.think(&thought);
        }
        match &delta.content {
            Some(Value::String(text)) => reply.say(text),
            // Mistral sends reasoning as parts of the content.
            Some(Value::Array(parts)) => {
                for part in parts {
                    match part.get("thinking") {
                        Some(thinking) => reply.think(&thoughts_of(thinking)),
                        None => reply.say(text_in(part)),
                    }
                }
            }
            _ => {}
        }
    }

    fn usage(&self) -> Usage {
        let usage = self.usage.as_ref().filter(|usage| usage.is_object());
        let groq = || self.x_groq.as_ref()?.get("usage");
        let usage = usage.or_else(groq);
        let timings = self.timings.as_ref();
        Usage {
            input: count(usage, "prompt_tokens").or_else(|| count(usage, "input_tokens")),
            output: count(usage, "completion_tokens")
                .or_else(|| count(usage, "output_tokens"))
                .or_else(|| count(timings, "predicted_n")),
            speed: number_in(timings, "predicted_per_second").and_then(|speed| whole(speed * 1e3)),
        }
    }

    /// Returns how the answer ends, if the chunk says so.
    pub(super) fn finish(&self) -> Option<Result<Finish, Failure>> {
        let reason = self.choices.first()?.finish_reason.as_deref()?;
        Some(match reason {
            "" => return None,
            "length" => Ok(Finish::Length),
            "content_filter" => Ok(Finish::Filtered),
            "error" | "network_error" => Err(Failure::reported(&Value::Null)),
            _ => Ok(Finish::Complete),
        })
    }
}

/// The reason why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The answer is complete, as far as the endpoint tells.
    Complete,
    /// The maximum number of tokens was reached.
    Length,
    /// The rest was held back because of its content.
    Filtered,
}

/// Returns reasoning text from a string or a list of parts.
fn thoughts_of(thoughts: &Value) -> String {
    match thoughts {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_in).collect(),
        _ => String::new(),
    }
}

/// Returns the text of a part: `OpenRouter` names summaries of reasoning differently.
fn text_in(part: &Value) -> &str {
    let text = part.get("text").or_else(|| part.get("summary"));
    text.and_then(Value::as_str).unwrap_or_default()
}

fn number_in(fields: Option<&Value>, name: &str) -> Option<f64> {
    fields?.get(name)?.as_f64()
}

fn count(fields: Option<&Value>, name: &str) -> Option<u32> {
    number_in(fields, name).and_then(whole)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is within the range of a u32"
)]
fn whole(number: f64) -> Option<u32> {
    (number >= 0.0 && number < f64::from(u32::MAX)).then_some(number.round() as u32)
}

/// Parsed body of `GET {base}/models`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Model ids in the list's order, without duplicates.
    pub ids: Vec<String>,
    /// Owner of the first model, which identifies several servers: `library`, `vllm`, `llamacpp`.
    pub owned_by: String,
    /// Models known to accept images or not.
    pub sees: Vec<(String, bool)>,
}

/// Maximum values in a model list: `OpenRouter`'s, the longest known, has about 30,000.
const MAX_VALUES_OF_A_LIST: usize = 500_000;

/// Parses the body of `GET {base}/models`.
///
/// # Errors
/// [`Failure::Garbled`] if it is no such list, [`Failure::Reported`] if it names an error,
/// [`Failure::TooMuch`] if it has too many values.
pub fn listed(body: &str) -> Result<Listed, Failure> {
    if has_more_values(body.as_bytes(), MAX_VALUES_OF_A_LIST) {
        return Err(Failure::TooMuch);
    }
    let list: Value = serde_json::from_str(body).map_err(|_| Failure::garbled(body))?;
    let data = match list.get("data") {
        Some(data) => data.as_array().map_or(&[][..], Vec::as_slice),
        None => match list.as_array() {
            Some(data) => data,
            None => {
                return Err(match Failure::reported(&list) {
                    Failure::Reported { message, .. } if message.is_empty() => {
                        Failure::garbled(body)
                    }
                    reported => reported,
                });
            }
        },
    };
    let mut seen = std::collections::HashSet::new();
    let mut listed = Listed::default();
    for model in data {
        let Some(id) = model.get("id").and_then(Value::as_str) else {
            continue;
        };
        if !seen.insert(id) {
            continue;
        }
        if listed.ids.is_empty() {
            let owner = model.get("owned_by").and_then(Value::as_str);
            owner.unwrap_or_default().clone_into(&mut listed.owned_by);
        }
        listed.ids.push(id.to_owned());
        if let Some(sees) = sees(model) {
            listed.sees.push((id.to_owned(), sees));
        }
    }
    Ok(listed)
}

/// Returns whether a model accepts images, as far as the list tells: `input_modalities`, also under
/// `architecture` as in `OpenRouter` and newer llama.cpp, or `capabilities.vision` of Mistral.
///
/// Sources: `OpenRouter`'s API reference, «Models»; Mistral's, «List models»; `tests/captures`.
fn sees(model: &Value) -> Option<bool> {
    let architecture = model.get("architecture");
    let modalities = architecture.and_then(|it| it.get("input_modalities"));
    let modalities = modalities.or_else(|| model.get("input_modalities"));
    let has = |list: &Value, word: &str| {
        let list = list.as_array().filter(|list| !list.is_empty())?;
        Some(list.iter().any(|item| item == word))
    };
    let vision = || model.get("capabilities")?.get("vision")?.as_bool();
    modalities
        .and_then(|list| has(list, "image"))
        .or_else(vision)
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

/// Deserializes null as the default, like an absent field.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;
