//! The reading of one answer: the bytes of a response body in, the reply and its end out.

use super::{
    Error, Reply, refusal, sse,
    wire::{Chunk, Finish, has_more_values},
};

/// Reads the body of one response, which may be a stream of events or, though a stream was asked
/// for, one whole JSON answer.
#[derive(Debug, Default)]
pub struct Reader {
    body: Body,
    /// The beginning of the body, to be shown if it is no answer.
    begin: Vec<u8>,
    /// Whether white space has come before it: a byte order mark stands before all else.
    after_white: bool,
    /// How the endpoint says that the answer ends.
    finish: Option<Result<Finish, Error>>,
    /// Whether an event has come.
    any: bool,
    /// Whether `[DONE]` has come.
    done: bool,
    /// What the response is said to be.
    said: Said,
}

/// What a response is said to be, which not all say rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Said {
    /// A stream of events, something else, or nothing is said.
    #[default]
    Anything,
    /// JSON.
    Json,
    /// An HTML page.
    Page,
}

/// What the body turns out to be.
#[derive(Debug, Default)]
enum Body {
    /// Nothing but white space has come so far.
    #[default]
    Unknown,
    /// Server-sent events.
    Events(sse::Decoder),
    /// Something else, read whole: JSON, or a page that is no answer.
    Whole(Vec<u8>),
}

impl Said {
    /// Whether a body that is read whole is a page.
    fn is_page(self, body: &[u8]) -> bool {
        match body.first() {
            Some(b'{' | b'[') => false,
            Some(b'<') => true,
            _ => self == Self::Page,
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// As much of the beginning as tells what a body is, in bytes.
const BEGIN: usize = 2048;

/// A page that is no answer is read no further than this, in bytes.
const MOST_OF_A_PAGE: usize = 64 * 1024;

/// The most bytes of an answer that comes whole.
pub const MOST: usize = 32 * 1024 * 1024;

/// The most values in an answer that comes whole: each takes many times the memory of its text.
const MOST_VALUES: usize = 2_000_000;

/// The most values in one event: the longest that is known, with the probabilities of 20 tokens, has
/// some hundreds.
const MOST_VALUES_OF_AN_EVENT: usize = 200_000;

impl Reader {
    /// Reads a response of this content type. What it begins with says more: many servers name none, or
    /// a wrong one.
    pub fn new(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| kind.eq_ignore_ascii_case(other);
        let said = if is("application/json") {
            Said::Json
        } else if is("text/html") || is("application/xhtml+xml") {
            Said::Page
        } else {
            Said::Anything
        };
        Self {
            said,
            ..Self::default()
        }
    }

    /// How many bytes are kept of what has not been told to the reply.
    pub fn held(&self) -> usize {
        self.begin.len()
            + match &self.body {
                Body::Unknown => 0,
                Body::Events(decoder) => decoder.held(),
                Body::Whole(body) => body.len(),
            }
    }

    /// Takes the next bytes and adds what they bring to the reply, also when they end in an
    /// error.
    ///
    /// # Errors
    /// What the endpoint reported, [`Error::Garbled`], or [`Error::TooMuch`]: then the reply has what came
    /// before.
    pub fn push(&mut self, bytes: &[u8], reply: &mut Reply) -> Result<(), Error> {
        let bytes = if self.after_white && self.begin.is_empty() {
            bytes.trim_ascii_start()
        } else {
            bytes
        };
        let room = BEGIN.saturating_sub(self.begin.len());
        self.begin
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        match &mut self.body {
            Body::Events(_) => self.events(bytes, reply),
            Body::Whole(body) => {
                let length = body.len() + bytes.len();
                if self.said.is_page(body) && length > MOST_OF_A_PAGE {
                    *body = Vec::new();
                    return Err(self.garbled());
                }
                if length > MOST {
                    *body = Vec::new();
                    return Err(Error::TooMuch);
                }
                body.extend_from_slice(bytes);
                Ok(())
            }
            Body::Unknown => {
                let mark = if self.after_white {
                    b""
                } else {
                    BYTE_ORDER_MARK
                };
                if mark.starts_with(&self.begin) {
                    return Ok(());
                }
                let begin = self.begin.strip_prefix(mark).unwrap_or(&self.begin);
                let begin = begin.trim_ascii_start().to_vec();
                self.begin.clone_from(&begin);
                match begin.first() {
                    None => self.after_white = true,
                    // No event stream begins with these; JSON and HTML do.
                    Some(b'{' | b'[' | b'<') => self.body = Body::Whole(begin),
                    // Events may come under a page's name, too: it is what PHP sends by itself.
                    Some(first) if self.said == Said::Page && !b":deir".contains(first) => {
                        self.body = Body::Whole(begin);
                    }
                    // Other values than records and lists, where JSON was said to come.
                    Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
                        if self.said == Said::Json =>
                    {
                        self.body = Body::Whole(begin);
                    }
                    Some(_) => {
                        self.body = Body::Events(sse::Decoder::default());
                        self.events(&begin, reply)?;
                    }
                }
                // What did not fit in the beginning.
                match bytes.get(room..) {
                    Some(rest) if !rest.is_empty() => self.push(rest, reply),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Takes the end of the body.
    ///
    /// # Errors
    /// [`Error::CutOff`] for a stream that ended with neither `[DONE]` nor a reason,
    /// [`Error::Empty`] for a body without anything, and what [`Reader::push`] can say.
    pub fn end(mut self, reply: &mut Reply) -> Result<Finish, Error> {
        match std::mem::take(&mut self.body) {
            Body::Unknown => Err(Error::Empty),
            Body::Whole(body) => {
                if has_more_values(&body, MOST_VALUES) {
                    return Err(Error::TooMuch);
                }
                let body = String::from_utf8_lossy(&body);
                if self.said.is_page(body.as_bytes()) {
                    return Err(self.garbled());
                }
                let chunk = Chunk::parse(&body)?;
                chunk.tell(reply);
                reply.end();
                if reply.is_cut() {
                    return Err(Error::TooMuch);
                }
                match chunk.finish() {
                    Some(finish) => finish,
                    None if reply.is_empty() => Err(Error::garbled(&body)),
                    None => Ok(Finish::Complete),
                }
            }
            Body::Events(decoder) => {
                let mut result = Ok(());
                decoder.end(|data| self.event(data, reply, &mut result));
                reply.end();
                match (result, self.finish.take()) {
                    // A last event that was cut in the middle is a cut, not nonsense.
                    (Err(Error::Garbled { .. }), None) if self.any => Err(Error::CutOff),
                    (Err(error), None) => Err(error),
                    (_, Some(finish)) => finish,
                    (Ok(()), None) if self.done => Ok(Finish::Complete),
                    (Ok(()), None) if self.any => Err(Error::CutOff),
                    (Ok(()), None) => Err(self.garbled()),
                }
            }
        }
    }

    /// Takes a connection that broke. If the endpoint had said before that the answer is whole, it
    /// is; what else it said last counts too.
    ///
    /// # Errors
    /// What the endpoint reported, or [`Error::CutOff`].
    pub fn cut(self, reply: &mut Reply) -> Result<Finish, Error> {
        self.end(reply).map_err(|error| match error {
            Error::Reported { .. } | Error::TooMuch => error,
            _ => Error::CutOff,
        })
    }

    /// Whether the endpoint has said that nothing more will come.
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// What came is no answer: shows its beginning, less the comments of an event stream.
    fn garbled(&self) -> Error {
        let begin = String::from_utf8_lossy(&self.begin);
        if let Some(title) = refusal::title(&begin) {
            return Error::garbled(&title);
        }
        let lines = begin
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with(':'));
        let said: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        if said.is_empty() {
            Error::Empty
        } else {
            Error::garbled(&said.join("\n"))
        }
    }

    fn events(&mut self, bytes: &[u8], reply: &mut Reply) -> Result<(), Error> {
        let mut result = Ok(());
        if let Body::Events(mut decoder) = std::mem::take(&mut self.body) {
            let pushed = decoder.push(bytes, |data| self.event(data, reply, &mut result));
            // What comes after the end is nobody's.
            if pushed.is_err() && result.is_ok() && !self.done {
                result = Err(Error::TooMuch);
            }
            self.body = Body::Events(decoder);
        }
        result
    }

    fn event(&mut self, data: &str, reply: &mut Reply, result: &mut Result<(), Error>) {
        let data = data.trim();
        // Gateways that know no comments send one as data.
        if data.is_empty() || data.starts_with(':') || self.done || result.is_err() {
            return;
        }
        if data == "[DONE]" {
            self.done = true;
            self.any = true;
            return;
        }
        // Each value takes many times the memory of its text.
        if has_more_values(data.as_bytes(), MOST_VALUES_OF_AN_EVENT) {
            *result = Err(Error::TooMuch);
            return;
        }
        match Chunk::parse(data) {
            Ok(chunk) => {
                self.any = true;
                chunk.tell(reply);
                if reply.is_cut() {
                    *result = Err(Error::TooMuch);
                }
                self.finish = chunk.finish().or(self.finish.take());
            }
            // Some forget to end the line between two events.
            Err(Error::Garbled { .. }) if data.contains(NEXT) => {
                let mut rest = data;
                while let Some((event, next)) = rest.split_once(NEXT) {
                    self.event(&format!("{event}}}"), reply, result);
                    rest = next;
                }
                self.event(rest, reply, result);
            }
            Err(error) => *result = Err(error),
        }
    }
}

/// The end of an event's JSON and the begin of the next one, on one line.
const NEXT: &str = "}data:";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a body that arrives in these pieces: its text, and how it ended.
    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (String, Result<Finish, Error>) {
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

    /// The body of a captured response: what came after the headers, less the notes of the tool
    /// that captured it.
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
                "../../../../tests/captures/",
                $name,
                ".txt"
            )))
        };
    }

    /// Every captured stream with what it should read as.
    fn captures() -> Vec<(String, &'static str, Result<Finish, Error>)> {
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
                Err(Error::CutOff),
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
        fn check(body: &str, text: &str, end: Result<Finish, Error>) {
            assert_eq!(read([body.as_bytes()]), (text.to_owned(), end));
        }
        let a = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
        let stop = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        let reported = |message: &str| {
            Err(Error::Reported {
                message: message.into(),
                status: None,
            })
        };
        let garbled = |excerpt: &str| {
            Err(Error::Garbled {
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
        // Two events on one line, also in a line that ends in the middle of one; a comment as data.
        check(
            &format!("{a}{a}{stop}\n\ndata: [DONE]\n\n"),
            "aa",
            Ok(Finish::Complete),
        );
        check(&format!("{a}{a}data: {{\"ch"), "aa", Err(Error::CutOff));
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
        check(&format!("{a}\n\n"), "a", Err(Error::CutOff));
        check(&format!("{a}\n\ndata: {{\"choi"), "a", Err(Error::CutOff));
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
        check(": ping\n\n", "", Err(Error::Empty));
        check("", "", Err(Error::Empty));
        check(" \n", "", Err(Error::Empty));
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
        check(&" ".repeat(40_000_000), "", Err(Error::Empty));
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
        fn check(body: &str, text: &str, end: Result<Finish, Error>) {
            let mut read = Reply::default();
            let mut reader = Reader::default();
            reader.push(body.as_bytes(), &mut read).unwrap();
            assert_eq!(reader.cut(&mut read), end);
            assert_eq!(read.text, text);
        }
        let a = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
        let stop = r#"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        check("", "", Err(Error::CutOff));
        check(&format!("{a}\n\n"), "a", Err(Error::CutOff));
        check(&format!("{a}\n\n{stop}\n\n"), "a", Ok(Finish::Complete));
        check(&format!("{a}\n\n{stop}"), "a", Ok(Finish::Complete));
        check(r#"{"choices":[{"mess"#, "", Err(Error::CutOff));
        let reported = Err(Error::Reported {
            message: "no".into(),
            status: None,
        });
        check(&format!("{a}\n\ndata: {{\"error\":\"no\"}}"), "a", reported);
    }

    #[test]
    fn the_content_type_is_a_hint() {
        #[track_caller]
        fn check(content_type: &str, body: &str, text: &str, end: Result<Finish, Error>) {
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
            Err(Error::Garbled {
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
        let Err(Error::Garbled { excerpt }) = end else {
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
                assert!(reader.held() <= MOST + BEGIN);
            }
            assert_eq!(pushed, Err(Error::TooMuch));
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
        check(a, &long, 101, crate::protocol::reply::MOST);
    }

    #[test]
    fn an_event_with_very_many_values_is_too_much() {
        let choices = "{},".repeat(MOST_VALUES_OF_AN_EVENT);
        let event = format!("data: {{\"choices\":[{choices}{{}}]}}\n\n");
        assert_eq!(
            read([event.as_bytes()]),
            (String::new(), Err(Error::TooMuch))
        );
    }

    #[test]
    fn a_hostile_depth_is_garbled() {
        for open in ["[", "{\"a\":"] {
            let deep = open.repeat(1_000_000);
            assert!(Chunk::parse(&deep).is_err());
            let (text, end) = read([format!("data: {deep}\n\n").as_bytes()]);
            let is_refused = |end: &_| matches!(end, Err(Error::Garbled { .. } | Error::TooMuch));
            assert!(text.is_empty() && is_refused(&end), "{end:?}");
            let whole = format!("{{\"choices\":{deep}");
            let (_, end) = read([whole.as_bytes()]);
            assert!(is_refused(&end), "{end:?}");
        }
        // More values than there is memory for.
        let many = format!("{{\"x\":[{}0]}}", "0,".repeat(3_000_000));
        assert_eq!(read([many.as_bytes()]).1, Err(Error::TooMuch));
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
}
