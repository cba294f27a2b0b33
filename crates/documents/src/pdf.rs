//! Extracts the text of PDFs.

mod content;
mod font;
mod layout;
pub mod maps;

use std::sync::Arc;

use collate_core::{
    chat::attachment::{Kind, Unread},
    file::{Error, MAX_TEXT, limit},
};
use collate_worker::file as worker;
use hayro_font::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, object::dict::keys::CONTENTS};
use web_sys::{Blob, File};

pub use font::NO_GLYPHS;

use content::Reader;
use font::Fonts;
use maps::Maps;

/// Reads a file as the text of a PDF.
///
/// # Errors
/// If no text can be extracted.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let bytes = Arc::new(worker::bytes(&file).await?);
    let maps = Arc::new(Maps::default());
    let mut read = text(&bytes, &maps);
    let missing = maps.missing();
    for collection in &missing {
        // Without it, the text says what can't be read.
        if let Some(pack) = worker::fetch(collection.file()).await {
            maps.add(*collection, pack);
        }
    }
    if !missing.is_empty() {
        read = text(&bytes, &maps);
    }
    let Text {
        text,
        pages,
        unread,
    } = read?;
    Ok((Kind::Pdf { pages, unread }, worker::text(&text)?))
}

/// The text of a PDF.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// The text, page by page. U+FFFD stands for characters that can't be read.
    pub text: String,
    /// The number of pages.
    pub pages: u32,
    /// What can't be read.
    pub unread: Option<Unread>,
}

/// Extracts the text of a PDF.
///
/// # Errors
/// If no text can be extracted.
///
/// # Panics
/// If the library panics: in a worker, that is [`Error::Failed`].
pub fn text(bytes: &Arc<Vec<u8>>, maps: &Arc<Maps>) -> Result<Text, Error> {
    let document = Pdf::new(Arc::clone(bytes)).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Error::Locked,
        _ => Error::Pdf,
    })?;
    let mut reader = Reader::new(Fonts::new(maps));
    let mut all = String::new();
    let (mut shown, mut unread) = (0, 0);
    let (mut pages, mut is_damaged) = (0, false);
    let mut affected = Vec::new();
    for page in document.pages().iter() {
        pages += 1;
        let read = reader.page(page).ok_or(Error::TooBig)?;
        let text = read.layout.text.trim();
        if !text.is_empty() && !all.is_empty() {
            all.push_str("\n\n");
        }
        all.push_str(text);
        limit(u32::try_from(all.len()).unwrap_or(u32::MAX), MAX_TEXT)?;
        shown += read.layout.shown;
        unread += read.layout.unread;
        let is_lost = page.raw().contains_key(CONTENTS) && page.page_stream().is_none();
        is_damaged |= is_lost;
        let is_picture = read.layout.shown == 0 && read.has_pictures;
        if read.layout.unread > 0 || is_picture || is_lost {
            affected.push(pages);
        }
    }
    match (pages, shown) {
        (0, _) => return Err(Error::Pdf),
        (_, 0) if is_damaged => return Err(Error::Pdf),
        (_, 0) => return Err(Error::NoText),
        _ if shown == unread => return Err(Error::Unmapped),
        _ => {}
    }
    // Half a per cent is one, and so is less.
    let percent = (unread * 100 + shown / 2) / shown;
    let percent = u8::try_from(percent)
        .unwrap_or(100)
        .max(u8::from(unread > 0));
    Ok(Text {
        text: all,
        pages,
        unread: (!affected.is_empty()).then(|| Unread::new(percent, affected)),
    })
}

#[cfg(test)]
mod tests;
