//! The connection doctor's dialog: each step of [`crate::doctor`] while it runs, then one sentence and the
//! fixes.

use leptos::prelude::*;

use super::examine::{Subject, run, saved};
use super::words::{advise, explain_cause, key_link, look_of, seen, state_name, step_name};
use crate::{
    connect::device::OnDevice,
    doctor::{Cause, Fix, Observed, Permission, Step, StepState, fixes},
    endpoint::BaseUrl,
    i18n::{t_string, use_i18n},
    library::Library,
    page::Target,
    session::Task,
    ui::{
        copying::copying,
        dynamic::{derive, dynamic, memo, on_click, show, t},
        icon::{self, icon},
    },
};

/// The content of the doctor's dialog. Models in this browser have no connection to examine.
#[component]
pub fn Doctor(target: Target) -> impl IntoView {
    let library = expect_context::<Library>();
    let saved = match &target {
        Target::Saved(id, _) => untrack(|| library.endpoint(*id)),
        Target::Typed(..) => None,
    };
    if saved.is_some_and(|saved| saved.base_url.is_on_device()) {
        return view! { <OnDevice /> }.into_any();
    }
    view! { <Examination target /> }.into_any()
}

#[component]
fn Examination(target: Target) -> impl IntoView {
    let i18n = use_i18n();
    let id = match &target {
        Target::Saved(id, _) => Some(*id),
        Target::Typed(..) => None,
    };
    let library = expect_context::<Library>();
    let steps = RwSignal::new(Vec::<(StepState, String)>::new());
    let result = RwSignal::new(None::<Observed>);
    let needs_leave = RwSignal::new(false);
    let address = RwSignal::new(None::<BaseUrl>);
    // Dropping it, with the dialog, ends the examination.
    let running = StoredValue::new_local(None::<Task>);
    let check = move || {
        let subject = match target.clone() {
            Target::Saved(id, model) => saved(library, id, model),
            Target::Typed(endpoint, model) => Some(Subject {
                endpoint,
                model,
                has_answered: false,
            }),
        };
        let Some(subject) = subject else {
            return;
        };
        result.set(None);
        needs_leave.set(false);
        address.set(subject.endpoint.as_ref().ok().map(|it| it.base_url.clone()));
        steps.set(vec![(StepState::Waiting, String::new()); Step::ALL.len()]);
        let show = move |step: Step, state, observed: &Observed| {
            let seen = seen(i18n, step, observed);
            steps.update(|steps| {
                if let Some(line) = steps.get_mut(step as usize) {
                    *line = (state, seen);
                }
            });
            // The browser's own prompt is easily overlooked.
            let is_asked = observed.permission == Some(Permission::Prompt);
            needs_leave.set(is_asked && step == Step::Reach && state == StepState::Running);
        };
        running.set_value(Some(Task::start(async move {
            let observed = run(subject, show).await;
            result.set(Some(observed));
        })));
    };
    check();
    let check = StoredValue::new_local(check);
    // Each line stays in place, so that screen readers announce only changes.
    let line = move |step: Step| {
        let now = memo(move || steps.with(|steps| steps.get(step as usize).cloned()));
        let state = move || now.get().map_or(StepState::Waiting, |(state, _)| state);
        view! {
            <li class="step" data-state=derive(move || look_of(state()).1)>
                {dynamic(move || icon(look_of(state()).0))}
                <span>{derive(move || step_name(i18n, step))}</span>
                <span class="hint">{derive(move || state_name(i18n, state()))}</span>
                <small class="hint">{derive(move || now.get().map(|(_, seen)| seen))}</small>
            </li>
        }
    };
    let lines = Step::ALL.map(line).into_iter().collect_view();
    let verdict = derive(move || {
        let observed = result.get()?;
        Some(explain_cause(i18n, &observed.diagnose()))
    });
    let is_fine = move || {
        let cause = result.with(|observed| observed.as_ref().map(Observed::diagnose));
        matches!(cause, Some(Cause::Fine))
    };
    let help = dynamic(move || {
        let observed = result.get()?;
        let cause = observed.diagnose();
        let advice = advise(i18n, &cause, &observed);
        let found = match (&cause, id) {
            (Cause::Path(found), Some(id)) => Some((id, found.clone())),
            _ => None,
        };
        let key_page = key_link(&cause, &observed);
        Some(view! {
            <p>
                {advice}
                {key_page.map(|url| view! {
                    " " {t_string!(i18n, needs_key)} " "
                    <a href=url target="_blank" rel="noopener noreferrer">{url}</a>
                })}
            </p>
            <Fixes fixes=fixes(&cause, &observed) />
            {found.map(|(id, found)| {
                let use_it = t_string!(i18n, use_base_url, url = found.as_str()).to_string();
                view! {
                    <button
                        class="button"
                        on:click=on_click(move |_| {
                            library.use_base_url(id, found.clone());
                            check.with_value(|check| check());
                        })
                    >
                        {use_it}
                    </button>
                }
            })}
        })
    });
    let intro = derive(move || match address.get() {
        Some(url) => t_string!(i18n, doctor_intro, url = url.as_str()).to_string(),
        None => t_string!(i18n, doctor_intro_bad).to_owned(),
    });
    view! {
        <div class="doctor">
            <p class="hint">{intro}</p>
            <ol class="steps" aria-live="polite">{lines}</ol>
            {show(move || needs_leave.get(), move || view! {
                <p class="notice" role="status">{t!(i18n, doctor_allow_now)}</p>
            })}
            <p class="verdict" class:problem=derive(move || !is_fine()) role="status">{verdict}</p>
            {help}
            {show(move || result.with(Option::is_some), move || view! {
                <button class="button" on:click=on_click(move |_| check.with_value(|check| check()))>
                    {t!(i18n, check_again)}
                </button>
            })}
        </div>
    }
}

/// The fixes, to be copied.
#[component]
pub fn Fixes(fixes: Vec<Fix>) -> impl IntoView {
    fixes
        .into_iter()
        .map(|fix| view! { <FixView fix /> })
        .collect_view()
}

#[component]
fn FixView(fix: Fix) -> impl IntoView {
    let i18n = use_i18n();
    let Fix { on, text } = fix;
    let shown = text.clone();
    let (copy, is_copied) = copying(text);
    view! {
        <div class="fix">
            <div class="fix-head">
                <strong>{on}</strong>
                <span class="hint" role="status">
                    {derive(move || is_copied.get().then(|| t_string!(i18n, copied)))}
                </span>
                <button class="button" type="button" aria-description=on on:click=on_click(copy)>
                    {icon(icon::COPY)}
                    {t!(i18n, copy)}
                </button>
            </div>
            <pre tabindex="0"><code>{shown}</code></pre>
        </div>
    }
}
