//! Suggestions for a base URL: a choice of servers and services, and the needs of each.

use leptos::{html, prelude::*};

use crate::{
    endpoint::{Server, server::Access},
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
    let chosen = RwSignal::new(None::<Server>);
    let choose = move |value: String| {
        let server = Server::suggested().find(|server| server.name() == value);
        chosen.set(server);
        if let Some(server) = server {
            fill(base_url, server.base_url());
        }
    };
    let needs = dynamic(move || {
        let access = chosen.get()?.access();
        let words = match access {
            Access::Key(_) => t_string!(i18n, needs_key).to_owned(),
            Access::OllamaOrigins => {
                t_string!(i18n, needs_ollama, origin = library.origin()).to_string()
            }
            Access::LmStudioCors => t_string!(i18n, needs_lm_studio).to_owned(),
            Access::Open => t_string!(i18n, needs_running).to_owned(),
            Access::Jan => t_string!(i18n, needs_jan).to_owned(),
            Access::BackendAi => t_string!(i18n, needs_backend_ai).to_owned(),
            Access::Closed | Access::Unknown => return None,
        };
        let link = match access {
            Access::Key(url) => Some(view! {
                " "
                <a href=url target="_blank" rel="noopener noreferrer">{url}</a>
            }),
            _ => None,
        };
        Some(view! { {words}{link} })
    });
    let option = |server: Server| view! { <option value=server.name()>{server.name()}</option> };
    view! {
        <div class="field">
            <label for=id.clone()>{t!(i18n, suggestions)}</label>
            <select id=id on:change:target=move |event| choose(event.target().value())>
                <option value="">{t!(i18n, suggestions_none)}</option>
                {Server::suggested().map(option).collect_view()}
            </select>
            <small class="hint" role="status">{needs}</small>
        </div>
    }
}
