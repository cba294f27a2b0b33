//! Reads files and stores their contents: a chunk, as few visits attach one.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;
use web_sys::{Blob, File};

use super::{Session, name_of};
use crate::{
    chat::{
        Attachment,
        attachment::{self, Id, Ranges},
        card,
        input::Event,
    },
    chunk::{Chunk, Missing},
    file::{
        self, Form,
        worker::{self, Drawn, Pages},
    },
    id::fresh,
    storage::{self, blobs},
};

/// The result of reading a file: its kind and the size of its content in bytes; None if its pages are attached.
pub(super) type Taken = Result<Option<(attachment::Kind, u32)>, file::Error>;
/// A reading.
type Taking = Pin<Box<dyn Future<Output = Taken>>>;

/// Functions that read files.
#[derive(Clone, Copy)]
pub(super) struct Read {
    /// Reads a file and stores its content.
    pub(super) whole: fn(Id, File) -> Taking,
    /// Attaches a PDF's pages.
    pub(super) pages: fn(Session, card::Id, File, Option<Ranges>) -> Taking,
}

thread_local! {
    pub(super) static READ: Chunk<Read> = const { Chunk::new(|| Box::pin(entry())) };
}

#[wasm_split(actions, fallible)]
fn entry() -> Result<Read, Missing> {
    Ok(Read {
        whole: |id, file| Box::pin(async move { read(id, &file).await }),
        pages: |session, card, file, pages| {
            Box::pin(async move { read_pages(&session, card, &file, pages).await })
        },
    })
}

pub(super) fn form(file: &File) -> Form {
    Form::of(&file.type_(), &file.name())
}

async fn read(id: Id, file: &File) -> Taken {
    let (kind, content) = worker::read(form(file), file).await?;
    let bytes = store(id, &content).await?;
    Ok(Some((kind, bytes)))
}

/// Stores a content; returns its size in bytes.
async fn store(id: Id, content: &Blob) -> Result<u32, file::Error> {
    blobs::put(id, content).await.map_err(|error| match error {
        storage::Error::Full | storage::Error::Unmerged => file::Error::Full,
        storage::Error::Blocked => file::Error::Blocked,
    })?;
    Ok(worker::whole(content.size()))
}

async fn read_pages(
    session: &Session,
    card: card::Id,
    file: &File,
    pages: Option<Ranges>,
) -> Taken {
    let name = name_of(file);
    let mut pages = Pages::start(file, pages).await?;
    loop {
        let (kind, content, page) = match pages.next().await? {
            Drawn::Page(kind, content, page) => (kind, content, page),
            Drawn::End(true) => return Err(file::Error::NoFonts),
            Drawn::End(false) => return Ok(None),
        };
        if untrack(|| session.attachments(card)).len() >= attachment::MAX {
            return Err(file::Error::MorePages);
        }
        let id = fresh();
        let bytes = store(id, &content).await?;
        let name = format!("{name}, page {page}");
        let attachment = Attachment {
            id,
            name,
            kind,
            bytes,
        };
        session.react(Event::Attached(card, attachment));
        session.save_soon();
    }
}
