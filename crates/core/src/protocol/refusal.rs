//! Parses and classifies an endpoint's error messages, in whichever shape. Pure.
//!
//! Sources: OpenAI's API reference, «Error codes»; Anthropic's, «Errors»; Gemini's,
//! «Troubleshooting»; `OpenRouter`'s, «Errors and Debugging»; FastAPI's documentation, «Handling
//! Errors»; the READMEs and the logs of llama.cpp's server, vLLM, Ollama and `LiteLLM`;
//! `tests/captures`.

use serde_json::Value;

use super::{Failure, excerpt::excerpt, sse, tolerant};
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
        let status = numbers.iter().filter_map(|name| number(name)).find(is_status);
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
const MESSAGES: [&str; 22] = [
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
];

/// Maximum depth of errors within errors.
const MAX_DEPTH: usize = 8;

/// Returns whether JSON that may tell of an error says that there is none.
pub(super) fn says_ok(value: &Value) -> bool {
    let is_ok = |word: &str| {
        let word = word.to_ascii_lowercase();
        matches!(&*word, "ok" | "success" | "succeeded" | "0" | "200" | "true")
    };
    ["code", "status", "message", "msg", "success"]
        .iter()
        .any(|name| match value.get(*name) {
            Some(Value::String(word)) => is_ok(word),
            Some(Value::Number(number)) => {
                *name != "message" && matches!(number.as_i64(), Some(0 | 200))
            }
            Some(Value::Bool(is_ok)) => *is_ok,
            _ => false,
        })
}

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
    whole.filter(|value| value.is_object() || value.is_array()).or_else(|| {
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
        // Many servers have one status for all, or a wrong one.
        let is_request = matches!(status, 0 | 200..300 | 400 | 403 | 404 | 413 | 422 | 500 | 503);
        if is_request && let Some(reason) = Self::of_words(words) {
            return reason;
        }
        if is_about_money(words) {
            return Self::Quota;
        }
        let is_about_key = || {
            says(KEY) && !says(&["cors", "permission", "tokens"])
        };
        match status {
            401 if says(&["cors"]) => Self::Forbidden,
            401 => Self::Token,
            403 if is_about_key() || says(FOREIGN_KEY) => Self::Token,
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
            0 | 400 | 422 | 500
                if is_about_key() && says(&["valid", "authentication", "pass", "incorrect"])
                    || says(FOREIGN_KEY) =>
            {
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
            "context_window",
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
            "上下文长度",
            "上下文窗口",
            "最大上下文",
            "最大长度",
            "输入长度",
            "长度超过",
            "超出长度",
            "컨텍스트 길이",
            "문맥 길이",
            "최대 토큰",
            "최대 길이",
            "너무 깁니다",
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
        if is_about_money(words) {
            return Some(Self::Quota);
        }
        if says(&[
            "content_filter",
            "content management policy",
            "content policy",
            "content_policy",
            "moderation",
            "flagged",
            "敏感",
            "违规",
            "内容安全",
            "审核",
            "부적절",
            "콘텐츠 정책",
            "안전 정책",
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
        let is_foreign = says(&["模型", "모델"])
            && says(&[
                "不存在",
                "不支持",
                "未找到",
                "找不到",
                "无可用渠道",
                "찾을 수 없",
                "존재하지",
                "지원하지",
                "지원되지",
            ]);
        if is_foreign && !says(&["图", "이미지"]) {
            return Some(Self::Model);
        }
        // «model 'x' not found», «The model `x` does not exist», model_not_found.
        if is_unknown && says(&["model"]) && !says(&["/models", "page not found"]) {
            return Some(Self::Model);
        }
        says(BUSY).then_some(Self::Busy)
    }
}

/// Words of an account without money, in the languages of the servers' makers.
const BALANCE: &[&str] = &[
    "insufficient_quota",
    "insufficient balance",
    "insufficient_balance",
    "insufficient credit",
    "insufficient funds",
    "balance is insufficient",
    "balance is too low",
    "out of credits",
    "not enough credits",
    "no credits",
    "arrearage",
    "overdue payment",
    "payment required",
    "余额不足",
    "余额已",
    "欠费",
    "充值",
    "额度已用",
    "额度不足",
    "额度已耗尽",
    "配额不足",
    "配额已用",
    "잔액",
    "크레딧이",
    "크레딧 부족",
    "결제",
    "할당량을 모두",
    "할당량이 부족",
];

/// Returns whether an account has no money, by the endpoint's words.
pub(super) fn is_about_money(words: &str) -> bool {
    let lower = words.to_ascii_lowercase();
    BALANCE.iter().any(|words| lower.contains(words))
}

/// Words of a server that has too much to do.
const BUSY: &[&str] = &[
    "overloaded",
    "too busy",
    "server is busy",
    "currently busy",
    "rate limit",
    "rate_limit",
    "ratelimit",
    "throttl",
    "too many requests",
    "负载",
    "繁忙",
    "过载",
    "限流",
    "频繁",
    "请稍后",
    "과부하",
    "혼잡",
    "요청이 너무 많",
    "잠시 후",
];

/// Words about a token.
const KEY: &[&str] = &[
    "api key",
    "api_key",
    "apikey",
    "api-key",
    "authentication",
    "unauthorized",
    "token",
];

/// Words of a refused token.
const FOREIGN_KEY: &[&str] = &[
    "令牌", "密钥", "鉴权", "身份验证", "认证失败", "未授权", "인증", "api 키", "토큰이 유효",
];

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
        Refusal::of(error).into()
    }
}

#[cfg(test)]
mod tests;
