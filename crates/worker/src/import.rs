//! What the worker that reads files of chats answers.
//!
//! The worker posts [`READY`], receives a file or a text, and answers with a list of [`Outcome`]: an
//! archive may have several. A trap ends the worker, and counts as an error of that file only.

use collate_core::{
    chat::{Chat, attachment},
    json,
    transfer::{Error, Format, Reason, SharedEndpoint, Skipped},
};
use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::MessageEvent;

use super::{
    READY,
    file::{post, scope},
};

/// Reads the file or the text that the worker receives.
///
/// # Panics
/// Outside a worker, and on files that are too large for it, which ends the worker.
pub fn serve(read: impl AsyncFn(JsValue) -> Vec<Outcome> + Copy + 'static) {
    let answer = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        wasm_bindgen_futures::spawn_local(async move {
            let found = read(event.data()).await.into_iter();
            post(&found.map(Outcome::write).collect::<Array>());
        });
    });
    scope().set_onmessage(Some(answer.into_js_value().unchecked_ref()));
    post(&READY.into());
}

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its name; in an archive, also its own there.
    pub name: String,
    /// Its content.
    pub found: Result<Found, Error>,
}

/// The content of a file of chats.
#[derive(Clone, Debug)]
pub struct Found {
    /// Detected format.
    pub from: Format,
    /// Readable chats.
    pub chats: Vec<Chat>,
    /// Endpoints, from our own format only.
    pub endpoints: Vec<SharedEndpoint>,
    /// Contents of the chats' attachments: each a text, or a blob.
    pub contents: Vec<(attachment::Id, JsValue)>,
    /// Skipped items.
    pub skipped: Vec<Skipped>,
}

impl Outcome {
    /// Converts it for posting: its name, and either the number of its error and a version, or five lists.
    pub fn write(self) -> JsValue {
        let found = match self.found {
            Ok(found) => found,
            Err(error) => {
                let version = match error {
                    Error::Newer { version } => version,
                    _ => 0,
                };
                let kind =
                    |known: &Error| std::mem::discriminant(known) == std::mem::discriminant(&error);
                let number = Error::ALL.iter().position(kind);
                return Array::of3(
                    &self.name.into(),
                    &number.into(),
                    &version.to_string().into(),
                )
                .into();
            }
        };
        let list = |texts: Vec<String>| -> Array { texts.into_iter().map(JsValue::from).collect() };
        let contents = found.contents.into_iter();
        let contents = contents.map(|(id, content)| Array::of2(&id.to_string().into(), &content));
        let skipped = found.skipped.into_iter().map(|skipped| {
            let why = skipped.why as u32;
            Array::of3(&skipped.title.into(), &skipped.place.into(), &why.into())
        });
        let all = Array::of1(&self.name.into());
        all.push(&(found.from as u32).into());
        all.push(&list(found.chats.iter().map(Chat::text).collect()));
        all.push(&list(found.endpoints.iter().map(json::write).collect()));
        all.push(&contents.collect::<Array>());
        all.push(&skipped.collect::<Array>());
        all.into()
    }

    /// Reads what was posted; None if it is nothing of this kind.
    pub fn read(posted: &JsValue) -> Option<Self> {
        let posted: &Array = posted.dyn_ref()?;
        let name = posted.get(0).as_string()?;
        let number = number(&posted.get(1))?;
        if posted.length() < 6 {
            let mut error = *Error::ALL.get(number)?;
            if let Error::Newer { version } = &mut error {
                *version = posted.get(2).as_string()?.parse().ok()?;
            }
            return Some(Self {
                name,
                found: Err(error),
            });
        }
        let list = |at: u32| {
            posted
                .get(at)
                .unchecked_into::<Array>()
                .to_vec()
                .into_iter()
        };
        let contents = list(4).filter_map(|content| {
            let content: Array = content.unchecked_into();
            Some((content.get(0).as_string()?.parse().ok()?, content.get(1)))
        });
        let skipped = list(5).filter_map(|skipped| {
            let skipped: Array = skipped.unchecked_into();
            Some(Skipped {
                title: skipped.get(0).as_string()?,
                place: self::number(&skipped.get(1))?,
                why: *Reason::ALL.get(self::number(&skipped.get(2))?)?,
            })
        });
        let found = Found {
            from: *Format::ALL.get(number)?,
            chats: list(2)
                .filter_map(|chat| Chat::read(&String::from(chat.unchecked_into::<JsString>())))
                .collect(),
            endpoints: list(3)
                .filter_map(|endpoint| json::read(&endpoint.as_string()?))
                .collect(),
            contents: contents.collect(),
            skipped: skipped.collect(),
        };
        Some(Self {
            name,
            found: Ok(found),
        })
    }
}

/// Converts a number that counts something.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count is a whole number, and the cast saturates"
)]
fn number(value: &JsValue) -> Option<usize> {
    value.as_f64().map(|number| number as usize)
}
