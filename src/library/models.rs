//! The models of endpoints: lists, details and usual choices.

use leptos::prelude::*;

use super::{Change, Library};
use crate::{
    endpoint::{self, BaseUrl, Endpoint, Held, TokenStorage},
    openai,
    storage::keys,
};

/// State of an endpoint's list of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// A request in flight.
    Loading,
    /// The list, which may be empty.
    Listed(Vec<String>),
    /// The reason why there is no list.
    Unlisted(Unlisted),
}

/// Reason why an endpoint gave no list of models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// A failed request.
    #[error(transparent)]
    Failed(openai::Failure),
    /// No list at the base URL, but one at this base URL.
    #[error("the models are at {}", .0.as_str())]
    Elsewhere(BaseUrl),
}

impl Unlisted {
    /// Returns whether no typed model can help: the token is refused, or the base URL is another.
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Failed(error) => error.refuses_token(),
            Self::Elsewhere(_) => true,
        }
    }
}

/// Details in an endpoint's list of models, besides their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// See [`openai::Listed`].
    pub(super) owned_by: String,
    pub(super) sees: Vec<(String, bool)>,
    /// True if the server has more models than the list.
    pub(super) is_partial: bool,
}

impl Library {
    /// An endpoint's list of models; `None` if it was never requested.
    pub fn models(self, endpoint: endpoint::Id) -> Option<Models> {
        self.models.with(|models| models.get(&endpoint).cloned())
    }

    /// Subscribes to all endpoints' lists of models.
    pub fn follow_models(self) {
        self.models.track();
    }

    /// Requests an endpoint's models, unless such a request is in flight.
    pub fn load_models(self, id: endpoint::Id) {
        let Some(endpoint) = self.endpoints.read_untracked().find(id).cloned() else {
            return;
        };
        if self
            .models
            .with_untracked(|models| models.get(&id) == Some(&Models::Loading))
        {
            return;
        }
        self.set_models(id, Models::Loading);
        let held = keys::held(&endpoint);
        leptos::task::spawn_local(async move {
            let answered = self.ask_models(&endpoint).await;
            let now = self.endpoints.read_untracked().find(id).cloned();
            if !now.is_some_and(|now| now.is_asked_like(&endpoint)) || keys::held(&endpoint) != held
            {
                // The endpoint was changed meanwhile, so this answer is out of date.
                self.models.update(|models| _ = models.remove(&id));
                self.load_models(id);
                return;
            }
            self.set_models(id, answered.map_or_else(Models::Unlisted, Models::Listed));
        });
    }

    /// Requests an endpoint's models. If the path is unknown, the path with a version is tried,
    /// too: most wrong base URLs lack it.
    pub(crate) async fn ask_models(self, endpoint: &Endpoint) -> Result<Vec<String>, Unlisted> {
        let endpoint =
            &keys::with_token(endpoint).map_err(|locked| Unlisted::Failed(locked.into()))?;
        let error = match openai::models(endpoint).await {
            Ok(listed) => {
                let details = Details {
                    is_partial: listed.has_more,
                    owned_by: listed.owned_by,
                    sees: listed.sees,
                };
                self.tab.update_value(|tab| {
                    tab.details.insert(endpoint.base_url.clone(), details);
                });
                return Ok(listed.ids);
            }
            Err(error) => error,
        };
        if matches!(error, openai::Failure::Refused { status: 404, .. })
            && let Some(base_url) = endpoint.base_url.with_version()
        {
            let there = Endpoint {
                base_url,
                ..endpoint.clone()
            };
            if openai::models(&there).await.is_ok() {
                return Err(Unlisted::Elsewhere(there.base_url));
            }
        }
        Err(Unlisted::Failed(error))
    }

    /// Requests models again once tokens have come: from endpoints that refused without one, or
    /// could get no request while the vault was locked.
    pub(super) fn ask_again(self) {
        for endpoint in self.endpoints.get_untracked().list {
            if let Some(Models::Unlisted(Unlisted::Failed(error))) = self.models_now(endpoint.id)
                && endpoint.keep != TokenStorage::Browser
                && match keys::held(&endpoint) {
                    Held::Token(_) => error == openai::Failure::Locked || error.refuses_token(),
                    Held::Nothing => error == openai::Failure::Locked,
                    Held::Locked => false,
                }
            {
                self.load_models(endpoint.id);
            }
        }
    }

    /// Sets the state of an endpoint's list of models. Cards that wait for a model get one.
    pub(crate) fn set_models(self, id: endpoint::Id, models: Models) {
        let listed = match &models {
            Models::Listed(listed) => listed.clone(),
            _ => Vec::new(),
        };
        self.models.update(|all| all.insert(id, models));
        self.tell(Change::Models(id, listed));
    }

    /// An endpoint's list of models, without subscribing to it.
    pub(crate) fn models_now(self, id: endpoint::Id) -> Option<Models> {
        self.models
            .with_untracked(|models| models.get(&id).cloned())
    }

    /// The default model for a card at an endpoint: the one last used, if it is listed, else the
    /// first.
    pub(crate) fn usual_model(self, id: endpoint::Id, listed: &[String]) -> Option<String> {
        self.recent.with_untracked(|recent| {
            let last = recent
                .of(id)
                .find(|used| listed.iter().any(|model| model == used));
            last.map(str::to_owned).or_else(|| listed.first().cloned())
        })
    }

    /// Returns whether an endpoint has more models than its list.
    pub fn has_more_models(self, endpoint: endpoint::Id) -> bool {
        let endpoints = self.endpoints.read_untracked();
        let base_url = endpoints.find(endpoint).map(|endpoint| &endpoint.base_url);
        self.tab.with_value(|tab| {
            let details = base_url.and_then(|base_url| tab.details.get(base_url));
            details.is_some_and(|details| details.is_partial)
        })
    }

    /// The owner of an endpoint's models, and whether a model accepts pictures, as far as the list
    /// tells.
    pub fn details(self, endpoint: endpoint::Id, model: &str) -> (String, Option<bool>) {
        let endpoints = self.endpoints.read_untracked();
        let details = endpoints.find(endpoint).and_then(|endpoint| {
            self.tab
                .with_value(|tab| tab.details.get(&endpoint.base_url).cloned())
        });
        let details = details.unwrap_or_default();
        let sees = details.sees.iter().find(|(known, _)| known == model);
        (details.owned_by, sees.map(|(_, sees)| *sees))
    }
}
