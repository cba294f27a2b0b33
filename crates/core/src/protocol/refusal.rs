//! Parses and classifies an endpoint's error messages, in whichever shape. Pure.
//!
//! Sources: OpenAI's API reference, «Error codes»; Anthropic's, «Errors»; Gemini's,
//! «Troubleshooting»; `OpenRouter`'s, «Errors and Debugging»; FastAPI's documentation, «Handling
//! Errors»; the READMEs and the logs of llama.cpp's server, vLLM, Ollama and `LiteLLM`;
//! `tests/captures`.

use serde_json::Value;

use super::{Failure, excerpt::excerpt};
use crate::chat::params::Param;

/// An endpoint's error in place of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The endpoint's message, or empty.
    pub words: String,
    /// HTTP status named in the error; within a stream, the response's own is 200.
    pub status: Option<u16>,
}

impl Refusal {
    /// Parses an error body: JSON in any usual shape, an HTML page, whose title is kept, or text.
    pub fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{FEFF}').trim();
        if body.starts_with('<') {
            let words = title(body).unwrap_or_default();
            return Self {
                words,
                status: None,
            };
        }
        let json: Option<Value> = serde_json::from_str(body).ok();
        let said = json.as_ref().map(Self::of);
        match said.filter(|said| !said.words.is_empty()) {
            Some(said) => said,
            None => Self {
                words: excerpt(body),
                status: None,
            },
        }
    }

    /// Parses an error that is a value within other JSON.
    pub fn of(error: &Value) -> Self {
        let mut words = words(error).unwrap_or_default();
        let fields = innermost(error);
        let field = |name: &str| fields.and_then(|fields| fields.get(name));
        let text = |name: &str| field(name).and_then(Value::as_str);
        // Fields that the message alone lacks are put before it, as the endpoint names them.
        let named = text("param").filter(|name| !name.is_empty() && !words.contains(name));
        if let Some(name) = named {
            words = format!("{name}: {words}");
        }
        let code = text("code").filter(|code| code.parse::<u16>().is_err());
        for code in code.into_iter().chain(text("type")) {
            let told = Reason::of_words(&words);
            if told.is_none() && Reason::of_words(code).is_some() {
                words = format!("{code}: {words}");
            }
        }
        let count = |name: &str| field(name).and_then(Value::as_u64);
        if let (Some(asked), Some(limit)) = (count("n_prompt_tokens"), count("n_ctx"))
            && !words.contains(&limit.to_string())
        {
            words = format!("{words} (n_prompt_tokens: {asked}, n_ctx: {limit})");
        }
        let number = |name: &str| {
            let value = field(name)?;
            let typed = || value.as_str()?.parse().ok();
            let number = value.as_u64().or_else(typed)?;
            u16::try_from(number).ok()
        };
        let by_type = || match text("type")? {
            "overloaded_error" => Some(529),
            "rate_limit_error" => Some(429),
            _ => None,
        };
        let status = number("code").or_else(|| number("status"));
        Self {
            words: excerpt(words.trim()),
            status: status
                .or_else(by_type)
                .filter(|status| (400..600).contains(status)),
        }
    }
}

/// Returns the fields of the error itself: within `error`, the first of a list.
fn innermost(error: &Value) -> Option<&Value> {
    match error {
        Value::Array(errors) => innermost(errors.first()?),
        Value::Object(fields) => match fields.get("error") {
            Some(inner @ (Value::Object(_) | Value::Array(_))) => innermost(inner),
            _ => Some(error),
        },
        _ => None,
    }
}

/// Finds the message in `{"error": {"message"}}`, `{"error": "…"}`, `{"detail": "…"}`,
/// `{"detail": [{"msg", "loc"}]}`, `{"message": "…"}`, `{"title": "…"}` (RFC 9457) or a list of
/// those. The faulty field goes before the message: `loc` is FastAPI's path to it, from the body
/// on. A provider's error, passed on by `OpenRouter`, goes after it.
fn words(error: &Value) -> Option<String> {
    match error {
        Value::String(words) => Some(excerpt(words)).filter(|words| !words.is_empty()),
        Value::Array(errors) => {
            let words: Vec<_> = errors.iter().filter_map(words).take(8).collect();
            (!words.is_empty()).then(|| words.join(" · "))
        }
        Value::Object(fields) => {
            let found = ["error", "message", "detail", "msg", "title"]
                .iter()
                .filter_map(|name| fields.get(*name))
                .find_map(words)?;
            let path = fields.get("loc").and_then(Value::as_array);
            let field = path.and_then(|path| path.iter().skip(1).next_back()?.as_str());
            let found = match field {
                Some(field) => format!("{field}: {found}"),
                None => found,
            };
            let raw = fields.get("metadata").and_then(|more| more.get("raw"));
            let raw = raw.and_then(Value::as_str).map(|raw| {
                let json: Option<Value> = serde_json::from_str(raw).ok();
                json.as_ref()
                    .and_then(words)
                    .unwrap_or_else(|| excerpt(raw))
            });
            Some(match raw.filter(|raw| !raw.is_empty() && *raw != found) {
                Some(raw) => format!("{found} · {raw}"),
                None => found,
            })
        }
        _ => None,
    }
}

/// Maximum bytes of a page searched for its title.
const HEAD: usize = 16 * 1024;

/// Returns the title of an HTML page: the rest is for people who open the page.
pub(super) fn title(page: &str) -> Option<String> {
    let end = (0..=HEAD.min(page.len()))
        .rev()
        .find(|end| page.is_char_boundary(*end))?;
    let page = &page[..end];
    // Lowercasing ASCII keeps all byte positions.
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let begin = tag + lower[tag..].find('>')? + 1;
    let end = begin + lower[begin..].find('<')?;
    let words: Vec<_> = page[begin..end].split_whitespace().collect();
    let words = excerpt(&words.join(" "));
    (!words.is_empty()).then_some(words)
}

/// Reason of a missing answer, as far as its status and message tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The token is missing, wrong or expired.
    Token,
    /// The token is known but lacks the permission, or the page's origin does.
    Forbidden,
    /// Nothing is at this path.
    Path,
    /// The model does not exist.
    Model,
    /// Nothing at this path, or no such model: the endpoint does not say which.
    PathOrModel,
    /// The conversation exceeds the model's context.
    TooLong {
        /// Tokens of the conversation, plus those of the requested answer where they count.
        asked: Option<u32>,
        /// Maximum tokens of the model's context.
        limit: Option<u32>,
    },
    /// A field of the request, by its name on the wire.
    Parameter(String),
    /// Too many requests for now.
    Busy,
    /// The model is still loading.
    Loading,
    /// The account's quota or credit is used up.
    Quota,
    /// The request has too many bytes.
    TooLarge,
    /// The server does not accept the request's media type.
    MediaType,
    /// A server or proxy timed out.
    Timeout,
    /// The conversation's content was refused.
    Filtered,
    /// The model does not accept images.
    Pictures,
    /// The model's weights for this browser are missing.
    Weights,
    /// The on-device model's program in this browser has crashed.
    Memory,
    /// Another on-device error: its code in `on-device/page/refusal.js`.
    Device(String),
    /// The server failed.
    Server,
    /// Any other reason.
    Other,
}

impl Reason {
    /// Returns the reason if the endpoint refused the request or reported an error.
    pub fn of(error: &Failure) -> Option<Self> {
        match error {
            Failure::Refused {
                status, message, ..
            } => Some(Self::classify(*status, message)),
            Failure::Reported { message, status } => {
                Some(Self::classify(status.unwrap_or_default(), message))
            }
            _ => None,
        }
    }

    /// Classifies a status and an error message. Status 0 means none.
    pub fn classify(status: u16, words: &str) -> Self {
        let lower = words.to_ascii_lowercase();
        let says = |some: &[&str]| some.iter().any(|words| lower.contains(words));
        let is_request = matches!(status, 0 | 400 | 403 | 404 | 413 | 422 | 500);
        if is_request && let Some(reason) = Self::of_words(words) {
            return reason;
        }
        let is_about_key = || {
            says(&[
                "api key",
                "api_key",
                "apikey",
                "authentication",
                "unauthorized",
                "token",
            ]) && !says(&["cors", "permission", "tokens"])
        };
        match status {
            401 if says(&["cors"]) => Self::Forbidden,
            401 => Self::Token,
            403 if is_about_key() => Self::Token,
            403 => Self::Forbidden,
            402 => Self::Quota,
            405 => Self::Path,
            404 if says(&[
                "page not found",
                "file not found",
                "invalid url",
                "endpoint or method",
                " route",
                "cannot ",
                "/models",
                "/chat/completions",
            ]) =>
            {
                Self::Path
            }
            404 if says(&["model"]) => Self::Model,
            404 => Self::PathOrModel,
            408 | 504 | 524 => Self::Timeout,
            413 => Self::TooLarge,
            415 => Self::MediaType,
            429 | 503 | 529 => {
                let passes = says(&["per minute", "retry in", "try again in", "per second"]);
                if says(&["loading"]) {
                    Self::Loading
                } else if !passes
                    && says(&["quota", "billing", "credit", "insufficient", "balance"])
                {
                    Self::Quota
                } else {
                    Self::Busy
                }
            }
            400 | 422 if is_about_key() && says(&["valid", "authentication", "pass"]) => {
                Self::Token
            }
            400 | 422 => named(words).map_or(Self::Other, Self::Parameter),
            500..600 => Self::Server,
            _ => Self::Other,
        }
    }

    /// Classifies an error message alone, whatever the status.
    fn of_words(words: &str) -> Option<Self> {
        let lower = words.to_ascii_lowercase();
        let says = |some: &[&str]| some.iter().any(|words| lower.contains(words));
        // vLLM names both the parameter and the model's length; the user can change the parameter.
        if says(&["max_tokens"]) && says(&["too large", "is too high", "at most"]) {
            return Some(Self::Parameter("max_tokens".into()));
        }
        if says(&[
            "context length",
            "context_length",
            "context size",
            "context_size",
            "context window",
            "contextwindow",
            "context the overflows",
            "prompt is too long",
            "input is too long",
            "input token count",
            "maximum prompt length",
            "reduce the length of",
            "too large for model with",
            "`inputs` tokens",
            "too many tokens",
        ]) && !says(&["failed to"])
        {
            let numbers = numbers(words);
            let limit = numbers.iter().take(2).min().copied();
            let most = numbers.iter().max().copied();
            let asked = most.filter(|most| limit.is_some_and(|limit| *most > limit));
            return Some(Self::TooLong { asked, limit });
        }
        // `on-device/page/refusal.js`.
        if says(&["weights_missing"]) {
            return Some(Self::Weights);
        }
        if says(&["model_crashed"]) {
            return Some(Self::Memory);
        }
        // Only as the first word: other messages speak of devices, too.
        if let Some(code) = words.strip_prefix("device_") {
            let code = code
                .split(|c: char| !c.is_ascii_lowercase() && c != '_')
                .next();
            return Some(Self::Device(code.unwrap_or_default().to_owned()));
        }
        if says(&["insufficient_quota", "insufficient balance"]) {
            return Some(Self::Quota);
        }
        if says(&[
            "content_filter",
            "content management policy",
            "content policy",
            "content_policy",
            "moderation",
            "flagged",
        ]) {
            return Some(Self::Filtered);
        }
        let cannot = says(&["not support", "not a multimodal", "unsupported", "mmproj"]);
        if cannot && says(&["image", "vision", "multimodal"]) {
            return Some(Self::Pictures);
        }
        let is_unknown = says(&[
            "not found",
            "not exist",
            "not_found",
            "invalid model",
            "not a valid model",
            "unknown model",
        ]);
        // «model 'x' not found», «The model `x` does not exist», model_not_found.
        (is_unknown && says(&["model"]) && !says(&["/models", "page not found"]))
            .then_some(Self::Model)
    }
}

/// Returns whole numbers that may be token counts: not parts of names, and not small.
fn numbers(words: &str) -> Vec<u32> {
    // Unicode's letter classes would add a table to the download.
    let is_part = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "-_.,".contains(c);
    let words = words.split(|c: char| !is_part(c));
    let words = words.map(|word| word.trim_matches(['.', ',', '-']).replace(',', ""));
    let numbers = words.filter_map(|word| word.parse().ok());
    numbers.filter(|number| *number >= 16).collect()
}

/// Returns the request field named in a refusal: a word with an underscore, in quotes, or before a
/// colon at the start.
fn named(words: &str) -> Option<String> {
    // Besides the parameters.
    const OTHERS: [&str; 4] = [
        "max_completion_tokens",
        "repeat_penalty",
        "stream_options",
        "chat_template_kwargs",
    ];
    let is_known = |word: &str| {
        let mut params = Param::ALL.into_iter().filter(|param| *param != Param::Json);
        OTHERS.contains(&word) || params.any(|param| param.wire() == word)
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = words;
    while let Some(begin) = rest.find(is_part) {
        let before = rest[..begin].chars().next_back();
        let word = &rest[begin..];
        let end = word.find(|c| !is_part(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        rest = after;
        let is_marked = word.contains('_')
            || before.is_some_and(|c| "'\"`".contains(c))
            || after.starts_with(':')
            || before == Some(' ') && after.is_empty();
        if is_marked && is_known(word) {
            return Some(word.to_owned());
        }
    }
    // A field that is not one of the page's parameters: typed as JSON.
    let markers = [
        "request argument supplied: ",
        "nknown parameter: '",
        "nsupported parameter: '",
        "nknown name \"",
        "unknown field `",
        "keyword argument '",
        "property '",
    ];
    let after = markers
        .iter()
        .find_map(|marker| Some(&words[words.find(marker)? + marker.len()..]));
    let extra = || Some(words.split_once(": Extra inputs")?.0);
    let name = after.or_else(extra)?;
    let end = name.find(|c| !is_part(c)).unwrap_or(name.len());
    (1..=64).contains(&end).then(|| name[..end].to_owned())
}

/// Returns whether a refusal concerns a field itself, not its value.
pub fn is_of_field(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    let signs = [
        "unrecognized",
        "unsupported",
        "not support",
        "unknown",
        "extra inputs",
        "unexpected",
    ];
    signs.iter().any(|sign| lower.contains(sign))
}

impl Failure {
    /// Builds the error from a value in whichever shape.
    pub(super) fn reported(error: &Value) -> Self {
        let Refusal { words, status } = Refusal::of(error);
        Self::Reported {
            message: words,
            status,
        }
    }
}

#[cfg(test)]
mod tests;
