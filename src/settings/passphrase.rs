//! The form that creates, takes or changes a passphrase.

use super::vault_store::{change, create, unlock};
use crate::{
    i18n::{I18n, t_string, use_i18n},
    ui::{
        dynamic::{derive, dynamic, flag, t},
        field::{Field, fill, typed},
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

/// Minimum length of a passphrase, in characters.
pub(super) const SHORTEST: usize = 8;

/// The action on a passphrase.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Unlock,
    Change,
}

impl Act {
    /// Returns whether the passphrase is new, and so typed twice.
    const fn makes(self) -> bool {
        !matches!(self, Self::Unlock)
    }
}

/// The reason for a failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Short,
    Differs,
    Wrong,
    Newer,
    Gone,
    Full,
}

impl Problem {
    /// Parses the result of `vault.js`.
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

/// Checks a new passphrase.
pub(super) fn check(passphrase: &str, repeated: &str) -> Option<Problem> {
    if passphrase.chars().count() < SHORTEST {
        Some(Problem::Short)
    } else if passphrase != repeated {
        Some(Problem::Differs)
    } else {
        None
    }
}

/// The form for a passphrase, with two fields for a new one.
#[component]
pub(super) fn Passphrase(act: Act, done: Callback<Act>) -> impl IntoView {
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
            // The form may be closed.
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
