//! An answer in flight: the part received so far, and the task that receives the rest.

use std::sync::Arc;

use leptos::prelude::*;

use super::Task;
use crate::{
    chat::{Answer, Attachment, Extra, Outcome, Turn, answer, attachment, turn},
    id::fresh,
    openai::{Partial, Reply, Stage},
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

    /// Reads the part received so far, without subscribing to it.
    pub fn with_untracked<T>(&self, look: impl FnOnce(&Partial) -> T) -> T {
        self.sink.0.with_untracked(look)
    }

    /// Ends the reply, and returns the files to be stored.
    pub(super) fn complete(&self) -> Vec<(Attachment, String, Vec<u8>)> {
        self.sink.0.write().reply.end();
        self.sink.unstored()
    }

    /// Receives the answer.
    pub(super) fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// Reads the part received so far; in a reactive scope, subscribes to changes.
    pub fn with<T>(&self, look: impl FnOnce(&Partial) -> T) -> T {
        self.sink.0.with(look)
    }

    /// Writes the part received so far to its turn, with this outcome. `ended` is [`Reply::ended`], as
    /// far as it is loaded.
    pub(super) fn write_to(
        &self,
        turn: &mut Turn,
        outcome: Outcome,
        ended: impl Fn(&Reply) -> Reply,
    ) {
        let partial = self.sink.0.read_untracked();
        let reply = ended(&partial.reply);
        let answer = Answer {
            id: self.id,
            model: self.model.clone(),
            metrics: partial.metrics().with(reply.usage),
            text: reply.text,
            reasoning: reply.reasoning,
            extras: reply.extras,
            finish: reply.finish,
            outcome,
        };
        match &mut turn.answer {
            Some(before) if self.continues => {
                // The earlier reasoning and metrics belong to the earlier part.
                let reasoning = std::mem::take(&mut before.reasoning);
                let extras = std::mem::take(&mut before.extras);
                turn.continue_answer(Answer {
                    reasoning: [reasoning, answer.reasoning.clone()].concat(),
                    extras: [extras, answer.extras].concat(),
                    ..answer
                });
            }
            _ => turn.receive(answer),
        }
    }
}

/// Receives an answer as it arrives.
#[derive(Clone, Debug)]
pub(super) struct Sink(ArcRwSignal<Partial>);

impl Sink {
    /// Sets the stage.
    pub(super) fn set_stage(&self, stage: Stage) {
        self.0.write().set_stage(stage, js_sys::Date::now());
    }

    /// Takes the pictures and sounds that are complete, each with its media type and content.
    pub(super) fn unstored(&self) -> Vec<(Attachment, String, Vec<u8>)> {
        let is_complete = |extra: &Extra| !extra.bytes.is_empty() && !extra.name.is_empty();
        let are_any = self
            .0
            .with_untracked(|partial| partial.reply.extras.iter().any(is_complete));
        if !are_any {
            return Vec::new();
        }
        let mut partial = self.0.write();
        let extras = partial.reply.extras.iter_mut();
        let taken = extras.filter(|extra| is_complete(extra)).map(|extra| {
            let (attachment, bytes) = extra.take(fresh());
            (attachment, extra.name.clone(), bytes)
        });
        taken.collect()
    }

    /// Ends the storing of a file: see [`Extra::settle`].
    pub(super) fn settle(&self, id: attachment::Id, stored: Result<&Attachment, &str>) {
        // The answer may have ended.
        let _ = self.0.try_update(|partial| {
            partial.reply.changes += 1;
            for extra in &mut partial.reply.extras {
                extra.settle(id, stored);
            }
        });
    }

    /// Applies a batch received between these times, and notifies subscribers if the reply has
    /// changed.
    pub(super) fn receive<T>(&self, times: (f64, f64), take: impl FnOnce(&mut Reply) -> T) -> T {
        let mut partial = self.0.write();
        let (is_changed, taken) = partial.receive(times, take);
        if !is_changed {
            partial.untrack();
        }
        taken
    }
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.task, &other.task)
    }
}
