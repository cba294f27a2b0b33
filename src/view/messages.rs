//! A card's conversation.

use leptos::{html, prelude::*};

use super::{
    follow::{Follow, Sizes},
    turns,
};
use crate::{
    chat::{CardStoreFields, card},
    i18n::{t_string, use_i18n},
    session::{CardField, Session},
    ui::{
        dynamic::{dynamic, effect, memo, on_click, show, t},
        focus::focus_on,
        icon::{self, icon},
        lazy::lazy_or,
    },
};

/// The messages of a card, oldest first. It follows an answer while the user is at the end.
#[component]
pub fn Messages(id: card::Id, is_connecting: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let card = session.card(id);
    let log = NodeRef::<html::Div>::new();
    let content = NodeRef::<html::Div>::new();
    let follow = Follow::new(log);
    provide_context(follow);
    // The end moves with new messages, and when the input below grows.
    let sizes = StoredValue::new_local(None::<Sizes>);
    effect(move || {
        if let (Some(log), Some(content)) = (log.get(), content.get()) {
            sizes.set_value(Sizes::watch(&[&log, &content], move || follow.follow()));
        }
    });
    let place = memo(move || session.place(id));
    effect(move || {
        place.get();
        follow.stay();
    });
    let in_flight = memo(move || session.in_flight(id));
    let count = memo(move || card.turns().try_read().map_or(0, |turns| turns.len()));
    // A message that was just sent is visible.
    Effect::new(move |before: Option<usize>| {
        let count = count.get();
        if before.is_none_or(|before| before < count) {
            follow.go_to_end();
        }
        count
    });
    view! {
        <div class="messages-frame">
        <div
            node_ref=log
            class="messages"
            role="log"
            tabindex="0"
            aria-label=t!(i18n, messages)
            on:scroll=move |_| follow.scrolled()
        >
            <div node_ref=content class="turns">
            {show(
                move || count.get() == 0 && !is_connecting.get(),
                move || view! {
                    <div class="empty">
                        <p>{t!(i18n, empty_title)}</p>
                        <p class="hint">{t!(i18n, empty_hint)}</p>
                    </div>
                },
            )}
            {show(
                move || count.get() > 0,
                move || lazy_or(&turns::TURNS, move |turns| turns(id, in_flight), move || unread(card)),
            )}
            </div>
        </div>
        {show(
            move || !follow.is_at_end(),
            move || view! {
                <button
                    class="button latest"
                    on:click=on_click(move |_| {
                        follow.go_to_end();
                        focus_on(log);
                    })
                >
                    {icon(icon::OPEN)}
                    {t!(i18n, latest)}
                </button>
            },
        )}
        </div>
    }
}

/// The messages as plain text, if the chunk that renders them can't be loaded.
fn unread(card: CardField) -> AnyView {
    let i18n = use_i18n();
    dynamic(move || {
        let said = card.turns().try_read();
        let turns = said.iter().flat_map(|turns| turns.iter());
        turns
            .map(|turn| {
                let answer = turn.answer.as_ref();
                view! {
                    {plain("message user", t_string!(i18n, you).to_owned(), turn.prompt.clone())}
                    {answer.map(|answer| plain("message", answer.model.clone(), answer.text.clone()))}
                }
            })
            .collect_view()
    })
    .into_any()
}

/// One message, without Markdown.
fn plain(class: &'static str, by: String, text: String) -> AnyView {
    view! {
        <article class=class aria-label=by>
            <div class="text" dir="auto">{text}</div>
        </article>
    }
    .into_any()
}
