//! The examination of an endpoint, step by step.

use super::probe::{Inquiry, Question, permission, surroundings};
use crate::{
    chat::params::wants_max_completion_tokens,
    doctor::{Got, Observed, Permission, Probe, Step, StepState},
    endpoint::{self, BaseUrl, Endpoint, Invalid},
    json,
    library::{Library, Models},
    storage::keys,
};
use leptos::prelude::*;
use serde_json::json;

/// Runs one step after another, and reports each.
pub(super) async fn run(subject: Subject, show: impl Fn(Step, StepState, &Observed)) -> Observed {
    let inquiry = Inquiry::new();
    let endpoint = subject.endpoint.as_ref();
    let base_url = endpoint.map(|endpoint| endpoint.base_url.clone());
    let mut observed = Observed {
        has_token: endpoint.is_ok_and(|endpoint| endpoint.token.is_some()),
        has_answered: subject.has_answered,
        model: subject.model.clone(),
        ..surroundings(base_url.map_err(|invalid| *invalid))
    };
    if observed.needs_permission() {
        observed.permission = permission(observed.space()).await;
    }
    for step in Step::ALL {
        if let Some(skip) = observed.skip(step) {
            show(step, StepState::Skipped(skip), &observed);
            continue;
        }
        show(step, StepState::Running, &observed);
        if let Ok(endpoint) = &subject.endpoint {
            look(step, endpoint, &inquiry, &mut observed).await;
        }
        show(step, observed.state(step), &observed);
        if step == Step::Reach && observed.skip(Step::Permission).is_none() {
            // By now, the browser may have asked the user.
            observed.permission = permission(observed.space()).await;
            let state = observed.state(Step::Permission);
            show(Step::Permission, state, &observed);
        }
    }
    observed
}

#[expect(
    clippy::disallowed_methods,
    reason = "this function sends a request, which needs the headers"
)]
/// Runs one step. The token goes only to the endpoint's own server, and never on from there.
pub(super) async fn look(
    step: Step,
    endpoint: &Endpoint,
    inquiry: &Inquiry,
    observed: &mut Observed,
) {
    let bare = Endpoint {
        token: None,
        ..endpoint.clone()
    };
    let models = |of: &Endpoint, base_url: &BaseUrl| {
        let mut question = Question::get(base_url.join("models")).at(observed);
        question.headers.extend(of.headers_for_models());
        question.timeout = 15_000;
        question
    };
    let base_url = &endpoint.base_url;
    let found = match step {
        Step::Address | Step::Network | Step::Permission => return,
        Step::Reach => {
            let mut question = Question::get(format!("{}/", base_url.origin())).at(observed);
            question.most = 1 << 16;
            if observed.permission == Some(Permission::Prompt) {
                // The user has to answer first.
                question.timeout = 120_000;
            }
            inquiry.reach(question).await
        }
        Step::Models => inquiry.ask(&models(endpoint, base_url)).await,
        Step::Bare => inquiry.ask(&models(&bare, base_url)).await,
        Step::Version => {
            let version = base_url.with_version();
            let version = version.unwrap_or_else(|| base_url.clone());
            inquiry.ask(&models(endpoint, &version)).await
        }
        Step::Chat => ask(endpoint, inquiry, observed, true).await,
        Step::Whole => ask(endpoint, inquiry, observed, false).await,
    };
    if found.got == Got::Redirect && observed.leads_to.is_none() {
        // The target is requested without the token.
        let question = Question {
            follows: true,
            ..models(&bare, base_url)
        };
        let url = inquiry.ask(&question).await.url;
        observed.leads_to = Some(url).filter(|url| !url.is_empty());
    }
    let place = match step {
        Step::Reach => &mut observed.reach,
        Step::Models => &mut observed.models,
        Step::Bare => &mut observed.bare,
        Step::Version => &mut observed.version,
        Step::Chat => &mut observed.chat,
        _ => &mut observed.whole,
    };
    *place = Some(found);
}

/// Requests an answer of one token.
#[expect(
    clippy::disallowed_methods,
    reason = "this function sends a request, which needs the headers"
)]
pub(super) async fn ask(
    endpoint: &Endpoint,
    inquiry: &Inquiry,
    observed: &Observed,
    is_stream: bool,
) -> Probe {
    let question = |limit: &str| {
        let body = json!({
            "model": observed.requested_model().unwrap_or_default(),
            "messages": [{ "role": "user", "content": "Hi" }],
            limit: 1,
            "stream": is_stream,
        });
        let url = endpoint.base_url.join("chat/completions");
        let mut question = Question::get(url).at(observed);
        question.method = "POST";
        question.body = json::write(&body);
        question.headers = vec![
            ("Accept", "text/event-stream, application/json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        question.headers.extend(endpoint.headers());
        question.timeout = 60_000;
        question.most = 1 << 16;
        question
    };
    let answer = inquiry.ask(&question("max_tokens")).await;
    if answer.status() == Some(400) && wants_max_completion_tokens(&answer.words()) {
        return inquiry.ask(&question("max_completion_tokens")).await;
    }
    answer
}

/// The endpoint to examine.
#[derive(Clone)]
pub(super) struct Subject {
    /// With its token, or why the input is invalid.
    pub endpoint: Result<Endpoint, Invalid>,
    /// The model to test; None for the first that is listed.
    pub model: Option<String>,
    /// True if it has answered since the page was opened.
    pub has_answered: bool,
}

/// A saved endpoint, with its token from wherever it is kept: only this place gets it.
pub(super) fn saved(library: Library, id: endpoint::Id, model: Option<String>) -> Option<Subject> {
    let endpoint = untrack(|| library.endpoint(id))?;
    let models = untrack(|| library.models(id));
    Some(Subject {
        endpoint: keys::with_token(&endpoint).map_err(|_| Invalid::Locked),
        model,
        has_answered: matches!(models, Some(Models::Listed(_))),
    })
}
