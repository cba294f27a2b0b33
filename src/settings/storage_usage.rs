//! The storage usage: the used share, the largest items, and ways to free room.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    chat,
    history::stored_chats::StoredChats,
    i18n::{t_string, use_i18n},
    import_export::Exports,
    library::{Change, Library},
    number::fixed,
    storage::{
        self, Key,
        quota::{self, NEARLY_FULL, QUOTA},
        schema,
    },
    ui::{
        dynamic::{derive, dynamic, effect, on_click, show, t},
        files,
        icon::{self, icon},
    },
};

/// Number of largest chats listed.
const LARGEST: usize = 5;

/// The used storage.
#[derive(Clone, Debug, Default, PartialEq)]
struct Taken {
    /// The total, in UTF-16 units.
    all: f64,
    /// The largest chats, with their sizes.
    largest: Vec<(chat::Id, f64)>,
    /// Unreadable data set aside, with its size.
    aside: Vec<(String, f64)>,
    /// True if a later version has written something.
    is_newer: bool,
}

impl Taken {
    fn now() -> Self {
        let mut taken = Self::default();
        for (key, size) in quota::sizes() {
            taken.all += size;
            if let Some(Key::Chat(id)) = Key::parse(&key) {
                let place = taken.largest.partition_point(|(_, other)| *other >= size);
                taken.largest.insert(place, (id, size));
                taken.largest.truncate(LARGEST);
            } else if key.starts_with(storage::ASIDE) {
                let place = taken.aside.partition_point(|(other, _)| *other < key);
                taken.aside.insert(place, (key, size));
            } else {
                taken.is_newer |= is_newer(&key);
            }
        }
        taken
    }
}

/// Returns whether a key is of a version that this page does not know yet.
fn is_newer(key: &str) -> bool {
    let version = |key: &str| {
        key.strip_prefix("collate.v")?
            .split('.')
            .next()?
            .parse::<u32>()
            .ok()
    };
    version(key) > version(schema::PREFIX)
}

/// The storage usage.
#[component]
pub fn StorageUsage() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let stored_chats = expect_context::<StoredChats>();
    stored_chats.watch();
    let taken = RwSignal::new(Taken::now());
    let look = move || taken.set(Taken::now());
    effect(move || {
        stored_chats.entries().track();
        look();
    });
    let apart = RwSignal::new(None::<f64>);
    let is_kept = RwSignal::new(None::<bool>);
    spawn_local(async move {
        let found = files::apart().await;
        let _ = apart.try_set(found);
        let found = files::persisted().await;
        let _ = is_kept.try_set(Some(found));
    });
    let number = move |number: f64| {
        let locale = library.locale();
        String::from(js_sys::Number::from(number.round()).to_locale_string(&locale))
    };
    let used = derive(move || {
        let taken = taken.read();
        let percent = (taken.all / QUOTA * 100.0).min(100.0);
        let (used, free) = (number(taken.all), number((QUOTA - taken.all).max(0.0)));
        t_string!(
            i18n,
            room_used,
            percent = number(percent),
            used = used,
            free = free
        )
        .to_string()
    });
    let deleted = RwSignal::new(false);
    let delete_button = move |described: String, act: Callback<()>| {
        view! {
            <button
                class="button icon-button"
                aria-label=t!(i18n, delete_stored)
                title=t!(i18n, delete_stored)
                aria-description=described
                on:click=on_click(move |_| act.run(()))
            >
                {icon(icon::DELETE)}
            </button>
        }
        .into_any()
    };
    let largest = dynamic(move || {
        let lines = taken.read().largest.clone();
        let line = |(id, size): (chat::Id, f64)| {
            let entries = stored_chats.entries();
            let entries = entries.read();
            let entry = entries.iter().find(|entry| entry.id == id);
            let title = entry
                .map(|entry| entry.title.clone())
                .filter(|title| !title.is_empty());
            let title = title.unwrap_or_else(|| t_string!(i18n, untitled).to_owned());
            let described = title.clone();
            view! {
                <li class="room-line">
                    <span class="room-name" dir="auto">{title}</span>
                    <small class="hint">{number(size)}</small>
                    {delete_button(described, Callback::new(move |()| {
                        stored_chats.delete(&[id]);
                        deleted.set(true);
                        look();
                    }))}
                </li>
            }
        };
        (!lines.is_empty()).then(|| {
            view! {
                <h4>{t!(i18n, room_largest)}</h4>
                <ul>{lines.into_iter().map(line).collect_view()}</ul>
            }
        })
    });
    let aside = dynamic(move || {
        let lines = taken.read().aside.clone();
        let line = |(key, size): (String, f64)| {
            let (name, described, removed) = (key.clone(), key.clone(), key.clone());
            view! {
                <li class="room-line">
                    <code class="room-name">{name}</code>
                    <small class="hint">{number(size)}</small>
                    <button
                        class="button"
                        aria-description=described.clone()
                        on:click=on_click(move |_| {
                            let text = storage::text_of(&key).unwrap_or_default();
                            files::download(&format!("{key}.txt"), "text/plain", &text);
                        })
                    >
                        {t!(i18n, download)}
                    </button>
                    {delete_button(described, Callback::new(move |()| {
                        if let Some(text) = storage::text_of(&removed) {
                            storage::remove_text_of(&removed);
                            library.offer_undo(vec![(removed.clone(), text)]);
                            deleted.set(true);
                            library.tell(Change::Space);
                        }
                        look();
                    }))}
                </li>
            }
        };
        (!lines.is_empty()).then(|| {
            view! {
                <h4>{t!(i18n, room_aside)}</h4>
                <p class="hint">{t!(i18n, room_aside_hint)}</p>
                <ul>{lines.into_iter().map(line).collect_view()}</ul>
            }
        })
    });
    view! {
        <section class="room" aria-label=t!(i18n, room)>
            <h3>{t!(i18n, room)}</h3>
            <meter
                aria-label=t!(i18n, room)
                min="0"
                max=fixed(QUOTA, 0)
                high=fixed(QUOTA * NEARLY_FULL, 0)
                prop:value=derive(move || taken.read().all)
            ></meter>
            <p>{used}</p>
            <p class="hint">{t!(i18n, room_hint)}</p>
            {dynamic(move || {
                let apart = apart.get()?;
                let size = number(apart / 1e6);
                Some(view! { <p class="hint">{t_string!(i18n, room_apart, size = size).to_string()}</p> })
            })}
            {dynamic(move || Some(if is_kept.get()? {
                view! { <p class="hint">{t!(i18n, room_kept)}</p> }.into_any()
            } else {
                view! {
                    <p class="hint">{t!(i18n, room_not_kept)}</p>
                    <button class="button" on:click=on_click(move |_| spawn_local(async move {
                        let agreed = files::persist().await;
                        let _ = is_kept.try_set(Some(agreed));
                    }))>
                        {t!(i18n, room_keep)}
                    </button>
                }.into_any()
            }))}
            {show(move || taken.read().is_newer, move || view! {
                <p class="hint">{t!(i18n, room_newer)}</p>
            })}
            {show(move || deleted.get(), move || view! {
                <p class="notice" role="status">
                    <span>{t!(i18n, chat_deleted)}</span>
                    <button class="button" on:click=on_click(move |_| {
                        deleted.set(false);
                        library.undo();
                        look();
                    })>
                        {t!(i18n, undo)}
                    </button>
                </p>
            })}
            {largest}
            {aside}
            <Exports chat=None />
        </section>
    }
}
