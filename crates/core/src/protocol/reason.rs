//! Classifies an endpoint's errors by their status and words, in the languages of the servers' makers.
//! Pure.
//!
//! Sources: as in [`super::refusal`]; the READMEs and the logs of llama.cpp's server, vLLM, Ollama and
//! `LiteLLM`.

use super::Failure;
use crate::chat::params::Param;

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
        let is_request = matches!(
            status,
            0 | 200..300 | 400 | 403 | 404 | 413 | 422 | 500 | 503
        );
        if is_request && let Some(reason) = Self::of_words(words) {
            return reason;
        }
        if is_about_money(words) {
            return Self::Quota;
        }
        let is_about_key = || says(KEY) && !says(&["cors", "permission", "tokens"]);
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
    pub(super) fn of_words(words: &str) -> Option<Self> {
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
        if is_foreign && !says(&["图", "이미지", "参数", "매개변수", "파라미터"]) {
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
    "令牌",
    "密钥",
    "鉴权",
    "身份验证",
    "认证失败",
    "未授权",
    "인증",
    "api 키",
    "토큰이 유효",
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

#[cfg(test)]
mod tests;
