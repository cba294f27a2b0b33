//! Why an answer failed, as it is stored with it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why an endpoint gave no answer, or not all of it. Stored with the answer, so that a chat that
/// is opened again still says what happened. A stop by the reader is not a failure. How it is told from what
/// an endpoint sends is in [`crate::protocol`].
///
/// It is written as `"unreachable"` or `{"refused": {"status": 401, …}}`: through a [`Value`], which is
/// less to download than what serde makes of so many variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(try_from = "Value", into = "Value")]
pub enum Failure {
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
        wait: Timeout,
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
pub enum Timeout {
    /// That the endpoint begins to respond.
    Response,
    /// The first words of the answer.
    FirstToken,
    /// More of the answer.
    Idle,
}

impl Timeout {
    const ALL: [(&str, Self); 3] = [
        ("response", Self::Response),
        ("first_token", Self::FirstToken),
        ("more", Self::Idle),
    ];
}

impl From<Failure> for Value {
    fn from(error: Failure) -> Self {
        let none = String::new();
        let (name, (key, text), numbers) = match error {
            Failure::Unreachable => return "unreachable".into(),
            Failure::Empty => return "empty".into(),
            Failure::CutOff => return "cut_off".into(),
            Failure::Redirected => return "redirected".into(),
            Failure::TooMuch => return "too_much".into(),
            Failure::Locked => return "locked".into(),
            Failure::Refused {
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
            Failure::Reported { message, status } => {
                let numbers = [("status", status.map(u32::from)), ("", None)];
                ("reported", ("message", message), numbers)
            }
            Failure::Garbled { excerpt } => ("garbled", ("excerpt", excerpt), [("", None); 2]),
            Failure::Gone { name } => ("gone", ("name", name), [("", None); 2]),
            Failure::TimedOut { wait, seconds } => {
                let known = Timeout::ALL.into_iter().find(|(_, known)| *known == wait);
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

impl TryFrom<Value> for Failure {
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
                let known = Timeout::ALL.into_iter().find(|(name, _)| *name == wait);
                Self::TimedOut {
                    wait: known.ok_or(Unknown)?.1,
                    seconds: number("seconds").ok_or(Unknown)?,
                }
            }
            _ => return Err(Unknown),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_was_written() {
        #[track_caller]
        fn check(error: Failure, json: &str) {
            // In which order the fields are written depends on features of serde_json.
            let expected: Value = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(&error).unwrap(), expected);
            assert_eq!(crate::json::read(json), Some(error));
        }
        let message = || "no".to_owned();
        check(Failure::Unreachable, r#""unreachable""#);
        check(Failure::Empty, r#""empty""#);
        check(Failure::CutOff, r#""cut_off""#);
        check(Failure::Redirected, r#""redirected""#);
        check(Failure::TooMuch, r#""too_much""#);
        check(Failure::Locked, r#""locked""#);
        for (retry_after, rest) in [(None, ""), (Some(61), r#","retry_after":61"#)] {
            let refused = Failure::Refused {
                status: 429,
                message: message(),
                retry_after,
            };
            let json = format!(r#"{{"refused":{{"message":"no","status":429{rest}}}}}"#);
            check(refused, &json);
        }
        for (status, rest) in [(None, ""), (Some(503), r#","status":503"#)] {
            let reported = Failure::Reported {
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
            Failure::Garbled { excerpt },
            r#"{"garbled":{"excerpt":"no"}}"#,
        );
        check(
            Failure::Gone { name: message() },
            r#"{"gone":{"name":"no"}}"#,
        );
        for (name, wait) in Timeout::ALL {
            let error = Failure::TimedOut { wait, seconds: 5 };
            check(
                error,
                &format!(r#"{{"timed_out":{{"wait":"{name}","seconds":5}}}}"#),
            );
        }
        for json in [r#""other""#, "{}", "1", r#"{"refused":{"message":"no"}}"#] {
            assert_eq!(crate::json::read::<Failure>(json), None, "{json}");
        }
    }
}
