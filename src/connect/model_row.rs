//! A model that can run in the browser: its state and its actions.

use super::on_device::{Kind, Model, State, download, megabytes, speed, time};
use super::on_device::{cancel, remove_model};
use crate::{
    i18n::{t_string, use_i18n},
    library::Library,
    number::fixed,
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, show},
        explain::Words,
        focus::focus_if_lost,
    },
};
use leptos::{html, prelude::*, task::spawn_local};

/// The row of one model.
#[component]
pub(super) fn ModelRow(
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
    // The pressed button goes away, and takes the focus with it.
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
            // It ended without the model: a later download was not requested here.
            if !done.is_ok_and(|done| done.is_truthy()) {
                let _ = wanted.try_update(|wanted| wanted.take_if(|wanted| *wanted == id));
            }
        });
    };
    let status = derive(move || match state.get() {
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
    // A screen reader announces start and end, not each number.
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
    // The same buttons stay, and keep the focus.
    let shown = memo(move || match state.get() {
        State::Checking => State::Fetching,
        // The user can't fix this here.
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
            <small class="hint">{status}</small>
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
