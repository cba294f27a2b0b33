//! Extracts the text of documents of office programs: Office Open XML (ECMA-376), OpenDocument (ISO 26300) and old
//! Excel sheets.

mod compound;
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
    let (document, text) = if bytes.starts_with(compound::BEGIN) {
        if compound::has_stream(bytes, "EncryptedPackage") {
            return Err(Error::Locked);
        }
        if !compound::has_stream(bytes, "Workbook") && !compound::has_stream(bytes, "Book") {
            return Err(Error::OldDocument);
        }
        if !compound::is_sound(bytes) {
            return Err(Error::Document);
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

#[cfg(test)]
mod tests;
