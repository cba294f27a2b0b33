//! The models that can run in this browser: bindings to `on_device.js`.

use crate::{assets, json, ui::explain::Words};
use js_sys::Function;
use leptos::prelude::*;
use serde::Deserialize;
use wasm_bindgen::{JsValue, prelude::*};

#[wasm_bindgen(module = "/src/connect/on_device.js")]
extern "C" {
    pub(super) fn watch(address: &str, told: &Closure<dyn Fn()>) -> Function;

    pub(super) fn models() -> String;

    #[wasm_bindgen(js_name = isMissing)]
    pub(super) fn is_missing() -> bool;

    #[wasm_bindgen(catch)]
    pub(super) async fn download(id: &str) -> Result<JsValue, JsValue>;

    pub(super) fn cancel(id: &str);

    #[wasm_bindgen(js_name = remove)]
    pub(super) fn remove_model(id: &str);

    #[wasm_bindgen(catch)]
    pub(super) async fn add(file: &web_sys::File) -> Result<JsValue, JsValue>;

    pub(super) fn megabytes(bytes: f64, locale: &str) -> String;

    pub(super) fn speed(bytes: f64, locale: &str) -> String;

    pub(super) fn time(seconds: f64, locale: &str) -> String;
}

/// A model that runs in this browser, or could.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Model {
    /// Its name, also in requests.
    pub id: String,
    /// The source of the model.
    pub kind: Kind,
    /// Size of its file, in bytes; 0 if unknown.
    pub size: f64,
    /// The part stored here.
    pub kept: f64,
    pub state: State,
    /// Download speed, in bytes per second.
    pub speed: f64,
    /// Estimated remaining download time, in seconds.
    pub left: f64,
    pub error: Option<Problem>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    #[default]
    Weights,
    Browser,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
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

/// The reason for a missing model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Problem {
    pub code: String,
    /// Technical details.
    #[serde(default)]
    pub message: String,
}

impl Problem {
    pub(super) fn explain(&self, words: Words) -> String {
        let words = words.explain_device(&self.code);
        if self.message.is_empty() {
            return words;
        }
        format!("{words} ({})", self.message)
    }
}

/// Follows the models, as long as the owner lives.
pub(super) fn followed(problem: RwSignal<Option<Problem>>) -> RwSignal<Vec<Model>> {
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
        // It never fails.
        let _ = end.call0(&JsValue::NULL);
        kept.set_value(None);
    });
    all
}
