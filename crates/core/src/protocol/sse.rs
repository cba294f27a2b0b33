//! Server-sent events: decodes bytes into the data of each event.
//!
//! The format is the HTML Standard's, section 9.2.6 «Interpreting an event stream», with two
//! differences that endpoints need: an event without its last blank line still counts at the end of
//! the stream, and all event types are treated alike.

/// Maximum bytes of a line, and of an event's data. Anything longer is no answer.
pub const MAX: usize = 8 * 1024 * 1024;

/// A line or an event's data exceeds [`MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is too long")]
pub struct TooLong;

/// Splits a byte stream into events, wherever the network has split it, even inside a character or
/// a line end.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Bytes of the current line.
    line: Vec<u8>,
    /// Data lines of the current event.
    data: Option<String>,
    /// True if the last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    /// True after the first line: only that may start with a byte order mark.
    begun: bool,
    /// True once something was too long: nothing more is read.
    ended: bool,
}

impl Decoder {
    /// Decodes the next bytes and passes each completed event to `event`.
    ///
    /// # Errors
    /// [`TooLong`], once and from then on; all buffers are dropped then.
    pub fn push(&mut self, bytes: &[u8], mut event: impl FnMut(&str)) -> Result<(), TooLong> {
        if self.ended {
            return Err(TooLong);
        }
        let pushed = self.take(bytes, &mut event);
        if pushed.is_err() {
            *self = Self {
                ended: true,
                ..Self::default()
            };
        }
        pushed
    }

    fn take(&mut self, bytes: &[u8], event: &mut impl FnMut(&str)) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.grow_line(&rest[..end])?;
            self.end_line(event)?;
            let cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if cr {
                self.after_cr = rest.is_empty();
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
        }
        self.grow_line(rest)
    }

    fn grow_line(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the number of buffered bytes.
    pub fn held(&self) -> usize {
        self.line.len() + self.data.as_ref().map_or(0, String::len)
    }

    /// Ends the stream, which completes the last line and event, too.
    pub fn end(mut self, mut event: impl FnMut(&str)) {
        if !self.line.is_empty() && self.end_line(&mut event).is_err() {
            return;
        }
        if let Some(data) = self.data {
            event(&data);
        }
    }

    fn end_line(&mut self, event: &mut impl FnMut(&str)) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        let first = !std::mem::replace(&mut self.begun, true);
        let line = line
            .strip_prefix(b"\xEF\xBB\xBF")
            .filter(|_| first)
            .unwrap_or(&line);
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                event(&data);
            }
            return Ok(());
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        if field == b"data" {
            let value = value.strip_prefix(b":").unwrap_or(value);
            let value = value.strip_prefix(b" ").unwrap_or(value);
            // Lines are whole here, so no character is cut: only bytes that are not UTF-8 at all
            // are replaced.
            let value = String::from_utf8_lossy(value);
            match &mut self.data {
                Some(data) if data.len() + 1 + value.len() > MAX => return Err(TooLong),
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            }
        }
        Ok(())
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
                .push(chunk, |data| events.push(data.to_owned()))
                .is_err()
            {
                events.push("too long".to_owned());
                return events;
            }
        }
        decoder.end(|data| events.push(data.to_owned()));
        events
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
        check("event: error\nid: 1\nretry: 5\ndata: a\n\n", &["a"]);
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
    fn what_is_too_long_ends_the_reading_and_is_not_kept() {
        let begin = b"data: a\n\n".as_slice();
        let piece = vec![b'x'; 64 * 1024];
        // A line of 100 MB, with and without a field; lines without an end; an event of many lines.
        let mut lines = b"data: ".to_vec();
        lines.extend_from_slice(&piece);
        lines.push(b'\n');
        let streams: [(&[u8], &[u8]); 4] = [
            (b"data: ", &piece),
            (b": ", &piece),
            (b"", &piece),
            (b"", &lines),
        ];
        for (head, piece) in streams {
            let mut decoder = Decoder::default();
            let mut events = Vec::new();
            decoder
                .push(&[begin, head].concat(), |data| events.push(data.to_owned()))
                .unwrap();
            let mut ended = 0;
            for _ in 0..1600 {
                let pushed = decoder.push(piece, |data| events.push(data.to_owned()));
                ended += usize::from(pushed.is_err());
                assert!(decoder.held() <= 2 * MAX);
            }
            assert!(ended > 1400, "{ended}");
            assert_eq!(decoder.held(), 0);
            decoder.end(|data| events.push(data.to_owned()));
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
