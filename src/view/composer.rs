//! A card's input, with a Send button that becomes Stop while the card answers.

use std::time::Duration;

use leptos::{ev, html, leptos_dom::helpers::debounce, prelude::*};
use wasm_bindgen::{JsCast, prelude::Closure};

use super::{
    attachments::{self, Attach, DraftAttachments},
    ime::{Action, Event, Ime},
};
use crate::{
    chat::{CardStoreFields, card, input::Busy},
    i18n::{t_string, use_i18n},
    library::Models,
    session::Session,
    storage::SendKey,
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, on_key, show, t},
        focus::focus_message,
        icon::{self, icon},
    },
};

/// Typing has paused when no key came for this long.
const AT_REST: Duration = Duration::from_millis(300);

/// The input of a card. In sync, it shows the draft of all synced cards.
#[component]
pub fn Composer(
    id: card::Id,
    model: Memo<Option<String>>,
    models: Memo<Option<Models>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let input = NodeRef::<html::Textarea>::new();
    let ime = StoredValue::new(Ime::default());
    let draft = memo(move || session.draft(id));
    let is_answering = memo(move || session.in_flight(id).is_some());
    let shares = memo(move || {
        let is_synced = session.card(id).synced().try_get().unwrap_or_default();
        is_synced
            && session
                .cards()
                .read()
                .iter()
                .filter(|card| card.synced)
                .count()
                > 1
    });
    let settings = session.library().settings();
    let send_key = memo(move || settings.with(|settings| settings.send_key));
    let busy = memo(move || settings.with(|settings| settings.busy));
    let can_send = memo(move || session.can_send(id));

    // The input shows the draft, but a composition in it is never disturbed.
    let repaint = move |draft: &str| {
        // The card may be deleted before a timer fires.
        if let Some(input) = input.try_get_untracked().flatten()
            && ime.try_get_value().is_some_and(|ime| !ime.is_composing())
            && input.value() != draft
        {
            input.set_value(draft);
        }
    };
    // Few of many cards are visible. The others follow when typing pauses, or when they come into view, so
    // the cost of a key depends on the visible cards, not on all.
    let is_seen = RwSignal::new(true);
    let seen = StoredValue::new_local(None::<Seen>);
    effect(move || {
        seen.set_value(input.get().and_then(|input| Seen::watch(&input, is_seen)));
    });
    let mut repaint_later = debounce(AT_REST, move |()| {
        if let Some(draft) = draft.try_get_untracked() {
            repaint(&draft);
        }
    });
    effect(move || {
        input.track();
        draft.track();
        if is_seen.get() {
            draft.with_untracked(|draft| repaint(draft));
        } else {
            repaint_later(());
        }
    });
    let send = move || {
        session.send(id);
        // An effect sees no change in a draft that was typed and sent within one task.
        repaint(&untrack(|| session.draft(id)));
    };
    let commit = move || {
        if let Some(input) = input.try_get_untracked().flatten() {
            session.draft_changed(id, input.value());
        }
    };
    let act = move |event: Event| {
        let mut action = Action::Nothing;
        ime.update_value(|ime| action = ime.on(event));
        match action {
            Action::Nothing => {}
            Action::Commit => commit(),
            Action::Send => {
                commit();
                send();
            }
            Action::CommitThenSend => {
                commit();
                // The browser finishes the composition first.
                set_timeout(send, Duration::ZERO);
            }
        }
        action
    };
    let on_keydown = move |event: ev::KeyboardEvent| {
        // Windows' input methods report every key as «Process»; its `code` is still right.
        let is_enter = event.key() == "Enter"
            || event.key() == "Process" && event.code().ends_with("Enter")
            || event.key_code() == 13;
        if !is_enter {
            return;
        }
        let has_ctrl = event.ctrl_key() || event.meta_key();
        let has_other = event.alt_key() || event.shift_key();
        let pressed = Event::Enter {
            sends: match send_key.get_untracked() {
                SendKey::Enter => !has_ctrl && !has_other,
                SendKey::CtrlEnter => has_ctrl && !has_other,
            },
            composing: event.is_composing(),
            taken_by_ime: event.key_code() == 229,
        };
        if act(pressed) == Action::Send {
            event.prevent_default();
        }
    };
    view! {
        <div class="composer" data-ahead="answers">
            {show(
                move || shares.get() && model.get().is_none(),
                move || view! {
                    <p class="hint">
                        {derive(move || match busy.get() {
                            Busy::Queue => t_string!(i18n, needs_model_queue),
                            Busy::Skip => t_string!(i18n, needs_model_skip),
                        })}
                    </p>
                },
            )}
            {dynamic(move || {
                let words = match (model.get(), models.get()?) {
                    (None, Models::Loading) => t_string!(i18n, loading_models).to_owned(),
                    (Some(model), Models::Listed(listed)) if !listed.contains(&model) => {
                        t_string!(i18n, model_missing, model = model).to_string()
                    }
                    _ => return None,
                };
                Some(view! { <p class="hint" role="status">{words}</p> })
            })}
            {show(
                move || session.was_skipped(id) && model.get().is_some(),
                move || view! { <p class="hint" role="status">{t!(i18n, skipped)}</p> },
            )}
            <DraftAttachments id />
            <div class="composer-box">
                <Attach id />
                <textarea
                    node_ref=input
                    rows="1"
                    dir="auto"
                    enterkeyhint=derive(move || match send_key.get() {
                        SendKey::Enter => "send",
                        SendKey::CtrlEnter => "enter",
                    })
                    aria-label=t!(i18n, message)
                    placeholder=derive(move || {
                        if shares.get() { t_string!(i18n, ask_synced) } else { t_string!(i18n, ask) }
                    })
                    // The next key adds to the draft that all cards share.
                    on:focus=move |_| if !is_seen.get_untracked() {
                        repaint(&untrack(|| session.draft(id)));
                    }
                    // Text that a tool inserts fires only this event.
                    on:change=move |_| _ = act(Event::Input)
                    on:input=move |_| _ = act(Event::Input)
                    on:compositionstart=move |_| _ = act(Event::CompositionStart)
                    on:compositionupdate=move |event: ev::CompositionEvent| {
                        let text = event.data().unwrap_or_default();
                        act(Event::CompositionUpdate { hangul: super::ime::ends_in_hangul(&text) });
                    }
                    on:compositionend=move |_| _ = act(Event::CompositionEnd)
                    on:keydown=on_key(on_keydown)
                    on:paste=move |event| attachments::on_paste(&session, id, &event)
                ></textarea>
                {dynamic(move || {
                    if is_answering.get() {
                        view! {
                            <button
                                class="button icon-button primary"
                                aria-label=t!(i18n, stop)
                                title=t!(i18n, stop)
                                // The second click of a double click was meant for Send.
                                on:click=on_click(move |event| {
                                    if event.detail() < 2 {
                                        session.stop(id);
                                        focus_message(id, &event);
                                    }
                                })
                            >
                                {icon(icon::STOP)}
                            </button>
                        }
                            .into_any()
                    } else {
                        view! {
                            <button
                                class="button icon-button primary"
                                aria-label=t!(i18n, send)
                                title=t!(i18n, send)
                                disabled=derive(move || !can_send.get())
                                on:click=on_click(move |_| send())
                            >
                                {icon(icon::SEND)}
                            </button>
                        }
                            .into_any()
                    }
                })}
            </div>
        </div>
    }
}

/// Tracks whether an element is visible, until it is dropped.
struct Seen {
    observer: web_sys::IntersectionObserver,
    /// Called by the observer.
    _changed: Closure<dyn FnMut(js_sys::Array)>,
}

impl Seen {
    fn watch(element: &web_sys::Element, is_seen: RwSignal<bool>) -> Option<Self> {
        let changed = Closure::<dyn FnMut(js_sys::Array)>::new(move |entries: js_sys::Array| {
            let last = entries.get(entries.length().saturating_sub(1));
            if let Ok(last) = last.dyn_into::<web_sys::IntersectionObserverEntry>() {
                is_seen.try_set(last.is_intersecting());
            }
        });
        let observer = web_sys::IntersectionObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        observer.observe(element);
        Some(Self {
            observer,
            _changed: changed,
        })
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}
