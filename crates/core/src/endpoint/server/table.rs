//! The table of servers, a row for each.
//!
//! Hosts, base URLs, ports and pages for keys are from each server's own documentation of its
//! OpenAI-compatible API; rows name further sources.

use super::{
    Access, Capabilities, Command, ModelsKey, Server,
    Treatment::{self, AtMost, Ignored, Refused},
};

/// Knowledge of a server. A new server is a new row; a new quirk is a change in a row.
pub(super) struct Row {
    pub server: Server,
    /// Its own name. It is stored with lessons, so it must not change.
    pub name: &'static str,

    // Signs by which it is recognised.
    /// Hosts of a service.
    pub hosts: &'static [&'static str],
    /// Domain whose subdomains are its hosts, too; empty if there is none.
    pub domain: &'static str,
    /// Value of `owned_by` in its list of models; empty if it names none of its own.
    pub owner: &'static str,
    /// Default port.
    pub port: Option<u16>,
    /// True if a server at this port is this one in practice: few others use the port.
    pub is_port_enough: bool,
    /// Part of the text at its origin; empty if it has none of its own.
    pub greeting: &'static str,
    /// Start of its refusals; empty if they have none of their own.
    pub refusal: &'static str,

    // The way to it.
    /// True if another server may respond in its place, with that one's quirks.
    pub may_hide_another: bool,
    /// Usual base URL of a suggested server; Some and empty if it differs for each user.
    pub base_url: Option<&'static str>,
    pub access: Access,
    pub commands: &'static [Command],

    // Quirks: differences from the OpenAI protocol.
    pub headers: &'static [(&'static str, &'static str)],
    pub models_key: Option<ModelsKey>,
    pub capabilities: Option<Capabilities>,
    pub takes_stream_options: bool,
    /// True for models that demand `max_completion_tokens` in place of `max_tokens`.
    pub renames_max_tokens: fn(&str) -> bool,
    /// Names of fields: ours and its own.
    pub names: &'static [(&'static str, &'static str)],
    /// Treatment of fields; the first rule that matches applies.
    pub rules: &'static [Rule],
}

/// Treatment of some fields in a request to some models.
pub(super) struct Rule {
    pub fields: &'static [&'static str],
    pub models: fn(&str) -> bool,
    pub treatment: Treatment,
}

impl Row {
    /// Returns whether a refusal's text is this server's.
    pub fn gives_away(&self, words: &str) -> bool {
        !self.refusal.is_empty() && words.starts_with(self.refusal)
    }
}

/// An unknown server.
pub(super) const UNKNOWN: Row = Row {
    may_hide_another: true,
    ..BLANK
};

/// A server without signs and quirks. Rows name only their differences from it.
const BLANK: Row = Row {
    server: Server::Other,
    name: "",
    hosts: &[],
    domain: "",
    owner: "",
    port: None,
    is_port_enough: false,
    greeting: "",
    refusal: "",
    may_hide_another: false,
    base_url: None,
    access: Access::Unknown,
    commands: &[],
    headers: &[],
    models_key: None,
    capabilities: None,
    takes_stream_options: true,
    renames_max_tokens: no,
    names: &[],
    rules: &[],
};

/// All servers. The suggested ones come in the order shown; of servers at the same port, the more
/// common comes first.
pub(super) static ROWS: &[Row] = &[
    Row {
        server: Server::Ollama,
        name: "Ollama",
        // Source: Ollama's `openai` package.
        owner: "library",
        port: Some(11434),
        is_port_enough: true,
        greeting: "Ollama is running",
        base_url: Some("http://localhost:11434/v1"),
        access: Access::OllamaOrigins,
        // Source: Ollama's FAQ, «How can I allow additional web origins».
        commands: &[
            starts("macOS · Linux", "OLLAMA_ORIGINS={origin} ollama serve"),
            starts(
                "macOS (app)",
                "launchctl setenv OLLAMA_ORIGINS \"{origin}\"",
            ),
            Command {
                on: "Linux (systemd)",
                text: "sudo mkdir -p /etc/systemd/system/ollama.service.d\n\
                       printf '[Service]\\nEnvironment=\"OLLAMA_ORIGINS=%s\"\\n' '{origin}' | \
                       sudo tee /etc/systemd/system/ollama.service.d/origins.conf\n\
                       sudo systemctl daemon-reload\n\
                       sudo systemctl restart ollama",
                starts: false,
            },
            starts("Windows", "setx OLLAMA_ORIGINS \"{origin}\""),
        ],
        capabilities: OLLAMA_CAPABILITIES,
        rules: OLLAMA_RULES,
        ..BLANK
    },
    Row {
        server: Server::LmStudio,
        name: "LM Studio",
        // Source: a response of LM Studio.
        owner: "organization_owner",
        port: Some(1234),
        is_port_enough: true,
        base_url: Some("http://localhost:1234/v1"),
        access: Access::LmStudioCors,
        // Source: LM Studio's `lms` reference.
        commands: &[starts("", "lms server start --cors")],
        // Source: LM Studio's documentation, «OpenAI Compatibility Endpoints».
        names: REPEAT_PENALTY,
        ..BLANK
    },
    Row {
        server: Server::LlamaCpp,
        name: "llama.cpp",
        // Source: its response in `tests/captures/llama-server-models.txt`.
        owner: "llamacpp",
        port: Some(8080),
        base_url: Some("http://localhost:8080/v1"),
        // With tools, it allows no page unless configured.
        access: Access::Open,
        // Source: llama.cpp's pull request 25655.
        commands: &[starts(
            "",
            "llama-server -m MODEL.gguf --cors-origins '{origin}'",
        )],
        // Source of these: the README of llama.cpp's server.
        capabilities: Some(Capabilities {
            path: "props",
            names_model: false,
        }),
        names: REPEAT_PENALTY,
        ..BLANK
    },
    Row {
        server: Server::Vllm,
        name: "vLLM",
        // Source: a response of vLLM.
        owner: "vllm",
        port: Some(8000),
        base_url: Some("http://localhost:8000/v1"),
        // But it hides its refusal of a wrong token from pages.
        access: Access::Open,
        // Source: vLLM's reference of options.
        commands: &[starts(
            "vLLM",
            "vllm serve MODEL --allowed-origins '[\"{origin}\"]'",
        )],
        ..BLANK
    },
    Row {
        server: Server::Jan,
        name: "Jan",
        port: Some(1337),
        base_url: Some("http://localhost:1337/v1"),
        access: Access::Jan,
        ..BLANK
    },
    Row {
        server: Server::BackendAi,
        name: "Backend.AI",
        domain: "backend.ai",
        may_hide_another: true,
        base_url: Some(""),
        access: Access::BackendAi,
        ..BLANK
    },
    Row {
        server: Server::OpenAi,
        name: "OpenAI",
        hosts: &["api.openai.com"],
        base_url: Some("https://api.openai.com/v1"),
        access: Access::Key("https://platform.openai.com/api-keys"),
        // Source: OpenAI's API reference, «Create chat completion», `max_tokens`.
        renames_max_tokens: is_reasoning,
        // Sources: «Unrecognized request argument supplied»; OpenAI's guide «Reasoning models»,
        // «Limitations».
        rules: &[
            refuses(EXTRA),
            Rule {
                fields: &[
                    "temperature",
                    "top_p",
                    "stop",
                    "frequency_penalty",
                    "presence_penalty",
                ],
                models: |model| is_reasoning(model) && !model.starts_with("gpt-5."),
                treatment: Refused,
            },
            Rule {
                fields: &["reasoning_effort"],
                models: |model| model.starts_with("gpt-4") || model.starts_with("gpt-3"),
                treatment: Refused,
            },
        ],
        ..BLANK
    },
    Row {
        server: Server::Anthropic,
        name: "Anthropic",
        hosts: &["api.anthropic.com"],
        base_url: Some("https://api.anthropic.com/v1"),
        access: Access::Key("https://console.anthropic.com/settings/keys"),
        // Source: Anthropic's documentation, «Client SDKs»: without it, a page gets no response.
        headers: &[("anthropic-dangerous-direct-browser-access", "true")],
        // Source: Anthropic's documentation, «List Models»: the list is part of its own API.
        models_key: Some(ModelsKey {
            header: "x-api-key",
            others: &[("anthropic-version", "2023-06-01")],
        }),
        // Source: Anthropic's documentation, «OpenAI SDK compatibility», «Detailed API
        // compatibility».
        rules: &[
            rule(&["temperature"], AtMost(1)),
            rule(&["response_format", "seed", "reasoning_effort"], Ignored),
            rule(PENALTIES, Ignored),
        ],
        ..BLANK
    },
    Row {
        server: Server::Gemini,
        name: "Gemini",
        hosts: &["generativelanguage.googleapis.com"],
        base_url: Some("https://generativelanguage.googleapis.com/v1beta/openai"),
        access: Access::Key("https://aistudio.google.com/apikey"),
        // «Invalid JSON payload received. Unknown name "top_k": Cannot find field.»
        rules: &[refuses(EXTRA)],
        ..BLANK
    },
    Row {
        server: Server::OpenRouter,
        name: "OpenRouter",
        hosts: &["openrouter.ai"],
        base_url: Some("https://openrouter.ai/api/v1"),
        access: Access::Key("https://openrouter.ai/keys"),
        ..BLANK
    },
    Row {
        server: Server::Groq,
        name: "Groq",
        hosts: &["api.groq.com"],
        base_url: Some("https://api.groq.com/openai/v1"),
        access: Access::Key("https://console.groq.com/keys"),
        // Sources: «property 'top_k' is unsupported»; Groq's API reference, `frequency_penalty`: «not
        // yet supported by any of our models».
        rules: &[refuses(EXTRA), rule(PENALTIES, Ignored)],
        ..BLANK
    },
    Row {
        server: Server::Together,
        name: "Together",
        hosts: &["api.together.xyz", "api.together.ai"],
        base_url: Some("https://api.together.xyz/v1"),
        access: Access::Key("https://api.together.ai/settings/api-keys"),
        ..BLANK
    },
    Row {
        server: Server::Mistral,
        name: "Mistral",
        hosts: &["api.mistral.ai"],
        base_url: Some("https://api.mistral.ai/v1"),
        access: Access::Key("https://console.mistral.ai/api-keys"),
        // It responds 422 to it, and counts by default. Sources: avante.nvim's issue 2347, crush's 653.
        takes_stream_options: false,
        // Source: Mistral's API reference, «Chat Completion».
        names: &[("seed", "random_seed")],
        // 422, «Extra inputs are not permitted».
        rules: &[refuses(EXTRA)],
        ..BLANK
    },
    Row {
        server: Server::DeepSeek,
        name: "DeepSeek",
        hosts: &["api.deepseek.com"],
        base_url: Some("https://api.deepseek.com/v1"),
        access: Access::Key("https://platform.deepseek.com/api_keys"),
        // DeepSeek's guide «Reasoning Model»: «setting these will not trigger an error but will also
        // have no effect».
        rules: &[Rule {
            fields: &[
                "temperature",
                "top_p",
                "frequency_penalty",
                "presence_penalty",
            ],
            models: |model| model.contains("reasoner"),
            treatment: Ignored,
        }],
        ..BLANK
    },
    Row {
        // Cerebras's documentation, «OpenAI Compatibility», «Currently Unsupported OpenAI Features».
        rules: &[refuses(PENALTIES)],
        ..service(Server::Cerebras, "Cerebras", &["api.cerebras.ai"])
    },
    // These allow pages, as big-AGI measured in August 2026: «client-side-fetch».
    service(Server::Cohere, "Cohere", &["api.cohere.ai"]),
    service(Server::Fireworks, "Fireworks", &["api.fireworks.ai"]),
    service(Server::Moonshot, "Moonshot", &["api.moonshot.ai"]),
    service(Server::Perplexity, "Perplexity", &["api.perplexity.ai"]),
    service(Server::XAi, "xAI", &["api.x.ai"]),
    service(Server::ZAi, "Z.ai", &["api.z.ai"]),
    Row {
        server: Server::Nvidia,
        name: "NVIDIA",
        hosts: &["integrate.api.nvidia.com"],
        access: Access::Closed,
        // 400, «Extra inputs are not permitted».
        rules: &[refuses(EXTRA)],
        ..BLANK
    },
    Row {
        server: Server::Bedrock,
        name: "Amazon Bedrock",
        domain: "amazonaws.com",
        may_hide_another: true,
        access: Access::Closed,
        ..BLANK
    },
    Row {
        server: Server::OllamaCloud,
        name: "Ollama Cloud",
        hosts: &["ollama.com"],
        capabilities: OLLAMA_CAPABILITIES,
        rules: OLLAMA_RULES,
        ..BLANK
    },
    Row {
        server: Server::LlamaCppPython,
        name: "llama-cpp-python",
        // Source: its `server/app.py`.
        owner: "me",
        // Source: its README.
        names: REPEAT_PENALTY,
        // Its `CreateChatCompletionRequest` has no such field.
        rules: &[rule(&["reasoning_effort"], Ignored)],
        ..BLANK
    },
    Row {
        server: Server::LlamaSwap,
        name: "llama-swap",
        // It passes on the responses of the server behind it, with that one's CORS headers.
        owner: "llama-swap",
        may_hide_another: true,
        ..BLANK
    },
    Row {
        server: Server::Transformers,
        name: "Transformers",
        port: Some(8000),
        // Source: the code of the command `transformers serve`.
        refusal: "Unexpected fields in the request",
        commands: &[Command {
            on: "transformers",
            text: "transformers serve --enable-cors",
            starts: true,
        }],
        rules: &[refuses(EXTRA)],
        ..BLANK
    },
    Row {
        server: Server::LiteLlm,
        name: "LiteLLM",
        port: Some(4000),
        is_port_enough: true,
        // Source: LiteLLM's documentation, «Exception Mapping».
        refusal: "litellm.",
        access: Access::Open,
        // Source: LiteLLM's reference of options.
        commands: &[starts(
            "LiteLLM",
            "LITELLM_CORS_ORIGINS='{origin}' litellm --config config.yaml",
        )],
        ..BLANK
    },
    Row {
        server: Server::OnDevice,
        name: "On-device",
        access: Access::Open,
        // Source: `on-device/page/request.js`.
        rules: &[
            refuses(&["response_format"]),
            rule(&["reasoning_effort"], Ignored),
        ],
        ..BLANK
    },
];

/// Fields of vLLM that OpenAI's protocol lacks.
const EXTRA: &[&str] = &["top_k", "min_p", "repetition_penalty"];

const PENALTIES: &[&str] = &["frequency_penalty", "presence_penalty"];

const REPEAT_PENALTY: &[(&str, &str)] = &[("repetition_penalty", "repeat_penalty")];

/// Source: Ollama's API reference, «Show Model Information».
const OLLAMA_CAPABILITIES: Option<Capabilities> = Some(Capabilities {
    path: "api/show",
    names_model: true,
});

/// Sources: Ollama's issue 11325, and the fields of `ChatCompletionRequest` in its `openai` package.
const OLLAMA_RULES: &[Rule] = &[rule(EXTRA, Ignored)];

/// A service that allows every page with a key.
const fn service(server: Server, name: &'static str, hosts: &'static [&'static str]) -> Row {
    Row {
        server,
        name,
        hosts,
        access: Access::Key(""),
        ..BLANK
    }
}

const fn starts(on: &'static str, text: &'static str) -> Command {
    Command {
        on,
        text,
        starts: true,
    }
}

const fn rule(fields: &'static [&'static str], treatment: Treatment) -> Rule {
    Rule {
        fields,
        models: any,
        treatment,
    }
}

const fn refuses(fields: &'static [&'static str]) -> Rule {
    rule(fields, Refused)
}

const fn any(_: &str) -> bool {
    true
}

const fn no(_: &str) -> bool {
    false
}

/// Returns whether this is one of OpenAI's reasoning models.
fn is_reasoning(model: &str) -> bool {
    let begins = ["o1", "o3", "o4", "gpt-5"];
    begins.iter().any(|begin| {
        let rest = model.strip_prefix(begin);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    })
}
