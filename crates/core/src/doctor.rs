//! The connection doctor: from what a page can see of an endpoint to why it does not answer, and to
//! what helps. Pure.
//!
//! A browser tells a page nothing of a request that failed: no connection, a server that does not allow
//! the page, and a refusal that lacks the permission to be read all look alike. So several requests are
//! made, and what came of them is compared: whether there is a server at all, whether it lets the page
//! read anything, whether the list of models is there without the token, at another path, and whether
//! it answers.
//!
//! Sources: the Fetch, «Mixed Content» and «Local Network Access» specifications; of the servers, their
//! documentation and their code.

pub mod fix;
pub mod probe;
pub mod server;
pub mod space;

pub use fix::{Fix, fixes};
pub use probe::{Got, Probe};
pub use server::Server;
pub use space::Space;

use crate::{
    endpoint::{BaseUrl, Invalid},
    protocol,
};

/// What is looked at, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The base URL, and whether this page may ask there at all.
    Address,
    /// Whether the browser has a network.
    Network,
    /// Whether the reader allows the page to ask in the local network.
    Permission,
    /// Whether anything answers there: without the token, and without reading what it says.
    Reach,
    /// The list of models, with the token.
    Models,
    /// The same without the token.
    Bare,
    /// The same at `/v1`.
    Version,
    /// An answer of one token, as a stream.
    Chat,
    /// The same as a whole.
    Whole,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Address,
        Self::Network,
        Self::Permission,
        Self::Reach,
        Self::Models,
        Self::Bare,
        Self::Version,
        Self::Chat,
        Self::Whole,
    ];
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Others come first.
    Waiting,
    /// It is being looked at.
    Running,
    /// It is as it should be.
    Fine,
    /// It is not.
    Failed,
    /// It is not looked at.
    Skipped(Skip),
}

/// Why a step is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// What was seen before says enough.
    NotNeeded,
    /// What was seen before leaves nothing to look at.
    NoUse,
    /// There is no model to ask.
    NoModel,
}

/// What the reader allows in the local network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// It may ask there.
    Granted,
    /// It may not.
    Denied,
    /// The browser asks when it does.
    Prompt,
}

impl Permission {
    /// Reads what the Permissions API calls it.
    pub fn parse(state: &str) -> Option<Self> {
        match state {
            "granted" => Some(Self::Granted),
            "denied" => Some(Self::Denied),
            "prompt" => Some(Self::Prompt),
            _ => None,
        }
    }
}

/// All that was seen, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each was seen apart from the others"
)]
pub struct Observed {
    /// This page's origin.
    pub page: String,
    /// Where the endpoint should be.
    pub base_url: Result<BaseUrl, Invalid>,
    /// Whether it has a token.
    pub has_token: bool,
    /// Whether it has answered before, so that it allows this page.
    pub has_answered: bool,
    /// The model to ask, where one is chosen.
    pub model: Option<String>,
    /// Whether the browser believes that it has a network.
    pub is_online: bool,
    /// Whether the browser is one that keeps a page that came by https from this computer's servers.
    pub is_safari: bool,
    /// What the reader allows; None where the browser does not ask.
    pub permission: Option<Permission>,
    /// What came of [`Step::Reach`], and so on.
    pub reach: Option<Probe>,
    /// With the token.
    pub models: Option<Probe>,
    /// Without it.
    pub bare: Option<Probe>,
    /// At `/v1`.
    pub version: Option<Probe>,
    /// As a stream.
    pub chat: Option<Probe>,
    /// As a whole.
    pub whole: Option<Probe>,
    /// Where a redirection leads to, if that can be read.
    pub leads_to: Option<String>,
}

/// Why an endpoint does not answer, or that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It answers.
    Fine,
    /// The base URL can't be one.
    Address(Invalid),
    /// A page that came by https may not ask at an address without it.
    MixedContent,
    /// A page that did not come by https may not ask in the local network.
    InsecurePage,
    /// There is no network.
    Offline,
    /// The reader, or the browser's settings, forbid the page to ask in the local network.
    PermissionDenied,
    /// The browser asked the reader, and got no answer.
    PermissionAsked,
    /// Nothing answers there.
    NothingThere,
    /// Something is there, or on its way, and takes too long to respond.
    NoResponse,
    /// A server is there, and does not allow this page.
    Cors,
    /// It allows the list of models, but not to be asked for an answer.
    CorsForChat,
    /// The service allows no page.
    Closed,
    /// It wants a token.
    TokenMissing,
    /// It refuses the token: with these words, if any.
    TokenWrong(String),
    /// It seems to refuse the token, in a way that a page can't read.
    TokenLikely,
    /// Its paths begin at another base URL.
    Path(BaseUrl),
    /// The paths of the protocol are not there.
    NotFound,
    /// What is there is a page for a reader, or something else.
    NotOpenAi,
    /// It leads to another address: to this base URL, if that can be read.
    Redirected(Option<String>),
    /// It has no model.
    NoModels,
    /// It does not know the model; these are some that it lists.
    Model(Vec<String>),
    /// It takes no more requests for now.
    Busy(String),
    /// It is loading a model.
    LoadingModel(String),
    /// What was paid for is used up.
    Quota(String),
    /// It failed, with this status and these words.
    ServerError(u16, String),
    /// It refused the question, with this status and these words.
    Refused(u16, String),
    /// It answers, but not as a stream.
    NoStreaming,
    /// It answers, but took so many seconds.
    Slow(u32),
}

/// From so many milliseconds on, an answer is slow.
const SLOW: u32 = 15_000;

/// So many models are named.
const NAMED: usize = 5;

impl Observed {
    /// Before anything was looked at.
    pub fn new(page: String, base_url: Result<BaseUrl, Invalid>) -> Self {
        Self {
            page,
            base_url,
            has_token: false,
            has_answered: false,
            model: None,
            is_online: true,
            is_safari: false,
            permission: None,
            reach: None,
            models: None,
            bare: None,
            version: None,
            chat: None,
            whole: None,
            leads_to: None,
        }
    }

    /// Which server it seems to be.
    pub fn server(&self) -> Server {
        let probes = [&self.reach, &self.models, &self.bare, &self.version];
        let seen: Vec<_> = probes.into_iter().flatten().collect();
        let base_url = self.base_url.as_ref();
        base_url.map_or(Server::Unknown, |base_url| {
            Server::of(base_url, seen.iter().copied())
        })
    }

    /// How near the endpoint is, if that is not nearer than the page is itself.
    pub fn space(&self) -> Space {
        self.base_url.as_ref().map_or(Space::Public, server::space)
    }

    fn is_page_secure(&self) -> bool {
        self.page.starts_with("https://")
    }

    /// Where the page itself came from.
    fn page_space(&self) -> Space {
        BaseUrl::parse(&self.page).map_or(Space::Public, |page| server::space(&page))
    }

    /// Whether the page needs a permission to ask there.
    pub fn needs_permission(&self) -> bool {
        self.space() > self.page_space()
    }

    /// Whether the page may not even ask there, whatever listens.
    fn is_mixed(&self) -> bool {
        self.is_page_secure()
            && self.space() == Space::Public
            && self
                .base_url
                .as_ref()
                .is_ok_and(|base_url| !base_url.origin().starts_with("https://"))
    }

    fn is_cut_off(&self) -> bool {
        !self.is_online && self.space() != Space::Loopback
    }

    fn is_denied(&self) -> bool {
        self.needs_permission() && self.permission == Some(Permission::Denied)
    }

    /// The models that it lists, wherever they are listed.
    fn listed(&self) -> Option<Vec<String>> {
        self.models.as_ref()?.models()
    }

    /// The model to ask: the one that is chosen, else the first.
    pub fn asked(&self) -> Option<String> {
        let first = || self.listed()?.into_iter().next();
        self.model.clone().or_else(first)
    }

    /// Whether the list of models is not there, though something is.
    fn lacks_list(&self) -> bool {
        self.models
            .as_ref()
            .is_some_and(|models| match models.status() {
                Some(404 | 405 | 501) => true,
                Some(200..=299) => models.models().is_none(),
                _ => false,
            })
    }

    /// Where the models were found, if elsewhere.
    fn found(&self) -> Option<BaseUrl> {
        let version = self.version.as_ref()?;
        let is_there = version.models().is_some() || version.refuses_token();
        let base_url = self.base_url.as_ref().ok()?;
        is_there.then(|| base_url.with_version()).flatten()
    }

    /// Why a step is not looked at, if so; it depends on the steps before it alone.
    pub fn skip(&self, step: Step) -> Option<Skip> {
        let is_blocked = self.base_url.is_err() || self.is_mixed();
        let got = |probe: &Option<Probe>| probe.as_ref().map(|probe| probe.got);
        let reach = got(&self.reach);
        let models = got(&self.models);
        let has_list = self.listed().is_some();
        match step {
            Step::Address => None,
            _ if is_blocked => Some(Skip::NoUse),
            Step::Network => None,
            Step::Permission if !self.needs_permission() || self.permission.is_none() => {
                Some(Skip::NotNeeded)
            }
            _ if self.is_cut_off() => Some(Skip::NoUse),
            Step::Permission => None,
            _ if self.is_denied() => Some(Skip::NoUse),
            Step::Reach => None,
            _ if reach == Some(Got::Late) => Some(Skip::NoUse),
            Step::Models => None,
            Step::Bare => {
                let is_refused = self.models.as_ref().is_some_and(Probe::refuses_token);
                let tells = models == Some(Got::Failed) && reach != Some(Got::Failed) || is_refused;
                (!self.has_token || !tells).then_some(Skip::NotNeeded)
            }
            Step::Version => {
                let may_be =
                    self.lacks_list() || models == Some(Got::Failed) && reach != Some(Got::Failed);
                let has_other = |base_url: &BaseUrl| base_url.with_version().is_some();
                let has_other = self.base_url.as_ref().is_ok_and(has_other);
                (!may_be || !has_other).then_some(Skip::NotNeeded)
            }
            Step::Chat if !has_list && !self.lacks_list() || self.found().is_some() => {
                Some(Skip::NoUse)
            }
            Step::Chat => self.asked().is_none().then_some(Skip::NoModel),
            Step::Whole => {
                let can_help = self.chat.as_ref().is_some_and(|chat| match chat.status() {
                    Some(200..=299) => !chat.is_answer() && chat.error().is_none(),
                    Some(status) => matches!(status, 400 | 422 | 500..=502),
                    None => chat.got == Got::Failed,
                });
                (!can_help).then_some(Skip::NotNeeded)
            }
        }
    }

    /// Where a step stands that was looked at.
    pub fn standing(&self, step: Step) -> StepState {
        let is_fine = match step {
            Step::Address => self.base_url.is_ok() && !self.is_mixed(),
            Step::Network => !self.is_cut_off(),
            Step::Permission => match self.permission {
                Some(Permission::Denied) => false,
                Some(Permission::Prompt) => {
                    let reach = self.reach.as_ref().map(|reach| reach.got);
                    !matches!(reach, Some(Got::Failed | Got::Late))
                }
                Some(Permission::Granted) | None => true,
            },
            Step::Reach => {
                let reach = self.reach.as_ref().map(|reach| reach.got);
                matches!(reach, Some(Got::Response | Got::Opaque))
            }
            Step::Models => self.listed().is_some(),
            Step::Bare => self
                .bare
                .as_ref()
                .is_some_and(|bare| bare.models().is_some()),
            Step::Version => self.found().is_some(),
            Step::Chat => {
                let is_streamed = |chat: &Probe| chat.is_answer() && chat.is_stream();
                self.chat.as_ref().is_some_and(is_streamed)
            }
            Step::Whole => self.whole.as_ref().is_some_and(Probe::is_answer),
        };
        if is_fine {
            StepState::Fine
        } else {
            StepState::Failed
        }
    }

    /// Why the endpoint does not answer: the first cause that is true.
    pub fn diagnose(&self) -> Cause {
        let base_url = match &self.base_url {
            Ok(base_url) => base_url,
            Err(invalid) => return Cause::Address(*invalid),
        };
        if self.is_mixed() {
            return Cause::MixedContent;
        }
        let probes = [&self.reach, &self.models, &self.bare, &self.version];
        let sees_something = probes
            .into_iter()
            .flatten()
            .any(|probe| !matches!(probe.got, Got::Failed | Got::Late));
        if !sees_something {
            return self.diagnose_silence(base_url);
        }
        let Some(models) = &self.models else {
            return Cause::NoResponse;
        };
        match models.got {
            Got::Redirect => Cause::Redirected(self.leads_to()),
            Got::Late => Cause::NoResponse,
            Got::Failed | Got::Opaque => self.diagnose_hidden(),
            Got::Response => self.diagnose_models(models),
        }
    }

    /// Nothing was seen at all.
    fn diagnose_silence(&self, base_url: &BaseUrl) -> Cause {
        let is_plain = base_url.origin().starts_with("http://");
        let is_late = |probe: &Option<Probe>| {
            let got = probe.as_ref().map(|probe| probe.got);
            got == Some(Got::Late)
        };
        if self.is_cut_off() {
            Cause::Offline
        } else if self.is_denied() {
            // A page that did not come by https is not even asked about.
            if self.is_page_secure() || self.page_space() == Space::Loopback {
                Cause::PermissionDenied
            } else {
                Cause::InsecurePage
            }
        } else if self.needs_permission() && self.permission == Some(Permission::Prompt) {
            Cause::PermissionAsked
        } else if self.is_page_secure()
            && is_plain
            && self.permission.is_none()
            && (self.space() == Space::Local || self.is_safari)
        {
            Cause::MixedContent
        } else if is_late(&self.reach) || is_late(&self.models) {
            Cause::NoResponse
        } else if self.server() == Server::Closed {
            Cause::Closed
        } else {
            Cause::NothingThere
        }
    }

    /// A server is there, and the page may not read what it says to the request for its models.
    fn diagnose_hidden(&self) -> Cause {
        if let Some(found) = self.found() {
            return Cause::Path(found);
        }
        let server = self.server();
        if server == Server::Closed {
            return Cause::Closed;
        }
        let hidden = if self.has_token {
            Cause::TokenLikely
        } else {
            Cause::TokenMissing
        };
        match &self.bare {
            Some(bare) if bare.got == Got::Redirect => Cause::Redirected(self.leads_to()),
            // With the token, something else comes than without it.
            Some(bare) if bare.got == Got::Response => hidden,
            _ => {
                // It lets the page read something, or has done so before.
                let reach = self.reach.as_ref().map(|reach| reach.got);
                let is_open = reach == Some(Got::Response) || self.has_answered && self.has_token;
                if is_open || server == Server::Service {
                    hidden
                } else {
                    Cause::Cors
                }
            }
        }
    }

    /// What the server said to the request for its models can be read.
    fn diagnose_models(&self, models: &Probe) -> Cause {
        if self.listed().is_some() {
            return match &self.chat {
                Some(chat) => self.diagnose_chat(chat),
                None if self.asked().is_none() => Cause::NoModels,
                None => Cause::Fine,
            };
        }
        if models.refuses_token() {
            return self.refused_token(models);
        }
        if self.lacks_list() {
            if let Some(found) = self.found() {
                return Cause::Path(found);
            }
            // Some have no list, and answer all the same.
            return match &self.chat {
                Some(chat) if chat.is_answer() || chat.refuses_token() => self.diagnose_chat(chat),
                _ if self.whole.as_ref().is_some_and(Probe::is_answer) => Cause::NoStreaming,
                _ if models.is_page() || models.is_ok() => Cause::NotOpenAi,
                _ => Cause::NotFound,
            };
        }
        refusal(models)
    }

    /// What came of the question.
    fn diagnose_chat(&self, chat: &Probe) -> Cause {
        if self.whole.as_ref().is_some_and(Probe::is_answer) {
            return Cause::NoStreaming;
        }
        let listed = self.listed().unwrap_or_default();
        let is_unlisted = self
            .model
            .as_ref()
            .is_some_and(|model| !listed.is_empty() && !listed.contains(model));
        let unlisted = || Cause::Model(listed.iter().take(NAMED).cloned().collect());
        let words = chat.words();
        match chat.got {
            Got::Redirect => Cause::Redirected(self.leads_to()),
            Got::Late => Cause::Slow(chat.ms / 1000),
            Got::Failed | Got::Opaque if is_unlisted => unlisted(),
            Got::Failed | Got::Opaque => Cause::CorsForChat,
            Got::Response => match chat.status {
                200..=299 if chat.is_answer() && !chat.is_stream() => Cause::NoStreaming,
                200..=299 if chat.is_answer() && chat.ms > SLOW => Cause::Slow(chat.ms / 1000),
                200..=299 if chat.is_answer() => Cause::Fine,
                200..=299 => chat
                    .error()
                    .map_or(Cause::NotOpenAi, |words| Cause::Refused(chat.status, words)),
                _ if chat.refuses_token() => self.refused_token(chat),
                404 if is_unlisted || words.to_ascii_lowercase().contains("model") => unlisted(),
                404 | 405 => Cause::NotFound,
                400 | 422 | 500.. if is_unlisted => unlisted(),
                _ => refusal(chat),
            },
        }
    }

    fn refused_token(&self, probe: &Probe) -> Cause {
        if self.has_token {
            Cause::TokenWrong(probe.words())
        } else {
            Cause::TokenMissing
        }
    }

    /// The base URL that a redirection leads to.
    fn leads_to(&self) -> Option<String> {
        let to = self.leads_to.as_ref()?;
        Some(to.strip_suffix("/models").unwrap_or(to).to_owned())
    }
}

/// What a refusal means that is about neither the token nor the path.
fn refusal(probe: &Probe) -> Cause {
    let words = probe.words();
    match protocol::Cause::told(probe.status, &words) {
        protocol::Cause::Quota => Cause::Quota(words),
        protocol::Cause::Loading => Cause::LoadingModel(words),
        protocol::Cause::Busy => Cause::Busy(words),
        _ if probe.status >= 500 => Cause::ServerError(probe.status, words),
        _ => Cause::Refused(probe.status, words),
    }
}

#[cfg(test)]
mod tests;
