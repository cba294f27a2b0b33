//! The vault as its reader meets it: to create, to unlock, to lock, and what is in it. See `vault.js`.

use std::sync::Once;

use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, prelude::*};

use crate::{
    endpoint,
    i18n::{I18n, t_string, use_i18n},
    library::Library,
    page::PageState,
    storage::{
        self,
        keys::{self, VaultState},
    },
    ui::{
        dynamic::{derive, dynamic, effect, flag, memo, on_click, show, t},
        field::{Field, fill, typed},
        focus::focus_if_lost,
        menu::Confirm,
    },
};

#[wasm_bindgen(module = "/src/settings/vault.js")]
extern "C" {
    #[wasm_bindgen(js_name = begin)]
    fn begin_with(holder: &JsValue);

    #[wasm_bindgen(catch)]
    async fn create(passphrase: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    async fn unlock(passphrase: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch)]
    async fn change(passphrase: &str) -> Result<JsValue, JsValue>;

    fn lock();

    #[wasm_bindgen(js_name = destroy)]
    fn delete();

    #[wasm_bindgen(js_name = idle)]
    fn idle_minutes() -> u32;

    #[wasm_bindgen(js_name = setIdle)]
    fn set_idle(minutes: u32);

    #[wasm_bindgen(js_name = hasFailed)]
    fn has_failed() -> bool;
}

/// Lets the vault be opened, as long as the page lasts.
pub fn begin() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| begin_with(&keys::holder()));
}

/// The part of the page with the vault.
const ID: &str = "vault";

/// So long a passphrase is at least, in characters.
const SHORTEST: usize = 8;

/// After so many minutes without anybody, an open vault may be locked.
const IDLE: [u32; 3] = [5, 15, 60];

/// Leads to the vault, where it is on the page; returns whether it is.
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

/// What is done with a passphrase.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Create,
    Unlock,
    Change,
}

impl Act {
    /// Whether a passphrase is made, which is typed twice.
    const fn makes(self) -> bool {
        !matches!(self, Self::Unlock)
    }
}

/// Why nothing came of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Problem {
    Short,
    Differs,
    Wrong,
    Newer,
    Gone,
    Full,
}

impl Problem {
    /// What `vault.js` calls it.
    fn of(answer: Result<JsValue, JsValue>) -> Option<Self> {
        let word = answer.map_or_else(|_| Some("full".to_owned()), |word| word.as_string());
        Some(match &*word? {
            "wrong" => Self::Wrong,
            "newer" => Self::Newer,
            "gone" | "locked" | "taken" => Self::Gone,
            _ => Self::Full,
        })
    }

    fn explain(self, i18n: I18n) -> &'static str {
        match self {
            Self::Short => t_string!(i18n, passphrase_short),
            Self::Differs => t_string!(i18n, passphrase_differs),
            Self::Wrong => t_string!(i18n, passphrase_wrong),
            Self::Newer => t_string!(i18n, vault_newer),
            Self::Gone => t_string!(i18n, vault_elsewhere),
            Self::Full => t_string!(i18n, vault_full),
        }
    }
}

/// What is wrong with a passphrase that is to be made.
fn check(passphrase: &str, repeated: &str) -> Option<Problem> {
    if passphrase.chars().count() < SHORTEST {
        Some(Problem::Short)
    } else if passphrase != repeated {
        Some(Problem::Differs)
    } else {
        None
    }
}

/// The vault: in the settings, or in a dialog of its own, which closes once it is open.
#[component]
pub fn Vault(#[prop(optional)] is_dialog: bool) -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let shown = expect_context::<PageState>();
    let section = NodeRef::<html::Section>::new();
    let is_changing = RwSignal::new(false);
    let was_changed = RwSignal::new(false);
    let asks = RwSignal::new(false);
    let standing = memo(move || library.vault());
    let was_open = standing.get_untracked() == VaultState::Open;
    effect(move || {
        is_changing.set(false);
        focus_if_lost(section);
        if standing.get() == VaultState::Open && is_dialog && !was_open {
            // This is a part of what is closed.
            request_animation_frame(move || shown.close_dialog());
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
    let body = dynamic(move || match standing.get() {
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
            {was_put_aside().then(|| view! { <p class="hint">{t!(i18n, vault_aside)}</p> })}
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

/// Whether a vault was damaged and put aside.
fn was_put_aside() -> bool {
    storage::keys().any(|key| key.starts_with(storage::ASIDE) && key.ends_with("v2.vault"))
}

/// Asks for a passphrase, twice where it is a new one.
#[component]
fn Passphrase(act: Act, done: Callback<Act>) -> impl IntoView {
    let i18n = use_i18n();
    let [passphrase, repeated] = std::array::from_fn(|_| NodeRef::<html::Input>::new());
    let is_busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let word = typed(passphrase);
        let wrong = act
            .makes()
            .then(|| check(&word, &typed(repeated)))
            .flatten();
        problem.set(wrong);
        if wrong.is_some() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let answer = match act {
                Act::Create => create(&word).await,
                Act::Unlock => unlock(&word).await,
                Act::Change => change(&word).await,
            };
            // It may be closed before.
            if is_busy.try_set(false).is_some() {
                return;
            }
            let found = Problem::of(answer);
            problem.set(found);
            if found.is_none() {
                fill(passphrase, "");
                fill(repeated, "");
                done.run(act);
            }
        });
    };
    let label = match act {
        Act::Create => t!(i18n, vault_create),
        Act::Unlock => t!(i18n, vault_unlock),
        Act::Change => t!(i18n, vault_change),
    };
    view! {
        <form class="vault-form" novalidate on:submit=submit>
            <Field
                id="vault-passphrase".to_owned()
                label=t!(i18n, passphrase)
                hint=derive(move || if act.makes() {
                    t_string!(i18n, passphrase_hint).to_owned()
                } else {
                    String::new()
                })
                input=passphrase
                is_secret=true
            />
            {act.makes().then(|| view! {
                <Field
                    id="vault-repeated".to_owned()
                    label=t!(i18n, passphrase_repeat)
                    hint=derive(String::new)
                    input=repeated
                    is_secret=true
                />
            })}
            <p class="problem" role="alert">
                {dynamic(move || problem.get().map(|problem| problem.explain(i18n)))}
            </p>
            <div class="connect-buttons">
                <button
                    class="button primary"
                    type="submit"
                    aria-busy=flag(move || is_busy.get())
                >
                    {label}
                </button>
                <span class="hint" role="status">
                    {derive(move || is_busy.get().then(|| t_string!(i18n, vault_busy)))}
                </span>
            </div>
        </form>
    }
}

/// Whose tokens are in the vault.
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

/// After how long the vault is locked by itself.
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

#[cfg(test)]
mod tests {
    #[test]
    fn a_new_passphrase_is_long_and_typed_twice() {
        #[track_caller]
        fn check(passphrase: &str, repeated: &str, is_good: bool) {
            assert_eq!(super::check(passphrase, repeated).is_none(), is_good);
        }
        check("", "", false);
        check("1234567", "1234567", false);
        check("12345678", "12345678", true);
        check("비밀번호여덟글자", "비밀번호여덟글자", true);
        check("비밀번호여덟글자", "비밀번호여덟글짜", false);
        check("12345678", "", false);
    }
}
