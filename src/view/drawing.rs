//! Rendering of an answer's texts: see [`crate::reader`].

use leptos::prelude::*;
use web_sys::HtmlElement;

use super::follow::Follow;
use crate::{
    i18n::{I18n, t_string},
    openai::Partial,
    reader::{self, Drawing},
    session::InFlight,
    ui::dynamic::effect,
};

/// Passes the labels around an answer, in the user's language, to [`crate::reader`].
pub fn follow_words(i18n: I18n) {
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
            t_string!(i18n, copy_markdown),
            t_string!(i18n, copy_csv),
            t_string!(i18n, copy_cells),
            t_string!(i18n, preview_stored),
            t_string!(i18n, preview_failed),
            t_string!(i18n, preview_refused),
        ];
        reader::set_words(words.map(str::to_owned).to_vec());
    });
}

/// The part of a text on the page.
#[derive(Default)]
struct Shown {
    in_flight: Option<InFlight>,
    drawing: Option<Drawing>,
    /// Number of its bytes.
    length: usize,
    restarts: u32,
}

impl Shown {
    fn begin(&mut self, container: &HtmlElement) {
        self.drawing = Some(Drawing::new(container.clone()));
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

/// One of an answer's texts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The answer itself.
    Text,
    /// The reasoning before it.
    Reasoning,
}

impl Of {
    fn part(self, partial: &Partial) -> &str {
        match self {
            Self::Text => &partial.reply.text,
            Self::Reasoning => &partial.reply.reasoning,
        }
    }
}

/// A text of an answer, while it streams and after. Only new text is added to the page, so an update costs
/// only what it adds, however long the answer has become. The streamed text stays as it is at the end,
/// selection included.
#[component]
pub fn Drawn(
    of: Of,
    in_flight: Memo<Option<InFlight>>,
    stored: Memo<Option<String>>,
) -> impl IntoView {
    let container = NodeRef::<leptos::html::Div>::new();
    let follow = expect_context::<Follow>();
    let shown = StoredValue::new_local(Shown::default());
    effect(move || {
        let Some(container) = container.get() else {
            return;
        };
        let in_flight = in_flight.get();
        shown.update_value(|shown| match in_flight {
            Some(in_flight) => {
                let is_new = shown.in_flight.as_ref() != Some(&in_flight);
                in_flight.with(|partial| {
                    let restarts = partial.reply.restarts;
                    if is_new || shown.restarts != restarts || shown.drawing.is_none() {
                        shown.begin(&container);
                        shown.restarts = restarts;
                        if of == Of::Text {
                            follow.grows(container.clone().into());
                        }
                    }
                    shown.push(of.part(partial));
                });
                shown.in_flight = Some(in_flight);
            }
            None => stored.with(|text| {
                let Some(text) = text else { return };
                if shown.in_flight.take().is_some() && shown.length <= text.len() {
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
    view! { <div class="text" node_ref=container></div> }
}
