//! The panel's program, as the page uses it, and what that asks the page to do: see [`crate::panel`].

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue, prelude::*};
use web_sys::HtmlElement;

use super::{
    Shown,
    card::focus_input,
    dynamic::{click, effect, part, word},
    form::{self, Form},
};
use crate::{
    address::Address,
    chat::{self, card},
    endpoint::{self, BaseUrl},
    i18n::{I18n, t_string, use_i18n},
    json,
    session::{Library, Session, Unlisted},
};

#[wasm_bindgen(module = "/src/view/panel.js")]
extern "C" {
    #[wasm_bindgen(js_name = serve)]
    fn serve_with(act: &Closure<dyn Fn(String, JsValue) -> JsValue>);

    /// Tells the program that something has changed.
    pub fn tell();

    #[wasm_bindgen(catch)]
    async fn load(version: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = explain)]
    fn explained(error: &str) -> String;

    fn show(program: &JsValue, part: &str, element: &HtmlElement) -> js_sys::Function;
}

/// Does what the program asks, and tells it when the history, or what is known of models, has changed, or another chat is shown.
pub fn serve(library: Library, shown: Shown) {
    let chat = |argument: &JsValue| argument.as_string()?.parse::<chat::Id>().ok();
    let endpoint = |argument: &JsValue| argument.as_string()?.parse::<endpoint::Id>().ok();
    let card = |argument: &JsValue| argument.as_string()?.parse::<card::Id>().ok();
    let open = move || untrack(|| shown.session());
    let here = move || untrack(|| shown.session()).and_then(|open| untrack(|| open.address()));
    // What the cards' forms have asked, until it is answered or the form is closed.
    let questions = StoredValue::new_local(Vec::<form::Question>::new());
    let forget = move |card: card::Id| {
        questions.update_value(|questions| questions.retain(|(of, _)| *of != card));
    };
    let act = move |verb: String, argument: JsValue| {
        match &*verb {
            // The chat that is shown.
            "here" => return here().map_or(JsValue::NULL, |id| id.to_string().into()),
            // What the page has set, which it could not save.
            "settings" => return json::write(&*library.settings().read_untracked()).into(),
            "endpoints" => return json::write(&*library.endpoints().read_untracked()).into(),
            // The texts of chats that are not saved.
            "unsaved" => {
                let texts = untrack(|| library.unsaved_chats());
                return texts
                    .into_iter()
                    .map(JsValue::from)
                    .collect::<Array>()
                    .into();
            }
            // A part of the program is shown in a dialog, or none any more.
            "dialog" => shown.dialog.set(argument.as_string()),
            // Saves all that is open.
            "flush" => library.flush(),
            // Opens a chat.
            "open" => {
                if let Some(id) = chat(&argument) {
                    shown.go_to(&Address::Chat(id));
                    // On a narrow page, the drawer would hide what was opened.
                    if super::is_narrow() {
                        shown.history.set(false);
                    }
                }
            }
            // A chat is about to be deleted.
            "end" => {
                if let Some(id) = chat(&argument) {
                    let was_shown = here() == Some(id);
                    library.end(id);
                    if was_shown {
                        let new = Address::New(Vec::new());
                        shown.location.replace(&new.to_string());
                    }
                }
            }
            // Values were removed, and can be put back.
            "removed" => library.offer_undo(pairs(&argument)),
            // An endpoint was deleted, and can be put back.
            "forgotten" => library.offer_endpoint(&argument.as_string().unwrap_or_default()),
            // What is set for a card, and whether there are others.
            "manner" => {
                let found = open().zip(card(&argument)).map(|(open, card)| {
                    untrack(|| json::write(&(open.manner(card), open.cards().read().len() > 1)))
                });
                return found.map_or(JsValue::NULL, JsValue::from);
            }
            // What a card asks, and what is known of that: see `panel::page::Asked`.
            "asked" => {
                let found = open().zip(card(&argument));
                let asked = found.and_then(|(open, card)| untrack(|| open.asked(card)));
                return asked.map_or(JsValue::NULL, |(endpoint, model)| {
                    let (owned_by, sees) = library.details(endpoint, &model);
                    json::write(&(endpoint, model, owned_by, sees)).into()
                });
            }
            // What is set for a card is changed: its identifier, and what is set now.
            "set_manner" => {
                for (id, manner) in pairs(&argument) {
                    if let (Some(open), Ok(id), Some(manner)) =
                        (open(), id.parse(), json::read(&manner))
                    {
                        open.set_manner(id, manner);
                    }
                }
            }
            // A card's parameters and system prompt are given to all.
            "copy_settings" => {
                if let (Some(open), Some(card)) = (open(), card(&argument)) {
                    open.copy_settings(card);
                }
            }
            // What a card's form has to know.
            "form" => {
                let found = open().zip(card(&argument));
                let form = found.map(|(open, id)| untrack(|| Form::of(&open, shown, id)));
                return form.map_or(JsValue::NULL, |form| json::write(&form).into());
            }
            // A card is connected by its form: its identifier, and what was typed.
            "connect" => {
                let typed: Array = argument.unchecked_into();
                if let Some((open, id)) = open().zip(card(&typed.get(0))) {
                    forget(id);
                    let question = form::connect(&open, shown, id, &typed);
                    questions.update_value(|questions| questions.push((id, question)));
                }
            }
            // What a card's form asks is not wanted any more.
            "end_connect" => {
                if let Some(id) = card(&argument) {
                    forget(id);
                }
            }
            // A card's form is left: its card goes on with what it had.
            "leave_form" => {
                if let Some(id) = card(&argument) {
                    shown.ask_for(id, false);
                }
            }
            // A card's input takes the focus.
            "focus" => {
                if let Some(id) = card(&argument) {
                    focus_input(id);
                }
            }
            // A card's endpoint is moved to where its models were found.
            "use_base_url" => {
                for (id, base_url) in pairs(&argument) {
                    if let (Some(open), Ok(id), Ok(base_url)) =
                        (open(), id.parse(), BaseUrl::try_from(base_url))
                    {
                        open.use_base_url(id, base_url);
                        shown.ask_for(id, false);
                    }
                }
            }
            // What was removed last is put back.
            "undo" => _ = library.undo(),
            // The models of an endpoint are asked for.
            "load" => {
                if let Some(id) = endpoint(&argument) {
                    library.load_models(id);
                }
            }
            // What is known of an endpoint's models.
            "models" => {
                let models = endpoint(&argument).and_then(|id| untrack(|| library.models(id)));
                return models.map_or(JsValue::NULL, |models| json::write(&models).into());
            }
            _ => {}
        }
        JsValue::UNDEFINED
    };
    let act = Closure::<dyn Fn(String, JsValue) -> JsValue>::new(act);
    serve_with(&act);
    // The page lasts as long as the tab.
    act.forget();
    effect(move || {
        library.follow_history();
        library.follow_models();
        shown.session().and_then(Session::address);
        tell();
    });
}

/// Pairs of a key and its text.
fn pairs(values: &JsValue) -> Vec<(String, String)> {
    let pairs = Array::from(values).into_iter().map(|pair| {
        let pair: Array = pair.unchecked_into();
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    });
    pairs.flatten().collect()
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Unasked,
    Loading,
    Shown,
    Missing,
}

/// The words for what fails at an endpoint, which the panel's program has.
#[derive(Clone, Copy)]
pub struct Words(RwSignal<Standing>, I18n);

impl Words {
    pub fn provide() -> Self {
        let words = Self(RwSignal::new(Standing::Unasked), use_i18n());
        provide_context(words);
        words
    }

    /// Fetches the program, unless it is there or on its way.
    pub fn fetch(self) {
        let standing = self.0;
        if matches!(
            standing.get_untracked(),
            Standing::Loading | Standing::Shown
        ) {
            return;
        }
        standing.set(Standing::Loading);
        leptos::task::spawn_local(async move {
            let loaded = load(env!("PROGRAMS")).await;
            standing.set(match loaded {
                Ok(_) => Standing::Shown,
                Err(_) => Standing::Missing,
            });
        });
    }

    /// Why an endpoint gave no answer or no list, in the reader's language; nothing until the words
    /// are there, and that they are missing where they can't be had.
    pub fn explain(self, error: &Unlisted) -> String {
        // Another language is another explanation.
        self.1.locale();
        match self.0.get() {
            Standing::Unasked => {
                request_animation_frame(move || self.fetch());
                String::new()
            }
            Standing::Loading => String::new(),
            Standing::Shown => explained(&json::write(error)),
            Standing::Missing => t_string!(self.1, part_missing).to_owned(),
        }
    }
}

/// A part of the page that the panel's program draws, once it is there.
#[component]
pub fn Panel(
    #[prop(into)] name: String,
    /// Whether nothing is said while it is not there.
    #[prop(optional)]
    is_quiet: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let standing = RwSignal::new(Standing::Loading);
    let container = NodeRef::<leptos::html::Div>::new();
    let taken_away = StoredValue::new_local(None::<js_sys::Function>);
    effect(move || {
        let Some(container) = container.get() else {
            return;
        };
        if standing.get() != Standing::Loading {
            return;
        }
        let name = name.clone();
        leptos::task::spawn_local(async move {
            let program = load(env!("PROGRAMS")).await;
            // It may be closed before the program has come.
            if standing.is_disposed() {
                return;
            }
            standing.set(match program {
                Ok(program) => {
                    taken_away.set_value(Some(show(&program, &name, &container)));
                    Standing::Shown
                }
                Err(_) => Standing::Missing,
            });
        });
    });
    on_cleanup(move || {
        if let Some(Some(take_away)) = taken_away.try_get_value() {
            // It takes its own views away.
            let _ = take_away.call0(&JsValue::NULL);
        }
    });
    view! {
        {part(move || match standing.get() {
            Standing::Shown => None,
            _ if is_quiet => None,
            Standing::Unasked | Standing::Loading => Some(view! {
                <p class="hint" role="status">{word!(i18n, loading)}</p>
            }.into_any()),
            Standing::Missing => Some(view! {
                <p class="problem" role="alert">{word!(i18n, part_missing)}</p>
                <button class="button" on:click=click(move |_| standing.set(Standing::Loading))>
                    {word!(i18n, retry)}
                </button>
            }.into_any()),
        })}
        <div node_ref=container class="panel"></div>
    }
}
