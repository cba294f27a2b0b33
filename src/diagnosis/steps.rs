//! The connection doctor, as a reader sees it: each step of [`crate::doctor`] while it is looked at, then
//! one sentence and what helps.

use leptos::prelude::*;
use serde_json::json;

use super::probe::{Inquiry, Question, permission, surroundings};
use crate::{
    chat::params::wants_max_completion_tokens,
    clipboard,
    connect::device::OnDevice,
    doctor::{Cause, Fix, Got, Observed, Permission, Probe, Server, Skip, Step, StepState, fixes},
    endpoint::{
        self, BaseUrl, Endpoint, Invalid,
        suggestion::{self, Needs},
    },
    i18n::{I18n, t_string, use_i18n},
    json,
    library::{Library, Models},
    page::Patient,
    session::Task,
    storage::keys,
    ui::{
        dynamic::{derive, dynamic, memo, on_click, show, t},
        explain::explain_invalid,
        icon::{self, icon},
    },
};

/// What is looked at.
#[derive(Clone)]
struct Subject {
    /// With its token, or why what was typed is none.
    endpoint: Result<Endpoint, Invalid>,
    /// The model to ask; without one, the first that is listed.
    model: Option<String>,
    /// Whether it has answered since the page was opened.
    has_answered: bool,
}

/// A saved endpoint, with its token wherever that is kept: the one place that gets it.
fn saved(library: Library, id: endpoint::Id, model: Option<String>) -> Option<Subject> {
    let endpoint = untrack(|| library.endpoint(id))?;
    let models = untrack(|| library.models(id));
    Some(Subject {
        endpoint: keys::with_token(&endpoint).map_err(|_| Invalid::Locked),
        model,
        has_answered: matches!(models, Some(Models::Listed(_))),
    })
}

/// What is in the doctor's dialog. Of what runs in this browser, there is no connection to look at.
#[component]
pub fn Doctor(patient: Patient) -> impl IntoView {
    let library = expect_context::<Library>();
    let saved = match &patient {
        Patient::Saved(id, _) => untrack(|| library.endpoint(*id)),
        Patient::Typed(..) => None,
    };
    if saved.is_some_and(|saved| saved.base_url.is_on_device()) {
        return view! { <OnDevice /> }.into_any();
    }
    view! { <Examination patient /> }.into_any()
}

#[component]
fn Examination(patient: Patient) -> impl IntoView {
    let i18n = use_i18n();
    let id = match &patient {
        Patient::Saved(id, _) => Some(*id),
        Patient::Typed(..) => None,
    };
    let library = expect_context::<Library>();
    let steps = RwSignal::new(Vec::<(StepState, String)>::new());
    let result = RwSignal::new(None::<Observed>);
    let needs_leave = RwSignal::new(false);
    let address = RwSignal::new(None::<BaseUrl>);
    // Dropping it, with the dialog, ends what is under way.
    let running = StoredValue::new_local(None::<Task>);
    let check = move || {
        let subject = match patient.clone() {
            Patient::Saved(id, model) => saved(library, id, model),
            Patient::Typed(endpoint, model) => Some(Subject {
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
        let show = move |step: Step, standing, observed: &Observed| {
            let seen = seen(i18n, step, observed);
            steps.update(|steps| {
                if let Some(line) = steps.get_mut(step as usize) {
                    *line = (standing, seen);
                }
            });
            // The browser's own question is easily overlooked.
            let is_asked = observed.permission == Some(Permission::Prompt);
            needs_leave.set(is_asked && step == Step::Reach && standing == StepState::Running);
        };
        running.set_value(Some(Task::start(async move {
            let observed = run(subject, show).await;
            result.set(Some(observed));
        })));
    };
    check();
    let check = StoredValue::new_local(check);
    // Each line stays where it is, so that only what has changed is read out.
    let line = move |step: Step| {
        let now = memo(move || steps.with(|steps| steps.get(step as usize).cloned()));
        let standing = move || {
            now.get()
                .map_or(StepState::Waiting, |(standing, _)| standing)
        };
        view! {
            <li class="step" data-standing=derive(move || look_of(standing()).1)>
                {dynamic(move || icon(look_of(standing()).0))}
                <span>{derive(move || step_name(i18n, step))}</span>
                <span class="hint">{derive(move || standing_name(i18n, standing()))}</span>
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

/// What helps, to be copied.
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
    let is_copied = RwSignal::new(false);
    let shown = text.clone();
    let copy = move |_| {
        let text = text.clone();
        leptos::task::spawn_local(async move {
            // Where it can't be copied, it can still be selected.
            if clipboard::copy(&text).await {
                // The dialog may be closed meanwhile.
                let _ = is_copied.try_set(true);
                let over = move || _ = is_copied.try_set(false);
                set_timeout(over, std::time::Duration::from_secs(2));
            }
        });
    };
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

/// Looks at one step after another, and tells of each.
async fn run(subject: Subject, show: impl Fn(Step, StepState, &Observed)) -> Observed {
    let inquiry = Inquiry::new();
    let endpoint = subject.endpoint.as_ref();
    let base_url = endpoint.map(|endpoint| endpoint.base_url.clone());
    let mut observed = Observed {
        has_token: endpoint.is_ok_and(|endpoint| endpoint.token.is_some()),
        has_answered: subject.has_answered,
        model: subject.model.clone(),
        ..surroundings(base_url.map_err(|invalid| *invalid))
    };
    if observed.needs_permission() {
        observed.permission = permission(observed.space()).await;
    }
    for step in Step::ALL {
        if let Some(skip) = observed.skip(step) {
            show(step, StepState::Skipped(skip), &observed);
            continue;
        }
        show(step, StepState::Running, &observed);
        if let Ok(endpoint) = &subject.endpoint {
            look(step, endpoint, &inquiry, &mut observed).await;
        }
        show(step, observed.standing(step), &observed);
        if step == Step::Reach && observed.skip(Step::Permission).is_none() {
            // By now, the browser may have asked the reader.
            observed.permission = permission(observed.space()).await;
            let standing = observed.standing(Step::Permission);
            show(Step::Permission, standing, &observed);
        }
    }
    observed
}

#[expect(
    clippy::disallowed_methods,
    reason = "it sends a request, and so its headers"
)]
/// Looks at one step. The token goes to the endpoint's own server only, and never on from there.
async fn look(step: Step, endpoint: &Endpoint, inquiry: &Inquiry, observed: &mut Observed) {
    let bare = Endpoint {
        token: None,
        ..endpoint.clone()
    };
    let models = |of: &Endpoint, base_url: &BaseUrl| {
        let mut question = Question::get(base_url.join("models")).at(observed);
        question.headers.extend(of.headers_for_models());
        question.timeout = 15_000;
        question
    };
    let base_url = &endpoint.base_url;
    let found = match step {
        Step::Address | Step::Network | Step::Permission => return,
        Step::Reach => {
            let mut question = Question::get(format!("{}/", base_url.origin())).at(observed);
            question.most = 1 << 16;
            if observed.permission == Some(Permission::Prompt) {
                // The reader has to answer first.
                question.timeout = 120_000;
            }
            inquiry.reach(question).await
        }
        Step::Models => inquiry.ask(&models(endpoint, base_url)).await,
        Step::Bare => inquiry.ask(&models(&bare, base_url)).await,
        Step::Version => {
            let version = base_url.with_version();
            let version = version.unwrap_or_else(|| base_url.clone());
            inquiry.ask(&models(endpoint, &version)).await
        }
        Step::Chat => ask(endpoint, inquiry, observed, true).await,
        Step::Whole => ask(endpoint, inquiry, observed, false).await,
    };
    if found.got == Got::Redirect && observed.leads_to.is_none() {
        // Where to, is asked without the token.
        let question = Question {
            follows: true,
            ..models(&bare, base_url)
        };
        let url = inquiry.ask(&question).await.url;
        observed.leads_to = Some(url).filter(|url| !url.is_empty());
    }
    let place = match step {
        Step::Reach => &mut observed.reach,
        Step::Models => &mut observed.models,
        Step::Bare => &mut observed.bare,
        Step::Version => &mut observed.version,
        Step::Chat => &mut observed.chat,
        _ => &mut observed.whole,
    };
    *place = Some(found);
}

/// Asks for an answer of one token.
#[expect(
    clippy::disallowed_methods,
    reason = "it sends a request, and so its headers"
)]
async fn ask(
    endpoint: &Endpoint,
    inquiry: &Inquiry,
    observed: &Observed,
    is_stream: bool,
) -> Probe {
    let question = |limit: &str| {
        let body = json!({
            "model": observed.asked().unwrap_or_default(),
            "messages": [{ "role": "user", "content": "Hi" }],
            limit: 1,
            "stream": is_stream,
        });
        let url = endpoint.base_url.join("chat/completions");
        let mut question = Question::get(url).at(observed);
        question.method = "POST";
        question.body = json::write(&body);
        question.headers = vec![
            ("Accept", "text/event-stream, application/json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        question.headers.extend(endpoint.headers());
        question.timeout = 60_000;
        question.most = 1 << 16;
        question
    };
    let answer = inquiry.ask(&question("max_tokens")).await;
    if answer.status() == Some(400) && wants_max_completion_tokens(&answer.words()) {
        return inquiry.ask(&question("max_completion_tokens")).await;
    }
    answer
}

/// What was seen at a step, in short.
fn seen(i18n: I18n, step: Step, observed: &Observed) -> String {
    let probe = match step {
        Step::Address | Step::Network | Step::Permission => &None,
        Step::Reach => &observed.reach,
        Step::Models => &observed.models,
        Step::Bare => &observed.bare,
        Step::Version => &observed.version,
        Step::Chat => &observed.chat,
        Step::Whole => &observed.whole,
    };
    let Some(probe) = probe else {
        return String::new();
    };
    match probe.got {
        Got::Response => format!("HTTP {} · {} ms", probe.status, probe.ms),
        Got::Opaque => t_string!(i18n, doctor_saw_opaque).to_owned(),
        Got::Redirect => t_string!(i18n, doctor_saw_redirect).to_owned(),
        Got::Failed => t_string!(i18n, doctor_saw_nothing).to_owned(),
        Got::Late => t_string!(i18n, doctor_saw_late).to_owned(),
    }
}

/// How a standing looks: its shape, and its name in the style.
const fn look_of(standing: StepState) -> (&'static str, &'static str) {
    match standing {
        StepState::Waiting => (icon::GRIP, "waiting"),
        StepState::Running => (icon::RESET, "running"),
        StepState::Fine => (icon::DONE, "fine"),
        StepState::Failed => (icon::CLOSE, "failed"),
        StepState::Skipped(_) => (icon::FORWARD, "skipped"),
    }
}

fn step_name(i18n: I18n, step: Step) -> &'static str {
    match step {
        Step::Address => t_string!(i18n, doctor_step_address),
        Step::Network => t_string!(i18n, doctor_step_network),
        Step::Permission => t_string!(i18n, doctor_step_permission),
        Step::Reach => t_string!(i18n, doctor_step_reach),
        Step::Models => t_string!(i18n, doctor_step_models),
        Step::Bare => t_string!(i18n, doctor_step_bare),
        Step::Version => t_string!(i18n, doctor_step_version),
        Step::Chat => t_string!(i18n, doctor_step_chat),
        Step::Whole => t_string!(i18n, doctor_step_whole),
    }
}

fn standing_name(i18n: I18n, standing: StepState) -> &'static str {
    match standing {
        StepState::Waiting => t_string!(i18n, doctor_waiting),
        StepState::Running => t_string!(i18n, doctor_running),
        StepState::Fine => t_string!(i18n, doctor_fine),
        StepState::Failed => t_string!(i18n, doctor_failed),
        StepState::Skipped(Skip::NotNeeded) => t_string!(i18n, doctor_not_needed),
        StepState::Skipped(Skip::NoUse) => t_string!(i18n, doctor_no_use),
        StepState::Skipped(Skip::NoModel) => t_string!(i18n, doctor_no_model),
    }
}

/// The verdict, with the server's own words.
fn explain_cause(i18n: I18n, cause: &Cause) -> String {
    let what = match cause {
        Cause::Fine => t_string!(i18n, cause_fine),
        Cause::Address(invalid) => explain_invalid(i18n, *invalid),
        Cause::MixedContent => t_string!(i18n, cause_mixed),
        Cause::InsecurePage => t_string!(i18n, cause_insecure),
        Cause::Offline => t_string!(i18n, cause_offline),
        Cause::PermissionDenied => t_string!(i18n, cause_denied),
        Cause::PermissionAsked => t_string!(i18n, cause_asked),
        Cause::NothingThere => t_string!(i18n, cause_nothing),
        Cause::NoResponse => t_string!(i18n, cause_no_response),
        Cause::Cors => t_string!(i18n, cause_cors),
        Cause::CorsForChat => t_string!(i18n, cause_cors_chat),
        Cause::Closed => t_string!(i18n, cause_closed),
        Cause::TokenMissing => t_string!(i18n, cause_token_missing),
        Cause::TokenWrong(_) => t_string!(i18n, cause_token_wrong),
        Cause::TokenLikely => t_string!(i18n, cause_token_likely),
        Cause::Path(found) => {
            return t_string!(i18n, cause_path, url = found.as_str()).to_string();
        }
        Cause::NotFound => t_string!(i18n, cause_not_found),
        Cause::NotOpenAi => t_string!(i18n, cause_not_openai),
        Cause::Redirected(_) => t_string!(i18n, cause_redirected),
        Cause::NoModels => t_string!(i18n, cause_no_models),
        Cause::Model(_) => t_string!(i18n, cause_model),
        Cause::Busy(_) => t_string!(i18n, cause_busy),
        Cause::LoadingModel(_) => t_string!(i18n, cause_loading),
        Cause::Quota(_) => t_string!(i18n, cause_quota),
        Cause::ServerError(status, words) => {
            let what = t_string!(i18n, cause_server, status = *status).to_string();
            return with_words(i18n, &what, words);
        }
        Cause::Refused(status, words) => {
            let what = t_string!(i18n, cause_refused, status = *status).to_string();
            return with_words(i18n, &what, words);
        }
        Cause::NoStreaming => t_string!(i18n, cause_no_streaming),
        Cause::Slow(seconds) => {
            return t_string!(i18n, cause_slow, seconds = *seconds).to_string();
        }
    };
    match cause {
        Cause::TokenWrong(words)
        | Cause::Busy(words)
        | Cause::LoadingModel(words)
        | Cause::Quota(words) => with_words(i18n, what, words),
        _ => what.to_owned(),
    }
}

fn with_words(i18n: I18n, what: &str, words: &str) -> String {
    if words.is_empty() {
        return what.to_owned();
    }
    let said = t_string!(i18n, server_said, words = words).to_string();
    format!("{what} {said}")
}

/// What to do now.
fn advise(i18n: I18n, cause: &Cause, observed: &Observed) -> String {
    let server = observed.server();
    let name = server.name();
    let origin = &*observed.page;
    let advice = match cause {
        Cause::Fine => t_string!(i18n, advice_fine),
        Cause::Address(_) => return String::new(),
        Cause::MixedContent => t_string!(i18n, advice_mixed),
        Cause::InsecurePage => t_string!(i18n, advice_insecure),
        Cause::Offline => t_string!(i18n, advice_offline),
        Cause::PermissionDenied => t_string!(i18n, advice_denied),
        Cause::PermissionAsked => t_string!(i18n, advice_asked),
        Cause::NothingThere if observed.space() == crate::doctor::Space::Loopback => match server {
            Server::Jan => t_string!(i18n, advice_start_jan),
            _ if server.is_started() => {
                return t_string!(i18n, advice_start, server = name).to_string();
            }
            _ => t_string!(i18n, advice_nothing),
        },
        Cause::NothingThere => t_string!(i18n, advice_nothing),
        Cause::NoResponse => t_string!(i18n, advice_no_response),
        Cause::Cors | Cause::CorsForChat => match server {
            Server::Ollama => {
                return t_string!(i18n, advice_allow_ollama, origin = origin).to_string();
            }
            Server::LmStudio => t_string!(i18n, advice_allow_lm_studio),
            Server::Jan => t_string!(i18n, advice_allow_jan),
            Server::LlamaSwap => t_string!(i18n, advice_allow_llama_swap),
            Server::BackendAi => t_string!(i18n, advice_allow_backend_ai),
            Server::Vllm => {
                return t_string!(i18n, advice_allow_vllm, origin = origin).to_string();
            }
            Server::LlamaCpp | Server::LiteLlm => {
                return t_string!(i18n, advice_allow, server = name, origin = origin).to_string();
            }
            Server::Service | Server::Closed | Server::Unknown => {
                return t_string!(i18n, advice_allow_proxy, origin = origin).to_string();
            }
        },
        Cause::Closed => t_string!(i18n, advice_closed),
        Cause::TokenMissing | Cause::TokenWrong(_) | Cause::TokenLikely => {
            t_string!(i18n, advice_token)
        }
        Cause::Path(_) => t_string!(i18n, advice_path),
        Cause::NotFound | Cause::NotOpenAi => t_string!(i18n, advice_not_found),
        Cause::Redirected(Some(_)) => t_string!(i18n, advice_redirected),
        Cause::Redirected(None) => t_string!(i18n, advice_redirected_unknown),
        Cause::NoModels => t_string!(i18n, advice_no_models),
        Cause::Model(listed) if listed.is_empty() => t_string!(i18n, advice_model_unknown),
        Cause::Model(listed) => {
            let models = listed.join(", ");
            return t_string!(i18n, advice_model, models = models).to_string();
        }
        Cause::Busy(_) | Cause::LoadingModel(_) => t_string!(i18n, advice_wait),
        Cause::Quota(_) => t_string!(i18n, advice_quota),
        Cause::ServerError(..) | Cause::Refused(..) => t_string!(i18n, advice_server),
        Cause::NoStreaming => t_string!(i18n, advice_no_streaming),
        Cause::Slow(_) => t_string!(i18n, advice_slow),
    };
    advice.to_owned()
}

/// Where a key for a service is made.
fn key_link(cause: &Cause, observed: &Observed) -> Option<&'static str> {
    let is_about_token = matches!(
        cause,
        Cause::TokenMissing | Cause::TokenWrong(_) | Cause::TokenLikely
    );
    let host = observed.base_url.as_ref().ok()?.host();
    suggestion::ALL.iter().find_map(|suggestion| {
        let url = BaseUrl::parse(suggestion.base_url).ok()?;
        match suggestion.needs {
            Needs::Key(link) if is_about_token && url.host() == host => Some(link),
            _ => None,
        }
    })
}
