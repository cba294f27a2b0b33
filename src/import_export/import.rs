//! Imports: the content of a file, its new part, and the way it is stored.

use super::show_modal;
use crate::{
    chat::{self, Chat, merge::merge},
    file::worker,
    history::stored_chats::{self, StoredChats},
    i18n::{I18n, t_string, use_i18n},
    id::fresh,
    library::Library,
    storage::{self, blobs},
    transfer::{self, Error, Format, Reason, SharedEndpoint, Skipped},
    ui::{
        dynamic::{derive, dynamic, memo, on_click, on_key, show, t},
        files,
        icon::{self, icon},
    },
};
use collate_worker::import as posted;
use js_sys::Array;
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, File, HtmlInputElement};

/// Storage key of Backend.AI WebUI's chats, which a page of the same origin can read.
pub(super) const BACKEND_AI: &str = "backendaiwebui.cache.chat_history";

/// The relation of an imported chat to the stored ones.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Novelty {
    New,
    /// It is here in another version: both are kept, message by message.
    Merged,
    /// It is here already.
    Known,
}

/// The content of a file, before its import.
#[derive(Clone)]
pub(super) struct Preview {
    name: String,
    found: Result<Found, Error>,
}

/// The data found in a file.
#[derive(Clone)]
pub(super) struct Found {
    from: Format,
    chats: Vec<(Chat, Novelty)>,
    endpoints: Vec<SharedEndpoint>,
    /// Texts and blobs.
    contents: Vec<(chat::attachment::Id, JsValue)>,
    skipped: Vec<Skipped>,
}

impl Found {
    fn of(import: posted::Found, stored_chats: &StoredChats) -> Self {
        let entries = stored_chats.entries().get_untracked();
        let known: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        let novelty = |chat: &Chat| {
            if known.contains(&chat.id) {
                return match stored_chats::stored(chat.id) {
                    Some(stored) if merge(stored.clone(), chat.clone()) == stored => Novelty::Known,
                    Some(stored) if transfer::same(&stored, chat) => Novelty::Known,
                    _ => Novelty::Merged,
                };
            }
            // Only a chat of the same title can be the same.
            let title = chat.entry().title;
            let alike = entries.iter().filter(|entry| entry.title == title);
            let mut alike = alike.filter_map(|entry| stored_chats::stored(entry.id));
            if alike.any(|stored| transfer::same(&stored, chat)) {
                Novelty::Known
            } else {
                Novelty::New
            }
        };
        Self {
            from: import.from,
            chats: import
                .chats
                .into_iter()
                .map(|chat| {
                    let novelty = novelty(&chat);
                    (chat, novelty)
                })
                .collect(),
            endpoints: import.endpoints,
            contents: import.contents,
            skipped: import.skipped,
        }
    }

    /// Number of chats to import.
    fn count(&self) -> usize {
        self.chats
            .iter()
            .filter(|(_, novelty)| *novelty != Novelty::Known)
            .count()
    }
}

/// The button that imports chats from files.
#[component]
pub fn Imports() -> impl IntoView {
    let i18n = use_i18n();
    let is_open = RwSignal::new(false);
    view! {
        <button class="button" on:click=on_click(move |_| is_open.set(true))>
            {t!(i18n, import)}
        </button>
        {show(move || is_open.get(), move || view! { <ImportDialog is_open /> })}
    }
}

#[component]
pub(super) fn ImportDialog(is_open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let stored_chats = expect_context::<StoredChats>();
    let library = expect_context::<Library>();
    let dialog = NodeRef::<html::Dialog>::new();
    show_modal(dialog);
    let previews = RwSignal::new_local(Vec::<Preview>::new());
    let done = RwSignal::new(None::<(usize, usize)>);
    let is_busy = RwSignal::new(false);
    // The number of the last choice: what an earlier one finds is not shown any more.
    let choice = StoredValue::new(0_u32);
    let end = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        is_open.set(false);
    };
    let take = move |sources: Vec<(String, JsValue)>, then: Box<dyn FnOnce()>| {
        is_busy.set(true);
        previews.set(Vec::new());
        done.set(None);
        choice.update_value(|choice| *choice += 1);
        let own = choice.get_value();
        spawn_local(async move {
            for (name, source) in sources {
                let found = read(name, &source, &stored_chats).await;
                // The dialog may be closed by now.
                if choice.try_get_value() != Some(own) {
                    return;
                }
                previews.update(|previews| previews.extend(found));
            }
            then();
            is_busy.set(false);
        });
    };
    let choose = move |input: HtmlInputElement| {
        let list = input.files();
        let files = list
            .iter()
            .flat_map(|list| (0..list.length()).filter_map(|n| list.get(n)));
        let files = files.map(|file: File| (file.name(), file.into())).collect();
        // Lets the same file be chosen again.
        take(files, Box::new(move || input.set_value("")));
    };
    let here = storage::text_of(BACKEND_AI);
    let count = memo(move || {
        let previews = previews.read();
        let found = previews
            .iter()
            .filter_map(|preview| preview.found.as_ref().ok());
        found.map(Found::count).sum::<usize>()
    });
    let run = move |_| {
        is_busy.set(true);
        spawn_local(async move {
            let found = previews
                .get_untracked()
                .into_iter()
                .filter_map(|preview| preview.found.ok());
            let mut counts = (0, 0);
            for found in found {
                let (taken, left) = bring_in(found, &stored_chats, library).await;
                counts = (counts.0 + taken, counts.1 + left);
            }
            previews.set(Vec::new());
            done.set(Some(counts));
            is_busy.set(false);
        });
    };
    let result = dynamic(move || {
        let (taken, left) = done.get()?;
        Some(view! {
            <p class="notice">{t_string!(i18n, imported, count = taken).to_string()}</p>
            {(left > 0).then(|| view! {
                <p class="problem">{t_string!(i18n, import_full, count = left).to_string()}</p>
            })}
        })
    });
    view! {
        <dialog
            node_ref=dialog
            class="dialog import"
            aria-label=t!(i18n, import)
            // Escape closes the dialog, not the element behind it.
            on:keydown=on_key(|event| event.stop_propagation())
            on:cancel=move |_: ev::Event| is_open.set(false)
        >
            <div class="popover-head">
                <h2>{t!(i18n, import)}</h2>
                <button
                    class="button icon-button"
                    aria-label=t!(i18n, close)
                    on:click=on_click(move |_| end())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            <p>{t!(i18n, import_hint)}</p>
            <label class="field">
                {t!(i18n, import_files)}
                <input
                    type="file"
                    multiple
                    accept=".json,application/json,.zip,application/zip,.txt,text/plain"
                    on:change:target=move |event| choose(event.target())
                />
            </label>
            {here.map(|here| view! {
                <button class="button" on:click=on_click(move |_| {
                    let source = ("Backend.AI WebUI".to_owned(), JsValue::from(here.as_str()));
                    take(vec![source], Box::new(|| ()));
                })>
                    {t!(i18n, import_here)}
                </button>
            })}
            <p class="hint">{t!(i18n, import_backend_ai)}</p>
            <div role="status" class="previews">
                {show(move || is_busy.get(), move || view! { <p class="hint">{t!(i18n, loading)}</p> })}
                {dynamic(move || previews.get().into_iter().map(|preview| shown(i18n, preview)).collect_view())}
                {result}
            </div>
            <div class="dialog-buttons">
                {show(move || count.get() > 0, move || view! {
                    <button
                        class="button primary"
                        disabled=derive(move || is_busy.get())
                        on:click=on_click(run)
                    >
                        {t!(i18n, import_count, count = count.get())}
                    </button>
                })}
            </div>
        </dialog>
    }
}

/// Reads a file, or a text, in a worker of its own: an archive may have several.
async fn read(name: String, source: &JsValue, stored_chats: &StoredChats) -> Vec<Preview> {
    let answer = worker::ask("import", source).await;
    let found = answer
        .ok()
        .and_then(|answer| answer.dyn_into::<Array>().ok());
    let Some(found) = found else {
        let found = Err(Error::Failed);
        return vec![Preview { name, found }];
    };
    let found = found.iter().filter_map(|read| posted::Outcome::read(&read));
    let preview = |read: posted::Outcome| Preview {
        name: Some(read.name)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| name.clone()),
        found: read.found.map(|found| Found::of(found, stored_chats)),
    };
    found.map(preview).collect()
}

/// The preview of a file's content, before its import.
pub(super) fn shown(i18n: I18n, preview: Preview) -> AnyView {
    let found = match preview.found {
        Ok(found) => found,
        Err(error) => {
            let why = explain(i18n, error);
            let name = preview.name;
            return view! { <p class="problem"><strong>{name}</strong>": "{why}</p> }.into_any();
        }
    };
    let from = match found.from {
        Format::Collate => "Collate",
        Format::ChatGpt => "ChatGPT",
        Format::OpenWebUi => "Open WebUI",
        Format::BackendAi => "Backend.AI WebUI",
        Format::LibreChat => "LibreChat",
        Format::LobeChat => "LobeChat",
        Format::BigAgi => "big-AGI",
    };
    let line = |(chat, novelty): &(Chat, Novelty)| {
        let entry = chat.entry();
        let title = Some(entry.title).filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| t_string!(i18n, untitled).to_owned());
        let messages: usize = chat.cards.iter().map(|card| card.turns.len()).sum();
        let what = match novelty {
            Novelty::New => String::new(),
            Novelty::Merged => format!(" · {}", t_string!(i18n, import_merged)),
            Novelty::Known => format!(" · {}", t_string!(i18n, import_known)),
        };
        let note = t_string!(
            i18n,
            import_note,
            count = messages,
            models = entry.models.join(", ")
        );
        view! {
            <li class:known=*novelty == Novelty::Known>
                <span dir="auto">{title}</span>
                <small class="hint">{note.clone()}{what}</small>
            </li>
        }
    };
    let skipped = |skipped: &Skipped| {
        let why = match skipped.why {
            Reason::Unreadable => t_string!(i18n, skipped_unreadable),
            Reason::Empty => t_string!(i18n, skipped_empty),
            Reason::Twice => t_string!(i18n, skipped_twice),
            Reason::Branches => t_string!(i18n, skipped_branches),
            Reason::Attachments => t_string!(i18n, skipped_attachments),
        };
        let name = match &*skipped.title {
            "" => format!("#{}", skipped.place + 1),
            title => title.to_owned(),
        };
        view! { <li><span dir="auto">{name}</span>" "<small class="hint">{why}</small></li> }
    };
    view! {
        <section>
            <h3>{preview.name}" · "{from}</h3>
            <ul>{found.chats.iter().map(line).collect_view()}</ul>
            {(!found.skipped.is_empty()).then(|| view! {
                <h4>{t_string!(i18n, left_behind)}</h4>
                <ul>{found.skipped.iter().map(skipped).collect_view()}</ul>
            })}
        </section>
    }
    .into_any()
}

pub(super) fn explain(i18n: I18n, error: Error) -> String {
    match error {
        Error::NotJson => t_string!(i18n, import_not_json).to_owned(),
        Error::Cut => t_string!(i18n, import_cut).to_owned(),
        Error::Unknown => t_string!(i18n, import_unknown).to_owned(),
        Error::Newer { version } => t_string!(i18n, import_newer, version = version).to_string(),
        Error::Empty => t_string!(i18n, import_empty).to_owned(),
        Error::Damaged => t_string!(i18n, import_damaged).to_owned(),
        Error::Locked => t_string!(i18n, import_locked).to_owned(),
        Error::TooBig => t_string!(i18n, import_too_big).to_owned(),
        Error::Failed => t_string!(i18n, import_failed).to_owned(),
    }
}

/// Imports the found data; returns the number of imported chats, and of those without room.
pub(super) async fn bring_in(
    found: Found,
    stored_chats: &StoredChats,
    library: Library,
) -> (usize, usize) {
    let mut same = Vec::new();
    for server in found.endpoints {
        let known = library.endpoints().get_untracked();
        let ours = match known.imported(server.id, &server.name, &server.base_url, fresh()) {
            Ok(known) => known,
            Err(new) => {
                let id = new.id;
                library.save_endpoint(new);
                id
            }
        };
        // It has another identifier here.
        same.push((server.id, ours));
    }
    for (id, content) in found.contents {
        let blob = match content.as_string() {
            Some(text) => files::content(&text),
            None => content.dyn_into::<Blob>().ok(),
        };
        if let Some(blob) = blob {
            // Without it, the attachment is shown as gone.
            let _ = blobs::put(id, &blob).await;
        }
    }
    let (mut taken, mut left) = (0, 0);
    for (mut chat, novelty) in found.chats {
        if novelty == Novelty::Known {
            continue;
        }
        for card in &mut chat.cards {
            let other = same
                .iter()
                .find(|(theirs, _)| card.endpoint == Some(*theirs));
            card.endpoint = other.map_or(card.endpoint, |(_, ours)| Some(*ours));
        }
        if stored_chats.take_in(chat) {
            taken += 1;
        } else {
            left += 1;
        }
    }
    (taken, left)
}
