//! Parses an endpoint's error messages, in whichever shape. Pure.
//!
//! Sources: OpenAI's API reference, «Error codes»; Anthropic's, «Errors»; Gemini's,
//! «Troubleshooting»; `OpenRouter`'s, «Errors and Debugging»; FastAPI's documentation, «Handling
//! Errors»; `tests/captures`; `tests/wire`.

use serde_json::Value;

use super::{
    Failure, Reason,
    excerpt::{begin_of, excerpt},
    sse, tolerant,
};

/// An endpoint's error in place of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The endpoint's message, or empty.
    pub words: String,
    /// HTTP status named in the error; within a stream, the response's own is 200.
    pub status: Option<u16>,
}

impl Refusal {
    /// Parses an error body: JSON in any usual shape, also within an event or a text, an HTML page,
    /// whose title is kept, or text.
    pub fn read(body: &str) -> Self {
        let body = body.trim_start_matches('\u{FEFF}').trim();
        let json = inner(body);
        let said = json.as_ref().map(Self::of);
        match said.filter(|said| !said.words.is_empty()) {
            Some(said) => said,
            None => Self {
                words: text_of(body),
                status: None,
            },
        }
    }

    /// Parses an error that is a value within other JSON.
    pub fn of(error: &Value) -> Self {
        let mut words = words(error, 0).unwrap_or_default();
        let fields = innermost(error);
        let field = |name: &str| fields.and_then(|fields| fields.get(name));
        let text = |name: &str| field(name).and_then(Value::as_str);
        // Fields that the message alone lacks are put before it, as the endpoint names them.
        let is_name = |name: &&str| name.contains(|c: char| c.is_ascii_alphabetic());
        let named = text("param").filter(|name| is_name(name) && !words.contains(name));
        if let Some(name) = named {
            words = format!("{name}: {words}");
        }
        let code = text("code").filter(is_name);
        if words.is_empty() {
            code.unwrap_or_default().clone_into(&mut words);
        }
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
        let numbers = ["code", "status", "status_code", "statusCode"];
        let is_status = |status: &u16| (400..600).contains(status);
        let status = numbers
            .iter()
            .filter_map(|name| number(name))
            .find(is_status);
        Self {
            words: excerpt(words.trim()),
            status: status.or_else(by_type),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(said: Refusal) -> Self {
        Self::Reported {
            message: said.words,
            status: said.status,
        }
    }
}

/// Fields with an error or its message, the likeliest first.
///
/// Sources: `{"error": {"message"}}` of OpenAI, `{"detail": [{"msg", "loc"}]}` of FastAPI, `errors` of
/// Cloudflare, `base_resp.status_msg` of `MiniMax`, `error_msg` of Baidu, `status.message` of CLOVA
/// Studio, `title` and `detail` of RFC 9457, `Message` and `message` of AWS, `fault.faultstring` of
/// Apigee.
const MESSAGES: [&str; 23] = [
    "error",
    "errors",
    "message",
    "detail",
    "msg",
    "error_msg",
    "error_message",
    "errorMessage",
    "err_msg",
    "status_msg",
    "base_resp",
    "error_description",
    "description",
    "reason",
    "title",
    "fault",
    "faultstring",
    "Message",
    "status",
    "details",
    "exception",
    "result",
    "text",
];

/// Maximum depth of errors within errors.
const MAX_DEPTH: usize = 8;

/// Returns the fields of the error itself: within `error`, the first of a list.
fn innermost(error: &Value) -> Option<&Value> {
    match error {
        Value::Array(errors) => innermost(errors.first()?),
        Value::Object(fields) => {
            let within = ["error", "errors", "base_resp", "status"];
            let mut within = within.iter().filter_map(|name| fields.get(*name));
            match within.find(|inner| inner.is_object() || inner.is_array()) {
                Some(inner) => innermost(inner),
                None => Some(error),
            }
        }
        _ => None,
    }
}

/// Finds the message: in a text, in one of [`MESSAGES`], or in a list of those. The faulty field goes
/// before the message: `loc` is FastAPI's path to it, from the body on. A provider's error, passed on
/// by `OpenRouter`, goes after it.
fn words(error: &Value, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let within = |value: &Value| words(value, depth + 1);
    match error {
        Value::String(text) => {
            let inner = inner(text).as_ref().and_then(within);
            let words = inner.unwrap_or_else(|| text_of(text));
            Some(words).filter(|words| !words.is_empty())
        }
        Value::Array(errors) => {
            let words: Vec<_> = errors.iter().filter_map(within).take(8).collect();
            (!words.is_empty()).then(|| words.join(" · "))
        }
        Value::Object(fields) => {
            // A word such as «error» is a kind, not a message.
            let is_kind = |name: &str, value: &Value| {
                matches!(name, "status" | "result" | "details") && value.is_string()
            };
            let found = MESSAGES
                .iter()
                .filter_map(|name| fields.get(*name).filter(|value| !is_kind(name, value)))
                .find_map(within)?;
            let path = fields.get("loc").and_then(Value::as_array);
            let field = path.and_then(|path| path.iter().skip(1).next_back()?.as_str());
            let found = match field {
                Some(field) => format!("{field}: {found}"),
                None => found,
            };
            let raw = fields.get("metadata").and_then(|more| more.get("raw"));
            Some(match raw.and_then(within).filter(|raw| *raw != found) {
                Some(raw) => format!("{found} · {raw}"),
                None => found,
            })
        }
        _ => None,
    }
}

/// Finds JSON in a text: the whole of it, an event's data, or what stands behind other words.
fn inner(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.starts_with('"') {
        return tolerant::parse(text).filter(Value::is_string);
    }
    if text.starts_with('<') || !text.contains(['{', '[']) {
        return None;
    }
    if ["data:", "event:", "error:", "id:", ":"]
        .iter()
        .any(|field| text.starts_with(field))
    {
        let mut found = None;
        let mut decoder = sse::Decoder::default();
        let mut take = |event: sse::Event<'_>| {
            let value = tolerant::parse(event.data).filter(|value| !value.is_null());
            found = found.take().or(value);
        };
        decoder.push(text.as_bytes(), &mut take).ok()?;
        decoder.end(take);
        return found;
    }
    let whole = tolerant::parse(text);
    whole
        .filter(|value| value.is_object() || value.is_array())
        .or_else(|| {
            let begin = text.find('{')?;
            let end = text.rfind('}').filter(|end| *end > begin)? + 1;
            tolerant::parse(&text[begin..end])
        })
}

/// Returns the words of a text; of an HTML page, its title.
fn text_of(text: &str) -> String {
    let text = text.trim();
    if text.starts_with('<') {
        return title(text).unwrap_or_default();
    }
    excerpt(text)
}

/// Maximum bytes of a page searched for its title.
const HEAD: usize = 16 * 1024;

/// Returns the title of an HTML page: the rest is for people who open the page.
pub(super) fn title(page: &str) -> Option<String> {
    let page = begin_of(page, HEAD);
    // Lowercasing ASCII keeps all byte positions.
    let lower = page.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let begin = tag + lower[tag..].find('>')? + 1;
    let end = begin + lower[begin..].find('<')?;
    let words: Vec<_> = page[begin..end].split_whitespace().collect();
    let words = excerpt(&words.join(" "));
    (!words.is_empty()).then_some(words)
}

impl Failure {
    /// Builds the error from a value in whichever shape.
    pub(super) fn reported(error: &Value) -> Self {
        Refusal::of(error).into()
    }
}

#[cfg(test)]
mod tests;
