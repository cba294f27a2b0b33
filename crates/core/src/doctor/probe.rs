//! The result of one request, as far as a page may see it.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    endpoint::{BaseUrl, Server},
    protocol::{models, wire},
};

/// Result of one request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Probe {
    /// Kind of result.
    pub got: Got,
    /// HTTP status; 0 if unreadable.
    pub status: u16,
    /// The response's Content-Type, in lowercase.
    pub kind: String,
    /// Start of the response body.
    pub body: String,
    /// Final URL of the response, if readable.
    pub url: String,
    /// Duration in milliseconds.
    pub ms: u32,
}

/// Visible result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Got {
    /// A readable response.
    Response,
    /// An unreadable response.
    Opaque,
    /// A redirect to another address.
    Redirect,
    /// Nothing: no connection, or a response hidden from the page.
    Failed,
    /// Nothing before the timeout.
    Late,
}

impl Probe {
    /// Returns the result of a request that was not sent, as a failed one.
    pub const fn failed() -> Self {
        Self {
            got: Got::Failed,
            status: 0,
            kind: String::new(),
            body: String::new(),
            url: String::new(),
            ms: 0,
        }
    }

    /// Returns the status of a readable response.
    pub fn status(&self) -> Option<u16> {
        (self.got == Got::Response).then_some(self.status)
    }

    /// Returns whether it is a readable response with a successful status.
    pub fn is_ok(&self) -> bool {
        matches!(self.status(), Some(200..=299))
    }

    /// Returns whether the server demands a token, or another one.
    pub fn refuses_token(&self) -> bool {
        let status = self.status();
        let speaks_of_key = || {
            let words = self.words().to_ascii_lowercase();
            ["api key", "api_key", "token", "unauthorized", "authentication"]
                .iter()
                .any(|word| words.contains(word))
                // The word «token» has two meanings.
                && !words.contains("max_") && !words.contains("context")
        };
        matches!(status, Some(401 | 403)) || status == Some(400) && speaks_of_key()
    }

    /// Returns whether it is an HTML page.
    pub fn is_page(&self) -> bool {
        let body = self.body.trim_start();
        let begins = |start: &str| {
            body.get(..start.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(start))
        };
        self.got == Got::Response && (begins("<!doctype") || begins("<html"))
    }

    /// Returns whether it is an event stream.
    pub fn is_stream(&self) -> bool {
        self.kind.starts_with("text/event-stream") || self.body.trim_start().starts_with("data:")
    }

    /// Returns the listed models; None if it is no list.
    pub fn models(&self) -> Option<Vec<String>> {
        models::listed(&self.body)
            .ok()
            .map(|listed| listed.ids)
            .filter(|_| self.is_ok())
    }

    /// Returns the owner of the first listed model, which identifies some servers.
    pub fn owner(&self) -> Option<String> {
        let list: Value = serde_json::from_str(&self.body).ok()?;
        let owner = list.get("data")?.get(0)?.get("owned_by")?.as_str()?;
        Some(owner.to_owned())
    }

    /// Returns the server's message in a refusal.
    pub fn words(&self) -> String {
        wire::refusal(&self.body)
    }

    /// Returns whether it is an answer: complete, or the first event of a stream.
    pub fn is_answer(&self) -> bool {
        self.is_ok()
            && self
                .json()
                .is_some_and(|json| json.get("choices").is_some())
    }

    /// Returns the message of an error in place of an answer, after a successful status.
    pub fn error(&self) -> Option<String> {
        let json = self.json()?;
        let error = json.get("error").filter(|error| !error.is_null())?;
        Some(wire::refusal(&error.to_string()))
    }

    /// Returns the body, or its first event, if it is JSON.
    fn json(&self) -> Option<Value> {
        let body = self.body.trim();
        if let Ok(json) = serde_json::from_str(body) {
            return Some(json);
        }
        let mut events = body.lines().filter_map(|line| line.strip_prefix("data:"));
        events.find_map(|event| serde_json::from_str(event.trim()).ok())
    }
}

/// Guesses the server at a base URL from what probes have seen there.
pub fn server(base_url: &BaseUrl, seen: &[&Probe]) -> Server {
    let owners: Vec<_> = seen.iter().filter_map(|probe| probe.owner()).collect();
    let bodies: Vec<_> = seen.iter().map(|probe| &*probe.body).collect();
    Server::guess(base_url, &owners, &bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, kind: &str, body: &str) -> Probe {
        Probe {
            got: Got::Response,
            status,
            kind: kind.to_owned(),
            body: body.to_owned(),
            ..Probe::failed()
        }
    }

    #[test]
    fn a_probe_is_read_as_the_page_hands_it_over() {
        let text = r#"{"got":"opaque","status":0,"kind":"","body":"","url":"","ms":12}"#;
        let expected = Probe {
            got: Got::Opaque,
            ms: 12,
            ..Probe::failed()
        };
        assert_eq!(crate::json::read(text), Some(expected));
    }

    #[test]
    fn an_answer_is_whole_or_the_first_event() {
        #[track_caller]
        fn check(kind: &str, body: &str, is_answer: bool, error: Option<&str>) {
            let probe = response(200, kind, body);
            assert_eq!(probe.is_answer(), is_answer, "{body}");
            assert_eq!(probe.error().as_deref(), error, "{body}");
        }
        let stream = "text/event-stream";
        check(stream, ": ping\n\ndata: {\"choices\":[]}\n\n", true, None);
        check(stream, "data: [DONE]\n\n", false, None);
        check("application/json", r#"{"choices":[{}]}"#, true, None);
        check(
            stream,
            r#"data: {"error":{"message":"no memory"}}"#,
            false,
            Some("no memory"),
        );
        check(
            "application/json",
            r#"{"error":"gone"}"#,
            false,
            Some("gone"),
        );
        check(
            "application/json",
            r#"{"choices":[],"error":null}"#,
            true,
            None,
        );
        check("text/html", "<!DOCTYPE html><p>hi", false, None);
    }

    #[test]
    fn a_refused_token_is_known_by_status_or_words() {
        #[track_caller]
        fn check(status: u16, body: &str, expected: bool) {
            assert_eq!(
                response(status, "", body).refuses_token(),
                expected,
                "{body}"
            );
        }
        check(401, "", true);
        check(403, "", true);
        check(400, r#"{"error":{"message":"API key not valid."}}"#, true);
        check(400, r#"{"error":"max_tokens is too large"}"#, false);
        check(404, "no such token", false);
    }

    #[test]
    fn whose_a_model_is_tells_the_server() {
        let list = r#"{"data":[{"id":"a","owned_by":"vllm"}]}"#;
        assert_eq!(response(200, "", list).owner().as_deref(), Some("vllm"));
        assert_eq!(response(200, "", "[]").owner(), None);
    }
}
