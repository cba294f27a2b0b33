//! The reason why an answer failed, stored with the answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Reason for a missing or partial answer. It is stored with the answer, so that a reopened chat
/// still shows it. A stop by the user is not a failure. [`crate::protocol`] parses it from an
/// endpoint's response.
///
/// It is serialized as `"unreachable"` or `{"refused": {"status": 401, …}}` through a [`Value`],
/// which downloads smaller than serde's derived code for so many variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(try_from = "Value", into = "Value")]
pub enum Failure {
    /// The browser reported no response: nothing listens there, the name is unknown, the network is
    /// down, or the server did not allow this page (CORS). A page can't tell which.
    #[error("no response")]
    Unreachable,
    /// The endpoint responded with a status other than 200 to 299.
    #[error("HTTP {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The endpoint's message, or empty.
        message: String,
        /// Seconds until a retry, if the endpoint names them and lets a page read the header.
        retry_after: Option<u32>,
    },
    /// The endpoint reported an error after a successful start.
    #[error("{message}")]
    Reported {
        /// The endpoint's message, or empty.
        message: String,
        /// HTTP status named in the error; the response's own is 200.
        status: Option<u16>,
    },
    /// The response does not follow the OpenAI protocol.
    #[error("not an answer: {excerpt}")]
    Garbled {
        /// Start of the response.
        excerpt: String,
    },
    /// The response ended before any content.
    #[error("an empty response")]
    Empty,
    /// No request was sent: an attachment's content is no longer in this browser.
    #[error("the content of {name} is gone")]
    Gone {
        /// The attachment's name.
        name: String,
    },
    /// The connection ended before the answer did.
    #[error("cut off")]
    CutOff,
    /// The page waited for the user's timeout.
    #[error("nothing came for {seconds} s")]
    TimedOut {
        /// The timeout that expired.
        wait: Timeout,
        /// Its length in seconds.
        seconds: u32,
    },
    /// The endpoint redirects requests to another address. The page does not follow: the token
    /// would go there, too.
    #[error("redirected")]
    Redirected,
    /// The response exceeded the page's limit. The text before it is kept.
    #[error("too much came")]
    TooMuch,
    /// No request was sent: the token is in the vault, which is locked.
    #[error("the vault is locked")]
    Locked,
}

/// The timeouts of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Start of the response.
    Response,
    /// First token of the answer.
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

/// The stored value is no failure known to this version.
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
            // The order of the fields depends on features of serde_json.
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
