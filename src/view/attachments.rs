//! Attachments of a message: choosing, listing, removing.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use wasm_split_helpers::wasm_split;

use super::chip::{Chip, Remove, SendPages};
use crate::{
    chat::{Attachment, TurnStoreFields, card, readings::Reading, turn},
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    session::Session,
    ui::{
        dynamic::{derive, dynamic, for_each, memo, on_click, show, t},
        explain::explain_file,
        focus::focus_message,
        icon::{self, icon},
        lazy::{lazy, lazy_quietly},
    },
};

/// The button that lets the user choose files for a card's input.
#[component]
pub fn Attach(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let input = NodeRef::<html::Input>::new();
    view! {
        <input
            node_ref=input
            type="file"
            multiple
            hidden
            on:change=move |_| {
                if let Some(input) = input.get_untracked() {
                    attach(&session, id, input.files());
                    // Lets the same file be chosen again.
                    input.set_value("");
                }
            }
        />
        <button
            class="button icon-button"
            aria-label=t!(i18n, attach)
            title=t!(i18n, attach_hint)
            on:click=on_click(move |_| {
                if let Some(input) = input.get_untracked() {
                    input.click();
                }
            })
        >
            {icon(icon::ATTACH)}
        </button>
    }
}

/// Attaches files; returns whether there are any.
fn attach(session: &Session, card: card::Id, files: Option<web_sys::FileList>) -> bool {
    let files: Vec<_> = files
        .iter()
        .flat_map(|files| (0..files.length()).filter_map(|n| files.get(n)))
        .collect();
    let are_any = !files.is_empty();
    session.attach(card, files);
    are_any
}

/// Attaches pasted files; returns whether there are any. A copy from Word or Excel holds a picture as well,
/// but is meant as text.
pub fn on_paste(session: &Session, card: card::Id, event: &web_sys::Event) -> bool {
    let Some(pasted) = clipboard(event) else {
        return false;
    };
    let holds = |kind| pasted.get_data(kind).is_ok_and(|data| !data.is_empty());
    let has_files =
        !(holds("text/plain") && holds("text/html")) && attach(session, card, pasted.files());
    if has_files {
        event.prevent_default();
    }
    has_files
}

fn clipboard(event: &web_sys::Event) -> Option<web_sys::DataTransfer> {
    event
        .unchecked_ref::<web_sys::ClipboardEvent>()
        .clipboard_data()
}

/// Returns the pasted text, as an input takes it over.
pub fn pasted(event: &web_sys::Event) -> String {
    let text = clipboard(event).and_then(|pasted| pasted.get_data("text/plain").ok());
    text.unwrap_or_default().replace("\r\n", "\n")
}

/// Attaches a text as a file.
pub fn attach_text(session: &Session, card: card::Id, text: &str) {
    let parts = js_sys::Array::of1(&text.into());
    let file = web_sys::File::new_with_str_sequence(&parts, "pasted.txt");
    session.attach(card, file.into_iter().collect());
}

/// Returns whether files are dragged.
pub fn has_files(event: &ev::DragEvent) -> bool {
    let types = event.data_transfer().map(|dragged| dragged.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}

/// Returns whether the drag has left the listening element, and not only one part of it for another.
pub fn has_left(event: &ev::DragEvent) -> bool {
    let node = |target: Option<web_sys::EventTarget>| target?.dyn_into::<web_sys::Node>().ok();
    let (place, now) = (node(event.current_target()), node(event.related_target()));
    !place.is_some_and(|place| place.contains(now.as_ref()))
}

/// Attaches files dropped on a card.
pub fn on_drop(session: &Session, card: card::Id, event: &ev::DragEvent) {
    let dropped = event.data_transfer();
    if attach(session, card, dropped.and_then(|dropped| dropped.files())) {
        event.prevent_default();
    }
}

/// Functions that render attachments.
#[derive(Clone, Copy)]
pub struct Draw {
    /// For the draft that a card shows.
    draft: fn(card::Id) -> AnyView,
    /// The offer to attach a text that was pasted.
    pub pasted: fn(card::Id, RwSignal<String>) -> AnyView,
    /// For a turn.
    turn: fn(card::Id, turn::Id) -> AnyView,
}

thread_local! {
    pub static ATTACHED: Chunk<Draw> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Draw, Missing> {
    Ok(Draw {
        draft: |id| view! { <Attached id /> }.into_any(),
        pasted: |id, text| view! { <Pasted id text /> }.into_any(),
        turn: |card, id| view! { <Sent card id /> }.into_any(),
    })
}

/// The attachments of the draft that a card shows.
#[component]
pub fn DraftAttachments(id: card::Id) -> impl IntoView {
    let session = expect_context::<Session>();
    show(
        move || !session.attachments(id).is_empty() || !session.readings(id).is_empty(),
        move || lazy(&ATTACHED, move |draw| (draw.draft)(id)),
    )
}

#[component]
fn Attached(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let attachments = memo(move || session.attachments(id));
    let readings = memo(move || session.readings(id));
    let has_picture = memo(move || attachments.with(|all| all.iter().any(Attachment::is_image)));
    view! {
        <ul class="attachments" aria-label=t!(i18n, attachments)>
            {for_each(
                move || attachments.with(|all| all.iter().map(|one| one.id).collect()),
                move |attachment| {
                    let all = attachments.get_untracked();
                    let one = all.into_iter().find(|one| one.id == attachment);
                    let remove = move |attachment| session.detach(id, attachment);
                    one.map(|attachment| view! { <Chip attachment remove card=id /> })
                },
            )}
            {dynamic(move || {
                let shown = |reading| view! { <Pending reading card=id /> };
                readings.get().into_iter().map(shown).collect_view()
            })}
        </ul>
        {show(
            move || has_picture.get(),
            move || lazy_quietly(&crate::view::pictures::PICTURES, move |pictures| pictures(id)),
        )}
    }
}

/// The offer to attach a text that was pasted.
#[component]
fn Pasted(id: card::Id, text: RwSignal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let attach = move |event: ev::MouseEvent| {
        let pasted = text.get_untracked();
        text.set(String::new());
        let draft = untrack(|| session.draft(id));
        // What was typed around it stays.
        if draft.contains(&pasted) {
            attach_text(&session, id, &pasted);
            session.draft_changed(id, draft.replacen(&pasted, "", 1));
        }
        focus_message(id, &event);
    };
    view! {
        <p class="hint" role="status">
            {t!(i18n, pasted_long)}
            " "
            <button class="button" on:click=on_click(attach)>{t!(i18n, attach_as_file)}</button>
            <button
                class="button icon-button"
                aria-label=t!(i18n, close)
                on:click=on_click(move |event| {
                    text.set(String::new());
                    focus_message(id, &event);
                })
            >
                {icon(icon::CLOSE)}
            </button>
        </p>
    }
}

/// The attachments of a sent message.
#[component]
pub fn TurnAttachments(card: card::Id, id: turn::Id) -> impl IntoView {
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    show(
        move || {
            turn.attachments()
                .try_read()
                .is_some_and(|all| !all.is_empty())
        },
        move || lazy(&ATTACHED, move |draw| (draw.turn)(card, id)),
    )
}

#[component]
fn Sent(card: card::Id, id: turn::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let turn = session.turn(card, id);
    let attachments = memo(move || turn.attachments().try_get().unwrap_or_default());
    view! {
        <ul class="attachments" aria-label=t!(i18n, attachments)>
            {dynamic(move || {
                let remove = move |attachment| session.detach_from(card, id, attachment);
                let shown = |attachment| view! { <Chip attachment remove card is_sent=true /> };
                attachments.get().into_iter().map(shown).collect_view()
            })}
        </ul>
    }
}

/// A file that is being read, or could not be read.
#[component]
fn Pending(reading: Reading, card: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let Reading { id, failed, .. } = reading;
    view! {
        <li class="attachment" class:error=failed.is_some()>
            <span class="attachment-words" role="status">
                <span class="attachment-name">{reading.name.clone()}</span>
                <span>
                    {derive(move || match failed {
                        None => t_string!(i18n, reading),
                        Some(error) => explain_file(i18n, error),
                    })}
                </span>
            </span>
            <SendPages name=reading.name.clone() card id />
            <Remove
                name=reading.name
                act=move |event| {
                    session.detach(card, id);
                    focus_message(card, &event);
                }
            />
        </li>
    }
}
