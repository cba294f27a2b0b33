//! The vault's view: to create, unlock and lock it, and to list its content. See `vault.js`.

use std::sync::Once;

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;

use super::passphrase::{Act, Passphrase};
use super::vault_store::{begin_with, delete, has_failed, idle_minutes, lock, set_idle};
use crate::{
    endpoint,
    i18n::{t_string, use_i18n},
    library::Library,
    page::PageState,
    storage::{
        self,
        keys::{self, VaultState},
    },
    ui::{
        dynamic::{derive, dynamic, effect, memo, on_click, show, t},
        focus::focus_if_lost,
        menu::Confirm,
    },
};

/// Enables the vault for the life of the page.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| begin_with(&keys::holder()));
}

/// Element ID of the vault.
const ID: &str = "vault";

/// Choices of the idle minutes after which an open vault locks.
const IDLE: [u32; 3] = [5, 15, 60];

/// Focuses the vault if it is on the page; returns whether it is.
pub fn focus() -> bool {
    let found = document().query_selector(&format!("#{ID} input, #{ID} button"));
    let Some(found) = found.ok().flatten() else {
        return false;
    };
    found.scroll_into_view();
    if let Some(element) = found.dyn_ref() {
        crate::ui::focus::focus(element);
    }
    true
}

/// The vault: in the settings, or in a dialog that closes once the vault is open.
#[component]
pub fn Vault(#[prop(optional)] is_dialog: bool) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let page = expect_context::<PageState>();
    let section = NodeRef::<html::Section>::new();
    let is_changing = RwSignal::new(false);
    let was_changed = RwSignal::new(false);
    let asks = RwSignal::new(false);
    let state = memo(move || library.vault());
    let was_open = state.get_untracked() == VaultState::Open;
    effect(move || {
        is_changing.set(false);
        focus_if_lost(section);
        if state.get() == VaultState::Open && is_dialog && !was_open {
            // This effect belongs to the dialog.
            request_animation_frame(move || page.close_dialog());
        }
    });
    let done = Callback::new(move |act: Act| {
        is_changing.set(false);
        was_changed.set(act == Act::Change);
    });
    let delete_button = move || {
        view! {
            <button class="button" type="button" on:click=on_click(move |_| asks.set(true))>
                {t!(i18n, vault_delete)}
            </button>
        }
    };
    let body = dynamic(move || match state.get() {
        _ if !keys::can_encrypt() => {
            view! { <p class="hint">{t!(i18n, vault_unavailable)}</p> }.into_any()
        }
        VaultState::None => view! { <Passphrase act=Act::Create done /> }.into_any(),
        VaultState::Locked => view! {
            <p class="hint">{t!(i18n, vault_is_locked)}</p>
            <Passphrase act=Act::Unlock done />
            <Contents />
            <div class="connect-buttons">{delete_button()}</div>
        }
        .into_any(),
        VaultState::Open => view! {
            <p class="hint" role="status">{t!(i18n, vault_is_open)}</p>
            {show(move || was_changed.get(), move || view! {
                <p class="hint" role="status">{t!(i18n, vault_changed)}</p>
            })}
            <Contents />
            <Idle />
            {dynamic(move || if is_changing.get() {
                view! {
                    <Passphrase act=Act::Change done />
                    <div class="connect-buttons">
                        <button
                            class="button"
                            type="button"
                            on:click=on_click(move |_| is_changing.set(false))
                        >
                            {t!(i18n, cancel)}
                        </button>
                    </div>
                }
                    .into_any()
            } else {
                view! {
                    <div class="connect-buttons">
                        <button
                            class="button primary"
                            type="button"
                            on:click=on_click(move |_| lock())
                        >
                            {t!(i18n, vault_lock)}
                        </button>
                        <button
                            class="button"
                            type="button"
                            on:click=on_click(move |_| is_changing.set(true))
                        >
                            {t!(i18n, vault_change)}
                        </button>
                        {delete_button()}
                    </div>
                }
                    .into_any()
            })}
        }
        .into_any(),
    });
    view! {
        <section
            node_ref=section
            id=ID
            class="vault"
            tabindex="-1"
            aria-label=t!(i18n, vault)
        >
            {(!is_dialog).then(|| view! { <h3>{t!(i18n, vault)}</h3> })}
            <p class="hint">{t!(i18n, vault_hint)}</p>
            {body}
            {was_set_aside().then(|| view! { <p class="hint">{t!(i18n, vault_aside)}</p> })}
            {show(move || asks.get(), move || view! {
                <Confirm
                    title=derive(move || t_string!(i18n, vault_delete_question).to_owned())
                    warning=t!(i18n, vault_delete_warning)
                    on_end=Callback::new(move |confirmed| {
                        asks.set(false);
                        if confirmed {
                            delete();
                        }
                    })
                />
            })}
        </section>
    }
}

/// Returns whether a damaged vault was set aside.
fn was_set_aside() -> bool {
    storage::keys().any(|key| {
        key.starts_with(storage::ASIDE) && key.ends_with(&storage::Key::Vault.to_string())
    })
}

/// The endpoints with tokens in the vault.
#[component]
fn Contents() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    dynamic(move || {
        library.follow_keys();
        let ids = keys::in_vault();
        if ids.is_empty() {
            return view! { <p class="hint">{t!(i18n, vault_empty)}</p> }.into_any();
        }
        let name = |id: endpoint::Id| {
            let name = library.endpoint(id).map(|endpoint| endpoint.name);
            let name = name.unwrap_or_else(|| t_string!(i18n, endpoint_deleted).to_owned());
            view! { <li dir="auto">{name}</li> }
        };
        view! {
            <h4>{t!(i18n, vault_has)}</h4>
            <ul aria-label=t!(i18n, vault_has)>{ids.into_iter().map(name).collect_view()}</ul>
            {has_failed().then(|| view! {
                <p class="problem" role="alert">{t!(i18n, vault_full)}</p>
            })}
        }
        .into_any()
    })
}

/// The choice of when the vault locks itself.
#[component]
fn Idle() -> impl IntoView {
    let i18n = use_i18n();
    let now = idle_minutes();
    let option = |minutes: u32| {
        view! {
            <option value=minutes.to_string() selected=minutes == now>
                {t_string!(i18n, vault_minutes, count = minutes).to_string()}
            </option>
        }
    };
    view! {
        <div class="field">
            <label for="vault-idle">{t!(i18n, vault_idle)}</label>
            <select
                id="vault-idle"
                on:change:target=move |event| {
                    if let Ok(minutes) = event.target().value().parse() {
                        set_idle(minutes);
                    }
                }
            >
                {IDLE.map(option).collect_view()}
            </select>
        </div>
    }
}
