//! Parser of one answer: response bytes in, the reply and its end out.

use serde_json::Value;

use super::{
    Failure, Finish, Reply,
    refusal::{self, Refusal},
    sse::{self, Event},
    tolerant,
    trouble::Trouble,
    wire::{Chunk, has_more_values},
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
    came: Came,
    /// True after `[DONE]`.
    done: bool,
    /// The part of a chunk that was cut off: something is missing.
    broken: Option<Failure>,
    /// Number of such parts.
    breaks: usize,
    /// Words that may be those of an error.
    doubtful: Option<Failure>,
    /// Declared content type.
    declared: DeclaredType,
}

/// Content type declared by the endpoint, which may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum DeclaredType {
    /// Any other type, or none.
    #[default]
    Anything,
    /// HTML page.
    Page,
}

/// What has come so far, each more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    /// No event.
    #[default]
    Nothing,
    /// Events without a part of an answer.
    Events,
    /// A part of an answer.
    Part,
    /// An answer sent whole.
    Whole,
}

/// Detected type of the body.
#[derive(Debug, Default)]
enum Body {
    /// Only white space so far.
    #[default]
    Unknown,
    /// Events, however they are framed.
    Events(sse::Decoder),
    /// A page that is no answer: its bytes, up to a limit.
    Page(usize),
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Bytes at the start that determine the type of a body.
const BEGIN: usize = 2048;

/// Maximum bytes read of a page that is no answer.
const MAX_OF_A_PAGE: usize = 64 * 1024;

/// Maximum values in one event, or in an answer sent whole: each takes many times the memory of its
/// text. The longest event known, with the probabilities of 20 tokens, has some hundreds; a whole
/// answer has as many for each token.
const MAX_VALUES: usize = 2_000_000;

/// Maximum number of chunks that are cut off: each is looked through to its end.
const MAX_BREAKS: usize = 8;

impl Reader {
    /// Creates a parser for this content type. The body's start counts for more: many servers
    /// declare no type, or a wrong one.
    pub fn new(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let is = |other: &str| kind.eq_ignore_ascii_case(other);
        let declared = if is("text/html") || is("application/xhtml+xml") {
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
                Body::Unknown | Body::Page(_) => 0,
                Body::Events(decoder) => decoder.held(),
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
            Body::Page(length) => {
                *length += bytes.len();
                if *length > MAX_OF_A_PAGE {
                    return Err(self.garbled());
                }
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
                    // No event begins so.
                    Some(b'<') => self.body = Body::Page(begin.len()),
                    // Events may come as HTML, too: PHP declares that by default.
                    Some(first)
                        if self.declared == DeclaredType::Page && !b":deir{[E".contains(first) =>
                    {
                        self.body = Body::Page(begin.len());
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
        let decoder = match std::mem::take(&mut self.body) {
            Body::Unknown => return Err(Failure::Empty),
            Body::Page(_) => return Err(self.garbled()),
            Body::Events(decoder) => decoder,
        };
        let mut result = Ok(());
        decoder.end(|event| self.event(event, reply, &mut result));
        reply.end();
        if reply.is_cut() {
            return Err(Failure::TooMuch);
        }
        let is_object = self.begin.starts_with(b"{") || self.begin.starts_with(b"[");
        // A cut in what follows the end loses no words.
        let result = match result {
            Err(Failure::Garbled { .. }) if self.finish.is_some() => Ok(()),
            result => result,
        };
        match (result, self.finish.take()) {
            // A truncated last event is a cut-off, not garbage.
            (Err(Failure::Garbled { .. }), None) if self.came >= Came::Part => Err(Failure::CutOff),
            (Err(error), _) | (Ok(()), Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(finish))) => match (self.broken, finish) {
                (Some(broken), _) => Err(broken),
                // Nothing has come, because the question was too long.
                (None, Finish::Context(message)) if reply.is_empty() => Err(Failure::Reported {
                    message,
                    status: None,
                }),
                (None, finish) => {
                    if let Finish::Other(name) | Finish::Context(name) = &finish {
                        reply.finish.clone_from(name);
                    }
                    Ok(finish)
                }
            },
            (Ok(()), None) => match self.broken.take().or(self.doubtful.take()) {
                Some(error) => Err(error),
                None if self.done => Ok(Finish::Complete),
                None if self.came == Came::Whole && !reply.is_empty() => Ok(Finish::Complete),
                None if self.came == Came::Nothing || is_object && self.came == Came::Events => {
                    Err(self.garbled())
                }
                None => Err(Failure::CutOff),
            },
        }
    }

    /// Handles a broken connection. If the endpoint had already finished the answer, it is
    /// complete; an error that it reported last counts, too.
    ///
    /// # Errors
    /// The endpoint's error, [`Failure::TooMuch`], or [`Failure::CutOff`].
    pub fn cut(mut self, reply: &mut Reply) -> Result<Finish, Failure> {
        // Only an object that is no event can be whole without a sign.
        if self.came == Came::Whole && !self.begin.starts_with(b"{") {
            self.came = Came::Part;
        }
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
            let pushed = decoder.push(bytes, |event| self.event(event, reply, &mut result));
            // After the end, only an error counts.
            if pushed.is_err() && result.is_ok() && !self.done {
                result = Err(Failure::TooMuch);
            }
            self.body = Body::Events(decoder);
        }
        result
    }

    fn event(&mut self, event: Event<'_>, reply: &mut Reply, result: &mut Result<(), Failure>) {
        let mut data = event.data.trim();
        if has_more_values(data.as_bytes(), MAX_VALUES) {
            *result = Err(Failure::TooMuch);
            return;
        }
        // Gateways without comments send one as data.
        while !data.is_empty() && !data.starts_with(':') && result.is_ok() {
            if let Some(rest) = data.strip_prefix("[DONE]") {
                self.done = true;
                self.came = self.came.max(Came::Events);
                data = after(rest);
                continue;
            }
            // Several values may come where one is expected.
            let (value, rest) = match tolerant::parse_first(data) {
                Some((value, rest)) if is_end(rest) => (value, after(rest)),
                _ => {
                    let Some(value) = tolerant::parse(data) else {
                        data = self.unread(event.name, data, result);
                        continue;
                    };
                    (value, "")
                }
            };
            data = rest;
            self.value(&value, event.name, reply, result);
        }
    }

    /// Takes one value of an event.
    fn value(
        &mut self,
        value: &Value,
        name: &str,
        reply: &mut Reply,
        result: &mut Result<(), Failure>,
    ) {
        if !value.is_object() {
            return match value {
                Value::Null => {}
                Value::String(words) if name == "error" => *result = Err(reported(words)),
                // An array of chunks.
                Value::Array(values) if values.iter().all(Value::is_object) => {
                    for value in values {
                        self.value(value, name, reply, result);
                    }
                }
                _ if self.done => {}
                other => *result = Err(Failure::garbled(&other.to_string())),
            };
        }
        let chunk = Chunk(value);
        match chunk.trouble(name) {
            Some(Trouble::Certain(error)) => {
                *result = Err(error);
                if !self.done {
                    chunk.apply_to(reply);
                }
                return;
            }
            Some(Trouble::Doubtful(error)) => _ = self.doubtful.get_or_insert(error),
            None => {}
        }
        if self.done {
            reply.usage.learn(chunk.usage());
            return;
        }
        self.came = match self.came {
            // A second part: neither is the whole.
            Came::Part | Came::Whole if chunk.is_answer() => Came::Part,
            Came::Nothing | Came::Events if chunk.is_whole() => Came::Whole,
            came if chunk.is_answer() => came.max(Came::Part),
            came => came.max(Came::Events),
        };
        let before = reply.progress();
        chunk.apply_to(reply);
        if reply.progress() != before {
            // The answer goes on: it was news.
            self.doubtful = None;
        }
        if reply.is_cut() {
            *result = Err(Failure::TooMuch);
        }
        self.finish = chunk.finish().or(self.finish.take());
    }

    /// Handles data that is no JSON; returns the rest that may be.
    fn unread<'a>(
        &mut self,
        name: &str,
        data: &'a str,
        result: &mut Result<(), Failure>,
    ) -> &'a str {
        if name == "error" || is_error(data) {
            *result = Err(reported(data));
            return "";
        }
        if self.done {
            return "";
        }
        // The next event begins within one that was cut off.
        let next = data.char_indices().skip(1).map(|(at, _)| at);
        let mut next = next.filter(|at| data[*at..].starts_with("data:"));
        if data.starts_with('{')
            && self.breaks < MAX_BREAKS
            && let Some(at) = next.next()
        {
            self.breaks += 1;
            self.broken.get_or_insert(Failure::garbled(&data[..at]));
            return data[at + "data:".len()..].trim_start();
        }
        *result = Err(Failure::garbled(data));
        ""
    }
}

/// Returns whether one value may end before this text.
fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\n', '\r', '\t', ',']);
    rest.is_empty()
        || ["{", "[DONE]", "data:"]
            .iter()
            .any(|next| rest.starts_with(next))
}

/// Returns the next value's start.
fn after(rest: &str) -> &str {
    let rest = rest.trim_start_matches([' ', '\n', '\r', '\t', ',']);
    rest.strip_prefix("data:").unwrap_or(rest).trim_start()
}

/// Returns whether plain words tell of an error.
fn is_error(words: &str) -> bool {
    let begin = words.trim_start_matches(['[', '*', '⚠', ' ']);
    let begin = begin.as_bytes().get(..5).unwrap_or_default();
    begin.eq_ignore_ascii_case(b"error") || words.starts_with("Traceback ")
}

/// Builds the error for plain words.
fn reported(words: &str) -> Failure {
    let said = words.trim_start_matches(['[', ' ']);
    let said = match said.split_once(']') {
        Some((head, rest)) if head.eq_ignore_ascii_case("error") => rest,
        _ => said,
    };
    let said = match said.split_once(':') {
        Some((head, rest)) if head.trim().eq_ignore_ascii_case("error") => rest,
        _ => said,
    };
    Refusal::read(said.trim()).into()
}

#[cfg(test)]
mod tests;
