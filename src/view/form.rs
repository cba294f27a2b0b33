//! The page's side of the form Custom model, which [`crate::panel`] draws on a card: what it is told of
//! the card, and what it has done there.

use js_sys::{Array, Function};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

use super::{Shown, card::focus_input};
use crate::{
    chat::{CardStoreFields, card},
    endpoint::{BaseUrl, Keep},
    json,
    session::{Models, Session, Task, Unlisted},
};

/// What the form has to know of its card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Whether it was asked for; it is closed when the card is connected.
    pub is_custom: bool,
    /// Whether an endpoint is chosen, which may have been deleted since.
    pub has_endpoint: bool,
    /// The base URL of the chosen endpoint, if that is saved.
    pub kept: Option<BaseUrl>,
    /// Why the chosen endpoint lists no models.
    pub unlisted: Option<Unlisted>,
    /// Whether no endpoint is saved yet.
    pub is_first: bool,
    /// What the page's address proposes: a base URL, and a model.
    pub proposed: (Option<String>, Option<String>),
}

impl Form {
    /// What there is to know of a card now.
    pub(super) fn of(session: &Session, shown: Shown, id: card::Id) -> Self {
        let library = session.library();
        let endpoint = session.card(id).endpoint().try_get().flatten();
        let proposed = session.proposed(id).unwrap_or_default();
        Self {
            is_custom: shown.is_custom(id),
            has_endpoint: endpoint.is_some(),
            kept: endpoint
                .and_then(|endpoint| library.endpoint(endpoint))
                .map(|endpoint| endpoint.base_url),
            unlisted: match endpoint.and_then(|endpoint| library.models(endpoint)) {
                Some(Models::Unlisted(unlisted)) => Some(unlisted),
                _ => None,
            },
            is_first: library.endpoints().read().list.is_empty(),
            proposed: (proposed.endpoint, proposed.model),
        }
    }
}

/// What the form of a card has asked an endpoint. Dropping it ends that.
pub(super) type Question = (card::Id, Task);

/// Connects a card with what was typed: its base URL, its token, where that is kept, and its model. What comes of it goes to the
/// function behind them: why there is no model, as JSON, or nothing.
pub(super) fn connect(session: &Session, shown: Shown, id: card::Id, typed: &Array) -> Task {
    let text = |place| typed.get(place).as_string().unwrap_or_default();
    let done: Function = typed.get(5).unchecked_into();
    let keep = Keep::named(&text(3));
    let connect = session.connect(id, text(1), text(2), keep, text(4));
    Task::start(async move {
        let failed = match connect.await {
            Ok(()) => {
                shown.ask_for(id, false);
                request_animation_frame(move || focus_input(id));
                JsValue::NULL
            }
            Err(error) => json::write(&error).into(),
        };
        // Who asked may be gone.
        let _ = done.call1(&JsValue::NULL, &failed);
    })
}
