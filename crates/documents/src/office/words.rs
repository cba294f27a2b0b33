//! Word documents: see ECMA-376, part 1, 17.

use std::collections::HashMap;

use collate_core::file::{Error, MAX_TEXT, limit};

use super::{
    flow::Flow,
    numbering::Numbering,
    package::{Element, Package, Part},
};

/// Extracts the text.
///
/// # Errors
/// If it is damaged or too big.
pub fn text(package: &mut Package<'_>) -> Result<String, Error> {
    let styles = styles(package)?;
    let mut reader = Reader::new(&styles, Numbering::read(package)?);
    package.xml("word/document.xml", |part| reader.take(&part))?;
    let mut flow = reader.flow;
    notes(package, "word/footnotes.xml", "", &styles, &mut flow)?;
    notes(package, "word/endnotes.xml", "e", &styles, &mut flow)?;
    flow.finish()
}

/// Adds the notes of a file.
fn notes(
    package: &mut Package<'_>,
    name: &str,
    mark: &str,
    styles: &HashMap<String, Style>,
    flow: &mut Flow,
) -> Result<(), Error> {
    let mut current = None;
    package.xml(name, |part| {
        match &part {
            Part::Open(note) if matches!(note.name, "footnote" | "endnote") => {
                // Those with a type are the lines above the notes.
                let id = note.get("id").filter(|_| note.get("type").is_none());
                current = id.map(|id| (id, Reader::new(styles, Numbering::default())));
            }
            Part::Close("footnote" | "endnote") => {
                if let Some((id, reader)) = current.take() {
                    let text = reader.flow.finish()?.replace("\n\n", " ");
                    flow.block(&format!("[^{mark}{id}]: "), &text, true)?;
                }
            }
            _ => {
                if let Some((_, reader)) = &mut current {
                    reader.take(&part)?;
                }
            }
        }
        Ok(())
    })
}

/// A style of paragraphs.
#[derive(Clone, Default)]
struct Style {
    heading: Option<u32>,
    list: Option<String>,
    level: u32,
    base: Option<String>,
}

/// The styles of paragraphs, with what they take from others.
fn styles(package: &mut Package<'_>) -> Result<HashMap<String, Style>, Error> {
    let mut styles: HashMap<String, Style> = HashMap::new();
    let mut current = String::new();
    package.xml("word/styles.xml", |part| {
        let Part::Open(element) = part else {
            return Ok(());
        };
        if element.name == "style" {
            current = element.get("styleId").unwrap_or_default();
            styles.insert(current.clone(), Style::default());
        }
        let Some(style) = styles.get_mut(&current) else {
            return Ok(());
        };
        match element.name {
            "name" => {
                // The identifiers are in Word's language, and these names are not.
                let name = element.get("val").unwrap_or_default().to_lowercase();
                style.heading = match name.strip_prefix("heading ") {
                    Some(level) => level.parse().ok(),
                    None => (name == "title").then_some(1),
                }
                .or(style.heading);
            }
            "basedOn" => style.base = element.get("val"),
            "outlineLvl" => style.heading = heading(&element).or(style.heading),
            "numId" => style.list = element.get("val"),
            "ilvl" => style.level = element.number("val").unwrap_or(0),
            _ => {}
        }
        Ok(())
    })?;
    let resolved = styles.keys().map(|id| (id.clone(), resolve(id, &styles)));
    Ok(resolved.collect())
}

fn resolve(id: &str, styles: &HashMap<String, Style>) -> Style {
    let mut style = styles.get(id).cloned().unwrap_or_default();
    let first = style.base.clone();
    let mut base = first.as_deref();
    // Styles could be each other's bases.
    for _ in 0..8 {
        let Some(next) = base.and_then(|id| styles.get(id)) else {
            break;
        };
        style.heading = style.heading.or(next.heading);
        if style.list.is_none() {
            style.list.clone_from(&next.list);
        }
        base = next.base.as_deref();
    }
    style
}

/// The level of a heading, by an outline's level from 0; 9 is body text.
fn heading(element: &Element<'_>) -> Option<u32> {
    element
        .number("val")
        .filter(|level| *level < 9)
        .map(|level| level + 1)
}

/// A paragraph as it grows.
#[derive(Default)]
struct Paragraph {
    text: String,
    /// The level of a heading, from 1.
    heading: Option<u32>,
    list: Option<String>,
    level: u32,
}

struct Reader<'s> {
    flow: Flow,
    /// A text box is in a paragraph, and has paragraphs.
    open: Vec<Paragraph>,
    styles: &'s HashMap<String, Style>,
    numbering: Numbering,
    /// Number of open elements that are left out.
    skipped: u32,
    /// Number of open elements of text, and of properties.
    texts: u32,
    properties: u32,
}

impl<'s> Reader<'s> {
    fn new(styles: &'s HashMap<String, Style>, numbering: Numbering) -> Self {
        Self {
            flow: Flow::default(),
            open: Vec::new(),
            styles,
            numbering,
            skipped: 0,
            texts: 0,
            properties: 0,
        }
    }

    fn take(&mut self, part: &Part<'_>) -> Result<(), Error> {
        match part {
            Part::Open(_) if self.skipped > 0 => self.skipped += 1,
            Part::Close(_) if self.skipped > 0 => self.skipped -= 1,
            Part::Open(element) => return self.open(element),
            Part::Close(name) => return self.close(name),
            Part::Text(text) if self.texts > 0 && self.skipped == 0 => return self.add(text),
            Part::Text(_) => {}
        }
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), Error> {
        let Some(paragraph) = self.open.last_mut() else {
            return Ok(());
        };
        paragraph.text.push_str(text);
        limit(
            u32::try_from(paragraph.text.len()).unwrap_or(u32::MAX),
            MAX_TEXT,
        )
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), Error> {
        let value = || element.get("val");
        match element.name {
            // What was deleted or moved away, and what stands in for newer elements.
            "del" | "moveFrom" | "Fallback" => self.skipped = 1,
            "p" => {
                // Deeper than any document, and a guard of memory.
                if self.open.len() > 64 {
                    return Err(Error::Document);
                }
                self.open.push(Paragraph::default());
            }
            "pPr" => self.properties += 1,
            "t" => self.texts += 1,
            "tab" if self.properties == 0 => return self.add("\t"),
            "br" | "cr" => return self.add("\n"),
            "noBreakHyphen" => return self.add("-"),
            "footnoteReference" => {
                return self.add(&format!("[^{}]", element.get("id").unwrap_or_default()));
            }
            "endnoteReference" => {
                return self.add(&format!("[^e{}]", element.get("id").unwrap_or_default()));
            }
            "tbl" => self.flow.open_table(),
            "tr" => self.flow.open_row(),
            "tc" => return self.flow.open_cell(),
            "gridSpan" => return self.flow.span(element.number("val").unwrap_or(1)),
            _ => {
                if let Some(paragraph) = self.open.last_mut() {
                    match element.name {
                        "pStyle" => {
                            let style = value().and_then(|style| self.styles.get(&style));
                            if let Some(style) = style {
                                paragraph.heading = style.heading;
                                paragraph.list.clone_from(&style.list);
                                paragraph.level = style.level;
                            }
                        }
                        "outlineLvl" => paragraph.heading = heading(element),
                        "numId" => paragraph.list = value(),
                        "ilvl" => paragraph.level = element.number("val").unwrap_or(0),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), Error> {
        match name {
            "p" => {
                if let Some(paragraph) = self.open.pop() {
                    return self.block(&paragraph);
                }
            }
            "pPr" => self.properties = self.properties.saturating_sub(1),
            "t" => self.texts = self.texts.saturating_sub(1),
            "tbl" => return self.flow.close_table(),
            _ => {}
        }
        Ok(())
    }

    fn block(&mut self, paragraph: &Paragraph) -> Result<(), Error> {
        if paragraph.text.trim().is_empty() {
            return Ok(());
        }
        // The list 0 is none.
        let list = paragraph.list.as_deref().filter(|list| *list != "0");
        let mark = list.map(|list| self.numbering.next(list, paragraph.level));
        match (paragraph.heading, mark) {
            (Some(level), mark) => {
                let number = mark.filter(|mark| !mark.trim_start().starts_with('-'));
                let hashes = "#".repeat(level.clamp(1, 6) as usize);
                let mark = format!("{hashes} {}", number.unwrap_or_default().trim_start());
                // A heading is one line.
                self.flow
                    .block(&mark, &paragraph.text.replace('\n', " "), false)
            }
            (None, Some(mark)) => self.flow.block(&mark, &paragraph.text, true),
            (None, None) => self.flow.block("", &paragraph.text, false),
        }
    }
}
