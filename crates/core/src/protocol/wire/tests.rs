use super::*;

#[test]
fn chunks_are_read_tolerantly() {
    #[track_caller]
    fn check(json: &str, text: &str, finish: Option<Finish>) {
        let (value, mut reply) = (serde_json::from_str(json).unwrap(), Reply::default());
        let chunk = Chunk(&value);
        assert_eq!(chunk.trouble(""), None);
        chunk.apply_to(&mut reply);
        reply.end();
        assert_eq!((&*reply.text, chunk.finish()), (text, finish.map(Ok)));
    }
    check(r#"{"choices":[{"delta":{"content":"a"}}]}"#, "a", None);
    check(
        r#"{"choices":[{"delta":{"content":null},"finish_reason":null}]}"#,
        "",
        None,
    );
    check(r#"{"choices":[{"delta":{}}]}"#, "", None);
    check(r#"{"choices":[{"delta":null}]}"#, "", None);
    check(r#"{"choices":[{}]}"#, "", None);
    check(r#"{"choices":[],"usage":{"total_tokens":1}}"#, "", None);
    check(r#"{"choices":null,"error":null}"#, "", None);
    check(r#"{"type":"keepalive"}"#, "", None);
    check(
        r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        "",
        Some(Finish::Complete),
    );
    check(r#"{"choices":[{"delta":{},"finish_reason":""}]}"#, "", None);
    check(
        r#"{"choices":[{"finish_reason":"length"}]}"#,
        "",
        Some(Finish::Length),
    );
    check(
        r#"{"choices":[{"finish_reason":"content_filter"}]}"#,
        "",
        Some(Finish::Filtered),
    );
    check(
        r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"tool_calls"}]}"#,
        "whole",
        Some(Finish::Complete),
    );
    check(
        r#"{"choices":[{"delta":{"content":"b"},"message":{"content":"ab"}}]}"#,
        "b",
        None,
    );
    check(
        r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"x"}]}}]}"#,
        "a",
        None,
    );
}

#[test]
fn thoughts_have_many_names() {
    #[track_caller]
    fn check(delta: &str, reasoning: &str, text: &str) {
        let json = format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
        let mut reply = Reply::default();
        Chunk(&serde_json::from_str(&json).unwrap()).apply_to(&mut reply);
        reply.end();
        assert_eq!((&*reply.reasoning, &*reply.text), (reasoning, text));
    }
    check(r#"{"reasoning_content":"a","content":null}"#, "a", "");
    check(r#"{"reasoning":"a","content":"b"}"#, "a", "b");
    check(
        r#"{"reasoning":"a","reasoning_content":"a","reasoning_details":[{"text":"a"}]}"#,
        "a",
        "",
    );
    check(
        r#"{"reasoning_content":"","reasoning_details":[{"type":"reasoning.text","text":"a"},{"summary":"b"}]}"#,
        "ab",
        "",
    );
    check(
        r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]},{"type":"text","text":"b"}]}"#,
        "a",
        "b",
    );
    check(r#"{"content":"<think>a</think>b"}"#, "a", "b");
    for field in super::THOUGHTS {
        check(&format!(r#"{{"{field}":"a","content":"b"}}"#), "a", "b");
    }
    check(
        r#"{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"a"}]},{"type":"text","text":"b"}]}"#,
        "a",
        "b",
    );
    check(r#"{"content":[{"type":"reasoning","text":"a"}]}"#, "a", "");
    check(
        r#"{"content":[{"type":"reasoning","content":[{"text":"a"}]}]}"#,
        "a",
        "",
    );
    check(r#"{"reasoning":{"content":"a"}}"#, "a", "");
}

#[test]
fn what_was_counted_is_read_wherever_it_stands() {
    /// Input, output, cached, reasoning.
    type Counts = [Option<u32>; 4];
    #[track_caller]
    fn check(json: &str, counts: Counts, speed: Option<u32>) {
        let mut reply = Reply::default();
        for line in json.lines() {
            Chunk(&serde_json::from_str(line).unwrap()).apply_to(&mut reply);
        }
        let usage = reply.usage;
        let found = [usage.input, usage.output, usage.cached, usage.reasoning];
        assert_eq!((found, usage.speed), (counts, speed), "{json}");
    }
    let (three, both) = ([Some(3), None, None, None], [Some(3), Some(5), None, None]);
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":5}"#;
    check(&format!(r#"{{"choices":[],{usage}}}"#), both, None);
    check(&format!(r#"{{"x_groq":{{{usage}}}}}"#), both, None);
    check(
        &format!(r#"{{"choices":[{{"delta":{{}},{usage}}}]}}"#),
        both,
        None,
    );
    check(r#"{"usage":null}"#, [None; 4], None);
    check(r#"{"usage":{"prompt_tokens":-1}}"#, [None; 4], None);
    check(
        r#"{"usage":{"input_tokens":3,"output_tokens":5}}"#,
        both,
        None,
    );
    // Zeros stand for counts to come, and running totals grow.
    let zeros = r#"{"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    check(zeros, [None; 4], None);
    check(&format!("{zeros}\n{{{usage}}}\n{zeros}"), both, None);
    let first = r#"{"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    check(
        &format!("{first}\n{{{usage}}}\n{{\"usage\":{{}}}}"),
        both,
        None,
    );
    // OpenAI's details, DeepSeek's and Anthropic's names.
    let all = [Some(30), Some(50), Some(10), Some(20)];
    check(
        r#"{"usage":{"prompt_tokens":30,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":10},"completion_tokens_details":{"reasoning_tokens":20}}}"#,
        all,
        None,
    );
    check(
        r#"{"usage":{"prompt_tokens":30,"completion_tokens":50,"prompt_cache_hit_tokens":10,"reasoning_tokens":20}}"#,
        all,
        None,
    );
    check(
        r#"{"message":{"role":"assistant","usage":{"input_tokens":3,"cache_read_input_tokens":10,"cache_creation_input_tokens":17,"output_tokens":1}}}"#,
        [Some(30), Some(1), Some(10), None],
        None,
    );
    check(
        r#"{"usageMetadata":{"promptTokenCount":30,"candidatesTokenCount":30,"thoughtsTokenCount":20,"cachedContentTokenCount":10}}"#,
        all,
        None,
    );
    // Ollama's, in nanoseconds; llama.cpp's.
    check(
        r#"{"message":{"content":""},"done":true,"prompt_eval_count":3,"eval_count":5,"eval_duration":250000000}"#,
        both,
        Some(20_000),
    );
    check(
        r#"{"timings":{"prompt_n":3,"predicted_n":5,"predicted_per_second":41.5678}}"#,
        [None, Some(5), None, None],
        Some(41_568),
    );
    check(
        r#"{"usage":{"prompt_tokens":3,"completion_tokens":1e999}}"#
            .replace("1e999", "null")
            .as_str(),
        three,
        None,
    );
}

#[test]
fn a_reason_to_end_has_many_names() {
    #[track_caller]
    fn check(reason: &str, expected: Option<Result<Finish, &str>>) {
        let value = serde_json::json!({ "choices": [{ "delta": {}, "finish_reason": reason }] });
        let expected = expected.map(|expected| {
            expected.map_err(|message| Failure::Reported {
                message: message.into(),
                status: None,
            })
        });
        assert_eq!(Chunk(&value).finish(), expected, "{reason}");
    }
    for reason in ["", "null", "None", " ", "FINISH_REASON_UNSPECIFIED"] {
        check(reason, None);
    }
    for reason in [
        "stop",
        "STOP",
        "eos",
        "end_turn",
        "tool_calls",
        "FinishReason.STOP",
        "FINISH_REASON_STOP",
    ] {
        check(reason, Some(Ok(Finish::Complete)));
    }
    for reason in [
        "length",
        "max_tokens",
        "MAX_TOKENS",
        "model_length",
        "max-tokens",
    ] {
        check(reason, Some(Ok(Finish::Length)));
    }
    for reason in [
        "content_filter",
        "SAFETY",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "BLOCKLIST",
        "refusal",
        "sensitive",
    ] {
        check(reason, Some(Ok(Finish::Filtered)));
    }
    check("error", Some(Err("")));
    for reason in [
        "insufficient_system_resource",
        "network_error",
        "abort",
        "MALFORMED_FUNCTION_CALL",
        "function_call_filter: MALFORMED_FUNCTION_CALL",
    ] {
        check(reason, Some(Err(reason)));
    }
    let full = "model_context_window_exceeded";
    check(full, Some(Ok(Finish::Context(full.into()))));
    check("brand_new", Some(Ok(Finish::Other("brand_new".into()))));
    // In the places of others.
    let value =
        serde_json::json!({ "message": { "content": "" }, "done": true, "done_reason": "length" });
    assert_eq!(Chunk(&value).finish(), Some(Ok(Finish::Length)));
    let value = serde_json::json!({ "message": { "content": "" }, "done": true });
    assert_eq!(Chunk(&value).finish(), Some(Ok(Finish::Complete)));
}

#[test]
fn a_refusal_keeps_the_endpoints_words() {
    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(refusal(body), expected);
    }
    check(
        r#"{"error":{"message":"Invalid API Key","code":401}}"#,
        "Invalid API Key",
    );
    check(r#"{"error":"model not found"}"#, "model not found");
    check(r#"{"detail":"Not Found"}"#, "Not Found");
    check(
        r#"{"detail":[{"loc":["body"],"msg":"a"},{"msg":"b"}]}"#,
        "a · b",
    );
    check(
        r#"{"detail":[{"loc":["body","top_k"],"msg":"Extra inputs are not permitted"}]}"#,
        "top_k: Extra inputs are not permitted",
    );
    check(r#"{"message":"no"}"#, "no");
    check(r#"[{"error":{"message":"quota"}}]"#, "quota");
    check("Loading model", "Loading model");
    check("  <!doctype html><h1>502</h1>", "");
    check(
        "<html><head><title>502 Bad\n Gateway</title>",
        "502 Bad Gateway",
    );
    // In other shapes.
    check(
        r#"{"result":null,"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}"#,
        "Authentication error",
    );
    check(
        r#"{"description":"{\"code\":50508,\"message\":\"Too busy.\"}","detail":"{\"code\":50508,\"message\":\"Too busy.\"}","link":""}"#,
        "Too busy.",
    );
    check(
        r#"{"error":{"message":"Bad request!: {\"error\":{\"message\":\"Wrong pattern.\",\"param\":null}}"}}"#,
        "Wrong pattern.",
    );
    check(
        "Error code: 400 - {'error': {'message': \"It's long\", 'code': None}}",
        "It's long",
    );
    check(
        "event: error\ndata: {\"error\":{\"message\":\"max_tokens is too large\"}}\n\ndata: [DONE]\n\n",
        "max_tokens is too large",
    );
    check(
        r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
        "insufficient balance",
    );
    check(
        r#"{"error_code":17,"error_msg":"limit reached"}"#,
        "limit reached",
    );
    check(
        r#"{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Wait a minute."}"#,
        "Wait a minute.",
    );
    check(
        r#"{"title":"Too Many Requests","status":429}"#,
        "Too Many Requests",
    );
    check(
        r#"{"status":{"code":"40003","message":"Context length exceeded"},"result":null}"#,
        "Context length exceeded",
    );
    check(
        r#"{"fault":{"faultstring":"Quota","detail":{"errorcode":"x"}}}"#,
        "Quota",
    );
    check(r#"{"status":"error","message":"no"}"#, "no");
    check(r#"{"error":"<html><title>Oops</title></html>"}"#, "Oops");
    check("", "");
    check(&"가".repeat(600), &format!("{}…", "가".repeat(500)));
}
