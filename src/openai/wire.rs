//! The JSON of the OpenAI protocol, read as tolerantly as endpoints write it.
//!
//! Source: OpenAI's API reference, «Chat» and «Models». Every field may be null or absent.

use serde::{Deserialize, Deserializer, Serialize};

use serde_json::{Map, Value};

use super::Error;
use crate::chat::{Answer, Turn};

/// The body of `POST {base}/chat/completions`.
#[derive(Debug, PartialEq, Serialize)]
pub struct Request<'a> {
    /// The model's id.
    pub model: &'a str,
    /// The whole conversation, oldest first.
    pub messages: Vec<Message<'a>>,
    /// Whether the answer is wanted as it is made. Always true.
    pub stream: bool,
    /// The parameters that are in use, by their names on the wire.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

/// One message of a conversation.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Message<'a> {
    /// `system`, `user` or `assistant`.
    pub role: &'static str,
    /// Its text.
    pub content: &'a str,
}

impl<'a> Request<'a> {
    /// Asks `model` for the answer to `prompt`, after the system prompt, unless it is empty, and
    /// the turns before it. A turn that got no word of an answer is left out: many models'
    /// templates refuse two user messages in a row. An answer that was stopped or cut off counts as
    /// far as it came.
    pub fn new(
        model: &'a str,
        system: &'a str,
        before: &'a [Turn],
        prompt: &'a str,
        params: Map<String, Value>,
    ) -> Self {
        let user = |content| Message {
            role: "user",
            content,
        };
        let mut messages = Vec::with_capacity(before.len() * 2 + 2);
        if !system.trim().is_empty() {
            messages.push(Message {
                role: "system",
                content: system,
            });
        }
        for turn in before {
            if let Some(Answer { text, .. }) = &turn.answer
                && !text.is_empty()
            {
                messages.push(user(&*turn.prompt));
                messages.push(Message {
                    role: "assistant",
                    content: text,
                });
            }
        }
        messages.push(user(prompt));
        Self {
            model,
            messages,
            stream: true,
            params,
        }
    }
}

/// One event of a stream, or a whole answer: the two differ only in where the text is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    #[serde(deserialize_with = "or_default")]
    choices: Vec<Choice>,
    error: Option<serde_json::Value>,
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
    content: Option<serde_json::Value>,
}

impl Chunk {
    /// Reads the JSON of one event or of a whole answer.
    pub(super) fn parse(json: &str) -> Result<Self, Error> {
        let chunk: Self = serde_json::from_str(json).map_err(|_| Error::garbled(json))?;
        match &chunk.error {
            Some(error) => Err(Error::Reported {
                message: words(error).unwrap_or_default(),
            }),
            None => Ok(chunk),
        }
    }

    /// The text that it adds.
    pub(super) fn text(&self) -> String {
        let said = |choice: &'_ Choice| -> Option<String> {
            let delta = choice.delta.as_ref().or(choice.message.as_ref())?;
            delta.content.as_ref().map(text_of)
        };
        self.choices.first().and_then(said).unwrap_or_default()
    }

    /// How the answer ends, if it says so.
    pub(super) fn finish(&self) -> Option<Result<Finish, Error>> {
        let reason = self.choices.first()?.finish_reason.as_deref()?;
        Some(match reason {
            "" => return None,
            "length" => Ok(Finish::Length),
            "content_filter" => Ok(Finish::Filtered),
            "error" | "network_error" => Err(Error::Reported {
                message: String::new(),
            }),
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

/// The text of a `content`, which is a string or, as some endpoints send it, a list of parts.
fn text_of(content: &serde_json::Value) -> String {
    match content {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}

/// The model ids in the body of `GET {base}/models`, in its order, each once.
///
/// # Errors
/// [`Error::Garbled`] when it is no such list.
pub fn models(body: &str) -> Result<Vec<String>, Error> {
    let list: serde_json::Value = serde_json::from_str(body).map_err(|_| Error::garbled(body))?;
    let data = match list.get("data") {
        Some(data) => data.as_array().map_or(&[][..], Vec::as_slice),
        None => match list.as_array() {
            Some(data) => data,
            None => {
                return Err(words(&list).map_or_else(
                    || Error::garbled(body),
                    |message| Error::Reported { message },
                ));
            }
        },
    };
    let mut seen = std::collections::HashSet::new();
    let ids = data.iter().filter_map(|model| model.get("id")?.as_str());
    Ok(ids
        .filter(|id| seen.insert(*id))
        .map(str::to_owned)
        .collect())
}

/// The endpoint's own words in the body of a refusal, in whichever shape it wrote them: nothing
/// for an HTML page, whose words are for another reader.
pub fn refusal(body: &str) -> String {
    let body = body.trim();
    match error_words(body) {
        Some(message) => message,
        None if body.starts_with('<') => String::new(),
        None => excerpt(body),
    }
}

fn error_words(body: &str) -> Option<String> {
    words(&serde_json::from_str(body).ok()?)
}

/// Finds the words in `{"error": {"message"}}`, `{"error": "…"}`, `{"detail": "…"}`,
/// `{"detail": [{"msg", "loc"}]}`, `{"message": "…"}` or a list of those. The field that a fault is
/// about goes before the words: `loc` is FastAPI's path to it, from the body on.
fn words(error: &serde_json::Value) -> Option<String> {
    match error {
        serde_json::Value::String(words) => Some(excerpt(words)),
        serde_json::Value::Array(errors) => {
            let words: Vec<_> = errors.iter().filter_map(words).collect();
            (!words.is_empty()).then(|| words.join(" · "))
        }
        serde_json::Value::Object(fields) => {
            let found = ["error", "message", "detail", "msg"]
                .iter()
                .filter_map(|name| fields.get(*name))
                .find_map(words)?;
            let path = fields.get("loc").and_then(Value::as_array);
            let field = path.and_then(|path| path.iter().skip(1).next_back()?.as_str());
            Some(match field {
                Some(field) => format!("{field}: {found}"),
                None => found,
            })
        }
        _ => None,
    }
}

/// At most so many characters of what an endpoint sent are kept to be shown.
const EXCERPT: usize = 500;

/// The beginning of a text, cut between characters.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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
mod tests {
    use super::*;
    use crate::chat::{Outcome, turn};

    #[test]
    fn a_request_repeats_the_conversation() {
        let turn = |prompt: &str, answer: Option<&str>| Turn {
            id: turn::Id::new(0),
            prompt: prompt.into(),
            waits: false,
            answer: answer.map(|text| Answer {
                model: "m".into(),
                text: text.into(),
                outcome: Outcome::Complete,
            }),
        };
        let before = [turn("a", Some("b")), turn("c", Some("")), turn("d", None)];
        let params = Map::from_iter([("top_k".to_owned(), 40.into())]);
        let request = Request::new("m", "Be kind.", &before, "한국어\n\"e\"", params);
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            concat!(
                r#"{"model":"m","messages":[{"role":"system","content":"Be kind."},"#,
                r#"{"role":"user","content":"a"},"#,
                r#"{"role":"assistant","content":"b"},"#,
                r#"{"role":"user","content":"한국어\n\"e\""}],"#,
                r#""stream":true,"top_k":40}"#,
            )
        );
        let plain = Request::new("m", " ", &[], "a", Map::new());
        assert_eq!(
            serde_json::to_string(&plain).unwrap(),
            r#"{"model":"m","messages":[{"role":"user","content":"a"}],"stream":true}"#
        );
    }

    #[test]
    fn chunks_are_read_tolerantly() {
        #[track_caller]
        fn check(json: &str, text: &str, finish: Option<Finish>) {
            let chunk = Chunk::parse(json).unwrap();
            assert_eq!((&*chunk.text(), chunk.finish()), (text, finish.map(Ok)));
        }
        check(r#"{"choices":[{"delta":{"content":"a"}}]}"#, "a", None);
        check(
            r#"{"choices":[{"delta":{"content":null},"finish_reason":null}]}"#,
            "",
            None,
        );
        check(r#"{"choices":[{"delta":{}}]}"#, "", None);
        check(r#"{"choices":[{"delta":null}]}"#, "", None);
        check(r#"{"choices":[{}]}"#, "", None);
        check(r#"{"choices":[],"usage":{"total_tokens":1}}"#, "", None);
        check(r#"{"choices":null,"error":null}"#, "", None);
        check(r#"{"type":"keepalive"}"#, "", None);
        check(
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            "",
            Some(Finish::Complete),
        );
        check(r#"{"choices":[{"delta":{},"finish_reason":""}]}"#, "", None);
        check(
            r#"{"choices":[{"finish_reason":"length"}]}"#,
            "",
            Some(Finish::Length),
        );
        check(
            r#"{"choices":[{"finish_reason":"content_filter"}]}"#,
            "",
            Some(Finish::Filtered),
        );
        check(
            r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"tool_calls"}]}"#,
            "whole",
            Some(Finish::Complete),
        );
        check(
            r#"{"choices":[{"delta":{"content":"b"},"message":{"content":"ab"}}]}"#,
            "b",
            None,
        );
        check(
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"x"}]}}]}"#,
            "a",
            None,
        );
    }

    #[test]
    fn an_error_in_a_stream_is_an_error() {
        #[track_caller]
        fn check(json: &str, expected: Error) {
            assert_eq!(Chunk::parse(json).unwrap_err(), expected);
        }
        let reported = |message: &str| Error::Reported {
            message: message.into(),
        };
        check(
            r#"{"error":{"message":"overloaded","code":503}}"#,
            reported("overloaded"),
        );
        check(
            r#"{"error":"no","choices":[{"delta":{"content":""}}]}"#,
            reported("no"),
        );
        check(r#"{"error":{}}"#, reported(""));
        check(
            "{cut",
            Error::Garbled {
                excerpt: "{cut".into(),
            },
        );
        check(
            "[]x",
            Error::Garbled {
                excerpt: "[]x".into(),
            },
        );
    }

    #[test]
    fn model_lists_come_in_shapes() {
        #[track_caller]
        fn check(body: &str, expected: Result<&[&str], Error>) {
            let expected = expected.map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
            assert_eq!(models(body), expected);
        }
        check(
            r#"{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":"b"}]}"#,
            Ok(&["b", "a"]),
        );
        check(r#"{"data":[]}"#, Ok(&[]));
        check(r#"{"data":null}"#, Ok(&[]));
        check(r#"[{"id":"a"}]"#, Ok(&["a"]));
        check(
            "<html>",
            Err(Error::Garbled {
                excerpt: "<html>".into(),
            }),
        );
        check(
            r#"{"error":"no"}"#,
            Err(Error::Reported {
                message: "no".into(),
            }),
        );
        let captured = include_str!("../../tests/captures/llama-server-models.txt");
        let body = captured
            .split("\r\n\r\n")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        check(body, Ok(&["smollm2"]));
    }

    #[test]
    fn a_refusal_keeps_the_endpoints_words() {
        #[track_caller]
        fn check(body: &str, expected: &str) {
            assert_eq!(refusal(body), expected);
        }
        check(
            r#"{"error":{"message":"Invalid API Key","code":401}}"#,
            "Invalid API Key",
        );
        check(r#"{"error":"model not found"}"#, "model not found");
        check(r#"{"detail":"Not Found"}"#, "Not Found");
        check(
            r#"{"detail":[{"loc":["body"],"msg":"a"},{"msg":"b"}]}"#,
            "a · b",
        );
        check(
            r#"{"detail":[{"loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}"#,
            "top_k: Extra inputs are not permitted",
        );
        check(r#"{"message":"no"}"#, "no");
        check(r#"[{"error":{"message":"quota"}}]"#, "quota");
        check("Loading model", "Loading model");
        check("  <!doctype html><h1>502</h1>", "");
        check("", "");
        check(&"가".repeat(600), &format!("{}…", "가".repeat(500)));
    }
}
