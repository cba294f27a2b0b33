//! PowerPoint presentations: see ECMA-376, part 1, 19.

use std::collections::HashMap;

use collate_core::{
    chat::attachment::Document,
    file::{Error, MAX_TEXT, limit},
};

use super::{
    flow::Flow,
    package::{Element, Package, Part},
};

/// Maximum number of slides.
const SLIDES: usize = 5_000;

/// Extracts the text: each slide's title, text and notes.
///
/// # Errors
/// If it is damaged or too big.
pub fn text(package: &mut Package<'_>) -> Result<(Document, String), Error> {
    let slides = slides(package)?;
    let mut flow = Flow::default();
    for (number, name) in (1..).zip(&slides) {
        let slide = read(package, name, Wanted::Slide)?;
        let hidden = if slide.is_hidden { " (hidden)" } else { "" };
        let title = slide.title.trim().replace('\n', " ");
        let colon = if title.is_empty() { "" } else { ": " };
        let heading = format!("Slide {number}{hidden}{colon}{title}");
        flow.block("## ", &heading, false)?;
        flow.block("", &slide.flow.finish()?, false)?;
        let notes = related(package, name)?
            .into_values()
            .find(|name| name.contains("notesSlide"));
        if let Some(notes) = notes {
            let notes = read(package, &notes, Wanted::Notes)?.flow.finish()?;
            flow.block("Notes: ", &notes, false)?;
        }
    }
    let count = u32::try_from(slides.len()).unwrap_or(u32::MAX);
    Ok((Document::Slides(count), flow.finish()?))
}

/// The names of the slides in their order.
fn slides(package: &mut Package<'_>) -> Result<Vec<String>, Error> {
    const NAME: &str = "ppt/presentation.xml";
    let related = related(package, NAME)?;
    let mut slides = Vec::new();
    package.xml(NAME, |part| {
        if let Part::Open(element) = part
            && element.name == "sldId"
            && let Some(name) = element.get_exactly("r:id").and_then(|id| related.get(&id))
            && slides.len() < SLIDES
        {
            slides.push(name.clone());
        }
        Ok(())
    })?;
    Ok(slides)
}

/// The files that a file refers to, by their identifiers.
fn related(package: &mut Package<'_>, name: &str) -> Result<HashMap<String, String>, Error> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut related = HashMap::new();
    package.xml(&format!("{folder}/_rels/{file}.rels"), |part| {
        if let Part::Open(element) = part
            && let (Some(id), Some(target)) = (element.get("Id"), element.get("Target"))
        {
            related.insert(id, resolved(folder, &target));
        }
        Ok(())
    })?;
    Ok(related)
}

/// A path in the archive, by a path relative to a folder.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(target) = target.strip_prefix('/') {
        return target.to_owned();
    }
    let mut path: Vec<_> = folder.split('/').collect();
    for part in target.split('/') {
        match part {
            ".." => _ = path.pop(),
            "." => {}
            _ => path.push(part),
        }
    }
    path.join("/")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All but what repeats on each slide.
    Slide,
    /// The notes, and not the slide above them.
    Notes,
}

#[derive(Default)]
struct Slide {
    title: String,
    is_hidden: bool,
    flow: Flow,
}

/// What the text of a shape is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Title,
    /// The text of a slide, whose paragraphs are mostly items of lists.
    Body,
    Other,
    /// A number, date or footer.
    Repeated,
}

fn shape(placeholder: &Element<'_>) -> Shape {
    match placeholder.get("type").as_deref() {
        Some("title" | "ctrTitle") => Shape::Title,
        Some("sldNum" | "dt" | "ftr" | "hdr" | "sldImg") => Shape::Repeated,
        Some("subTitle") => Shape::Other,
        // A placeholder without a type is for any content.
        _ => Shape::Body,
    }
}

fn read(package: &mut Package<'_>, name: &str, wanted: Wanted) -> Result<Slide, Error> {
    let mut slide = Slide::default();
    let mut current = Shape::Other;
    let (mut text, mut level) = (String::new(), 0);
    let (mut texts, mut skipped) = (0_u32, 0_u32);
    package.xml(name, |part| {
        match part {
            Part::Open(_) if skipped > 0 => skipped += 1,
            Part::Close(_) if skipped > 0 => skipped -= 1,
            Part::Open(element) => match element.name {
                "sld" => slide.is_hidden = element.get("show").as_deref() == Some("0"),
                "Fallback" => skipped = 1,
                "sp" | "graphicFrame" => current = Shape::Other,
                "ph" => current = shape(&element),
                "p" => (text, level) = (String::new(), 0),
                "pPr" => level = element.number("lvl").unwrap_or(0).min(8),
                "t" => texts += 1,
                "br" => text.push('\n'),
                "tab" => text.push('\t'),
                "tbl" => slide.flow.open_table(),
                "tr" => slide.flow.open_row(),
                "tc" => {
                    slide.flow.open_cell()?;
                    slide.flow.span(element.number("gridSpan").unwrap_or(1))?;
                }
                _ => {}
            },
            Part::Close(name) => match name {
                "t" => texts = texts.saturating_sub(1),
                "tbl" => slide.flow.close_table()?,
                "p" => match current {
                    Shape::Repeated => {}
                    _ if wanted == Wanted::Notes && current != Shape::Body => {}
                    Shape::Title => {
                        slide.title.push_str(&text);
                        slide.title.push('\n');
                    }
                    Shape::Body if wanted == Wanted::Slide => {
                        let mark = format!("{}- ", "  ".repeat(level as usize));
                        slide.flow.block(&mark, &text, true)?;
                    }
                    _ => slide.flow.block("", &text, false)?,
                },
                _ => {}
            },
            Part::Text(part) if texts > 0 && skipped == 0 => {
                text.push_str(part);
                limit(u32::try_from(text.len()).unwrap_or(u32::MAX), MAX_TEXT)?;
            }
            Part::Text(_) => {}
        }
        Ok(())
    })?;
    Ok(slide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_a_folder() {
        #[track_caller]
        fn check(target: &str, expected: &str) {
            assert_eq!(resolved("ppt/slides", target), expected);
        }
        check("slide1.xml", "ppt/slides/slide1.xml");
        check("../notesSlides/n.xml", "ppt/notesSlides/n.xml");
        check("/ppt/slides/a.xml", "ppt/slides/a.xml");
        check("../../../../a.xml", "a.xml");
    }
}
