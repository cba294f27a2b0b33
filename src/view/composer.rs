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
    storage::{LongPaste, SendKey},
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, on_key, show, t},
        focus::focus_message,
        icon::{self, icon},
        lazy::lazy_quietly,
        screen::is_touched,
    },
};

/// Typing has paused when no key came for this long.
const AT_REST: Duration = Duration::from_millis(300);

/// Length of a draft, in bytes, from which the browser takes long to lay it out.
const LONG: usize = 20_000;

/// Time after the last key until other cards show a long draft. Each follows a moment later, so that a key
/// waits for one of them at most.
const AFTER_LONG: Duration = Duration::from_secs(1);
const BETWEEN_LONG: Duration = Duration::from_millis(500);

/// Length of a pasted text, in bytes, from which the page offers to attach it.
const LONG_PASTE: usize = 10_000;

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
            fit(&input, draft);
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
    let follow = move |()| {
        if let Some(draft) = draft.try_get_untracked() {
            repaint(&draft);
        }
    };
    let mut repaint_later = debounce(AT_REST, follow);
    // A long draft takes the browser long to lay out, once for each card: then only the card that is typed
    // in follows at once.
    let place = u32::try_from(untrack(|| session.place(id))).unwrap_or_default();
    let mut repaint_last = debounce(AFTER_LONG + BETWEEN_LONG * place, follow);
    let is_focused = move || {
        let focused = document().active_element();
        let input = input.get_untracked();
        input.is_some_and(|input| input.is_same_node(focused.as_deref()))
    };
    effect(move || {
        input.track();
        draft.track();
        if draft.with_untracked(String::len) > LONG && !is_focused() {
            repaint_last(());
        } else if is_seen.get() {
            draft.with_untracked(|draft| repaint(draft));
        } else {
            repaint_later(());
        }
    });
    // The last long text that was pasted.
    let pasted = RwSignal::new(String::new());
    let is_offered = memo(move || {
        let length = pasted.with(String::len);
        length > 0 && draft.with(|draft| draft.len() >= length)
    });
    let paste = move |event: &web_sys::Event| {
        if attachments::on_paste(&session, id, event) {
            return;
        }
        let text = attachments::pasted(event);
        if let Some(input) = input.get_untracked()
            && text.len() > LONG
        {
            fit(&input, &text);
        }
        if text.len() < LONG_PASTE {
            return;
        }
        match settings.with_untracked(|settings| settings.long_paste) {
            LongPaste::Offer => pasted.set(text),
            LongPaste::Attach => {
                event.prevent_default();
                attachments::attach_text(&session, id, &text);
            }
            LongPaste::Text => {}
        }
    };
    let send = move || {
        session.send(id);
        // An effect sees no change in a draft that was typed and sent within one task.
        repaint(&untrack(|| session.draft(id)));
    };
    let commit = move || {
        if let Some(input) = input.try_get_untracked().flatten() {
            let text = input.value();
            fit(&input, &text);
            session.draft_changed(id, text);
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
                SendKey::Auto if is_touched() => has_ctrl && !has_other,
                SendKey::Auto | SendKey::Enter => !has_ctrl && !has_other,
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
            {show(
                move || is_offered.get(),
                move || {
                    lazy_quietly(&attachments::ATTACHED, move |draw| (draw.pasted)(id, pasted))
                },
            )}
            <div class="composer-box">
                <Attach id />
                <textarea
                    node_ref=input
                    rows="1"
                    dir="auto"
                    enterkeyhint=derive(move || match send_key.get() {
                        SendKey::Auto if is_touched() => "enter",
                        SendKey::Auto | SendKey::Enter => "send",
                        SendKey::CtrlEnter => "enter",
                    })
                    aria-label=t!(i18n, message)
                    placeholder=derive(move || {
                        if shares.get() { t_string!(i18n, ask_synced) } else { t_string!(i18n, ask) }
                    })
                    // The next key adds to the draft that all cards share.
                    on:focus=move |_| repaint(&untrack(|| session.draft(id)))
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
                    on:paste=move |event| paste(&event)
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

/// Prepares an input for a text. A long one has a fixed height, and the writing direction of its first letter:
/// with `field-sizing: content` and `dir="auto"`, the browser would lay it out several times.
fn fit(input: &web_sys::HtmlTextAreaElement, text: &str) {
    let is_letter = |c: &char| c.is_ascii_alphabetic() || *c > '\u{bf}';
    let is_rtl = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
    let is_long = text.len() > LONG;
    let direction = match text.chars().find(is_letter) {
        _ if !is_long => "auto",
        Some(first) if is_rtl(first) => "rtl",
        _ => "ltr",
    };
    if input.dir() != direction {
        input.set_dir(direction);
        // A valid name can't be rejected.
        let _ = input.toggle_attribute_with_force("data-long", is_long);
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
