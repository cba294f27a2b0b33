//! An answer: its reasoning, its text, its metrics and its actions.

use leptos::prelude::*;

use super::{
    actions::{Act, action, copy},
    drawing::{Drawn, Of},
    extras::Extras,
    turn::{Retry, TurnState},
};
use crate::{
    chat::{Answer, CardStoreFields, Extra, Metrics, Outcome, TurnStoreFields, card, turn},
    i18n::{I18n, t_string, use_i18n},
    library::Unlisted,
    openai::{Failure, Stage, retry::MAX_WAITS},
    page::{Dialog, PageState, Target},
    reader,
    session::{InFlight, Session},
    ui::{
        dynamic::{derive, dynamic, flag, memo, on_click, show, t},
        explain::Words,
        focus::focus_message,
    },
};

/// An answer, while it streams and after.
#[component]
pub fn AnswerView(
    card: card::Id,
    id: turn::Id,
    in_flight: Memo<Option<InFlight>>,
    state: Memo<TurnState>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let page = expect_context::<PageState>();
    let words = expect_context::<Words>();
    let turn = session.turn(card, id);
    let is_answering = memo(move || state.get() == TurnState::Answering);
    // The card's other answers come and go, and the store reports changes to anything around an answer: only
    // a change of this one is a reason to render it again.
    let own = memo(move || in_flight.get().filter(|in_flight| in_flight.turn == id));
    let stored = move |of: fn(&Answer) -> String| {
        memo(move || {
            let answer = turn.answer().try_read()?;
            answer.as_ref().map(of)
        })
    };
    let text = stored(|answer| answer.text.clone());
    let reasoning = stored(|answer| answer.reasoning.clone());
    let model = stored(|answer| answer.model.clone());
    let model = derive(move || {
        own.with(|in_flight| {
            in_flight
                .as_ref()
                .map(|in_flight| in_flight.model().to_owned())
        })
        .or_else(|| model.get())
        .unwrap_or_default()
    });
    let outcome = memo(move || {
        let answer = turn.answer().try_read()?;
        let answer = answer.as_ref()?;
        (!is_answering.get()).then(|| Ended {
            outcome: answer.outcome.clone(),
            has_text: !answer.text.trim().is_empty(),
            has_extras: !answer.extras.is_empty(),
            finish: answer.finish.clone(),
        })
    });
    let stored_extras = memo(move || {
        let answer = turn.answer().try_read()?;
        answer.as_ref().map(|answer| answer.extras.clone())
    });
    // A change of the text is none of these.
    let changes = memo(move || own.get()?.with(|partial| Some(partial.reply.changes)));
    let extras = memo(move || {
        // Reading runs the memo; tracking alone would not.
        changes.get();
        let Some(in_flight) = own.get() else {
            return stored_extras.get().unwrap_or_default();
        };
        let mut all = if in_flight.continues() {
            stored_extras.get().unwrap_or_default()
        } else {
            Vec::new()
        };
        all.extend(in_flight.with_untracked(|partial| {
            let extras = partial.reply.extras.iter();
            extras.map(Extra::without_bytes).collect::<Vec<_>>()
        }));
        all
    });
    let is_elsewhere = memo(move || session.is_elsewhere(card, id));
    let note = dynamic(move || {
        let Ended {
            outcome,
            has_text,
            has_extras,
            finish,
        } = outcome.get()?;
        if outcome == Outcome::Interrupted && is_elsewhere.get() {
            return Some(elsewhere(i18n));
        }
        let (can_retry, can_go_on) = (outcome.can_retry(), outcome.can_go_on() && has_text);
        let is_error = matches!(outcome, Outcome::Failed(_));
        let refused = match &outcome {
            Outcome::Failed(error) => session.refused(card, error),
            _ => None,
        };
        let refused = refused.map(|param| {
            let name = crate::ui::param::name(param);
            view! {
                <button class="button" on:click=on_click(move |event| {
                    session.send_without(card, id, param);
                    focus_message(card, &event);
                })>
                    {t_string!(i18n, send_without, name = name).to_string()}
                </button>
            }
        });
        let is_locked = outcome == Outcome::Failed(Failure::Locked);
        let unlock = is_locked.then(|| {
            view! {
                <button class="button" on:click=on_click(move |_| page.open_dialog(Dialog::Vault))>
                    {t!(i18n, vault_unlock)}
                </button>
            }
        });
        let is_puzzling = match &outcome {
            Outcome::Failed(error) => !matches!(error, Failure::Gone { .. } | Failure::Locked),
            _ => false,
        };
        let said = match outcome {
            Outcome::Complete if !finish.is_empty() => {
                t_string!(i18n, ended_as, reason = finish).to_string()
            }
            Outcome::Complete if !has_text && !has_extras => t_string!(i18n, no_text).to_owned(),
            Outcome::Complete => return None,
            Outcome::Length if !finish.is_empty() => t_string!(i18n, context_full).to_owned(),
            Outcome::Length => t_string!(i18n, length).to_owned(),
            Outcome::Filtered => t_string!(i18n, filtered).to_owned(),
            Outcome::Stopped => t_string!(i18n, stopped).to_owned(),
            Outcome::Interrupted => t_string!(i18n, interrupted).to_owned(),
            Outcome::Failed(error) => words.explain(&Unlisted::Failed(error)),
        };
        Some(
            view! {
                <div class="note" class:error=is_error>
                    <span>{said}</span>
                    {refused}
                    {unlock}
                    {can_retry.then(|| view! { <Retry card id in_flight /> })}
                    {show(
                        move || is_puzzling && session.can_ask(card),
                        move || view! { <FindOut card /> },
                    )}
                    {show(
                        move || can_go_on && in_flight.with(Option::is_none) && session.can_ask(card),
                        move || view! {
                            <button class="button" on:click=on_click(move |event| {
                                session.continue_answer(card, id);
                                focus_message(card, &event);
                            })>
                                {t!(i18n, go_on)}
                            </button>
                        },
                    )}
                </div>
            }
            .into_any(),
        )
    });
    let has_thought =
        move || reasoning.with(|text| text.as_ref().is_some_and(|text| !text.is_empty()));
    // A continued answer keeps its reasoning; new reasoning joins it at the end.
    let thinking = memo(move || {
        own.get()
            .filter(|in_flight| !in_flight.continues() || !has_thought())
    });
    let has_reasoning = move || match thinking.get() {
        Some(in_flight) => in_flight.with(|partial| !partial.reply.reasoning.is_empty()),
        None => has_thought(),
    };
    let has_text = move || {
        let comes = |in_flight: &InFlight| in_flight.with(|partial| !partial.reply.text.is_empty());
        own.with(|in_flight| in_flight.as_ref().is_some_and(comes))
    };
    // The reason for a wait before the request.
    let waits = memo(move || {
        Some(match own.get()?.with(|partial| partial.stage) {
            Stage::Asking => return None,
            Stage::Queued => t_string!(i18n, in_line).to_owned(),
            Stage::Pausing { seconds, attempt } => {
                let of = MAX_WAITS;
                t_string!(i18n, tries_again, seconds, tries = attempt, of).to_string()
            }
        })
    });
    let variant = memo(move || turn.try_read().map_or((1, 1), |turn| turn.variant()));
    view! {
        <article
            class="message answer"
            aria-label=model
            aria-busy=flag(move || is_answering.get())
        >
            <p class="model-name" aria-hidden="true">{model}</p>
            {show(has_reasoning, move || view! { <Reasoning in_flight=thinking stored=reasoning turn=(card, id) /> })}
            <Drawn of=Of::Text in_flight=own stored=text />
            <Extras extras />
            {show(
                move || is_answering.get(),
                move || view! {
                    <p class="answering" role="status">
                        {dynamic(move || match waits.get() {
                            Some(words) => words.into_any(),
                            None => view! {
                                <span class="visually-hidden">{t!(i18n, answering)}</span>
                            }
                                .into_any(),
                        })}
                        // Streaming text moves by itself.
                        {show(
                            move || !has_text(),
                            || view! {
                                <i></i>
                                <i></i>
                                <i></i>
                            },
                        )}
                    </p>
                },
            )}
            {note}
            {show(
                move || !is_answering.get(),
                move || view! {
                    <div class="actions">
                        {show(
                            move || variant.get().1 > 1,
                            move || view! {
                                {action(Act::Earlier, move |_| session.show_variant(card, id, false))}
                                <span class="variant">
                                    {derive(move || {
                                        let (number, of) = variant.get();
                                        format!("{number}/{of}")
                                    })}
                                </span>
                                {action(Act::Later, move |_| session.show_variant(card, id, true))}
                            },
                        )}
                        {action(Act::Copy, move |_| copy(text.get_untracked()))}
                        {action(Act::CopyText, move |_| {
                            copy(text.get_untracked().map(|text| reader::plain(&text)));
                        })}
                        {show(
                            move || in_flight.with(Option::is_none) && session.can_ask(card),
                            move || action(Act::Again, move |event| {
                                session.retry(card, id);
                                focus_message(card, &event);
                            }),
                        )}
                        {action(Act::Sent, move |_| page.open_dialog(Dialog::Sent(card, id)))}
                        <Measured answer=memo(move || turn.answer().try_get().flatten()) />
                    </div>
                },
            )}
        </article>
    }
}

/// How an answer ended, and what it has.
#[derive(Clone, PartialEq, Eq)]
struct Ended {
    outcome: Outcome,
    has_text: bool,
    has_extras: bool,
    finish: String,
}

/// The button that finds out why a card's endpoint fails.
#[component]
fn FindOut(card: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let page = expect_context::<PageState>();
    let find_out = move |_| {
        let card = session.card(card);
        let endpoint = card.endpoint().try_get_untracked().flatten();
        let model = card.model().try_get_untracked().flatten();
        if let Some((endpoint, model)) = endpoint.zip(model) {
            page.open_dialog(Dialog::Doctor(Target::Saved(endpoint, Some(model))));
        }
    };
    view! {
        <button class="button" on:click=on_click(find_out)>{t!(i18n, find_out_why)}</button>
    }
}

/// The note on an answer that another tab is receiving.
pub fn elsewhere(i18n: I18n) -> AnyView {
    view! {
        <div class="note" role="status">
            <span>{t!(i18n, answering_elsewhere)}</span>
        </div>
    }
    .into_any()
}

/// The model's reasoning, folded.
#[component]
fn Reasoning(
    in_flight: Memo<Option<InFlight>>,
    stored: Memo<Option<String>>,
    turn: (card::Id, turn::Id),
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let is_open = RwSignal::new(false);
    let title = memo(move || {
        let stored = || {
            let answer = session.turn(turn.0, turn.1).answer().try_get().flatten();
            answer.map(|answer| answer.metrics)
        };
        let metrics = match in_flight.get() {
            Some(in_flight) => in_flight.with(|partial| {
                let is_thinking = partial.reply.text.is_empty();
                (!is_thinking).then(|| partial.metrics())
            }),
            None => stored(),
        };
        match metrics {
            None => t_string!(i18n, thinking).to_owned(),
            Some(Metrics { thinking, .. }) => match thinking {
                Some(time) => t_string!(i18n, thought_for, time = decimal(time)).to_string(),
                None => t_string!(i18n, thought).to_owned(),
            },
        }
    });
    view! {
        <details
            class="reasoning"
            on:toggle=move |event| {
                let details: web_sys::Element = event_target(&event);
                is_open.set(details.has_attribute("open"));
            }
        >
            <summary>{title}</summary>
            {show(move || is_open.get(), move || view! { <Drawn of=Of::Reasoning in_flight stored /> })}
        </details>
    }
}

/// Formats thousandths with as many digits as can be read at a glance. The standard library's float
/// formatting is 5 kB to download.
fn decimal(thousandths: u32) -> String {
    let tenths = thousandths.saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The answer's metrics.
#[component]
fn Measured(answer: Memo<Option<Answer>>) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || {
        let answer = answer.get()?;
        let metrics = answer.metrics;
        let (tokens, is_estimate) = metrics.tokens(&answer.text, &answer.reasoning);
        let about = if is_estimate { "≈ " } else { "" };
        let mut parts = Vec::new();
        if let Some(time) = metrics.first_token {
            parts.push(t_string!(i18n, first_token, time = decimal(time)).to_string());
        }
        if let Some(speed) = metrics.speed_of(tokens) {
            let about = if metrics.speed.is_some() { "" } else { about };
            let speed = format!("{about}{}", decimal(speed));
            parts.push(t_string!(i18n, speed, speed = speed).to_string());
        }
        if let Some(input) = metrics.input {
            parts.push(t_string!(i18n, tokens_in, count = input).to_string());
        }
        if tokens > 0 {
            let count = format!("{about}{tokens}");
            parts.push(t_string!(i18n, tokens_out, count = count).to_string());
        }
        Some(parts.join(" · "))
    };
    view! { <p class="metrics">{derive(words)}</p> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_digit() {
        #[track_caller]
        fn check(thousandths: u32, expected: &str) {
            assert_eq!(decimal(thousandths), expected);
        }
        check(0, "0.0");
        check(49, "0.0");
        check(50, "0.1");
        check(950, "1.0");
        check(41_500, "41.5");
    }
}
