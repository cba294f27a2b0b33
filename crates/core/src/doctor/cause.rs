//! Why an endpoint does not answer, as far as what was observed tells.

use super::{Got, Observed, Permission, Probe, Server, Space};
use crate::{
    endpoint::{BaseUrl, Invalid},
    protocol,
};

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
pub(super) const SLOW: u32 = 15_000;

/// So many models are named.
pub(super) const NAMED: usize = 5;

/// What a refusal means that is about neither the token nor the path.
pub(super) fn refusal(probe: &Probe) -> Cause {
    let words = probe.words();
    match protocol::Cause::told(probe.status, &words) {
        protocol::Cause::Quota => Cause::Quota(words),
        protocol::Cause::Loading => Cause::LoadingModel(words),
        protocol::Cause::Busy => Cause::Busy(words),
        _ if probe.status >= 500 => Cause::ServerError(probe.status, words),
        _ => Cause::Refused(probe.status, words),
    }
}

impl Observed {
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
