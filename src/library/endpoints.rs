//! What a user does with endpoints.

use leptos::prelude::*;

use super::{Library, Removed};
use crate::{
    endpoint::{self, BaseUrl, Edit, Endpoint, Endpoints, Invalid, Learned, TokenStorage},
    id::{fresh, now},
    storage::keys::{self, VaultState},
};

impl Library {
    // What a user does with endpoints.

    /// The endpoint that a filled-in form of a card means.
    ///
    /// # Errors
    /// What is wrong with the form.
    pub(crate) fn resolve(
        self,
        chosen: Option<endpoint::Id>,
        base_url: &str,
        token: &str,
        keep: Option<TokenStorage>,
        fresh: endpoint::Id,
    ) -> Result<Endpoint, Invalid> {
        let endpoints = self.endpoints.read_untracked();
        can_keep(endpoints.resolve(chosen, base_url, token, keep, fresh)?)
    }

    /// Saves an endpoint as an edit makes it, a new one without an identifier. Its models are asked
    /// for.
    ///
    /// # Errors
    /// What is wrong with the edit; nothing is saved then.
    pub fn edit_endpoint(self, id: Option<endpoint::Id>, edit: &Edit) -> Result<(), Invalid> {
        let id = id.unwrap_or_else(fresh);
        let before = self.endpoints.read_untracked().find(id).map(keys::held);
        let held = before.unwrap_or_default();
        let edited = self.endpoints.read_untracked().edited(id, edit, held)?;
        let edited = can_keep(edited)?;
        if edit.forget_token {
            keys::remove(id);
        }
        self.save_endpoint(edited);
        self.load_models(id);
        Ok(())
    }

    /// Moves an endpoint to where its models were found, which is the same server: its token goes
    /// along.
    pub fn use_base_url(self, id: endpoint::Id, base_url: BaseUrl) {
        let moved = {
            let endpoints = self.endpoints.read_untracked();
            endpoints.find(id).cloned()
        };
        let Some(moved) = moved.filter(|moved| moved.base_url.origin() == base_url.origin()) else {
            return;
        };
        let learned = Learned::default();
        self.save_endpoint(Endpoint {
            base_url,
            learned,
            ..moved
        });
        self.load_models(id);
    }

    /// Deletes an endpoint, and offers to put it back. Cards that talk to it say so and keep what was
    /// said.
    pub fn delete_endpoint(self, id: endpoint::Id) {
        let removed = self.endpoints.try_update(|Endpoints { list, .. }| {
            let index = list.iter().position(|saved| saved.id == id)?;
            Some((list.remove(index), index))
        });
        self.save_endpoints();
        if let Some((endpoint, index)) = removed.flatten() {
            let removed = Removed::Endpoint(endpoint, index);
            self.removed.write().push(removed);
        }
    }

    /// Moves an endpoint by one place, up or down.
    pub fn move_endpoint(self, id: endpoint::Id, up: bool) {
        self.endpoints.update(|Endpoints { list, .. }| {
            let Some(index) = list.iter().position(|saved| saved.id == id) else {
                return;
            };
            let other = if up {
                index.checked_sub(1)
            } else {
                Some(index + 1)
            };
            if let Some(other) = other.filter(|other| *other < list.len()) {
                list.swap(index, other);
            }
        });
        self.save_endpoints();
    }

    // How things are saved.

    /// Saves an endpoint, in place of the one of its identifier, else as the last. Its token goes to
    /// where it is kept.
    pub fn save_endpoint(self, mut endpoint: Endpoint) {
        keys::settle(&mut endpoint);
        self.endpoints.update(|Endpoints { list, .. }| {
            match list.iter_mut().find(|saved| saved.id == endpoint.id) {
                Some(saved) => *saved = endpoint,
                None => list.push(endpoint),
            }
        });
        self.save_endpoints();
    }

    pub(super) fn save_endpoints(self) {
        self.endpoints.update(|endpoints| endpoints.at = now());
        self.write_endpoints();
    }

    /// Asks those endpoints for their models that are not as they were before.
    pub(super) fn learn_endpoints(self, before: &Endpoints) {
        let now = self.endpoints.get_untracked().list;
        let is_gone = |id: &endpoint::Id| !now.iter().any(|endpoint| endpoint.id == *id);
        self.models
            .update(|models| models.retain(|id| !is_gone(id)));
        for endpoint in now {
            let before = before.find(endpoint.id);
            if !before.is_some_and(|before| before.is_asked_like(&endpoint)) {
                self.models.update(|models| _ = models.remove(&endpoint.id));
                self.load_models(endpoint.id);
            }
        }
    }
}

/// Lets an endpoint through whose token can be put where it is to be kept.
fn can_keep(endpoint: Endpoint) -> Result<Endpoint, Invalid> {
    let wants_vault = endpoint.keep == TokenStorage::Vault && endpoint.token.is_some();
    if wants_vault && keys::standing() != VaultState::Open {
        return Err(Invalid::Locked);
    }
    Ok(endpoint)
}
