//! Spreadsheets: Excel's by the library calamine, and the text of all of them.

use std::{fmt::Write as _, io::Cursor};

use calamine::{Data, DataRef, DataType, ExcelDateTime, Reader, SheetVisible, Xls, Xlsb, Xlsx};
use collate_core::{
    chat::attachment::Document,
    file::{Error, MAX_TEXT},
};

/// Text of sheets, each with its name and its rows as CSV.
#[derive(Default)]
pub struct Sheets {
    text: String,
    count: u32,
}

/// The rows of a sheet that aren't blank: their numbers, and their cells with their columns.
#[derive(Default)]
pub struct Rows {
    rows: Vec<(u32, Vec<(u32, String)>)>,
    size: usize,
}

impl Rows {
    /// Adds a cell; cells come row by row. Blank ones are left out.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn add(&mut self, row: u32, column: u32, text: String) -> Result<(), Error> {
        if text.is_empty() {
            return Ok(());
        }
        self.size += text.len() + 1;
        if self.size > MAX_TEXT as usize {
            return Err(Error::TooBig);
        }
        match self.rows.last_mut() {
            Some((last, cells)) if *last == row => cells.push((column, text)),
            _ => self.rows.push((row, vec![(column, text)])),
        }
        Ok(())
    }
}

impl Sheets {
    /// Adds a sheet.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn add(&mut self, name: &str, is_hidden: bool, rows: Rows) -> Result<(), Error> {
        self.count += 1;
        if rows.rows.is_empty() {
            return Ok(());
        }
        let hidden = if is_hidden { " (hidden)" } else { "" };
        let blank = if self.text.is_empty() { "" } else { "\n" };
        let _ = write!(self.text, "{blank}## Sheet: {name}{hidden}\n\n");
        let cells = rows.rows.iter().flat_map(|(_, cells)| cells);
        let first = cells.map(|(column, _)| *column).min().unwrap_or(0);
        let mut before = None;
        for (row, mut cells) in rows.rows {
            // A gap of any height is one blank line.
            if before.is_some_and(|before| row > before + 1) {
                self.text.push('\n');
            }
            before = Some(row);
            cells.sort_by_key(|(column, _)| *column);
            let mut at = first;
            for (column, cell) in cells {
                for _ in at..column {
                    self.text.push(',');
                }
                at = column.max(at);
                self.text.push_str(&quoted(&cell));
                if self.text.len() > MAX_TEXT as usize {
                    return Err(Error::TooBig);
                }
            }
            self.text.push('\n');
        }
        Ok(())
    }

    /// All sheets.
    pub fn finish(self) -> (Document, String) {
        (Document::Sheets(self.count), self.text)
    }
}

/// A cell of CSV: see RFC 4180.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// Extracts the text of a workbook of today.
///
/// # Errors
/// If it is damaged or too big.
pub fn new(bytes: &[u8], is_binary: bool) -> Result<(Document, String), Error> {
    const BROKEN: Error = Error::Document;
    let mut sheets = Sheets::default();
    // The two have no common trait for reading cell by cell, and a range of cells could take any memory.
    if is_binary {
        let mut book = Xlsb::new(Cursor::new(bytes)).map_err(|_| BROKEN)?;
        for sheet in book.sheets_metadata().to_vec() {
            let mut rows = Rows::default();
            // A chart has a sheet of its own, without cells.
            if let Ok(mut cells) = book.worksheet_cells_reader(&sheet.name) {
                while let Some(cell) = cells.next_cell().map_err(|_| BROKEN)? {
                    let (row, column) = cell.get_position();
                    rows.add(row, column, shown(cell.get_value()))?;
                }
            }
            sheets.add(&sheet.name, sheet.visible != SheetVisible::Visible, rows)?;
        }
    } else {
        let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| BROKEN)?;
        for sheet in book.sheets_metadata().to_vec() {
            let mut rows = Rows::default();
            if let Ok(mut cells) = book.worksheet_cells_reader(&sheet.name) {
                while let Some(cell) = cells.next_cell_with_formula().map_err(|_| BROKEN)? {
                    let (row, column) = cell.pos;
                    let text = match (&cell.value, cell.formula) {
                        // Programs other than Excel may leave the values to it.
                        (DataRef::Empty, Some(formula)) => format!("={formula}"),
                        (value, _) => shown(value),
                    };
                    rows.add(row, column, text)?;
                }
            }
            sheets.add(&sheet.name, sheet.visible != SheetVisible::Visible, rows)?;
        }
    }
    Ok(sheets.finish())
}

/// Extracts the text of an old workbook, which has at most 65,536 rows and 256 columns a sheet.
///
/// # Errors
/// If it is damaged, locked or too big.
pub fn old(bytes: &[u8]) -> Result<(Document, String), Error> {
    let mut book = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        calamine::XlsError::Password => Error::Locked,
        _ => Error::Document,
    })?;
    let mut sheets = Sheets::default();
    for sheet in book.sheets_metadata().to_vec() {
        let mut rows = Rows::default();
        if let Ok(range) = book.worksheet_range(&sheet.name) {
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, cell) in range.used_cells() {
                let at = |start: u32, by: usize| start + u32::try_from(by).unwrap_or(0);
                rows.add(at(top, row), at(left, column), shown(cell))?;
            }
        }
        sheets.add(&sheet.name, sheet.visible != SheetVisible::Visible, rows)?;
    }
    Ok(sheets.finish())
}

/// A value of a cell, which has different types in the two formats.
trait Shown: DataType {
    fn date(&self) -> Option<&ExcelDateTime>;
}

impl Shown for DataRef<'_> {
    fn date(&self) -> Option<&ExcelDateTime> {
        match self {
            Self::DateTime(date) => Some(date),
            _ => None,
        }
    }
}

impl Shown for Data {
    fn date(&self) -> Option<&ExcelDateTime> {
        match self {
            Self::DateTime(date) => Some(date),
            _ => None,
        }
    }
}

/// A cell as text: numbers and dates without the format that the sheet shows.
fn shown(value: &impl Shown) -> String {
    if let Some(text) = value.get_string() {
        text.trim_end().to_owned()
    } else if let Some(number) = value.get_float() {
        number_text(number)
    } else if let Some(number) = value.get_int() {
        number.to_string()
    } else if let Some(is) = value.get_bool() {
        (if is { "TRUE" } else { "FALSE" }).to_owned()
    } else if let Some(date) = value.date() {
        date_text(date)
    } else if let Some(text) = value
        .get_datetime_iso()
        .or_else(|| value.get_duration_iso())
    {
        text.to_owned()
    } else if let Some(error) = value.get_error() {
        error.to_string()
    } else {
        String::new()
    }
}

/// A number with the 15 digits that Excel has: the rest is an error of the conversion to binary.
fn number_text(number: f64) -> String {
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    if (1e-6..1e21).contains(&rounded.abs()) || rounded == 0.0 {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

fn date_text(date: &ExcelDateTime) -> String {
    if date.is_duration() {
        // At most 24 years or so; damaged values are clamped by the cast.
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let seconds = (date.as_f64() * 86_400.0).round() as i64;
        let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        return format!("{sign}{hours}:{minutes:02}:{:02}", seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    if date.as_f64() < 1.0 {
        return time;
    }
    let day = format!("{year:04}-{month:02}-{day:02}");
    if time == "00:00:00" {
        day
    } else {
        format!("{day} {time}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    #[test]
    fn values_read_as_in_a_sheet() {
        #[track_caller]
        fn check(value: &Data, expected: &str) {
            assert_eq!(shown(value), expected);
        }
        let date = |value, kind| Data::DateTime(ExcelDateTime::new(value, kind, false));
        check(&Data::Float(0.1 + 0.2), "0.3");
        check(&Data::Float(1_234_567.0), "1234567");
        check(&Data::Float(-1.5e30), "-1.5e30");
        check(&Data::Float(0.0), "0");
        check(&Data::Int(7), "7");
        check(&Data::Bool(true), "TRUE");
        check(&Data::String("가\n".into()), "가");
        check(&Data::Empty, "");
        check(&Data::Error(calamine::CellErrorType::Div0), "#DIV/0!");
        check(&date(45_943.0, DateTime), "2025-10-13");
        check(&date(45_943.5, DateTime), "2025-10-13 12:00:00");
        check(&date(0.75, DateTime), "18:00:00");
        check(&date(1.5, TimeDelta), "36:00:00");
        check(&date(f64::NAN, TimeDelta), "0:00:00");
        check(&date(f64::INFINITY, DateTime), "9999-12-31");
    }

    #[test]
    fn rows_are_csv_from_the_first_column_in_use() {
        let mut rows = Rows::default();
        for (row, column, text) in [
            (2, 1, "a,b"),
            (2, 3, "\"c\""),
            (3, 2, ""),
            (3, 2, "d\ne"),
            (900_000, 1, "f"),
        ] {
            rows.add(row, column, text.to_owned()).unwrap();
        }
        let mut sheets = Sheets::default();
        sheets.add("하나", false, rows).unwrap();
        sheets.add("빈", false, Rows::default()).unwrap();
        let mut rows = Rows::default();
        rows.add(0, 0, "g".to_owned()).unwrap();
        sheets.add("둘", true, rows).unwrap();
        let expected = "## Sheet: 하나\n\n\"a,b\",,\"\"\"c\"\"\"\n,\"d\ne\"\n\nf\n\n## Sheet: 둘 (hidden)\n\ng\n";
        assert_eq!(sheets.finish(), (Document::Sheets(3), expected.to_owned()));
    }

    #[test]
    fn a_cell_far_to_the_right_takes_no_memory() {
        let mut rows = Rows::default();
        for row in 0..200 {
            rows.add(row, 0, "a".to_owned()).unwrap();
            rows.add(row, 16_383, "b".to_owned()).unwrap();
        }
        let added = Sheets::default().add("a", false, rows);
        assert_eq!(added, Err(Error::TooBig));
    }
}
