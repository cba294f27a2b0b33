//! The form of requests to an endpoint, as inferred from its address, its list of models and its
//! refusals.

use leptos::prelude::*;

use super::Library;
use crate::{
    endpoint::{self, Endpoints, Learned, Server},
    json,
    openai::retry::{Form, Lesson},
    storage::{self, Key},
};

impl Library {
    /// The server behind an endpoint, as inferred from its address and its list of models.
    pub fn server(self, endpoint: endpoint::Id) -> Server {
        let endpoints = self.endpoints.read_untracked();
        let Some(endpoint) = endpoints.find(endpoint) else {
            return Server::Other;
        };
        let owned_by = self.tab.with_value(|tab| {
            let details = tab.details.get(&endpoint.base_url)?;
            Some(details.owned_by.clone())
        });
        endpoint.server(&owned_by.unwrap_or_default())
    }

    /// The form of requests to a model.
    pub fn form(self, endpoint: endpoint::Id, model: &str) -> Form {
        Form {
            renames_max_tokens: self.is_renaming(endpoint, model),
            counts_tokens: self.is_counting(endpoint),
        }
    }

    /// Returns whether a model demands `max_completion_tokens`.
    pub fn is_renaming(self, endpoint: endpoint::Id, model: &str) -> bool {
        self.server(endpoint).renames_max_tokens(model)
            || self.has_learned(endpoint, |learned| learned.is_renaming(model))
    }

    /// Returns whether requests to an endpoint may demand token counts: to any endpoint that is not
    /// known to refuse them.
    fn is_counting(self, endpoint: endpoint::Id) -> bool {
        self.server(endpoint).takes_stream_options()
            && !self.has_learned(endpoint, |learned| !learned.is_counting())
    }

    /// Records what a refusal with this message teaches about an endpoint and its model.
    pub(crate) fn learn(self, endpoint: endpoint::Id, model: &str, lesson: Lesson, words: &str) {
        self.change_learned(endpoint, &|learned| match lesson {
            Lesson::RenamesMaxTokens => learned.learn_renaming(model),
            Lesson::RefusesToCount => learned.learn_not_counting(),
            Lesson::MayCount => learned.unlearn_not_counting(),
            Lesson::Refuses(param) => {
                let server = Server::of_refusal(words);
                let is_new = server.is_some_and(|server| learned.learn_server(server));
                learned.learn_refusing(param.wire(), model) || is_new
            }
        });
    }

    fn has_learned(self, endpoint: endpoint::Id, is: impl Fn(&Learned) -> bool) -> bool {
        let endpoints = self.endpoints.read_untracked();
        endpoints
            .find(endpoint)
            .is_some_and(|endpoint| is(&endpoint.learned))
    }

    /// Records a lesson about an endpoint. This is no edit by the user, so the time of the last
    /// edit stays; another tab's newer edit is taken over first.
    fn change_learned(self, id: endpoint::Id, learn: &dyn Fn(&mut Learned) -> bool) {
        let stored = storage::text(Key::Endpoints);
        let at = |text: &String| json::read::<Endpoints>(text).map(|endpoints| endpoints.at);
        let newer = stored.filter(|text| at(text) > Some(self.endpoints.read_untracked().at));
        if newer.is_some() {
            self.changed(Key::Endpoints, newer);
        }
        let mut endpoints = self.endpoints.get_untracked();
        let found = endpoints.list.iter_mut().find(|saved| saved.id == id);
        if found.is_some_and(|endpoint| learn(&mut endpoint.learned)) {
            self.endpoints.set(endpoints);
            self.write_endpoints();
        }
    }
}
