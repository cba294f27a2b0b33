//! An endpoint's own headers: the only code that sends a token anywhere.

#![expect(
    clippy::disallowed_methods,
    reason = "this module sends tokens, within the border that clippy.toml draws"
)]

use super::{Endpoint, Server};

impl Endpoint {
    /// Returns this endpoint's own headers of a request for an answer: its token and its server's
    /// required headers: see [`super::server`].
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let token = self.token.as_ref();
        let token = token.map(|token| ("Authorization", token.bearer()));
        token.into_iter().chain(self.needed()).collect()
    }

    /// Returns the same for a request for the list of models.
    pub fn headers_for_models(&self) -> Vec<(&'static str, String)> {
        let key = Server::of(&self.base_url, "").models_key();
        let Some((token, key)) = self.token.as_ref().zip(key) else {
            return self.headers();
        };
        let others = key.others.iter().map(written);
        let headers = [(key.header, token.bare())];
        headers
            .into_iter()
            .chain(others)
            .chain(self.needed())
            .collect()
    }

    /// Returns the headers that its server requires, with or without a token.
    fn needed(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let needed = Server::of(&self.base_url, "").headers();
        needed.iter().map(written)
    }
}

fn written(header: &(&'static str, &'static str)) -> (&'static str, String) {
    (header.0, header.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{BaseUrl, Id, Learned, Token, TokenStorage};

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
                learned: Learned::default(),
                keep: TokenStorage::Browser,
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
