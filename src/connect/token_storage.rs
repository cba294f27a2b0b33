//! The form field for a token's storage.

use leptos::prelude::*;

use crate::{
    endpoint,
    i18n::{t_string, use_i18n},
    library::Library,
    page::{Dialog, PageState},
    settings::vault,
    storage::keys::{self, VaultState},
    ui::dynamic::{derive, dynamic, on_click, t},
};

/// The choice of where a token is kept. If that is a vault that is not open, it leads there.
#[component]
pub fn TokenStorageChoice(
    /// Unique on the page.
    id: String,
    /// The user's choice.
    keep: RwSignal<Option<endpoint::TokenStorage>>,
    /// The token's current storage.
    before: Signal<endpoint::TokenStorage>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let page = expect_context::<PageState>();
    let chosen = derive(move || keep.get().unwrap_or_else(|| before.get()));
    let can_encrypt = keys::can_encrypt();
    let hint_id = format!("{id}-hint");
    let option = move |value: endpoint::TokenStorage| {
        let label = match value {
            endpoint::TokenStorage::Browser => t!(i18n, keep_browser),
            endpoint::TokenStorage::Tab => t!(i18n, keep_tab),
            endpoint::TokenStorage::Vault => t!(i18n, keep_vault),
        };
        let is_chosen = derive(move || chosen.get() == value);
        let is_off = value == endpoint::TokenStorage::Vault && !can_encrypt;
        view! {
            <option value=value.name() prop:selected=is_chosen disabled=is_off>
                {label}
            </option>
        }
    };
    let choose = move |name: String| {
        keep.set(endpoint::TokenStorage::named(&name));
    };
    let hint = derive(move || {
        let hint = match chosen.get() {
            endpoint::TokenStorage::Browser => t_string!(i18n, keep_browser_hint),
            endpoint::TokenStorage::Tab => t_string!(i18n, keep_tab_hint),
            endpoint::TokenStorage::Vault => t_string!(i18n, keep_vault_hint),
        };
        if can_encrypt {
            hint.to_owned()
        } else {
            format!("{hint} {}", t_string!(i18n, vault_unavailable))
        }
    });
    let gate = dynamic(move || {
        if chosen.get() != endpoint::TokenStorage::Vault || !can_encrypt {
            return None;
        }
        let words = match library.vault() {
            VaultState::Open => return None,
            VaultState::Locked => t_string!(i18n, keep_needs_open),
            VaultState::None => t_string!(i18n, keep_needs_new),
        };
        Some(view! {
            <p class="notice" role="status">
                <span>{words}</span>
                <button
                    class="button"
                    type="button"
                    on:click=on_click(move |_| {
                        // The settings have the vault; elsewhere, a dialog shows it.
                        if !vault::focus() {
                            page.open_dialog(Dialog::Vault);
                        }
                    })
                >
                    {t!(i18n, go_to_vault)}
                </button>
            </p>
        })
    });
    view! {
        <div class="field">
            <label for=id.clone()>{t!(i18n, keep)}</label>
            <select
                id=id
                aria-describedby=hint_id.clone()
                on:change:target=move |event| choose(event.target().value())
            >
                {endpoint::TokenStorage::ALL.map(option).collect_view()}
            </select>
            <small class="hint" id=hint_id>
                {hint}
            </small>
            {gate}
        </div>
    }
}
