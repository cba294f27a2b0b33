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

fn refused(status: u16, message: &str, retry_after: Option<u32>) -> Failure {
    Failure::Refused {
        status,
        message: message.to_owned(),
        retry_after,
    }
}

/// Returns parameters in use, with these on.
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

/// Checks the decision after the first failure.
#[test]
fn a_failure_is_adapted_to_waited_out_or_given_up() {
    use Lesson::{MayCount, Refuses, RefusesToCount, RenamesMaxTokens};
    use Next::{Adapt, GiveUp};

    #[track_caller]
    fn check(error: Failure, form: Form, params: &Params, expected: (Option<Lesson>, Next)) {
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
        Failure::Unreachable,
        Failure::Empty,
        Failure::CutOff,
        Failure::Redirected,
        Failure::Locked,
        Failure::TooMuch,
    ] {
        check(error, USUAL, none, give_up);
    }
    let reported = Failure::Reported {
        message: "stream_options".to_owned(),
        status: Some(429),
    };
    check(reported, USUAL, none, give_up);

    // Busy: retry when the endpoint asks for it, else soon.
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
    check(refused(429, "余额不足，请充值", None), USUAL, none, give_up);
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

    // The newer name of `max_tokens`.
    let renames = (Some(RenamesMaxTokens), Adapt);
    check(refused(400, rename, None), USUAL, max, renames);
    check(refused(422, rename, None), UNCOUNTED, max, renames);
    check(refused(400, rename, None), RENAMED, max, give_up);

    // A parameter that the model does not support: the user decides.
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

    // Counting tokens, which the user does not control.
    let stops_counting = (Some(RefusesToCount), Adapt);
    check(
        refused(400, "unknown: stream_options", None),
        USUAL,
        none,
        stops_counting,
    );
    check(refused(422, "", None), USUAL, none, stops_counting);
    // A refusal that names another field is not about it, whether or not that was sent.
    check(refused(400, "unknown: top_k", None), USUAL, none, give_up);
    check(
        refused(400, "max_tokens is too large: 9", None),
        USUAL,
        none,
        give_up,
    );
    check(
        refused(400, "", None),
        UNCOUNTED,
        none,
        (Some(MayCount), GiveUp),
    );
    check(refused(404, "stream_options", None), USUAL, none, give_up);
}

/// Checks the decisions after a series of failures, each with the form that was sent.
#[test]
fn neither_adaptations_nor_waits_go_on_for_ever() {
    #[track_caller]
    fn check(failures: &[(Failure, Form)], expected: &[Next]) {
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
    // A server that contradicts itself does not get requests forever.
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
