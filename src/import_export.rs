//! Export of chats to files, and import of files as chats.

mod export;
mod import;
mod typeset;

pub use export::Exports;
pub use import::Imports;

use leptos::{html, prelude::*};
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    i18n::Locale,
    speech,
    transfer::{Request, html::typeset::Wanted},
    ui::dynamic::effect,
};

/// Functions of the chunk that writes files. A worker reads them: its program is fetched only then, and a long
/// file does not hold up the page.
#[derive(Clone, Copy)]
pub(crate) struct Files {
    /// [`Request::wanted`]
    wanted: fn(&Request) -> Wanted,
    write: fn(Request, Locale) -> String,
}

#[wasm_split(transfer, fallible)]
fn entry() -> Result<Files, Missing> {
    Ok(Files {
        wanted: Request::wanted,
        write: |request, locale| request.write(&speech::words(locale)),
    })
}

thread_local! {
    pub(crate) static FILES: Chunk<Files> = const { Chunk::new(|| Box::pin(entry())) };
}

/// Opens a dialog once it is on the page.
fn show_modal(dialog: NodeRef<html::Dialog>) {
    effect(move || {
        if let Some(dialog) = dialog.get() {
            // It fails only if it is already open.
            let _ = dialog.show_modal();
        }
    });
}
