use super::*;
use serde_json::json;

/// Returns parameters in use, with only these on.
fn only(set: &[(Param, Value)]) -> Params {
    let mut params = Params {
        in_use: true,
        ..Params::default()
    };
    for param in Param::ALL {
        let value = set.iter().find(|(other, _)| *other == param);
        let setting = Setting {
            is_on: value.is_some(),
            value: value.map_or(param.start().value, |(_, value)| value.clone()),
        };
        params.set(param, setting);
    }
    params
}

#[test]
fn what_is_on_is_sent() {
    #[track_caller]
    fn check(params: &Params, expected: Value) {
        assert_eq!(Value::Object(params.body(false)), expected);
    }
    check(&Params::default(), json!({}));
    let start = Params {
        in_use: true,
        ..Params::default()
    };
    check(
        &start,
        json!({
            "max_tokens": 4096, "temperature": 0.7, "top_p": 1, "top_k": 40,
            "frequency_penalty": 0, "presence_penalty": 0,
        }),
    );
    let off = Params {
        in_use: false,
        ..only(&[(Param::TopK, json!(7))])
    };
    check(&off, json!({}));
    check(&only(&[(Param::TopK, json!(7))]), json!({ "top_k": 7 }));
    let stop = |text: &str| only(&[(Param::Stop, json!(text))]);
    check(&stop("END\n\n\\n\\n"), json!({ "stop": ["END", "\n\n"] }));
    check(&stop("\n"), json!({}));
    check(
        &only(&[(Param::ResponseFormat, json!("json_object"))]),
        json!({ "response_format": { "type": "json_object" } }),
    );
    check(
        &only(&[(Param::ReasoningEffort, json!("low"))]),
        json!({ "reasoning_effort": "low" }),
    );
    let with_json =
        |text: &str| only(&[(Param::Temperature, json!(0.5)), (Param::Json, json!(text))]);
    check(
        &with_json(r#"{"n":1,"temperature":0}"#),
        json!({ "n": 1, "temperature": 0 }),
    );
    check(&with_json("{"), json!({ "temperature": 0.5 }));
    check(
        &with_json(r#"{"model":"x"}"#),
        json!({ "temperature": 0.5 }),
    );
    let renamed = only(&[(Param::MaxTokens, json!(9))]).body(true);
    assert_eq!(
        Value::Object(renamed),
        json!({ "max_completion_tokens": 9 })
    );
}

#[test]
fn what_is_as_at_the_start_is_not_stored() {
    let mut params = Params::default();
    let cold = Setting {
        is_on: true,
        value: json!(0),
    };
    params.set(Param::Temperature, cold.clone());
    assert_eq!(params.setting(Param::Temperature), cold);
    params.set(Param::Temperature, Param::Temperature.start());
    assert_eq!(params, Params::default());
}

#[test]
fn whole_numbers_have_no_fraction() {
    #[track_caller]
    fn check(value: f64, expected: &str) {
        assert_eq!(number(value).to_string(), expected);
    }
    check(40.0, "40");
    check(0.7, "0.7");
    check(-0.05, "-0.05");
    check(f64::NAN, "null");
}

#[test]
fn a_refused_parameter_is_found() {
    #[track_caller]
    fn check(refusal: &str, expected: Option<Param>) {
        let params = only(&[
            (Param::MaxTokens, json!(1)),
            (Param::Temperature, json!(1)),
            (Param::TopK, json!(1)),
            (Param::Json, json!(r#"{"chat_template_kwargs":{}}"#)),
        ]);
        assert_eq!(params.named_in(refusal), expected);
    }
    // OpenAI; Mistral, as read from `detail`; transformers serve
    check(
        "Unrecognized request argument supplied: top_k",
        Some(Param::TopK),
    );
    check("top_k: Extra inputs are not permitted", Some(Param::TopK));
    check(
        "Unexpected fields in the request: {'top_k'}",
        Some(Param::TopK),
    );
    check(
        "Unsupported value: 'temperature' does not support 0.7 with this model.",
        Some(Param::Temperature),
    );
    check(
        "'max_tokens' or 'max_completion_tokens' is too large: 4096.",
        Some(Param::MaxTokens),
    );
    check("chat_template_kwargs is unknown", Some(Param::Json));
    check(
        "unknown field `top_k`, expected one of `messages`, `max_tokens`, `temperature`",
        Some(Param::TopK),
    );
    check("top_p is not supported", None);
    check("the temperatures are high", None);
    check("", None);
}

#[test]
fn the_newer_name_of_max_tokens_is_asked_for() {
    #[track_caller]
    fn check(refusal: &str, expected: bool) {
        assert_eq!(wants_max_completion_tokens(refusal), expected);
    }
    check(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        true,
    );
    check(
        "'max_tokens' or 'max_completion_tokens' is too large: 4096.",
        false,
    );
}
