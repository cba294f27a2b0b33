use super::*;

use proptest::prelude::*;

#[test]
fn the_endpoints_words_are_found_in_every_shape() {
    #[track_caller]
    fn check(body: &str, words: &str, status: Option<u16>) {
        let expected = Refusal {
            words: words.into(),
            status,
        };
        assert_eq!(Refusal::read(body), expected);
    }
    // OpenAI
    check(
        r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
        "Incorrect API key provided",
        None,
    );
    check(
        r#"{"error":{"message":"Not supported with this model.","type":"invalid_request_error","param":"stop","code":"unsupported_value"}}"#,
        "stop: Not supported with this model.",
        None,
    );
    check(
        r#"{"error":{"message":"요청이 잘못되었습니다.","code":"context_length_exceeded"}}"#,
        "context_length_exceeded: 요청이 잘못되었습니다.",
        None,
    );
    // FastAPI
    check(r#"{"detail":"Not Found"}"#, "Not Found", None);
    check(
        r#"{"detail":[{"loc":["body","top_k"],"msg":"Extra inputs are not permitted"},{"msg":"b"}]}"#,
        "top_k: Extra inputs are not permitted · b",
        None,
    );
    // Gemini
    check(
        r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
        "API key not valid. Please pass a valid API key.",
        Some(400),
    );
    // Anthropic
    check(
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "Overloaded",
        Some(529),
    );
    // llama.cpp, with the figures in fields only
    check(
        r#"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":30031,"n_ctx":2048}}"#,
        "the request exceeds the available context size (n_prompt_tokens: 30031, n_ctx: 2048)",
        Some(400),
    );
    // Ollama
    check(
        r#"{"error":"model 'x' not found"}"#,
        "model 'x' not found",
        None,
    );
    // LiteLLM
    check(
        r#"{"error":{"message":"litellm.BadRequestError: no","type":null,"param":null,"code":"400"}}"#,
        "litellm.BadRequestError: no",
        Some(400),
    );
    // OpenRouter
    check(
        r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"slow down\"}}","provider_name":"X"}}}"#,
        "Provider returned error · slow down",
        Some(429),
    );
    check(
        r#"{"error":{"message":"Provider returned error","code":502,"metadata":{"raw":"upstream gone"}}}"#,
        "Provider returned error · upstream gone",
        Some(502),
    );
    check(r#"{"message":"no"}"#, "no", None);
    // Backend.AI
    check(
        r#"{"type":"https://api.backend.ai/probs/auth-failed","title":"Credential/signature mismatch."}"#,
        "Credential/signature mismatch.",
        None,
    );
    // pages
    check(
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>…",
        "502 Bad Gateway",
        None,
    );
    check(
        "<!DOCTYPE html><TITLE lang=en>\n 가 |  나 </TITLE>",
        "가 | 나",
        None,
    );
    check("  <!doctype html><h1>502</h1>", "", None);
    check("<title>cut", "", None);
    check("Loading model", "Loading model", None);
    check("", "", None);
    check("a\u{0}\u{1b}[31mb", "a[31mb", None);
    check(&"가".repeat(600), &format!("{}…", "가".repeat(500)), None);
}

#[test]
fn a_hostile_depth_is_no_words() {
    for open in ["[", "{\"error\":", "{\"detail\":["] {
        let body = open.repeat(1_000_000);
        assert_eq!(Refusal::read(&body).words.chars().count(), 501);
    }
}

proptest! {
    #[test]
    fn any_words_are_taken(body: String, status: u16) {
        let said = Refusal::read(&body);
        Reason::classify(status, &said.words);
    }

    #[test]
    fn any_fields_are_taken(
        names in prop::collection::vec("error|message|detail|code|type|param|loc|metadata|raw|[a-z]", 1..6),
        text in ".{0,40}",
        as_list: bool,
    ) {
        let inner = Value::String(text);
        let value = names.into_iter().fold(inner, |value, name| {
            let value = if as_list { Value::Array(vec![value]) } else { value };
            Value::Object([(name, value)].into_iter().collect())
        });
        let said = Refusal::of(&value);
        prop_assert!(said.words.chars().count() <= 501);
    }
}
