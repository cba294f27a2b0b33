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
mod tests {
    use super::*;
    use crate::chat::params::Setting;
    use serde_json::{Value, json};

    const USUAL: Form = Form {
        renames_max_tokens: false,
        counts_tokens: true,
    };
    const RENAMED: Form = Form {
        renames_max_tokens: true,
        ..USUAL
    };
    const UNCOUNTED: Form = Form {
        counts_tokens: false,
        ..USUAL
    };

    fn refused(status: u16, message: &str, retry_after: Option<u32>) -> Error {
        Error::Refused {
            status,
            message: message.to_owned(),
            retry_after,
        }
    }

    /// Parameters in use, with these on.
    fn with(settings: &[(Param, Value)]) -> Params {
        let mut params = Params {
            in_use: true,
            ..Params::default()
        };
        for param in Param::ALL {
            let mut setting = params.setting(param);
            setting.is_on = false;
            params.set(param, setting);
        }
        for (param, value) in settings {
            params.set(
                *param,
                Setting {
                    is_on: true,
                    value: value.clone(),
                },
            );
        }
        params
    }

    /// What the first failure leads to.
    #[test]
    fn a_failure_is_adapted_to_waited_out_or_given_up() {
        use Lesson::{MayCount, Refuses, RefusesToCount, RenamesMaxTokens};
        use Next::{Adapt, GiveUp};

        #[track_caller]
        fn check(error: Error, form: Form, params: &Params, expected: (Option<Lesson>, Next)) {
            let decided = Retries::default().failed(&error, form, params, 0.5);
            assert_eq!(decided, expected, "{error:?}");
        }
        let wait = |pause| (None, Next::Wait { pause, attempt: 1 });
        let give_up = (None, GiveUp);
        let none = &with(&[]);
        let max = &with(&[(Param::MaxTokens, json!(9))]);
        let top_k = &with(&[(Param::TopK, json!(9))]);
        let own = &with(&[(Param::Json, json!(r#"{"min_tokens": 1}"#))]);
        let rename = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.";

        // Nothing was refused.
        for error in [
            Error::Unreachable,
            Error::Empty,
            Error::CutOff,
            Error::Redirected,
            Error::Locked,
            Error::TooMuch,
        ] {
            check(error, USUAL, none, give_up);
        }
        let reported = Error::Reported {
            message: "stream_options".to_owned(),
            status: Some(429),
        };
        check(reported, USUAL, none, give_up);

        // Busy: when it wants, else soon.
        check(refused(429, "", None), USUAL, none, wait(1000.0));
        check(refused(503, "", None), USUAL, none, wait(1000.0));
        check(refused(503, "", Some(0)), USUAL, none, wait(1000.0));
        check(refused(429, "", Some(7)), USUAL, none, wait(7000.0));
        check(refused(429, "", Some(60)), USUAL, none, wait(60_000.0));
        check(refused(429, "", Some(61)), USUAL, none, give_up);
        check(
            refused(429, "Check your billing", None),
            USUAL,
            none,
            give_up,
        );
        let minute = refused(429, "Check your billing, retry in 20 s", Some(20));
        check(minute, USUAL, none, wait(20_000.0));

        // Refused for good.
        for status in [401, 403, 404, 408, 413, 500, 502, 504] {
            check(refused(status, "no", Some(1)), USUAL, none, give_up);
        }
        check(refused(400, "unknown model", None), USUAL, none, give_up);
        check(
            refused(400, "the context is too long", None),
            USUAL,
            none,
            give_up,
        );
        check(
            refused(400, "API key not valid", None),
            USUAL,
            none,
            give_up,
        );

        // The newer name of the most tokens.
        let renames = (Some(RenamesMaxTokens), Adapt);
        check(refused(400, rename, None), USUAL, max, renames);
        check(refused(422, rename, None), UNCOUNTED, max, renames);
        check(refused(400, rename, None), RENAMED, max, give_up);

        // A parameter that the model does not take: the reader decides.
        let refuses = (Some(Refuses(Param::TopK)), GiveUp);
        check(
            refused(400, "Unrecognized field: top_k", None),
            USUAL,
            top_k,
            refuses,
        );
        check(
            refused(422, "top_k: extra inputs are not permitted", None),
            USUAL,
            top_k,
            refuses,
        );
        check(
            refused(400, "top_k must be below 5", None),
            USUAL,
            top_k,
            give_up,
        );
        check(refused(500, "unknown: top_k", None), USUAL, top_k, give_up);
        check(
            refused(400, "unknown: min_tokens", None),
            USUAL,
            own,
            give_up,
        );

        // Counting tokens, which is in no reader's hands.
        let stops_counting = (Some(RefusesToCount), Adapt);
        check(
            refused(400, "unknown: stream_options", None),
            USUAL,
            none,
            stops_counting,
        );
        check(refused(422, "", None), USUAL, none, stops_counting);
        check(
            refused(400, "unknown: top_k", None),
            USUAL,
            none,
            stops_counting,
        );
        check(
            refused(400, "", None),
            UNCOUNTED,
            none,
            (Some(MayCount), GiveUp),
        );
        check(refused(404, "stream_options", None), USUAL, none, give_up);
    }

    /// What a series of failures leads to, each with the form that was sent.
    #[test]
    fn neither_adaptations_nor_waits_go_on_for_ever() {
        #[track_caller]
        fn check(failures: &[(Error, Form)], expected: &[Next]) {
            let params = with(&[(Param::MaxTokens, json!(9))]);
            let mut retries = Retries::default();
            let failed = failures.iter();
            let decided: Vec<_> = failed
                .map(|(error, form)| retries.failed(error, *form, &params, 0.5).1)
                .collect();
            assert_eq!(decided, expected);
        }
        let wait = |pause, attempt| Next::Wait { pause, attempt };
        let busy = (refused(503, "", None), USUAL);
        check(
            &[busy.clone(), busy.clone(), busy.clone(), busy.clone()],
            &[
                wait(1000.0, 1),
                wait(2000.0, 2),
                wait(4000.0, 3),
                Next::GiveUp,
            ],
        );
        let rename = "max_tokens: use max_completion_tokens instead";
        let (renamed, counted) = (refused(400, rename, None), refused(400, "", None));
        let both = Form {
            counts_tokens: false,
            ..RENAMED
        };
        check(
            &[
                (renamed.clone(), USUAL),
                busy,
                (counted.clone(), RENAMED),
                (counted.clone(), both),
            ],
            &[Next::Adapt, wait(1000.0, 1), Next::Adapt, Next::GiveUp],
        );
        // A server that contradicts itself is not asked for ever.
        check(
            &[
                (renamed.clone(), USUAL),
                (renamed.clone(), USUAL),
                (renamed, USUAL),
            ],
            &[Next::Adapt, Next::Adapt, Next::GiveUp],
        );
    }

    #[test]
    fn cards_that_were_refused_together_come_back_apart() {
        let pauses = [0.0, 0.5, 1.0].map(|chance| {
            let busy = refused(429, "", None);
            Retries::default()
                .failed(&busy, USUAL, &with(&[]), chance)
                .1
        });
        let expected = [750.0, 1000.0, 1250.0].map(|pause| Next::Wait { pause, attempt: 1 });
        assert_eq!(pauses, expected);
    }
}
