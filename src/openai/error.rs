//! What can go wrong between the page and an endpoint.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::endpoint::Locked;

/// Why an endpoint gave no answer, or not all of it. Stored with the answer, so that a chat that
/// is opened again still says what happened. A stop by the reader is not an error.
///
/// It is written as `"unreachable"` or `{"refused": {"status": 401, …}}`: through a [`Value`], which is
/// less to download than what serde makes of so many variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(try_from = "Value", into = "Value")]
pub enum Error {
    /// The browser reported no response at all: nothing listens there, the name is unknown, the
    /// network is down, or the server did not allow this page (CORS). A page can't tell which.
    #[error("no response")]
    Unreachable,
    /// The endpoint answered with a status other than 200 to 299.
    #[error("HTTP {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The endpoint's own words, or nothing.
        message: String,
        /// In how many seconds it wants to be asked again, where it says so and lets a page read it.
        retry_after: Option<u32>,
    },
    /// The endpoint reported an error after it had begun well.
    #[error("{message}")]
    Reported {
        /// The endpoint's own words, or nothing.
        message: String,
        /// The HTTP status that it names: the response's own is 200.
        status: Option<u16>,
    },
    /// What came is not the OpenAI protocol.
    #[error("not an answer: {excerpt}")]
    Garbled {
        /// The beginning of what came.
        excerpt: String,
    },
    /// The response ended before anything came.
    #[error("an empty response")]
    Empty,
    /// Nothing was asked: the content of an attachment is no longer in this browser.
    #[error("the content of {name} is gone")]
    Gone {
        /// The attachment's.
        name: String,
    },
    /// The connection ended before the answer did.
    #[error("cut off")]
    CutOff,
    /// The page waited as long as the reader lets it.
    #[error("nothing came for {seconds} s")]
    TimedOut {
        /// What it waited for.
        wait: Wait,
        /// How long, in seconds.
        seconds: u32,
    },
    /// The endpoint sends what asks it on to another address. That is not followed: a token would
    /// go there, too.
    #[error("redirected")]
    Redirected,
    /// More came than the page takes. What came before is kept.
    #[error("too much came")]
    TooMuch,
    /// Nothing was asked: the token is in the vault, which is locked.
    #[error("the vault is locked")]
    Locked,
}

/// What the page waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// That the endpoint begins to respond.
    Response,
    /// The first words of the answer.
    FirstToken,
    /// More of the answer.
    More,
}

impl Wait {
    const ALL: [(&str, Self); 3] = [
        ("response", Self::Response),
        ("first_token", Self::FirstToken),
        ("more", Self::More),
    ];
}

impl From<Error> for Value {
    fn from(error: Error) -> Self {
        let none = String::new();
        let (name, (key, text), numbers) = match error {
            Error::Unreachable => return "unreachable".into(),
            Error::Empty => return "empty".into(),
            Error::CutOff => return "cut_off".into(),
            Error::Redirected => return "redirected".into(),
            Error::TooMuch => return "too_much".into(),
            Error::Locked => return "locked".into(),
            Error::Refused {
                status,
                message,
                retry_after,
            } => {
                let numbers = [
                    ("status", Some(status.into())),
                    ("retry_after", retry_after),
                ];
                ("refused", ("message", message), numbers)
            }
            Error::Reported { message, status } => {
                let numbers = [("status", status.map(u32::from)), ("", None)];
                ("reported", ("message", message), numbers)
            }
            Error::Garbled { excerpt } => ("garbled", ("excerpt", excerpt), [("", None); 2]),
            Error::Gone { name } => ("gone", ("name", name), [("", None); 2]),
            Error::TimedOut { wait, seconds } => {
                let known = Wait::ALL.into_iter().find(|(_, known)| *known == wait);
                let wait = known.map_or(none, |(name, _)| name.to_owned());
                let numbers = [("seconds", Some(seconds)), ("", None)];
                ("timed_out", ("wait", wait), numbers)
            }
        };
        let mut fields = Map::new();
        fields.insert(key.to_owned(), text.into());
        for (key, number) in numbers {
            if let Some(number) = number {
                fields.insert(key.to_owned(), number.into());
            }
        }
        let mut error = Map::new();
        error.insert(name.to_owned(), fields.into());
        error.into()
    }
}

/// What is stored is no error that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no error that is known")]
pub struct Unknown;

impl TryFrom<Value> for Error {
    type Error = Unknown;

    fn try_from(value: Value) -> Result<Self, Unknown> {
        let (name, fields) = match &value {
            Value::String(name) => (name, &Value::Null),
            Value::Object(error) => error.iter().next().ok_or(Unknown)?,
            _ => return Err(Unknown),
        };
        let text = |key| {
            let text = fields.get(key).and_then(Value::as_str);
            text.map(str::to_owned).ok_or(Unknown)
        };
        let number = |key| {
            let number = fields.get(key).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        let status = || number("status").and_then(|status| u16::try_from(status).ok());
        Ok(match &**name {
            "unreachable" => Self::Unreachable,
            "empty" => Self::Empty,
            "cut_off" => Self::CutOff,
            "redirected" => Self::Redirected,
            "too_much" => Self::TooMuch,
            "locked" => Self::Locked,
            "refused" => Self::Refused {
                status: status().ok_or(Unknown)?,
                message: text("message")?,
                retry_after: number("retry_after"),
            },
            "reported" => Self::Reported {
                message: text("message")?,
                status: status(),
            },
            "garbled" => Self::Garbled {
                excerpt: text("excerpt")?,
            },
            "gone" => Self::Gone {
                name: text("name")?,
            },
            "timed_out" => {
                let wait = text("wait")?;
                let known = Wait::ALL.into_iter().find(|(name, _)| *name == wait);
                Self::TimedOut {
                    wait: known.ok_or(Unknown)?.1,
                    seconds: number("seconds").ok_or(Unknown)?,
                }
            }
            _ => return Err(Unknown),
        })
    }
}

impl From<Locked> for Error {
    fn from(_: Locked) -> Self {
        Self::Locked
    }
}

/// So often is an endpoint asked again by itself.
pub const MOST_TRIES: u32 = 3;

/// An endpoint that wants to be left alone for longer than this, in seconds, is not asked again by
/// itself.
const LONGEST_PAUSE: u32 = 60;

impl Error {
    /// How long to wait, in milliseconds, before the same is asked again by itself, after so many such
    /// tries; none where it is not. Only an endpoint that says that it is busy is asked again: as it
    /// wants, else after 1, 2 and 4 seconds, give or take a quarter, so that cards that were refused
    /// together don't come back together.
    ///
    /// `chance` is a random number from 0 to 1.
    pub fn pause(&self, tries: u32, chance: f64) -> Option<f64> {
        let Self::Refused {
            status: 429 | 503,
            message,
            retry_after,
        } = self
        else {
            return None;
        };
        // Money does not come back by waiting; Gemini speaks of it where a minute is enough.
        let wants_money = message.contains("billing") && !message.contains("retry in");
        if tries >= MOST_TRIES || wants_money {
            return None;
        }
        match retry_after {
            Some(wanted) if *wanted > LONGEST_PAUSE => None,
            Some(wanted) if *wanted > 0 => Some(f64::from(*wanted) * 1000.0),
            _ => Some(f64::from(1000_u32 << tries) * (0.75 + chance / 2.0)),
        }
    }

    /// The words that are the endpoint's own.
    pub(super) const fn words_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Refused { message, .. } | Self::Reported { message, .. } => Some(message),
            Self::Garbled { excerpt } => Some(excerpt),
            _ => None,
        }
    }

    /// Whether the endpoint refuses the token, or the lack of one. Gemini says so with a 400.
    pub fn refuses_token(&self) -> bool {
        let Self::Refused {
            status, message, ..
        } = self
        else {
            return false;
        };
        matches!(status, 401 | 403) || *status == 400 && message.contains("API key")
    }

    /// Whether what is refused may be to count tokens: some refuse what they don't know, and don't say
    /// what. What names another cause is not; [`super::Cause`] knows more of them, but is no part of
    /// the page's first program.
    pub fn may_be_of_counting(&self) -> bool {
        let Self::Refused {
            status: 400 | 422,
            message,
            ..
        } = self
        else {
            return false;
        };
        let others = [
            "ontext", "too long", "odel", "filter", "safety", "API key", "mage",
        ];
        message.contains("stream_options") || !others.iter().any(|other| message.contains(other))
    }

    /// What an endpoint reported, as a value in whichever shape.
    pub(super) fn reported(error: &serde_json::Value) -> Self {
        let Refusal { words, status } = Refusal::of(error);
        Self::Reported {
            message: words,
            status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_was_written() {
        #[track_caller]
        fn check(error: Error, json: &str) {
            assert_eq!(serde_json::to_string(&error).unwrap(), json);
            assert_eq!(crate::json::read(json), Some(error));
        }
        let message = || "no".to_owned();
        check(Error::Unreachable, r#""unreachable""#);
        check(Error::Empty, r#""empty""#);
        check(Error::CutOff, r#""cut_off""#);
        check(Error::Redirected, r#""redirected""#);
        check(Error::TooMuch, r#""too_much""#);
        check(Error::Locked, r#""locked""#);
        for (retry_after, rest) in [(None, ""), (Some(61), r#","retry_after":61"#)] {
            let refused = Error::Refused {
                status: 429,
                message: message(),
                retry_after,
            };
            let json = format!(r#"{{"refused":{{"message":"no","status":429{rest}}}}}"#);
            check(refused, &json);
        }
        for (status, rest) in [(None, ""), (Some(503), r#","status":503"#)] {
            let reported = Error::Reported {
                message: message(),
                status,
            };
            check(
                reported,
                &format!(r#"{{"reported":{{"message":"no"{rest}}}}}"#),
            );
        }
        let excerpt = message();
        check(
            Error::Garbled { excerpt },
            r#"{"garbled":{"excerpt":"no"}}"#,
        );
        check(Error::Gone { name: message() }, r#"{"gone":{"name":"no"}}"#);
        for (name, wait) in Wait::ALL {
            let error = Error::TimedOut { wait, seconds: 5 };
            check(
                error,
                &format!(r#"{{"timed_out":{{"wait":"{name}","seconds":5}}}}"#),
            );
        }
        for json in [r#""other""#, "{}", "1", r#"{"refused":{"message":"no"}}"#] {
            assert_eq!(crate::json::read::<Error>(json), None, "{json}");
        }
    }

    #[test]
    fn only_a_busy_endpoint_is_asked_again_and_not_for_ever() {
        #[track_caller]
        fn check(status: u16, retry_after: Option<u32>, pauses: &[f64]) {
            let error = Error::Refused {
                status,
                message: String::new(),
                retry_after,
            };
            let found: Vec<_> = (0..9).map_while(|tries| error.pause(tries, 0.5)).collect();
            assert_eq!(found, pauses);
        }
        check(429, None, &[1000.0, 2000.0, 4000.0]);
        check(503, Some(0), &[1000.0, 2000.0, 4000.0]);
        check(429, Some(7), &[7000.0, 7000.0, 7000.0]);
        check(429, Some(61), &[]);
        for status in [400, 401, 404, 408, 500, 502, 504] {
            check(status, Some(1), &[]);
        }
        assert_eq!(Error::Unreachable.pause(0, 0.5), None);
        assert_eq!(Error::CutOff.pause(0, 0.5), None);
    }
}
