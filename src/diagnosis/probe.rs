//! Questions to servers that may not answer: see `doctor.js`.

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

/// What is known before anything is sent.
pub fn surroundings(base_url: Result<BaseUrl, Invalid>) -> Observed {
    let (page, is_online, is_safari) =
        json::read(&all_surroundings()).unwrap_or((String::new(), true, false));
    Observed {
        is_online,
        is_safari,
        ..Observed::new(page, base_url)
    }
}

/// What the reader allows in the local network; None where the browser does not ask.
pub async fn permission(space: Space) -> Option<Permission> {
    let state = state_of(space.name()).await.ok()?;
    Permission::parse(&state.as_string()?)
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// Where it goes.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Empty is none.
    pub body: String,
    /// `cors`, or `no-cors`: then nothing of the response can be read.
    pub mode: &'static str,
    /// Whether redirections are followed. Only without a token.
    pub follows: bool,
    /// What a browser wants to know of a local address; empty for one on the internet.
    pub space: &'static str,
    /// How long it may take, in milliseconds.
    pub timeout: u32,
    /// So many bytes of the response are read.
    pub most: u32,
}

impl Question {
    /// Asks for what is at an address, with no header that a server would have to allow.
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

    /// The same for a server at a place that may be near.
    pub fn at(self, observed: &Observed) -> Self {
        let space = if observed.needs_permission() {
            observed.space().name()
        } else {
            ""
        };
        Self { space, ..self }
    }
}

/// Questions that end together. Dropping it ends them.
pub struct Inquiry(Visit);

impl Inquiry {
    /// Nothing is asked yet.
    pub fn new() -> Self {
        Self(Visit::new())
    }

    /// Sends one request, and waits for what comes of it.
    pub async fn ask(&self, question: &Question) -> Probe {
        let found = self.0.ask(&json::write(question)).await;
        let found = found.ok().and_then(|found| found.as_string());
        let mut found: Probe = found
            .and_then(|found| json::read(&found))
            .unwrap_or_else(Probe::failed);
        // Some servers repeat the token in what they say, which is shown.
        let secret = |name: &str| ["Authorization", "x-api-key"].contains(&name);
        for (_, value) in question.headers.iter().filter(|(name, _)| secret(name)) {
            if let Ok(Some(token)) = Token::parse(value) {
                found.body = token.masked_in(&found.body);
            }
        }
        found
    }

    /// Whether anything is at an address, and whether this page may read it. Nothing is sent that the
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
