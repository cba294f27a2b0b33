//! The settings: of the page, the saved endpoints, and what is stored.

use leptos::{ev, html, prelude::*};

use super::vault::Vault;
use crate::{
    chat::input::Busy,
    connect::{device::OnDevice, suggest::Suggest, token_storage::TokenStorage},
    endpoint::{self, Edit, Held, Invalid, Timeouts},
    i18n::{t_string, use_i18n},
    library::{Library, Models, Unlisted},
    page::{Dialog, PageState, Patient},
    storage::{SendKey, Theme, keys},
    ui::{
        dynamic::{derive, dynamic, effect, for_each, memo, on_click, on_key, show, t},
        explain::{explain_invalid, explain_unlisted},
        field::{Field, typed},
        focus::{focus_if_lost, focus_on},
        icon::{self, icon},
    },
};

/// What is in the dialog with the settings.
#[component]
pub fn Settings() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let body = NodeRef::<html::Div>::new();
    // A row or a form that goes takes the focus with it: then it goes to the body.
    let editing = RwSignal::new(Editing::Nothing);
    effect(move || {
        library.endpoints().track();
        editing.track();
        focus_if_lost(body);
    });
    let settings = library.settings();
    let language = Choice {
        id: "language",
        label: t!(i18n, language),
        options: vec![
            ("", t!(i18n, language_auto)),
            ("en", derive(|| "English")),
            ("ko", derive(|| "한국어")),
        ],
        chosen: derive(move || {
            settings.with(|settings| settings.locale.clone().unwrap_or_default())
        }),
        choose: Callback::new(move |tag: String| {
            library.set(|settings| settings.locale = Some(tag).filter(|tag| !tag.is_empty()));
        }),
    };
    let theme = Choice {
        id: "theme",
        label: t!(i18n, theme),
        options: vec![
            ("", t!(i18n, theme_auto)),
            ("light", t!(i18n, theme_light)),
            ("dark", t!(i18n, theme_dark)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.theme {
                None => String::new(),
                Some(Theme::Light) => "light".to_owned(),
                Some(Theme::Dark) => "dark".to_owned(),
            })
        }),
        choose: Callback::new(move |theme: String| {
            library.set(|settings| {
                settings.theme = match &*theme {
                    "light" => Some(Theme::Light),
                    "dark" => Some(Theme::Dark),
                    _ => None,
                };
            });
        }),
    };
    let send_key = Choice {
        id: "send-key",
        label: t!(i18n, send_key),
        options: vec![
            ("enter", t!(i18n, send_key_enter)),
            ("ctrl", t!(i18n, send_key_ctrl)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.send_key {
                SendKey::Enter => "enter".to_owned(),
                SendKey::CtrlEnter => "ctrl".to_owned(),
            })
        }),
        choose: Callback::new(move |key: String| {
            library.set(|settings| {
                settings.send_key = match &*key {
                    "ctrl" => SendKey::CtrlEnter,
                    _ => SendKey::Enter,
                };
            });
        }),
    };
    let busy = Choice {
        id: "busy",
        label: t!(i18n, busy),
        options: vec![
            ("queue", t!(i18n, busy_queue)),
            ("skip", t!(i18n, busy_skip)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.busy {
                Busy::Queue => "queue".to_owned(),
                Busy::Skip => "skip".to_owned(),
            })
        }),
        choose: Callback::new(move |busy: String| {
            library.set(|settings| {
                settings.busy = match &*busy {
                    "skip" => Busy::Skip,
                    _ => Busy::Queue,
                };
            });
        }),
    };
    view! {
        <div
            node_ref=body
            class="settings-body"
            tabindex="-1"
            on:keydown=on_key(move |event| {
                // Escape closes what was opened last.
                let is_editing = editing.get_untracked() != Editing::Nothing;
                if event.key() == "Escape" && is_editing && !event.is_composing() {
                    event.prevent_default();
                    editing.set(Editing::Nothing);
                }
            })
        >
            <div class="choices">
                {[language, theme, send_key, busy].map(Choice::view).collect_view()}
            </div>
            <Endpoints editing />
            <OnDevice />
            <Vault />
            <Waits />
            <super::storage_usage::StorageUsage />
        </div>
    }
}

/// A setting with a few values.
struct Choice {
    id: &'static str,
    label: Signal<&'static str>,
    options: Vec<(&'static str, Signal<&'static str>)>,
    chosen: Signal<String>,
    choose: Callback<String>,
}

impl Choice {
    fn view(self) -> AnyView {
        let (chosen, choose) = (self.chosen, self.choose);
        let option = |(value, label): (&'static str, Signal<&'static str>)| {
            let is_chosen = derive(move || chosen.with(|chosen| chosen == value));
            view! { <option value=value prop:selected=is_chosen>{label}</option> }
        };
        view! {
            <div class="field">
                <label for=self.id>{self.label}</label>
                <select id=self.id on:change:target=move |event| choose.run(event.target().value())>
                    {self.options.into_iter().map(option).collect_view()}
                </select>
            </div>
        }
        .into_any()
    }
}

/// What is being edited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Editing {
    Nothing,
    New,
    One(endpoint::Id),
}

/// The saved endpoints, and what can be done with them.
#[component]
fn Endpoints(editing: RwSignal<Editing>) -> impl IntoView {
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
fn EndpointLine(
    id: endpoint::Id,
    editing: RwSignal<Editing>,
    is_forgotten: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let shown = expect_context::<PageState>();
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
                    on:click=on_click(move |_| shown.open_dialog(Dialog::Doctor(Patient::Saved(id, None))))
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
    // A row that is moved on the page loses the focus; at an end, the other button has it.
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

/// Whether a box is ticked.
fn is_checked(input: NodeRef<html::Input>) -> bool {
    input.get_untracked().is_some_and(|input| input.checked())
}

/// A field for one of the waits: its identifier, its name, and what it sets.
type WaitField = (
    &'static str,
    Signal<&'static str>,
    fn(&mut Timeouts) -> &mut u32,
);

/// How long endpoints are waited for.
#[component]
fn Waits() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let fields: [WaitField; 3] = [
        ("wait-response", t!(i18n, wait_response), |all| {
            &mut all.response
        }),
        ("wait-first", t!(i18n, wait_first), |all| {
            &mut all.first_token
        }),
        ("wait-more", t!(i18n, wait_more), |all| &mut all.idle),
    ];
    let field = |(id, label, of): WaitField| {
        // An empty field is as long as is usual.
        let usual = *of(&mut Timeouts::default());
        let value = derive(move || {
            let mut timeouts = library.settings().with(|settings| settings.timeouts);
            let seconds = *of(&mut timeouts);
            if seconds == usual {
                String::new()
            } else {
                seconds.to_string()
            }
        });
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <input
                    id=id
                    type="number"
                    min="0"
                    max="86400"
                    step="1"
                    placeholder=usual.to_string()
                    prop:value=value
                    on:change:target=move |event| {
                        let seconds = event.target().value().parse().unwrap_or(usual);
                        library.set(|settings| {
                            *of(&mut settings.timeouts) = seconds.min(86_400);
                        });
                        event.target().set_value(&value.get_untracked());
                    }
                />
            </div>
        }
        .into_any()
    };
    view! {
        <section aria-label=t!(i18n, waits)>
            <h3>{t!(i18n, waits)}</h3>
            <p class="hint">{t!(i18n, waits_hint)}</p>
            <div class="choices">{fields.map(field).collect_view()}</div>
        </section>
    }
}

/// The form for a new endpoint, or for one that is saved.
#[component]
fn EndpointForm(id: Option<endpoint::Id>, editing: RwSignal<Editing>) -> impl IntoView {
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
    // What was saved when the button is held.
    let saved_token = Callback::new(move |()| match untrack(held) {
        #[expect(clippy::disallowed_methods, reason = "its reader asks for it")]
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
            <TokenStorage id=format!("keep-{key}") keep before=derive(move || kept) />
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
