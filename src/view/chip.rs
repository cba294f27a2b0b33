//! An attachment's chip: its name, its size, its picture or its text.

use crate::{
    chat::{
        Attachment,
        attachment::{self, Document, Kind, Unread},
        card,
    },
    i18n::{t_string, use_i18n},
    session::{Session, attachments},
    ui::{
        dynamic::{derive, effect, memo, on_click, show, t},
        explain::explain_unread,
        focus::focus_message,
        icon::{self, icon},
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local};

/// One attachment. A sent one can be removed only when its content is gone.
#[component]
pub(super) fn Chip(
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
            Kind::Text | Kind::Sound => size,
            Kind::Pdf { pages, .. } => {
                t_string!(i18n, pdf_pages, pages = *pages, size = size).to_string()
            }
            Kind::Document(Document::Words) => t_string!(i18n, document_text, size).to_string(),
            Kind::Document(Document::Sheets(count)) => {
                t_string!(i18n, document_sheets, count = *count, size = size).to_string()
            }
            Kind::Document(Document::Slides(count)) => {
                t_string!(i18n, document_slides, count = *count, size = size).to_string()
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
    let unread = unread(&attachment.kind);
    let is_image = attachment.is_image();
    let label = name.clone();
    let shown = attachment;
    let removed = name.clone();
    let label_of_pages = name.clone();
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
                    {unread.map(|unread| {
                        view! {
                            <span class="attachment-unread">
                                {derive(move || explain_unread(i18n, unread))}
                            </span>
                        }
                    })}
                </span>
            </button>
            {(!is_sent).then(|| view! { <SendPages name=label_of_pages card id /> })}
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

/// What of an attachment can't be read.
const fn unread(kind: &Kind) -> Option<Unread> {
    match kind {
        Kind::Pdf { unread, .. } => *unread,
        _ => None,
    }
}

/// The button that attaches a PDF's pages as pictures, while the browser has its file.
#[component]
pub(super) fn SendPages(name: String, card: card::Id, id: attachment::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    show(
        move || session.has_pages(id),
        move || {
            let name = name.clone();
            view! {
                <button
                    class="button"
                    aria-label=t!(i18n, send_pages_of, name = name.as_str())
                    on:click=on_click(move |event| {
                        session.attach_pages(card, id);
                        focus_message(card, &event);
                    })
                >
                    {t!(i18n, send_pages)}
                </button>
            }
        },
    )
}

#[component]
pub(super) fn Remove(name: String, #[prop(into)] act: Callback<ev::MouseEvent>) -> impl IntoView {
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

/// A picture, whose URL lasts as long as the view.
#[component]
pub(super) fn Picture(id: attachment::Id, #[prop(into)] alt: String) -> impl IntoView {
    let session = expect_context::<Session>();
    let url = RwSignal::new(None::<String>);
    let revoke = |url: &str| {
        // A created URL can be revoked.
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
        // `try_set` returns the URL if the view is gone.
        if let Some(Some(url)) = url.try_set(made) {
            revoke(&url);
        }
    });
    view! { <img src=move || url.get() alt=alt decoding="async" /> }
}

/// The dialog with the whole attachment.
#[component]
pub(super) fn Preview(attachment: Attachment, is_open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only if it is already open.
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

/// Formats a size, in units of 1,000.
pub(super) fn size(bytes: u32) -> String {
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
