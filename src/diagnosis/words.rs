//! The doctor's messages: on a step, on a cause, and the advice.

use crate::{
    doctor::{Cause, Got, Observed, Skip, Step, StepState},
    endpoint::{Server, server::Access},
    i18n::{I18n, t_string},
    ui::{
        explain::explain_invalid,
        icon::{self},
    },
};

/// The result of a step, in short.
pub(super) fn seen(i18n: I18n, step: Step, observed: &Observed) -> String {
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

/// The look of a step's state: its icon, and its name in the CSS.
pub(super) const fn look_of(state: StepState) -> (&'static str, &'static str) {
    match state {
        StepState::Waiting => (icon::GRIP, "waiting"),
        StepState::Running => (icon::RESET, "running"),
        StepState::Fine => (icon::DONE, "fine"),
        StepState::Failed => (icon::CLOSE, "failed"),
        StepState::Skipped(_) => (icon::FORWARD, "skipped"),
    }
}

pub(super) fn step_name(i18n: I18n, step: Step) -> &'static str {
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

pub(super) fn state_name(i18n: I18n, state: StepState) -> &'static str {
    match state {
        StepState::Waiting => t_string!(i18n, doctor_waiting),
        StepState::Running => t_string!(i18n, doctor_running),
        StepState::Fine => t_string!(i18n, doctor_fine),
        StepState::Failed => t_string!(i18n, doctor_failed),
        StepState::Skipped(Skip::NotNeeded) => t_string!(i18n, doctor_not_needed),
        StepState::Skipped(Skip::NoUse) => t_string!(i18n, doctor_no_use),
        StepState::Skipped(Skip::NoModel) => t_string!(i18n, doctor_no_model),
    }
}

/// The verdict, with the server's own message.
pub(super) fn explain_cause(i18n: I18n, cause: &Cause) -> String {
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

pub(super) fn with_words(i18n: I18n, what: &str, words: &str) -> String {
    if words.is_empty() {
        return what.to_owned();
    }
    let said = t_string!(i18n, server_said, words = words).to_string();
    format!("{what} {said}")
}

/// The advice on a cause.
pub(super) fn advise(i18n: I18n, cause: &Cause, observed: &Observed) -> String {
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
            _ => {
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

/// The page that makes a service's key.
pub(super) fn key_link(cause: &Cause, observed: &Observed) -> Option<&'static str> {
    let is_about_token = matches!(
        cause,
        Cause::TokenMissing | Cause::TokenWrong(_) | Cause::TokenLikely
    );
    match observed.server().access() {
        Access::Key(link) if is_about_token && !link.is_empty() => Some(link),
        _ => None,
    }
}
