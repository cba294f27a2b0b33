//! Requests for answers: sending, retries, and the resulting stream.

use leptos::{prelude::*, task::spawn_local};
use web_sys::{Blob, BlobPropertyBag};

use super::{Session, attachments, in_flight::Sink};
use crate::{
    chat::{Attachment, Card, Outcome, card, turn},
    endpoint::{Endpoint, Server},
    event,
    openai::{
        self, Finish, Request, Stage,
        retry::{Form, Next, Retries},
    },
    storage::{self, blobs},
};

/// The turn to answer and the model that answers, the same for every retry.
pub(super) struct AnswerRequest {
    pub card: Card,
    pub turn: turn::Id,
    pub endpoint: Endpoint,
    pub model: String,
    /// True if the request continues the existing answer.
    pub continues: bool,
}

impl Session {
    /// Sends the request until an answer arrives or no retry is left: in another form if the
    /// endpoint demands one, later if it is busy. There is no retry once text has arrived.
    pub(super) async fn answer(self, wanted: AnswerRequest, name: &str, sink: &Sink) -> Outcome {
        let mut retries = Retries::default();
        loop {
            let permit = openai::queue(&wanted.endpoint);
            if !permit.is_granted() {
                sink.set_stage(Stage::Queued);
                permit.granted().await;
            }
            sink.set_stage(Stage::Asking);
            // Another card may have learned another form meanwhile.
            let form = self.library.form(wanted.endpoint.id, &wanted.model);
            let error = match self.send_request(&wanted, form, name).await {
                Ok(stream) => {
                    let of = (wanted.card.id, wanted.turn);
                    return self.receive(stream, sink, of).await;
                }
                Err(error) => error,
            };
            drop(permit);
            let chance = js_sys::Math::random();
            let (lesson, next) = retries.failed(&error, form, &wanted.card.params, chance);
            if let (Some(lesson), openai::Failure::Refused { message, .. }) = (lesson, &error) {
                self.library
                    .learn(wanted.endpoint.id, &wanted.model, lesson, message);
            }
            match next {
                Next::Adapt => {}
                Next::Wait { pause, attempt } => wait(pause, attempt, sink).await,
                Next::GiveUp => return Outcome::Failed(error),
            }
        }
    }

    /// Sends the request for an answer, once the contents of its attachments are loaded.
    async fn send_request(
        self,
        wanted: &AnswerRequest,
        form: Form,
        name: &str,
    ) -> Result<openai::Stream, openai::Failure> {
        // The prompt is safe in the journal before it is sent.
        storage::journal::settled().await;
        let contents = self.contents(&wanted.card, wanted.turn).await;
        let contents = contents.map_err(|name| openai::Failure::Gone { name })?;
        // The endpoint may be deleted meanwhile.
        let server = if wanted.endpoint.base_url.is_on_device() {
            Server::OnDevice
        } else {
            self.library.server(wanted.endpoint.id)
        };
        let request = Request::to_answer(
            &wanted.card,
            wanted.turn,
            &wanted.model,
            &contents,
            form,
            server,
            wanted.continues,
        )
        .ok_or(openai::Failure::Empty)?;
        let timeouts = self
            .library
            .settings()
            .with_untracked(|settings| settings.timeouts);
        let endpoint = storage::keys::with_token(&wanted.endpoint)?;
        openai::stream(name, &endpoint, request.json(), timeouts).await
    }

    async fn receive(
        self,
        mut stream: openai::Stream,
        sink: &Sink,
        of: (card::Id, turn::Id),
    ) -> Outcome {
        loop {
            let read = stream.read().await;
            let ended = sink.receive((read.from, read.to), |reply| stream.take(read, reply));
            self.store(sink.unstored(), sink, of);
            self.save_soon();
            match ended {
                Ok(None) => {}
                Ok(Some(Finish::Length | Finish::Context(_))) => return Outcome::Length,
                Ok(Some(Finish::Filtered)) => return Outcome::Filtered,
                Ok(Some(Finish::Complete | Finish::Other(_))) => return Outcome::Complete,
                Err(error) => return Outcome::Failed(error),
            }
        }
    }
}

impl Session {
    /// Stores the pictures and sounds of an answer. What can't be stored is kept in this tab.
    pub(super) fn store(
        self,
        files: Vec<(Attachment, String, Vec<u8>)>,
        sink: &Sink,
        (card, turn): (card::Id, turn::Id),
    ) {
        for (attachment, kind, bytes) in files {
            let sink = sink.clone();
            self.files.note_storing(true);
            spawn_local(async move {
                let id = attachment.id;
                let Some(content) = blob(&bytes, &kind) else {
                    return self.files.note_storing(false);
                };
                drop(bytes);
                let is_stored = blobs::put(id, &content).await.is_ok();
                let url = if is_stored {
                    None
                } else {
                    attachments::data_url(&content).await
                };
                let stored = match &url {
                    None if is_stored => Ok(&attachment),
                    url => Err(url.as_deref().unwrap_or_default()),
                };
                sink.settle(id, stored);
                // The chat may be closed by now.
                let _ = self.turn(card, turn).try_update(|turn| {
                    for answer in turn.answers_mut() {
                        for extra in &mut answer.extras {
                            extra.settle(id, stored);
                        }
                    }
                });
                self.files.note_storing(false);
                self.save_soon();
            });
        }
    }
}

/// Creates a file of this media type.
fn blob(bytes: &[u8], kind: &str) -> Option<Blob> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()
}

/// Waits for a busy endpoint and shows the time left.
async fn wait(pause: f64, attempt: u32, sink: &Sink) {
    // Uses the clock, because a hidden tab's timers are late.
    let due = js_sys::Date::now() + pause;
    loop {
        let left = due - js_sys::Date::now();
        if left <= 0.0 {
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the pause is at most a minute"
        )]
        let (seconds, second) = ((left / 1000.0).ceil() as u32, left.min(1000.0) as i32);
        sink.set_stage(Stage::Pausing { seconds, attempt });
        event::sleep(second).await;
    }
}
