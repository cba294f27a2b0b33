//! The timeouts of endpoints in the settings.

use crate::{
    endpoint::Timeouts,
    i18n::use_i18n,
    library::Library,
    ui::dynamic::{derive, t},
};
use leptos::prelude::*;

/// A field for one timeout: its identifier, its label, and the value it sets.
pub(super) type TimeoutField = (
    &'static str,
    Signal<&'static str>,
    fn(&mut Timeouts) -> &mut u32,
);

/// The timeouts of endpoints.
#[component]
pub(super) fn Waits() -> impl IntoView {
    let i18n = use_i18n();
    let library = expect_context::<Library>();
    let fields: [TimeoutField; 3] = [
        ("wait-response", t!(i18n, wait_response), |all| {
            &mut all.response
        }),
        ("wait-first", t!(i18n, wait_first), |all| {
            &mut all.first_token
        }),
        ("wait-more", t!(i18n, wait_more), |all| &mut all.idle),
    ];
    let field = |(id, label, of): TimeoutField| {
        // An empty field means the default.
        let usual = *of(&mut Timeouts::default());
        let value = derive(move || {
            let mut timeouts = library.settings().with(|settings| settings.timeouts);
            let seconds = *of(&mut timeouts);
            if seconds == usual {
                String::new()
            } else {
                seconds.to_string()
            }
        });
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <input
                    id=id
                    type="number"
                    min="0"
                    max="86400"
                    step="1"
                    placeholder=usual.to_string()
                    prop:value=value
                    on:change:target=move |event| {
                        let seconds = event.target().value().parse().unwrap_or(usual);
                        library.set(|settings| {
                            *of(&mut settings.timeouts) = seconds.min(86_400);
                        });
                        event.target().set_value(&value.get_untracked());
                    }
                />
            </div>
        }
        .into_any()
    };
    view! {
        <section aria-label=t!(i18n, waits)>
            <h3>{t!(i18n, waits)}</h3>
            <p class="hint">{t!(i18n, waits_hint)}</p>
            <div class="choices">{fields.map(field).collect_view()}</div>
        </section>
    }
}
