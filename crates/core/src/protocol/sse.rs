//! Decodes a response body into events, however a server frames them.
//!
//! The format is the HTML Standard's, section 9.2.6 «Interpreting an event stream», as far as servers
//! keep to it. Where they do not:
//! - An event without its last blank line counts at the end of the stream.
//! - A whole JSON object, or `[DONE]`, ends its event: some servers omit the blank line.
//! - A JSON object outside of a `data` line is an event of its own: JSON lines, a whole answer, an
//!   array of chunks, and the errors that a proxy writes between events.
//! - A line `error: …` is an event named `error`: llama.cpp's server reported failures so until 2025.

/// Maximum bytes of a line, of an event's data and of a JSON object: an answer sent whole may hold a
/// picture. Anything longer is no answer.
pub const MAX: usize = 32 * 1024 * 1024;

/// A line or an event's data exceeds [`MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is too long")]
pub struct TooLong;

/// An event of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// The event's name, or empty.
    pub name: &'a str,
    /// The event's data.
    pub data: &'a str,
}

/// Splits a byte stream into events, wherever the network has split it, even inside a character or
/// a line end.
#[derive(Debug, Default)]
pub struct Decoder {
    place: Place,
    /// Bytes of the current line, or of the current object outside of a line.
    line: Vec<u8>,
    /// Name of the current event.
    name: String,
    /// Data lines of the current event.
    data: Option<String>,
    /// Scanner of the data.
    scanner: Scanner,
    /// True if the last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    /// True after the first line: only that may start with a byte order mark.
    begun: bool,
    /// True once something was too long: nothing more is read.
    ended: bool,
}

/// Position of the decoder.
#[derive(Debug, Default)]
enum Place {
    /// At the start of a line, where an object may begin.
    #[default]
    Start,
    /// Within a line.
    Line,
    /// Within an object outside of a line; its own line starts at this index.
    Object(Scanner, usize),
}

/// Fields of an event stream. No line of a JSON object begins so.
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"error:", b"id:", b"retry:"];

impl Decoder {
    /// Decodes the next bytes and passes each completed event to `event`.
    ///
    /// # Errors
    /// [`TooLong`], once and from then on; all buffers are dropped then.
    pub fn push(&mut self, bytes: &[u8], mut event: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        if self.ended {
            return Err(TooLong);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.take(rest, &mut event) {
                Ok(taken) => rest = &rest[taken..],
                Err(error) => {
                    *self = Self {
                        ended: true,
                        ..Self::default()
                    };
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Takes some bytes, and returns how many.
    fn take(&mut self, bytes: &[u8], event: &mut impl FnMut(Event<'_>)) -> Result<usize, TooLong> {
        if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
            return Ok(1);
        }
        match &mut self.place {
            Place::Start => match bytes[0] {
                b'{' => {
                    self.line.clear();
                    self.place = Place::Object(Scanner::default(), 0);
                    return Ok(0);
                }
                // An array of chunks, unless it is a word in brackets.
                b'[' if self.line.is_empty() => {
                    self.line.push(b'[');
                    return Ok(1);
                }
                // Between objects; RFC 7464 puts a record separator there.
                b' ' | b'\t' | b',' | b'\x1e' => return Ok(1),
                _ => self.place = Place::Line,
            },
            Place::Line => {}
            Place::Object(scanner, begin) => {
                for (at, byte) in bytes.iter().enumerate() {
                    self.line.push(*byte);
                    scanner.scan(*byte);
                    if scanner.is_complete() {
                        let object = std::mem::take(&mut self.line);
                        self.place = Place::Start;
                        self.tell(&object, event);
                        return Ok(at + 1);
                    }
                    match byte {
                        b'\r' | b'\n' => *begin = self.line.len(),
                        // The object was cut off, and another event follows.
                        b':' if FIELDS.contains(&&self.line[*begin..]) => {
                            let rest = self.line.split_off(*begin);
                            let cut = std::mem::replace(&mut self.line, rest);
                            self.place = Place::Line;
                            self.tell(&cut, event);
                            return Ok(at + 1);
                        }
                        _ => {}
                    }
                    if self.line.len() > MAX {
                        return Err(TooLong);
                    }
                }
                return Ok(bytes.len());
            }
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = &bytes[..end.unwrap_or(bytes.len())];
        if self.line.len() + line.len() > MAX {
            return Err(TooLong);
        }
        self.line.extend_from_slice(line);
        let Some(end) = end else {
            return Ok(bytes.len());
        };
        self.end_line(event)?;
        self.after_cr = bytes[end] == b'\r';
        Ok(end + 1)
    }

    /// Returns the number of buffered bytes.
    pub fn held(&self) -> usize {
        self.line.len() + self.data.as_ref().map_or(0, String::len)
    }

    /// Ends the stream, which completes the last line, object and event, too.
    pub fn end(mut self, mut event: impl FnMut(Event<'_>)) {
        if let Place::Object(..) = self.place {
            let object = std::mem::take(&mut self.line);
            self.tell(&object, &mut event);
        }
        if !self.line.is_empty() && self.end_line(&mut event).is_err() {
            return;
        }
        self.end_event(&mut event);
    }

    /// Passes an object outside of a line.
    fn tell(&mut self, object: &[u8], event: &mut impl FnMut(Event<'_>)) {
        event(Event {
            name: &self.name,
            data: &String::from_utf8_lossy(object),
        });
        self.name.clear();
    }

    fn end_event(&mut self, event: &mut impl FnMut(Event<'_>)) {
        self.scanner = Scanner::default();
        if let Some(data) = self.data.take() {
            event(Event {
                name: &self.name,
                data: &data,
            });
            self.name.clear();
        }
    }

    fn end_line(&mut self, event: &mut impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        self.place = Place::Start;
        let line = std::mem::take(&mut self.line);
        let first = !std::mem::replace(&mut self.begun, true);
        let line = line
            .strip_prefix(b"\xEF\xBB\xBF")
            .filter(|_| first)
            .unwrap_or(&line);
        if line.is_empty() {
            self.end_event(event);
            self.name.clear();
            return Ok(());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        // Lines are whole here, so no character is cut: only bytes that are not UTF-8 at all are
        // replaced.
        let value = String::from_utf8_lossy(value);
        match field {
            b"data" => {
                match &mut self.data {
                    Some(data) if data.len() + 1 + value.len() > MAX => return Err(TooLong),
                    Some(data) => {
                        data.push('\n');
                        data.push_str(&value);
                    }
                    None => self.data = Some(value.clone().into_owned()),
                }
                value.bytes().for_each(|byte| self.scanner.scan(byte));
                if self.scanner.is_complete() || value.trim() == "[DONE]" {
                    self.end_event(event);
                }
            }
            b"event" => self.name = value.into_owned(),
            _ if field.eq_ignore_ascii_case(b"error") => event(Event {
                name: "error",
                data: &value,
            }),
            b"[DONE]" => event(Event {
                name: "",
                data: "[DONE]",
            }),
            _ => {}
        }
        Ok(())
    }
}

/// Finds the end of a JSON object by its brackets.
#[derive(Clone, Copy, Debug, Default)]
struct Scanner {
    depth: u32,
    is_in_string: bool,
    is_escaped: bool,
    /// True after the first bracket.
    begun: bool,
}

impl Scanner {
    fn scan(&mut self, byte: u8) {
        if self.is_in_string {
            match byte {
                _ if std::mem::take(&mut self.is_escaped) => {}
                b'\\' => self.is_escaped = true,
                b'"' => self.is_in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.is_in_string = true,
            b'{' | b'[' => {
                self.begun |= byte == b'{';
                self.depth += 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    /// Returns whether all brackets are closed, of which there was one of an object.
    const fn is_complete(self) -> bool {
        self.begun && self.depth == 0 && !self.is_in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut events = Vec::new();
        let mut decoder = Decoder::default();
        for chunk in chunks {
            if decoder
                .push(chunk, |event| events.push(told(event)))
                .is_err()
            {
                events.push("too long".to_owned());
                return events;
            }
        }
        decoder.end(|event| events.push(told(event)));
        events
    }

    /// Returns an event's data, after its name if that is of an error.
    fn told(event: Event<'_>) -> String {
        match event.name {
            "error" => format!("error {}", event.data),
            _ => event.data.to_owned(),
        }
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        #[track_caller]
        fn check(stream: &str, expected: &[&str]) {
            assert_eq!(decode([stream.as_bytes()]), expected);
        }
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]);
        check("data: a\r\rdata: b\r\r", &["a", "b"]);
        check("\u{FEFF}data: a\n\n", &["a"]);
        check("data: a\n\n\u{FEFF}data: b\n\n", &["a"]);
        check(": comment\n:\ndata: a\n\n: ping\n\n", &["a"]);
        check("data: a\ndata: b\ndata\n\n", &["a\nb\n"]);
        check("data:a\n\ndata:  b\n\n", &["a", " b"]);
        check("event: message\nid: 1\nretry: 5\ndata: a\n\n", &["a"]);
        check("data: a: b\n\n", &["a: b"]);
        check("datax: a\n\n", &[]);
        check("data: no blank line", &["no blank line"]);
        check("data: one line end\n", &["one line end"]);
        check("data: 안녕하세요 👋\n\n", &["안녕하세요 👋"]);
        check("data:\n\n", &[""]);
        check("\n\n\n", &[]);
        check("", &[]);
    }

    #[test]
    fn what_servers_send_besides_is_read_too() {
        #[track_caller]
        fn check(stream: &str, expected: &[&str]) {
            assert_eq!(decode([stream.as_bytes()]), expected);
        }
        // Names.
        check("event: error\ndata: a\n\ndata: b\n\n", &["error a", "b"]);
        check("event: error\n{\"a\":1}\n\n{}", &["error {\"a\":1}", "{}"]);
        check(
            "error: {\"a\":1}\n\ndata: [DONE]\n\n",
            &["error {\"a\":1}", "[DONE]"],
        );
        check("Error: no room\n", &["error no room"]);
        // One line end between events; an object in two lines, also with a bracket in a string.
        check(
            "data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n",
            &["{\"a\":1}", "{\"b\":2}", "[DONE]"],
        );
        check(
            "data: {\"a\":\ndata: 1}\ndata: {}\n",
            &["{\"a\":\n1}", "{}"],
        );
        check(
            "data: {\"a\":\"}\\\"\"\ndata: }\n\n",
            &["{\"a\":\"}\\\"\"\n}"],
        );
        check("event: error\ndata: {}\ndata: {}\n\n", &["error {}", "{}"]);
        // Without `data`: lines, glued, an array, over several lines, with a mark of RFC 7464.
        check("{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
        check(
            "{\"a\":1}{\"b\":2}data: [DONE]\n\n",
            &["{\"a\":1}", "{\"b\":2}", "[DONE]"],
        );
        check(
            "[{\"a\":[1]},\r\n {\"b\":2}\n]\n",
            &["{\"a\":[1]}", "{\"b\":2}"],
        );
        check("[\n{\"a\":1}]", &["{\"a\":1}"]);
        check(
            "{\n  \"a\": \"data: x\"\n}\n\n",
            &["{\n  \"a\": \"data: x\"\n}"],
        );
        check(
            "\x1e{\"a\":1}\n\x1e{\"b\":2}\n",
            &["{\"a\":1}", "{\"b\":2}"],
        );
        check(": ping\n\n{\"error\":1}", &["{\"error\":1}"]);
        check("[DONE]\n", &["[DONE]"]);
        check("[INFO] a\ndata: b\n\n", &["b"]);
        // An object that is cut off.
        check("{\"a\":\"b\ndata: c\n\n", &["{\"a\":\"b\n", "c"]);
        check("{\"a\"", &["{\"a\""]);
    }

    #[test]
    fn what_is_too_long_ends_the_reading_and_is_not_kept() {
        let begin = b"data: a\n\n".as_slice();
        let piece = vec![b'x'; 64 * 1024];
        // A line of 100 MB, with and without a field; lines without an end; an event of many lines.
        let mut lines = b"data: ".to_vec();
        lines.extend_from_slice(&piece);
        lines.push(b'\n');
        let streams: [(&[u8], &[u8]); 5] = [
            (b"data: ", &piece),
            (b": ", &piece),
            (b"", &piece),
            (b"", &lines),
            (b"{", &piece),
        ];
        for (head, piece) in streams {
            let mut decoder = Decoder::default();
            let mut events = Vec::new();
            decoder
                .push(&[begin, head].concat(), |event| events.push(told(event)))
                .unwrap();
            let mut ended = 0;
            for _ in 0..800 {
                let pushed = decoder.push(piece, |event| events.push(told(event)));
                ended += usize::from(pushed.is_err());
                assert!(decoder.held() <= 2 * MAX);
            }
            assert!(ended > 200, "{ended}");
            assert_eq!(decoder.held(), 0);
            decoder.end(|event| events.push(told(event)));
            assert_eq!(events, ["a"]);
        }
    }

    #[test]
    fn the_longest_line_is_read_however_it_is_split() {
        for (length, is_read) in [(MAX, true), (MAX + 1, false)] {
            let mut stream = b"data: ".to_vec();
            stream.resize(length, b'x');
            stream.extend_from_slice(b"\n\n");
            let whole = decode([&stream[..]]);
            assert_eq!(whole[0] != "too long", is_read);
            assert_eq!(decode(stream.chunks(1_000_003)), whole);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(decode([&b"data: a\xFFb\n\n"[..]]), ["a\u{FFFD}b"]);
    }

    #[test]
    fn every_split_in_two_decodes_alike() {
        let stream =
            "\u{FEFF}: hi\r\ndata: 한국어\r\ndata: b\r\rdata: c\n\n\r\ndata: [DONE]".as_bytes();
        let whole = decode([stream]);
        assert_eq!(whole, ["한국어\nb", "c", "[DONE]"]);
        for at in 0..=stream.len() {
            let (left, right) = stream.split_at(at);
            assert_eq!(decode([left, right]), whole, "split at {at}");
        }
    }

    proptest! {
        #[test]
        fn any_split_decodes_alike(
            pieces in prop::collection::vec(
                prop_oneof![
                    Just("data: "), Just("data:"), Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"),
                    Just(":"), Just("\u{FEFF}"), Just("한"), Just("👋"), Just("a"), Just("event: x"),
                    Just("{"), Just("}"), Just("["), Just("\""), Just("error: "), Just("[DONE]"),
                ],
                0..40,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let stream = pieces.concat().into_bytes();
            let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            ends.sort_unstable();
            ends.push(stream.len());
            let mut start = 0;
            let chunks: Vec<_> = ends
                .into_iter()
                .map(|end| &stream[std::mem::replace(&mut start, end)..end])
                .collect();
            prop_assert_eq!(decode(chunks), decode([&stream[..]]));
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            decode([&bytes[..]]);
        }
    }
}
