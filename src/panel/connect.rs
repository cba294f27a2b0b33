//! The form of a card without a model: where the endpoint is, and what it asks for.

use leptos::{ev, html, prelude::*};

use super::{Heard, device::OnDevice, doctor, local::LocalServers, page, suggest::Suggest};
use crate::{
    chat::card,
    endpoint::{BaseUrl, Invalid},
    i18n::{t_string, use_i18n},
    id::fresh,
    panel::keep::Keep,
    session::{Library, Task, Unconnected, Unlisted},
    storage::keys,
    view::{
        dynamic::{click, derive, effect, flag, memo, part, press, when, word},
        explain::{explain_unconnected, explain_unlisted},
        field::{Field, fill, typed},
    },
};

/// Connects a card with an endpoint that is not saved yet, or that lists no models.
#[component]
pub fn Connect(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let Heard(heard) = expect_context();
    let form = RwSignal::new(page::form(id).unwrap_or_default());
    effect(move || {
        heard.track();
        if let Some(now) = page::form(id)
            && form.with_untracked(|before| *before != now)
        {
            form.set(now);
        }
    });
    // Closing the form ends what it asks.
    on_cleanup(move || page::end_connect(id));
    let base_url = NodeRef::<html::Input>::new();
    let token = NodeRef::<html::Input>::new();
    let model = NodeRef::<html::Input>::new();
    let keep = RwSignal::new(None);
    let is_asking = RwSignal::new(false);
    let asking = StoredValue::new(None::<Task>);
    let failed = RwSignal::new(None::<Unconnected>);

    let kept = memo(move || form.read().kept.clone());
    let is_custom = memo(move || form.read().is_custom);
    let connect = move |base_url: String, token: String, keep, model: String| {
        is_asking.set(true);
        failed.set(None);
        // A new question ends the one before, and so does closing the form.
        asking.set_value(Some(Task::start(async move {
            let connected = page::connect(id, &base_url, &token, keep, &model).await;
            is_asking.set(false);
            failed.set(connected.err());
        })));
    };
    let submit = move || {
        let keep = keep.get_untracked();
        connect(typed(base_url), typed(token), keep, typed(model));
    };
    let use_model = move |model: String| {
        connect(BaseUrl::ON_DEVICE.to_owned(), String::new(), None, model);
    };
    // What is wrong: with what was typed, else with the endpoint that is chosen.
    let problem = derive(move || {
        if is_asking.get() {
            return None;
        }
        if let Some(failed) = failed.get() {
            return Some(explain_unconnected(i18n, &failed));
        }
        let unlisted = form.read().unlisted.clone();
        let unlisted = unlisted.filter(|_| !is_custom.get());
        unlisted.map(|unlisted| explain_unlisted(i18n, &unlisted))
    });
    // What can't be right at all is said already.
    let has_reason = memo(move || {
        let is_invalid = matches!(failed.get(), Some(Unconnected::Invalid(_)));
        !is_invalid && problem.with(Option::is_some)
    });
    let library = expect_context::<Library>();
    let find_out = move || {
        let chosen = form.with_untracked(|form| form.kept.clone());
        let (base_url, token) = (typed(base_url), typed(token));
        let endpoints = library.endpoints();
        let endpoints = endpoints.read_untracked();
        // What is left empty is that of the chosen endpoint.
        let chosen = chosen.and_then(|chosen| Some(endpoints.at(&chosen)?.id));
        let endpoint = endpoints.resolve(chosen, &base_url, &token, None, fresh());
        drop(endpoints);
        let endpoint = endpoint.and_then(|it| keys::with_token(&it).map_err(|_| Invalid::Locked));
        doctor::look_at_typed(endpoint, &typed(model));
    };
    let use_found = move |found: BaseUrl| {
        // A token that was typed for another server, or for what is no address, does not go to this one.
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
    // Where the models are, if they are not at the base URL that was asked.
    let elsewhere = move || -> Option<BaseUrl> {
        let found = match (failed.get(), form.read().unlisted.clone()) {
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
            // The chosen endpoint is meant, whose token goes along.
            failed.set(None);
            page::use_base_url(id, &found);
        } else {
            use_found(found);
        }
    };
    // The form may be asked for by an address, which proposes what to type.
    let (proposed_url, proposed_model) = form.get_untracked().proposed;
    // Nothing is wrong on a first visit: it begins with a welcome.
    let is_first_visit = memo(move || form.read().is_first);
    let is_on_device = memo(move || kept.get().is_some_and(|kept| kept.is_on_device()));
    let is_gone = memo(move || form.with(|form| form.has_endpoint && form.kept.is_none()));
    let base_url_hint = derive(move || match kept.get() {
        Some(kept) => t_string!(i18n, base_url_kept, url = kept.as_str()).to_string(),
        None => t_string!(i18n, base_url_hint).to_owned(),
    });
    view! {
        <form
            class="connect"
            aria-label=word!(i18n, custom_model)
            novalidate
            on:keydown=press(move |event| {
                let can_leave = is_custom.get_untracked() && kept.get_untracked().is_some();
                if event.key() == "Escape" && !event.is_composing() && can_leave {
                    page::leave_form(id);
                    page::focus(id);
                }
            })
            on:submit=move |event: ev::SubmitEvent| {
                event.prevent_default();
                submit();
            }
        >
            {part(move || {
                if is_gone.get() {
                    view! { <p class="hint">{word!(i18n, endpoint_gone)}</p> }.into_any()
                } else if is_first_visit.get() {
                    view! {
                        <h2>{word!(i18n, welcome_title)}</h2>
                        <p class="hint">{word!(i18n, welcome_hint)}</p>
                    }
                        .into_any()
                } else if !is_custom.get() && !is_on_device.get() {
                    view! { <p class="hint">{word!(i18n, no_models)}</p> }.into_any()
                } else {
                    ().into_any()
                }
            })}
            <OnDevice on_use=Callback::new(use_model) />
            <Suggest id=format!("suggest-{id}") base_url />
            <Field
                id=format!("base-url-{id}")
                label=word!(i18n, base_url)
                hint=base_url_hint
                value=proposed_url.unwrap_or_default()
                placeholder="http://localhost:11434/v1"
                input=base_url
            />
            <Field
                id=format!("token-{id}")
                label=word!(i18n, token)
                hint=derive(move || t_string!(i18n, token_hint).to_owned())
                input=token
                is_secret=true
            />
            <Keep
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
                label=word!(i18n, model)
                hint=derive(move || t_string!(i18n, model_hint).to_owned())
                value=proposed_model.unwrap_or_default()
                input=model
            />
            <LocalServers base_url on_use=Callback::new(use_found) />
            <p class="problem" role="alert">{problem}</p>
            {when(
                move || has_reason.get(),
                move || view! {
                    <button class="button" type="button" on:click=click(move |_| find_out())>
                        {word!(i18n, find_out_why)}
                    </button>
                },
            )}
            {part(move || {
                let found = elsewhere()?;
                let use_it = t_string!(i18n, use_base_url, url = found.as_str()).to_string();
                Some(view! {
                    <button
                        class="button"
                        type="button"
                        on:click=click(move |_| repair(found.clone()))
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
                    {word!(i18n, refresh)}
                </button>
                // The card goes on with what it had.
                {when(
                    move || is_custom.get() && kept.get().is_some(),
                    move || {
                        view! {
                            <button
                                class="button"
                                type="button"
                                on:click=click(move |_| page::leave_form(id))
                            >
                                {word!(i18n, cancel)}
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
