//! Suggested servers and services: their base URLs, and their requirements before a page may send
//! requests.
//!
//! Sources: each one's own documentation of its OpenAI-compatible API.

/// A suggested server or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its own name for itself.
    pub name: &'static str,
    /// Base URL, on this computer with the default port; empty if it differs for each user.
    pub base_url: &'static str,
    /// Requirement for its use.
    pub needs: Needs,
}

/// Requirement before a server responds to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// An API key, created at this URL.
    Key(&'static str),
    /// This page's origin in `OLLAMA_ORIGINS`, unless it is on localhost, too.
    OllamaOrigins,
    /// The switch «Enable CORS».
    LmStudioCors,
    /// Nothing but a running server: it allows every page.
    Running,
    /// A started server, with a key of the user's own.
    Jan,
    /// The base URL of a model service and its token, both from Backend.AI.
    BackendAi,
}

/// All suggestions in the order shown: those on the user's own machines first.
pub const ALL: [Suggestion; 14] = {
    const fn of(name: &'static str, base_url: &'static str, needs: Needs) -> Suggestion {
        Suggestion {
            name,
            base_url,
            needs,
        }
    }
    [
        of("Ollama", "http://localhost:11434/v1", Needs::OllamaOrigins),
        of("LM Studio", "http://localhost:1234/v1", Needs::LmStudioCors),
        of("llama.cpp", "http://localhost:8080/v1", Needs::Running),
        of("vLLM", "http://localhost:8000/v1", Needs::Running),
        of("Jan", "http://localhost:1337/v1", Needs::Jan),
        of("Backend.AI", "", Needs::BackendAi),
        of(
            "OpenAI",
            "https://api.openai.com/v1",
            Needs::Key("https://platform.openai.com/api-keys"),
        ),
        of(
            "Anthropic",
            "https://api.anthropic.com/v1",
            Needs::Key("https://console.anthropic.com/settings/keys"),
        ),
        of(
            "Gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            Needs::Key("https://aistudio.google.com/apikey"),
        ),
        of(
            "OpenRouter",
            "https://openrouter.ai/api/v1",
            Needs::Key("https://openrouter.ai/keys"),
        ),
        of(
            "Groq",
            "https://api.groq.com/openai/v1",
            Needs::Key("https://console.groq.com/keys"),
        ),
        of(
            "Together",
            "https://api.together.xyz/v1",
            Needs::Key("https://api.together.ai/settings/api-keys"),
        ),
        of(
            "Mistral",
            "https://api.mistral.ai/v1",
            Needs::Key("https://console.mistral.ai/api-keys"),
        ),
        of(
            "DeepSeek",
            "https://api.deepseek.com/v1",
            Needs::Key("https://platform.deepseek.com/api_keys"),
        ),
    ]
};

/// Iterates over the servers that run on this computer, at their default ports.
pub fn local() -> impl Iterator<Item = Suggestion> {
    let is_local = |it: &Suggestion| it.base_url.starts_with("http://localhost:");
    ALL.into_iter().filter(is_local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::BaseUrl;

    #[test]
    fn every_suggested_base_url_is_one() {
        for suggestion in ALL {
            let url = BaseUrl::parse(suggestion.base_url);
            let as_typed = url.as_ref().map_or("", BaseUrl::as_str);
            assert_eq!(as_typed, suggestion.base_url, "{}", suggestion.name);
        }
    }

    #[test]
    fn local_servers_have_ports_of_their_own() {
        let mut ports: Vec<_> = local()
            .map(|server| BaseUrl::parse(server.base_url).unwrap().port())
            .collect();
        assert_eq!(ports.len(), 5);
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 5);
    }
}
