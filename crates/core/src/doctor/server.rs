//! Recognises the server from its base URL and its list of models.

use super::{Probe, Space};
use crate::endpoint::{
    BaseUrl,
    suggestion::{self, Needs},
};

/// A server, or a kind of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Allows pages of its own computer only, unless configured otherwise.
    Ollama,
    /// Allows no page unless configured otherwise.
    LmStudio,
    /// llama.cpp's llama-server: allows every page, unless configured otherwise or it has tools.
    LlamaCpp,
    /// Allows every page, but hides its refusal of a wrong token.
    Vllm,
    /// Allows every page by default, and requires a token.
    Jan,
    /// Allows every page by default.
    LiteLlm,
    /// Passes on the responses of the server behind it.
    LlamaSwap,
    /// Backend.AI's model services: allow every page.
    BackendAi,
    /// A service on the internet that allows pages.
    Service,
    /// A service on the internet that allows no page but its own.
    Closed,
    /// Any other.
    Unknown,
}

/// Services that allow pages, besides those suggested.
///
/// Source: measured by big-AGI, «client-side-fetch», August 2026.
const SERVICES: [&str; 7] = [
    "api.cerebras.ai",
    "api.cohere.ai",
    "api.fireworks.ai",
    "api.moonshot.ai",
    "api.perplexity.ai",
    "api.x.ai",
    "api.z.ai",
];

impl Server {
    /// Recognises the server at a base URL. Its list of models overrides the default ports.
    pub fn of<'a>(base_url: &BaseUrl, seen: impl IntoIterator<Item = &'a Probe> + Clone) -> Self {
        let host = base_url.host();
        if host == "integrate.api.nvidia.com" || host.ends_with(".amazonaws.com") {
            return Self::Closed;
        }
        if host == "backend.ai" || host.ends_with(".backend.ai") {
            return Self::BackendAi;
        }
        let is_service = suggestion::ALL.iter().any(|suggestion| {
            matches!(suggestion.needs, Needs::Key(_))
                && BaseUrl::parse(suggestion.base_url).is_ok_and(|url| url.host() == host)
        });
        if is_service || SERVICES.contains(&&*host) {
            return Self::Service;
        }
        let owners = seen.clone().into_iter().filter_map(Probe::owner);
        let by_owner = owners.into_iter().find_map(|owner| match &*owner {
            "library" => Some(Self::Ollama),
            "organization_owner" => Some(Self::LmStudio),
            "llamacpp" => Some(Self::LlamaCpp),
            "vllm" => Some(Self::Vllm),
            "llama-swap" => Some(Self::LlamaSwap),
            _ => None,
        });
        let says_ollama = seen
            .into_iter()
            .any(|probe| probe.body.contains("Ollama is running"));
        by_owner.unwrap_or_else(|| match base_url.port() {
            _ if says_ollama => Self::Ollama,
            Some(11434) => Self::Ollama,
            Some(1234) => Self::LmStudio,
            Some(8080) => Self::LlamaCpp,
            Some(8000) => Self::Vllm,
            Some(1337) => Self::Jan,
            Some(4000) => Self::LiteLlm,
            _ => Self::Unknown,
        })
    }

    /// Returns whether a command starts it.
    pub const fn is_started(self) -> bool {
        matches!(
            self,
            Self::Ollama | Self::LmStudio | Self::LlamaCpp | Self::Vllm | Self::LiteLlm
        )
    }

    /// Returns its own name; empty if unknown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::LlamaCpp => "llama.cpp",
            Self::Vllm => "vLLM",
            Self::Jan => "Jan",
            Self::LiteLlm => "LiteLLM",
            Self::LlamaSwap => "llama-swap",
            Self::BackendAi => "Backend.AI",
            Self::Service | Self::Closed | Self::Unknown => "",
        }
    }
}

/// Returns the address space of a base URL's host.
pub fn space(base_url: &BaseUrl) -> Space {
    Space::of(&base_url.host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Got;

    #[test]
    fn a_server_is_known_by_host_port_or_owner() {
        #[track_caller]
        fn check(url: &str, body: &str, expected: Server) {
            let probe = Probe {
                got: Got::Response,
                status: 200,
                body: body.to_owned(),
                ..Probe::failed()
            };
            let found = Server::of(&BaseUrl::parse(url).unwrap(), [&probe]);
            assert_eq!(found, expected, "{url}");
        }
        let owned = |owner: &str| format!(r#"{{"data":[{{"id":"m","owned_by":"{owner}"}}]}}"#);
        check("http://localhost:11434/v1", "", Server::Ollama);
        check("http://localhost:1234/v1", "", Server::LmStudio);
        check("http://127.0.0.1:8080/v1", "", Server::LlamaCpp);
        check("http://10.0.0.3:8000/v1", "", Server::Vllm);
        check("http://localhost:1337/v1", "", Server::Jan);
        check("http://localhost:4000", "", Server::LiteLlm);
        check("http://localhost:5000", "", Server::Unknown);
        check("http://nas:5000", "Ollama is running", Server::Ollama);
        check("http://localhost:5000", &owned("library"), Server::Ollama);
        check(
            "http://localhost:5000",
            &owned("organization_owner"),
            Server::LmStudio,
        );
        check(
            "http://localhost:1234",
            &owned("llamacpp"),
            Server::LlamaCpp,
        );
        check("http://localhost:8080", &owned("vllm"), Server::Vllm);
        check(
            "http://localhost:8080",
            &owned("llama-swap"),
            Server::LlamaSwap,
        );
        check("https://api.openai.com/v1", "", Server::Service);
        check("https://API.cerebras.ai/v1", "", Server::Service);
        check("https://integrate.api.nvidia.com/v1", "", Server::Closed);
        check(
            "https://bedrock-runtime.us-west-2.amazonaws.com/v1",
            "",
            Server::Closed,
        );
        check("https://app.backend.ai/v1", "", Server::BackendAi);
    }
}
