//! Suggestions for a base URL: a choice of servers and services, and the needs of each.

use leptos::{html, prelude::*};

use crate::{
    endpoint::suggestion::{self, Needs},
    i18n::{t_string, use_i18n},
    library::Library,
    ui::{
        dynamic::{dynamic, t},
        field::fill,
    },
};

/// A choice that fills in a form's base URL, and explains what to set up on the other side.
#[component]
pub fn Suggest(
    /// Unique on the page.
    id: String,
    /// The field that is filled in.
    base_url: NodeRef<html::Input>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let chosen = RwSignal::new(None::<usize>);
    let choose = move |value: String| {
        let index = value.parse::<usize>().ok();
        chosen.set(index);
        if let Some(index) = index {
            fill(base_url, suggestion::ALL[index].base_url);
        }
    };
    let needs = dynamic(move || {
        let needs = suggestion::ALL[chosen.get()?].needs;
        let words = match needs {
            Needs::Key(_) => t_string!(i18n, needs_key).to_owned(),
            Needs::OllamaOrigins => {
                t_string!(i18n, needs_ollama, origin = library.origin()).to_string()
            }
            Needs::LmStudioCors => t_string!(i18n, needs_lm_studio).to_owned(),
            Needs::Running => t_string!(i18n, needs_running).to_owned(),
            Needs::Jan => t_string!(i18n, needs_jan).to_owned(),
            Needs::BackendAi => t_string!(i18n, needs_backend_ai).to_owned(),
        };
        let link = match needs {
            Needs::Key(url) => Some(view! {
                " "
                <a href=url target="_blank" rel="noopener noreferrer">{url}</a>
            }),
            _ => None,
        };
        Some(view! { {words}{link} })
    });
    let option = |index: usize| {
        view! { <option value=index.to_string()>{suggestion::ALL[index].name}</option> }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{t!(i18n, suggestions)}</label>
            <select id=id on:change:target=move |event| choose(event.target().value())>
                <option value="">{t!(i18n, suggestions_none)}</option>
                {(0..suggestion::ALL.len()).map(option).collect_view()}
            </select>
            <small class="hint" role="status">{needs}</small>
        </div>
    }
}
