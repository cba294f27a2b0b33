//! What comes beside an answer's text: pictures, sounds, calls of tools, sources.

use leptos::{prelude::*, task::spawn_local};
use wasm_split_helpers::wasm_split;

use super::chip::{Picture, Preview};
use crate::{
    chat::{
        Attachment, Extra,
        extra::Kind::{self, Refusal, Sound, Source, Tool, Unknown},
    },
    chunk::{Chunk, Missing},
    i18n::{t_string, use_i18n},
    session::Session,
    ui::{
        dynamic::{derive, dynamic, memo, on_click, show, t},
        lazy::lazy,
    },
};

/// Renders extras.
type Draw = fn(Memo<Vec<Extra>>) -> AnyView;

thread_local! {
    static EXTRAS: Chunk<Draw> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Draw, Missing> {
    Ok(|extras| view! { <Drawn extras /> }.into_any())
}

/// What came beside an answer's text, if anything.
#[component]
pub fn Extras(extras: Memo<Vec<Extra>>) -> impl IntoView {
    show(
        move || !extras.read().is_empty(),
        move || lazy(&EXTRAS, move |draw| draw(extras)),
    )
}

/// Selects those of a kind. A change of others renders them not again.
fn of(extras: Memo<Vec<Extra>>, kind: Kind) -> Memo<Vec<Extra>> {
    memo(move || {
        let all = extras.read();
        all.iter()
            .filter(|extra| extra.kind == kind)
            .cloned()
            .collect()
    })
}

#[component]
fn Drawn(extras: Memo<Vec<Extra>>) -> impl IntoView {
    let i18n = use_i18n();
    let tools = of(extras, Tool);
    // The arguments grow; the calls before them stay.
    let tool = move |at: usize| {
        let one = memo(move || tools.read().get(at).cloned());
        let name = derive(move || one.get().map(|tool| tool.name).unwrap_or_default());
        let arguments = derive(move || one.get().map(|tool| tool.content).unwrap_or_default());
        view! {
            <div class="tool">
                <p>{t!(i18n, asked_for_tool)} " " <code>{name}</code></p>
                {show(
                    move || one.read().as_ref().is_some_and(|tool| !tool.content.is_empty()),
                    move || view! {
                        <pre tabindex="0" dir="ltr" aria-label=t!(i18n, arguments)>{arguments}</pre>
                    },
                )}
            </div>
        }
        .into_any()
    };
    let count = memo(move || tools.read().len());
    let pictures = of(extras, Kind::Picture);
    let sounds = of(extras, Sound);
    let sources = of(extras, Source);
    let others = of(extras, Unknown);
    let refuses = memo(move || extras.read().iter().any(|extra| extra.kind == Refusal));
    view! {
        <div class="extras">
            {dynamic(move || {
                let shown = |extra: Extra| view! { <ShownPicture extra /> };
                pictures.get().into_iter().map(shown).collect_view()
            })}
            {dynamic(move || {
                let shown = |extra: Extra| view! { <Playable extra /> };
                sounds.get().into_iter().map(shown).collect_view()
            })}
            {dynamic(move || (0..count.get()).map(tool).collect_view())}
            {show(
                move || refuses.get(),
                move || view! { <p class="note">{t!(i18n, model_refuses)}</p> },
            )}
            {dynamic(move || {
                let named = |extra: Extra| {
                    let words = t_string!(i18n, unknown_part, name = extra.name).to_string();
                    view! { <p class="hint">{words}</p> }
                };
                others.get().into_iter().map(named).collect_view()
            })}
            {show(
                move || !sources.read().is_empty(),
                move || view! {
                    <p class="sources-title" aria-hidden="true">{t!(i18n, sources)}</p>
                    <ol class="sources" aria-label=t!(i18n, sources)>
                        {dynamic(move || {
                            sources.get().into_iter().map(source).collect_view()
                        })}
                    </ol>
                },
            )}
        </div>
    }
}

/// Returns the host of a web address; None for any other.
fn host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split(['/', '?', '#']).next()?;
    // What stands before it is no host, but may look like one.
    host.rsplit('@').next().filter(|host| !host.is_empty())
}

fn source(extra: Extra) -> AnyView {
    let Extra { name, content, .. } = extra;
    let Some(host) = host(&content).map(str::to_owned) else {
        let words = if name.is_empty() { content } else { name };
        return view! { <li dir="auto">{words}</li> }.into_any();
    };
    let title = if name.is_empty() {
        content.clone()
    } else {
        name
    };
    view! {
        <li dir="auto">
            <a href=content target="_blank" rel="noopener noreferrer">{title}</a>
            " "
            <span class="host">{host}</span>
        </li>
    }
    .into_any()
}

/// A picture: at once if it came with the answer; one at another address only on request, as fetching it
/// tells that server of the reader.
#[component]
fn ShownPicture(extra: Extra) -> impl IntoView {
    let i18n = use_i18n();
    let Extra {
        content, stored, ..
    } = extra;
    let label = move || t_string!(i18n, picture_of_answer).to_owned();
    if let Some(attachment) = stored {
        return view! { <Stored attachment /> }.into_any();
    }
    if content.starts_with("data:image/") {
        return view! { <img class="picture" src=content alt=label /> }.into_any();
    }
    let Some(host) = host(&content).map(str::to_owned) else {
        return ().into_any();
    };
    let is_wanted = RwSignal::new(false);
    let url = StoredValue::new(content);
    dynamic(move || {
        if is_wanted.get() {
            return view! {
                <img class="picture" src=url.get_value() alt=label referrerpolicy="no-referrer" />
            }
            .into_any();
        }
        view! {
            <button
                class="button image"
                title=url.get_value()
                on:click=on_click(move |_| is_wanted.set(true))
            >
                <span>{t!(i18n, load_image)}</span>
                {format!(" {host}")}
            </button>
        }
        .into_any()
    })
    .into_any()
}

/// A stored picture, which opens in full.
#[component]
fn Stored(attachment: Attachment) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let id = attachment.id;
    let is_open = RwSignal::new(false);
    let is_gone = memo(move || session.is_gone(id));
    let name = attachment.name.clone();
    let shown = attachment;
    view! {
        {show(
            move || is_gone.get(),
            move || view! { <p class="hint">{t!(i18n, picture_gone)}</p> },
        )}
        {show(
            move || !is_gone.get(),
            move || {
                let alt = t_string!(i18n, picture_of_answer).to_owned();
                let name = name.clone();
                view! {
                    <button
                        class="picture-button"
                        title=t!(i18n, preview_named, name = name.as_str())
                        on:click=on_click(move |_| is_open.set(true))
                    >
                        <Picture id alt />
                    </button>
                }
            },
        )}
        {show(move || is_open.get(), move || view! { <Preview attachment=shown.clone() is_open /> })}
    }
}

/// A sound that can be played; one at another address is fetched only on request.
#[component]
fn Playable(extra: Extra) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let Extra {
        content, stored, ..
    } = extra;
    let url = RwSignal::new(None::<String>);
    let is_ours = stored.is_some();
    if content.starts_with("data:audio/") {
        url.set(Some(content.clone()));
    }
    if let Some(attachment) = stored {
        spawn_local(async move {
            let content = session.content(attachment.id).await;
            let made =
                content.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob).ok());
            if let Some(Some(unused)) = url.try_set(made) {
                let _ = web_sys::Url::revoke_object_url(&unused);
            }
        });
    }
    on_cleanup(move || {
        if is_ours && let Some(url) = url.try_get_untracked().flatten() {
            // A created URL can be revoked.
            let _ = web_sys::Url::revoke_object_url(&url);
        }
    });
    let remote = host(&content).map(str::to_owned);
    let address = StoredValue::new(content);
    view! {
        <div class="sound">
            <span>{t!(i18n, sound_of_answer)}</span>
            {show(
                move || url.read().is_some(),
                move || view! { <audio controls aria-label=t!(i18n, sound_of_answer) src=move || url.get()></audio> },
            )}
            {remote.map(|host| show(
                move || url.read().is_none(),
                move || view! {
                    <button
                        class="button"
                        title=address.get_value()
                        on:click=on_click(move |_| url.set(Some(address.get_value())))
                    >
                        {t!(i18n, load_sound)}
                        {format!(" {host}")}
                    </button>
                },
            ))}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_web_address_has_a_host() {
        #[track_caller]
        fn check(url: &str, expected: Option<&str>) {
            assert_eq!(host(url), expected);
        }
        check("https://example.com/a?b", Some("example.com"));
        check("http://127.0.0.1:8080#a", Some("127.0.0.1:8080"));
        check("https://good.example@evil.example/", Some("evil.example"));
        check("https://", None);
        check("javascript:alert(1)", None);
        check("data:text/html,a", None);
        check("/a", None);
    }
}
