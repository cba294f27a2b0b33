use super::*;

#[test]
fn chunks_are_read_tolerantly() {
    #[track_caller]
    fn check(json: &str, text: &str, finish: Option<Finish>) {
        let (chunk, mut reply) = (Chunk::parse(json).unwrap(), Reply::default());
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
        Chunk::parse(&json).unwrap().apply_to(&mut reply);
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
}

#[test]
fn what_was_counted_is_read_wherever_it_stands() {
    #[track_caller]
    fn check(json: &str, input: Option<u32>, output: Option<u32>, speed: Option<u32>) {
        let mut reply = Reply::default();
        Chunk::parse(json).unwrap().apply_to(&mut reply);
        let expected = Usage {
            input,
            output,
            speed,
        };
        assert_eq!(reply.usage, expected);
    }
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":5}"#;
    check(
        &format!(r#"{{"choices":[],{usage}}}"#),
        Some(3),
        Some(5),
        None,
    );
    check(
        &format!(r#"{{"x_groq":{{{usage}}}}}"#),
        Some(3),
        Some(5),
        None,
    );
    check(r#"{"usage":null}"#, None, None, None);
    check(r#"{"usage":{"prompt_tokens":-1}}"#, None, None, None);
    check(
        r#"{"usage":{"input_tokens":3,"output_tokens":5}}"#,
        Some(3),
        Some(5),
        None,
    );
    check(
        r#"{"timings":{"prompt_n":3,"predicted_n":5,"predicted_per_second":41.5678}}"#,
        None,
        Some(5),
        Some(41_568),
    );
}

#[test]
fn an_error_in_a_stream_is_an_error() {
    #[track_caller]
    fn check(json: &str, expected: Failure) {
        assert_eq!(Chunk::parse(json).unwrap_err(), expected);
    }
    let reported = |message: &str| Failure::Reported {
        message: message.into(),
        status: None,
    };
    check(
        r#"{"error":{"message":"overloaded","code":503}}"#,
        Failure::Reported {
            message: "overloaded".into(),
            status: Some(503),
        },
    );
    check(
        r#"{"error":"no","choices":[{"delta":{"content":""}}]}"#,
        reported("no"),
    );
    check(r#"{"error":{}}"#, reported(""));
    check(
        "{cut",
        Failure::Garbled {
            excerpt: "{cut".into(),
        },
    );
    check(
        "[]x",
        Failure::Garbled {
            excerpt: "[]x".into(),
        },
    );
}

#[test]
fn model_lists_come_in_shapes() {
    #[track_caller]
    fn check(body: &str, expected: Result<&[&str], Failure>) {
        let expected = expected.map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
        assert_eq!(listed(body).map(|listed| listed.ids), expected);
    }
    check(
        r#"{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":"b"}]}"#,
        Ok(&["b", "a"]),
    );
    check(r#"{"data":[]}"#, Ok(&[]));
    check(r#"{"data":null}"#, Ok(&[]));
    check(r#"[{"id":"a"}]"#, Ok(&["a"]));
    check(
        "<html>",
        Err(Failure::Garbled {
            excerpt: "<html>".into(),
        }),
    );
    check(
        r#"{"error":"no"}"#,
        Err(Failure::Reported {
            message: "no".into(),
            status: None,
        }),
    );
    let captured = include_str!("../../../../../tests/captures/llama-server-models.txt");
    let body = captured
        .split("\r\n\r\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    check(body, Ok(&["smollm2"]));
}

#[test]
fn a_list_tells_who_serves_and_what_sees() {
    #[track_caller]
    fn check(body: &str, owned_by: &str, sees: &[(&str, bool)]) {
        let found = listed(body).unwrap();
        let expected: Vec<_> = sees
            .iter()
            .map(|(id, sees)| ((*id).to_owned(), *sees))
            .collect();
        assert_eq!((&*found.owned_by, found.sees), (owned_by, expected));
    }
    check(
        r#"{"data":[{"id":"a"},{"id":"b","owned_by":"x"}]}"#,
        "",
        &[],
    );
    check(r#"{"data":[{"id":"a","owned_by":"vllm"}]}"#, "vllm", &[]);
    check(
        r#"{"data":[{"id":"a","architecture":{"input_modalities":["text","image"]}},
            {"id":"b","architecture":{"input_modalities":["text"]}},
            {"id":"c","capabilities":{"vision":true}},{"id":"d","capabilities":{"vision":false}},
            {"id":"e","architecture":{"input_modalities":[]}},{"id":"f","architecture":7,"capabilities":["x"]}]}"#,
        "",
        &[("a", true), ("b", false), ("c", true), ("d", false)],
    );
    let captured = include_str!("../../../../../tests/captures/llama-server-models.txt");
    let body = captured.split("\r\n\r\n").nth(1).unwrap();
    check(
        body.lines().next().unwrap(),
        "llamacpp",
        &[("smollm2", false)],
    );
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
    check("", "");
    check(&"가".repeat(600), &format!("{}…", "가".repeat(500)));
}
