//! A card's conversation.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};

use super::{
    attachments::TurnAttachments,
    card::focus_message,
    dynamic::{flag, part, when, word},
    explain::explain,
};
use crate::{
    chat::{CardStoreFields, Outcome, TurnStoreFields, card, turn},
    i18n::{t_string, use_i18n},
    session::{Live, Session},
};

/// Nearer to the end than this, in CSS pixels, a reader is at the end, and stays there.
const AT_THE_END: i32 = 32;

/// What was said in a card, oldest first. It follows an answer while the reader is at the end.
#[component]
pub fn Messages(id: card::Id, is_connecting: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let card = session.card(id);
    let log = NodeRef::<html::Div>::new();
    let content = NodeRef::<html::Div>::new();
    let at_end = StoredValue::new(true);
    let follow = move || {
        // A frame may come when the card is gone.
        let log = log.try_get_untracked().flatten();
        if let Some(log) = log.filter(|_| at_end.try_get_value() == Some(true)) {
            log.set_scroll_top(log.scroll_height());
        }
    };
    // Only who scrolls back leaves the end. That the end has moved away from a reader, between a
    // scroll and the event that tells of it, is no reason.
    let last_top = StoredValue::new(0);
    let on_scroll = move |_| {
        if let Some(log) = log.get_untracked() {
            let top = log.scroll_top();
            let is_near = log.scroll_height() - top - log.client_height() < AT_THE_END;
            let moved_back = top < last_top.get_value();
            at_end.update_value(|at_end| *at_end = is_near || *at_end && !moved_back);
            last_top.set_value(top);
        }
    };
    // The end moves when something is said, and when the input below grows.
    let sizes = StoredValue::new_local(None::<Sizes>);
    Effect::new(move |_| {
        if let (Some(log), Some(content)) = (log.get(), content.get()) {
            sizes.set_value(Sizes::watch(&[&log, &content], follow));
        }
    });
    // A card that is moved on the page loses the place that was read.
    let place = Memo::new(move |_| session.place(id));
    Effect::new(move |_| {
        place.get();
        if let Some(log) = log.get_untracked() {
            log.set_scroll_top(last_top.get_value());
        }
    });
    let live = Memo::new(move |_| session.live(id));
    let count = Memo::new(move |_| card.turns().try_read().map_or(0, |turns| turns.len()));
    // What the reader has just sent is always in sight.
    Effect::new(move |before: Option<usize>| {
        let count = count.get();
        if before.is_none_or(|before| before < count) {
            at_end.set_value(true);
            request_animation_frame(follow);
        }
        count
    });
    view! {
        <div
            node_ref=log
            class="messages"
            role="log"
            tabindex="0"
            aria-label=word!(i18n, messages)
            on:scroll=on_scroll
        >
            <div node_ref=content class="turns">
            {when(
                move || count.get() == 0 && !is_connecting.get(),
                move || view! {
                    <div class="empty">
                        <p>{word!(i18n, empty_title)}</p>
                        <p class="hint">{word!(i18n, empty_hint)}</p>
                    </div>
                },
            )}
            <For each=move || card.turns() key=|turn| turn.key() let:turn>
                <TurnView card=id id=turn.key() live />
            </For>
            </div>
        </div>
    }
}

/// Tells when elements change their size, until it is dropped.
struct Sizes {
    observer: web_sys::ResizeObserver,
    /// Called by the observer.
    _changed: Closure<dyn FnMut()>,
}

impl Sizes {
    fn watch(elements: &[&web_sys::HtmlElement], changed: impl FnMut() + 'static) -> Option<Self> {
        let changed = Closure::<dyn FnMut()>::new(changed);
        let observer = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        for element in elements {
            observer.observe(element);
        }
        Some(Self {
            observer,
            _changed: changed,
        })
    }
}

impl Drop for Sizes {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// Where a turn stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Its answer is on its way.
    Answering,
    /// Another answer of the card comes first.
    Queued,
    /// Nothing is on its way to answer it.
    Unanswered,
    Answered,
}

#[component]
fn TurnView(card: card::Id, id: turn::Id, live: Memo<Option<Live>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    let standing = Memo::new(move |_| {
        let is_answered = turn
            .answer()
            .try_read()
            .is_some_and(|answer| answer.is_some());
        live.with(|live| match live {
            Some(live) if live.turn == id => Standing::Answering,
            _ if is_answered => Standing::Answered,
            Some(live) if session.comes_after(card, id, live.turn) => Standing::Queued,
            _ => Standing::Unanswered,
        })
    });
    let has_answer =
        Memo::new(move |_| matches!(standing.get(), Standing::Answering | Standing::Answered));
    view! {
        <article class="message user" aria-label=word!(i18n, you)>
            <div class="text" dir="auto">
                {Signal::derive(move || turn.prompt().try_get())}
            </div>
            <TurnAttachments card id />
        </article>
        {part(move || {
            if has_answer.get() {
                view! { <AnswerView card id live standing /> }.into_any()
            } else {
                view! { <Waiting card id standing live /> }.into_any()
            }
        })}
    }
}

/// What is said of a turn without an answer, and what can be done with it.
#[component]
fn Waiting(
    card: card::Id,
    id: turn::Id,
    standing: Memo<Standing>,
    live: Memo<Option<Live>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <div class="note">
            <span>
                {Signal::derive(move || match standing.get() {
                    Standing::Queued => t_string!(i18n, queued),
                    _ if !session.can_ask(card) => t_string!(i18n, queued_for_model),
                    _ => t_string!(i18n, unanswered),
                })}
            </span>
            <Retry card id live />
            <button class="button" on:click=move |_| session.cancel(card, id)>
                {word!(i18n, cancel)}
            </button>
        </div>
    }
}

#[component]
fn Retry(card: card::Id, id: turn::Id, live: Memo<Option<Live>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        {when(
            move || live.with(Option::is_none) && session.can_ask(card),
            move || view! {
                <button class="button" on:click=move |event| {
                    session.retry(card, id);
                    focus_message(card, &event);
                }>
                    {word!(i18n, retry)}
                </button>
            },
        )}
    }
}

#[component]
fn AnswerView(
    card: card::Id,
    id: turn::Id,
    live: Memo<Option<Live>>,
    standing: Memo<Standing>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    let is_live = Memo::new(move |_| standing.get() == Standing::Answering);
    let model = Signal::derive(move || {
        let stored = || {
            turn.answer()
                .try_read()
                .and_then(|answer| Some(answer.as_ref()?.model.clone()))
        };
        live.with(|live| {
            live.as_ref()
                .filter(|live| live.turn == id)
                .map(|live| live.model().to_owned())
        })
        .or_else(stored)
        .unwrap_or_default()
    });
    let outcome = Memo::new(move |_| {
        let answer = turn.answer().try_read()?;
        let answer = answer.as_ref()?;
        (!is_live.get()).then(|| (answer.outcome.clone(), answer.text.trim().is_empty()))
    });
    let note = part(move || {
        let (outcome, is_empty) = outcome.get()?;
        let can_retry = outcome.can_retry();
        let is_error = matches!(outcome, Outcome::Failed(_));
        let refused = match &outcome {
            Outcome::Failed(error) => session.refused(card, error),
            _ => None,
        };
        let refused = refused.map(|param| {
            let name = super::params::name(param);
            view! {
                <button class="button" on:click=move |event| {
                    session.send_without(card, id, param);
                    focus_message(card, &event);
                }>
                    {t_string!(i18n, send_without, name = name).to_string()}
                </button>
            }
        });
        let words = match outcome {
            Outcome::Complete if is_empty => t_string!(i18n, no_text).to_owned(),
            Outcome::Complete => return None,
            Outcome::Length => t_string!(i18n, length).to_owned(),
            Outcome::Filtered => t_string!(i18n, filtered).to_owned(),
            Outcome::Stopped => t_string!(i18n, stopped).to_owned(),
            Outcome::Interrupted => t_string!(i18n, interrupted).to_owned(),
            Outcome::Failed(error) => explain(i18n, &error),
        };
        Some(view! {
            <div class="note" class:error=is_error>
                <span>{words}</span>
                {refused}
                {can_retry.then(|| view! { <Retry card id live /> })}
            </div>
        })
    });
    view! {
        <article
            class="message answer"
            aria-label=model
            aria-busy=flag(move || is_live.get())
        >
            <p class="model-name" aria-hidden="true">{model}</p>
            <AnswerText card id live />
            {when(
                move || is_live.get(),
                move || view! {
                    <p class="answering" role="status">
                        <span class="visually-hidden">{word!(i18n, answering)}</span>
                        <i></i>
                        <i></i>
                        <i></i>
                    </p>
                },
            )}
            {note}
        </article>
    }
}

/// The text of an answer, while it comes and after. Only what is new is put on the page: the cost
/// of a frame is that of what it adds, however long the answer has become. A line that has ended
/// is an element that is never touched again, so that the browser lays out only the last one.
#[component]
fn AnswerText(card: card::Id, id: turn::Id, live: Memo<Option<Live>>) -> impl IntoView {
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    let container = NodeRef::<html::Div>::new();
    // The card's other answers come and go, and the store tells of a change to anything around an
    // answer: only a change of this one is a reason to show it anew.
    let live = Memo::new(move |_| live.get().filter(|live| live.turn == id));
    let stored = Memo::new(move |_| {
        let answer = turn.answer().try_read()?;
        answer.as_ref().map(|answer| answer.text.clone())
    });
    Effect::new(move |before: Option<(Option<Live>, Lines)>| {
        let (was_live, mut lines) = before.unwrap_or_default();
        let Some(container) = container.get() else {
            return (was_live, lines);
        };
        let now_live = live.get();
        match &now_live {
            Some(live) => {
                if was_live.as_ref() != Some(live) {
                    lines = Lines::default();
                    container.set_text_content(None);
                }
                live.with_text(|text| lines.extend(&container, text));
            }
            None => stored.with(|stored| {
                if let Some(text) = stored {
                    // What has just been streamed stays as it is, selection and all; anything
                    // else is shown anew.
                    if was_live.is_none() {
                        lines = Lines::default();
                        container.set_text_content(None);
                    }
                    lines.extend(&container, text);
                }
            }),
        }
        (now_live, lines)
    });
    view! { <div class="text" dir="auto" node_ref=container></div> }
}

/// The lines of a text that is on the page, to which only more is added.
#[derive(Default)]
struct Lines {
    /// How many bytes of the text are on the page.
    shown: usize,
    /// The last line.
    last: Option<Line>,
}

struct Line {
    text: web_sys::Text,
    /// Stands in a line as long as it is empty, so that it has a height, and is copied as a line.
    blank: Option<web_sys::Element>,
}

impl Lines {
    fn extend(&mut self, container: &web_sys::HtmlElement, text: &str) {
        let added = text.get(self.shown..).unwrap_or_default();
        self.shown = text.len();
        if added.is_empty() {
            return;
        }
        for (index, piece) in added.split('\n').enumerate() {
            let line = match &mut self.last {
                Some(line) if index == 0 => line,
                last => last.insert(Line::below(container)),
            };
            if !piece.is_empty() {
                if let Some(blank) = line.blank.take() {
                    blank.remove();
                }
                // Appending at the end of a node can't fail.
                let _ = line.text.append_data(piece);
            }
        }
    }
}

impl Line {
    fn below(container: &web_sys::HtmlElement) -> Self {
        let element = |name| {
            document()
                .create_element(name)
                .expect("it is an element's name")
        };
        let (line, blank) = (element("div"), element("br"));
        let text = document().create_text_node("");
        // A new node can stand anywhere.
        let _ = line.append_child(&text);
        let _ = line.append_child(&blank);
        let _ = container.append_child(&line);
        Self {
            text,
            blank: Some(blank),
        }
    }
}
