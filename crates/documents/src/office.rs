//! Extracts the text of documents of office programs: Office Open XML (ECMA-376), OpenDocument (ISO 26300) and old
//! Excel sheets.

mod flow;
mod numbering;
mod open;
mod package;
mod sheets;
mod slides;
mod words;

use collate_core::{
    chat::attachment::{Document, Kind},
    file::Error,
};
use collate_worker::file as worker;
use web_sys::{Blob, File};

use package::Package;

/// The begin of the compound files in which old programs store their documents, and new ones encrypted documents:
/// see \[MS-CFB\], 2.2.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Reads a file as the text of a document.
///
/// # Errors
/// If no text can be extracted.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let (document, text) = text(&worker::bytes(&file).await?)?;
    Ok((Kind::Document(document), worker::text(&text)?))
}

/// Extracts the text of a document.
///
/// # Errors
/// If no text can be extracted.
pub fn text(bytes: &[u8]) -> Result<(Document, String), Error> {
    let (document, text) = if bytes.starts_with(COMPOUND) {
        if has_stream(bytes, "EncryptedPackage") {
            return Err(Error::Locked);
        }
        if !has_stream(bytes, "Workbook") && !has_stream(bytes, "Book") {
            return Err(Error::OldDocument);
        }
        sheets::old(bytes)?
    } else {
        let mut package = Package::open(bytes)?;
        if package.has("word/document.xml") {
            (Document::Words, words::text(&mut package)?)
        } else if package.has("ppt/presentation.xml") {
            slides::text(&mut package)?
        } else if package.has("xl/workbook.xml") || package.has("xl/workbook.bin") {
            package.check_size()?;
            sheets::new(bytes, package.has("xl/workbook.bin"))?
        } else if package.has("content.xml") {
            open::text(&mut package)?
        } else {
            return Err(Error::Document);
        }
    };
    if text.is_empty() {
        return Err(Error::Empty);
    }
    Ok((document, text))
}

/// Returns whether a compound file has a stream of this name. Names are UTF-16 and of a length of their own.
fn has_stream(bytes: &[u8], name: &str) -> bool {
    let mut wanted: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    wanted.extend([0, 0]);
    // Entries of the directory have 128 bytes, and sectors at least 512.
    let mut entries = bytes.chunks_exact(128);
    entries.any(|entry| entry.starts_with(&wanted))
}

#[cfg(test)]
mod tests;
