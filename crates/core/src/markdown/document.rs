//! Incremental parsing of a growing text: only its last block is parsed again, whatever its length.

use super::{
    Definitions, Node, Parsed, Tag, builder::read, fences::Line, macros::Macros, mask::Masked, tail,
};

/// A text and its blocks, both while it streams and when complete.
///
/// A block is closed once the next one has a complete line: later text does not change it, except
/// through definitions, which cause everything to be parsed again.
#[derive(Debug, Default)]
pub struct Document {
    text: String,
    definitions: Definitions,
    macros: Macros,
    /// Closed blocks, then open ones.
    blocks: Vec<Node>,
    /// Number of closed blocks.
    closed: usize,
    /// Start of the open blocks in the text.
    open_from: usize,
    /// The open code block.
    fence: Option<Fence>,
    /// The open table.
    table: Option<Table>,
    /// True if the text ended in a carriage return: a line feed after it starts no new line.
    ends_in_return: bool,
    /// True if the blocks match the text so far.
    is_read: bool,
    is_finished: bool,
}

/// An unclosed fence at the start of the open part. Its lines are appended as they come, without
/// parsing earlier ones again.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: u8,
    length: usize,
    indent: usize,
    /// True if other blocks may stand in it.
    is_markdown: bool,
    /// Mark and length of the fence of a block within it.
    inner: Option<(u8, usize)>,
    /// End of the complete lines appended so far, in the text.
    taken: usize,
    /// Length of the code in complete lines.
    code: usize,
}

/// An unclosed table that is all of the open part. Its rows are parsed as they come, without parsing earlier ones
/// again.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// End of its first two lines, in the text.
    head: usize,
    /// End of the complete rows parsed so far, in the text.
    taken: usize,
    /// Number of these rows, with the head.
    rows: usize,
    /// Number of cells in the longest of these rows, without the head: it becomes as long.
    longest: usize,
}

impl Document {
    /// Appends text.
    pub fn push(&mut self, more: &str) {
        self.is_read = false;
        if !more.contains('\r') && !self.ends_in_return {
            return self.text.push_str(more);
        }
        // Normalises all line ends to one character.
        for letter in more.chars() {
            match letter {
                '\n' if self.ends_in_return => {}
                '\r' => self.text.push('\n'),
                _ => self.text.push(letter),
            }
            self.ends_in_return = letter == '\r';
        }
    }

    /// Completes the text; returns the first block that may have changed.
    pub fn finish(&mut self) -> usize {
        self.is_read &= self.is_finished;
        self.is_finished = true;
        self.update()
    }

    /// Returns the text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the blocks as of the last update.
    pub fn blocks(&self) -> &[Node] {
        &self.blocks
    }

    /// Returns the blocks as of the last update.
    pub fn into_blocks(self) -> Vec<Node> {
        self.blocks
    }

    /// The part of the text that the next update parses.
    #[cfg(test)]
    pub fn open(&self) -> &str {
        &self.text[self.open_from..]
    }

    /// Parses the text since the last update; returns the first block that may have changed.
    pub fn update(&mut self) -> usize {
        if std::mem::replace(&mut self.is_read, true) {
            return self.blocks.len();
        }
        if let Some(last) = self.grow().or_else(|| self.grow_table()) {
            return last;
        }
        if self.is_finished {
            // The complete text is parsed at once, so that the result does not depend on its
            // chunks.
            self.definitions = Definitions::default();
            (self.closed, self.open_from) = (0, 0);
        }
        let from = self.closed;
        self.blocks.truncate(from);
        if !self.read_open() {
            self.macros.share(&mut self.blocks, from);
            return from;
        }
        // A definition may apply anywhere, even before itself.
        self.definitions.mentioned.clear();
        self.blocks.clear();
        (self.closed, self.open_from) = (0, 0);
        // All definitions are known by now.
        self.read_open();
        self.macros.share(&mut self.blocks, 0);
        0
    }

    /// Parses the open blocks and closes those that it can; returns whether definitions were new.
    fn read_open(&mut self) -> bool {
        let open = &self.text[self.open_from..];
        let (mut parsed, certain) = parse(open, &mut self.definitions, self.is_finished);
        let blocks = std::mem::take(&mut parsed.blocks);
        let last = if self.is_finished {
            None
        } else {
            blocks.iter().rposition(|(start, _)| *start < certain)
        };
        let mut learnt = false;
        if self.is_finished {
            learnt = self.definitions.learn(parsed);
        } else if let Some((start, _)) = last.and_then(|last| blocks.get(last)) {
            // Up to the start of its line: an indented block starts after its indentation.
            let line = open[..*start].rfind('\n').map_or(0, |at| at + 1);
            if last > Some(0) {
                self.open_from += line;
                self.closed += last.unwrap_or_default();
            }
            // A note's label is complete; a link's URL may not be.
            parsed.links.retain(|link| link.start < line);
            learnt = self.definitions.learn(parsed);
        }
        self.blocks.extend(blocks.into_iter().map(|(_, node)| node));
        self.fence = self.open_fence();
        self.table = self.open_table();
        learnt
    }

    /// Returns the table that is all of the open part, if it is one.
    fn open_table(&self) -> Option<Table> {
        let [Node::Parent(Tag::Table, rows)] = &self.blocks[self.closed..] else {
            return None;
        };
        let open = &self.text[self.open_from..];
        let mut ends = open
            .match_indices('\n')
            .map(|(at, _)| self.open_from + at + 1);
        let head = ends.nth(1).filter(|_| !self.is_finished)?;
        let (mut taken, mut complete) = (head, 1);
        for end in ends {
            (taken, complete) = (end, complete + 1);
        }
        // Another line may be begun.
        let is_whole = (complete..=complete + 1).contains(&rows.len());
        is_whole.then(|| Table {
            head,
            taken,
            rows: complete,
            longest: longest(&rows[1..complete]),
        })
    }

    /// Appends new rows to an open table; returns its block. None if there is none, if it ends, or if the new rows
    /// change others.
    fn grow_table(&mut self) -> Option<usize> {
        let mut table = self.table.take().filter(|_| !self.is_finished)?;
        let new = &self.text[table.taken..];
        let part = [&self.text[self.open_from..table.head], new].concat();
        let (complete, end) = (
            new.matches('\n').count(),
            new.rfind('\n').map_or(0, |at| at + 1),
        );
        let (mut parsed, _) = parse(&part, &mut self.definitions, false);
        let Some((_, Node::Parent(Tag::Table, mut rows))) = parsed.blocks.pop() else {
            return None;
        };
        let is_alone =
            parsed.blocks.is_empty() && parsed.links.is_empty() && parsed.notes.is_empty();
        let is_whole = (complete + 1..=complete + 2).contains(&rows.len());
        let Some(Node::Parent(Tag::Table, shown)) = self.blocks.last_mut() else {
            return None;
        };
        let head = longest(&rows[..1]).max(table.longest);
        rows.remove(0);
        if !is_alone
            || !is_whole
            || head != longest(&shown[..1])
            || !self.macros.share_more(&mut rows)
        {
            return None;
        }
        table.longest = longest(&rows[..complete]).max(table.longest);
        shown.truncate(table.rows);
        shown.append(&mut rows);
        table.rows += complete;
        table.taken += end;
        self.table = Some(table);
        Some(self.blocks.len() - 1)
    }

    /// Returns the fence at the start of the open part, if there is nothing else.
    fn open_fence(&self) -> Option<Fence> {
        let [Node::CodeBlock { code, .. }] = &self.blocks[self.closed..] else {
            return None;
        };
        let open = &self.text[self.open_from..];
        let line = &open[..open.find('\n')?];
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let opening = Line::read(&line[indent..]).filter(|_| indent < 4 && !self.is_finished)?;
        let mut fence = Fence {
            mark: opening.mark,
            length: opening.length,
            indent,
            is_markdown: opening.is_markdown(),
            inner: None,
            taken: self.open_from + line.len() + 1,
            code: 0,
        };
        // Lines that are already there.
        while let Some(line) = fence.next_line(&self.text) {
            if fence.take(line) {
                return None;
            }
            let content = fence.content(line);
            // Lines that the parser treats differently are left to it.
            if !code.get(fence.code..)?.starts_with(content) {
                return None;
            }
            fence.code += content.len();
        }
        Some(fence)
    }

    /// Appends new lines to an open fence; returns its block. None if there is none, or it closes.
    fn grow(&mut self) -> Option<usize> {
        let mut fence = self.fence.take().filter(|_| !self.is_finished)?;
        let mut ahead = fence;
        while let Some(line) = ahead.next_line(&self.text) {
            if ahead.take(line) {
                return None;
            }
        }
        let Some(Node::CodeBlock { code, .. }) = self.blocks.last_mut() else {
            return None;
        };
        code.truncate(fence.code);
        while let Some(line) = fence.next_line(&self.text) {
            code.push_str(fence.content(line));
            fence.code = code.len();
            fence.take(line);
        }
        // A possible closing fence is held back.
        let begun = &self.text[fence.taken..];
        let mark = char::from(fence.mark);
        if !begun
            .trim_start_matches(' ')
            .trim_start_matches(mark)
            .is_empty()
        {
            code.push_str(fence.content(begun));
        }
        self.fence = Some(fence);
        Some(self.blocks.len() - 1)
    }
}

/// Parses the open part of a text; returns also the length of what is certain of it: text that is completed for display
/// must not close a block.
fn parse(open: &str, definitions: &mut Definitions, is_finished: bool) -> (Parsed, usize) {
    let certain = open.rfind('\n').map_or(0, |at| at + 1);
    let mask = Masked::new(open, is_finished);
    if is_finished || mask.is_open() {
        // Nothing is completed in a formula.
        return (read(open, mask, definitions), certain);
    }
    let shown = tail::complete(open);
    let mask = if shown == open {
        mask
    } else {
        Masked::new(&shown, false)
    };
    let same = open.bytes().zip(shown.bytes());
    let same = same.take_while(|(a, b)| a == b).count();
    (read(&shown, mask, definitions), certain.min(same))
}

/// Number of cells in the longest of these rows.
fn longest(rows: &[Node]) -> usize {
    let cells = rows.iter().map(|row| match row {
        Node::Parent(_, cells) => cells.len(),
        _ => 0,
    });
    cells.max().unwrap_or_default()
}

impl Fence {
    /// Returns the next complete line.
    fn next_line<'a>(&self, text: &'a str) -> Option<&'a str> {
        let rest = &text[self.taken..];
        Some(&rest[..=rest.find('\n')?])
    }

    /// Takes a complete line; returns whether it closes the fence.
    fn take(&mut self, line: &str) -> bool {
        self.taken += line.len();
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let Some(line) = Line::read(&line[indent..]) else {
            return false;
        };
        let closes =
            |(mark, length)| line.info.is_empty() && line.mark == mark && line.length >= length;
        match self.inner {
            Some(inner) if closes(inner) => self.inner = None,
            None if indent < 4 && closes((self.mark, self.length)) => return true,
            None if self.is_markdown && !line.info.is_empty() => {
                self.inner = Some((line.mark, line.length));
            }
            _ => {}
        }
        false
    }

    /// Returns a line without the fence's indentation.
    fn content<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line.bytes().take_while(|byte| *byte == b' ').count();
        &line[spaces.min(self.indent)..]
    }
}
