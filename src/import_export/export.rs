//! Exports: the dialog, and the files that it makes.

use super::{FILES, Files, show_modal, typeset};
use crate::{
    chat::{self, Chat},
    chats::Chats,
    endpoint::Endpoint,
    history::stored_chats::StoredChats,
    i18n::{I18n, use_i18n},
    session::attachments,
    storage::blobs,
    transfer::{Form, Request, SharedEndpoint, html::typeset::Typeset},
    ui::{
        date::{date, options},
        dynamic::{on_click, on_key, show, t},
        files,
        lazy::lazy,
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local};

pub(super) const FORMS: [Form; 3] = [Form::Json, Form::Markdown, Form::Html];

/// The file extension and the media type of a form.
pub(super) const fn file(form: Form) -> (&'static str, &'static str) {
    match form {
        Form::Json => ("json", "application/json"),
        Form::Markdown => ("md", "text/markdown"),
        Form::Html => ("html", "text/html"),
    }
}

/// The export of one chat, or of all.
#[component]
pub fn Exports(
    /// None for all, with a button.
    chat: Option<chat::Id>,
    /// True while the dialog is open.
    #[prop(default = RwSignal::new(false))]
    is_asked: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        {chat.is_none().then(|| view! {
            <button class="button" on:click=on_click(move |_| is_asked.set(true))>
                {t!(i18n, export_all)}
            </button>
        })}
        {show(move || is_asked.get(), move || view! { <ExportDialog chat is_asked /> })}
    }
}

#[component]
pub(super) fn ExportDialog(chat: Option<chat::Id>, is_asked: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let chats = expect_context::<Chats>();
    let stored_chats = expect_context::<StoredChats>();
    let dialog = NodeRef::<html::Dialog>::new();
    show_modal(dialog);
    let end = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        is_asked.set(false);
    };
    let button = move |files: Files, form: Form| {
        let label = match form {
            Form::Json => t!(i18n, export_json),
            Form::Markdown => t!(i18n, export_markdown),
            Form::Html => t!(i18n, export_html),
        };
        let hint = match form {
            Form::Json => t!(i18n, export_json_hint),
            Form::Markdown => t!(i18n, export_markdown_hint),
            Form::Html => t!(i18n, export_html_hint),
        };
        view! {
            <button
                class="button wide"
                aria-description=hint
                on:click=on_click(move |_| {
                    chats.flush();
                    let entries = stored_chats.entries().get_untracked();
                    let ids = match chat {
                        Some(id) => vec![id],
                        None => entries.iter().map(|entry| entry.id).collect(),
                    };
                    spawn_local(async move {
                        export(i18n, &stored_chats, ids, form, files).await;
                        end();
                    });
                })
            >
                {label}
            </button>
            <p class="hint" aria-hidden="true">{hint}</p>
        }
        .into_any()
    };
    let title = if chat.is_some() {
        t!(i18n, export)
    } else {
        t!(i18n, export_all)
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            aria-label=title
            // Escape closes the dialog, not the element behind it.
            on:keydown=on_key(|event| event.stop_propagation())
            on:cancel=move |_: ev::Event| is_asked.set(false)
        >
            <h2>{title}</h2>
            {lazy(&FILES, move |files| FORMS.map(|form| button(files, form)).collect_view().into_any())}
            <p class="hint">{t!(i18n, export_token_hint)}</p>
            <div class="dialog-buttons">
                <button class="button" on:click=on_click(move |_| end())>{t!(i18n, cancel)}</button>
            </div>
        </dialog>
    }
}

/// Downloads chats as a file.
pub(super) async fn export(
    i18n: I18n,
    stored_chats: &StoredChats,
    ids: Vec<chat::Id>,
    form: Form,
    files: Files,
) {
    let library = stored_chats.library();
    let chats: Vec<_> = ids
        .into_iter()
        .filter_map(|id| stored_chats.newest(id))
        .collect();
    let mut contents = Vec::new();
    if form != Form::Markdown {
        for attachment in chats.iter().flat_map(Chat::attachments) {
            if contents.iter().any(|(id, _)| *id == attachment.id) {
                continue;
            }
            let Ok(Some(blob)) = blobs::get(attachment.id).await else {
                continue;
            };
            let content = if attachment.is_file() {
                attachments::data_url(&blob).await
            } else {
                attachments::text(&blob).await
            };
            contents.extend(content.map(|content| (attachment.id, content)));
        }
    }
    let name = match &*chats {
        [one] => file_name(&one.entry().title),
        _ => String::new(),
    };
    let today = String::from(js_sys::Date::new_0().to_iso_string());
    let today = today.split('T').next().unwrap_or_default();
    let name = match &*name {
        "" => format!("collate-{today}"),
        name => format!("{name}-{today}"),
    };
    let locale = library.locale();
    let time = |chat: &Chat| -> String {
        let fields = [("dateStyle", "long"), ("timeStyle", "short")];
        match chat.used {
            0.0 => String::new(),
            used => date(used)
                .to_locale_string(&locale, &options(fields))
                .into(),
        }
    };
    let with_time = |chat: Chat| {
        let time = time(&chat);
        (chat, time)
    };
    let endpoints = library.endpoints().get_untracked().list;
    let is_used = |endpoint: &&Endpoint| {
        let mut cards = chats.iter().flat_map(|chat| &chat.cards);
        cards.any(|card| card.endpoint == Some(endpoint.id))
    };
    let mut request = Request {
        form,
        endpoints: endpoints
            .iter()
            .filter(is_used)
            .map(SharedEndpoint::from)
            .collect(),
        chats: chats.into_iter().map(with_time).collect(),
        contents,
        typeset: Typeset::default(),
    };
    request.typeset = typeset::set((files.wanted)(&request)).await;
    let text = (files.write)(request, untrack(|| i18n.locale()));
    let (ending, kind) = file(form);
    files::download(&format!("{name}.{ending}"), kind, &text);
}

/// Turns a title into a file name that every system takes.
pub(super) fn file_name(title: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    let words = title
        .split(|letter| !is_plain(letter))
        .filter(|word| !word.is_empty());
    let name: Vec<_> = words.take(8).collect();
    name.join("-").chars().take(60).collect()
}
