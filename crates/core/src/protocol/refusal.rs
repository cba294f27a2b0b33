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
mod tests {
    use super::*;

    #[test]
    fn what_fails_in_this_browser_is_told_from_other_devices() {
        #[track_caller]
        fn check(body: &str, expected: &Cause) {
            let words = Refusal::read(body).words;
            assert_eq!(Cause::told(500, &words), *expected);
        }
        check(
            r#"{"error":{"message":"It has no SIMD.","code":"device_no_simd"}}"#,
            &Cause::Device("no_simd".to_owned()),
        );
        check(
            r#"{"error":{"message":"The weights are not here.","code":"weights_missing"}}"#,
            &Cause::Weights,
        );
        check(
            r#"{"error":{"message":"invalid device_map for this worker"}}"#,
            &Cause::Server,
        );
    }
    use proptest::prelude::*;

    #[test]
    fn the_endpoints_words_are_found_in_every_shape() {
        #[track_caller]
        fn check(body: &str, words: &str, status: Option<u16>) {
            let expected = Refusal {
                words: words.into(),
                status,
            };
            assert_eq!(Refusal::read(body), expected);
        }
        // OpenAI
        check(
            r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            "Incorrect API key provided",
            None,
        );
        check(
            r#"{"error":{"message":"Not supported with this model.","type":"invalid_request_error","param":"stop","code":"unsupported_value"}}"#,
            "stop: Not supported with this model.",
            None,
        );
        check(
            r#"{"error":{"message":"요청이 너무 깁니다.","code":"context_length_exceeded"}}"#,
            "context_length_exceeded: 요청이 너무 깁니다.",
            None,
        );
        // FastAPI
        check(r#"{"detail":"Not Found"}"#, "Not Found", None);
        check(
            r#"{"detail":[{"loc":["body","top_k"],"msg":"Extra inputs are not permitted"},{"msg":"b"}]}"#,
            "top_k: Extra inputs are not permitted · b",
            None,
        );
        // Gemini
        check(
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
            "API key not valid. Please pass a valid API key.",
            Some(400),
        );
        // Anthropic
        check(
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "Overloaded",
            Some(529),
        );
        // llama.cpp, with the figures in fields only
        check(
            r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":30031,"n_ctx":2048}}"#,
            "the request exceeds the available context size (n_prompt_tokens: 30031, n_ctx: 2048)",
            Some(400),
        );
        // Ollama
        check(
            r#"{"error":"model 'x' not found"}"#,
            "model 'x' not found",
            None,
        );
        // LiteLLM
        check(
            r#"{"error":{"message":"litellm.BadRequestError: no","type":null,"param":null,"code":"400"}}"#,
            "litellm.BadRequestError: no",
            Some(400),
        );
        // OpenRouter
        check(
            r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"slow down\"}}","provider_name":"X"}}}"#,
            "Provider returned error · slow down",
            Some(429),
        );
        check(
            r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"upstream gone"}}}"#,
            "Provider returned error · upstream gone",
            Some(502),
        );
        check(r#"{"message":"no"}"#, "no", None);
        // Backend.AI
        check(
            r#"{"type":"https://api.backend.ai/probs/auth-failed","title":"Credential/signature mismatch."}"#,
            "Credential/signature mismatch.",
            None,
        );
        // pages
        check(
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>…",
            "502 Bad Gateway",
            None,
        );
        check(
            "<!DOCTYPE html><TITLE lang=en>\n 가 |  나 </TITLE>",
            "가 | 나",
            None,
        );
        check("  <!doctype html><h1>502</h1>", "", None);
        check("<title>cut", "", None);
        check("Loading model", "Loading model", None);
        check("", "", None);
        check("a\u{0}\u{1b}[31mb", "a[31mb", None);
        check(&"가".repeat(600), &format!("{}…", "가".repeat(500)), None);
    }

    #[test]
    fn what_it_means_is_told_by_status_and_words() {
        #[track_caller]
        fn check(status: u16, words: &str, expected: Cause) {
            assert_eq!(Cause::told(status, words), expected);
        }
        let parameter = |name: &str| Cause::Parameter(name.into());
        check(401, "Invalid API Key", Cause::Token);
        check(401, "", Cause::Token);
        check(
            401,
            "CORS requests are not allowed for this Organization",
            Cause::Forbidden,
        );
        check(403, "Forbidden", Cause::Forbidden);
        check(
            403,
            "Your API key does not have permission",
            Cause::Forbidden,
        );
        check(403, "Invalid API key", Cause::Token);
        check(
            400,
            "API key not valid. Please pass a valid API key.",
            Cause::Token,
        );
        check(
            400,
            "Authentication Error, Invalid proxy server token passed.",
            Cause::Token,
        );
        check(404, "Not Found", Cause::PathOrModel);
        check(404, "", Cause::PathOrModel);
        check(404, "404 page not found", Cause::Path);
        check(404, "File Not Found", Cause::Path);
        check(404, "Invalid URL (POST /chat/completions)", Cause::Path);
        check(405, "Method Not Allowed", Cause::Path);
        check(404, "model 'x' not found", Cause::Model);
        check(404, "The model `x` does not exist.", Cause::Model);
        check(400, "x is not a valid model ID", Cause::Model);
        check(
            400,
            "Invalid model name passed in model=x: invalid model",
            Cause::Model,
        );
        check(
            404,
            "models/x is not found for API version v1main",
            Cause::Model,
        );
        check(
            400,
            "Unrecognized request argument supplied: top_k",
            parameter("top_k"),
        );
        check(
            400,
            "Unsupported value: 'temperature' does not support 0.7 with this model.",
            parameter("temperature"),
        );
        check(400, "property 'top_k' is unsupported", parameter("top_k"));
        check(
            400,
            "Invalid JSON payload received. Unknown name \"min_p\": Cannot find field.",
            parameter("min_p"),
        );
        check(
            422,
            "seed: Extra inputs are not permitted",
            parameter("seed"),
        );
        check(
            422,
            "colour: Extra inputs are not permitted",
            parameter("colour"),
        );
        check(400, "Unknown parameter: 'colour'.", parameter("colour"));
        check(
            400,
            "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 2048 tokens and your request has 20 input tokens",
            parameter("max_tokens"),
        );
        check(400, "please stop shouting", Cause::Other);
        check(400, "", Cause::Other);
        check(429, "Rate limit reached", Cause::Busy);
        check(503, "", Cause::Busy);
        check(529, "Overloaded", Cause::Busy);
        check(503, "Loading model", Cause::Loading);
        check(
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            Cause::Quota,
        );
        check(
            429,
            "You exceeded your current quota. Please retry in 39s.",
            Cause::Busy,
        );
        check(402, "Insufficient Balance", Cause::Quota);
        check(413, "Payload Too Large", Cause::TooLarge);
        check(415, "Unsupported Media Type", Cause::MediaType);
        check(408, "", Cause::Timeout);
        check(504, "504 Gateway Time-out", Cause::Timeout);
        check(
            400,
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
            Cause::Filtered,
        );
        check(403, "Your input was flagged", Cause::Filtered);
        check(
            500,
            "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
            Cause::Pictures,
        );
        check(500, "Internal Server Error", Cause::Server);
        check(502, "502 Bad Gateway", Cause::Server);
        check(418, "I'm a teapot", Cause::Other);
        check(0, "overloaded", Cause::Other);
    }

    #[test]
    fn a_conversation_that_is_too_long_says_how_long_it_is() {
        #[track_caller]
        fn check(words: &str, asked: Option<u32>, limit: Option<u32>) {
            for status in [0, 400, 413, 500] {
                assert_eq!(Cause::told(status, words), Cause::TooLong { asked, limit });
            }
        }
        let both = |words, asked, limit| check(words, Some(asked), Some(limit));
        // OpenAI
        both(
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce the length of the messages.",
            9000,
            8192,
        );
        // OpenAI before, vLLM
        both(
            "This model's maximum context length is 4096 tokens. However, you requested 5120 tokens (1024 in the messages, 4096 in the completion).",
            5120,
            4096,
        );
        both(
            "This model's maximum context length is 2048 tokens. However, you requested 4096 output tokens and your prompt contains at least 1 input tokens, for a total of at least 4097 tokens.",
            4097,
            2048,
        );
        // llama.cpp
        both(
            "request (30031 tokens) exceeds the available context size (2048 tokens), try increasing it",
            30_031,
            2048,
        );
        both(
            "the request exceeds the available context size (n_prompt_tokens: 30031, n_ctx: 2048)",
            30_031,
            2048,
        );
        // Anthropic, Gemini, Mistral, xAI, llama-cpp-python
        both(
            "prompt is too long: 213,462 tokens > 200,000 maximum",
            213_462,
            200_000,
        );
        both(
            "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
            1_100_000,
            1_048_576,
        );
        both(
            "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
            40_000,
            32_768,
        );
        both(
            "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
            150_000,
            131_072,
        );
        both(
            "Requested tokens (5120) exceed context window of 4096",
            5120,
            4096,
        );
        // LiteLLM, with names that have numbers
        both(
            "litellm.ContextWindowExceededError: gpt-3.5-turbo-16k-0613: This model's maximum context length is 16385 tokens. However, your messages resulted in 20000 tokens.",
            20_000,
            16_385,
        );
        check("context_length_exceeded: zu lang", None, None);
        check("the context window of 4096 is used up", None, Some(4096));
    }

    #[test]
    fn a_hostile_depth_is_no_words() {
        for open in ["[", "{\"error\":", "{\"detail\":["] {
            let body = open.repeat(1_000_000);
            assert_eq!(Refusal::read(&body).words.chars().count(), 501);
        }
    }

    proptest! {
        #[test]
        fn any_words_are_taken(body: String, status: u16) {
            let said = Refusal::read(&body);
            Cause::told(status, &said.words);
        }

        #[test]
        fn any_fields_are_taken(
            names in prop::collection::vec("error|message|detail|code|type|param|loc|metadata|raw|[a-z]", 1..6),
            text in ".{0,40}",
            as_list: bool,
        ) {
            let inner = Value::String(text);
            let value = names.into_iter().fold(inner, |value, name| {
                let value = if as_list { Value::Array(vec![value]) } else { value };
                Value::Object([(name, value)].into_iter().collect())
            });
            let said = Refusal::of(&value);
            prop_assert!(said.words.chars().count() <= 501);
        }
    }
}
