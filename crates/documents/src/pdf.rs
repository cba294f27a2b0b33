//! Extracts the text of PDFs.

use collate_core::{
    chat::attachment::Kind,
    file::{Error, MAX_TEXT, limit},
};
use collate_worker::file as worker;
use pdf_extract::{Document, PlainTextOutput, output_doc_page};
use web_sys::{Blob, File};

/// Reads a file as the text of a PDF.
///
/// # Errors
/// If no text can be extracted.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let (text, pages) = text(&worker::bytes(&file).await?)?;
    Ok((Kind::Pdf { pages }, worker::text(&text)?))
}

/// The text of a PDF, page by page, and the number of pages.
///
/// # Errors
/// If no text can be extracted.
///
/// # Panics
/// If the library panics: in a worker, that is [`Error::Failed`].
pub fn text(bytes: &[u8]) -> Result<(String, u32), Error> {
    let mut document = Document::load_mem(bytes).map_err(|_| Error::Pdf)?;
    // Many PDFs are encrypted, but open without a password.
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(Error::Locked);
    }
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    let mut all = String::new();
    for page in &pages {
        let mut text = String::new();
        // A page that can't be read is skipped.
        if output_doc_page(&document, &mut PlainTextOutput::new(&mut text), *page).is_err() {
            continue;
        }
        let text = text.trim();
        if !text.is_empty() && !all.is_empty() {
            all.push_str("\n\n");
        }
        all.push_str(text);
        limit(u32::try_from(all.len()).unwrap_or(u32::MAX), MAX_TEXT)?;
    }
    match u32::try_from(pages.len()) {
        Ok(0) | Err(_) => Err(Error::Pdf),
        Ok(_) if all.is_empty() => Err(Error::NoText),
        Ok(pages) => Ok((all, pages)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &[u8] = include_bytes!("../../../tests/files/english.pdf");
    const KOREAN: &[u8] = include_bytes!("../../../tests/files/korean.pdf");
    const LOCKED: &[u8] = include_bytes!("../../../tests/files/locked.pdf");
    const PICTURE: &[u8] = include_bytes!("../../../tests/files/picture.pdf");

    #[test]
    fn the_text_of_a_pdf_is_read_whole() {
        #[track_caller]
        fn check(pdf: &[u8], pages: u32, words: &[&str]) {
            let (text, found) = text(pdf).unwrap();
            assert_eq!(found, pages);
            for words in words {
                assert!(text.contains(words), "{words} in {text}");
            }
        }
        check(
            ENGLISH,
            2,
            &[
                "“efficient” office files, naïve café",
                "Alpha 12",
                "second page",
            ],
        );
        check(
            KOREAN,
            1,
            &[
                "다람쥐 헌 쳇바퀴에 타고파.",
                "한 줄에 다 들어가지 않으므로",
                "漢字 ひらがな English",
            ],
        );
    }

    #[test]
    fn a_pdf_without_text_says_why() {
        #[track_caller]
        fn check(pdf: &[u8], expected: Error) {
            assert_eq!(text(pdf).unwrap_err(), expected);
        }
        check(LOCKED, Error::Locked);
        check(PICTURE, Error::NoText);
        check(b"", Error::Pdf);
        check(b"%PDF-1.4\nno more", Error::Pdf);
        check(&KOREAN[..KOREAN.len() / 2], Error::Pdf);
    }
}
