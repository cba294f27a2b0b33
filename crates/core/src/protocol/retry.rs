//! Whether and how a failed request is sent again, as a reducer: what was sent and how it failed go
//! in, what is learned of the endpoint and what to do next come out. Nothing here knows of time or
//! network.

use super::{Error, refusal};
use crate::chat::{
    Params,
    params::{self, Param},
};

/// Maximum adaptations of one request: there are two forms besides the usual one.
const MAX_ADAPTATIONS: u32 = 2;

/// Maximum waits for a busy endpoint before one answer.
pub const MAX_WAITS: u32 = 3;

/// An endpoint that asks to be left alone for longer than this is not asked again. In seconds.
const LONGEST_WAIT: u32 = 60;

/// The form of a request that differs among endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// `max_tokens` is called `max_completion_tokens`.
    pub renames_max_tokens: bool,
    /// `stream_options` asks for the number of tokens.
    pub counts_tokens: bool,
}

/// What a refusal teaches about an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// The model demands `max_completion_tokens`.
    RenamesMaxTokens,
    /// The model refuses this parameter.
    Refuses(Param),
    /// The endpoint refuses `stream_options`.
    RefusesToCount,
    /// The endpoint refuses without `stream_options`, too: the lesson before was wrong.
    MayCount,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Send the request again at once, in the form that the lessons lead to.
    Adapt,
    /// Send the same again after a pause.
    Wait {
        /// The pause, in milliseconds.
        pause: f64,
        /// The number of waits so far, this one included.
        attempt: u32,
    },
    /// Give up: the failure is the answer's.
    GiveUp,
}

/// The retries of one answer so far. Once a word of the answer has come, nothing is sent again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Retries {
    adaptations: u32,
    waits: u32,
}

impl Retries {
    /// Decides what follows a failure of a request that was sent in this form with these parameters.
    /// `chance` is a random number from 0 to 1.
    pub fn failed(
        &mut self,
        error: &Error,
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

/// What a refusal teaches, if anything.
fn learn(error: &Error, form: Form, params: &Params) -> Option<Lesson> {
    let Error::Refused {
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
            matches!(status, 400 | 422) && refusal::is_of_field(message) && !wants_rename;
        // Which field of the reader's own JSON is refused, no parameter can say.
        return (is_of_field && named != Param::Json).then_some(Lesson::Refuses(named));
    }
    may_be_of_counting(*status, message).then_some(if form.counts_tokens {
        Lesson::RefusesToCount
    } else {
        Lesson::MayCount
    })
}

/// Whether `stream_options` may be what is refused: some endpoints refuse unknown fields without
/// naming them. A refusal that names another cause is not; [`super::Cause`] knows more causes, but
/// is no part of the page's first chunk.
fn may_be_of_counting(status: u16, message: &str) -> bool {
    let others = [
        "ontext", "too long", "odel", "filter", "safety", "API key", "mage",
    ];
    matches!(status, 400 | 422)
        && (message.contains("stream_options")
            || !others.iter().any(|other| message.contains(other)))
}

/// The pause before the same is sent again, in milliseconds; none where it is not. Only an endpoint
/// that says that it is busy is asked again: when it wants, else after 1, 2 and 4 seconds, give or
/// take a quarter, so that cards that were refused together don't come back together.
fn pause(error: &Error, waits: u32, chance: f64) -> Option<f64> {
    let Error::Refused {
        status: 429 | 503,
        message,
        retry_after,
    } = error
    else {
        return None;
    };
    // Money does not come back by waiting; Gemini speaks of it where a minute is enough.
    let wants_money = message.contains("billing") && !message.contains("retry in");
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
