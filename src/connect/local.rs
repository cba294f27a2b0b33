//! Finds servers on this computer: at the usual ports, and at the typed URL. Nothing is sent before the user
//! starts the search, and no token is ever sent.

use futures_util::future::join_all;
use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    diagnosis::{
        probe::{Inquiry, Question, permission, surroundings},
        steps::Fixes,
    },
    doctor::{Fix, Got, Observed, Permission, Space, fix, probe},
    endpoint::{BaseUrl, Endpoint, Server},
    i18n::{t_string, use_i18n},
    id::fresh,
    page::{Dialog, PageState, Target},
    session::Task,
    ui::{
        dynamic::{derive, dynamic, on_click, t},
        field::typed,
        lazy::lazy,
    },
};

/// A server found on this computer.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    /// Its label.
    name: String,
    base_url: BaseUrl,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It lists this many models.
    Models(usize),
    /// It requires a token.
    Token,
    /// It answers something else.
    Odd,
    /// It does not allow this page.
    Closed,
}

/// The inputs of a search: the base URL field, the callback that connects to a server, and whether it is
/// running.
type Wanted = (NodeRef<html::Input>, Callback<BaseUrl>, RwSignal<bool>);

thread_local! {
    static SEARCH: Chunk<fn(Wanted) -> AnyView> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(settings, fallible)]
fn entry() -> Result<fn(Wanted) -> AnyView, Missing> {
    Ok(|(base_url, on_use, is_looking)| view! { <Search base_url on_use is_looking /> }.into_any())
}

/// The search button, and its results.
#[component]
pub fn LocalServers(
    /// The base URL field: a URL on this computer is searched, too.
    base_url: NodeRef<html::Input>,
    /// Connects to a found server.
    on_use: Callback<BaseUrl>,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_looking = RwSignal::new(false);
    // Each click searches anew.
    let searches = RwSignal::new(0_u32);
    view! {
        <div class="local">
            <button
                class="button"
                type="button"
                data-ahead="settings"
                aria-busy=derive(move || if is_looking.get() { "true" } else { "false" })
                on:click=on_click(move |_| searches.update(|searches| *searches += 1))
            >
                {t!(i18n, find_local)}
            </button>
            <div role="status">
                {dynamic(move || {
                    (searches.get() > 0).then(|| {
                        lazy(&SEARCH, move |search| search((base_url, on_use, is_looking)))
                    })
                })}
            </div>
        </div>
    }
}

/// A search that starts at once, and its results.
#[component]
fn Search(
    base_url: NodeRef<html::Input>,
    on_use: Callback<BaseUrl>,
    is_looking: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let page = expect_context::<PageState>();
    let found = RwSignal::new(None::<Vec<Found>>);
    // Dropping it, with the form or for the next search, ends the search.
    let looking = StoredValue::new_local(None::<Task>);
    let origin = StoredValue::new((String::new(), false));
    let look = move || {
        is_looking.set(true);
        found.set(None);
        let typed = BaseUrl::parse(&typed(base_url)).ok();
        looking.set_value(Some(Task::start(async move {
            let here = surroundings(BaseUrl::parse("http://localhost"));
            origin.set_value((here.page.clone(), here.is_safari));
            let servers = find(&here, typed).await;
            is_looking.set(false);
            found.set(Some(servers));
        })));
    };
    look();
    let line = move |server: Found| {
        let Found {
            name,
            base_url,
            state,
        } = server;
        let words = match state {
            State::Models(1) => t_string!(i18n, local_one, name = name).to_string(),
            State::Models(count) => {
                t_string!(i18n, local_models, name = name, count = count).to_string()
            }
            State::Token => t_string!(i18n, local_token, name = name).to_string(),
            State::Odd => t_string!(i18n, local_odd, name = name).to_string(),
            State::Closed => t_string!(i18n, local_closed, name = name).to_string(),
        };
        let button = match state {
            State::Models(_) | State::Token => {
                let use_it = t_string!(i18n, use_base_url, url = base_url.as_str()).to_string();
                view! {
                    <button
                        class="button"
                        type="button"
                        on:click=on_click(move |_| on_use.run(base_url.clone()))
                    >
                        {use_it}
                    </button>
                }
                .into_any()
            }
            State::Odd | State::Closed => view! {
                <button
                    class="button"
                    type="button"
                    aria-description=base_url.as_str().to_owned()
                    on:click=on_click(move |_| {
                        let endpoint = Ok(unsaved(&base_url));
                        page.open_dialog(Dialog::Doctor(Target::Typed(endpoint, None)));
                    })
                >
                    {t!(i18n, find_out_why)}
                </button>
            }
            .into_any(),
        };
        view! { <li class="room-line"><span class="room-name">{words}</span>{button}</li> }
    };
    let outcome = dynamic(move || {
        let found = found.get()?;
        if found.is_empty() {
            let (origin, is_safari) = origin.get_value();
            if is_safari && origin.starts_with("https://") {
                return Some(view! { <p class="hint">{t!(i18n, advice_mixed)}</p> }.into_any());
            }
            let fixes: Vec<Fix> = [Server::Ollama, Server::LmStudio]
                .into_iter()
                .flat_map(|server| fix::start(server, &origin).into_iter().take(1))
                .collect();
            return Some(
                view! {
                    <p class="hint">{t!(i18n, local_none)}</p>
                    <Fixes fixes />
                }
                .into_any(),
            );
        }
        let lines = found.into_iter().map(line).collect_view();
        Some(view! { <ul class="local-servers">{lines}</ul> }.into_any())
    });
    view! {
        {derive(move || is_looking.get().then(|| t_string!(i18n, local_looking)))}
        {outcome}
    }
}

/// An unsaved endpoint without a token.
fn unsaved(base_url: &BaseUrl) -> Endpoint {
    Endpoint::new(fresh(), base_url.name().to_owned(), base_url.clone())
}

/// Searches all places at once. `here` describes this page.
async fn find(here: &Observed, typed: Option<BaseUrl>) -> Vec<Found> {
    let usual = Server::suggested_local().filter_map(|server| {
        let base_url = BaseUrl::parse(server.base_url()).ok()?;
        Some((server.name().to_owned(), base_url))
    });
    let typed = typed.filter(|typed| Space::of(&typed.host()) == Space::Loopback);
    let typed = typed.map(|typed| (String::new(), typed));
    let mut places: Vec<(String, BaseUrl)> = Vec::new();
    // The typed URL comes first, and only once.
    for place in typed.into_iter().chain(usual) {
        let is_known = places.iter().any(|known| known.1.port() == place.1.port());
        // The page's own server does not count.
        if !is_known && !is_own(here, &place.1) {
            places.push(place);
        }
    }
    // A browser that asks the user first takes as long as the user does.
    let asks =
        here.needs_permission() && permission(Space::Loopback).await == Some(Permission::Prompt);
    let timeout = if asks { 60_000 } else { 2_000 };
    let inquiry = Inquiry::new();
    let found = places
        .into_iter()
        .map(|place| look_at(&inquiry, here, place, timeout));
    join_all(found).await.into_iter().flatten().collect()
}

/// Returns whether a base URL is the page's own server.
fn is_own(here: &Observed, base_url: &BaseUrl) -> bool {
    BaseUrl::parse(&here.page).is_ok_and(|page| {
        Space::of(&page.host()) == Space::Loopback && page.port() == base_url.port()
    })
}

/// Checks one port, by both names of this computer: a server may listen at only one of them.
async fn look_at(
    inquiry: &Inquiry,
    here: &Observed,
    (name, base_url): (String, BaseUrl),
    timeout: u32,
) -> Option<Found> {
    let other = base_url.as_str().replacen("//localhost", "//127.0.0.1", 1);
    let other = BaseUrl::parse(&other)
        .ok()
        .filter(|other| *other != base_url);
    let both = [Some(base_url), other].into_iter().flatten();
    let both = both.map(|base_url| look_at_one(inquiry, here, base_url, timeout));
    let found = join_all(both).await;
    let best = found
        .into_iter()
        .flatten()
        .min_by_key(|(state, ..)| match state {
            State::Models(_) => 0,
            State::Token => 1,
            State::Odd => 2,
            State::Closed => 3,
        });
    let (state, base_url, server) = best?;
    let name = match server.name() {
        "" => name,
        known => known.to_owned(),
    };
    let address = base_url.name();
    Some(Found {
        name: match &*name {
            "" => address.to_owned(),
            name => format!("{name} ({address})"),
        },
        base_url,
        state,
    })
}

async fn look_at_one(
    inquiry: &Inquiry,
    here: &Observed,
    base_url: BaseUrl,
    timeout: u32,
) -> Option<(State, BaseUrl, Server)> {
    let question = |url| Question {
        timeout,
        ..Question::get(url).at(here)
    };
    let models = inquiry.ask(&question(base_url.join("models"))).await;
    let state = match models.got {
        Got::Response => match models.models() {
            Some(listed) => State::Models(listed.len()),
            None if models.refuses_token() => State::Token,
            None => State::Odd,
        },
        Got::Redirect => State::Odd,
        Got::Late => return None,
        Got::Failed | Got::Opaque => {
            let origin = format!("{}/", base_url.origin());
            let reach = inquiry.reach(question(origin)).await;
            match reach.got {
                // It hides its response about the models: mostly, it requires a token.
                Got::Response => State::Token,
                Got::Opaque => State::Closed,
                _ => return None,
            }
        }
    };
    let server = probe::server(&base_url, &[&models]);
    Some((state, base_url, server))
}
