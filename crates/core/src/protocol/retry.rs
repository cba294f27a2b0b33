//! Retries of failed requests, as a reducer: the request's form and its error go in; a lesson about
//! the endpoint and the next step come out. Nothing here knows of time or network.

use super::{Failure, reason};
use crate::chat::{
    Params,
    params::{self, Param},
};

/// Maximum adaptations of one request: there are two forms besides the usual one.
const MAX_ADAPTATIONS: u32 = 2;

/// Maximum waits for a busy endpoint per answer.
pub const MAX_WAITS: u32 = 3;

/// Maximum accepted `retry_after`, in seconds. A longer one means no retry.
const LONGEST_WAIT: u32 = 60;

/// Variant of a request, which differs among endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// True if `max_tokens` is sent as `max_completion_tokens`.
    pub renames_max_tokens: bool,
    /// True if `stream_options` requests the token counts.
    pub counts_tokens: bool,
}

/// A lesson about an endpoint from a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// The model demands `max_completion_tokens`.
    RenamesMaxTokens,
    /// The model refuses this parameter.
    Refuses(Param),
    /// The endpoint refuses `stream_options`.
    RefusesToCount,
    /// The endpoint refuses without `stream_options`, too: the previous lesson was wrong.
    MayCount,
}

/// The step after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Retry at once, in the form that the lessons lead to.
    Adapt,
    /// Retry in the same form after a pause.
    Wait {
        /// Pause in milliseconds.
        pause: f64,
        /// Number of waits so far, including this one.
        attempt: u32,
    },
    /// Give up: the answer fails with this error.
    GiveUp,
}

/// Retries of one answer so far. After the first token of an answer, nothing is retried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retries {
    adaptations: u32,
    waits: u32,
}

impl Retries {
    /// Decides the step after a failure of a request with this form and these parameters. `chance`
    /// is a random number from 0 to 1.
    pub fn failed(
        &mut self,
        error: &Failure,
        form: Form,
        params: &Params,
        chance: f64,
    ) -> (Option<Lesson>, Next) {
        let mut lesson = None;
        if self.adaptations < MAX_ADAPTATIONS {
            lesson = learn(error, form, params);
            if let Some(Lesson::RenamesMaxTokens | Lesson::RefusesToCount) = lesson {
                self.adaptations += 1;
                return (lesson, Next::Adapt);
            }
        }
        let Some(pause) = pause(error, self.waits, chance) else {
            return (lesson, Next::GiveUp);
        };
        self.waits += 1;
        let attempt = self.waits;
        (lesson, Next::Wait { pause, attempt })
    }
}

/// Returns the lesson of a refusal, if any.
fn learn(error: &Failure, form: Form, params: &Params) -> Option<Lesson> {
    let Failure::Refused {
        status, message, ..
    } = error
    else {
        return None;
    };
    let wants_rename = params::wants_max_completion_tokens(message);
    if wants_rename && !form.renames_max_tokens && params.body(false).contains_key("max_tokens") {
        return Some(Lesson::RenamesMaxTokens);
    }
    if let Some(named) = params.named_in(message) {
        let is_of_field =
            matches!(status, 400 | 422) && reason::is_of_field(message) && !wants_rename;
        // No parameter can name the refused field of the user's own JSON.
        return (is_of_field && named != Param::Json).then_some(Lesson::Refuses(named));
    }
    may_be_of_counting(*status, message).then_some(if form.counts_tokens {
        Lesson::RefusesToCount
    } else {
        Lesson::MayCount
    })
}

/// Returns whether `stream_options` may be refused: some endpoints refuse unknown fields without
/// naming them. A refusal that names another cause does not count; [`super::Reason`] knows more
/// causes, but is not in the page's first chunk.
fn may_be_of_counting(status: u16, message: &str) -> bool {
    let others = [
        "ontext", "too long", "odel", "filter", "safety", "API key", "mage",
    ];
    let names_another = Param::ALL
        .iter()
        .map(|param| param.wire())
        .any(|name| name.contains('_') && message.contains(name));
    matches!(status, 400 | 422)
        && !names_another
        && (message.contains("stream_options")
            || !others.iter().any(|other| message.contains(other)))
}

/// Returns the pause before a retry, in milliseconds; None for no retry. Only a busy endpoint gets
/// one: after its own `retry_after`, else after 1, 2 and 4 seconds, ± 25 %, so that cards refused
/// together don't retry together.
fn pause(error: &Failure, waits: u32, chance: f64) -> Option<f64> {
    let Failure::Refused {
        status: 429 | 503,
        message,
        retry_after,
    } = error
    else {
        return None;
    };
    // Waiting adds no credit; Gemini mentions billing where a minute is enough.
    let is_about_money = message.contains("billing") || reason::is_about_money(message);
    let wants_money = is_about_money && !message.contains("retry in");
    if waits >= MAX_WAITS || wants_money {
        return None;
    }
    match retry_after {
        Some(wanted) if *wanted > LONGEST_WAIT => None,
        Some(wanted) if *wanted > 0 => Some(f64::from(*wanted) * 1000.0),
        _ => Some(f64::from(1000_u32 << waits) * (0.75 + chance / 2.0)),
    }
}

#[cfg(test)]
mod tests;
