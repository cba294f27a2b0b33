//! Reasons to end an answer, by the names that servers give them.

use super::Failure;

/// The reason why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The answer is complete, as far as the endpoint tells.
    Complete,
    /// The maximum number of tokens was reached.
    Length,
    /// The model's context is full.
    Context(String),
    /// The rest was held back because of its content.
    Filtered,
    /// A reason that the page does not know, by the endpoint's name.
    Other(String),
}

/// Names of reasons, in small letters.
///
/// Sources: OpenAI's, Anthropic's, Mistral's, Cohere's, Google's (`FinishReason`), `DeepSeek`'s, Z.ai's
/// and `OpenRouter`'s API references; AWS Bedrock's «Converse»; vLLM's, `SGLang`'s, Ollama's, TGI's and
/// llama.cpp's sources.
const REASONS: [(Means, &[&str]); 5] = [
    (
        Means::Complete,
        &[
            "stop",
            "stopped",
            "end",
            "eos",
            "eos_token",
            "end_turn",
            "stop_sequence",
            "stop_word",
            "complete",
            "completed",
            "done",
            "finish",
            "finished",
            "success",
            "normal",
            "matched_stop",
            "load",
            "unload",
            // The calls of tools are shown as such.
            "tool_calls",
            "tool_call",
            "tool_use",
            "function_call",
            "pause_turn",
        ],
    ),
    (
        Means::Length,
        &[
            "length",
            "max_tokens",
            "max_token",
            "max_output_tokens",
            "max_new_tokens",
            "max_completion_tokens",
            "max_length",
            "model_length",
            "length_limit",
            "token_limit",
            "limit",
            "incomplete",
        ],
    ),
    (
        Means::Context,
        &[
            "model_context_window_exceeded",
            "context_window_exceeded",
            "context_length_exceeded",
            "max_context_length",
        ],
    ),
    (
        Means::Filtered,
        &[
            "content_filter",
            "content_filtered",
            "safety",
            "prohibited_content",
            "recitation",
            "blocklist",
            "spii",
            "language",
            "refusal",
            "sensitive",
            "moderation",
            "blocked",
            "guardrail_intervened",
            "error_toxic",
            "image_safety",
            "image_prohibited_content",
            "image_recitation",
            "content_policy_violation",
        ],
    ),
    (
        Means::Failed,
        &[
            "error",
            "insufficient_system_resource",
            "network_error",
            "abort",
            "aborted",
            "cancel",
            "canceled",
            "cancelled",
            "timeout",
            "time_limit",
            "failed",
            "failure",
            "fail",
            "server_error",
            "internal_error",
            "overloaded",
            "engine_overloaded",
            "disconnect",
            "error_limit",
            "unexpected_tool_call",
            "too_many_tool_calls",
        ],
    ),
];

#[derive(Clone, Copy)]
enum Means {
    Complete,
    Length,
    Context,
    Filtered,
    Failed,
}

/// Returns whether this is no reason: some endpoints write null so.
pub(super) fn is_none(reason: &str) -> bool {
    let lower = reason.to_ascii_lowercase();
    matches!(
        &*lower,
        "" | "null" | "none" | "finish_reason_unspecified" | "unspecified"
    )
}

/// Returns the meaning of a reason, whatever its case and its prefix.
pub(super) fn read(reason: &str) -> Result<Finish, Failure> {
    let lower = reason.to_ascii_lowercase().replace(['-', ' '], "_");
    let known = lower.rsplit(['.', ':']).next().unwrap_or_default();
    let known = known.trim_start_matches("finish_reason_").trim_matches('_');
    let found = REASONS.iter().find(|(_, names)| names.contains(&known));
    let name = || reason.chars().take(100).collect::<String>();
    Ok(match found.map(|(means, _)| means) {
        Some(Means::Complete) => Finish::Complete,
        Some(Means::Length) => Finish::Length,
        Some(Means::Context) => Finish::Context(name()),
        Some(Means::Filtered) => Finish::Filtered,
        None if !known.starts_with("malformed") => Finish::Other(name()),
        Some(Means::Failed) | None => {
            // The word itself says nothing else.
            let message = if known == "error" {
                String::new()
            } else {
                name()
            };
            return Err(Failure::Reported {
                message,
                status: None,
            });
        }
    })
}
