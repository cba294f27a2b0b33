//! Highlights code line by line. Pure.

mod kinds;

use std::collections::HashMap;

use collate_core::highlight::{self, Kind};
use syntect::{
    dumps,
    parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet},
};

use kinds::Kinds;

/// Maximum length of a highlighted line, in bytes: a longer one is data, and its time would be unbounded.
const LONGEST: usize = 2_000;

/// Highlights any number of blocks at once, as their lines arrive.
#[derive(Debug)]
pub struct Highlighter {
    syntaxes: SyntaxSet,
    kinds: Kinds,
    blocks: HashMap<u32, Block>,
}

/// The state after the last line of a block.
#[derive(Clone, Debug)]
struct Block {
    /// True if all lines so far were blank.
    blank: bool,
    syntax: &'static str,
    state: ParseState,
    scopes: ScopeStack,
}

impl Highlighter {
    /// Loads the syntaxes.
    ///
    /// # Panics
    ///
    /// If the build stored them in another format.
    pub fn new() -> Self {
        Self {
            syntaxes: dumps::from_uncompressed_data(include_bytes!(concat!(
                env!("OUT_DIR"),
                "/syntaxes.bin"
            )))
            .expect("the syntaxes as build.rs stores them"),
            kinds: Kinds::new(),
            blocks: HashMap::new(),
        }
    }

    /// Starts a block. Returns whether its language is known.
    pub fn start(&mut self, block: u32, language: &str) -> bool {
        let started = highlight::find(language)
            .and_then(|name| Some(Block::new(name, self.syntaxes.find_syntax_by_name(name)?)));
        match started {
            Some(started) => self.blocks.insert(block, started),
            None => self.blocks.remove(&block),
        };
        self.blocks.contains_key(&block)
    }

    /// Highlights the next lines of a block, each with its end, except for the very last. Returns the start,
    /// end and kind of each span that has a kind, in UTF-16 units from the start of these lines; `None` for a
    /// block that was not started.
    pub fn lines(&mut self, block: u32, lines: &str) -> Option<Vec<u32>> {
        let Self {
            syntaxes,
            kinds,
            blocks,
        } = self;
        let block = blocks.get_mut(&block)?;
        let mut spans = Spans::default();
        for line in lines.split_inclusive('\n') {
            block.settle(line, syntaxes);
            if line.len() > LONGEST {
                spans.skip(line);
            } else {
                block.line(line, syntaxes, kinds, &mut spans);
            }
        }
        Some(spans.list)
    }

    /// Drops a block.
    pub fn forget(&mut self, block: u32) {
        self.blocks.remove(&block);
    }
}

impl Default for Highlighter {
    fn default() -> Self {
        Self::new()
    }
}

impl Block {
    fn new(name: &'static str, syntax: &SyntaxReference) -> Self {
        Self {
            blank: true,
            syntax: name,
            state: ParseState::new(syntax),
            scopes: ScopeStack::new(),
        }
    }

    /// Chooses between a PHP page, with the code in `<?php`, and bare PHP code.
    fn settle(&mut self, line: &str, syntaxes: &SyntaxSet) {
        if !self.blank || line.trim().is_empty() {
            return;
        }
        self.blank = false;
        if self.syntax == "PHP Source"
            && line.trim_start().starts_with('<')
            && let Some(page) = syntaxes.find_syntax_by_name("PHP")
        {
            *self = Self {
                blank: false,
                ..Self::new("PHP", page)
            };
        }
    }

    fn line(&mut self, line: &str, syntaxes: &SyntaxSet, kinds: &mut Kinds, spans: &mut Spans) {
        let code = line.strip_suffix('\n').unwrap_or(line);
        let code = code.strip_suffix('\r').unwrap_or(code);
        // The syntaxes require a line end.
        let ended = format!("{code}\n");
        let Ok(changes) = self.state.parse_line(&ended, syntaxes) else {
            return self.fail(line, syntaxes, spans);
        };
        let before = spans.clone();
        let mut at = 0;
        for (next, change) in changes {
            let next = next.min(code.len());
            if next > at {
                spans.add(&code[at..next], kinds.of(self.scopes.as_slice()));
                at = next;
            }
            if self.scopes.apply(&change).is_err() {
                *spans = before;
                return self.fail(line, syntaxes, spans);
            }
        }
        spans.add(&code[at..], kinds.of(self.scopes.as_slice()));
        spans.skip(&line[code.len()..]);
    }

    /// Handles a faulty syntax: the line stays plain, and the next is read like a first line.
    fn fail(&mut self, line: &str, syntaxes: &SyntaxSet, spans: &mut Spans) {
        if let Some(syntax) = syntaxes.find_syntax_by_name(self.syntax) {
            *self = Self::new(self.syntax, syntax);
        }
        spans.skip(line);
    }
}

/// The spans of the lines so far.
#[derive(Clone, Default)]
struct Spans {
    list: Vec<u32>,
    at: u32,
}

impl Spans {
    fn add(&mut self, text: &str, kind: Option<Kind>) {
        let start = self.at;
        self.skip(text);
        let Some(kind) = kind.filter(|_| self.at > start) else {
            return;
        };
        match &mut self.list[..] {
            [.., end, last] if *end == start && *last == kind as u32 => *end = self.at,
            _ => self.list.extend([start, self.at, kind as u32]),
        }
    }

    fn skip(&mut self, text: &str) {
        let units: usize = text.chars().map(char::len_utf16).sum();
        self.at += u32::try_from(units).expect("a line, not gigabytes of it");
    }
}

#[cfg(test)]
mod tests;
