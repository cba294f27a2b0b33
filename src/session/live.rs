//! An answer in flight: what came so far, and the task that receives the rest.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use leptos::prelude::*;

use super::Task;
use crate::{
    chat::{Answer, Metrics, Outcome, Turn, turn},
    openai::Reply,
};

/// An answer in flight. Stop, deleting a card and leaving a chat are one mechanism: the task ends,
/// and with it the connection.
#[derive(Clone, Debug)]
pub struct Live {
    /// The turn that it answers.
    pub turn: turn::Id,
    model: String,
    /// Whether it goes on with the answer that the turn has.
    goes_on: bool,
    heard: Heard,
    task: Arc<Task>,
}

impl Live {
    /// Starts the task that receives the answer.
    pub(super) fn start<F>(
        turn: turn::Id,
        model: String,
        goes_on: bool,
        begin: Coming,
        receive: impl FnOnce(Heard) -> F + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let heard = Heard {
            coming: ArcRwSignal::new(begin),
            is_telling: Arc::default(),
        };
        let task = Arc::new(Task::start(receive(heard.clone())));
        Self {
            turn,
            model,
            goes_on,
            heard,
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

    /// Looks at what came so far; in a reactive scope, again when more has come.
    pub fn with<T>(&self, look: impl FnOnce(&Coming) -> T) -> T {
        self.heard.coming.with(look)
    }

    /// Writes the answer under its turn as far as it has come, ended like this.
    pub(super) fn give_to(&self, turn: &mut Turn, outcome: Outcome) {
        let coming = self.heard.coming.read_untracked();
        let mut reply = coming.reply.clone();
        reply.end();
        let answer = Answer {
            model: self.model.clone(),
            metrics: coming.metrics().with(reply.usage),
            text: reply.text,
            reasoning: reply.reasoning,
            outcome,
        };
        match &mut turn.answer {
            Some(before) if self.goes_on => {
                // What was thought and measured before is of the part before.
                let reasoning = std::mem::take(&mut before.reasoning);
                turn.go_on(Answer {
                    reasoning: [reasoning, answer.reasoning.clone()].concat(),
                    ..answer
                });
            }
            _ => turn.receive(answer),
        }
    }
}

/// What has come of an answer, and when. Times are in milliseconds since 1970; 0 is not yet.
#[derive(Clone, Debug, Default)]
pub struct Coming {
    /// What has come.
    pub reply: Reply,
    asked: f64,
    first: f64,
    first_text: f64,
    last: f64,
    /// When its readers were told last.
    told: f64,
}

impl Coming {
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

/// An answer as it comes. Its readers are told at most once in so many milliseconds: more than
/// twenty times a second, which reads as flowing, and not at every frame, which would only cost.
const PACE: f64 = 40.0;

/// Hears an answer as it comes.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    coming: ArcRwSignal<Coming>,
    is_telling: Arc<AtomicBool>,
}

impl Heard {
    /// Takes what has come, and tells the readers when it is time.
    pub(super) fn hear<T>(&self, take: impl FnOnce(&mut Reply) -> T) -> T {
        let now = js_sys::Date::now();
        let mut wait = None;
        let mut guard = self.coming.write_untracked();
        let coming = &mut *guard;
        let sizes = |reply: &Reply| (reply.text.len(), reply.reasoning.len(), reply.restarts);
        let before = sizes(&coming.reply);
        let taken = take(&mut coming.reply);
        if sizes(&coming.reply) != before {
            let is_first_text = coming.first_text == 0.0 && !coming.reply.text.is_empty();
            if coming.first == 0.0 {
                coming.first = now;
            }
            if is_first_text || coming.reply.restarts != before.2 {
                coming.first_text = now;
            }
            coming.last = now;
            wait = Some((coming.told + PACE - now).max(0.0));
        }
        drop(guard);
        if let Some(wait) = wait
            && !self.is_telling.swap(true, Ordering::Relaxed)
        {
            let heard = self.clone();
            let tell = move || {
                heard.is_telling.store(false, Ordering::Relaxed);
                heard.coming.write_untracked().told = js_sys::Date::now();
                heard.coming.notify();
            };
            if wait == 0.0 {
                tell();
            } else {
                // By a timer and not by a frame: frames don't come in a hidden tab.
                set_timeout(tell, Duration::from_secs_f64(wait / 1000.0));
            }
        }
        taken
    }
}

impl PartialEq for Live {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.task, &other.task)
    }
}
