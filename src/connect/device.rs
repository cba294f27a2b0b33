//! The models that run in this browser, as a reader looks at them: to download, to use, to remove. See
//! `device.js`.

use js_sys::Function;
use leptos::{html, prelude::*, task::spawn_local};
use serde::Deserialize;
use wasm_bindgen::{JsValue, prelude::*};

use crate::{
    assets,
    endpoint::BaseUrl,
    i18n::{t_string, use_i18n},
    json,
    library::{Library, Models},
    number::fixed,
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, show, t},
        explain::Words,
        focus::focus_if_lost,
    },
};

#[wasm_bindgen(module = "/src/connect/device.js")]
extern "C" {
    fn watch(address: &str, told: &Closure<dyn Fn()>) -> Function;

    fn models() -> String;

    #[wasm_bindgen(js_name = isMissing)]
    fn is_missing() -> bool;

    #[wasm_bindgen(catch)]
    async fn download(id: &str) -> Result<JsValue, JsValue>;

    fn cancel(id: &str);

    #[wasm_bindgen(js_name = remove)]
    fn remove_model(id: &str);

    #[wasm_bindgen(catch)]
    async fn add(file: &web_sys::File) -> Result<JsValue, JsValue>;

    fn megabytes(bytes: f64, locale: &str) -> String;

    fn speed(bytes: f64, locale: &str) -> String;

    fn time(seconds: f64, locale: &str) -> String;
}

/// A model that runs in this browser, or could.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Model {
    /// What it is called, also by requests.
    id: String,
    /// Whether it is the browser's own.
    kind: Kind,
    /// Of its file, in bytes; 0 where nobody knows.
    size: f64,
    /// What of that is here.
    kept: f64,
    state: State,
    /// Of the download, in bytes a second.
    speed: f64,
    /// Until the download is done, in seconds; an estimate.
    left: f64,
    error: Option<Problem>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    #[default]
    Weights,
    Browser,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Absent,
    /// A download was cancelled or broke off.
    Part,
    Fetching,
    Checking,
    Ready,
    /// Another tab downloads it.
    Elsewhere,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Problem {
    code: String,
    /// In technical words.
    #[serde(default)]
    message: String,
}

impl Problem {
    fn explain(&self, words: Words) -> String {
        let words = words.explain_device(&self.code);
        if self.message.is_empty() {
            return words;
        }
        format!("{words} ({})", self.message)
    }
}

/// Follows what there is, as long as the owner lasts.
fn followed(problem: RwSignal<Option<Problem>>) -> RwSignal<Vec<Model>> {
    let all = RwSignal::new(Vec::<Model>::new());
    let told = Closure::<dyn Fn()>::new(move || {
        if is_missing() {
            let missing = Problem {
                code: "no_program".to_owned(),
                message: String::new(),
            };
            let _ = problem.try_set(Some(missing));
        }
        let now: Vec<Model> = json::read(&models()).unwrap_or_default();
        if all.try_with_untracked(|before| *before != now) == Some(true) {
            all.set(now);
        }
    });
    let end = watch(&assets::url("device"), &told);
    let kept = StoredValue::new_local(Some(told));
    on_cleanup(move || {
        // It fails for nothing.
        let _ = end.call0(&JsValue::NULL);
        kept.set_value(None);
    });
    all
}

/// Has the page ask for the list of models again, where what is here is no longer what it knows.
fn keep_listed(library: Library, all: RwSignal<Vec<Model>>) {
    let ready = memo(move || {
        all.with(|all| {
            let ready = all.iter().filter(|model| model.state == State::Ready);
            let ready: Vec<String> = ready.map(|model| model.id.clone()).collect();
            // Before anything was told, nothing is known.
            (!all.is_empty()).then_some(ready)
        })
    });
    effect(move || {
        let Some(ready) = ready.get() else { return };
        let Ok(base_url) = BaseUrl::parse(BaseUrl::ON_DEVICE) else {
            return;
        };
        let saved = library.endpoints().with_untracked(|endpoints| {
            let saved = endpoints.at(&base_url);
            saved.map(|saved| saved.id)
        });
        let Some(saved) = saved else { return };
        let is_known = match untrack(|| library.models(saved)) {
            Some(Models::Listed(listed)) => {
                listed.len() == ready.len() && ready.iter().all(|id| listed.contains(id))
            }
            // It is on its way, or was never asked for.
            Some(Models::Loading) | None => true,
            Some(Models::Unlisted(_)) => false,
        };
        if !is_known {
            library.load_models(saved);
        }
    });
}

/// What runs in this browser, and what can be done with it.
#[component]
pub fn OnDevice(
    /// Connects a card with the model that is called so; without it, models can be removed.
    #[prop(optional)]
    on_use: Option<Callback<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let words = expect_context::<Words>();
    let refused = RwSignal::new(None::<Problem>);
    let all = followed(refused);
    keep_listed(library, all);
    // Used as soon as it is there.
    let wanted = RwSignal::new(None::<String>);
    effect(move || {
        let Some(id) = wanted.get() else { return };
        let is_ready = |model: &Model| model.id == id && model.state == State::Ready;
        if all.with(|all| all.iter().any(is_ready)) {
            wanted.set(None);
            if let Some(on_use) = on_use {
                on_use.run(id);
            }
        }
    });
    let body = NodeRef::<html::Section>::new();
    let file = NodeRef::<html::Input>::new();
    let is_adding = RwSignal::new(false);
    let pick = move || {
        let Some(input) = file.get_untracked() else {
            return;
        };
        let Some(picked) = input.files().and_then(|files| files.get(0)) else {
            return;
        };
        // The same file can be picked again.
        input.set_value("");
        is_adding.set(true);
        refused.set(None);
        spawn_local(async move {
            #[derive(Default, Deserialize)]
            #[serde(default)]
            struct Added {
                id: Option<String>,
                error: Option<Problem>,
            }
            let added = add(&picked).await.ok().and_then(|added| added.as_string());
            let added: Added = added
                .and_then(|added| json::read(&added))
                .unwrap_or_default();
            let _ = is_adding.try_set(false);
            let error = added.error.filter(|error| error.code != "cancelled");
            let _ = refused.try_set(error.map(|mut error| {
                // Nothing broke off: the file itself is not whole.
                if error.code == "cut" {
                    "damaged".clone_into(&mut error.code);
                }
                error
            }));
            if let Some(id) = added.id {
                let _ = wanted.try_set(Some(id));
            }
        });
    };
    let ids =
        memo(move || all.with(|all| all.iter().map(|model| model.id.clone()).collect::<Vec<_>>()));
    view! {
        <section
            node_ref=body
            class="on-device"
            tabindex="-1"
            aria-label=t!(i18n, device_title)
        >
            {on_use.is_none().then(|| view! { <h3>{t!(i18n, device_title)}</h3> })}
            <ul aria-label=t!(i18n, device_title)>
                {dynamic(move || {
                    let line = |id| view! { <Line id all wanted on_use body /> };
                    ids.get().into_iter().map(line).collect_view()
                })}
            </ul>
            <p class="hint">{t!(i18n, device_hint)}</p>
            <p class="problem" role="alert">
                {derive(move || refused.get().map(|refused| refused.explain(words)))}
            </p>
            <div class="device-buttons">
                <button
                    class="button"
                    type="button"
                    title=t!(i18n, device_pick_hint)
                    aria-busy=derive(move || if is_adding.get() { "true" } else { "false" })
                    on:click=on_click(move |_| if let Some(input) = file.get_untracked() {
                        input.click();
                    })
                >
                    {t!(i18n, device_pick)}
                </button>
                <input
                    node_ref=file
                    type="file"
                    accept=".gguf"
                    hidden
                    aria-label=t!(i18n, device_pick)
                    on:change=move |_| pick()
                />
                <span class="hint" role="status">
                    {derive(move || is_adding.get().then(|| t_string!(i18n, device_checking)))}
                </span>
            </div>
            {on_use.is_none().then(|| view! { <p class="hint">{t!(i18n, device_pick_hint)}</p> })}
        </section>
    }
}

/// One model.
#[component]
fn Line(
    id: String,
    all: RwSignal<Vec<Model>>,
    wanted: RwSignal<Option<String>>,
    on_use: Option<Callback<String>>,
    body: NodeRef<html::Section>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let words = expect_context::<Words>();
    let title = format!("On-device · {id}");
    let id = StoredValue::new(id);
    let now = memo(move || {
        let id = id.get_value();
        let now = all.with(|all| all.iter().find(|model| model.id == id).cloned());
        now.unwrap_or_default()
    });
    let state = memo(move || now.read().state);
    let kind = memo(move || now.read().kind);
    // The button that was pressed goes, and takes the focus with it.
    effect(move || {
        state.track();
        focus_if_lost(body);
    });
    let size = move || megabytes(now.read().size, &library.locale());
    let kept = move || megabytes(now.read().kept, &library.locale());
    let begin = move || {
        let id = id.get_value();
        if on_use.is_some() {
            wanted.set(Some(id.clone()));
        }
        spawn_local(async move {
            let done = download(&id).await;
            // It has ended without it: who gets it later has not asked for it here.
            if !done.is_ok_and(|done| done.is_truthy()) {
                let _ = wanted.try_update(|wanted| wanted.take_if(|wanted| *wanted == id));
            }
        });
    };
    let standing = derive(move || match state.get() {
        State::Absent | State::Part | State::Ready if kind.get() == Kind::Browser => {
            t_string!(i18n, device_of_browser).to_owned()
        }
        State::Absent => t_string!(i18n, device_absent, size = size()).to_string(),
        State::Part => t_string!(i18n, device_part, kept = kept(), size = size()).to_string(),
        State::Fetching if kind.get() == Kind::Browser => {
            let percent = now.with(|now| fixed(100.0 * now.kept, 0));
            t_string!(i18n, device_percent, percent).to_string()
        }
        State::Fetching => {
            let (rate, left) = now.with(|now| (now.speed, now.left));
            let locale = library.locale();
            if rate > 0.0 {
                let (speed, left) = (speed(rate, &locale), time(left, &locale));
                t_string!(
                    i18n,
                    device_fetching,
                    kept = kept(),
                    size = size(),
                    speed,
                    left
                )
                .to_string()
            } else if now.with(|now| now.kept > 0.0) {
                t_string!(i18n, device_part, kept = kept(), size = size()).to_string()
            } else {
                t_string!(i18n, device_begins).to_owned()
            }
        }
        State::Checking => t_string!(i18n, device_checking).to_owned(),
        State::Ready => t_string!(i18n, device_ready, size = size()).to_string(),
        State::Elsewhere => t_string!(i18n, device_elsewhere).to_owned(),
    });
    let problem = derive(move || {
        now.with(|now| now.error.as_ref().map(|error| error.explain(words)))
            .unwrap_or_default()
    });
    // What is read out: that it begins and ends, and not each number.
    let news = derive(move || match state.get() {
        State::Fetching => t_string!(i18n, device_begins),
        State::Checking => t_string!(i18n, device_checking),
        State::Elsewhere => t_string!(i18n, device_elsewhere),
        State::Ready if on_use.is_none() => t_string!(i18n, device_is_here),
        _ => "",
    });
    let button = move |label: Signal<String>, is_first: bool, act: Callback<()>| {
        view! {
            <button
                class="button"
                class:primary=is_first
                type="button"
                aria-description=title.clone()
                on:click=on_click(move |_| act.run(()))
            >
                {label}
            </button>
        }
        .into_any()
    };
    let cannot = memo(move || {
        let code = now.with(|now| now.error.as_ref().map(|error| error.code == "no_simd"));
        code == Some(true)
    });
    // The same buttons stay, and with them the focus.
    let shown = memo(move || match state.get() {
        State::Checking => State::Fetching,
        // Nothing can be done about it here.
        _ if cannot.get() => State::Elsewhere,
        state => state,
    });
    let buttons = {
        let button = button.clone();
        move || {
            let uses = on_use.is_some();
            let say = |words: &str| {
                let words = words.to_owned();
                derive(move || words.clone())
            };
            match shown.get() {
                State::Absent => {
                    let is_browsers = kind.get_untracked() == Kind::Browser;
                    let label = derive(move || match (uses, is_browsers) {
                        (true, true) => t_string!(i18n, device_use).to_owned(),
                        (false, true) => t_string!(i18n, device_get).to_owned(),
                        (true, false) => t_string!(i18n, device_get_use, size = size()).to_string(),
                        (false, false) => {
                            t_string!(i18n, device_get_size, size = size()).to_string()
                        }
                    });
                    vec![button(label, uses, Callback::new(move |()| begin()))]
                }
                State::Part => {
                    let label = say(t_string!(i18n, device_continue));
                    let remove = Callback::new(move |()| remove_model(&id.get_value()));
                    vec![
                        button(label, uses, Callback::new(move |()| begin())),
                        button(say(t_string!(i18n, device_remove)), false, remove),
                    ]
                }
                State::Fetching | State::Checking => {
                    let stop = Callback::new(move |()| {
                        wanted.set(None);
                        cancel(&id.get_value());
                    });
                    vec![button(say(t_string!(i18n, cancel)), false, stop)]
                }
                State::Ready => match on_use {
                    Some(on_use) => {
                        let use_it = Callback::new(move |()| on_use.run(id.get_value()));
                        vec![button(say(t_string!(i18n, device_use)), true, use_it)]
                    }
                    None if kind.get_untracked() == Kind::Browser => Vec::new(),
                    None => {
                        let remove = Callback::new(move |()| remove_model(&id.get_value()));
                        vec![button(say(t_string!(i18n, device_remove)), false, remove)]
                    }
                },
                State::Elsewhere => Vec::new(),
            }
        }
    };
    let heading = id.with_value(|id| format!("On-device · {id}"));
    let progress_label = heading.clone();
    view! {
        <li class="device-model">
            <strong>{heading}</strong>
            <small class="hint">{standing}</small>
            {show(
                move || state.get() == State::Fetching,
                move || view! {
                    <progress
                        aria-label=progress_label.clone()
                        max="100"
                        value=derive(move || now.with(|now| {
                            let percent = 100.0 * now.kept / now.size.max(1.0);
                            fixed(percent.clamp(0.0, 100.0), 0)
                        }))
                    ></progress>
                },
            )}
            <p class="problem" role="alert">{problem}</p>
            <span class="visually-hidden" role="status">{news}</span>
            <div class="device-buttons">{dynamic(buttons)}</div>
        </li>
    }
}
