//! An answer in flight: the part received so far, and the task that receives the rest.

use std::sync::Arc;

use leptos::prelude::*;

use super::Task;
use crate::{
    chat::{Answer, Metrics, Outcome, Turn, answer, turn},
    openai::Reply,
};

/// An answer in flight. Stop, deleting a card and deleting a chat share one mechanism: they abort
/// the task, which closes the connection.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The turn being answered.
    pub turn: turn::Id,
    /// The identifier under which the answer is stored.
    pub id: answer::Id,
    model: String,
    /// True if it continues the answer that the turn already has.
    continues: bool,
    sink: Sink,
    task: Arc<Task>,
}

impl InFlight {
    /// Starts the task that receives the answer.
    pub(super) fn start<F>(
        turn: turn::Id,
        id: answer::Id,
        model: String,
        continues: bool,
        begin: Partial,
        receive: impl FnOnce(Sink) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let sink = Sink(ArcRwSignal::new(begin));
        let task = Arc::new(Task::start(receive(sink.clone())));
        Self {
            turn,
            id,
            model,
            continues,
            sink,
            task,
        }
    }

    /// Aborts the task. Views may keep showing the text received so far.
    pub(super) fn end(&self) {
        self.task.end();
    }

    /// The model that is answering.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Returns whether it continues the answer that the turn already has.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Reads the part received so far; in a reactive scope, subscribes to changes.
    pub fn with<T>(&self, look: impl FnOnce(&Partial) -> T) -> T {
        self.sink.0.with(look)
    }

    /// Writes the part received so far to its turn, with this outcome.
    pub(super) fn write_to(&self, turn: &mut Turn, outcome: Outcome) {
        let partial = self.sink.0.read_untracked();
        let mut reply = partial.reply.clone();
        reply.end();
        let answer = Answer {
            id: self.id,
            model: self.model.clone(),
            metrics: partial.metrics().with(reply.usage),
            text: reply.text,
            reasoning: reply.reasoning,
            outcome,
        };
        match &mut turn.answer {
            Some(before) if self.continues => {
                // The earlier reasoning and metrics belong to the earlier part.
                let reasoning = std::mem::take(&mut before.reasoning);
                turn.continue_answer(Answer {
                    reasoning: [reasoning, answer.reasoning.clone()].concat(),
                    ..answer
                });
            }
            _ => turn.receive(answer),
        }
    }
}

/// Stage of an answer of which nothing has arrived yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// A request to the endpoint.
    #[default]
    Asking,
    /// A place in the queue: the server has as many requests as its limit allows.
    Queued,
    /// A pause, because the endpoint is busy.
    Pausing {
        /// Seconds until the next retry.
        seconds: u32,
        /// Number of retries, the next one included.
        attempt: u32,
    },
}

/// The part of an answer received so far, and its times in milliseconds since 1970; 0 is not yet.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// The reply received so far.
    pub reply: Reply,
    /// The stage while nothing has arrived.
    pub stage: Stage,
    asked: f64,
    first: f64,
    first_text: f64,
    last: f64,
}

impl Partial {
    /// Starts empty, or with the text to continue from.
    pub(super) fn new(text: Option<String>) -> Self {
        Self {
            reply: text.map(Reply::from_text).unwrap_or_default(),
            asked: js_sys::Date::now(),
            ..Self::default()
        }
    }

    /// The metrics so far.
    pub fn metrics(&self) -> Metrics {
        let between = |from: f64, to: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "both times are of one tab and in order, so the difference is small"
            )]
            (from > 0.0 && to >= from).then_some((to - from) as u32)
        };
        let thinks = !self.reply.reasoning.is_empty();
        let thought = if self.first_text > 0.0 {
            self.first_text
        } else {
            self.last
        };
        Metrics {
            first_token: between(self.asked, self.first),
            thinking: between(self.first, thought).filter(|_| thinks),
            decoding: between(self.first, self.last),
            ..Metrics::default()
        }
    }
}

/// Receives an answer as it arrives.
#[derive(Clone, Debug)]
pub(super) struct Sink(ArcRwSignal<Partial>);

impl Sink {
    /// Sets the stage. The time to first token counts from the latest request.
    pub(super) fn set_stage(&self, stage: Stage) {
        let mut partial = self.0.write();
        partial.stage = stage;
        partial.asked = js_sys::Date::now();
    }

    /// Applies a batch received between these times, and notifies subscribers if the reply has
    /// changed.
    pub(super) fn receive<T>(
        &self,
        (from, to): (f64, f64),
        take: impl FnOnce(&mut Reply) -> T,
    ) -> T {
        let sizes = |reply: &Reply| (reply.text.len(), reply.reasoning.len(), reply.restarts);
        let mut partial = self.0.write();
        let before = sizes(&partial.reply);
        let taken = take(&mut partial.reply);
        if sizes(&partial.reply) == before {
            partial.untrack();
            return taken;
        }
        if partial.first == 0.0 {
            partial.first = from;
        }
        let is_first_text = partial.first_text == 0.0 && !partial.reply.text.is_empty();
        if is_first_text || partial.reply.restarts != before.2 {
            partial.first_text = from;
        }
        partial.last = to;
        taken
    }
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.task, &other.task)
    }
}
