//! An answer in flight: what came so far, and the task that receives the rest.

use std::sync::Arc;

use leptos::prelude::*;

use super::Task;
use crate::{
    chat::{Answer, Metrics, Outcome, Turn, answer, turn},
    openai::Reply,
};

/// An answer in flight. Stop, deleting a card and leaving a chat are one mechanism: the task ends,
/// and with it the connection.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// The turn that it answers.
    pub turn: turn::Id,
    /// What the answer is stored under.
    pub id: answer::Id,
    model: String,
    /// Whether it goes on with the answer that the turn has.
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

    /// Ends the task, whoever still shows the text.
    pub(super) fn end(&self) {
        self.task.end();
    }

    /// The model that is answering.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether it goes on with the answer that the turn has.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Looks at what came so far; in a reactive scope, again when more has come.
    pub fn with<T>(&self, look: impl FnOnce(&Partial) -> T) -> T {
        self.sink.0.with(look)
    }

    /// Writes the answer under its turn as far as it has come, ended like this.
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
                // What was thought and measured before is of the part before.
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

/// How an answer stands of which nothing has come yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// The endpoint is asked.
    #[default]
    Asking,
    /// As many requests as go to one server at once are on their way to it.
    InLine,
    /// The endpoint is busy.
    Pausing {
        /// In how many seconds it is asked again.
        seconds: u32,
        /// How often it was asked again by then.
        tries: u32,
    },
}

/// What has come of an answer, and when. Times are in milliseconds since 1970; 0 is not yet.
#[derive(Clone, Debug, Default)]
pub struct Partial {
    /// What has come.
    pub reply: Reply,
    /// How it stands while nothing has come.
    pub stage: Stage,
    asked: f64,
    first: f64,
    first_text: f64,
    last: f64,
}

impl Partial {
    /// Nothing has come yet but what is gone on from.
    pub(super) fn new(text: Option<String>) -> Self {
        Self {
            reply: text.map(Reply::from_text).unwrap_or_default(),
            asked: js_sys::Date::now(),
            ..Self::default()
        }
    }

    /// What was measured so far.
    pub fn metrics(&self) -> Metrics {
        let between = |from: f64, to: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "times of one tab, in their order"
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

/// Hears an answer as it comes.
#[derive(Clone, Debug)]
pub(super) struct Sink(ArcRwSignal<Partial>);

impl Sink {
    /// Tells how it stands. The time to the first token counts from when the endpoint is asked.
    pub(super) fn set_stage(&self, stage: Stage) {
        let mut partial = self.0.write();
        partial.stage = stage;
        partial.asked = js_sys::Date::now();
    }

    /// Takes what has come between these times, and tells the readers where there is more to read.
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
