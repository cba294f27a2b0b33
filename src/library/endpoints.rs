//! Operations on endpoints.

use leptos::prelude::*;

use super::{Library, Removed};
use crate::{
    endpoint::{self, BaseUrl, Edit, Endpoint, Endpoints, Invalid, Learned, TokenStorage},
    id::{fresh, now},
    storage::keys::{self, VaultState},
};

impl Library {
    /// Returns the endpoint that a card's filled-in form means.
    ///
    /// # Errors
    /// The problem with the form.
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

    /// Applies an edit to an endpoint, or creates one if `id` is `None`, and saves it. Requests its
    /// models.
    ///
    /// # Errors
    /// The problem with the edit; nothing is saved then.
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

    /// Moves an endpoint to the base URL where its models were found. The server stays the same, so
    /// its token moves along.
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

    /// Deletes an endpoint, and offers to undo this. Cards that use it say so and keep their turns.
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

    /// Moves an endpoint up or down by one position.
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

    // Saving.

    /// Saves an endpoint: replaces the one with its identifier, else appends it. Stores its token
    /// where the endpoint keeps it.
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

    /// Requests the models of endpoints to which requests now differ from before.
    pub(super) fn reload_changed_models(self, before: &Endpoints) {
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

/// Rejects an endpoint whose token must go into a vault that is not open.
fn can_keep(endpoint: Endpoint) -> Result<Endpoint, Invalid> {
    let wants_vault = endpoint.keep == TokenStorage::Vault && endpoint.token.is_some();
    if wants_vault && keys::vault_state() != VaultState::Open {
        return Err(Invalid::Locked);
    }
    Ok(endpoint)
}
