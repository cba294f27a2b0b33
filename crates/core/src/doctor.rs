//! The connection doctor: concludes from the results that a page can see why an endpoint fails, and
//! finds fixes. Pure.
//!
//! A browser tells a page nothing about a failed request: no connection, a server that does not
//! allow the page, and a refusal without CORS headers all look alike. So the doctor compares
//! several requests: is there a server at all, does it let the page read anything, is the list of
//! models there without the token or at another path, and does it answer?
//!
//! Sources: the Fetch, «Mixed Content» and «Local Network Access» specifications; of the servers,
//! their documentation and their code.

mod cause;
pub mod fix;
pub mod probe;
pub mod space;

pub use cause::Cause;
pub use fix::{Fix, fixes};
pub use probe::{Got, Probe};
pub use space::Space;

use crate::endpoint::{BaseUrl, Invalid, Server};

/// Steps of an examination, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The base URL, and the page's right to send requests there at all.
    Address,
    /// The browser's network.
    Network,
    /// The user's permission for the local network.
    Permission,
    /// Any response: without the token, and without reading it.
    Reach,
    /// The list of models, with the token.
    Models,
    /// The list of models without the token.
    Bare,
    /// The list of models at `/v1`.
    Version,
    /// An answer of one token, streamed.
    Chat,
    /// An answer of one token, not streamed.
    Whole,
}

impl Step {
    /// All steps.
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

/// State of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Earlier steps come first.
    Waiting,
    /// The step is running.
    Running,
    /// The step succeeded.
    Fine,
    /// The step failed.
    Failed,
    /// The step is skipped.
    Skipped(Skip),
}

/// Reason for skipping a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Earlier steps tell enough.
    NotNeeded,
    /// Earlier steps leave nothing to test.
    NoUse,
    /// There is no model for a request.
    NoModel,
}

/// The user's permission for the local network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// The page may send requests there.
    Granted,
    /// The page may not.
    Denied,
    /// The browser prompts at the first request.
    Prompt,
}

impl Permission {
    /// Parses a state of the Permissions API.
    pub fn parse(state: &str) -> Option<Self> {
        match state {
            "granted" => Some(Self::Granted),
            "denied" => Some(Self::Denied),
            "prompt" => Some(Self::Prompt),
            _ => None,
        }
    }
}

/// All observations so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each fact is observed on its own"
)]
pub struct Observed {
    /// This page's origin.
    pub page: String,
    /// The endpoint's base URL.
    pub base_url: Result<BaseUrl, Invalid>,
    /// True if the endpoint has a token.
    pub has_token: bool,
    /// True if it has answered before, and so allows this page.
    pub has_answered: bool,
    /// Model for the request, if chosen.
    pub model: Option<String>,
    /// True if the browser reports a network.
    pub is_online: bool,
    /// True for browsers that keep https pages from this computer's servers.
    pub is_safari: bool,
    /// The user's permission; None if the browser has none.
    pub permission: Option<Permission>,
    /// Result of [`Step::Reach`]; the others follow alike.
    pub reach: Option<Probe>,
    /// Result with the token.
    pub models: Option<Probe>,
    /// Result without the token.
    pub bare: Option<Probe>,
    /// Result at `/v1`.
    pub version: Option<Probe>,
    /// Result of the streamed answer.
    pub chat: Option<Probe>,
    /// Result of the complete answer.
    pub whole: Option<Probe>,
    /// Target of a redirect, if readable.
    pub leads_to: Option<String>,
}

impl Observed {
    /// Creates observations before any step.
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

    /// Returns the probable server.
    pub fn server(&self) -> Server {
        let probes = [&self.reach, &self.models, &self.bare, &self.version];
        let seen: Vec<_> = probes.into_iter().flatten().collect();
        let base_url = self.base_url.as_ref();
        base_url.map_or(Server::Other, |base_url| probe::server(base_url, &seen))
    }

    /// Returns the endpoint's address space.
    pub fn space(&self) -> Space {
        self.base_url
            .as_ref()
            .map_or(Space::Public, |url| Space::of(&url.host()))
    }

    fn is_page_secure(&self) -> bool {
        self.page.starts_with("https://")
    }

    /// Returns the page's own address space.
    fn page_space(&self) -> Space {
        BaseUrl::parse(&self.page).map_or(Space::Public, |page| Space::of(&page.host()))
    }

    /// Returns whether requests from the page need a permission.
    pub fn needs_permission(&self) -> bool {
        self.space() > self.page_space()
    }

    /// Returns whether the browser blocks any request as mixed content.
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

    /// Returns the models listed with the token.
    fn listed(&self) -> Option<Vec<String>> {
        self.models.as_ref()?.models()
    }

    /// Returns the model for the request: the chosen one, else the first listed.
    pub fn requested_model(&self) -> Option<String> {
        let first = || self.listed()?.into_iter().next();
        self.model.clone().or_else(first)
    }

    /// Returns whether the list of models is missing, though a server is there.
    fn lacks_list(&self) -> bool {
        self.models
            .as_ref()
            .is_some_and(|models| match models.status() {
                Some(404 | 405 | 501) => true,
                Some(200..=299) => models.models().is_none(),
                _ => false,
            })
    }

    /// Returns the other base URL where the models were found, if any.
    fn found(&self) -> Option<BaseUrl> {
        let version = self.version.as_ref()?;
        let is_there = version.models().is_some() || version.refuses_token();
        let base_url = self.base_url.as_ref().ok()?;
        is_there.then(|| base_url.with_version()).flatten()
    }

    /// Returns the reason for skipping a step, if any; it depends on earlier steps alone.
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
            Step::Chat => self.requested_model().is_none().then_some(Skip::NoModel),
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

    /// Returns the state of a step that has run.
    pub fn state(&self, step: Step) -> StepState {
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
}

#[cfg(test)]
mod tests;
