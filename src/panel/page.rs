//! What this program asks of the page, and what it is told: see `src/view/panel.js`.

use js_sys::Array;
use wasm_bindgen::{JsValue, prelude::*};

use crate::{
    chat::{
        self, Chat,
        card::{self, Manner},
    },
    endpoint::{self, BaseUrl, Endpoint},
    json,
    session::{Models, Unconnected},
    storage::Key,
    view::form::Form,
};

#[wasm_bindgen(module = "/src/view/panel.js")]
extern "C" {
    fn ask(verb: &str, argument: &JsValue) -> JsValue;

    #[wasm_bindgen(catch, js_name = askLater)]
    async fn ask_later(verb: &str, items: &Array) -> Result<JsValue, JsValue>;

    fn listen(listener: &Closure<dyn Fn()>);
}

/// The chat that the page shows.
pub fn here() -> Option<chat::Id> {
    ask("here", &JsValue::UNDEFINED).as_string()?.parse().ok()
}

/// What the page has set, as it would be stored.
pub fn set_there() -> [(Key, Option<String>); 2] {
    let text = |verb| ask(verb, &JsValue::UNDEFINED).as_string();
    [
        (Key::Settings, text("settings")),
        (Key::Endpoints, text("endpoints")),
    ]
}

/// The chats that the page has and could not save.
pub fn unsaved() -> Vec<Chat> {
    let texts = Array::from(&ask("unsaved", &JsValue::UNDEFINED));
    let texts = texts.iter().filter_map(|text| text.as_string());
    texts.filter_map(|text| Chat::read(&text)).collect()
}

/// Has the page save all that is open.
pub fn flush() {
    ask("flush", &JsValue::UNDEFINED);
}

/// Has the page show a part of this program in a dialog; without one, none any more.
pub fn dialog(part: Option<&str>) {
    ask("dialog", &part.map_or(JsValue::NULL, JsValue::from));
}

/// Has the page open a chat.
pub fn open(id: chat::Id) {
    ask("open", &id.to_string().into());
}

/// Has the page end a chat that is about to be deleted.
pub fn end(id: chat::Id) {
    ask("end", &id.to_string().into());
}

/// Has the page offer to put back what was removed.
pub fn removed(values: Vec<(String, String)>) {
    let pairs = values
        .into_iter()
        .map(|(key, text)| Array::of2(&key.into(), &text.into()));
    ask("removed", &pairs.collect::<Array>());
}

/// Has the page offer to put back an endpoint that was deleted, and was at this place of the list.
pub fn forgotten(endpoint: &Endpoint, index: usize) {
    ask("forgotten", &json::write(&(endpoint, index)).into());
}

/// What is set for a card, and whether there are others.
pub fn manner(id: card::Id) -> Option<(Manner, bool)> {
    json::read(&ask("manner", &id.to_string().into()).as_string()?)
}

/// What a card asks, and what is known of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its endpoint.
    pub endpoint: endpoint::Id,
    /// Its model; empty where none is chosen yet.
    pub model: String,
    /// Who owns the endpoint's models; empty where it does not say.
    pub owned_by: String,
    /// Whether the model takes pictures, where the list of models tells.
    pub sees: Option<bool>,
}

/// What a card asks, if it has an endpoint.
pub fn asked(id: card::Id) -> Option<Asked> {
    let (endpoint, model, owned_by, sees) =
        json::read(&ask("asked", &id.to_string().into()).as_string()?)?;
    Some(Asked {
        endpoint,
        model,
        owned_by,
        sees,
    })
}

/// Has the page change what is set for a card.
pub fn set_manner(id: card::Id, manner: &Manner) {
    let pair = Array::of2(&id.to_string().into(), &json::write(manner).into());
    ask("set_manner", &Array::of1(&pair));
}

/// Has the page give a card's parameters and system prompt to all.
pub fn copy_settings(id: card::Id) {
    ask("copy_settings", &id.to_string().into());
}

/// What the form of a card has to know of it; None where the page shows no such card.
pub fn form(id: card::Id) -> Option<Form> {
    json::read(&ask("form", &id.to_string().into()).as_string()?)
}

/// Has the page connect a card with what was typed in its form, and close the form then. Where
/// [`end_connect`] comes before the answer, that never comes.
///
/// # Errors
/// Why no model could be chosen.
pub async fn connect(
    id: card::Id,
    base_url: &str,
    token: &str,
    keep: Option<endpoint::Keep>,
    model: &str,
) -> Result<(), Unconnected> {
    let keep = keep.map_or("", endpoint::Keep::name);
    let items = [&id.to_string(), base_url, token, keep, model].map(JsValue::from);
    let failed = ask_later("connect", &items.iter().collect()).await;
    let failed = failed.ok().and_then(|failed| failed.as_string());
    failed
        .and_then(|failed| json::read(&failed))
        .map_or(Ok(()), Err)
}

/// Has the page end what a card's form has asked.
pub fn end_connect(id: card::Id) {
    ask("end_connect", &id.to_string().into());
}

/// Has the page close a card's form that was asked for.
pub fn leave_form(id: card::Id) {
    ask("leave_form", &id.to_string().into());
}

/// Has the page give a card's input the focus.
pub fn focus(id: card::Id) {
    ask("focus", &id.to_string().into());
}

/// Has the page move a card's endpoint to where its models were found, and close the card's form.
pub fn use_base_url(id: card::Id, base_url: &BaseUrl) {
    let pair = Array::of2(&id.to_string().into(), &base_url.as_str().into());
    ask("use_base_url", &Array::of1(&pair));
}

/// Has the page put back what was removed last.
pub fn undo() {
    ask("undo", &JsValue::UNDEFINED);
}

/// Has the page ask an endpoint for its models.
pub fn load_models(id: endpoint::Id) {
    ask("load", &id.to_string().into());
}

/// What the page knows of an endpoint's models.
pub fn models(id: endpoint::Id) -> Option<Models> {
    json::read(&ask("models", &id.to_string().into()).as_string()?)
}

/// Is called, as long as the page lasts, when it has changed the history or what it knows of models, or
/// shows another chat.
pub fn listen_always(act: impl Fn() + 'static) {
    let listener = Closure::<dyn Fn()>::new(act);
    listen(&listener);
    listener.forget();
}
