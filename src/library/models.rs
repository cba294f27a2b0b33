//! The models of endpoints: what is listed, and which are used.

use leptos::prelude::*;

use super::{Change, Library};
use crate::{
    endpoint::{self, BaseUrl, Endpoint, Held, TokenStorage},
    openai::{self, Listed},
    storage::keys,
};

/// What is known of an endpoint's models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Models {
    /// They have been asked for.
    Loading,
    /// What the endpoint answered, which may be nothing.
    Listed(Vec<String>),
    /// Why there is no list.
    Unlisted(Unlisted),
}

/// Why an endpoint gave no list of models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// What went wrong.
    #[error(transparent)]
    Failed(openai::Error),
    /// There is none at its base URL, but there is one at this.
    #[error("the models are at {}", .0.as_str())]
    Elsewhere(BaseUrl),
}

impl Unlisted {
    /// Whether no typed model can help: the token is refused, or the base URL is another.
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Failed(error) => error.refuses_token(),
            Self::Elsewhere(_) => true,
        }
    }
}

/// What an endpoint's list tells of its models besides their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// See [`openai::Listed`].
    pub(super) owned_by: String,
    pub(super) sees: Vec<(String, bool)>,
}

impl Library {
    /// What is known of an endpoint's models; None if they were never asked for.
    pub fn models(self, endpoint: endpoint::Id) -> Option<Models> {
        self.models.with(|models| models.get(&endpoint).cloned())
    }

    /// Follows what is known of any endpoint's models.
    pub fn follow_models(self) {
        self.models.track();
    }

    /// Asks an endpoint for its models again.
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
                // Of an endpoint that was changed meanwhile, this is no longer true.
                self.models.update(|models| _ = models.remove(&id));
                self.load_models(id);
                return;
            }
            self.set_models(id, answered.map_or_else(Models::Unlisted, Models::Listed));
        });
    }

    /// Asks an endpoint for its models. Where it knows no such path, the path with a version is tried
    /// too: most base URLs that lead nowhere lack it.
    pub(crate) async fn ask_models(self, endpoint: &Endpoint) -> Result<Vec<String>, Unlisted> {
        let endpoint =
            &keys::with_token(endpoint).map_err(|locked| Unlisted::Failed(locked.into()))?;
        let error = match openai::models(endpoint).await {
            Ok(listed) => {
                let Listed {
                    ids,
                    owned_by,
                    sees,
                } = listed;
                let details = Details { owned_by, sees };
                self.tab.update_value(|tab| {
                    tab.details.insert(endpoint.base_url.clone(), details);
                });
                return Ok(ids);
            }
            Err(error) => error,
        };
        if matches!(error, openai::Error::Refused { status: 404, .. })
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

    /// Tokens have come: asks those endpoints for their models again that refused to tell without, or
    /// could not be asked while the vault was locked.
    pub(super) fn ask_again(self) {
        for endpoint in self.endpoints.get_untracked().list {
            if let Some(Models::Unlisted(Unlisted::Failed(error))) = self.models_now(endpoint.id)
                && endpoint.keep != TokenStorage::Browser
                && match keys::held(&endpoint) {
                    Held::Token(_) => error == openai::Error::Locked || error.refuses_token(),
                    Held::Nothing => error == openai::Error::Locked,
                    Held::Locked => false,
                }
            {
                self.load_models(endpoint.id);
            }
        }
    }

    /// Takes over what is known of an endpoint's models. Cards that wait for a model get one.
    pub(crate) fn set_models(self, id: endpoint::Id, models: Models) {
        let listed = match &models {
            Models::Listed(listed) => listed.clone(),
            _ => Vec::new(),
        };
        self.models.update(|all| all.insert(id, models));
        self.tell(Change::Models(id, listed));
    }

    /// What is known of an endpoint's models, without following it.
    pub(crate) fn models_now(self, id: endpoint::Id) -> Option<Models> {
        self.models
            .with_untracked(|models| models.get(&id).cloned())
    }

    /// The model that a card gets at an endpoint by itself: the one that was used last, if it is
    /// listed, else the first.
    pub(crate) fn usual_model(self, id: endpoint::Id, listed: &[String]) -> Option<String> {
        self.recent.with_untracked(|recent| {
            let last = recent
                .of(id)
                .find(|used| listed.iter().any(|model| model == used));
            last.map(str::to_owned).or_else(|| listed.first().cloned())
        })
    }

    /// Who owns an endpoint's models, and whether one of them takes pictures, as far as its list tells.
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
