//! A searchable combobox: type to filter, arrows to move, Enter to choose, Escape to leave.
//!
//! Source: WAI-ARIA Authoring Practices, «Editable Combobox With List Autocomplete».

use leptos::{ev, html, prelude::*};

use super::{
    back::closes_on_back,
    dynamic::{derive, dynamic, effect, flag, memo, on_click, on_key, show},
    icon::{self, icon},
};
use crate::i18n::{t_string, use_i18n};

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value that [`Picker`] reports.
    pub value: String,
    /// The text shown and searched.
    pub label: String,
    /// Shown beside the label.
    pub note: Option<String>,
    /// True if it matches any typed text.
    pub pinned: bool,
}

/// Maximum number of options rendered: typing finds the rest.
const MAX_SHOWN: usize = 200;

/// A combobox that shows the chosen option, and lists the options.
#[component]
pub fn Picker(
    /// Unique on the page.
    name: String,
    /// The accessible name.
    label: Signal<&'static str>,
    /// Shown while nothing is chosen.
    placeholder: Signal<&'static str>,
    /// The chosen option's text.
    shown: Signal<String>,
    /// The chosen option's value.
    chosen: Signal<String>,
    choices: Memo<Vec<Choice>>,
    /// Shown above the options: that they load, or why there are none.
    status: Signal<Option<String>>,
    /// Called when the list opens.
    on_open: Callback<()>,
    on_pick: Callback<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    // The typed text while the list is open; None while it is closed.
    let typed = RwSignal::new(None::<String>);
    let active = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();
    let is_open = memo(move || typed.read().is_some());

    // The rendered matches, and the number of others.
    let matches = memo(move || {
        let typed = lower(typed.get().unwrap_or_default().trim());
        let mut matches = choices.get();
        matches.retain(|choice| choice.pinned || lower(&choice.label).contains(&typed));
        let more = matches.len().saturating_sub(MAX_SHOWN);
        matches.truncate(MAX_SHOWN);
        (matches, more)
    });
    let open = move || {
        if !is_open.get_untracked() {
            on_open.run(());
            typed.set(Some(String::new()));
            let value = chosen.get_untracked();
            let chosen = matches.with_untracked(|(matches, _)| {
                matches.iter().position(|choice| choice.value == value)
            });
            active.set(chosen.unwrap_or(0));
            if let Some(input) = input.get_untracked() {
                input.select();
            }
        }
    };
    let close = move || {
        typed.set(None);
        // The text goes back to the chosen option.
        if let Some(input) = input.get_untracked() {
            input.set_value(&shown.get_untracked());
        }
    };
    closes_on_back(is_open.into(), close);
    let pick = move |index: usize| {
        let picked = matches.with_untracked(|(matches, _)| Some(matches.get(index)?.value.clone()));
        // While there is nothing to choose, the typed text stays.
        let Some(picked) = picked else { return };
        typed.set(None);
        on_pick.run(picked);
        close();
    };
    let key_pressed = move |event: ev::KeyboardEvent| {
        // While an input method composes, the keys are its own.
        if event.is_composing() {
            return;
        }
        let count = matches.with_untracked(|(matches, _)| matches.len());
        let is_open = is_open.get_untracked();
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if !is_open => open(),
            "ArrowDown" if count > 0 => active.update(|active| *active = (*active + 1) % count),
            "ArrowUp" if count > 0 => {
                active.update(|active| *active = (*active + count - 1) % count);
            }
            "Home" if is_open => active.set(0),
            "End" if is_open => active.set(count.saturating_sub(1)),
            "Enter" if is_open => pick(active.get_untracked()),
            "Enter" => open(),
            "Escape" if is_open => close(),
            _ => return,
        }
        event.prevent_default();
    };
    let list = format!("{name}-list");
    let option = {
        let name = name.clone();
        move |index: usize| format!("{name}-option-{index}")
    };
    // The active option is always visible.
    effect({
        let option = option.clone();
        move || {
            let active = active.get();
            if let Some(element) = is_open
                .get()
                .then(|| document().get_element_by_id(&option(active)))
                .flatten()
            {
                let options = web_sys::ScrollIntoViewOptions::new();
                options.set_block(web_sys::ScrollLogicalPosition::Nearest);
                element.scroll_into_view_with_scroll_into_view_options(&options);
            }
        }
    });
    let active_option = {
        let option = option.clone();
        derive(move || is_open.get().then(|| option(active.get())))
    };
    let options = {
        let list = list.clone();
        move || {
            let (matches, more) = matches.get();
            let nothing = matches.iter().all(|choice| choice.pinned)
                && !typed.with(|typed| typed.as_deref().is_none_or(str::is_empty));
            let option_of = |choice: Choice, index: usize| {
                let (label, note) = (choice.label.clone(), choice.note.clone());
                view! {
                    <li
                        role="option"
                        class="option"
                        id=option(index)
                        aria-label=label
                        aria-description=note
                        aria-selected=flag(move || active.get() == index)
                        on:click=on_click(move |_| pick(index))
                    >
                        {choice.label}
                        {choice.note.map(|note| view! { <small class="hint">{note}</small> })}
                    </li>
                }
            };
            view! {
                // The input keeps the focus, even while the list is scrolled.
                <div class="options" on:mousedown=|event| event.prevent_default()>
                    {dynamic(move || status.get().map(|status| view! { <p class="hint" role="status">{status}</p> }))}
                    {nothing.then(|| view! { <p class="hint">{t_string!(i18n, nothing_matches)}</p> })}
                    <ul role="listbox" id=list.clone() aria-label=label>
                        {matches.into_iter().enumerate().map(|(index, choice)| option_of(choice, index)).collect_view()}
                    </ul>
                    {(more > 0).then(|| view! { <p class="hint">{t_string!(i18n, more_matches, count = more)}</p> })}
                </div>
            }
        }
    };
    view! {
        <div class="picker">
            <input
                node_ref=input
                role="combobox"
                type="text"
                autocomplete="off"
                spellcheck="false"
                aria-label=label
                aria-autocomplete="list"
                aria-haspopup="listbox"
                aria-controls=list.clone()
                aria-expanded=flag(move || is_open.get())
                aria-activedescendant=active_option
                placeholder=placeholder
                title=shown
                prop:value=shown
                on:click=on_click(move |_| open())
                on:input:target=move |event| {
                    open();
                    typed.set(Some(event.target().value()));
                    active.set(0);
                }
                on:keydown=on_key(key_pressed)
                on:blur=move |_| close()
            />
            {icon(icon::OPEN)}
            {show(move || is_open.get(), move || dynamic(options.clone()))}
        </div>
    }
}

/// Lowercases a text in the browser: Rust's own Unicode tables would be downloaded.
fn lower(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}
