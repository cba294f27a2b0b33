//! The content of a card's popover: its parameters, its system prompt, its name and its colour.

use leptos::prelude::*;
use serde_json::Value;

use crate::{
    chat::{
        card::{self, CardSettings},
        params::{self, BadJson, Kind, Param, Setting},
    },
    endpoint::{self, Learned, Server, server::Treatment},
    i18n::{I18n, t_string, use_i18n},
    library::Library,
    session::Session,
    ui::{
        dynamic::{derive, dynamic, flag, memo, on_click, show, t},
        icon::{self, icon},
        param::name,
    },
};

/// Changes the card's settings.
type Change = Callback<Box<dyn FnOnce(&mut CardSettings)>>;

/// The card's server, endpoint and model.
type Known = Memo<Option<(Server, endpoint::Id, String)>>;

/// Number of colours for cards.
const COLOURS: u8 = 6;

/// The content of a card's popover.
#[component]
pub fn Fields(id: card::Id) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let library = session.library();
    // Undo and other tabs change them, too.
    let settings = memo(move || session.settings(id));
    let has_others = memo(move || session.cards().read().len() > 1);
    let known: Known = memo(move || {
        let (endpoint, model) = session.target(id)?;
        library.endpoint(endpoint)?;
        library.follow_models();
        Some((library.server(endpoint), endpoint, model))
    });
    let change = Callback::new(move |change: Box<dyn FnOnce(&mut CardSettings)>| {
        let mut settings = untrack(|| session.settings(id));
        change(&mut settings);
        session.set_settings(id, settings);
    });
    let in_use = memo(move || settings.read().params.in_use);
    let colour = memo(move || settings.read().colour);
    let swatch = move |number: u8| {
        let label = derive(move || match number {
            0 => t_string!(i18n, no_colour).to_owned(),
            _ => t_string!(i18n, colour, number = number).to_string(),
        });
        view! {
            <input
                type="radio"
                class="swatch"
                name=format!("colour-{id}")
                data-colour=number.to_string()
                aria-label=label
                title=label
                prop:checked=derive(move || colour.get() == number)
                on:change=move |_| change.run(Box::new(move |settings| settings.colour = number))
            />
        }
    };
    // The fields hold what was typed here: only another tab or Undo sets them from outside.
    let name_now = derive(move || settings.read().name.clone());
    let system_now = derive(move || settings.read().system.clone());
    view! {
        <div class="params-body">
            <div class="field">
                <label for=format!("system-{id}")>{t!(i18n, system_prompt)}</label>
                <textarea
                    id=format!("system-{id}")
                    rows="2"
                    dir="auto"
                    placeholder=t!(i18n, system_prompt_hint)
                    prop:value=system_now
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        change.run(Box::new(move |settings| settings.system = typed));
                    }
                ></textarea>
            </div>
            <label class="switch-row">
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=derive(move || in_use.get())
                    on:change:target=move |event| {
                        let is_on = event.target().checked();
                        change.run(Box::new(move |settings| settings.params.in_use = is_on));
                    }
                />
                <strong>{t!(i18n, use_parameters)}</strong>
            </label>
            <p class="hint">
                {derive(move || if in_use.get() {
                    t_string!(i18n, parameters_on)
                } else {
                    t_string!(i18n, parameters_off)
                })}
            </p>
            <div class="params" class:unused=derive(move || !in_use.get())>
                {Param::ALL.map(|param| view! { <ParamRow id param settings change known /> }.into_any()).collect_view()}
            </div>
            <div class="field">
                <label for=format!("name-{id}")>{t!(i18n, card_name)}</label>
                <input
                    id=format!("name-{id}")
                    type="text"
                    maxlength="60"
                    autocomplete="off"
                    placeholder=t!(i18n, card_name_hint)
                    prop:value=name_now
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        change.run(Box::new(move |settings| settings.name = typed));
                    }
                />
            </div>
            <div class="swatches" role="radiogroup" aria-label=t!(i18n, colours)>
                {(0..=COLOURS).map(swatch).collect_view()}
            </div>
            {show(move || has_others.get(), move || view! {
                <button class="button" on:click=on_click(move |_| session.copy_settings(id))>
                    {t!(i18n, copy_to_all)}
                </button>
            })}
        </div>
    }
}

/// One parameter: its switch, its value, its description, and its Reset button.
#[component]
fn ParamRow(
    id: card::Id,
    param: Param,
    settings: Memo<CardSettings>,
    change: Change,
    known: Known,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let mark = memo(move || {
        known.with(|known| {
            let (server, endpoint, model) = known.as_ref()?;
            let endpoint = library.endpoint(*endpoint)?;
            mark(i18n, *server, param, model, &endpoint.learned)
        })
    });
    let mark_id = format!("mark-{id}-{}", param.wire());
    let described_by = mark_id.clone();
    let described_by = derive(move || mark.read().is_some().then(|| described_by.clone()));
    let setting = memo(move || settings.read().params.setting(param));
    let set = move |setting: Setting| {
        change.run(Box::new(move |settings| {
            settings.params.set(param, setting);
        }));
    };
    // A changed value is meant to be sent.
    let set_value = Callback::new(move |value: Value| set(Setting { is_on: true, value }));
    let is_on = memo(move || setting.with(|setting| setting.is_on));
    let value = memo(move || setting.with(|setting| setting.value.clone()));
    // The reason why the typed text is invalid; empty if it is valid.
    let problem = RwSignal::new(String::new());
    let was_reset = RwSignal::new(());
    let reset = move |_| {
        problem.set(String::new());
        set(param.start());
        was_reset.notify();
    };
    let label = name(param);
    let control = match param.kind() {
        Kind::Number { min, max, step } => {
            let range = (min, max, step);
            view! { <NumberControl label range value set_value problem was_reset /> }.into_any()
        }
        Kind::Choice(words) => {
            let option = move |word: &'static str| {
                view! {
                    <option value=word prop:selected=derive(move || value.get() == word)>
                        {word}
                    </option>
                }
            };
            view! {
                <select
                    aria-label=label
                    on:change:target=move |event| set_value.run(event.target().value().into())
                >
                    {words.iter().copied().map(option).collect_view()}
                </select>
            }
            .into_any()
        }
        Kind::Lines | Kind::Json => {
            let is_json = param == Param::Json;
            view! {
                <textarea
                    aria-label=label
                    rows="2"
                    spellcheck="false"
                    prop:value=derive(move || {
                        value.with(|value| value.as_str().unwrap_or_default().to_owned())
                    })
                    on:input:target=move |event| {
                        let typed = event.target().value();
                        let bad = params::parse(&typed).err().filter(|_| is_json);
                        problem.set(match bad {
                            Some(BadJson::NoObject) => t_string!(i18n, bad_json).to_owned(),
                            Some(BadJson::Reserved) => t_string!(i18n, reserved_json).to_owned(),
                            None => String::new(),
                        });
                        set_value.run(typed.into());
                    }
                ></textarea>
            }
            .into_any()
        }
    };
    view! {
        <div class="param" class:off=derive(move || !is_on.get())>
            <label class="switch-row">
                <input
                    type="checkbox"
                    role="switch"
                    aria-label=label
                    aria-describedby=described_by
                    prop:checked=derive(move || is_on.get())
                    on:change:target=move |event| {
                        let is_on = event.target().checked();
                        set(Setting { is_on, ..setting.get_untracked() });
                    }
                />
                {label}
            </label>
            <button
                class="button icon-button"
                aria-label=t!(i18n, reset, name = label)
                title=t!(i18n, reset, name = label)
                on:click=on_click(reset)
            >
                {icon(icon::RESET)}
            </button>
            <div class="param-control">{control}</div>
            <p class="problem" role="alert">{derive(move || problem.get())}</p>
            <p class="mark" id=mark_id>{dynamic(move || mark.get())}</p>
            <small class="hint">{dynamic(move || what_it_does(i18n, param))}</small>
        </div>
    }
}

/// A slider with a number beside it.
#[component]
fn NumberControl(
    label: &'static str,
    /// The minimum, the maximum and the step.
    range: (f64, f64, f64),
    value: Memo<Value>,
    set_value: Callback<Value>,
    problem: RwSignal<String>,
    was_reset: RwSignal<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (min, max, step) = range;
    let [min_text, max_text, step_text] = [min, max, step].map(|n| params::number(n).to_string());
    let text = derive(move || {
        // A reset clears an invalid number, even if it sets the same value again.
        was_reset.track();
        value.get().to_string()
    });
    let (least, most) = (min_text.clone(), max_text.clone());
    let change = move |typed: f64| {
        let is_whole = step < 1.0 || typed.fract() == 0.0;
        if (min..=max).contains(&typed) && is_whole {
            problem.set(String::new());
            set_value.run(params::number(typed));
        } else {
            let words = t_string!(i18n, out_of_range, min = least.clone(), max = most.clone());
            problem.set(words);
        }
    };
    let change_too = change.clone();
    view! {
        <input
            type="range"
            aria-label=label
            min=min_text.clone()
            max=max_text.clone()
            step=step_text.clone()
            prop:value=text
            on:input:target=move |event| change_too(event.target().value_as_number())
        />
        <input
            type="number"
            aria-label=label
            prop:value=text
            min=min_text
            max=max_text
            step=step_text
            aria-invalid=flag(move || !problem.read().is_empty())
            // Not at each key: half a number is also a number.
            on:change:target=move |event| change(event.target().value_as_number())
        />
    }
}

/// The note on a parameter that the card's endpoint does not just use.
fn mark(
    i18n: I18n,
    server: Server,
    param: Param,
    model: &str,
    learned: &Learned,
) -> Option<String> {
    let field = param.wire();
    let server_name = server.name();
    if learned.is_refusing(field, model) {
        return Some(t_string!(i18n, param_refused_before).to_owned());
    }
    match server.treats(field, model) {
        Treatment::Used => None,
        Treatment::Ignored => {
            Some(t_string!(i18n, param_ignored, server = server_name).to_string())
        }
        Treatment::Refused => {
            Some(t_string!(i18n, param_refused, server = server_name).to_string())
        }
        Treatment::AtMost(most) => {
            Some(t_string!(i18n, param_at_most, server = server_name, most = most).to_string())
        }
    }
}

fn what_it_does(i18n: I18n, param: Param) -> String {
    let what = match param {
        Param::MaxTokens => t_string!(i18n, what_max_tokens),
        Param::Temperature => t_string!(i18n, what_temperature),
        Param::TopP => t_string!(i18n, what_top_p),
        Param::TopK => t_string!(i18n, what_top_k),
        Param::FrequencyPenalty => t_string!(i18n, what_frequency_penalty),
        Param::PresencePenalty => t_string!(i18n, what_presence_penalty),
        Param::MinP => t_string!(i18n, what_min_p),
        Param::RepetitionPenalty => t_string!(i18n, what_repetition_penalty),
        Param::Seed => t_string!(i18n, what_seed),
        Param::Stop => t_string!(i18n, what_stop),
        Param::ReasoningEffort => t_string!(i18n, what_reasoning_effort),
        Param::ResponseFormat => t_string!(i18n, what_response_format),
        Param::Json => t_string!(i18n, what_json),
    };
    match param.kind() {
        Kind::Number { min, max, .. } => {
            format!("{what} {} – {}", params::number(min), params::number(max))
        }
        _ => what.to_owned(),
    }
}
