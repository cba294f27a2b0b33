//! The meaning of Enter while an input method composes text.
//!
//! Korean has no candidates to accept: one Enter both ends the last syllable and sends. In
//! Japanese and Chinese, the Enter in a composition only accepts a candidate. Browsers differ in
//! the order of their events. Chrome and Firefox send keydown with `isComposing`, then
//! compositionend, and some of them a second keydown; Safari sends compositionend first and then
//! keydown with key code 229. Source: UI Events, «Input Method Editors» and section 5.7.5.

/// An input event, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// The text has changed.
    Input,
    CompositionStart,
    CompositionUpdate {
        /// True if the composed text ends in Hangul.
        hangul: bool,
    },
    CompositionEnd,
    /// The Enter key went down.
    Enter {
        /// True if the modifiers are those that send, by the user's setting.
        sends: bool,
        /// The event's `isComposing`.
        composing: bool,
        /// True if the key code is 229: the input method has used the key.
        taken_by_ime: bool,
    },
}

/// The action for an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Leave it to the browser.
    Nothing,
    /// Take over the input's text.
    Commit,
    /// Take it over, send it, and keep the key from breaking the line.
    Send,
    /// Take it over, and send it when the browser is done with the composition.
    CommitThenSend,
}

/// The state of a composition.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ime {
    composing: bool,
    /// True if the running or last composition is Korean.
    hangul: bool,
    /// True if Enter was pressed in a Korean composition, which will end it and then send.
    sends: bool,
}

impl Ime {
    /// Returns whether the input must be left alone.
    pub const fn is_composing(self) -> bool {
        self.composing
    }

    /// Handles an event and returns its action.
    pub const fn on(&mut self, event: Event) -> Action {
        match event {
            Event::Input if self.composing => Action::Nothing,
            Event::Input => Action::Commit,
            Event::CompositionStart => {
                *self = Self {
                    composing: true,
                    hangul: false,
                    sends: false,
                };
                Action::Nothing
            }
            Event::CompositionUpdate { hangul } => {
                self.hangul = hangul;
                Action::Nothing
            }
            Event::CompositionEnd => {
                let sends = self.sends;
                self.composing = false;
                self.sends = false;
                if sends {
                    Action::CommitThenSend
                } else {
                    Action::Commit
                }
            }
            Event::Enter { sends: false, .. } => Action::Nothing,
            Event::Enter {
                composing,
                taken_by_ime,
                ..
            } => {
                if self.composing || composing {
                    self.sends = self.hangul;
                    Action::Nothing
                } else if taken_by_ime && !self.hangul {
                    // Safari: this Enter accepted a candidate and ended the composition.
                    Action::Nothing
                } else {
                    Action::Send
                }
            }
        }
    }
}

/// Returns whether a text ends in a Hangul syllable or letter (Unicode: Jamo, Compatibility Jamo, Syllables).
pub fn ends_in_hangul(text: &str) -> bool {
    let is_hangul = |c| matches!(c, '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7AF}');
    text.chars().next_back().is_some_and(is_hangul)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTER: Event = Event::Enter {
        sends: true,
        composing: false,
        taken_by_ime: false,
    };
    const ENTER_COMPOSING: Event = Event::Enter {
        sends: true,
        composing: true,
        taken_by_ime: true,
    };
    const ENTER_229: Event = Event::Enter {
        sends: true,
        composing: false,
        taken_by_ime: true,
    };
    const SHIFT_ENTER: Event = Event::Enter {
        sends: false,
        composing: false,
        taken_by_ime: false,
    };
    const START: Event = Event::CompositionStart;
    const HANGUL: Event = Event::CompositionUpdate { hangul: true };
    const KANA: Event = Event::CompositionUpdate { hangul: false };
    const END: Event = Event::CompositionEnd;
    const INPUT: Event = Event::Input;

    #[test]
    fn enter_is_understood_in_every_order_of_events() {
        /// Checks how often the events send. The line breaks when an Enter outside a composition is left to
        /// the browser.
        #[track_caller]
        fn check(events: &[Event], sends: usize) {
            let mut ime = Ime::default();
            let actions = events.iter().map(|&event| ime.on(event));
            let sent = actions.filter(|a| matches!(a, Action::Send | Action::CommitThenSend));
            assert_eq!(sent.count(), sends);
        }
        check(&[INPUT, ENTER], 1);
        check(&[INPUT, SHIFT_ENTER], 0);
        // Korean: Chrome, Firefox; a second keydown finds nothing left to send.
        check(&[START, HANGUL, INPUT, ENTER_COMPOSING, INPUT, END], 1);
        // Korean: Safari
        check(&[START, HANGUL, INPUT, END, INPUT, ENTER_229], 1);
        // Japanese, Chinese: the first Enter accepts, the second sends
        check(&[START, KANA, INPUT, ENTER_COMPOSING, INPUT, END], 0);
        check(&[START, KANA, INPUT, ENTER_COMPOSING, INPUT, END, ENTER], 1);
        check(&[START, KANA, INPUT, END, ENTER_229], 0);
        check(&[START, KANA, INPUT, END, ENTER_229, ENTER], 1);
        // A Japanese composition after a Korean one
        check(
            &[
                START,
                HANGUL,
                INPUT,
                END,
                START,
                KANA,
                INPUT,
                ENTER_COMPOSING,
                END,
            ],
            0,
        );
    }

    #[test]
    fn hangul_is_known_by_its_last_letter() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(ends_in_hangul(text), expected, "{text}");
        }
        check("요", true);
        check("ㅎ", true);
        check("ᄒ", true);
        check("a요", true);
        check("요a", false);
        check("かな", false);
        check("你好", false);
        check("", false);
    }
}
