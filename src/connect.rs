//! The form of a card without a model: its base URL, token and model.

pub mod device;
mod local;
mod model_row;
mod on_device;
pub mod suggest;
pub mod token_storage;

use leptos::{ev, html, prelude::*};

use crate::{
    chat::{CardStoreFields, card},
    endpoint::{BaseUrl, Invalid},
    i18n::{t_string, use_i18n},
    id::fresh,
    library::{Models, Unlisted},
    page::{Dialog, PageState, Target},
    session::{Session, Task, Unconnected},
    storage::keys,
    ui::{
        dynamic::{derive, dynamic, flag, memo, on_click, on_key, show, t},
        explain::{Words, explain_invalid},
        field::{Field, fill, typed},
        focus::focus_input,
        icon::{self, icon},
    },
};
use device::OnDevice;
use local::LocalServers;
use suggest::Suggest;
use token_storage::TokenStorageChoice;

/// The form that connects a card to an endpoint that is unsaved, or lists no models.
#[component]
pub fn Connect(id: card::Id, can_close: Memo<bool>, close: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let page = expect_context::<PageState>();
    let words = expect_context::<Words>();
    let library = session.library();
    let endpoint = memo(move || session.card(id).endpoint().try_get().flatten());
    let base_url = NodeRef::<html::Input>::new();
    let token = NodeRef::<html::Input>::new();
    let model = NodeRef::<html::Input>::new();
    let keep = RwSignal::new(None);
    let is_asking = RwSignal::new(false);
    let asking = StoredValue::new(None::<Task>);
    let failed = RwSignal::new(None::<Unconnected>);

    // The base URL of the chosen endpoint, which may have been deleted since.
    let kept = memo(move || Some(library.endpoint(endpoint.get()?)?.base_url));
    let is_custom = memo(move || page.is_custom(id));
    let unlisted = memo(move || match library.models(endpoint.get()?)? {
        Models::Unlisted(unlisted) => Some(unlisted),
        _ => None,
    });
    let leave = move || page.ask_for(id, false);
    let connect = move |base_url: String, token: String, keep, model: String| {
        is_asking.set(true);
        failed.set(None);
        // A new request ends the one before, and so does closing the form.
        asking.set_value(Some(Task::start(async move {
            let connected = session.connect(id, base_url, token, keep, model).await;
            is_asking.try_set(false);
            match connected {
                Ok(()) => {
                    request_animation_frame(move || focus_input(id));
                    leave();
                }
                Err(error) => _ = failed.try_set(Some(error)),
            }
        })));
    };
    let submit = move || {
        let keep = keep.get_untracked();
        connect(typed(base_url), typed(token), keep, typed(model));
    };
    let use_model = move |model: String| {
        connect(BaseUrl::ON_DEVICE.to_owned(), String::new(), None, model);
    };
    // The problem with the typed values, else with the chosen endpoint.
    let problem = derive(move || {
        if is_asking.get() {
            return None;
        }
        match failed.get() {
            Some(Unconnected::Invalid(invalid)) => Some(explain_invalid(i18n, invalid).to_owned()),
            Some(Unconnected::NoModels) => Some(t_string!(i18n, no_models).to_owned()),
            Some(Unconnected::Unlisted(unlisted)) => Some(words.explain(&unlisted)),
            None => {
                let unlisted = unlisted.get().filter(|_| !is_custom.get())?;
                Some(words.explain(&unlisted))
            }
        }
    });
    // Invalid input is explained already.
    let has_reason = memo(move || {
        let is_invalid = matches!(failed.get(), Some(Unconnected::Invalid(_)));
        !is_invalid && problem.with(Option::is_some)
    });
    let find_out = move || {
        let chosen = kept.get_untracked();
        let (base_url, token) = (typed(base_url), typed(token));
        let endpoints = library.endpoints();
        let endpoints = endpoints.read_untracked();
        // An empty field means the chosen endpoint's value.
        let chosen = chosen.and_then(|chosen| Some(endpoints.at(&chosen)?.id));
        let endpoint = endpoints.resolve(chosen, &base_url, &token, None, fresh());
        drop(endpoints);
        let endpoint = endpoint.and_then(|it| keys::with_token(&it).map_err(|_| Invalid::Locked));
        let model = Some(typed(model).trim().to_owned()).filter(|model| !model.is_empty());
        page.open_dialog(Dialog::Doctor(Target::Typed(endpoint, model)));
    };
    let use_found = move |found: BaseUrl| {
        // A token that was typed for another server, or for an invalid URL, does not go to this one.
        let before = match typed(base_url).trim() {
            "" => kept
                .get_untracked()
                .map_or(Some(found.origin()), |kept| Some(kept.origin())),
            url => BaseUrl::parse(url).ok().map(|before| before.origin()),
        };
        if before != Some(found.origin()) {
            fill(token, "");
        }
        fill(base_url, found.as_str());
        submit();
    };
    // The base URL with the models, if it differs from the requested one.
    let elsewhere = move || -> Option<BaseUrl> {
        let found = match (failed.get(), unlisted.get()) {
            (Some(Unconnected::Unlisted(unlisted)), _) => unlisted,
            (None, Some(unlisted)) if !is_custom.get() => unlisted,
            _ => return None,
        };
        match found {
            Unlisted::Elsewhere(base_url) => Some(base_url),
            Unlisted::Failed(_) => None,
        }
    };
    let repair = move |found: BaseUrl| {
        if typed(base_url).trim().is_empty() {
            // This means the chosen endpoint, with its token.
            failed.set(None);
            session.use_base_url(id, found);
            leave();
        } else {
            use_found(found);
        }
    };
    // An address may open the form, and propose its values.
    let proposed = untrack(|| session.proposed(id)).unwrap_or_default();
    // A first visit has no problem: it begins with a welcome.
    let is_first_visit = memo(move || library.endpoints().read().list.is_empty());
    let is_on_device = memo(move || kept.get().is_some_and(|kept| kept.is_on_device()));
    let is_gone = memo(move || endpoint.get().is_some() && kept.get().is_none());
    let base_url_hint = derive(move || match kept.get() {
        Some(kept) => t_string!(i18n, base_url_kept, url = kept.as_str()).to_string(),
        None => t_string!(i18n, base_url_hint).to_owned(),
    });
    view! {
        <form
            class="connect"
            aria-label=t!(i18n, custom_model)
            novalidate
            on:keydown=on_key(move |event| {
                if event.key() == "Escape" && !event.is_composing() && can_close.get_untracked() {
                    close.run(());
                }
            })
            on:submit=move |event: ev::SubmitEvent| {
                event.prevent_default();
                submit();
            }
        >
            {show(
                move || can_close.get(),
                move || view! {
                    <button
                        class="button icon-button close"
                        type="button"
                        aria-label=t!(i18n, close_form)
                        title=t!(i18n, close_form)
                        on:click=on_click(move |_| close.run(()))
                    >
                        {icon(icon::CLOSE)}
                    </button>
                },
            )}
            {dynamic(move || {
                if is_gone.get() {
                    view! { <p class="hint">{t!(i18n, endpoint_gone)}</p> }.into_any()
                } else if is_first_visit.get() {
                    view! {
                        <h2>{t!(i18n, welcome_title)}</h2>
                        <p class="hint">{t!(i18n, welcome_hint)}</p>
                    }
                        .into_any()
                } else if !is_custom.get() && !is_on_device.get() {
                    view! { <p class="hint">{t!(i18n, no_models)}</p> }.into_any()
                } else {
                    ().into_any()
                }
            })}
            <OnDevice on_use=Callback::new(use_model) />
            <Suggest id=format!("suggest-{id}") base_url />
            <Field
                id=format!("base-url-{id}")
                label=t!(i18n, base_url)
                hint=base_url_hint
                value=proposed.endpoint.unwrap_or_default()
                placeholder="http://localhost:11434/v1"
                input=base_url
            />
            <Field
                id=format!("token-{id}")
                label=t!(i18n, token)
                hint=derive(move || t_string!(i18n, token_hint).to_owned())
                input=token
                is_secret=true
            />
            <TokenStorageChoice
                id=format!("keep-{id}")
                keep
                before=derive(move || {
                    let endpoints = library.endpoints();
                    let endpoints = endpoints.read();
                    let chosen = kept.get().and_then(|kept| endpoints.at(&kept).cloned());
                    chosen.map(|chosen| chosen.keep).unwrap_or_default()
                })
            />
            <Field
                id=format!("model-id-{id}")
                label=t!(i18n, model)
                hint=derive(move || t_string!(i18n, model_hint).to_owned())
                value=proposed.model.unwrap_or_default()
                input=model
            />
            <LocalServers base_url on_use=Callback::new(use_found) />
            <p class="problem" role="alert">{problem}</p>
            {show(
                move || has_reason.get(),
                move || view! {
                    <button class="button" type="button" on:click=on_click(move |_| find_out())>
                        {t!(i18n, find_out_why)}
                    </button>
                },
            )}
            {dynamic(move || {
                let found = elsewhere()?;
                let use_it = t_string!(i18n, use_base_url, url = found.as_str()).to_string();
                Some(view! {
                    <button
                        class="button"
                        type="button"
                        on:click=on_click(move |_| repair(found.clone()))
                    >
                        {use_it}
                    </button>
                })
            })}
            <div class="connect-buttons">
                <button
                    class="button primary"
                    type="submit"
                    aria-busy=flag(move || is_asking.get())
                >
                    {t!(i18n, refresh)}
                </button>
                // The card keeps its old endpoint.
                {show(
                    move || is_custom.get() && kept.get().is_some(),
                    move || {
                        view! {
                            <button
                                class="button"
                                type="button"
                                on:click=on_click(move |_| leave())
                            >
                                {t!(i18n, cancel)}
                            </button>
                        }
                    },
                )}
                <span class="hint" role="status">
                    {derive(move || is_asking.get().then(|| t_string!(i18n, refreshing)))}
                </span>
            </div>
        </form>
    }
}
