//! A card's More menu.

use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use crate::{
    chat::card,
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    session::Session,
    ui::{
        dynamic::{derive, flag, memo, on_click, on_key, show, t},
        focus::focus_on,
        icon::{self, icon},
        lazy::lazy,
        menu::{Confirm, close_when_left, focus_first, menu_key},
        screen,
    },
};

/// A card's open menu, and its confirmation.
#[derive(Clone, Copy)]
pub(super) struct OpenMenu {
    id: card::Id,
    number: Memo<usize>,
    is_open: RwSignal<bool>,
    /// True while the confirmation of a deletion is open.
    asks: RwSignal<bool>,
    button: NodeRef<html::Button>,
    items: NodeRef<html::Div>,
}

impl OpenMenu {
    fn close(self) {
        self.is_open.try_set(false);
        focus_on(self.button);
    }
}

/// Functions that render an open menu.
#[derive(Clone, Copy)]
pub(super) struct Draw {
    items: fn(OpenMenu) -> AnyView,
    question: fn(OpenMenu) -> AnyView,
}

thread_local! {
    pub(super) static MENU: Chunk<Draw> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Draw, Missing> {
    Ok(Draw {
        items: |menu| view! { <Items menu /> }.into_any(),
        question: |menu| view! { <Question menu /> }.into_any(),
    })
}

/// The menu of rare actions: move, clear, delete.
#[component]
pub fn CardMenu(id: card::Id, number: Memo<usize>) -> impl IntoView {
    let i18n = use_i18n();
    let (is_open, asks) = (RwSignal::new(false), RwSignal::new(false));
    let (button, items) = (NodeRef::new(), NodeRef::new());
    let opened = OpenMenu {
        id,
        number,
        is_open,
        asks,
        button,
        items,
    };
    let menu = NodeRef::<html::Div>::new();
    close_when_left(menu, is_open);
    focus_first(items);
    view! {
        <div
            node_ref=menu
            class="menu"
            on:keydown=on_key(move |event| menu_key(&event, is_open, items, move || opened.close()))
        >
            <button
                node_ref=button
                class="button icon-button"
                data-ahead="actions"
                aria-label=t!(i18n, more)
                title=t!(i18n, more)
                aria-haspopup="menu"
                aria-expanded=flag(move || is_open.get())
                on:click=on_click(move |_| is_open.update(|open| *open = !*open))
            >
                {icon(icon::MORE)}
            </button>
            {show(move || is_open.get(), move || view! {
                <div class="menu-place">{lazy(&MENU, move |draw| (draw.items)(opened))}</div>
            })}
            {show(move || asks.get(), move || lazy(&MENU, move |draw| (draw.question)(opened)))}
        </div>
    }
}

#[component]
fn Items(menu: OpenMenu) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let id = menu.id;
    let is_last = memo(move || session.cards().read().len() == 1);
    let delete = move |_| {
        if is_last.get_untracked() {
            return;
        }
        menu.close();
        let has_words = session
            .card(id)
            .try_read_untracked()
            .is_some_and(|card| !card.turns.is_empty())
            || !untrack(|| session.draft(id)).is_empty()
            || !untrack(|| session.attachments(id)).is_empty();
        if has_words {
            menu.asks.set(true);
        } else {
            session.delete_card(id);
        }
    };
    let move_item = move |right: bool| {
        let place = move || session.place(id);
        let is_at_end = memo(move || {
            if right {
                place() + 1 == session.cards().read().len()
            } else {
                place() == 0
            }
        });
        let label = derive(move || {
            if right {
                t_string!(i18n, move_right)
            } else {
                t_string!(i18n, move_left)
            }
        });
        view! {
            <button
                class="menu-item"
                role="menuitem"
                tabindex="-1"
                aria-disabled=flag(move || is_at_end.get())
                on:click=on_click(move |_| {
                    if !is_at_end.get_untracked() {
                        let to = untrack(place);
                        session.move_card(id, if right { to + 1 } else { to.saturating_sub(1) });
                        // A card that is moved on the page loses the focus.
                        request_animation_frame(move || menu.close());
                    }
                })
            >
                {label}
            </button>
        }
        .into_any()
    };
    view! {
        <div node_ref=menu.items class="menu-items" role="menu" aria-label=t!(i18n, more)>
            {[false, true].map(move_item).collect_view()}
            <button
                class="menu-item"
                role="menuitem"
                tabindex="-1"
                on:click=on_click(move |_| {
                    menu.close();
                    // Once the menu has left the page.
                    request_animation_frame(screen::print);
                })
            >
                {t!(i18n, print)}
            </button>
            <button
                class="menu-item"
                role="menuitem"
                tabindex="-1"
                on:click=on_click(move |_| {
                    menu.close();
                    session.clear_card(id);
                })
            >
                {t!(i18n, clear_chat)}
            </button>
            <button
                class="menu-item danger"
                role="menuitem"
                tabindex="-1"
                aria-disabled=flag(move || is_last.get())
                aria-description=derive(move || is_last.get().then(|| t_string!(i18n, last_card)))
                on:click=on_click(delete)
            >
                {t!(i18n, delete_chat)}
                {show(
                    move || is_last.get(),
                    move || view! {
                        <small class="hint" aria-hidden="true">{t!(i18n, last_card)}</small>
                    },
                )}
            </button>
        </div>
    }
}

#[component]
fn Question(menu: OpenMenu) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <Confirm
            title=t!(i18n, delete_question, number = menu.number.get())
            warning=t!(i18n, delete_warning)
            on_end=Callback::new(move |confirmed| {
                menu.asks.set(false);
                if confirmed {
                    session.delete_card(menu.id);
                }
            })
        />
    }
}
