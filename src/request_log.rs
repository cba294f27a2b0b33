//! The requests and responses of an answer, word for word. Tokens are left out.

use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::JsValue;
use wasm_split_helpers::wasm_split;

use crate::{
    chat::{Outcome, attachment::Contents, card, turn},
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    json,
    number::fixed,
    openai::{self, Failure, Request},
    page::PageState,
    session::Session,
    storage::keys,
    ui::{
        copying::copying,
        dynamic::{dynamic, on_click, t},
    },
};

/// Renders the requests for the answer of a turn.
type Draw = fn(card::Id, turn::Id) -> AnyView;

thread_local! {
    pub(crate) static SENT: Chunk<Draw> = const { Chunk::new(|| Box::pin(sent())) };
}

#[wasm_split(actions, fallible)]
fn sent() -> Result<Draw, Missing> {
    Ok(|card, turn| view! { <Sent card turn /> }.into_any())
}

/// One try to get an answer, as `src/openai/exchange.js` keeps it. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Try {
    address: String,
    headers: String,
    body: String,
    /// Number of characters left out of the body.
    cut: u32,
    /// Time of sending; None if it was not sent.
    at: Option<f64>,
    status: Option<u16>,
    /// The response's content type.
    r#type: String,
    /// Start of the response.
    responded: Option<f64>,
    /// End of the try.
    ended: Option<f64>,
    /// Number of response bytes received.
    length: f64,
    response: String,
    /// True if the response is longer.
    #[serde(rename = "isCut")]
    is_cut: bool,
}

impl Try {
    fn read(text: &str) -> Option<Self> {
        let read: Self = json::read(text)?;
        Some(Self {
            body: indented(&read.body),
            ..read
        })
    }

    /// The whole request, as it is copied.
    fn request(&self) -> String {
        format!("POST {}\n{}\n\n{}", self.address, self.headers, self.body)
    }
}

/// Indents JSON; anything else stays as it is.
fn indented(text: &str) -> String {
    let indented = js_sys::JSON::parse(text).and_then(|value| {
        js_sys::JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into())
    });
    indented.map_or_else(|_| text.to_owned(), String::from)
}

/// The requests for the answer of a card's turn.
#[component]
pub fn Sent(card: card::Id, turn: turn::Id) -> impl IntoView {
    let i18n = use_i18n();
    let page = expect_context::<PageState>();
    let texts = untrack(|| tries(&page.session()?, card, turn)).unwrap_or_default();
    let all: Vec<_> = texts.iter().filter_map(|text| Try::read(text)).collect();
    let count = all.len();
    let show = |(tried, number)| view! { <Tried tried number count /> };
    view! {
        <div class="sent">
            {(count == 0).then(|| view! { <p class="hint">{t!(i18n, sent_nothing)}</p> })}
            {all.into_iter().zip(1..).map(show).collect_view()}
        </div>
    }
}

/// The tries to get an answer; if none is kept, the request that would be sent now.
fn tries(session: &Session, card: card::Id, turn: turn::Id) -> Option<Vec<String>> {
    let card = session.card(card).try_read()?;
    let turn = card.turns.iter().find(|found| found.id == turn)?;
    let answer = turn.answer.as_ref()?;
    let is_unsent = matches!(
        answer.outcome,
        Outcome::Failed(Failure::Locked | Failure::Gone { .. })
    );
    if is_unsent {
        return None;
    }
    let kept = openai::exchanges(&answer.id.to_string());
    if !kept.is_empty() {
        return Some(kept);
    }
    let library = session.library();
    let endpoints = library.endpoints().get();
    let (endpoint, model) = card.target(&endpoints)?;
    // Attachments would take long to load, and longer to read.
    let contents = openai::request::attachments(card.before(turn.id), turn);
    let contents = contents.map(|it| (it.id, format!("({} B)", it.bytes)));
    let contents: Contents = contents.collect();
    let form = library.form(endpoint.id, model);
    let server = library.server(endpoint.id);
    // As Retry would ask.
    let request = Request::to_answer(&card, turn.id, model, &contents, form, server, false)?;
    // Without the token, nothing would be sent.
    let with_token = keys::with_token(endpoint).ok();
    let endpoint = with_token.as_ref().unwrap_or(endpoint);
    Some(vec![openai::unsent(endpoint, &request.json())])
}

#[component]
fn Tried(tried: Try, number: usize, count: usize) -> impl IntoView {
    let i18n = use_i18n();
    let request = tried.request();
    let response = tried.response.clone();
    let is_kept = tried.at.is_some();
    let after = |time: Option<f64>| {
        let seconds = (time? - tried.at?) / 1000.0;
        Some(fixed(seconds, 1))
    };
    let outcome = match (tried.status, after(tried.responded)) {
        (Some(status), Some(time)) => {
            t_string!(i18n, sent_status, status = status, time = time).to_string()
        }
        _ => t_string!(i18n, sent_no_response).to_owned(),
    };
    let ended = after(tried.ended).map(|time| t_string!(i18n, sent_ended, time = time).to_string());
    let bytes = t_string!(i18n, sent_bytes, count = fixed(tried.length, 0)).to_string();
    let facts = [Some(tried.r#type.clone()), Some(bytes), ended];
    let facts: Vec<_> = facts
        .into_iter()
        .flatten()
        .filter(|fact| !fact.is_empty())
        .collect();
    view! {
        {(count > 1).then(|| {
            view! { <h3>{t_string!(i18n, sent_try, number = number, count = count).to_string()}</h3> }
        })}
        {(!is_kept).then(|| view! { <p class="hint">{t!(i18n, sent_unkept)}</p> })}
        <section aria-label=t!(i18n, request)>
            <div class="sent-head">
                <h4>{t!(i18n, request)}</h4>
                {copies(t!(i18n, copy_request), request)}
            </div>
            <p><code>{format!("POST {}", tried.address)}</code></p>
            <pre tabindex="0">{tried.headers.clone()}</pre>
            <pre tabindex="0">{tried.body.clone()}</pre>
            {(tried.cut > 0).then(|| view! { <p class="hint">{t!(i18n, sent_cut)}</p> })}
        </section>
        {is_kept.then(|| view! {
            <section aria-label=t!(i18n, response)>
                <div class="sent-head">
                    <h4>{t!(i18n, response)}</h4>
                    {copies(t!(i18n, copy_response), response)}
                </div>
                <p>{outcome}</p>
                <p class="hint">{facts.join(" · ")}</p>
                <pre tabindex="0">{tried.response.clone()}</pre>
                {tried.is_cut.then(|| view! { <p class="hint">{t!(i18n, sent_cut)}</p> })}
            </section>
        })}
    }
}

/// The button that copies a text.
fn copies(label: Signal<&'static str>, text: String) -> impl IntoView {
    let i18n = use_i18n();
    let (copy, is_copied) = copying(text);
    view! {
        <button class="button" on:click=on_click(copy)>
            {label}
        </button>
        <span class="hint" role="status">
            {dynamic(move || is_copied.get().then(|| t!(i18n, copied)))}
        </span>
    }
}
