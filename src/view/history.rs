//! The history: every chat that is stored, by day.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsValue;

use super::{
    Shown,
    dynamic::{click, derive, effect, memo, part, press, word},
    focus, focus_if_lost, focus_on,
    icon::{self, icon},
    is_narrow,
};
use crate::{
    address::Address,
    chat::{self, Entry},
    i18n::{I18n, t_string, use_i18n},
    session::{Library, Session},
};

/// The drawer with the history.
#[component]
pub fn History() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let shown = expect_context::<Shown>();
    let drawer = NodeRef::<html::Aside>::new();
    // The chat whose title is being changed.
    let renamed = RwSignal::new(None::<chat::Id>);
    effect(move || {
        drawer.track();
        focus_on(drawer);
    });
    // A line that goes takes the focus with it; then Escape must still close the drawer.
    effect(move || {
        library.follow_history();
        renamed.track();
        focus_if_lost(drawer);
    });
    let close = move || {
        shown.history.set(false);
        if let Some(button) = document().get_element_by_id("history-button") {
            focus(&wasm_bindgen::JsCast::unchecked_into(button));
        }
    };
    let history = Memo::new(move |before: Option<&Vec<Entry>>| match before {
        // While a title is being typed, its line stays where it is.
        Some(before) if renamed.get().is_some() => before.clone(),
        _ => library.history(),
    });
    let entries = part(move || {
        let entries = history.get();
        if entries.is_empty() {
            return view! { <p class="hint">{word!(i18n, history_empty)}</p> }.into_any();
        }
        let locale = library.locale();
        let mut days: Vec<(String, Vec<AnyView>)> = Vec::new();
        for entry in entries {
            let day = day_of(i18n, &locale, entry.used);
            let line = view! { <Line entry locale=locale.clone() renamed /> }.into_any();
            match days.last_mut() {
                Some((last, lines)) if *last == day => lines.push(line),
                _ => days.push((day, vec![line])),
            }
        }
        days.into_iter()
            .map(|(day, lines)| {
                view! {
                    <section class="day">
                        <h3>{day}</h3>
                        <ul>{lines}</ul>
                    </section>
                }
                .into_any()
            })
            .collect_view()
            .into_any()
    });
    view! {
        <aside
            node_ref=drawer
            class="drawer"
            aria-label=word!(i18n, chat_history)
            tabindex="-1"
            on:keydown=press(move |event| {
                let is_escape = event.key() == "Escape" && !event.is_composing();
                if is_escape && !event.default_prevented() {
                    event.prevent_default();
                    close();
                }
            })
        >
            <div class="popover-head">
                <h2>{word!(i18n, chat_history)}</h2>
                <button
                    class="button icon-button"
                    aria-label=word!(i18n, close)
                    on:click=click(move |_| close())
                >
                    {icon(icon::CLOSE)}
                </button>
            </div>
            {entries}
        </aside>
    }
}

/// One chat: its title, which opens it, when it was used and by which models, and what can be done
/// with it.
#[component]
fn Line(entry: Entry, locale: String, renamed: RwSignal<Option<chat::Id>>) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let shown = expect_context::<Shown>();
    let id = entry.id;
    let title_now = entry.title;
    let title = if title_now.is_empty() {
        t_string!(i18n, untitled).to_owned()
    } else {
        title_now.clone()
    };
    let address = Address::Chat(id).to_string();
    let is_current = memo(move || shown.session().and_then(Session::address) == Some(id));
    let time = match entry.used {
        0.0 => String::new(),
        used => {
            let options = options([("hour", "numeric"), ("minute", "2-digit")]);
            let time = date(used).to_locale_time_string_with_options(&locale, &options);
            time.into()
        }
    };
    let note = [time].into_iter().chain(entry.models);
    let note: Vec<_> = note.filter(|part: &String| !part.is_empty()).collect();
    let note_id = format!("note-{id}");
    let open = move |event: ev::MouseEvent| {
        // With a modifier, the browser opens another tab or window.
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key() {
            return;
        }
        event.prevent_default();
        shown.go_to(&Address::Chat(id));
        // On a narrow page, the drawer would hide what was opened.
        if is_narrow() {
            shown.history.set(false);
        }
    };
    let delete = move |_| {
        let was_shown = untrack(|| is_current.get());
        library.delete_chat(id);
        if was_shown {
            shown
                .location
                .replace(&Address::New(Vec::new()).to_string());
        }
    };
    let line = {
        let title = title.clone();
        move || {
            let (title, note, note_id) = (title.clone(), note.join(" · "), note_id.clone());
            let described_by = note_id.clone();
            view! {
                <a
                    class="entry"
                    href=address.clone()
                    aria-label=title.clone()
                    aria-describedby=described_by
                    aria-current=derive(move || is_current.get().then(|| "page".to_owned()))
                    on:click=click(open)
                >
                    <span class="entry-title" dir="auto">{title.clone()}</span>
                    <small class="hint" id=note_id>{note}</small>
                </a>
                <button
                    class="button icon-button"
                    aria-label=word!(i18n, rename)
                    title=word!(i18n, rename)
                    aria-description=title.clone()
                    on:click=click(move |_| renamed.set(Some(id)))
                >
                    {icon(icon::EDIT)}
                </button>
                <button
                    class="button icon-button"
                    aria-label=word!(i18n, delete)
                    title=word!(i18n, delete)
                    aria-description=title
                    on:click=click(delete)
                >
                    {icon(icon::DELETE)}
                </button>
            }
        }
    };
    let is_renamed = memo(move || renamed.get() == Some(id));
    view! {
        <li class="entry-line" class:current=derive(move || is_current.get())>
            {part(move || if is_renamed.get() {
                view! { <Rename id title=title_now.clone() renamed /> }.into_any()
            } else {
                line().into_any()
            })}
        </li>
    }
}

/// The field that changes a chat's title: Enter takes it over, Escape leaves it. Empty gives the
/// chat back the title that it had by itself.
#[component]
fn Rename(id: chat::Id, title: String, renamed: RwSignal<Option<chat::Id>>) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let input = NodeRef::<html::Input>::new();
    let before = StoredValue::new(title.clone());
    effect(move || {
        if let Some(input) = input.get() {
            focus(&input);
            input.select();
        }
    });
    let save = move || {
        if let Some(input) = input.get_untracked() {
            renamed.set(None);
            // What was not changed goes on following the first words.
            if input.value() != before.get_value() {
                library.rename_chat(id, &input.value());
            }
        }
    };
    view! {
        <input
            node_ref=input
            class="rename"
            type="text"
            maxlength="200"
            aria-label=word!(i18n, title)
            value=title
            on:keydown=press(move |event| {
                match event.key().as_str() {
                    "Enter" if !event.is_composing() => save(),
                    "Escape" if !event.is_composing() => {
                        event.prevent_default();
                        renamed.set(None);
                    }
                    _ => {}
                }
            })
        />
        <button class="button" on:click=click(move |_| save())>
            {word!(i18n, save)}
        </button>
    }
}

fn date(time: f64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(time))
}

/// How a date is written, as `Intl.DateTimeFormat` has it.
fn options<const N: usize>(fields: [(&str, &str); N]) -> js_sys::Object {
    let options = js_sys::Object::new();
    for (name, value) in fields {
        // A field of a new object can be set.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    options
}

/// The heading of a day in the reader's own time zone and language.
fn day_of(i18n: I18n, locale: &str, time: f64) -> String {
    if time == 0.0 {
        return t_string!(i18n, earlier).to_owned();
    }
    let day = |date: js_sys::Date| String::from(date.to_date_string());
    let now = js_sys::Date::new_0();
    let yesterday = js_sys::Date::new_0();
    yesterday.set_date(now.get_date().wrapping_sub(1));
    let this = day(date(time));
    if this == day(now) {
        t_string!(i18n, today).to_owned()
    } else if this == day(yesterday) {
        t_string!(i18n, yesterday).to_owned()
    } else {
        let options = options([
            ("weekday", "short"),
            ("year", "numeric"),
            ("month", "long"),
            ("day", "numeric"),
        ]);
        date(time).to_locale_date_string(locale, &options).into()
    }
}
