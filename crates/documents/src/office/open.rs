//! OpenDocument: see OASIS OpenDocument 1.3, part 3.

use collate_core::{
    chat::attachment::Document,
    file::{Error, MAX_TEXT, limit},
};

use super::{
    flow::Flow,
    package::{Element, Package, Part},
    sheets::{Rows, Sheets},
};

/// Extracts the text.
///
/// # Errors
/// If it is damaged, locked or too big.
pub fn text(package: &mut Package<'_>) -> Result<(Document, String), Error> {
    let mut is_locked = false;
    package.xml("META-INF/manifest.xml", |part| {
        is_locked |= matches!(part, Part::Open(element) if element.name == "encryption-data");
        Ok(())
    })?;
    if is_locked {
        return Err(Error::Locked);
    }
    let mut reader = Reader::default();
    package.xml("content.xml", |part| reader.take(&part))?;
    reader.finish()
}

#[derive(Default)]
struct Reader {
    flow: Flow,
    sheets: Sheets,
    kind: Option<Document>,
    /// Open paragraphs: a note is in a paragraph, and has paragraphs.
    open: Vec<Paragraph>,
    lists: u32,
    /// Number of notes, and the text of the open one.
    count: u32,
    note: Option<String>,
    notes: Vec<String>,
    /// Number of open elements that are left out.
    skipped: u32,
    /// The title of a slide is in a frame.
    is_title: bool,
    table: Table,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    heading: Option<u32>,
}

/// The sheet that is read.
#[derive(Default)]
struct Table {
    name: String,
    rows: Rows,
    row: u32,
    column: u32,
    /// How often the row and the cell are repeated.
    repeated: (u32, u32),
    cells: Vec<(u32, u32, String)>,
    cell: String,
}

/// Maximum number of times that a cell is repeated: a row is filled up with up to 16,384 blank ones.
const REPEATED: u32 = 16_384;

impl Reader {
    fn finish(self) -> Result<(Document, String), Error> {
        match self.kind {
            Some(Document::Sheets(_)) => Ok(self.sheets.finish()),
            Some(kind) => {
                let mut flow = self.flow;
                for (number, note) in (1..).zip(&self.notes) {
                    flow.block(&format!("[^{number}]: "), note, true)?;
                }
                Ok((kind, flow.finish()?))
            }
            None => Err(Error::Document),
        }
    }

    const fn is_sheet(&self) -> bool {
        matches!(self.kind, Some(Document::Sheets(_)))
    }

    fn take(&mut self, part: &Part<'_>) -> Result<(), Error> {
        match part {
            Part::Open(_) if self.skipped > 0 => self.skipped += 1,
            Part::Close(_) if self.skipped > 0 => self.skipped -= 1,
            Part::Open(element) => return self.open(element),
            Part::Close(name) => return self.close(name),
            Part::Text(text) if self.skipped == 0 => return self.add(text),
            Part::Text(_) => {}
        }
        Ok(())
    }

    /// Adds text to the open paragraph, if there is one. White space is one space: see 6.1.2.
    fn add(&mut self, text: &str) -> Result<(), Error> {
        let Some(paragraph) = self.open.last_mut() else {
            return Ok(());
        };
        for letter in text.chars() {
            if !letter.is_ascii_whitespace() {
                paragraph.text.push(letter);
            } else if !paragraph.text.ends_with([' ', '\n', '\t']) {
                paragraph.text.push(' ');
            }
        }
        limit(
            u32::try_from(paragraph.text.len()).unwrap_or(u32::MAX),
            MAX_TEXT,
        )
    }

    fn add_exactly(&mut self, text: &str) {
        if let Some(paragraph) = self.open.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), Error> {
        match element.name {
            // The bodies of the three kinds.
            "text" if self.kind.is_none() => self.kind = Some(Document::Words),
            "spreadsheet" => self.kind = Some(Document::Sheets(0)),
            "presentation" => self.kind = Some(Document::Slides(0)),
            "annotation" | "tracked-changes" | "note-citation" | "forms" | "shapes"
            | "automatic-styles" | "page-number" | "date-time" | "footer" | "settings" => {
                self.skipped = 1;
            }
            "page" => {
                if let Some(Document::Slides(count)) = &mut self.kind {
                    *count += 1;
                    let heading = format!("Slide {count}");
                    return self.flow.block("## ", &heading, false);
                }
            }
            "frame" => {
                self.is_title = element.get("class").as_deref() == Some("title");
            }
            "notes" => self.flow.block("", "Notes:", false)?,
            "p" | "h" => {
                if self.open.len() > 64 {
                    return Err(Error::Document);
                }
                let level = element.number("outline-level").unwrap_or(1);
                self.open.push(Paragraph {
                    text: String::new(),
                    heading: (element.name == "h").then_some(level),
                });
            }
            "s" => {
                let count = element.number("c").unwrap_or(1).min(1_000);
                self.add_exactly(&" ".repeat(count as usize));
            }
            "tab" => self.add_exactly("\t"),
            "line-break" => self.add_exactly("\n"),
            "list" => self.lists += 1,
            "note" => {
                self.count += 1;
                let mark = format!("[^{}]", self.count);
                self.add_exactly(&mark);
                self.note = Some(String::new());
            }
            "table" if self.is_sheet() => {
                self.table = Table {
                    name: element.get("name").unwrap_or_default(),
                    ..Table::default()
                };
            }
            "table-row" if self.is_sheet() => {
                self.table.column = 0;
                self.table.repeated.0 = element.number("number-rows-repeated").unwrap_or(1);
            }
            "table-cell" | "covered-table-cell" if self.is_sheet() => {
                self.table.cell.clear();
                let repeated = element.number("number-columns-repeated").unwrap_or(1);
                self.table.repeated.1 = repeated.min(REPEATED);
            }
            "table" => self.flow.open_table(),
            "table-row" => self.flow.open_row(),
            "table-cell" | "covered-table-cell" => return self.flow.open_cell(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), Error> {
        match name {
            "p" | "h" => {
                if let Some(paragraph) = self.open.pop() {
                    return self.block(&paragraph);
                }
            }
            "list" => self.lists = self.lists.saturating_sub(1),
            "note" => self.notes.extend(self.note.take()),
            "frame" => self.is_title = false,
            "table" if self.is_sheet() => {
                let table = std::mem::take(&mut self.table);
                return self.sheets.add(&table.name, false, table.rows);
            }
            "table-row" if self.is_sheet() => return self.table.end_row(),
            "table-cell" | "covered-table-cell" if self.is_sheet() => self.table.end_cell(),
            "table" => return self.flow.close_table(),
            _ => {}
        }
        Ok(())
    }

    fn block(&mut self, paragraph: &Paragraph) -> Result<(), Error> {
        let text = &paragraph.text;
        if self.is_sheet() {
            if !self.table.cell.is_empty() {
                self.table.cell.push('\n');
            }
            self.table.cell.push_str(text.trim_end());
            return limit(
                u32::try_from(self.table.cell.len()).unwrap_or(u32::MAX),
                MAX_TEXT,
            );
        }
        if let Some(note) = &mut self.note {
            note.push_str(text);
            note.push(' ');
            return limit(u32::try_from(note.len()).unwrap_or(u32::MAX), MAX_TEXT);
        }
        let is_item = self.lists > 0 && paragraph.heading.is_none();
        let mark = match paragraph.heading {
            Some(level) => format!("{} ", "#".repeat(level.clamp(1, 6) as usize)),
            None if self.is_title => "### ".to_owned(),
            None if is_item => format!("{}- ", "  ".repeat(self.lists.min(9) as usize - 1)),
            None => String::new(),
        };
        self.flow.block(&mark, text, is_item && !self.is_title)
    }
}

impl Table {
    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if !cell.is_empty() {
            self.cells.push((self.column, self.repeated.1, cell));
        }
        self.column = self.column.saturating_add(self.repeated.1);
    }

    fn end_row(&mut self) -> Result<(), Error> {
        let cells = std::mem::take(&mut self.cells);
        if !cells.is_empty() {
            // The size of the text bounds what is repeated.
            for row in 0..self.repeated.0 {
                for (first, count, cell) in &cells {
                    for column in 0..*count {
                        let (row, column) = (self.row.saturating_add(row), first + column);
                        self.rows.add(row, column, cell.clone())?;
                    }
                }
            }
        }
        self.row = self.row.saturating_add(self.repeated.0);
        Ok(())
    }
}
