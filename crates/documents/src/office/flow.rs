//! The text of a document as it grows: paragraphs, lists and tables, as Markdown.

use collate_core::file::{Error, MAX_TEXT};

/// Maximum number of columns that a cell spans.
const SPAN: u32 = 64;

/// The text of a document.
#[derive(Default)]
pub struct Flow {
    text: String,
    tables: Vec<Table>,
    /// Number of bytes so far, with those of open tables.
    size: usize,
    /// True if the last block is an item of a list.
    is_list: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
}

impl Flow {
    /// Adds a paragraph or heading, or an item of a list with its mark and indent before it. Blank ones are left out.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn block(&mut self, mark: &str, text: &str, is_item: bool) -> Result<(), Error> {
        let text = text.trim_matches(['\n', ' ', '\u{a0}']);
        if text.is_empty() {
            return Ok(());
        }
        self.grow(mark.len() + text.len() + 4)?;
        if let Some(cell) = self.cell() {
            if !cell.is_empty() {
                cell.push('\n');
            }
            if is_item {
                cell.push_str(mark);
            }
            cell.push_str(text);
            return Ok(());
        }
        if !self.text.is_empty() {
            let is_next = is_item && self.is_list;
            self.text.push_str(if is_next { "\n" } else { "\n\n" });
        }
        self.text.push_str(mark);
        self.text.push_str(text);
        self.is_list = is_item;
        Ok(())
    }

    fn cell(&mut self) -> Option<&mut String> {
        let row = self.tables.last_mut()?.rows.last_mut()?;
        row.last_mut()
    }

    /// Counts bytes.
    fn grow(&mut self, by: usize) -> Result<(), Error> {
        self.size += by;
        if self.size > MAX_TEXT as usize {
            return Err(Error::TooBig);
        }
        Ok(())
    }

    /// Begins a table, perhaps in a cell of another.
    pub fn open_table(&mut self) {
        self.tables.push(Table::default());
    }

    /// Begins a row.
    pub fn open_row(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            table.rows.push(Vec::new());
        }
    }

    /// Begins a cell, after empty ones for what the one before it spans.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn open_cell(&mut self) -> Result<(), Error> {
        self.grow(3)?;
        if let Some(row) = self
            .tables
            .last_mut()
            .and_then(|table| table.rows.last_mut())
        {
            row.push(String::new());
        }
        Ok(())
    }

    /// Adds empty cells before the open one for the columns that it spans.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn span(&mut self, columns: u32) -> Result<(), Error> {
        for _ in 1..columns.min(SPAN) {
            self.open_cell()?;
        }
        Ok(())
    }

    /// Ends a table.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn close_table(&mut self) -> Result<(), Error> {
        let Some(table) = self.tables.pop() else {
            return Ok(());
        };
        if !self.tables.is_empty() {
            // A table in a cell can only be lines.
            let lines: Vec<_> = table.rows.iter().map(|row| row.join(" / ")).collect();
            return self.block("", &lines.join("\n"), false);
        }
        let is_blank = |row: &Vec<String>| row.iter().all(|cell| cell.trim().is_empty());
        let rows: Vec<_> = table
            .rows
            .into_iter()
            .filter(|row| !is_blank(row))
            .collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        if let ([row], 1) = (&*rows, columns) {
            // A frame around text.
            return self.block("", &row[0], false);
        }
        self.grow(rows.len().saturating_mul(columns).saturating_mul(3))?;
        let mut text = String::new();
        for (at, row) in rows.iter().enumerate() {
            for column in 0..columns {
                let cell = row.get(column).map_or("", String::as_str);
                let cell = cell.trim().replace('|', "\\|").replace('\n', "<br>");
                text.push_str("| ");
                text.push_str(&cell);
                text.push_str(if cell.is_empty() { "" } else { " " });
            }
            text.push_str("|\n");
            if at == 0 {
                text.push_str(&"|---".repeat(columns));
                text.push_str("|\n");
            }
        }
        self.block("", &text, false)
    }

    /// The whole text.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn finish(mut self) -> Result<String, Error> {
        // A damaged file may end in a table.
        while !self.tables.is_empty() {
            self.close_table()?;
        }
        Ok(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_tables_are_apart() {
        let mut flow = Flow::default();
        flow.block("# ", "제목", false).unwrap();
        flow.block("", "  \n", false).unwrap();
        flow.block("- ", "하나", true).unwrap();
        flow.block("- ", "둘", true).unwrap();
        flow.open_table();
        for row in [["a|b", "c\nd"], ["", ""], ["e", "f"]] {
            flow.open_row();
            for cell in row {
                flow.open_cell().unwrap();
                flow.block("# ", cell, false).unwrap();
            }
        }
        // A table in the last cell.
        flow.open_table();
        flow.open_row();
        for cell in ["g", "h"] {
            flow.open_cell().unwrap();
            flow.block("", cell, false).unwrap();
        }
        flow.close_table().unwrap();
        flow.close_table().unwrap();
        flow.block("", "끝", false).unwrap();
        let expected =
            "# 제목\n\n- 하나\n- 둘\n\n| a\\|b | c<br>d |\n|---|---|\n| e | f<br>g / h |\n\n끝";
        assert_eq!(flow.finish().unwrap(), expected);
    }

    #[test]
    fn a_text_is_bounded() {
        let mut flow = Flow::default();
        assert_eq!(
            flow.block("", &"a".repeat(1_000_001), false),
            Err(Error::TooBig)
        );
        let mut flow = Flow::default();
        flow.open_table();
        flow.open_row();
        let mut cells = (0..1_000_000).map(|_| flow.open_cell());
        assert!(cells.any(|cell| cell == Err(Error::TooBig)));
    }
}
