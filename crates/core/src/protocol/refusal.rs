//! What an endpoint says instead of an answer: its own words in whichever shape it wrote them, and
//! what they mean. Pure.
//!
//! Sources: OpenAI's API reference, «Error codes»; Anthropic's, «Errors»; Gemini's, «Troubleshooting»;
//! `OpenRouter`'s, «Errors and Debugging»; FastAPI's documentation, «Handling Errors»; the READMEs and
//! the logs of llama.cpp's server, vLLM, Ollama and `LiteLLM`; `tests/captures`.

use serde_json::Value;

use super::{Error, excerpt::excerpt};

/// What an endpoint says instead of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Its own words, or nothing.
    pub words: String,
    /// The HTTP status that it names: within a stream, the response's own is 200.
    pub status: Option<u16>,
}

impl Refusal {
    /// Reads the body of a refusal: JSON in any usual shape, a page, whose title is kept, or text.
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

    /// Reads an error that is a value within something else.
    pub fn of(error: &Value) -> Self {
        let mut words = words(error).unwrap_or_default();
        let fields = innermost(error);
        let field = |name: &str| fields.and_then(|fields| fields.get(name));
        let text = |name: &str| field(name).and_then(Value::as_str);
        // What the words alone don't tell is put before them, as the endpoint names it.
        let named = text("param").filter(|name| !name.is_empty() && !words.contains(name));
        if let Some(name) = named {
            words = format!("{name}: {words}");
        }
        let code = text("code").filter(|code| code.parse::<u16>().is_err());
        for code in code.into_iter().chain(text("type")) {
            let told = Cause::of_words(&words);
            if told.is_none() && Cause::of_words(code).is_some() {
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

/// The fields of the error itself: within `error`, the first of a list.
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

/// Finds the words in `{"error": {"message"}}`, `{"error": "…"}`, `{"detail": "…"}`,
/// `{"detail": [{"msg", "loc"}]}`, `{"message": "…"}`, `{"title": "…"}` (RFC 9457) or a list of those. The field that a fault is
/// about goes before the words: `loc` is FastAPI's path to it, from the body on. What `OpenRouter` was
/// told by a provider goes behind them.
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

/// As much of a page as is looked through for its title, in bytes.
const HEAD: usize = 16 * 1024;

/// The title of an HTML page, which is all that it says to others than its own readers.
pub(super) fn title(page: &str) -> Option<String> {
    let end = (0..=HEAD.min(page.len()))
        .rev()
        .find(|end| page.is_char_boundary(*end))?;
    let page = &page[..end];
    // ASCII letters keep their places.
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let begin = tag + lower[tag..].find('>')? + 1;
    let end = begin + lower[begin..].find('<')?;
    let words: Vec<_> = page[begin..end].split_whitespace().collect();
    let words = excerpt(&words.join(" "));
    (!words.is_empty()).then_some(words)
}

/// Why an endpoint gave no answer, as far as its status and its words tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The token is missing, wrong or no longer valid.
    Token,
    /// The token is known, but not allowed to do this; or the page is not.
    Forbidden,
    /// There is nothing at this path.
    Path,
    /// There is no such model.
    Model,
    /// Nothing at this path, or no such model: it does not say which.
    PathOrModel,
    /// The conversation is longer than the model takes.
    TooLong {
        /// Tokens of the conversation, with the answer that was asked for where that is counted.
        asked: Option<u32>,
        /// The most tokens that the model takes.
        limit: Option<u32>,
    },
    /// This field of the request, by its name on the wire.
    Parameter(String),
    /// Too many requests, for now.
    Busy,
    /// The model is still being loaded.
    Loading,
    /// The account's quota or credit is used up.
    Quota,
    /// The request has too many bytes.
    TooLarge,
    /// The request is of a kind that the server doesn't take.
    MediaType,
    /// A server or a proxy gave up waiting.
    Timeout,
    /// The content of the conversation.
    Filtered,
    /// The model can't see.
    Pictures,
    /// The model is to run in this browser, and is not there.
    Weights,
    /// The model ran in this browser, and its program has ended.
    Memory,
    /// Something else about what runs in this browser: its code in `on-device/page/device.js`.
    Device(String),
    /// The server failed.
    Server,
    /// Anything else.
    Other,
}

impl Cause {
    /// Why, if the endpoint refused or reported something.
    pub fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Refused {
                status, message, ..
            } => Some(Self::told(*status, message)),
            Error::Reported { message, status } => {
                Some(Self::told(status.unwrap_or_default(), message))
            }
            _ => None,
        }
    }

    /// What a status and an endpoint's words tell. 0 is no status.
    pub fn told(status: u16, words: &str) -> Self {
        let lower = words.to_ascii_lowercase();
        let says = |some: &[&str]| some.iter().any(|words| lower.contains(words));
        let is_request = matches!(status, 0 | 400 | 403 | 404 | 413 | 422 | 500);
        if is_request && let Some(cause) = Self::of_words(words) {
            return cause;
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

    /// What words tell by themselves, whatever the status.
    fn of_words(words: &str) -> Option<Self> {
        let lower = words.to_ascii_lowercase();
        let says = |some: &[&str]| some.iter().any(|words| lower.contains(words));
        // vLLM names both the parameter and the model's length; the parameter is what can be changed.
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
        // `on-device/page/device.js`.
        if says(&["weights_missing"]) {
            return Some(Self::Weights);
        }
        if says(&["model_crashed"]) {
            return Some(Self::Memory);
        }
        // As its first word: others speak of devices, too.
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

/// The whole numbers of a text that may be counts of tokens: no parts of names, and no small ones.
fn numbers(words: &str) -> Vec<u32> {
    // Unicode's own letters would be a table to download.
    let is_part = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "-_.,".contains(c);
    let words = words.split(|c: char| !is_part(c));
    let words = words.map(|word| word.trim_matches(['.', ',', '-']).replace(',', ""));
    let numbers = words.filter_map(|word| word.parse().ok());
    numbers.filter(|number| *number >= 16).collect()
}

/// The field of a request that a refusal names: a word with an underscore, in quotes, or before a colon
/// at the beginning.
fn named(words: &str) -> Option<String> {
    const KNOWN: [&str; 16] = [
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "frequency_penalty",
        "presence_penalty",
        "repetition_penalty",
        "repeat_penalty",
        "seed",
        "stop",
        "reasoning_effort",
        "response_format",
        "stream_options",
        "chat_template_kwargs",
    ];
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
        if is_marked && KNOWN.contains(&word) {
            return Some(word.to_owned());
        }
    }
    // A field that is not among the parameters of the page: typed as JSON.
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

/// Whether a refusal is of a field as such, and not of its value.
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

impl Error {
    /// What an endpoint reported, as a value in whichever shape.
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
