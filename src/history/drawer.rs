//! The drawer: a virtual list of all stored chats by day, and its actions.
//!
//! Only the visible rows, and a few around them, are on the page. So all rows of a kind have the same height.

use std::collections::HashMap;

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::layout::{AROUND, HIT, LINE, Layout, Row, day_name};
use super::{row::HistoryRow, stored_chats::StoredChats};
use crate::{
    chat::{self},
    i18n::{t_string, use_i18n},
    import_export::{Exports, Imports},
    library::Library,
    number::fixed,
    ui::{
        dynamic::{derive, dynamic, effect, flag, memo, on_click, on_key, show, t},
        explain::explain_unsaved,
        focus::focus,
        menu::Confirm,
    },
};

/// The content of the drawer.
#[component]
pub fn Drawer() -> impl IntoView {
    let i18n = use_i18n();
    let stored_chats = expect_context::<StoredChats>();
    // The chat whose title or tags are being edited: its row stays in place.
    let edited = RwSignal::new(None::<chat::Id>);
    let tag = RwSignal::new(None::<String>);
    stored_chats.watch();
    let layout = Memo::new(move |before: Option<&Layout>| {
        if let Some(before) = before
            && edited.get().is_some()
        {
            return before.clone();
        }
        let found = stored_chats.found();
        let found = found.read();
        let tag = tag.read();
        let entries = stored_chats.entries();
        let entries = entries.read();
        let shown = entries.iter().filter(|entry| {
            let has_words = found
                .as_ref()
                .is_none_or(|found| found.chats.contains(&entry.id));
            has_words && tag.as_ref().is_none_or(|tag| entry.tags.contains(tag))
        });
        Layout::of(shown.cloned(), if found.is_some() { HIT } else { LINE })
    });
    // A tag that no chat has any more filters nothing.
    effect(move || {
        let is_gone = tag.with(|tag| {
            tag.as_ref()
                .is_some_and(|tag| !stored_chats.tags().contains(tag))
        });
        if is_gone {
            tag.set(None);
        }
    });
    let told = derive(move || {
        let found = stored_chats.found();
        let found = found.read();
        let count = layout.with(|layout| layout.chats);
        match &*found {
            Some(found) if found.is_coming => t_string!(i18n, searching).to_owned(),
            Some(_) if count == 0 => t_string!(i18n, search_none).to_owned(),
            Some(_) => t_string!(i18n, search_found, count = count).to_string(),
            None if count == 0 => t_string!(i18n, history_empty).to_owned(),
            None => String::new(),
        }
    });
    let tags = dynamic(move || {
        let tags = stored_chats.tags();
        (!tags.is_empty()).then(|| {
            let chip = |name: String| {
                let is_on = {
                    let name = name.clone();
                    memo(move || tag.read().as_ref() == Some(&name))
                };
                let label = name.clone();
                view! {
                    <button
                        class="chip"
                        aria-pressed=flag(move || is_on.get())
                        on:click=on_click(move |_| {
                            tag.update(|tag| {
                                *tag = if tag.as_ref() == Some(&name) { None } else { Some(name.clone()) };
                            });
                        })
                    >
                        {label}
                    </button>
                }
            };
            view! {
                <div class="chips" role="group" aria-label=t!(i18n, tags)>
                    {tags.into_iter().map(chip).collect_view()}
                </div>
            }
        })
    });
    let failed = dynamic(move || {
        let error = stored_chats.failed().get()?;
        Some(view! { <p class="problem" role="alert">{explain_unsaved(i18n, error)}</p> })
    });
    view! {
        <input
            class="search"
            type="search"
            aria-label=t!(i18n, search_chats)
            placeholder=t!(i18n, search_chats)
            prop:value=stored_chats.query()
            on:input:target=move |event| stored_chats.look_for(&event.target().value())
            on:keydown=on_key(move |event| {
                // Escape clears the field, or closes the drawer if the field is empty.
                let is_empty = stored_chats.query().with_untracked(String::is_empty);
                if event.key() == "Escape" && !event.is_composing() && !is_empty {
                    event.prevent_default();
                    stored_chats.look_for("");
                }
            })
        />
        {tags}
        {failed}
        <p class="hint" role="status">{told}</p>
        <List layout edited />
        <Tools />
    }
}

/// The virtual list.
#[component]
fn List(layout: Memo<Layout>, edited: RwSignal<Option<chat::Id>>) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let frame = NodeRef::<html::Div>::new();
    let rows = NodeRef::<html::Div>::new();
    // Its scroll offset and its visible height, in rem.
    let sight = RwSignal::new((0.0, 60.0));
    let rem = move || {
        let rows: web_sys::HtmlElement = rows.get_untracked()?.into();
        let height = layout.with_untracked(|layout| layout.height);
        (height > 0.0).then(|| f64::from(rows.offset_height()) / height)
    };
    let look = move || {
        let (Some(frame), Some(rem)) = (frame.get_untracked(), rem()) else {
            return;
        };
        let (top, height) = (frame.scroll_top(), frame.client_height());
        let seen = (f64::from(top) / rem, f64::from(height) / rem);
        if sight.get_untracked() != seen {
            sight.set(seen);
        }
    };
    effect(move || {
        layout.track();
        request_animation_frame(look);
    });
    let resized = window_event_listener(ev::resize, move |_| look());
    on_cleanup(move || resized.remove());
    // The focused row stays on the page.
    let focused = RwSignal::new(None::<chat::Id>);
    let shown = memo(move || {
        let (top, height) = sight.get();
        layout.with(|layout| {
            let near = layout.between(top - AROUND, top + height + AROUND);
            let mut shown: Vec<_> = near.iter().map(|(_, row)| row.key()).collect();
            let kept = focused.get().map(|id| id.bits() << 1);
            shown.extend(kept.filter(|kept| {
                !shown.contains(kept) && layout.rows.iter().any(|(_, row)| row.key() == *kept)
            }));
            shown
        })
    });
    let by_key = memo(move || {
        let shown = shown.read();
        layout.with(|layout| {
            let rows = layout.rows.iter().enumerate();
            let rows = rows.filter(|(_, (_, row))| shown.contains(&row.key()));
            rows.map(|(place, (top, row))| (row.key(), (place, *top, row.clone())))
                .collect::<HashMap<_, _>>()
        })
    });
    let go_to = move |id: chat::Id, top: f64| {
        focused.set(Some(id));
        if let (Some(frame), Some(rem)) = (frame.get_untracked(), rem()) {
            let (seen, height) = (
                f64::from(frame.scroll_top()),
                f64::from(frame.client_height()),
            );
            if top * rem < seen || (top + HIT) * rem > seen + height {
                #[expect(clippy::cast_possible_truncation, reason = "the offset fits in an i32")]
                frame.set_scroll_top((top * rem - height / 2.0) as i32);
            }
        }
        request_animation_frame(move || {
            if let Some(link) = document().get_element_by_id(&format!("entry-{id}")) {
                focus(&link.unchecked_into());
            }
        });
    };
    let key_pressed = move |event: ev::KeyboardEvent| {
        let is_link = |element: &web_sys::Element| element.id().starts_with("entry-");
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(id) = target
            .filter(is_link)
            .and_then(|link| link.id()[6..].parse().ok())
        else {
            return;
        };
        let next = layout.with_untracked(|layout| match &*event.key() {
            "ArrowDown" => layout.chats().skip_while(|(_, other)| *other != id).nth(1),
            "ArrowUp" => layout
                .chats()
                .rev()
                .skip_while(|(_, other)| *other != id)
                .nth(1),
            "Home" => layout.chats().next(),
            "End" => layout.chats().next_back(),
            _ => None,
        });
        if let Some((top, next)) = next {
            event.prevent_default();
            go_to(next, top);
        }
    };
    // After a deletion, the next row takes the focus.
    let leave = Callback::new(move |id: chat::Id| {
        let next = layout.with_untracked(|layout| {
            let chats: Vec<_> = layout.chats().collect();
            let place = chats.iter().position(|(_, other)| *other == id)?;
            chats
                .get(place + 1)
                .or_else(|| chats.get(place.checked_sub(1)?))
                .copied()
        });
        match next {
            Some((top, next)) => go_to(next, top),
            None => {
                if let Some(frame) = frame.get_untracked() {
                    focus(&frame);
                }
            }
        }
    });
    let row = move |key: u64| {
        let own = memo(move || by_key.read().get(&key).map(|(_, _, row)| row.clone()));
        let top = derive(move || {
            let top = by_key.read().get(&key).map_or(0.0, |(_, top, _)| *top);
            format!("{}rem", fixed(top, 2))
        });
        let place = derive(move || by_key.read().get(&key).map_or(0, |(place, _, _)| place + 1));
        let inside = dynamic(move || match own.get()? {
            Row::Pinned => Some(view! { <h3>{t!(i18n, pinned)}</h3> }.into_any()),
            Row::Day(day) => {
                Some(view! { <h3>{derive(move || day_name(i18n, library, day))}</h3> }.into_any())
            }
            Row::Chat(entry) => {
                Some(view! { <HistoryRow entry edited focused leave /> }.into_any())
            }
        });
        view! {
            <div
                class="stored-chats-row"
                role="listitem"
                style:top=top
                aria-posinset=place
                aria-setsize=derive(move || layout.with(|layout| layout.rows.len()))
            >
                {inside}
            </div>
        }
    };
    view! {
        <div
            node_ref=frame
            class="stored-chats"
            tabindex="-1"
            on:scroll=move |_| look()
            on:keydown=on_key(key_pressed)
        >
            <div
                node_ref=rows
                class="stored-chats-rows"
                role="list"
                aria-label=t!(i18n, chats)
                style:height=derive(move || layout.with(|layout| format!("{}rem", fixed(layout.height, 2))))
            >
                <For each=move || shown.get() key=|key| *key children=row />
            </div>
        </div>
    }
}

/// The actions on all chats.
#[component]
fn Tools() -> impl IntoView {
    let i18n = use_i18n();
    let stored_chats = expect_context::<StoredChats>();
    let asks = RwSignal::new(false);
    let count = memo(move || stored_chats.entries().read().len());
    view! {
        <div class="stored-chats-tools">
            <Imports />
            <Exports chat=None />
            {show(move || count.get() > 0, move || view! {
                <button class="button" on:click=on_click(move |_| asks.set(true))>
                    {t!(i18n, delete_all)}
                </button>
            })}
            {show(move || asks.get(), move || view! {
                <Confirm
                    title=t!(i18n, delete_all_question, count = count.get())
                    warning=t!(i18n, delete_all_warning)
                    on_end=Callback::new(move |confirmed| {
                        asks.set(false);
                        if confirmed {
                            let entries = stored_chats.entries().get_untracked();
                            let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
                            stored_chats.delete(&ids);
                        }
                    })
                />
            })}
        </div>
    }
}
