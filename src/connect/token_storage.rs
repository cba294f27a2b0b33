//! Where a token is to be kept, as a field of a form.

use leptos::prelude::*;

use crate::{
    endpoint,
    i18n::{t_string, use_i18n},
    library::Library,
    page::{Dialog, PageState},
    settings::vault,
    storage::keys::{self, Standing},
    ui::dynamic::{click, derive, part, word},
};

/// The choice of where a token is kept. Where that is the vault, and it is not open, it leads there.
#[component]
pub fn Keep(
    /// Unique on the page.
    id: String,
    /// What the reader has chosen.
    keep: RwSignal<Option<endpoint::Keep>>,
    /// Where the token is kept now.
    before: Signal<endpoint::Keep>,
) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let shown = expect_context::<PageState>();
    let chosen = derive(move || keep.get().unwrap_or_else(|| before.get()));
    let can_encrypt = keys::can_encrypt();
    let hint_id = format!("{id}-hint");
    let option = move |value: endpoint::Keep| {
        let label = match value {
            endpoint::Keep::Browser => word!(i18n, keep_browser),
            endpoint::Keep::Tab => word!(i18n, keep_tab),
            endpoint::Keep::Vault => word!(i18n, keep_vault),
        };
        let is_chosen = derive(move || chosen.get() == value);
        let is_off = value == endpoint::Keep::Vault && !can_encrypt;
        view! {
            <option value=value.name() prop:selected=is_chosen disabled=is_off>
                {label}
            </option>
        }
    };
    let choose = move |name: String| {
        keep.set(endpoint::Keep::named(&name));
    };
    let hint = derive(move || {
        let hint = match chosen.get() {
            endpoint::Keep::Browser => t_string!(i18n, keep_browser_hint),
            endpoint::Keep::Tab => t_string!(i18n, keep_tab_hint),
            endpoint::Keep::Vault => t_string!(i18n, keep_vault_hint),
        };
        if can_encrypt {
            hint.to_owned()
        } else {
            format!("{hint} {}", t_string!(i18n, vault_unavailable))
        }
    });
    let gate = part(move || {
        if chosen.get() != endpoint::Keep::Vault || !can_encrypt {
            return None;
        }
        let words = match library.vault() {
            Standing::Open => return None,
            Standing::Locked => t_string!(i18n, keep_needs_open),
            Standing::None => t_string!(i18n, keep_needs_new),
        };
        Some(view! {
            <p class="notice" role="status">
                <span>{words}</span>
                <button
                    class="button"
                    type="button"
                    on:click=click(move |_| {
                        // In the settings it is at hand; anywhere else it comes in a dialog.
                        if !vault::focus() {
                            shown.open_dialog(Dialog::Vault);
                        }
                    })
                >
                    {word!(i18n, go_to_vault)}
                </button>
            </p>
        })
    });
    view! {
        <div class="field">
            <label for=id.clone()>{word!(i18n, keep)}</label>
            <select
                id=id
                aria-describedby=hint_id.clone()
                on:change:target=move |event| choose(event.target().value())
            >
                {endpoint::Keep::ALL.map(option).collect_view()}
            </select>
            <small class="hint" id=hint_id>
                {hint}
            </small>
            {gate}
        </div>
    }
}
