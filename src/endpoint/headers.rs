//! The headers that are an endpoint's own: the only place from which a token goes anywhere.

use super::Endpoint;

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
    use crate::endpoint::{BaseUrl, Id, Keep, Token};

    #[test]
    fn only_anthropic_gets_headers_of_its_own() {
        #[track_caller]
        fn check(base_url: &str, headers: &[&str], headers_for_models: &[&str]) {
            let endpoint = Endpoint {
                one_at_a_time: false,
                id: Id::new(0),
                name: String::new(),
                base_url: BaseUrl::parse(base_url).unwrap(),
                token: Token::parse("secret").unwrap(),
                keep: Keep::Browser,
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
