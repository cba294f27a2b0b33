//! What goes along with a message: chosen, shown, looked at, taken out.

use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_split_helpers::wasm_split;

use crate::{
    chat::{
        Attachment, TurnStoreFields,
        attachment::{self, Kind},
        card, turn,
    },
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    session::{Reading, Session, attachments},
    ui::{
        dynamic::{derive, dynamic, effect, for_each, memo, on_click, show, t},
        explain::explain_file,
        focus::focus_message,
        icon::{self, icon},
        lazy::{lazy, lazy_quietly},
    },
};

/// The button that lets the reader choose files for a card's input.
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
                    // So that the same file can be chosen again.
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

/// Attaches what is pasted, if it is files. What Word or Excel copies is a picture as well, but was
/// meant as text.
pub fn on_paste(session: &Session, card: card::Id, event: &web_sys::Event) {
    let Some(pasted) = event
        .unchecked_ref::<web_sys::ClipboardEvent>()
        .clipboard_data()
    else {
        return;
    };
    let holds = |kind| pasted.get_data(kind).is_ok_and(|data| !data.is_empty());
    if !(holds("text/plain") && holds("text/html")) && attach(session, card, pasted.files()) {
        event.prevent_default();
    }
}

/// Whether what is dragged is files.
pub fn has_files(event: &ev::DragEvent) -> bool {
    let types = event.data_transfer().map(|dragged| dragged.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}

/// Whether what is dragged has left the element that listens, and not only one part of it for
/// another.
pub fn has_left(event: &ev::DragEvent) -> bool {
    let node = |target: Option<web_sys::EventTarget>| target?.dyn_into::<web_sys::Node>().ok();
    let (place, now) = (node(event.current_target()), node(event.related_target()));
    !place.is_some_and(|place| place.contains(now.as_ref()))
}

/// Attaches what is dropped on a card.
pub fn on_drop(session: &Session, card: card::Id, event: &ev::DragEvent) {
    let dropped = event.data_transfer();
    if attach(session, card, dropped.and_then(|dropped| dropped.files())) {
        event.prevent_default();
    }
}

/// What is drawn of attachments.
#[derive(Clone, Copy)]
struct Draw {
    /// Of the draft that a card shows.
    draft: fn(card::Id) -> AnyView,
    /// Of a turn.
    turn: fn(card::Id, turn::Id) -> AnyView,
}

thread_local! {
    static ATTACHED: Chunk<Draw> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Draw, Missing> {
    Ok(Draw {
        draft: |id| view! { <Attached id /> }.into_any(),
        turn: |card, id| view! { <Sent card id /> }.into_any(),
    })
}

/// What is attached to the draft that a card shows.
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

/// What went along with a message that was sent.
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

/// A file that is being read, or could not be.
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

/// One attachment. One that is sent can be taken out only when its content is gone.
#[component]
fn Chip(
    attachment: Attachment,
    #[prop(into)] remove: Callback<attachment::Id>,
    card: card::Id,
    #[prop(optional)] is_sent: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let (id, name) = (attachment.id, attachment.name.clone());
    let is_open = RwSignal::new(false);
    let is_gone = memo(move || session.is_gone(id));
    let kind = attachment.kind;
    let bytes = attachment.bytes;
    let detail = derive(move || {
        if is_gone.get() {
            return t_string!(i18n, content_gone).to_owned();
        }
        let size = size(bytes);
        match &kind {
            Kind::Text => size,
            Kind::Pdf { pages } => {
                t_string!(i18n, pdf_pages, pages = *pages, size = size).to_string()
            }
            Kind::Image {
                width,
                height,
                original,
            } => {
                let mut words = t_string!(
                    i18n,
                    picture_size,
                    width = *width,
                    height = *height,
                    size = size
                )
                .to_string();
                if let Some(was) = original {
                    let (width, height, size) = (was.width, was.height, self::size(was.bytes));
                    let was = t_string!(
                        i18n,
                        picture_was,
                        width = width,
                        height = height,
                        size = size
                    );
                    words = format!("{words} ({was})");
                }
                words
            }
        }
    });
    let is_image = attachment.is_image();
    let label = name.clone();
    let shown = attachment;
    let removed = name.clone();
    view! {
        <li class="attachment" class:error=move || is_gone.get()>
            <button
                class="attachment-button"
                aria-label=t!(i18n, preview_named, name = label.as_str())
                disabled=is_gone
                on:click=on_click(move |_| is_open.set(true))
            >
                {is_image.then(|| view! { <Picture id alt="" /> })}
                <span class="attachment-words">
                    <span class="attachment-name">{name}</span>
                    <span>{detail}</span>
                </span>
            </button>
            {show(
                move || !is_sent || is_gone.get(),
                move || view! {
                    <Remove
                        name=removed.clone()
                        act=move |event| {
                            remove.run(id);
                            focus_message(card, &event);
                        }
                    />
                },
            )}
            {show(move || is_open.get(), move || view! { <Preview attachment=shown.clone() is_open /> })}
        </li>
    }
}

#[component]
fn Remove(name: String, #[prop(into)] act: Callback<ev::MouseEvent>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <button
            class="button icon-button"
            aria-label=t!(i18n, remove_named, name = name.as_str())
            on:click=on_click(move |event| act.run(event))
        >
            {icon(icon::CLOSE)}
        </button>
    }
}

/// A picture from its content, as long as it is shown.
#[component]
fn Picture(id: attachment::Id, #[prop(into)] alt: String) -> impl IntoView {
    let session = expect_context::<Session>();
    let url = RwSignal::new(None::<String>);
    let revoke = |url: &str| {
        // One that was made can be revoked.
        let _ = web_sys::Url::revoke_object_url(url);
    };
    on_cleanup(move || {
        if let Some(url) = url.try_get_untracked().flatten() {
            revoke(&url);
        }
    });
    spawn_local(async move {
        let content = session.content(id).await;
        let made = content.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob).ok());
        // What comes when nobody shows it any more comes back.
        if let Some(Some(url)) = url.try_set(made) {
            revoke(&url);
        }
    });
    view! { <img src=move || url.get() alt=alt decoding="async" /> }
}

/// The whole of an attachment, in front of the page.
#[component]
fn Preview(attachment: Attachment, is_open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only when it is open already.
            let _ = dialog.show_modal();
        }
    });
    let (id, name) = (attachment.id, attachment.name.clone());
    let words = RwSignal::new(String::new());
    if !attachment.is_image() {
        spawn_local(async move {
            if let Some(content) = session.content(id).await {
                words.try_set(attachments::text(&content).await.unwrap_or_default());
            }
        });
    }
    let content = if attachment.is_image() {
        view! { <Picture id alt=name.clone() /> }.into_any()
    } else {
        view! { <pre class="text" dir="auto" tabindex="0">{words}</pre> }.into_any()
    };
    view! {
        <dialog
            class="dialog preview"
            node_ref=dialog
            aria-label=name.clone()
            on:close=move |_| is_open.set(false)
        >
            <div class="preview-content">
                <header>
                    <h2>{name.clone()}</h2>
                    <button
                        class="button icon-button"
                        aria-label=t!(i18n, close)
                        on:click=on_click(move |_| {
                            if let Some(dialog) = dialog.get_untracked() {
                                dialog.close();
                            }
                        })
                    >
                        {icon(icon::CLOSE)}
                    </button>
                </header>
                {content}
            </div>
        </dialog>
    }
}

/// A size for people, in units of 1,000.
fn size(bytes: u32) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..999_500 => format!("{} kB", (bytes + 500) / 1_000),
        _ => {
            let tenths = (u64::from(bytes) + 50_000) / 100_000;
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_unit() {
        #[track_caller]
        fn check(bytes: u32, expected: &str) {
            assert_eq!(size(bytes), expected);
        }
        check(0, "0 B");
        check(999, "999 B");
        check(1_000, "1 kB");
        check(999_499, "999 kB");
        check(999_500, "1.0 MB");
        check(20_000_000, "20.0 MB");
        check(u32::MAX, "4295.0 MB");
    }
}
