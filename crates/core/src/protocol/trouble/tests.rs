use super::*;

#[test]
fn whatever_tells_of_an_error_is_one() {
    #[track_caller]
    fn check(name: &str, json: &str, expected: Option<(&str, Option<u16>)>) {
        let value = serde_json::from_str(json).unwrap();
        let expected = expected.map(|(message, status)| {
            Certain(Failure::Reported {
                message: message.into(),
                status,
            })
        });
        assert_eq!(Chunk(&value).trouble(name), expected, "{json}");
    }
    check(
        "",
        r#"{"error":{"message":"overloaded","code":503}}"#,
        Some(("overloaded", Some(503))),
    );
    check(
        "",
        r#"{"error":"no","choices":[{"delta":{"content":""}}]}"#,
        Some(("no", None)),
    );
    check("", r#"{"error":{}}"#, Some(("", None)));
    check("", r#"{"error":true,"message":"no"}"#, Some(("no", None)));
    check(
        "",
        r#"{"choices":[{"delta":{},"error":{"code":502,"message":"idle"}}]}"#,
        Some(("idle", Some(502))),
    );
    check(
        "",
        r#"{"choices":[],"error":{"message":"no"}}"#,
        Some(("no", None)),
    );
    check(
        "",
        r#"{"object":"error","message":"no","code":400}"#,
        Some(("no", Some(400))),
    );
    check(
        "",
        r#"{"code":500,"message":"no","data":{"answer":""}}"#,
        Some(("no", Some(500))),
    );
    check(
        "",
        r#"{"code":"Throttling","message":"slower"}"#,
        Some(("Throttling: slower", None)),
    );
    check("", r#"{"code":"Unknown"}"#, Some(("Unknown", None)));
    check("", r#"{"detail":"no"}"#, Some(("no", None)));
    check(
        "",
        r#"{"errors":[{"message":"a"},{"message":"b"}]}"#,
        Some(("a · b", None)),
    );
    check(
        "",
        r#"{"choices":null,"base_resp":{"status_code":1008,"status_msg":"no"}}"#,
        Some(("no", None)),
    );
    check(
        "",
        r#"{"status":{"code":"40003","message":"no"}}"#,
        Some(("no", None)),
    );
    check(
        "",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"no"}}"#,
        Some(("overloaded_error: no", Some(529))),
    );
    check(
        "error",
        r#"{"request_id":"r","code":"x","message":"no"}"#,
        Some(("no", None)),
    );
    check("error", r#"{"request_id":"r"}"#, Some(("", None)));
    check("response.failed", r#"{"reason":"no"}"#, Some(("no", None)));
    check(
        "",
        r#"{"success":0,"message":"Invalid API key"}"#,
        Some(("Invalid API key", None)),
    );
    check(
        "",
        r#"{"success":false,"code":0,"message":"no"}"#,
        Some(("no", None)),
    );
    check(
        "",
        r#"{"type":"bad_response_status_code","code":"bad_response_status_code","message":"no"}"#,
        Some(("no", None)),
    );
    check(
        "",
        r#"{"type":"mapping_error","message":"no"}"#,
        Some(("no", None)),
    );
    check("error", r#"{"message":{"text":"no"}}"#, Some(("no", None)));
    check(
        "",
        r#"{"choices":[{"delta":{}}],"x_groq":{"id":"r","error":"over_capacity"}}"#,
        Some(("over_capacity", None)),
    );
    // No errors.
    for news in [
        r#"{"type":"tool_start","title":"Web search"}"#,
        r#"{"status":"processing","message":""}"#,
        r#"{"type":"citation","title":"Paris","url":"https://example.com"}"#,
        r#"{"title":"Paris","description":"A city"}"#,
        r#"{"choices":[],"usage":{"prompt_tokens":1},"base_resp":{"status_code":0,"status_msg":"success"}}"#,
        r#"{"choices":[],"error":{}}"#,
        r#"{"type":"progress","detail":"half"}"#,
    ] {
        check("", news, None);
    }
    check("tool", r#"{"message":"Searching"}"#, None);
    check(
        "tool_error",
        r#"{"message":"search timed out, retrying"}"#,
        None,
    );
    check("", r#"{"type":"tool_call_failed","name":"search"}"#, None);
    check("", r#"{"error":null,"choices":[{"delta":{}}]}"#, None);
    check("", r#"{"error":"","choices":[{"delta":{}}]}"#, None);
    check(
        "",
        r#"{"error":{"code":0,"message":""},"choices":[{"delta":{}}]}"#,
        None,
    );
    check(
        "",
        r#"{"base_resp":{"status_code":0,"status_msg":""},"choices":[{"delta":{}}]}"#,
        None,
    );
    check("", r#"{"errors":[],"choices":[{"delta":{}}]}"#, None);
    check("", r#"{"type":"keepalive"}"#, None);
    check("ping", r#"{"type":"ping"}"#, None);
    check("", r#"{"type":"status","message":"Searching"}"#, None);
    check("", r#"{"code":0,"message":"","data":{}}"#, None);
    check("", r#"{"code":200,"message":"Fine"}"#, None);
    check("", r#"{"choices":[],"usage":{"prompt_tokens":1}}"#, None);
    check("", r#"{"choices":[],"prompt_filter_results":[{}]}"#, None);
    check("", "{}", None);
    check(
        "",
        r#"{"message":{"role":"assistant","content":"a"},"done":false}"#,
        None,
    );
}

#[test]
fn words_without_a_sign_may_be_news() {
    for words in [
        r#"{"message":"Out of memory"}"#,
        r#"{"status":"processing","message":"Model is loading"}"#,
    ] {
        let value: Value = serde_json::from_str(words).unwrap();
        let found = Chunk(&value).trouble("");
        assert!(matches!(found, Some(Doubtful(_))), "{words}: {found:?}");
    }
}
