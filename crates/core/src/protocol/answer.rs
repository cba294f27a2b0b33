//! Parser of one answer: response bytes in, the reply and its end out.

use super::{
    Failure, Reply, refusal, sse,
    wire::{Chunk, Finish, has_more_values},
};

/// Parses the body of one response, which may be an event stream or, although a stream was
/// requested, one complete JSON answer.
#[derive(Debug, Default)]
pub struct Reader {
    body: Body,
    /// Start of the body, shown if it is no answer.
    begin: Vec<u8>,
    /// True if white space came before it: a byte order mark stands before all else.
    after_white: bool,
    /// The end reported by the endpoint.
    finish: Option<Result<Finish, Failure>>,
    /// True after the first event.
    any: bool,
    /// True after `[DONE]`.
    done: bool,
    /// Declared content type.
    declared: DeclaredType,
}

/// Content type declared by the endpoint, which may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum DeclaredType {
    /// Event stream, other type, or none.
    #[default]
    Anything,
    /// JSON.
    Json,
    /// HTML page.
    Page,
}

/// Detected type of the body.
#[derive(Debug, Default)]
enum Body {
    /// Only white space so far.
    #[default]
    Unknown,
    /// Server-sent events.
    Events(sse::Decoder),
    /// Anything else, buffered whole: JSON, or a page that is no answer.
    Whole(Vec<u8>),
}

impl DeclaredType {
    /// Returns whether a body buffered whole is a page.
    fn is_page(self, body: &[u8]) -> bool {
        match body.first() {
            Some(b'{' | b'[') => false,
            Some(b'<') => true,
            _ => self == Self::Page,
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes at the start that determine the type of a body.
const BEGIN: usize = 2048;

/// Maximum bytes read of a page that is no answer.
const MAX_OF_A_PAGE: usize = 64 * 1024;

/// Maximum bytes of an answer sent whole.
pub const MAX: usize = 32 * 1024 * 1024;

/// Maximum values in an answer sent whole: each takes many times the memory of its text.
const MAX_VALUES: usize = 2_000_000;

/// Maximum values in one event: the longest known, with the probabilities of 20 tokens, has some
/// hundreds.
const MAX_VALUES_OF_AN_EVENT: usize = 200_000;

impl Reader {
    /// Creates a parser for this content type. The body's start counts for more: many servers
    /// declare no type, or a wrong one.
    pub fn new(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| kind.eq_ignore_ascii_case(other);
        let declared = if is("application/json") {
            DeclaredType::Json
        } else if is("text/html") || is("application/xhtml+xml") {
            DeclaredType::Page
        } else {
            DeclaredType::Anything
        };
        Self {
            declared,
            ..Self::default()
        }
    }

    /// Returns the number of bytes buffered but not yet passed to the reply.
    pub fn held(&self) -> usize {
        self.begin.len()
            + match &self.body {
                Body::Unknown => 0,
                Body::Events(decoder) => decoder.held(),
                Body::Whole(body) => body.len(),
            }
    }

    /// Adds the next bytes to the reply, even if they end in an error.
    ///
    /// # Errors
    /// The endpoint's error, [`Failure::Garbled`], or [`Failure::TooMuch`]: the reply then has
    /// everything before it.
    pub fn push(&mut self, bytes: &[u8], reply: &mut Reply) -> Result<(), Failure> {
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
                if self.declared.is_page(body) && length > MAX_OF_A_PAGE {
                    *body = Vec::new();
                    return Err(self.garbled());
                }
                if length > MAX {
                    *body = Vec::new();
                    return Err(Failure::TooMuch);
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
                    // No event stream starts with these; JSON and HTML do.
                    Some(b'{' | b'[' | b'<') => self.body = Body::Whole(begin),
                    // Events may come as HTML, too: PHP declares that by default.
                    Some(first)
                        if self.declared == DeclaredType::Page && !b":deir".contains(first) =>
                    {
                        self.body = Body::Whole(begin);
                    }
                    // Values other than objects and arrays, where JSON was declared.
                    Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
                        if self.declared == DeclaredType::Json =>
                    {
                        self.body = Body::Whole(begin);
                    }
                    Some(_) => {
                        self.body = Body::Events(sse::Decoder::default());
                        self.events(&begin, reply)?;
                    }
                }
                // Bytes that did not fit into the start.
                match bytes.get(room..) {
                    Some(rest) if !rest.is_empty() => self.push(rest, reply),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// [`Failure::CutOff`] for a stream that ended with neither `[DONE]` nor a finish reason,
    /// [`Failure::Empty`] for an empty body, and the errors of [`Reader::push`].
    pub fn end(mut self, reply: &mut Reply) -> Result<Finish, Failure> {
        match std::mem::take(&mut self.body) {
            Body::Unknown => Err(Failure::Empty),
            Body::Whole(body) => {
                if has_more_values(&body, MAX_VALUES) {
                    return Err(Failure::TooMuch);
                }
                let body = String::from_utf8_lossy(&body);
                if self.declared.is_page(body.as_bytes()) {
                    return Err(self.garbled());
                }
                let chunk = Chunk::parse(&body)?;
                chunk.apply_to(reply);
                reply.end();
                if reply.is_cut() {
                    return Err(Failure::TooMuch);
                }
                match chunk.finish() {
                    Some(finish) => finish,
                    None if reply.is_empty() => Err(Failure::garbled(&body)),
                    None => Ok(Finish::Complete),
                }
            }
            Body::Events(decoder) => {
                let mut result = Ok(());
                decoder.end(|data| self.event(data, reply, &mut result));
                reply.end();
                match (result, self.finish.take()) {
                    // A truncated last event is a cut-off, not garbage.
                    (Err(Failure::Garbled { .. }), None) if self.any => Err(Failure::CutOff),
                    (Err(error), None) => Err(error),
                    (_, Some(finish)) => finish,
                    (Ok(()), None) if self.done => Ok(Finish::Complete),
                    (Ok(()), None) if self.any => Err(Failure::CutOff),
                    (Ok(()), None) => Err(self.garbled()),
                }
            }
        }
    }

    /// Handles a broken connection. If the endpoint had already finished the answer, it is
    /// complete; an error that it reported last counts, too.
    ///
    /// # Errors
    /// The endpoint's error, [`Failure::TooMuch`], or [`Failure::CutOff`].
    pub fn cut(self, reply: &mut Reply) -> Result<Finish, Failure> {
        self.end(reply).map_err(|error| match error {
            Failure::Reported { .. } | Failure::TooMuch => error,
            _ => Failure::CutOff,
        })
    }

    /// Returns whether the endpoint has ended its stream.
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Builds the error for a body that is no answer: its start, without an event stream's
    /// comments.
    fn garbled(&self) -> Failure {
        let begin = String::from_utf8_lossy(&self.begin);
        if let Some(title) = refusal::title(&begin) {
            return Failure::garbled(&title);
        }
        let lines = begin
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with(':'));
        let said: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        if said.is_empty() {
            Failure::Empty
        } else {
            Failure::garbled(&said.join("\n"))
        }
    }

    fn events(&mut self, bytes: &[u8], reply: &mut Reply) -> Result<(), Failure> {
        let mut result = Ok(());
        if let Body::Events(mut decoder) = std::mem::take(&mut self.body) {
            let pushed = decoder.push(bytes, |data| self.event(data, reply, &mut result));
            // Anything after the end is ignored.
            if pushed.is_err() && result.is_ok() && !self.done {
                result = Err(Failure::TooMuch);
            }
            self.body = Body::Events(decoder);
        }
        result
    }

    fn event(&mut self, data: &str, reply: &mut Reply, result: &mut Result<(), Failure>) {
        let data = data.trim();
        // Gateways without comments send one as data.
        if data.is_empty() || data.starts_with(':') || self.done || result.is_err() {
            return;
        }
        if data == "[DONE]" {
            self.done = true;
            self.any = true;
            return;
        }
        // Each value takes many times the memory of its text.
        if has_more_values(data.as_bytes(), MAX_VALUES_OF_AN_EVENT) {
            *result = Err(Failure::TooMuch);
            return;
        }
        match Chunk::parse(data) {
            Ok(chunk) => {
                self.any = true;
                chunk.apply_to(reply);
                if reply.is_cut() {
                    *result = Err(Failure::TooMuch);
                }
                self.finish = chunk.finish().or(self.finish.take());
            }
            // Some endpoints omit the line end between two events.
            Err(Failure::Garbled { .. }) if data.contains(NEXT) => {
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

/// End of an event's JSON and start of the next event, on one line.
const NEXT: &str = "}data:";

#[cfg(test)]
mod tests;
