//! A text that grows: only its last block is read again, however long it has become.

use super::{Definitions, Node, builder::read, tail};

/// A text and its blocks, while it comes and when it is whole.
///
/// A block is closed once the one after it has a whole line: nothing that comes later changes it,
/// but for what it refers to, and then all is read again.
#[derive(Debug, Default)]
pub struct Document {
    text: String,
    definitions: Definitions,
    /// The closed blocks, then the open ones.
    blocks: Vec<Node>,
    /// How many are closed.
    closed: usize,
    /// Where in the text the open ones begin.
    open_from: usize,
    /// The code block that is open.
    fence: Option<Fence>,
    /// Whether what came last was a carriage return: a line feed after it is no line of its own.
    ends_in_return: bool,
    /// Whether the blocks are those of the text so far.
    is_read: bool,
    is_finished: bool,
}

/// A fence at the beginning of what is open, whose end has not come. Its lines are taken as they
/// come, without reading those before again.
#[derive(Clone, Copy, Debug)]
struct Fence {
    mark: u8,
    length: usize,
    indent: usize,
    /// Up to where in the text its whole lines were taken.
    taken: usize,
    /// How long the code of its whole lines is.
    code: usize,
}

impl Document {
    /// Adds more of the text.
    pub fn push(&mut self, more: &str) {
        self.is_read = false;
        if !more.contains('\r') && !self.ends_in_return {
            return self.text.push_str(more);
        }
        // All line ends are one character.
        for letter in more.chars() {
            match letter {
                '\n' if self.ends_in_return => {}
                '\r' => self.text.push('\n'),
                _ => self.text.push(letter),
            }
            self.ends_in_return = letter == '\r';
        }
    }

    /// The text is whole; returns the first block that may have changed.
    pub fn finish(&mut self) -> usize {
        self.is_read &= self.is_finished;
        self.is_finished = true;
        self.update()
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The blocks, as of the last update.
    pub fn blocks(&self) -> &[Node] {
        &self.blocks
    }

    /// The blocks, as of the last update.
    pub fn into_blocks(self) -> Vec<Node> {
        self.blocks
    }

    /// Reads what has come since the last update; returns the first block that may have changed.
    pub fn update(&mut self) -> usize {
        if std::mem::replace(&mut self.is_read, true) {
            return self.blocks.len();
        }
        if let Some(last) = self.grow() {
            return last;
        }
        if self.is_finished {
            // It is read whole, so that no way in which it came can show.
            self.definitions = Definitions::default();
            (self.closed, self.open_from) = (0, 0);
        }
        let from = self.closed;
        self.blocks.truncate(from);
        if !self.read_open() {
            return from;
        }
        // A definition may be meant anywhere, also before it.
        self.definitions.mentioned.clear();
        self.blocks.clear();
        (self.closed, self.open_from) = (0, 0);
        // What there is to learn, it has learnt.
        self.read_open();
        0
    }

    /// Reads the open blocks and closes those that can be; returns whether definitions were new.
    fn read_open(&mut self) -> bool {
        let open = &self.text[self.open_from..];
        // What was completed for its look is no ground to close a block.
        let mut certain = open.rfind('\n').map_or(0, |at| at + 1);
        let mut parsed = if self.is_finished {
            read(open, &mut self.definitions)
        } else {
            let shown = tail::complete(open);
            let same = open.bytes().zip(shown.bytes());
            certain = certain.min(same.take_while(|(a, b)| a == b).count());
            read(&shown, &mut self.definitions)
        };
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
            // Up to the beginning of its line: an indented block begins after its indentation.
            let line = open[..*start].rfind('\n').map_or(0, |at| at + 1);
            if last > Some(0) {
                self.open_from += line;
                self.closed += last.unwrap_or_default();
            }
            // The label of a note is whole; the address of a link may not be.
            parsed.links.retain(|link| link.start < line);
            learnt = self.definitions.learn(parsed);
        }
        self.blocks.extend(blocks.into_iter().map(|(_, node)| node));
        self.fence = self.open_fence();
        learnt
    }

    /// The fence with which the open part begins, if that is all there is.
    fn open_fence(&self) -> Option<Fence> {
        let [Node::CodeBlock { code, .. }] = &self.blocks[self.closed..] else {
            return None;
        };
        let open = &self.text[self.open_from..];
        let line = &open[..open.find('\n')?];
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let mark = line.as_bytes().get(indent).copied()?;
        let length = line[indent..]
            .bytes()
            .take_while(|byte| *byte == mark)
            .count();
        if !b"`~".contains(&mark) || indent > 3 || length < 3 || self.is_finished {
            return None;
        }
        let mut fence = Fence {
            mark,
            length,
            indent,
            taken: self.open_from + line.len() + 1,
            code: 0,
        };
        // The lines that have come already.
        while let Some(line) = fence.next_line(&self.text) {
            if fence.is_closed_by(line) {
                return None;
            }
            let content = fence.content(line);
            // What the parser reads in another way is left to it.
            if !code.get(fence.code..)?.starts_with(content) {
                return None;
            }
            fence.code += content.len();
            fence.taken += line.len();
        }
        Some(fence)
    }

    /// Takes the new lines of an open fence; returns its block. None where there is none, or it
    /// closes.
    fn grow(&mut self) -> Option<usize> {
        let mut fence = self.fence.take().filter(|_| !self.is_finished)?;
        let mut ahead = fence;
        while let Some(line) = ahead.next_line(&self.text) {
            if ahead.is_closed_by(line) {
                return None;
            }
            ahead.taken += line.len();
        }
        let Some(Node::CodeBlock { code, .. }) = self.blocks.last_mut() else {
            return None;
        };
        code.truncate(fence.code);
        while let Some(line) = fence.next_line(&self.text) {
            code.push_str(fence.content(line));
            fence.code = code.len();
            fence.taken += line.len();
        }
        // What may become the closing fence is held back.
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

impl Fence {
    /// The next line that is whole.
    fn next_line<'a>(&self, text: &'a str) -> Option<&'a str> {
        let rest = &text[self.taken..];
        Some(&rest[..=rest.find('\n')?])
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let indent = line.bytes().take_while(|byte| *byte == b' ').count();
        let marks = line[indent..]
            .bytes()
            .take_while(|byte| *byte == self.mark)
            .count();
        indent < 4 && marks >= self.length && line[indent + marks..].trim().is_empty()
    }

    /// A line without the indentation of the fence.
    fn content<'a>(&self, line: &'a str) -> &'a str {
        let spaces = line.bytes().take_while(|byte| *byte == b' ').count();
        &line[spaces.min(self.indent)..]
    }
}
