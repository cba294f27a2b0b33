use super::*;
use proptest::prelude::*;

/// Parses a body that arrives in these chunks; returns its text and its end.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (String, Result<Finish, Failure>) {
    let mut reply = Reply::default();
    let mut reader = Reader::default();
    for chunk in chunks {
        if let Err(error) = reader.push(chunk, &mut reply) {
            reply.end();
            return (reply.text, Err(error));
        }
    }
    let end = reader.end(&mut reply);
    (reply.text, end)
}

/// Returns the body of a captured response, without headers and without the notes of the capturing
/// tool.
fn captured(file: &str) -> String {
    let body = file.split_once("\r\n\r\n").expect("a header").1;
    let of_curl = |line: &&str| line.starts_with("[curl exit") || line.starts_with("curl: ");
    body.split_inclusive('\n')
        .filter(|line| !of_curl(line))
        .collect()
}

macro_rules! captured {
    ($name:literal) => {
        captured(include_str!(concat!(
            "../../../../../tests/captures/",
            $name,
            ".txt"
        )))
    };
}

/// Returns every captured stream with its expected text and end.
fn captures() -> Vec<(String, &'static str, Result<Finish, Failure>)> {
    let help = "I'm here to help with any creative writing project.";
    vec![
        (captured!("llama-server"), help, Ok(Finish::Complete)),
        (captured!("llama-server-usage"), help, Ok(Finish::Complete)),
        (
            captured!("llama-server-nostream"),
            help,
            Ok(Finish::Complete),
        ),
        (
            captured!("aimock-case-think"),
            "The answer is 42.",
            Ok(Finish::Complete),
        ),
        (captured!("aimock-case-weather"), "", Ok(Finish::Complete)),
        (
            captured!("aimock-case-cut"),
            "This answer is cut",
            Err(Failure::CutOff),
        ),
    ]
}

#[test]
fn captured_streams_are_read_whole() {
    for (body, text, end) in captures() {
        assert_eq!(read([body.as_bytes()]), (text.to_owned(), end));
    }
}

#[test]
fn captured_refusals_keep_their_words() {
    #[track_caller]
    fn check(body: &str, expected: &str) {
        assert_eq!(crate::protocol::wire::refusal(body), expected);
    }
    check(&captured!("llama-server-badtoken"), "Invalid API Key");
    check(&captured!("llama-server-notoken"), "Invalid API Key");
    check(&captured!("aimock-case-error429"), "Rate limit reached");
    check(
        &captured!("llama-server-toolong"),
        "request (30031 tokens) exceeds the available context size (2048 tokens), try increasing it",
    );
}

#[test]
fn an_answer_ends_as_the_endpoint_says() {
    #[track_caller]
    fn check(body: &str, text: &str, end: Result<Finish, Failure>) {
        assert_eq!(read([body.as_bytes()]), (text.to_owned(), end));
    }
    let a = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let stop = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let reported = |message: &str| {
        Err(Failure::Reported {
            message: message.into(),
            status: None,
        })
    };
    let garbled = |excerpt: &str| {
        Err(Failure::Garbled {
            excerpt: excerpt.into(),
        })
    };
    check(
        &format!("{a}\n\n{stop}\n\ndata: [DONE]\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    check(&format!("{a}\n\n{stop}\n\n"), "a", Ok(Finish::Complete));
    check(&format!("{a}\n\n{stop}"), "a", Ok(Finish::Complete));
    check(
        &format!("{a}\n\ndata: [DONE]\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    // The counts are cut off after the end.
    check(
        &format!("{a}\n\n{stop}\n\ndata: {{\"choices\":[],\"usa"),
        "a",
        Ok(Finish::Complete),
    );
    // Pieces in `message` are no whole answer.
    let piece = r#"data: {"choices":[{"message":{"content":"a"}}]}"#;
    check(
        &format!("{piece}\n\n{piece}\n\n"),
        "aa",
        Err(Failure::CutOff),
    );
    // Words that may be an error count unless the answer ends as it should.
    let words = r#"data: {"message":"Out of memory"}"#;
    check(
        &format!("{a}\n\n{words}\n\n{stop}\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    check(
        &format!("{a}\n\n{words}\n\ndata: [DONE]\n\n"),
        "a",
        reported("Out of memory"),
    );
    check(
        &format!("{a}\n\n{words}\n\n"),
        "a",
        reported("Out of memory"),
    );
    check(
        &format!("{words}\n\n{a}\n\ndata: [DONE]\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    // After the end, an error counts, and nothing else does.
    let failed = r#"data: {"error":"lost"}"#;
    check(
        &format!("{a}\n\n{stop}\n\ndata: [DONE]\n\n{failed}\n\n"),
        "a",
        reported("lost"),
    );
    check(
        &format!("{a}\n\ndata: [DONE]\n\ndata: nonsense\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    // Two events on one line, also in a line truncated within one; a comment as data.
    check(
        &format!("{a}{a}{stop}\n\ndata: [DONE]\n\n"),
        "aa",
        Ok(Finish::Complete),
    );
    check(&format!("{a}{a}data: {{\"ch"), "aa", Err(Failure::CutOff));
    check(
        &format!("data: : PROCESSING\n\n{a}\n\n{stop}\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    check(
        &format!("{a}\n\ndata: [DONE]\n\n{a}\n\n"),
        "a",
        Ok(Finish::Complete),
    );
    check(&format!("{a}\n\n"), "a", Err(Failure::CutOff));
    check(&format!("{a}\n\ndata: {{\"choi"), "a", Err(Failure::CutOff));
    check(
        &format!("{a}\n\ndata: nonsense\n\n"),
        "a",
        garbled("nonsense"),
    );
    check(
        &format!("{a}\n\ndata: {{\"error\":\"no\"}}\n\n{a}\n\n"),
        "a",
        reported("no"),
    );
    check(
        r#"data: {"choices":[{"delta":{"content":"a"},"finish_reason":"error"}]}"#,
        "a",
        reported(""),
    );
    check(": ping\n\n", "", Err(Failure::Empty));
    check("", "", Err(Failure::Empty));
    check(" \n", "", Err(Failure::Empty));
    check(r#"{"error":{"message":"no"}}"#, "", reported("no"));
    check(
        r#"{"choices":[{"message":{"content":"whole"}}]}"#,
        "whole",
        Ok(Finish::Complete),
    );
    check(
        "\u{FEFF} {\"choices\":[{\"message\":{\"content\":\"w\"}}]}",
        "w",
        Ok(Finish::Complete),
    );
    check(r#"{"hello":1}"#, "", garbled(r#"{"hello":1}"#));
    check("<!doctype html>", "", garbled("<!doctype html>"));
    check("Hello", "", garbled("Hello"));
    check(" \u{FEFF}Hello", "", garbled("\u{FEFF}Hello"));
    check(": ping\n\nHello\n", "", garbled("Hello"));
    check(&" ".repeat(40_000_000), "", Err(Failure::Empty));
    let long = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        "가".repeat(3000)
    );
    check(
        &format!("{long}{stop}\n\n"),
        &"가".repeat(3000),
        Ok(Finish::Complete),
    );
    let whole = format!(
        "{{\"choices\":[{{\"message\":{{\"content\":\"{}\"}}}}]}}",
        "a".repeat(9000)
    );
    check(&whole, &"a".repeat(9000), Ok(Finish::Complete));
    check(
        &format!("{}{a}\n\ndata: [DONE]", " \n".repeat(4000)),
        "a",
        Ok(Finish::Complete),
    );
}

#[test]
fn a_broken_connection_is_a_cut_unless_the_answer_had_ended() {
    #[track_caller]
    fn check(body: &str, text: &str, end: Result<Finish, Failure>) {
        let mut read = Reply::default();
        let mut reader = Reader::default();
        reader.push(body.as_bytes(), &mut read).unwrap();
        assert_eq!(reader.cut(&mut read), end);
        assert_eq!(read.text, text);
    }
    let a = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let stop = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    check("", "", Err(Failure::CutOff));
    check(&format!("{a}\n\n"), "a", Err(Failure::CutOff));
    check(&format!("{a}\n\n{stop}\n\n"), "a", Ok(Finish::Complete));
    check(&format!("{a}\n\n{stop}"), "a", Ok(Finish::Complete));
    check(r#"{"choices":[{"mess"#, "", Err(Failure::CutOff));
    let piece = r#"data: {"choices":[{"message":{"content":"a"}}]}"#;
    check(&format!("{piece}\n\n"), "a", Err(Failure::CutOff));
    let reported = Err(Failure::Reported {
        message: "no".into(),
        status: None,
    });
    check(&format!("{a}\n\ndata: {{\"error\":\"no\"}}"), "a", reported);
}

#[test]
fn the_content_type_is_a_hint() {
    #[track_caller]
    fn check(content_type: &str, body: &str, text: &str, end: Result<Finish, Failure>) {
        let mut reply = Reply::default();
        for chunks in [body.len().max(1), 1] {
            reply = Reply::default();
            let mut reader = Reader::new(content_type);
            let mut pushed = Ok(());
            for chunk in body.as_bytes().chunks(chunks) {
                pushed = pushed.and_then(|()| reader.push(chunk, &mut reply));
            }
            let ended = pushed.and_then(|()| reader.end(&mut reply));
            assert_eq!(ended, end, "{content_type}, {chunks}");
        }
        assert_eq!(reply.text, text);
    }
    let events = concat!(
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: [DONE]\n\n"
    );
    let whole = r#"{"choices":[{"message":{"content":"a"}}]}"#;
    for kind in [
        "",
        "text/event-stream",
        "application/json",
        "text/plain; x=y",
        "text/html",
    ] {
        check(kind, events, "a", Ok(Finish::Complete));
        check(kind, whole, "a", Ok(Finish::Complete));
    }
    let garbled = |excerpt: &str| {
        Err(Failure::Garbled {
            excerpt: excerpt.into(),
        })
    };
    check(
        "application/json; charset=utf-8",
        "null",
        "",
        garbled("null"),
    );
    check("application/json", "\"no\"", "", garbled("\"no\""));
    check("text/html", "Sorry", "", garbled("Sorry"));
    check(
        "text/html",
        "<html><title>Log in</title><body>…",
        "",
        garbled("Log in"),
    );
}

#[test]
fn bytes_that_are_no_text_are_garbled() {
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xabV*I\xad(Q\xb2RP\x00";
    let (_, end) = read([&gzip[..]]);
    let Err(Failure::Garbled { excerpt }) = end else {
        panic!("{end:?}");
    };
    assert!(!excerpt.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn whatever_comes_there_is_an_end_of_what_is_kept() {
    #[track_caller]
    fn check(head: &str, piece: &str, times: usize, kept: usize) {
        let mut reply = Reply::default();
        let mut reader = Reader::new("text/event-stream");
        let mut pushed = reader.push(head.as_bytes(), &mut reply);
        for _ in 0..times {
            pushed = pushed.and_then(|()| reader.push(piece.as_bytes(), &mut reply));
            assert!(reader.held() <= sse::MAX + BEGIN);
        }
        assert_eq!(pushed, Err(Failure::TooMuch));
        reply.end();
        assert_eq!(reply.text.chars().count(), kept);
    }
    let a = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let x = "x".repeat(64 * 1024);
    check(&format!("{a}data: "), &x, 1600, 1);
    check("{\"choices\":\"", &x, 1600, 0);
    let long = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
        "가".repeat(10_000)
    );
    check(a, &long, 101, crate::protocol::reply::MAX);
}

#[test]
fn an_event_with_very_many_values_is_too_much() {
    let choices = "{},".repeat(MAX_VALUES);
    let event = format!("data: {{\"choices\":[{choices}{{}}]}}\n\n");
    assert_eq!(
        read([event.as_bytes()]),
        (String::new(), Err(Failure::TooMuch))
    );
}

#[test]
fn a_hostile_depth_is_garbled() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1_000_000);
        let (text, end) = read([format!("data: {deep}\n\n").as_bytes()]);
        let is_refused = |end: &_| matches!(end, Err(Failure::Garbled { .. } | Failure::TooMuch));
        assert!(text.is_empty() && is_refused(&end), "{end:?}");
        let whole = format!("{{\"choices\":{deep}");
        let (_, end) = read([whole.as_bytes()]);
        assert!(is_refused(&end), "{end:?}");
    }
    // More values than fit into memory.
    let many = format!("{{\"x\":[{}0]}}", "0,".repeat(3_000_000));
    assert_eq!(read([many.as_bytes()]).1, Err(Failure::TooMuch));
}

proptest! {
    #[test]
    fn any_split_of_a_captured_stream_reads_alike(
        which in 0..6usize,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (body, text, end) = captures().swap_remove(which);
        let bytes = body.as_bytes();
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(bytes.len());
        let mut start = 0;
        let chunks = ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]);
        prop_assert_eq!(read(chunks), (text.to_owned(), end));
    }

    #[test]
    fn any_bytes_are_taken(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let (left, right) = bytes.split_at(cut.index(bytes.len() + 1));
        let _ = read([left, right]);
    }
}
