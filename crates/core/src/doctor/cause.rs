//! The cause of a failing connection, as far as the observations tell.

use super::{Got, Observed, Permission, Probe, Space};
use crate::{
    endpoint::{BaseUrl, Invalid, server::Access},
    protocol,
};

/// Cause of a failing connection, or success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The endpoint works.
    Fine,
    /// The base URL is invalid.
    Address(Invalid),
    /// An https page may not send requests to an address without https.
    MixedContent,
    /// A page without https may not send requests into the local network.
    InsecurePage,
    /// The browser is offline.
    Offline,
    /// The user or the browser's settings deny the page access to the local network.
    PermissionDenied,
    /// The browser's permission prompt was not answered.
    PermissionAsked,
    /// Nothing responds there.
    NothingThere,
    /// The server, or the way to it, takes too long to respond.
    NoResponse,
    /// A server is there, but does not allow this page.
    Cors,
    /// The server allows this page to list models, but not to request an answer.
    CorsForChat,
    /// The service allows no page.
    Closed,
    /// The server requires a token.
    TokenMissing,
    /// The server refuses the token, with this message, if any.
    TokenWrong(String),
    /// The server probably refuses the token, in a response that the page can't read.
    TokenLikely,
    /// The server's paths start at another base URL.
    Path(BaseUrl),
    /// The protocol's paths are missing.
    NotFound,
    /// The response is an HTML page, or something else.
    NotOpenAi,
    /// The server redirects to another address: to this base URL, if readable.
    Redirected(Option<String>),
    /// The server has no model.
    NoModels,
    /// The server does not know the model; these are some that it lists.
    Model(Vec<String>),
    /// The server takes no more requests for now.
    Busy(String),
    /// The server is loading a model.
    LoadingModel(String),
    /// The quota is used up.
    Quota(String),
    /// The server failed, with this status and message.
    ServerError(u16, String),
    /// The server refused the request for an answer, with this status and message.
    Refused(u16, String),
    /// The server answers, but not as a stream.
    NoStreaming,
    /// The server answers, but took this many seconds.
    Slow(u32),
}

/// Minimum duration of a slow answer, in milliseconds.
pub(super) const SLOW: u32 = 15_000;

/// Maximum number of models named.
pub(super) const NAMED: usize = 5;

/// Classifies a refusal that concerns neither the token nor the path.
pub(super) fn refusal(probe: &Probe) -> Cause {
    let words = probe.words();
    match protocol::Reason::classify(probe.status, &words) {
        protocol::Reason::Quota => Cause::Quota(words),
        protocol::Reason::Loading => Cause::LoadingModel(words),
        protocol::Reason::Busy => Cause::Busy(words),
        _ if probe.status >= 500 => Cause::ServerError(probe.status, words),
        _ => Cause::Refused(probe.status, words),
    }
}

impl Observed {
    /// Returns the first cause that applies.
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

    /// Diagnoses a case without any response.
    fn diagnose_silence(&self, base_url: &BaseUrl) -> Cause {
        let is_plain = base_url.origin().starts_with("http://");
        let is_late = |probe: &Option<Probe>| {
            let got = probe.as_ref().map(|probe| probe.got);
            got == Some(Got::Late)
        };
        if self.is_cut_off() {
            Cause::Offline
        } else if self.is_denied() {
            // A page without https does not even prompt for permission.
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
        } else if self.server().access() == Access::Closed {
            Cause::Closed
        } else {
            Cause::NothingThere
        }
    }

    /// Diagnoses an unreadable response to the request for the models.
    fn diagnose_hidden(&self) -> Cause {
        if let Some(found) = self.found() {
            return Cause::Path(found);
        }
        let access = self.server().access();
        if access == Access::Closed {
            return Cause::Closed;
        }
        let hidden = if self.has_token {
            Cause::TokenLikely
        } else {
            Cause::TokenMissing
        };
        match &self.bare {
            Some(bare) if bare.got == Got::Redirect => Cause::Redirected(self.leads_to()),
            // Without the token, the response differs.
            Some(bare) if bare.got == Got::Response => hidden,
            _ => {
                // The page may read something, or could before.
                let reach = self.reach.as_ref().map(|reach| reach.got);
                let is_open = reach == Some(Got::Response) || self.has_answered && self.has_token;
                if is_open || matches!(access, Access::Key(_)) {
                    hidden
                } else {
                    Cause::Cors
                }
            }
        }
    }

    /// Diagnoses a readable response to the request for the models.
    fn diagnose_models(&self, models: &Probe) -> Cause {
        if self.listed().is_some() {
            return match &self.chat {
                Some(chat) => self.diagnose_chat(chat),
                None if self.requested_model().is_none() => Cause::NoModels,
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
            // Some servers have no list, but answer.
            return match &self.chat {
                Some(chat) if chat.is_answer() || chat.refuses_token() => self.diagnose_chat(chat),
                _ if self.whole.as_ref().is_some_and(Probe::is_answer) => Cause::NoStreaming,
                _ if models.is_page() || models.is_ok() => Cause::NotOpenAi,
                _ => Cause::NotFound,
            };
        }
        refusal(models)
    }

    /// Diagnoses the request for an answer.
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

    /// Returns the base URL that a redirect leads to.
    fn leads_to(&self) -> Option<String> {
        let to = self.leads_to.as_ref()?;
        Some(to.strip_suffix("/models").unwrap_or(to).to_owned())
    }
}
