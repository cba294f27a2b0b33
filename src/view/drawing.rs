//! The program that draws answers, as the page uses it: see [`crate::reader`].

use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlElement;

use super::{dynamic::effect, follow::Follow};
use crate::{
    i18n::{t_string, use_i18n},
    session::{Coming, Live},
};

#[wasm_bindgen(module = "/src/view/drawing.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load(version: &str) -> Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>;

    fn set_words(words: Vec<String>);

    fn draw(container: &HtmlElement) -> Drawing;

    /// A text as it is read, without the marks of Markdown; as it is, where answers can't be drawn.
    pub fn plain(text: &str) -> String;

    /// A text being drawn into an element.
    type Drawing;

    #[wasm_bindgen(method)]
    fn push(this: &Drawing, more: &str);

    #[wasm_bindgen(method)]
    fn show(this: &Drawing, text: &str);

    #[wasm_bindgen(method)]
    fn finish(this: &Drawing);

    #[wasm_bindgen(method)]
    fn free(this: &Drawing);
}

/// Whether answers can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Nobody has asked for it.
    Unasked,
    Loading,
    Ready,
    /// It can't be had: texts are shown as they were written.
    Missing,
}

/// Whether answers can be drawn, on the whole page.
#[derive(Clone, Copy)]
struct Readers(RwSignal<Reader>);

/// Lets the parts of the page below draw answers.
pub fn provide() {
    let reader = RwSignal::new(Reader::Unasked);
    provide_context(Readers(reader));
    let i18n = use_i18n();
    effect(move || {
        let words = [
            t_string!(i18n, copy),
            t_string!(i18n, copied),
            t_string!(i18n, wrap_lines),
            t_string!(i18n, show_lines),
            t_string!(i18n, fold),
            t_string!(i18n, preview),
            t_string!(i18n, diagram_broken),
            t_string!(i18n, diagram_missing),
            t_string!(i18n, load_image),
            t_string!(i18n, code),
            t_string!(i18n, alert_note),
            t_string!(i18n, alert_tip),
            t_string!(i18n, alert_important),
            t_string!(i18n, alert_warning),
            t_string!(i18n, alert_caution),
            t_string!(i18n, back_to_text),
            t_string!(i18n, table),
        ];
        if reader.get() == Reader::Ready {
            set_words(words.map(str::to_owned).to_vec());
        }
    });
}

impl Readers {
    fn ask(self) {
        if self.0.get_untracked() != Reader::Unasked {
            return;
        }
        self.0.set(Reader::Loading);
        leptos::task::spawn_local(async move {
            let is_loaded = load(env!("PROGRAMS")).await.is_ok();
            self.0.set(if is_loaded {
                Reader::Ready
            } else {
                Reader::Missing
            });
        });
    }
}

/// What is on the page of a text.
#[derive(Default)]
struct Shown {
    live: Option<Live>,
    drawing: Option<Drawing>,
    /// How many bytes of the text it is.
    length: usize,
    restarts: u32,
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(drawing) = &self.drawing {
            drawing.free();
        }
    }
}

impl Shown {
    fn begin(&mut self, container: &HtmlElement) {
        if let Some(old) = self.drawing.take() {
            old.free();
        }
        self.drawing = Some(draw(container));
        self.length = 0;
    }

    fn push(&mut self, text: &str) {
        let more = text.get(self.length..).unwrap_or_default();
        self.length = text.len();
        if let Some(drawing) = &self.drawing
            && !more.is_empty()
        {
            drawing.push(more);
        }
    }
}

/// Which of an answer's texts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The answer itself.
    Text,
    /// The thoughts before it.
    Reasoning,
}

impl Of {
    fn part(self, coming: &Coming) -> &str {
        match self {
            Self::Text => &coming.reply.text,
            Self::Reasoning => &coming.reply.reasoning,
        }
    }
}

/// A text of an answer, while it comes and after. Only what is new is put on the page: the cost of
/// an update is that of what it adds, however long the answer has become. What has been streamed
/// stays as it is at the end, selection and all.
#[component]
pub fn Drawn(of: Of, live: Memo<Option<Live>>, stored: Memo<Option<String>>) -> impl IntoView {
    let container = NodeRef::<leptos::html::Div>::new();
    let readers = expect_context::<Readers>();
    let follow = expect_context::<Follow>();
    readers.ask();
    let shown = StoredValue::new_local(Shown::default());
    effect(move || {
        let (Some(container), reader) = (container.get(), readers.0.get()) else {
            return;
        };
        let live = live.get();
        if reader != Reader::Ready {
            if reader == Reader::Missing {
                let text = match &live {
                    Some(live) => live.with(|coming| of.part(coming).to_owned()),
                    None => stored.get().unwrap_or_default(),
                };
                container.set_text_content(Some(&text));
            }
            return;
        }
        shown.update_value(|shown| match live {
            Some(live) => {
                let is_new = shown.live.as_ref() != Some(&live);
                live.with(|coming| {
                    let restarts = coming.reply.restarts;
                    if is_new || shown.restarts != restarts || shown.drawing.is_none() {
                        shown.begin(&container);
                        shown.restarts = restarts;
                        if of == Of::Text {
                            follow.grows(container.clone().into());
                        }
                    }
                    shown.push(of.part(coming));
                });
                shown.live = Some(live);
            }
            None => stored.with(|text| {
                let Some(text) = text else { return };
                if shown.live.take().is_some() && shown.length <= text.len() {
                    shown.push(text);
                    if let Some(drawing) = &shown.drawing {
                        drawing.finish();
                    }
                } else {
                    shown.begin(&container);
                    if let Some(drawing) = &shown.drawing {
                        drawing.show(text);
                    }
                }
            }),
        });
    });
    view! { <div class="text" dir="auto" node_ref=container></div> }
}
