//! Known quirks: how each server or service is recognised, and how it differs from the OpenAI
//! protocol. Pure.
//!
//! Refusals that this table does not predict are learned: see [`super::Learned`].

use serde_json::{Map, Value};

use super::BaseUrl;

/// A server or service with quirks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are names")]
pub enum Server {
    OpenAi,
    Anthropic,
    Gemini,
    OpenRouter,
    Groq,
    Mistral,
    DeepSeek,
    Cerebras,
    Together,
    Nvidia,
    Ollama,
    LlamaCpp,
    LlamaCppPython,
    Vllm,
    LmStudio,
    Transformers,
    BackendAi,
    LiteLlm,
    /// Models that run in this browser.
    OnDevice,
    /// Unknown server.
    Other,
}

use Server::{
    Anthropic, BackendAi, Cerebras, DeepSeek, Gemini, Groq, LiteLlm, LlamaCpp, LlamaCppPython,
    LmStudio, Mistral, Nvidia, Ollama, OnDevice, OpenAi, OpenRouter, Other, Together, Transformers,
    Vllm,
};

/// Hosts of services. Source: each one's documentation of its OpenAI-compatible API.
const HOSTS: [(&str, Server); 12] = [
    ("api.openai.com", OpenAi),
    ("api.anthropic.com", Anthropic),
    ("generativelanguage.googleapis.com", Gemini),
    ("openrouter.ai", OpenRouter),
    ("api.groq.com", Groq),
    ("api.mistral.ai", Mistral),
    ("api.deepseek.com", DeepSeek),
    ("api.cerebras.ai", Cerebras),
    ("api.together.xyz", Together),
    ("api.together.ai", Together),
    ("integrate.api.nvidia.com", Nvidia),
    ("ollama.com", Ollama),
];

/// Values of `owned_by` by server. Sources: Ollama's `openai` package; LM Studio's, vLLM's and
/// llama.cpp's responses (`tests/captures/llama-server-models.txt`); llama-cpp-python's
/// `server/app.py`.
const OWNERS: [(&str, Server); 5] = [
    ("library", Ollama),
    ("organization_owner", LmStudio),
    ("vllm", Vllm),
    ("llamacpp", LlamaCpp),
    ("me", LlamaCppPython),
];

/// Default ports, where no other server has the same. Source: each one's documentation.
const PORTS: [(&str, Server); 3] = [(":11434", Ollama), (":1234", LmStudio), (":4000", LiteLlm)];

/// Prefixes of refusals by server. Sources: transformers' `serve` command; `LiteLLM`'s
/// documentation, «Exception Mapping».
const SIGNS: [(&str, Server); 2] = [
    ("Unexpected fields in the request", Transformers),
    ("litellm.", LiteLlm),
];

/// A server's treatment of a request field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// The field is used, or nothing else is known.
    Used,
    /// The field is accepted and ignored.
    Ignored,
    /// The request is refused.
    Refused,
    /// A greater number is reduced to this.
    AtMost(u8),
}

/// Headers of a request for the list of models, where a bearer token is not enough.
pub struct ModelsKey {
    /// Header of the token.
    pub header: &'static str,
    /// Additional headers.
    pub others: &'static [(&'static str, &'static str)],
}

impl Server {
    /// Recognises the server at a base URL. `owned_by` is the value in its list of models, or
    /// empty. A host tells most, a port least: any server may listen there.
    pub fn of(base_url: &BaseUrl, owned_by: &str) -> Self {
        if base_url.is_on_device() {
            return OnDevice;
        }
        let host = base_url.host();
        let origin = base_url.origin();
        let find = |table: &[(&str, Self)], is: &dyn Fn(&str) -> bool| {
            let found = table.iter().find(|(key, _)| is(key));
            found.map(|(_, server)| *server)
        };
        find(&HOSTS, &|key| key == host)
            .or_else(|| find(&OWNERS, &|key| key == owned_by))
            .or_else(|| find(&PORTS, &|key| origin.ends_with(key)))
            .unwrap_or(Other)
    }

    /// Recognises the server from a refusal's text.
    pub fn of_refusal(words: &str) -> Option<Self> {
        let found = SIGNS.iter().find(|(sign, _)| words.starts_with(sign));
        found.map(|(_, server)| *server)
    }

    /// Returns the server of [`Self::of_refusal`] with this name.
    pub(super) fn called(name: &str) -> Option<Self> {
        let found = SIGNS.iter().find(|(_, server)| server.name() == name);
        found.map(|(_, server)| *server)
    }

    /// Returns its own name; empty if unknown.
    pub const fn name(self) -> &'static str {
        match self {
            OpenAi => "OpenAI",
            Anthropic => "Anthropic",
            Gemini => "Gemini",
            OpenRouter => "OpenRouter",
            Groq => "Groq",
            Mistral => "Mistral",
            DeepSeek => "DeepSeek",
            Cerebras => "Cerebras",
            Together => "Together",
            Nvidia => "NVIDIA",
            Ollama => "Ollama",
            LlamaCpp => "llama.cpp",
            LlamaCppPython => "llama-cpp-python",
            Vllm => "vLLM",
            LmStudio => "LM Studio",
            Transformers => "Transformers",
            BackendAi => "Backend.AI",
            LiteLlm => "LiteLLM",
            OnDevice => "On-device",
            Other => "",
        }
    }

    /// Returns the headers that every request there requires besides the usual ones.
    ///
    /// Source: Anthropic's documentation, «Client SDKs»: without it, a page gets no response.
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Anthropic => &[("anthropic-dangerous-direct-browser-access", "true")],
            _ => &[],
        }
    }

    /// Returns special headers for the list of models, if any.
    ///
    /// Source: Anthropic's documentation, «List Models»: the list is part of its own API.
    pub const fn models_key(self) -> Option<ModelsKey> {
        match self {
            Anthropic => Some(ModelsKey {
                header: "x-api-key",
                others: &[("anthropic-version", "2023-06-01")],
            }),
            _ => None,
        }
    }

    /// Returns whether it accepts `stream_options`. Mistral responds 422, and counts by default.
    ///
    /// Source: avante.nvim's issue 2347, crush's 653.
    pub const fn takes_stream_options(self) -> bool {
        !matches!(self, Mistral)
    }

    /// Returns whether a model demands `max_completion_tokens` in place of `max_tokens`.
    ///
    /// Source: OpenAI's API reference, «Create chat completion», `max_tokens`.
    pub fn renames_max_tokens(self, model: &str) -> bool {
        matches!(self, OpenAi) && is_reasoning(model)
    }

    /// Returns its own name for a field, if different.
    ///
    /// Sources: Mistral's API reference, «Chat Completion»; the READMEs of llama.cpp's server and
    /// of llama-cpp-python's; LM Studio's documentation, «OpenAI Compatibility Endpoints».
    pub fn name_of(self, field: &str) -> Option<&'static str> {
        match (self, field) {
            (Mistral, "seed") => Some("random_seed"),
            (LlamaCpp | LlamaCppPython | LmStudio, "repetition_penalty") => Some("repeat_penalty"),
            _ => None,
        }
    }

    /// Renames the fields of a request to the server's names. A field already present under that
    /// name stays.
    pub fn fit(self, fields: &mut Map<String, Value>) {
        for field in ["seed", "repetition_penalty"] {
            if let Some(name) = self.name_of(field)
                && let Some(value) = fields.remove(field)
            {
                fields.entry(name).or_insert(value);
            }
        }
    }

    /// Returns its treatment of a field in a request to a model.
    pub fn treats(self, field: &str, model: &str) -> Treatment {
        let is = |fields: &[&str]| fields.contains(&field);
        // Fields of vLLM that OpenAI's protocol lacks.
        let is_extra = is(&["top_k", "min_p", "repetition_penalty"]);
        let penalties = ["frequency_penalty", "presence_penalty"];
        let when = |holds: bool, treatment| if holds { treatment } else { Treatment::Used };
        match self {
            // «Unrecognized request argument supplied»; OpenAI's guide «Reasoning models», «Limitations».
            OpenAi => {
                let fixed = ["temperature", "top_p", "stop"];
                let reasons = is_reasoning(model) && !model.starts_with("gpt-5.");
                let refuses = is_extra
                    || reasons && (is(&fixed) || is(&penalties))
                    || field == "reasoning_effort"
                        && (model.starts_with("gpt-4") || model.starts_with("gpt-3"));
                when(refuses, Treatment::Refused)
            }
            // Anthropic's documentation, «OpenAI SDK compatibility», «Detailed API compatibility».
            Anthropic if field == "temperature" => Treatment::AtMost(1),
            Anthropic => {
                let ignored = is(&["response_format", "seed", "reasoning_effort"]);
                when(ignored || is(&penalties), Treatment::Ignored)
            }
            // «Invalid JSON payload received. Unknown name "top_k": Cannot find field.»; Mistral's and
            // NVIDIA's 422 and 400, «Extra inputs are not permitted»; transformers' `serve` command,
            // «Unexpected fields in the request».
            Gemini | Mistral | Nvidia | Transformers => when(is_extra, Treatment::Refused),
            // «property 'top_k' is unsupported»; Groq's API reference, `frequency_penalty`: «not yet
            // supported by any of our models».
            Groq if is_extra => Treatment::Refused,
            Groq => when(is(&penalties), Treatment::Ignored),
            // Cerebras's documentation, «OpenAI Compatibility», «Currently Unsupported OpenAI Features».
            Cerebras => when(is(&penalties), Treatment::Refused),
            // DeepSeek's guide «Reasoning Model»: «setting these will not trigger an error but will also
            // have no effect».
            DeepSeek => {
                let ignored = is(&["temperature", "top_p"]) || is(&penalties);
                when(ignored && model.contains("reasoner"), Treatment::Ignored)
            }
            // Ollama's issue 11325, and the fields of `ChatCompletionRequest` in its `openai` package.
            Ollama => when(is_extra, Treatment::Ignored),
            // `on-device/page/device.js`.
            OnDevice if field == "response_format" => Treatment::Refused,
            // llama-cpp-python's `CreateChatCompletionRequest` has no such field.
            OnDevice | LlamaCppPython => when(field == "reasoning_effort", Treatment::Ignored),
            OpenRouter | Together | LlamaCpp | Vllm | LmStudio | BackendAi | LiteLlm | Other => {
                Treatment::Used
            }
        }
    }
}

/// Returns whether this is one of OpenAI's reasoning models.
fn is_reasoning(model: &str) -> bool {
    let begins = ["o1", "o3", "o4", "gpt-5"];
    begins.iter().any(|begin| {
        let rest = model.strip_prefix(begin);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    })
}

#[cfg(test)]
mod tests;
