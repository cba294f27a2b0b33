//! A row of the history: a chat's title, which opens it, its time, its models and its actions.

use std::ops::Range;

use leptos::{ev, html, prelude::*};

use super::stored_chats::StoredChats;
use crate::{
    address::Address,
    chat::{self, Entry},
    i18n::{t_string, use_i18n},
    import_export::Exports,
    library::Library,
    page::PageState,
    search::Query,
    ui::{
        date::{date, options},
        dynamic::{derive, dynamic, effect, flag, memo, on_click, on_key, show, t},
        focus::{focus, focus_on},
        icon::{self, icon},
        menu::{close_when_left, focus_first, menu_key},
    },
};

/// The part of a chat being edited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edited {
    Nothing,
    Title,
    Tags,
}

/// The row of one chat.
#[component]
pub fn HistoryRow(
    entry: Entry,
    edited: RwSignal<Option<chat::Id>>,
    focused: RwSignal<Option<chat::Id>>,
    leave: Callback<chat::Id>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let stored_chats = expect_context::<StoredChats>();
    let page = expect_context::<PageState>();
    let id = entry.id;
    let what = RwSignal::new(Edited::Nothing);
    let edit = move |now: Edited| {
        what.set(now);
        edited.set((now != Edited::Nothing).then_some(id));
    };
    let title_now = entry.title.clone();
    let title = if title_now.is_empty() {
        t_string!(i18n, untitled).to_owned()
    } else {
        title_now.clone()
    };
    let is_current = memo(move || stored_chats.is_here(id));
    let time = match entry.used {
        0.0 => String::new(),
        used => {
            let options = options([("hour", "numeric"), ("minute", "2-digit")]);
            date(used)
                .to_locale_time_string_with_options(&library.locale(), &options)
                .into()
        }
    };
    let tags = entry.tags.iter().map(|tag| format!("#{tag}"));
    let note = [time].into_iter().chain(entry.models.clone()).chain(tags);
    let note: Vec<_> = note.filter(|part: &String| !part.is_empty()).collect();
    let note = note.join(" · ");
    let note_id = format!("note-{id}");
    let open = move |event: ev::MouseEvent| {
        // With a modifier, the browser opens another tab or window.
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() {
            return;
        }
        event.prevent_default();
        page.open(id);
    };
    let copy_title = t_string!(i18n, copy_of, title = title.as_str()).to_string();
    let tags_now = entry.tags.join(", ");
    let is_pinned = entry.pinned;
    let line = move || {
        let hits = {
            let title = title.clone();
            dynamic(move || {
                let query = stored_chats.query().with(|query| Query::parse(query));
                let hits = query.map(|query| query.ranges(&title)).unwrap_or_default();
                marked(&title, &hits)
            })
        };
        let snippet = dynamic(move || {
            stored_chats.found().read().as_ref()?;
            let snippet = stored_chats.snippet(id)?;
            Some(view! {
                <small class="snippet" dir="auto">{marked(&snippet.text, &snippet.hits)}</small>
            })
        });
        let (described, described_by) = (title.clone(), note_id.clone());
        view! {
            <a
                class="entry"
                id=format!("entry-{id}")
                href=Address::Chat(id).to_string()
                aria-label=title.clone()
                aria-describedby=described_by
                aria-current=derive(move || is_current.get().then(|| "page".to_owned()))
                on:click=on_click(open)
            >
                <span class="entry-title" dir="auto">{hits}</span>
                <small class="hint" id=note_id.clone()>{note.clone()}</small>
                {snippet}
            </a>
            <button
                class="button icon-button"
                aria-label=t!(i18n, rename)
                title=t!(i18n, rename)
                aria-description=described.clone()
                on:click=on_click(move |_| edit(Edited::Title))
            >
                {icon(icon::EDIT)}
            </button>
            <button
                class="button icon-button"
                aria-label=t!(i18n, delete)
                title=t!(i18n, delete)
                aria-description=described.clone()
                on:click=on_click(move |_| {
                    leave.run(id);
                    stored_chats.delete(&[id]);
                })
            >
                {icon(icon::DELETE)}
            </button>
            <More
                id
                described
                copy_title=copy_title.clone()
                is_pinned
                tag=Callback::new(move |()| edit(Edited::Tags))
            />
        }
    };
    view! {
        <div
            class="entry-line"
            class:current=derive(move || is_current.get())
            on:focusin=move |_| focused.set(Some(id))
        >
            {dynamic(move || match what.get() {
                Edited::Nothing => line().into_any(),
                Edited::Title => {
                    let save = Callback::new(move |typed: Option<String>| {
                        edit(Edited::Nothing);
                        if let Some(typed) = typed {
                            stored_chats.rename(id, &typed);
                        }
                        focus_row(id);
                    });
                    view! { <Edit label=t!(i18n, title) value=title_now.clone() save /> }.into_any()
                }
                Edited::Tags => {
                    let save = Callback::new(move |typed: Option<String>| {
                        edit(Edited::Nothing);
                        if let Some(typed) = typed {
                            stored_chats.tag(id, &typed);
                        }
                        focus_row(id);
                    });
                    view! { <Edit label=t!(i18n, tags) value=tags_now.clone() save /> }.into_any()
                }
            })}
        </div>
    }
}

/// Focuses a row, once it is on the page.
fn focus_row(id: chat::Id) {
    request_animation_frame(move || {
        if let Some(link) = document().get_element_by_id(&format!("entry-{id}")) {
            focus(&wasm_bindgen::JsCast::unchecked_into(link));
        }
    });
}

/// A text with some parts marked.
fn marked(text: &str, hits: &[Range<usize>]) -> AnyView {
    let mut parts = Vec::new();
    let mut end = 0;
    for hit in hits {
        parts.push(text[end..hit.start].to_owned().into_any());
        let found = text[hit.clone()].to_owned();
        parts.push(view! { <mark>{found}</mark> }.into_any());
        end = hit.end;
    }
    parts.push(text[end..].to_owned().into_any());
    parts.collect_view().into_any()
}

/// The field that edits a title or tags: Enter saves them, Escape cancels.
#[component]
fn Edit(
    label: Signal<&'static str>,
    value: String,
    /// Called with the typed text; None if nothing was changed.
    save: Callback<Option<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let input = NodeRef::<html::Input>::new();
    let before = StoredValue::new(value.clone());
    effect(move || {
        if let Some(input) = input.get() {
            focus(&input);
            input.select();
        }
    });
    let take = move || {
        if let Some(input) = input.get_untracked() {
            // An unchanged title keeps following the first words.
            let typed = Some(input.value()).filter(|typed| *typed != before.get_value());
            save.run(typed);
        }
    };
    view! {
        <input
            node_ref=input
            class="rename"
            type="text"
            maxlength="200"
            aria-label=label
            value=value
            on:keydown=on_key(move |event| {
                match event.key().as_str() {
                    "Enter" if !event.is_composing() => take(),
                    "Escape" if !event.is_composing() => {
                        event.prevent_default();
                        save.run(None);
                    }
                    _ => {}
                }
            })
        />
        <button class="button" on:click=on_click(move |_| take())>
            {t!(i18n, save)}
        </button>
    }
}

/// The menu of rare actions on a chat.
#[component]
fn More(
    id: chat::Id,
    described: String,
    copy_title: String,
    is_pinned: bool,
    tag: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let stored_chats = expect_context::<StoredChats>();
    let is_open = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    let items = NodeRef::<html::Div>::new();
    let menu = NodeRef::<html::Div>::new();
    close_when_left(menu, is_open);
    focus_first(items);
    let close = move || {
        is_open.try_set(false);
        focus_on(button);
    };
    let item = move |label: Signal<&'static str>, act: Callback<()>| {
        view! {
            <button
                class="menu-item"
                role="menuitem"
                tabindex="-1"
                on:click=on_click(move |_| {
                    close();
                    act.run(());
                })
            >
                {label}
            </button>
        }
        .into_any()
    };
    let pin = if is_pinned {
        t!(i18n, unpin)
    } else {
        t!(i18n, pin)
    };
    let exports = RwSignal::new(false);
    view! {
        <div node_ref=menu class="menu" on:keydown=on_key(move |event| menu_key(&event, is_open, items, close))>
            <button
                node_ref=button
                class="button icon-button"
                aria-label=t!(i18n, more)
                title=t!(i18n, more)
                aria-description=described
                aria-haspopup="menu"
                aria-expanded=flag(move || is_open.get())
                on:click=on_click(move |_| is_open.update(|open| *open = !*open))
            >
                {icon(icon::MORE)}
            </button>
            {show(move || is_open.get(), move || {
                let copy_title = copy_title.clone();
                let duplicate = Callback::new(move |()| stored_chats.duplicate(id, copy_title.clone()));
                view! {
                    <div node_ref=items class="menu-items" role="menu" aria-label=t!(i18n, more)>
                        {item(pin, Callback::new(move |()| stored_chats.pin(id)))}
                        {item(t!(i18n, edit_tags), tag)}
                        {item(t!(i18n, duplicate), duplicate)}
                        {item(t!(i18n, export), Callback::new(move |()| exports.set(true)))}
                    </div>
                }
            })}
            {show(move || exports.get(), move || view! { <Exports chat=Some(id) is_asked=exports /> })}
        </div>
    }
}
