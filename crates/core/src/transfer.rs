//! Export of chats to files, and import from files. Pure.
//!
//! Export: [`Bundle`] is our own format, which restores everything; [`markdown`] and [`html`] are
//! for people. Import: [`read`] accepts our own format and those of `ChatGPT`, Open `WebUI`,
//! `LibreChat`, `LobeChat`, big-AGI and Backend.AI `WebUI`. docs/export.md describes our own for other programs.

pub mod bundle;
pub mod export;
pub mod html;
pub mod import;
pub mod markdown;
pub mod outcome;
pub mod words;

mod backend_ai;
mod big_agi;
mod canvas;
mod chatgpt;
mod fields;
mod foreign;
mod libre_chat;
mod lobe_chat;
mod mend;
mod open_webui;
mod references;
mod time;
mod tree;

pub use bundle::{Bundle, Content, SharedEndpoint};
pub use export::{Form, Request};
pub use import::{read, read_in};
pub use outcome::{Error, Format, Import, Reason, Skipped};
pub use words::Words;

use crate::chat::{Answer, Attachment, Chat};

/// Returns whether two chats have the same content: the same number of cards, with the same system
/// prompts, prompts, attachments and answers in the same order. Titles, times, shown variants,
/// drafts, stamps and identifiers are ignored. A chat without turns equals no other: its content is
/// a draft.
pub fn same(one: &Chat, other: &Chat) -> bool {
    let file = |file: &Attachment| (file.name.clone(), file.kind, file.bytes);
    let files = |files: &[Attachment]| files.iter().map(file).collect::<Vec<_>>();
    let says = |one: &Answer, other: &Answer| {
        (&one.model, &one.text, &one.reasoning) == (&other.model, &other.text, &other.reasoning)
    };
    one.cards.iter().any(|card| !card.turns.is_empty())
        && one.cards.len() == other.cards.len()
        && one.cards.iter().zip(&other.cards).all(|(one, other)| {
            one.system == other.system
                && one.turns.len() == other.turns.len()
                && one.turns.iter().zip(&other.turns).all(|(one, other)| {
                    one.prompt == other.prompt
                        && files(&one.attachments) == files(&other.attachments)
                        && one.answers().count() == other.answers().count()
                        && one.answers().zip(other.answers()).all(|(a, b)| says(a, b))
                })
        })
}

#[cfg(test)]
mod tests;
