//! Operations on a card's endpoint and model.

use leptos::prelude::*;

use super::Session;
use crate::{
    address::Wanted,
    chat::{CardStoreFields, ChatStoreFields, card, input::Event},
    endpoint::{self, BaseUrl},
    id::fresh,
    library::{Models, Unlisted},
    table::Table,
};

/// Reason why a filled-in form gave no model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unconnected {
    /// Invalid input in the form.
    Invalid(endpoint::Invalid),
    /// No list of models from the endpoint.
    Unlisted(Unlisted),
    /// An empty list of models.
    NoModels,
}

impl Session {
    /// Sets a card's endpoint. Its model becomes the one last used there, else the first listed.
    pub fn pick_endpoint(self, card: card::Id, endpoint: endpoint::Id) {
        if self.card(card).endpoint().try_get_untracked().flatten() != Some(endpoint) {
            self.card(card).endpoint().set(Some(endpoint));
            self.card(card).model().set(None);
        }
        match self.library.models_now(endpoint) {
            Some(Models::Listed(listed)) => self.choose_model(endpoint, &listed),
            Some(Models::Loading) => {}
            Some(Models::Unlisted(_)) | None => self.library.load_models(endpoint),
        }
        self.save_soon();
    }

    /// Sets a card's model.
    pub fn pick_model(self, card: card::Id, model: String) {
        let endpoint = self.card(card).endpoint().try_get_untracked().flatten();
        if let Some(endpoint) = endpoint {
            self.library.record_use(None, [(endpoint, model.clone())]);
        }
        self.become_ready(card, || self.card(card).model().set(Some(model)));
        self.save_soon();
    }

    /// Connects a card as its form says: requests the models, then saves the endpoint. With a typed
    /// model, a missing list is no failure; a refused token is.
    ///
    /// # Errors
    /// The reason why no model could be chosen. Nothing is saved then, nor when the future is
    /// dropped.
    pub async fn connect(
        self,
        card: card::Id,
        base_url: String,
        token: String,
        keep: Option<endpoint::TokenStorage>,
        model: String,
    ) -> Result<(), Unconnected> {
        let chosen = self.card(card).endpoint().try_get_untracked().flatten();
        let id = fresh();
        let resolve = || {
            self.library
                .resolve(chosen, &base_url, &token, keep, id)
                .map_err(Unconnected::Invalid)
        };
        let endpoint = resolve()?;
        let listed = self.library.ask_models(&endpoint).await;
        let current = self.card(card).model().try_get_untracked().flatten();
        let (models, model) = connection(listed, model.trim(), current)?;
        if self.card(card).endpoint().try_get_untracked().flatten() != chosen {
            // The user has chosen another endpoint meanwhile.
            return Ok(());
        }
        // Resolved again, because another card may have saved this endpoint, or a new token,
        // meanwhile.
        let asked = endpoint.base_url;
        let endpoint = resolve()?;
        if endpoint.base_url != asked {
            // The endpoint was moved meanwhile: the token was typed for the requested server.
            return Ok(());
        }
        let id = endpoint.id;
        self.library.save_endpoint(endpoint);
        self.library.set_models(id, models);
        if self.card(card).try_read_untracked().is_some() {
            self.library.record_use(None, [(id, model.clone())]);
            self.become_ready(card, || {
                self.card(card).endpoint().set(Some(id));
                self.card(card).model().set(Some(model));
            });
            self.proposed.update(|proposed| _ = proposed.remove(&card));
            // Cards skipped for lack of a model can send requests now.
            self.skipped.set(Vec::new());
            self.save_soon();
        }
        Ok(())
    }

    /// Moves a card's endpoint to the base URL where its models were found.
    pub fn use_base_url(self, card: card::Id, base_url: BaseUrl) {
        if let Some(endpoint) = self.card(card).endpoint().try_get_untracked().flatten() {
            self.library.use_base_url(endpoint, base_url);
        }
    }

    /// Sets what the page's address requests for cards without a matching saved endpoint.
    pub(crate) fn propose(self, proposed: Table<card::Id, Wanted>) {
        self.proposed.set(proposed);
    }

    /// Gives the endpoint's usual model to its cards that have none.
    pub(crate) fn choose_model(self, endpoint: endpoint::Id, listed: &[String]) {
        let Some(usual) = self.library.usual_model(endpoint, listed) else {
            return;
        };
        let waiting: Vec<_> = {
            let chat = self.chat.read_untracked();
            let cards = chat.cards.iter();
            cards
                .filter(|card| card.endpoint == Some(endpoint) && card.model.is_none())
                .map(|card| card.id)
                .collect()
        };
        for card in waiting {
            let usual = usual.clone();
            self.become_ready(card, || self.card(card).model().set(Some(usual)));
        }
    }

    /// Makes a change that may give a card a model to ask; if so, sends the turns that wait for
    /// one.
    fn become_ready(self, card: card::Id, change: impl FnOnce()) {
        let was_ready = untrack(|| self.can_ask(card));
        change();
        if !was_ready {
            self.react(Event::Ready(card));
        }
    }

    /// Sends the turns that wait for a model, in cards that have one now.
    pub(crate) fn resume(self) {
        let cards = self.chat.cards();
        let cards: Vec<_> = cards.read_untracked().iter().map(|card| card.id).collect();
        for card in cards {
            self.react(Event::Ready(card));
        }
    }
}

/// Decides what a form's connection gives a card: the models of its endpoint, and the chosen one.
/// `typed` is the model typed by the user, or empty; `current` is the card's model so far.
///
/// # Errors
/// Without a list, a typed model will do, unless the request can't ever succeed.
fn connection(
    listed: Result<Vec<String>, Unlisted>,
    typed: &str,
    current: Option<String>,
) -> Result<(Models, String), Unconnected> {
    match listed {
        Ok(listed) => {
            let usual = || {
                let current = current.filter(|model| listed.contains(model));
                current.or_else(|| listed.first().cloned())
            };
            let typed = Some(typed.to_owned()).filter(|typed| !typed.is_empty());
            let model = typed.or_else(usual).ok_or(Unconnected::NoModels)?;
            Ok((Models::Listed(listed), model))
        }
        Err(unlisted) if typed.is_empty() || unlisted.is_hopeless() => {
            Err(Unconnected::Unlisted(unlisted))
        }
        Err(unlisted) => Ok((Models::Unlisted(unlisted), typed.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::Failure;

    #[test]
    fn a_form_gives_models_and_one_of_them_or_says_why_not() {
        #[track_caller]
        fn check(
            listed: Result<&[&str], Failure>,
            (typed, current): (&str, &str),
            expected: Result<&str, Unconnected>,
        ) {
            let listed = listed.map(|all| all.iter().map(|model| (*model).to_owned()).collect());
            let listed = listed.map_err(Unlisted::Failed);
            let models = listed.clone().map_or_else(Models::Unlisted, Models::Listed);
            let current = Some(current.to_owned()).filter(|current| !current.is_empty());
            let expected = expected.map(|model| (models, model.to_owned()));
            assert_eq!(connection(listed, typed, current), expected);
        }
        let refused = |status| Failure::Refused {
            status,
            message: String::new(),
            retry_after: None,
        };
        let unlisted = |error| Err(Unconnected::Unlisted(Unlisted::Failed(error)));
        check(Ok(&["a", "b"]), ("", ""), Ok("a"));
        check(Ok(&["a", "b"]), ("", "b"), Ok("b"));
        check(Ok(&["a", "b"]), ("", "gone"), Ok("a"));
        check(Ok(&["a", "b"]), ("c", "b"), Ok("c"));
        check(Ok(&[]), ("", ""), Err(Unconnected::NoModels));
        check(Ok(&[]), ("", "b"), Err(Unconnected::NoModels));
        check(Ok(&[]), ("c", ""), Ok("c"));
        check(Err(Failure::Unreachable), ("c", ""), Ok("c"));
        check(Err(refused(404)), ("c", ""), Ok("c"));
        check(
            Err(Failure::Unreachable),
            ("", "b"),
            unlisted(Failure::Unreachable),
        );
        check(Err(refused(401)), ("c", ""), unlisted(refused(401)));
    }

    #[test]
    fn a_list_at_another_base_url_is_not_passed_over() {
        let elsewhere = Unlisted::Elsewhere(BaseUrl::parse("http://nas:1/v1").unwrap());
        let found = connection(Err(elsewhere.clone()), "typed", None);
        assert_eq!(found, Err(Unconnected::Unlisted(elsewhere)));
    }
}
