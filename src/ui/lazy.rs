//! Views in chunks of the program, and their placeholders while a chunk loads or if it can't be loaded.

use leptos::{prelude::*, task::spawn_local};

use super::{
    dynamic::{derive, dynamic, effect, on_click, t},
    focus::focus_within,
};
use crate::{
    chats::Chats,
    chunk::{self, Place},
    i18n::{t_string, use_i18n},
};

/// The load state of a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoadState {
    Loading,
    Here,
    Missing,
}

/// Renders a chunk's content once it is loaded, and a loading message until then.
pub fn lazy<T: Copy + 'static>(
    chunk: Place<T>,
    draw: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    drawn(chunk, Until::Here(Box::new(|| ().into_any())), draw)
}

/// Like [`lazy()`], for content that nobody waits for: nothing is shown until it is loaded.
pub fn lazy_quietly<T: Copy + 'static>(
    chunk: Place<T>,
    draw: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    drawn(chunk, Until::Quiet, draw)
}

/// Like [`lazy()`], with a fallback below the error message if the chunk can't be loaded.
pub fn lazy_or<T: Copy + 'static>(
    chunk: Place<T>,
    draw: impl Fn(T) -> AnyView + Send + 'static,
    instead: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    drawn(chunk, Until::Here(Box::new(instead)), draw)
}

/// The view until a chunk is loaded.
enum Until {
    /// A loading message; after a failure, an error message and a fallback.
    Here(Box<dyn Fn() -> AnyView + Send>),
    /// Nothing.
    Quiet,
}

fn drawn<T: Copy + 'static>(
    chunk: Place<T>,
    until: Until,
    draw: impl Fn(T) -> AnyView + Send + 'static,
) -> AnyView {
    boxed(
        Box::new(move |done| spawn_local(async move { done(chunk::load(chunk).await.is_ok()) })),
        Box::new(move || chunk::get(chunk).map(&draw)),
        until,
    )
}

type Load = Box<dyn Fn(Box<dyn FnOnce(bool)>) + Send>;
type Draw = Box<dyn Fn() -> Option<AnyView> + Send>;

/// One type for the content of all chunks.
fn boxed(load: Load, draw: Draw, until: Until) -> AnyView {
    // A loaded chunk renders at once.
    let first = untrack(&draw);
    if first.is_some() {
        return first.into_any();
    }
    let state = RwSignal::new(LoadState::Loading);
    let fetch = StoredValue::new_local(move || {
        state.set(LoadState::Loading);
        load(Box::new(move |is_here| {
            // The view may be closed before the chunk loads.
            state.try_set(if is_here {
                LoadState::Here
            } else {
                LoadState::Missing
            });
        }));
    });
    fetch.with_value(|fetch| fetch());
    // A missing chunk may have loaded for another view.
    effect(move || {
        chunk::follow();
        if state.get_untracked() == LoadState::Missing {
            fetch.with_value(|fetch| fetch());
        }
    });
    // The parent of the Retry button, which goes away with the focus.
    let asked = StoredValue::new_local(None::<web_sys::Element>);
    let again = Callback::new(move |button: web_sys::HtmlElement| {
        asked.set_value(button.parent_element());
        fetch.with_value(|fetch| fetch());
    });
    effect(move || {
        if state.get() != LoadState::Loading
            && let Some(around) = asked.try_update_value(Option::take).flatten()
        {
            request_animation_frame(move || focus_within(&around));
        }
    });
    dynamic(move || match state.get() {
        LoadState::Here => untrack(&draw),
        LoadState::Loading => match until {
            Until::Here(_) => Some(view! { <Loading /> }.into_any()),
            Until::Quiet => None,
        },
        LoadState::Missing => match &until {
            Until::Here(instead) => Some(view! { <Missing again /> {untrack(instead)} }.into_any()),
            Until::Quiet => None,
        },
    })
    .into_any()
}

#[component]
fn Loading() -> impl IntoView {
    let i18n = use_i18n();
    view! { <p class="hint" role="status">{t!(i18n, loading)}</p> }
}

/// The message that a part of the page can't be loaded, with a button that retries or, if the server has
/// another version by now, loads that.
#[component]
fn Missing(again: Callback<web_sys::HtmlElement>) -> impl IntoView {
    let i18n = use_i18n();
    let chats = expect_context::<Chats>();
    let library = chats.library();
    let is_outdated = RwSignal::new(false);
    spawn_local(async move {
        let found = chunk::is_outdated().await;
        is_outdated.try_set(found);
    });
    dynamic(move || {
        if is_outdated.get() {
            view! {
                <p class="problem" role="alert">
                    {derive(move || if library.unsaved().is_some() {
                        t_string!(i18n, new_version_unsaved)
                    } else {
                        t_string!(i18n, new_version)
                    })}
                </p>
                <button class="button" type="button" on:click=on_click(move |_| chats.reload())>
                    {t!(i18n, reload)}
                </button>
            }
            .into_any()
        } else {
            view! {
                <p class="problem" role="alert">{t!(i18n, part_missing)}</p>
                <button class="button" type="button" on:click=on_click(move |event| again.run(event_target(&event)))>
                    {t!(i18n, retry)}
                </button>
            }
            .into_any()
        }
    })
}
