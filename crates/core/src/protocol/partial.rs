//! The part of an answer received so far, and when it came.

use super::Reply;
use crate::chat::Metrics;

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
    pub fn new(text: Option<String>, now: f64) -> Self {
        Self {
            reply: text.map(Reply::from_text).unwrap_or_default(),
            asked: now,
            ..Self::default()
        }
    }

    /// Sets the stage. The time to the first token counts from the latest request.
    pub fn set_stage(&mut self, stage: Stage, now: f64) {
        self.stage = stage;
        self.asked = now;
    }

    /// Applies a batch received between these times; returns whether the reply has changed.
    pub fn receive<T>(
        &mut self,
        (from, to): (f64, f64),
        take: impl FnOnce(&mut Reply) -> T,
    ) -> (bool, T) {
        let sizes = |reply: &Reply| {
            let texts = (reply.text.len(), reply.reasoning.len());
            (texts, reply.changes, reply.restarts)
        };
        let before = sizes(&self.reply);
        let taken = take(&mut self.reply);
        if sizes(&self.reply) == before {
            return (false, taken);
        }
        if self.first == 0.0 {
            self.first = from;
        }
        let is_first_text = self.first_text == 0.0 && !self.reply.text.is_empty();
        if is_first_text || self.reply.restarts != before.2 {
            self.first_text = from;
        }
        self.last = to;
        (true, taken)
    }

    /// Returns the metrics so far.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a batch brings.
    enum Brings {
        Nothing,
        Text,
        Thought,
        /// Text of an answer that starts anew.
        Restart,
    }
    use Brings::{Nothing, Restart, Text, Thought};

    type Times = (Option<u32>, Option<u32>, Option<u32>);

    fn times(partial: &Partial) -> Times {
        let metrics = partial.metrics();
        (metrics.first_token, metrics.thinking, metrics.decoding)
    }

    #[test]
    fn times_count_from_the_request_and_the_first_token() {
        // Asked at 1000; batches as (from, to) and what they bring.
        #[track_caller]
        fn check(batches: &[(f64, f64, Brings)], expected: Times) {
            let mut partial = Partial::new(None, 1000.0);
            for (from, to, brings) in batches {
                let (is_changed, ()) = partial.receive((*from, *to), |reply| match brings {
                    Nothing => {}
                    Text => reply.say("word "),
                    Thought => reply.think("hm "),
                    Restart => {
                        reply.restarts += 1;
                        reply.text.clear();
                        reply.say("anew ");
                    }
                });
                assert_eq!(is_changed, !matches!(brings, Nothing));
            }
            assert_eq!(times(&partial), expected);
        }
        check(&[], (None, None, None));
        check(&[(1100.0, 1150.0, Nothing)], (None, None, None));
        let one = (1200.0, 1210.0, Text);
        check(&[one], (Some(200), None, Some(10)));
        let text = [
            (1100.0, 1100.0, Nothing),
            (1200.0, 1210.0, Text),
            (1300.0, 1400.0, Text),
            (1500.0, 1500.0, Nothing),
        ];
        check(&text, (Some(200), None, Some(200)));
        // While it thinks, the thought lasts until now.
        let thinks = [(1200.0, 1210.0, Thought), (1300.0, 1350.0, Thought)];
        check(&thinks, (Some(200), Some(150), Some(150)));
        let both = [
            (1200.0, 1210.0, Thought),
            (1300.0, 1310.0, Text),
            (1400.0, 1410.0, Text),
        ];
        check(&both, (Some(200), Some(100), Some(210)));
        // What counted as text until the restart was a thought.
        let restarts = [
            (1200.0, 1210.0, Thought),
            (1300.0, 1310.0, Text),
            (1400.0, 1410.0, Restart),
        ];
        check(&restarts, (Some(200), Some(200), Some(210)));
    }

    #[test]
    fn a_new_stage_counts_anew() {
        let mut partial = Partial::new(Some("so far ".into()), 1000.0);
        assert_eq!(partial.reply.text, "so far ");
        assert_eq!(times(&partial), (None, None, None));
        let stage = Stage::Pausing {
            seconds: 2,
            attempt: 1,
        };
        partial.set_stage(stage, 1500.0);
        partial.set_stage(Stage::Asking, 4000.0);
        partial.receive((4100.0, 4100.0), |reply| reply.say("and more"));
        assert_eq!(times(&partial), (Some(100), None, Some(0)));
        assert_eq!(partial.stage, Stage::Asking);
    }

    #[test]
    fn times_of_a_clock_that_was_set_back_are_none() {
        let mut partial = Partial::new(None, 5000.0);
        partial.receive((1000.0, 900.0), |reply| reply.say("word"));
        assert_eq!(times(&partial), (None, None, None));
    }
}
