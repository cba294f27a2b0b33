//! Servers and services: how each is recognised, how it allows a page, and how it differs from the
//! OpenAI protocol. Pure.
//!
//! All knowledge of a server is its row in the table: see [`table`]. Refusals that the table does
//! not predict are learned: see [`super::Learned`].

mod table;

use serde_json::{Map, Value};

use super::BaseUrl;
use table::{ROWS, Row, UNKNOWN};

/// A server or service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are proper names")]
pub enum Server {
    Ollama,
    LmStudio,
    LlamaCpp,
    Vllm,
    Jan,
    BackendAi,
    OpenAi,
    Anthropic,
    Gemini,
    OpenRouter,
    Groq,
    Together,
    Mistral,
    DeepSeek,
    Cerebras,
    Cohere,
    Fireworks,
    Moonshot,
    Perplexity,
    XAi,
    ZAi,
    Nvidia,
    Bedrock,
    OllamaCloud,
    LlamaCppPython,
    LlamaSwap,
    Transformers,
    LiteLlm,
    /// Models that run in this browser.
    OnDevice,
    /// Unknown server.
    Other,
}

/// The terms on which a server lets a page read its responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A service that allows every page with a key. This page creates keys; empty if unknown.
    Key(&'static str),
    /// A service that allows no page but its own.
    Closed,
    /// It allows every page, unless configured otherwise.
    Open,
    /// It allows pages of its own computer, and the origins in `OLLAMA_ORIGINS`.
    OllamaOrigins,
    /// It allows no page until its switch «Enable CORS» is on.
    LmStudioCors,
    /// Jan's server allows every page by default, and requires a key of the user's own.
    Jan,
    /// It allows every page. Base URL and token of a model service come from Backend.AI.
    BackendAi,
    /// Unknown, or as the server behind it does.
    Unknown,
}

/// A command or piece of configuration that makes a server allow a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// Target system or program; empty for any.
    pub on: &'static str,
    /// Text with `{origin}` in place of the page's origin, and MODEL for the user to fill in.
    pub text: &'static str,
    /// True if it is also a way to start the server.
    pub starts: bool,
}

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

/// The place where a server reports what a model can do, if it has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Path beside `/v1`.
    pub path: &'static str,
    /// True if the request names the model, in its body.
    pub names_model: bool,
}

/// Headers of a request for the list of models, where a bearer token is not enough.
pub struct ModelsKey {
    /// Header of the token.
    pub header: &'static str,
    /// Additional headers.
    pub others: &'static [(&'static str, &'static str)],
}

impl Server {
    /// Recognises the server at a base URL, as far as that is certain. `owned_by` is the value in
    /// its list of models, or empty. A host is better evidence than an owner, and an owner than a
    /// port, where any server may listen, or a domain, which may have any server.
    pub fn of(base_url: &BaseUrl, owned_by: &str) -> Self {
        Self::by_host(base_url)
            .or_else(|| Self::by_owner(owned_by))
            .or_else(|| Self::by_port(base_url, |row| row.is_port_enough))
            .or_else(|| Self::by_domain(base_url))
            .unwrap_or(Self::Other)
    }

    /// Returns whether another server may respond in its place, with that one's quirks.
    pub(super) fn may_hide_another(self) -> bool {
        self.row().may_hide_another
    }

    /// Guesses the server at a base URL: like [`Self::of`], but a greeting (the text of its home
    /// page) or the default port of several servers is enough, too. `owners` are the first values
    /// of `owned_by` in its responses. Backend.AI comes before the server behind it, because it
    /// decides whether pages are allowed.
    pub fn guess(base_url: &BaseUrl, owners: &[String], greetings: &[&str]) -> Self {
        let greets = |row: &Row| {
            let greeting = row.greeting;
            !greeting.is_empty() && greetings.iter().any(|text| text.contains(greeting))
        };
        let domain = Self::by_domain(base_url);
        Self::by_host(base_url)
            .or_else(|| domain.filter(|server| *server == Self::BackendAi))
            .or_else(|| owners.iter().find_map(|owner| Self::by_owner(owner)))
            .or_else(|| Self::find(greets))
            .or_else(|| Self::by_port(base_url, |row| row.is_port_enough))
            .or(domain)
            .or_else(|| Self::by_port(base_url, |_| true))
            .unwrap_or(Self::Other)
    }

    /// Recognises the server from a refusal's text.
    pub fn of_refusal(words: &str) -> Option<Self> {
        Self::find(|row| row.gives_away(words))
    }

    /// Returns the server of [`Self::of_refusal`] with this name.
    pub(super) fn called(name: &str) -> Option<Self> {
        Self::find(|row| !row.refusal.is_empty() && row.name == name)
    }

    /// Iterates over the suggested servers in the order shown: those on the user's own machines
    /// first.
    pub fn suggested() -> impl Iterator<Item = Self> {
        let suggested = ROWS.iter().filter(|row| row.base_url.is_some());
        suggested.map(|row| row.server)
    }

    /// Iterates over the suggested servers that run on this computer.
    pub fn suggested_local() -> impl Iterator<Item = Self> {
        Self::suggested().filter(|server| server.base_url().starts_with("http://localhost:"))
    }

    fn by_host(base_url: &BaseUrl) -> Option<Self> {
        if base_url.is_on_device() {
            return Some(Self::OnDevice);
        }
        let host = base_url.host();
        Self::find(|row| row.hosts.contains(&&*host))
    }

    fn by_domain(base_url: &BaseUrl) -> Option<Self> {
        let host = base_url.host();
        Self::find(|row| {
            let rest = host.strip_suffix(row.domain);
            !row.domain.is_empty()
                && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    fn by_owner(owned_by: &str) -> Option<Self> {
        Self::find(|row| !row.owner.is_empty() && row.owner == owned_by)
    }

    fn by_port(base_url: &BaseUrl, is: impl Fn(&Row) -> bool) -> Option<Self> {
        let port = base_url.port()?;
        Self::find(|row| row.port == Some(port) && is(row))
    }

    fn find(is: impl Fn(&Row) -> bool) -> Option<Self> {
        ROWS.iter().find(|row| is(row)).map(|row| row.server)
    }

    fn row(self) -> &'static Row {
        let row = ROWS.iter().find(|row| row.server == self);
        row.unwrap_or(&UNKNOWN)
    }

    /// Returns its own name; empty if unknown.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns how it lets a page read its responses.
    pub fn access(self) -> Access {
        self.row().access
    }

    /// Returns its usual base URL: on this computer, with the default port; empty if none is usual.
    pub fn base_url(self) -> &'static str {
        self.row().base_url.unwrap_or_default()
    }

    /// Returns what makes it allow a page, the most common first.
    pub fn commands(self) -> &'static [Command] {
        self.row().commands
    }

    /// Returns whether a command starts it.
    pub fn is_started(self) -> bool {
        self.commands().iter().any(|command| command.starts)
    }

    /// Iterates over the other servers at its default port, which a port can't tell apart.
    pub fn others_at_port(self) -> impl Iterator<Item = Self> {
        let port = self.row().port;
        let others = ROWS
            .iter()
            .filter(move |row| port.is_some() && row.port == port && row.server != self);
        others.map(|row| row.server)
    }

    /// Returns the headers that every request there requires besides the usual ones.
    pub fn headers(self) -> &'static [(&'static str, &'static str)] {
        self.row().headers
    }

    /// Returns special headers for the list of models, if any.
    pub fn models_key(self) -> Option<&'static ModelsKey> {
        self.row().models_key.as_ref()
    }

    /// Returns the place where it reports what a model can do, such as reading pictures.
    pub fn capabilities(self) -> Option<Capabilities> {
        self.row().capabilities
    }

    /// Returns whether it accepts `stream_options`.
    pub fn takes_stream_options(self) -> bool {
        self.row().takes_stream_options
    }

    /// Returns whether a model demands `max_completion_tokens` in place of `max_tokens`.
    pub fn renames_max_tokens(self, model: &str) -> bool {
        (self.row().renames_max_tokens)(model)
    }

    /// Returns its own name for a field, if different.
    pub fn name_of(self, field: &str) -> Option<&'static str> {
        let mut names = self.row().names.iter();
        names.find(|(ours, _)| *ours == field).map(|(_, own)| *own)
    }

    /// Renames the fields of a request to the server's names. A field already present under that
    /// name stays.
    pub fn fit(self, fields: &mut Map<String, Value>) {
        for (ours, own) in self.row().names {
            if let Some(value) = fields.remove(*ours) {
                fields.entry(*own).or_insert(value);
            }
        }
    }

    /// Returns its treatment of a field in a request to a model.
    pub fn treats(self, field: &str, model: &str) -> Treatment {
        let mut rules = self.row().rules.iter();
        let rule = rules.find(|rule| rule.fields.contains(&field) && (rule.models)(model));
        rule.map_or(Treatment::Used, |rule| rule.treatment)
    }
}

#[cfg(test)]
mod tests;
