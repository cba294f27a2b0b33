//! The settings: the page, the saved endpoints and the storage.

use leptos::{html, prelude::*};

use super::endpoints::{Editing, Endpoints};
use super::timeouts::Waits;
use super::vault::Vault;
use crate::{
    chat::input::Busy,
    connect::device::OnDevice,
    i18n::use_i18n,
    library::Library,
    storage::{LongPaste, SendKey, Theme},
    ui::{
        dynamic::{derive, effect, on_key, t},
        focus::focus_if_lost,
    },
};

/// The content of the settings dialog.
#[component]
pub fn Settings() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let body = NodeRef::<html::Div>::new();
    // A removed row or form takes the focus with it; the focus then goes to the body.
    let editing = RwSignal::new(Editing::Nothing);
    effect(move || {
        library.endpoints().track();
        editing.track();
        focus_if_lost(body);
    });
    let settings = library.settings();
    let language = Choice {
        id: "language",
        label: t!(i18n, language),
        options: vec![
            ("", t!(i18n, language_auto)),
            ("en", derive(|| "English")),
            ("ko", derive(|| "한국어")),
        ],
        chosen: derive(move || {
            settings.with(|settings| settings.locale.clone().unwrap_or_default())
        }),
        choose: Callback::new(move |tag: String| {
            library.set(|settings| settings.locale = Some(tag).filter(|tag| !tag.is_empty()));
        }),
    };
    let theme = Choice {
        id: "theme",
        label: t!(i18n, theme),
        options: vec![
            ("", t!(i18n, theme_auto)),
            ("light", t!(i18n, theme_light)),
            ("dark", t!(i18n, theme_dark)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.theme {
                None => String::new(),
                Some(Theme::Light) => "light".to_owned(),
                Some(Theme::Dark) => "dark".to_owned(),
            })
        }),
        choose: Callback::new(move |theme: String| {
            library.set(|settings| {
                settings.theme = match &*theme {
                    "light" => Some(Theme::Light),
                    "dark" => Some(Theme::Dark),
                    _ => None,
                };
            });
        }),
    };
    let send_key = Choice {
        id: "send-key",
        label: t!(i18n, send_key),
        options: vec![
            ("auto", t!(i18n, send_key_auto)),
            ("enter", t!(i18n, send_key_enter)),
            ("ctrl", t!(i18n, send_key_ctrl)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.send_key {
                SendKey::Auto => "auto".to_owned(),
                SendKey::Enter => "enter".to_owned(),
                SendKey::CtrlEnter => "ctrl".to_owned(),
            })
        }),
        choose: Callback::new(move |key: String| {
            library.set(|settings| {
                settings.send_key = match &*key {
                    "ctrl" => SendKey::CtrlEnter,
                    "enter" => SendKey::Enter,
                    _ => SendKey::Auto,
                };
            });
        }),
    };
    let long_paste = Choice {
        id: "long-paste",
        label: t!(i18n, long_paste),
        options: vec![
            ("offer", t!(i18n, long_paste_offer)),
            ("attach", t!(i18n, long_paste_attach)),
            ("text", t!(i18n, long_paste_text)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.long_paste {
                LongPaste::Offer => "offer".to_owned(),
                LongPaste::Attach => "attach".to_owned(),
                LongPaste::Text => "text".to_owned(),
            })
        }),
        choose: Callback::new(move |paste: String| {
            library.set(|settings| {
                settings.long_paste = match &*paste {
                    "attach" => LongPaste::Attach,
                    "text" => LongPaste::Text,
                    _ => LongPaste::Offer,
                };
            });
        }),
    };
    let busy = Choice {
        id: "busy",
        label: t!(i18n, busy),
        options: vec![
            ("queue", t!(i18n, busy_queue)),
            ("skip", t!(i18n, busy_skip)),
        ],
        chosen: derive(move || {
            settings.with(|settings| match settings.busy {
                Busy::Queue => "queue".to_owned(),
                Busy::Skip => "skip".to_owned(),
            })
        }),
        choose: Callback::new(move |busy: String| {
            library.set(|settings| {
                settings.busy = match &*busy {
                    "skip" => Busy::Skip,
                    _ => Busy::Queue,
                };
            });
        }),
    };
    view! {
        <div
            node_ref=body
            class="settings-body"
            tabindex="-1"
            on:keydown=on_key(move |event| {
                // Escape closes the form first.
                let is_editing = editing.get_untracked() != Editing::Nothing;
                if event.key() == "Escape" && is_editing && !event.is_composing() {
                    event.prevent_default();
                    editing.set(Editing::Nothing);
                }
            })
        >
            <div class="choices">
                {[language, theme, send_key, long_paste, busy].map(Choice::view).collect_view()}
            </div>
            <Endpoints editing />
            <OnDevice />
            <Vault />
            <Waits />
            <super::storage_usage::StorageUsage />
        </div>
    }
}

/// A setting with a few values.
struct Choice {
    id: &'static str,
    label: Signal<&'static str>,
    options: Vec<(&'static str, Signal<&'static str>)>,
    chosen: Signal<String>,
    choose: Callback<String>,
}

impl Choice {
    fn view(self) -> AnyView {
        let (chosen, choose) = (self.chosen, self.choose);
        let option = |(value, label): (&'static str, Signal<&'static str>)| {
            let is_chosen = derive(move || chosen.with(|chosen| chosen == value));
            view! { <option value=value prop:selected=is_chosen>{label}</option> }
        };
        view! {
            <div class="field">
                <label for=self.id>{self.label}</label>
                <select id=self.id on:change:target=move |event| choose.run(event.target().value())>
                    {self.options.into_iter().map(option).collect_view()}
                </select>
            </div>
        }
        .into_any()
    }
}
