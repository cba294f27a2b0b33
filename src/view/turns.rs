//! The turns of a card's conversation, in a chunk that also renders answers.

use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use super::{
    actions::{Act, action},
    answer::{AnswerView, elsewhere},
    attachments::TurnAttachments,
    drawing,
    turn::{Retry, TurnState},
};
use crate::{
    chat::{CardStoreFields, TurnStoreFields, card, turn},
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    reader,
    session::{InFlight, Session},
    transfer::words,
    ui::{
        dynamic::{derive, dynamic, effect, for_each, memo, on_click, t},
        focus::{focus_input, focus_on},
    },
};

/// Renders the turns of a card.
type Draw = fn(card::Id, Memo<Option<InFlight>>) -> AnyView;

thread_local! {
    pub static TURNS: Chunk<Draw> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(answers, fallible)]
fn entry() -> Result<Draw, Missing> {
    reader::listen();
    Ok(|id, in_flight| view! { <Turns id in_flight /> }.into_any())
}

#[component]
fn Turns(id: card::Id, in_flight: Memo<Option<InFlight>>) -> impl IntoView {
    let session = expect_context::<Session>();
    let card = session.card(id);
    drawing::follow_words(use_i18n());
    view! {
        <PrintHead id />
        {for_each(
            move || {
                let turns = card.turns().try_read();
                turns.map_or_else(Vec::new, |turns| turns.iter().map(|turn| turn.id).collect())
            },
            move |turn| view! { <TurnView card=id id=turn in_flight /> },
        )}
    }
}

/// What a card is, on paper: its model, endpoint, parameters and system prompt.
#[component]
fn PrintHead(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let library = session.library();
    let is_printed = RwSignal::new(false);
    let listeners = [("beforeprint", true), ("afterprint", false)].map(|(event, printed)| {
        window_event_listener_untyped(event, move |_| _ = is_printed.try_set(printed))
    });
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    dynamic(move || {
        if !is_printed.get() {
            return None;
        }
        let card = session.card(id).try_get_untracked()?;
        let endpoint = card.endpoint.and_then(|id| library.endpoint(id));
        let params: Vec<_> = words::params(&card)
            .into_iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        Some(view! {
            <header class="print-head">
                <h2>{card.model.clone().unwrap_or_default()}</h2>
                <p>{endpoint.map(|endpoint| format!("{} · {}", endpoint.name, endpoint.base_url.as_str()))}</p>
                <p>{params.join(" · ")}</p>
                {(!card.system.is_empty()).then(|| view! {
                    <p>{t!(i18n, system_prompt)}": "{card.system.clone()}</p>
                })}
            </header>
        })
    })
}

#[component]
fn TurnView(card: card::Id, id: turn::Id, in_flight: Memo<Option<InFlight>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    let state = memo(move || {
        let is_answered = turn
            .answer()
            .try_read()
            .is_some_and(|answer| answer.is_some());
        in_flight.with(|in_flight| match in_flight {
            Some(in_flight) if in_flight.turn == id => TurnState::Answering,
            _ if is_answered => TurnState::Answered,
            Some(in_flight) if session.comes_after(card, id, in_flight.turn) => TurnState::Queued,
            _ => TurnState::Unanswered,
        })
    });
    let is_edited = RwSignal::new(false);
    let has_answer =
        memo(move || matches!(state.get(), TurnState::Answering | TurnState::Answered));
    view! {
        <article class="message user" aria-label=t!(i18n, you)>
            {dynamic(move || {
                if is_edited.get() {
                    view! { <Edit card id is_edited /> }.into_any()
                } else {
                    view! {
                        <div class="text">
                            {dynamic(move || paragraphs(&turn.prompt().try_get().unwrap_or_default()))}
                        </div>
                        <div class="actions">
                            {action(Act::Copy, move |_| {
                                super::actions::copy(turn.prompt().try_get_untracked());
                            })}
                            {action(Act::Edit, move |_| is_edited.set(true))}
                            {action(Act::Delete, move |_| session.delete_turn(card, id))}
                        </div>
                    }
                        .into_any()
                }
            })}
            <TurnAttachments card id />
        </article>
        {dynamic(move || {
            if has_answer.get() {
                view! { <AnswerView card id in_flight state /> }.into_any()
            } else if session.is_elsewhere(card, id) {
                elsewhere(i18n)
            } else {
                view! { <Waiting card id state in_flight /> }.into_any()
            }
        })}
    }
}

/// Number of paragraphs that a question is divided into: what was pasted may have very many.
const PARAGRAPHS: usize = 500;

/// Renders a question. Each paragraph has the writing direction of its own first letter.
fn paragraphs(prompt: &str) -> AnyView {
    let mut rest = prompt;
    let mut shown = Vec::new();
    while !rest.is_empty() {
        let end = rest.find("\n\n").filter(|_| shown.len() < PARAGRAPHS);
        let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.trim_start_matches('\n');
        // A paragraph's last break adds no line.
        let breaks = (0..after.len() - rest.len()).map(|_| view! { <br /> });
        let breaks = breaks.collect_view();
        shown.push(view! { <p dir="auto">{text.to_owned()}{breaks}</p> });
    }
    shown.collect_view().into_any()
}

/// The note on a turn without an answer, and its actions.
#[component]
fn Waiting(
    card: card::Id,
    id: turn::Id,
    state: Memo<TurnState>,
    in_flight: Memo<Option<InFlight>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <div class="note">
            <span>
                {derive(move || match state.get() {
                    TurnState::Queued => t_string!(i18n, queued),
                    _ if !session.can_ask(card) => t_string!(i18n, queued_for_model),
                    _ => t_string!(i18n, unanswered),
                })}
            </span>
            <Retry card id in_flight />
            <button class="button" on:click=on_click(move |_| session.delete_turn(card, id))>
                {t!(i18n, cancel)}
            </button>
        </div>
    }
}

/// The form that edits a question. Its button, or Ctrl+Enter, sends it again.
#[component]
fn Edit(card: card::Id, id: turn::Id, is_edited: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let before = session.turn(card, id).prompt().try_get_untracked();
    let before = before.unwrap_or_default();
    let input = NodeRef::<html::Textarea>::new();
    effect(move || focus_on(input));
    let leave = move || {
        is_edited.set(false);
        focus_input(card);
    };
    let send = move || {
        if let Some(input) = input.get_untracked() {
            let prompt = input.value();
            if !prompt.trim().is_empty() {
                is_edited.set(false);
                session.resend(card, id, prompt);
                focus_input(card);
            }
        }
    };
    view! {
        <form
            class="edit"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <textarea
                node_ref=input
                aria-label=t!(i18n, edit_message)
                dir="auto"
                prop:value=before
                on:keydown=move |event| {
                    // During a composition, Enter only ends a syllable.
                    if event.is_composing() || event.key_code() == 229 {
                        return;
                    }
                    match &*event.key() {
                        "Escape" => leave(),
                        "Enter" if event.ctrl_key() || event.meta_key() => send(),
                        _ => {}
                    }
                }
            ></textarea>
            <p class="hint">{t!(i18n, edit_hint)}</p>
            <button class="button primary" type="submit">{t!(i18n, send_again)}</button>
            <button class="button" type="button" on:click=on_click(move |_| leave())>
                {t!(i18n, cancel)}
            </button>
        </form>
    }
}
