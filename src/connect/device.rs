//! The view of the models that run in this browser: to download, use and remove them. See `on_device.js`.

use leptos::{html, prelude::*, task::spawn_local};
use serde::Deserialize;

use super::model_row::ModelRow;
use super::on_device::add;
use super::on_device::{Model, Problem, State, followed};
use crate::{
    endpoint::BaseUrl,
    i18n::{t_string, use_i18n},
    json,
    library::{Library, Models},
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, t},
        explain::Words,
    },
};

/// Reloads the page's list of models when it no longer matches the models that are here.
fn keep_listed(library: Library, all: RwSignal<Vec<Model>>) {
    let ready = memo(move || {
        all.with(|all| {
            let ready = all.iter().filter(|model| model.state == State::Ready);
            let ready: Vec<String> = ready.map(|model| model.id.clone()).collect();
            // Nothing is known before the first report.
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
            // It is loading, or was never requested.
            Some(Models::Loading) | None => true,
            Some(Models::Unlisted(_)) => false,
        };
        if !is_known {
            library.load_models(saved);
        }
    });
}

/// The models that run in this browser, and their actions.
#[component]
pub fn OnDevice(
    /// Connects a card to the model of this name; without it, models can be removed.
    #[prop(optional)]
    on_use: Option<Callback<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let words = expect_context::<Words>();
    let refused = RwSignal::new(None::<Problem>);
    let all = followed(refused);
    keep_listed(library, all);
    // The model to use once it is ready.
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
        // Lets the same file be picked again.
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
                // Nothing broke off: the file itself is incomplete.
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
                    let line = |id| view! { <ModelRow id all wanted on_use body /> };
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
