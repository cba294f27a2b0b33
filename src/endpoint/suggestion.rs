//! Servers and services that people use: where each is, and what it needs before a page may talk
//! to it.
//!
//! Sources: each one's own documentation of its OpenAI-compatible API.

use super::Endpoint;

/// A server or a service to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it calls itself.
    pub name: &'static str,
    /// Its base URL, on this computer with its usual port; empty where everyone's is another.
    pub base_url: &'static str,
    /// What it needs.
    pub needs: Needs,
}

/// What has to be there before a server answers a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A key, made at this address.
    Key(&'static str),
    /// This page's origin in `OLLAMA_ORIGINS`, unless it is on localhost too.
    OllamaOrigins,
    /// The switch «Enable CORS».
    LmStudioCors,
    /// Nothing but that it runs: it allows every page.
    Running,
    /// The address of a model service and a token for it, both from Backend.AI.
    BackendAi,
}

/// All suggestions: what runs on one's own machines first, in the order in which they are shown.
pub const ALL: [Suggestion; 13] = {
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

impl Endpoint {
    /// The headers of a request for an answer that are this endpoint's own: its token, and that
    /// Anthropic's key is knowingly used in a browser, without which it answers no page.
    ///
    /// Source: Anthropic's documentation, «OpenAI SDK compatibility» and «Client SDKs».
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(token) = &self.token {
            headers.push(("Authorization", token.bearer()));
        }
        if self.is_anthropic() {
            headers.push(in_browser());
        }
        headers
    }

    /// The same for a request for the models. Anthropic lists them by its own API, which wants the
    /// key and a version in headers of its own.
    ///
    /// Source: Anthropic's documentation, «List Models».
    pub fn headers_for_models(&self) -> Vec<(&'static str, String)> {
        let Some(token) = self.token.as_ref().filter(|_| self.is_anthropic()) else {
            return self.headers();
        };
        vec![
            ("x-api-key", token.secret().to_owned()),
            ("anthropic-version", "2023-06-01".to_owned()),
            in_browser(),
        ]
    }

    fn is_anthropic(&self) -> bool {
        self.base_url.host() == "api.anthropic.com"
    }
}

fn in_browser() -> (&'static str, String) {
    (
        "anthropic-dangerous-direct-browser-access",
        "true".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{BaseUrl, Id, Token};

    #[test]
    fn every_suggested_base_url_is_one() {
        for suggestion in ALL {
            let url = BaseUrl::parse(suggestion.base_url);
            let as_typed = url.as_ref().map_or("", BaseUrl::as_str);
            assert_eq!(as_typed, suggestion.base_url, "{}", suggestion.name);
        }
    }

    #[test]
    fn only_anthropic_gets_headers_of_its_own() {
        #[track_caller]
        fn check(base_url: &str, headers: &[&str], headers_for_models: &[&str]) {
            let endpoint = Endpoint {
                id: Id::new(0),
                name: String::new(),
                base_url: BaseUrl::parse(base_url).unwrap(),
                token: Token::parse("secret").unwrap(),
            };
            let names = |headers: Vec<(&'static str, _)>| -> Vec<_> {
                headers.into_iter().map(|(name, _)| name).collect()
            };
            assert_eq!(names(endpoint.headers()), headers);
            assert_eq!(names(endpoint.headers_for_models()), headers_for_models);
        }
        let browser = "anthropic-dangerous-direct-browser-access";
        for url in [
            "https://api.anthropic.com/v1",
            "HTTPS://API.Anthropic.com:443/v1",
        ] {
            let models = ["x-api-key", "anthropic-version", browser];
            check(url, &["Authorization", browser], &models);
        }
        for url in [
            "https://api.anthropic.com.evil.example/v1",
            "http://api.openai.com/v1",
        ] {
            check(url, &["Authorization"], &["Authorization"]);
        }
    }
}
