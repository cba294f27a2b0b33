//! The saved endpoints in the settings: their order, forms and connection tests.

use crate::{
    connect::{suggest::Suggest, token_storage::TokenStorageChoice},
    endpoint::{self, Edit, Held, Invalid},
    i18n::{t_string, use_i18n},
    library::{Library, Models, Unlisted},
    page::{Dialog, PageState, Target},
    storage::keys,
    ui::{
        dynamic::{derive, dynamic, effect, for_each, memo, on_click, show, t},
        explain::{explain_invalid, explain_unlisted},
        field::{Field, typed},
        focus::focus_on,
        icon::{self, icon},
    },
};
use leptos::{ev, html, prelude::*};

/// The endpoint being edited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Editing {
    Nothing,
    New,
    One(endpoint::Id),
}

/// The saved endpoints, with their actions.
#[component]
pub(super) fn Endpoints(editing: RwSignal<Editing>) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let is_forgotten = RwSignal::new(false);
    let is_empty = memo(move || library.endpoints().read().list.is_empty());
    let ids = move || {
        let endpoints = library.endpoints();
        let endpoints = endpoints.read();
        endpoints.list.iter().map(|endpoint| endpoint.id).collect()
    };
    view! {
        <section class="endpoints" aria-label=t!(i18n, endpoints)>
            <h3>{t!(i18n, endpoints)}</h3>
            {show(move || is_forgotten.get(), move || view! {
                <p class="notice" role="status">
                    <span>{t!(i18n, endpoint_was_deleted)}</span>
                    <button class="button" on:click=on_click(move |_| {
                        is_forgotten.set(false);
                        library.undo();
                    })>
                        {t!(i18n, undo)}
                    </button>
                </p>
            })}
            {show(move || is_empty.get(), move || view! {
                <p class="hint">{t!(i18n, no_endpoints)}</p>
            })}
            <ul>
                {for_each(
                    ids,
                    move |id| view! { <EndpointLine id editing is_forgotten /> },
                )}
            </ul>
            {dynamic(move || if editing.get() == Editing::New {
                view! { <EndpointForm id=None editing /> }.into_any()
            } else {
                view! {
                    <button class="button" on:click=on_click(move |_| editing.set(Editing::New))>
                        {icon(icon::PLUS)}
                        {t!(i18n, add_endpoint)}
                    </button>
                }
                    .into_any()
            })}
        </section>
    }
}

#[component]
pub(super) fn EndpointLine(
    id: endpoint::Id,
    editing: RwSignal<Editing>,
    is_forgotten: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let page = expect_context::<PageState>();
    let endpoint = move || library.endpoint(id);
    let name = derive(move || endpoint().map(|saved| saved.name).unwrap_or_default());
    let base_url = derive(move || {
        let base_url = endpoint().map(|saved| saved.base_url);
        base_url.map(String::from).unwrap_or_default()
    });
    let was_tested = RwSignal::new(false);
    let status = dynamic(move || {
        let models = library.models(id).filter(|_| was_tested.get())?;
        let is_well = matches!(models, Models::Listed(_) | Models::Loading);
        let words = match models {
            Models::Loading => t_string!(i18n, testing).to_owned(),
            Models::Listed(listed) if listed.is_empty() => t_string!(i18n, tested_empty).to_owned(),
            Models::Listed(listed) if listed.len() == 1 => t_string!(i18n, tested_one).to_owned(),
            Models::Listed(listed) => t_string!(i18n, tested, count = listed.len()).to_string(),
            Models::Unlisted(unlisted) => explain_unlisted(i18n, &unlisted),
        };
        Some(view! {
            <p class:problem=!is_well class="hint">{words}</p>
            {(!is_well).then(|| view! {
                <button
                    class="button"
                    aria-description=name
                    on:click=on_click(move |_| page.open_dialog(Dialog::Doctor(Target::Saved(id, None))))
                >
                    {t!(i18n, find_out_why)}
                </button>
            })}
        })
    });
    let elsewhere = dynamic(move || {
        let Some(Models::Unlisted(Unlisted::Elsewhere(found))) = library.models(id) else {
            return None;
        };
        let use_it = t_string!(i18n, use_base_url, url = found.as_str()).to_string();
        Some(view! {
            <button class="button" on:click=on_click(move |_| library.use_base_url(id, found.clone()))>
                {use_it}
            </button>
        })
    });
    let count = memo(move || library.endpoints().read().list.len());
    let place = memo(move || {
        let endpoints = library.endpoints();
        let endpoints = endpoints.read();
        let list = &endpoints.list;
        list.iter().position(|saved| saved.id == id).unwrap_or(0)
    });
    // A row that moves on the page loses the focus; at an end, the other button takes it.
    let [up_button, down_button] = std::array::from_fn(|_| NodeRef::<html::Button>::new());
    let shift = move |up: bool| {
        library.move_endpoint(id, up);
        request_animation_frame(move || {
            let is_last = place.get_untracked() + 1 == count.get_untracked();
            let up = if up {
                place.get_untracked() > 0
            } else {
                is_last
            };
            focus_on(if up { up_button } else { down_button });
        });
    };
    let is_edited = memo(move || editing.get() == Editing::One(id));
    view! {
        <li class="endpoint">
            <div class="endpoint-head">
                <div>
                    <strong>{name}</strong>
                    <small class="hint">{base_url}</small>
                </div>
                <button
                    class="button"
                    aria-description=name
                    on:click=on_click(move |_| {
                        was_tested.set(true);
                        library.load_models(id);
                    })
                >
                    {t!(i18n, test_connection)}
                </button>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, move_up)
                    title=t!(i18n, move_up)
                    aria-description=name
                    disabled=derive(move || place.get() == 0)
                    node_ref=up_button
                    on:click=on_click(move |_| shift(true))
                >
                    {icon(icon::UP)}
                </button>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, move_down)
                    title=t!(i18n, move_down)
                    aria-description=name
                    disabled=derive(move || place.get() + 1 >= count.get())
                    node_ref=down_button
                    on:click=on_click(move |_| shift(false))
                >
                    {icon(icon::OPEN)}
                </button>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, edit)
                    title=t!(i18n, edit)
                    aria-description=name
                    on:click=on_click(move |_| editing.set(Editing::One(id)))
                >
                    {icon(icon::EDIT)}
                </button>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, delete)
                    title=t!(i18n, delete)
                    aria-description=name
                    on:click=on_click(move |_| {
                        library.delete_endpoint(id);
                        is_forgotten.set(true);
                    })
                >
                    {icon(icon::DELETE)}
                </button>
            </div>
            <div role="status">{status}</div>
            {elsewhere}
            {show(move || is_edited.get(), move || view! { <EndpointForm id=Some(id) editing /> })}
        </li>
    }
}

/// The form for a new endpoint, or for a saved one.
#[component]
pub(super) fn EndpointForm(id: Option<endpoint::Id>, editing: RwSignal<Editing>) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let [name, base_url, token] = std::array::from_fn(|_| NodeRef::<html::Input>::new());
    let [forget, one] = std::array::from_fn(|_| NodeRef::<html::Input>::new());
    let invalid = RwSignal::new(None::<Invalid>);
    let saved = id.and_then(|id| {
        let endpoints = library.endpoints();
        let endpoints = endpoints.read_untracked();
        endpoints.find(id).cloned()
    });
    let is_one = saved.as_ref().is_some_and(|saved| saved.one_at_a_time);
    let keep = RwSignal::new(None);
    let kept = saved.as_ref().map(|saved| saved.keep).unwrap_or_default();
    let held = move || id.map_or(Held::Nothing, |id| library.held(id));
    let has_token = memo(move || held() != Held::Nothing);
    // The saved token, while the button is held.
    let saved_token = Callback::new(move |()| match untrack(held) {
        #[expect(clippy::disallowed_methods, reason = "the user asks to see the token")]
        Held::Token(token) => Some(keys::shown(&token)),
        Held::Nothing | Held::Locked => None,
    });
    let (saved_name, saved_url) = saved
        .map(|saved| (saved.name, String::from(saved.base_url)))
        .unwrap_or_default();
    effect(move || {
        base_url.track();
        focus_on(if id.is_some() { name } else { base_url });
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let edit = Edit {
            name: typed(name),
            base_url: typed(base_url),
            token: typed(token),
            forget_token: is_checked(forget),
            one_at_a_time: is_checked(one),
            keep: keep.get_untracked().unwrap_or(kept),
        };
        match library.edit_endpoint(id, &edit) {
            Ok(()) => editing.set(Editing::Nothing),
            Err(error) => invalid.set(Some(error)),
        }
    };
    let key = id.map_or_else(|| "new".to_owned(), |id| id.to_string());
    view! {
        <form
            class="connect"
            novalidate
            aria-label=t!(i18n, endpoint)
            on:submit=submit
        >
            {id.is_none().then(|| view! { <Suggest id=format!("suggest-{key}") base_url /> })}
            <Field
                id=format!("name-{key}")
                label=t!(i18n, endpoint_name)
                hint=derive(move || t_string!(i18n, endpoint_name_hint).to_owned())
                value=saved_name
                input=name
            />
            <Field
                id=format!("url-{key}")
                label=t!(i18n, base_url)
                hint=derive(move || t_string!(i18n, base_url_hint).to_owned())
                placeholder="http://localhost:11434/v1"
                value=saved_url
                input=base_url
            />
            <Field
                id=format!("token-{key}")
                label=t!(i18n, token)
                hint=derive(move || if has_token.get() {
                    t_string!(i18n, token_kept).to_owned()
                } else {
                    t_string!(i18n, token_hint).to_owned()
                })
                input=token
                is_secret=true
                saved=saved_token
            />
            <TokenStorageChoice id=format!("keep-{key}") keep before=derive(move || kept) />
            {show(move || has_token.get(), move || view! {
                <label class="switch-row">
                    <input node_ref=forget type="checkbox" />
                    {t!(i18n, forget_token)}
                </label>
            })}
            <label class="switch-row">
                <input node_ref=one type="checkbox" checked=is_one />
                {t!(i18n, one_at_a_time)}
            </label>
            <small class="hint">{t!(i18n, one_at_a_time_hint)}</small>
            <p class="problem" role="alert">
                {dynamic(move || invalid.get().map(|invalid| explain_invalid(i18n, invalid)))}
            </p>
            <div class="connect-buttons">
                <button class="button primary" type="submit">{t!(i18n, save)}</button>
                <button
                    class="button"
                    type="button"
                    on:click=on_click(move |_| editing.set(Editing::Nothing))
                >
                    {t!(i18n, cancel)}
                </button>
            </div>
        </form>
    }
}

/// Returns whether a checkbox is checked.
pub(super) fn is_checked(input: NodeRef<html::Input>) -> bool {
    input.get_untracked().is_some_and(|input| input.checked())
}
