//! An answer in flight: what came so far, and the task that receives the rest.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use leptos::prelude::*;

use super::Task;
use crate::chat::{Answer, Outcome, turn};

/// An answer in flight. Stop, deleting a card and leaving a chat are one mechanism: the task ends,
/// and with it the connection.
#[derive(Clone, Debug)]
pub struct Live {
    /// The turn that it answers.
    pub turn: turn::Id,
    model: String,
    text: Text,
    task: Arc<Task>,
}

impl Live {
    /// Starts the task that receives the answer.
    pub(super) fn start<F>(
        turn: turn::Id,
        model: String,
        receive: impl FnOnce(Text) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let text = Text::default();
        let task = Arc::new(Task::start(receive(text.clone())));
        Self {
            turn,
            model,
            text,
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

    /// Looks at the text so far; in a reactive scope, again after each frame that adds to it.
    pub fn with_text<T>(&self, look: impl FnOnce(&str) -> T) -> T {
        self.text.all.with(|text| look(text))
    }

    /// The answer as far as it has come, ended like this.
    pub(super) fn answer(&self, outcome: Outcome) -> Answer {
        Answer {
            model: self.model.clone(),
            text: self.text.all.get_untracked(),
            outcome,
        }
    }
}

/// The text of an answer in flight. Its readers are told at most once a frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    all: ArcRwSignal<String>,
    frame_asked: Arc<AtomicBool>,
}

impl Text {
    pub(super) fn push(&self, added: &str) {
        if added.is_empty() {
            return;
        }
        self.all.update_untracked(|text| text.push_str(added));
        if !self.frame_asked.swap(true, Ordering::Relaxed) {
            let text = self.clone();
            request_animation_frame(move || {
                text.frame_asked.store(false, Ordering::Relaxed);
                text.all.notify();
            });
        }
    }
}

impl PartialEq for Live {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.task, &other.task)
    }
}
