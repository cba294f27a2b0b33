//! The JSON of the OpenAI protocol, read as tolerantly as endpoints write it.
//!
//! Source: OpenAI's API reference, «Chat» and «Models». Every field may be null or absent.

use serde::{Deserialize, Deserializer};

use serde_json::Value;

use super::{Error, Reply, refusal::Refusal, reply::Usage};
use crate::json;

/// One event of a stream, or a whole answer: the two differ only in where the text is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    #[serde(deserialize_with = "or_default")]
    choices: Vec<Choice>,
    error: Option<Value>,
    usage: Option<Value>,
    /// llama.cpp's.
    timings: Option<Value>,
    /// Groq's place for the usage.
    x_groq: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    /// In a stream.
    delta: Option<Delta>,
    /// In a whole answer; some endpoints send it beside `delta` too.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<Value>,
    /// The name for thoughts of `DeepSeek`, llama.cpp and older vLLM.
    reasoning_content: Option<Value>,
    /// `OpenRouter`'s.
    reasoning_details: Option<Value>,
    /// Newer vLLM's, Groq's, Cerebras's and Together's.
    reasoning: Option<Value>,
}

impl Chunk {
    /// Reads the JSON of one event or of a whole answer.
    pub(super) fn parse(json: &str) -> Result<Self, Error> {
        let chunk: Self = json::read(json).ok_or_else(|| Error::garbled(json))?;
        match &chunk.error {
            Some(error) => Err(Error::reported(error)),
            None => Ok(chunk),
        }
    }

    /// Tells a reply what it brings: thoughts, text, and what was counted.
    pub(super) fn tell(&self, reply: &mut Reply) {
        reply.usage.learn(self.usage());
        let choice = self.choices.first();
        let Some(delta) = choice.and_then(|it| it.delta.as_ref().or(it.message.as_ref())) else {
            return;
        };
        // Some send the same thoughts under several names.
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
            // Mistral sends thoughts as parts of the content.
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

    /// How the answer ends, if it says so.
    pub(super) fn finish(&self) -> Option<Result<Finish, Error>> {
        let reason = self.choices.first()?.finish_reason.as_deref()?;
        Some(match reason {
            "" => return None,
            "length" => Ok(Finish::Length),
            "content_filter" => Ok(Finish::Filtered),
            "error" | "network_error" => Err(Error::reported(&Value::Null)),
            _ => Ok(Finish::Complete),
        })
    }
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was said whole, as far as the endpoint tells.
    Complete,
    /// The most tokens allowed were reached.
    Length,
    /// The rest was held back because of what it contained.
    Filtered,
}

/// Thoughts, which are a string or a list of parts.
fn thoughts_of(thoughts: &Value) -> String {
    match thoughts {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_in).collect(),
        _ => String::new(),
    }
}

/// The text of a part: `OpenRouter`'s summaries of thoughts have another name for it.
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
    reason = "it is within the range"
)]
fn whole(number: f64) -> Option<u32> {
    (number >= 0.0 && number < f64::from(u32::MAX)).then_some(number.round() as u32)
}

/// What the body of `GET {base}/models` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The models' ids, in its order, each once.
    pub ids: Vec<String>,
    /// Who owns the first model, by which several servers can be told: `library`, `vllm`, `llamacpp`.
    pub owned_by: String,
    /// The models that are known to take pictures, and those that are known not to.
    pub sees: Vec<(String, bool)>,
}

/// The most values in a list of models: `OpenRouter`'s, the longest that is known, has about 30,000.
const MOST_VALUES_OF_A_LIST: usize = 500_000;

/// Reads the body of `GET {base}/models`.
///
/// # Errors
/// [`Error::Garbled`] when it is no such list, [`Error::Reported`] when it says why.
pub fn listed(body: &str) -> Result<Listed, Error> {
    if has_more_values(body.as_bytes(), MOST_VALUES_OF_A_LIST) {
        return Err(Error::TooMuch);
    }
    let list: Value = serde_json::from_str(body).map_err(|_| Error::garbled(body))?;
    let data = match list.get("data") {
        Some(data) => data.as_array().map_or(&[][..], Vec::as_slice),
        None => match list.as_array() {
            Some(data) => data,
            None => {
                return Err(match Error::reported(&list) {
                    Error::Reported { message, .. } if message.is_empty() => Error::garbled(body),
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

/// Whether a model takes pictures, as far as the list tells: `architecture.input_modalities` of
/// `OpenRouter` and newer llama.cpp, `capabilities.vision` of Mistral, or a list of either anywhere near.
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

/// The endpoint's own words in the body of a refusal, in whichever shape it wrote them: of an HTML
/// page its title, for its other words are for another reader.
pub fn refusal(body: &str) -> String {
    Refusal::read(body).words
}

/// Whether JSON has more values than this, as far as its commas and brackets tell.
pub(super) fn has_more_values(json: &[u8], most: usize) -> bool {
    let is_value = |byte: &&u8| matches!(**byte, b',' | b'[' | b'{');
    json.len() > most && json.iter().filter(is_value).count() > most
}

/// Reads null as the default, as an absent field is.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;
