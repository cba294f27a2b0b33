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

mod cause;
pub mod fix;
pub mod probe;
pub mod server;
pub mod space;

pub use cause::Cause;
pub use fix::{Fix, fixes};
pub use probe::{Got, Probe};
pub use server::Server;
pub use space::Space;

use crate::endpoint::{BaseUrl, Invalid};

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
}

#[cfg(test)]
mod tests;
