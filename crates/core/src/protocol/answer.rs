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
mod tests;
