//! What comes beside an answer's text: pictures, sounds, calls of tools, sources.

use leptos::{ev, prelude::*, task::spawn_local};
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
        dynamic::{derive, dynamic, effect, for_each, memo, on_click, show, t},
        focus::focus_within,
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

/// Renders each extra of a kind. One that changes or comes leaves the others as they are.
fn each<V: IntoView + 'static>(
    extras: Memo<Vec<Extra>>,
    draw: impl Fn(Memo<Option<Extra>>) -> V + Send + Sync + 'static,
) -> impl IntoView {
    for_each(
        move || (0..extras.read().len() as u64).collect(),
        move |at: u64| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            draw(memo(move || extras.read().get(at).cloned()))
        },
    )
}

#[component]
fn Drawn(extras: Memo<Vec<Extra>>) -> impl IntoView {
    let i18n = use_i18n();
    let sources = of(extras, Source);
    let refuses = memo(move || extras.read().iter().any(|extra| extra.kind == Refusal));
    view! {
        <div class="extras">
            {each(of(extras, Kind::Picture), |extra| view! { <ShownPicture extra /> })}
            {each(of(extras, Sound), |extra| view! { <Playable extra /> })}
            {each(of(extras, Tool), |extra| view! { <Call extra /> })}
            {show(
                move || refuses.get(),
                move || view! { <p class="note">{t!(i18n, model_refuses)}</p> },
            )}
            {each(of(extras, Unknown), move |extra| {
                let words = derive(move || {
                    let name = extra.get().map(|extra| extra.name).unwrap_or_default();
                    t_string!(i18n, unknown_part, name = name).to_string()
                });
                view! { <p class="hint">{words}</p> }
            })}
            {show(
                move || !sources.read().is_empty(),
                move || view! {
                    <p class="sources-title" aria-hidden="true">{t!(i18n, sources)}</p>
                    <ol class="sources" aria-label=t!(i18n, sources)>
                        {each(sources, |extra| dynamic(move || extra.get().map(source)))}
                    </ol>
                },
            )}
        </div>
    }
}

/// A call of a tool: its name, and its arguments as they come.
#[component]
fn Call(extra: Memo<Option<Extra>>) -> impl IntoView {
    let i18n = use_i18n();
    let name = derive(move || extra.get().map(|tool| tool.name).unwrap_or_default());
    let arguments = memo(move || extra.get().map(|tool| tool.content).unwrap_or_default());
    view! {
        <div class="tool">
            <p>{t!(i18n, asked_for_tool)} " " <code>{name}</code></p>
            {show(
                move || !arguments.read().is_empty(),
                move || view! {
                    <pre tabindex="0" dir="ltr" aria-label=t!(i18n, arguments)>{arguments}</pre>
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
    // A browser reads a backslash as a slash.
    let host = rest.split(['/', '\\', '?', '#']).next()?;
    // What stands before it is no host, but may look like one.
    let host = host.rsplit('@').next().filter(|host| !host.is_empty())?;
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control();
    url.chars().all(is_plain).then_some(host)
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
fn ShownPicture(extra: Memo<Option<Extra>>) -> impl IntoView {
    let i18n = use_i18n();
    // Another variant of the answer may have another picture here.
    let wanted = RwSignal::new(None::<String>);
    let label = move || t_string!(i18n, picture_of_answer).to_owned();
    dynamic(move || {
        let Extra {
            content, stored, ..
        } = extra.get()?;
        if let Some(attachment) = stored {
            return Some(view! { <Stored attachment /> }.into_any());
        }
        if content.starts_with("data:image/") {
            return Some(
                view! {
                    <img class="picture" src=content alt=label />
                    <p class="hint">{t!(i18n, file_unstored)}</p>
                }
                .into_any(),
            );
        }
        let host = host(&content)?.to_owned();
        if wanted.get().as_ref() == Some(&content) {
            return Some(
                view! {
                    <img class="picture" src=content alt=label referrerpolicy="no-referrer" />
                }
                .into_any(),
            );
        }
        let load = move |event: ev::MouseEvent| {
            let place = event_target::<web_sys::Element>(&event).closest(".message");
            wanted.set(extra.get_untracked().map(|extra| extra.content));
            // The button goes, and would take the focus with it.
            if let Ok(Some(place)) = place {
                focus_within(&place);
            }
        };
        Some(
            view! {
                <button
                    class="button image"
                    title=content
                    on:click=on_click(load)
                >
                    <span>{t!(i18n, load_image)}</span>
                    {format!(" {host}")}
                </button>
            }
            .into_any(),
        )
    })
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
fn Playable(extra: Memo<Option<Extra>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let url = RwSignal::new(None::<String>);
    let revoke = |url: &str| {
        // A created URL can be revoked; another stays as it is.
        let _ = web_sys::Url::revoke_object_url(url);
    };
    effect(move || {
        let Some(Extra {
            content, stored, ..
        }) = extra.get()
        else {
            return;
        };
        // Another variant of the answer may have another sound here.
        if let Some(before) = url.try_update(Option::take).flatten() {
            revoke(&before);
        }
        if content.starts_with("data:audio/") {
            url.set(Some(content));
        } else if let Some(attachment) = stored {
            spawn_local(async move {
                let content = session.content(attachment.id).await;
                let now = extra.try_get_untracked().flatten();
                let is_still = now.and_then(|now| now.stored) == Some(attachment);
                if !is_still {
                    return;
                }
                let made =
                    content.and_then(|blob| web_sys::Url::create_object_url_with_blob(&blob).ok());
                // `try_set` returns the URL if the view is gone.
                if let Some(Some(unused)) = url.try_set(made) {
                    revoke(&unused);
                }
            });
        }
    });
    on_cleanup(move || {
        if let Some(url) = url.try_get_untracked().flatten() {
            revoke(&url);
        }
    });
    let content = memo(move || extra.get().map(|extra| extra.content).unwrap_or_default());
    let remote = memo(move || host(&content.read()).map(str::to_owned));
    view! {
        <div class="sound">
            <span>{t!(i18n, sound_of_answer)}</span>
            {show(
                move || url.read().is_some(),
                move || view! {
                    <audio
                        controls
                        aria-label=t!(i18n, sound_of_answer)
                        src=move || url.get()
                    ></audio>
                },
            )}
            {show(
                move || content.read().starts_with("data:"),
                move || view! { <p class="hint">{t!(i18n, file_unstored)}</p> },
            )}
            {show(
                move || url.read().is_none() && remote.read().is_some(),
                move || view! {
                    <button
                        class="button"
                        title=content
                        on:click=on_click(move |_| url.set(Some(content.get_untracked())))
                    >
                        {t!(i18n, load_sound)}
                        {move || format!(" {}", remote.get().unwrap_or_default())}
                    </button>
                },
            )}
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
        check("https://evil.example\\@good.example/", Some("evil.example"));
        check("https://a.example/ b", None);
        check("https://", None);
        check("javascript:alert(1)", None);
        check("data:text/html,a", None);
        check("/a", None);
    }
}
