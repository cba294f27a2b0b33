//! Requests to servers that may not respond: see `probe.js`.

use serde::Serialize;
use wasm_bindgen::{JsValue, prelude::*};

use crate::{
    doctor::{Observed, Permission, Probe, Space},
    endpoint::{BaseUrl, Invalid, Token},
    json,
};

#[wasm_bindgen(module = "/src/diagnosis/probe.js")]
extern "C" {
    #[wasm_bindgen(js_name = surroundings)]
    fn all_surroundings() -> String;

    #[wasm_bindgen(catch, js_name = permission)]
    async fn state_of(space: &str) -> Result<JsValue, JsValue>;

    type Visit;

    #[wasm_bindgen(constructor)]
    fn new() -> Visit;

    #[wasm_bindgen(method)]
    fn end(this: &Visit);

    #[wasm_bindgen(method, catch)]
    async fn ask(this: &Visit, question: &str) -> Result<JsValue, JsValue>;
}

/// The facts known before anything is sent.
pub fn surroundings(base_url: Result<BaseUrl, Invalid>) -> Observed {
    let (page, is_online, is_safari) =
        json::read(&all_surroundings()).unwrap_or((String::new(), true, false));
    Observed {
        is_online,
        is_safari,
        ..Observed::new(page, base_url)
    }
}

/// The user's permission for the local network; None if the browser does not ask.
pub async fn permission(space: Space) -> Option<Permission> {
    let state = state_of(space.name()).await.ok()?;
    Permission::parse(&state.as_string()?)
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// Its URL.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body; empty for none.
    pub body: String,
    /// `cors`, or `no-cors`, whose response can't be read.
    pub mode: &'static str,
    /// True if redirects are followed; only without a token.
    pub follows: bool,
    /// The address space of a local address; empty for one on the internet.
    pub space: &'static str,
    /// Timeout, in milliseconds.
    pub timeout: u32,
    /// Maximum number of response bytes read.
    pub most: u32,
}

impl Question {
    /// A `GET` request, with no header that a server would have to allow.
    pub fn get(url: String) -> Self {
        Self {
            url,
            method: "GET",
            headers: vec![("Accept", "application/json".to_owned())],
            body: String::new(),
            mode: "cors",
            follows: false,
            space: "",
            timeout: 10_000,
            most: 4 << 20,
        }
    }

    /// Adds the address space of a server that may be local.
    pub fn at(self, observed: &Observed) -> Self {
        let space = if observed.needs_permission() {
            observed.space().name()
        } else {
            ""
        };
        Self { space, ..self }
    }
}

/// Requests that end together. Dropping it ends them.
pub struct Inquiry(Visit);

impl Inquiry {
    /// An empty inquiry.
    pub fn new() -> Self {
        Self(Visit::new())
    }

    /// Sends one request, and waits for the result.
    pub async fn ask(&self, question: &Question) -> Probe {
        let found = self.0.ask(&json::write(question)).await;
        let found = found.ok().and_then(|found| found.as_string());
        let mut found: Probe = found
            .and_then(|found| json::read(&found))
            .unwrap_or_else(Probe::failed);
        // Some servers repeat the token in their response, which is shown.
        let secret = |name: &str| ["Authorization", "x-api-key"].contains(&name);
        for (_, value) in question.headers.iter().filter(|(name, _)| secret(name)) {
            if let Ok(Some(token)) = Token::parse(value) {
                found.body = token.masked_in(&found.body);
            }
        }
        found
    }

    /// Checks whether a server is at a URL, and whether this page may read it. Nothing is sent that the
    /// server would have to allow.
    pub async fn reach(&self, question: Question) -> Probe {
        let readable = Question {
            follows: true,
            ..question
        };
        let found = self.ask(&readable).await;
        if found.got != crate::doctor::Got::Failed {
            return found;
        }
        let unreadable = Question {
            mode: "no-cors",
            ..readable
        };
        self.ask(&unreadable).await
    }
}

impl Drop for Inquiry {
    fn drop(&mut self) {
        self.0.end();
    }
}
