//! Commands that a formula defines. They hold for the later formulas of the same text.
//!
//! Each formula is converted alone, so the definitions that it needs are put before it.

use super::Node;

/// Maximum number of definitions that are kept.
const MANY: usize = 50;

/// Maximum length of all definitions, in bytes: the worker takes formulas of 10,000.
const LONG: usize = 4_000;

/// The definitions in a text so far.
#[derive(Debug, Default)]
pub(super) struct Macros(Vec<Macro>);

#[derive(Debug)]
struct Macro {
    /// Index of the block with the definition.
    block: usize,
    name: String,
    source: String,
}

impl Macros {
    /// Puts before each formula what it needs. The blocks from this one on are new.
    pub(super) fn share(&mut self, blocks: &mut [Node], from: usize) {
        self.0.retain(|known| known.block < from);
        for (index, block) in blocks.iter_mut().enumerate().skip(from) {
            self.visit(block, index);
        }
    }

    /// Does the same for more parts of the last block. Returns whether it could: not if they define something.
    pub(super) fn share_more(&self, parts: &mut [Node]) -> bool {
        parts.iter_mut().all(|part| match part {
            Node::Maths { latex, .. } => {
                let defines = definitions(latex).next().is_some();
                latex.insert_str(0, &self.needed(latex));
                !defines
            }
            Node::Parent(_, parts) => self.share_more(parts),
            _ => true,
        })
    }

    fn visit(&mut self, node: &mut Node, block: usize) {
        match node {
            Node::Maths { latex, .. } => {
                let needed = self.needed(latex);
                self.learn(latex, block);
                latex.insert_str(0, &needed);
            }
            Node::Parent(_, parts) => parts.iter_mut().for_each(|part| self.visit(part, block)),
            _ => {}
        }
    }

    fn learn(&mut self, latex: &str, block: usize) {
        for (name, source) in definitions(latex) {
            // A text that repeats its definitions needs each once.
            let last = self.0.iter().rfind(|known| known.name == name);
            if last.is_some_and(|last| last.source == source) {
                continue;
            }
            let length: usize = self.0.iter().map(|known| known.source.len()).sum();
            if self.0.len() < MANY && length + source.len() <= LONG {
                self.0.push(Macro {
                    block,
                    name: name.to_owned(),
                    source: source.to_owned(),
                });
            }
        }
    }

    /// The definitions that a formula uses, directly or through others, in their order.
    fn needed(&self, latex: &str) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let mut is_needed = vec![false; self.0.len()];
        let mut names: Vec<&str> = commands(latex).map(|(name, _)| name).collect();
        while let Some(name) = names.pop() {
            // The last definition is in force.
            if let Some(index) = self.0.iter().rposition(|known| known.name == name)
                && !std::mem::replace(&mut is_needed[index], true)
            {
                names.extend(commands(&self.0[index].source).map(|(name, _)| name));
            }
        }
        let needed = self.0.iter().zip(is_needed).filter(|(_, is)| *is);
        needed.map(|(known, _)| &*known.source).collect()
    }
}

/// The commands in LaTeX, each with what follows it.
fn commands(latex: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = latex;
    std::iter::from_fn(move || {
        let after = &rest[rest.find('\\')? + 1..];
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let length = match letters {
            0 => after.chars().next().map_or(0, char::len_utf8),
            letters => letters,
        };
        let (name, after) = after.split_at(length);
        rest = after;
        Some((name, after))
    })
}

/// The definitions in a formula: each one's name and source.
fn definitions(latex: &str) -> impl Iterator<Item = (&str, &str)> {
    commands(latex).filter_map(move |(command, after)| {
        let (name, rest) = match command {
            "newcommand" | "renewcommand" | "providecommand" | "DeclareMathOperator" => {
                let (name, mut rest) = named(after.trim_start().trim_start_matches('*'))?;
                while let Some(option) = rest.trim_start().strip_prefix('[') {
                    rest = &option[option.find(']')? + 1..];
                }
                (name, group(rest)?.1)
            }
            "def" | "gdef" | "edef" | "xdef" => {
                let (name, rest) = named(after)?;
                (name, group(&rest[rest.find(['{', '}'])?..])?.1)
            }
            "let" => {
                let (name, rest) = named(after)?;
                let value = rest.trim_start().trim_start_matches('=').trim_start();
                let rest = match commands(value).next() {
                    Some((_, rest)) if value.starts_with('\\') => rest,
                    _ => &value[value.chars().next()?.len_utf8()..],
                };
                (name, rest)
            }
            _ => return None,
        };
        let start = latex.len() - after.len() - command.len() - 1;
        Some((name, &latex[start..latex.len() - rest.len()]))
    })
}

/// Splits off a command's name, which may be in braces.
fn named(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if text.starts_with('{') {
        let (inside, rest) = group(text)?;
        return Some((inside.trim().strip_prefix('\\')?, rest));
    }
    text.starts_with('\\').then(|| commands(text).next())?
}

/// Splits off a group in braces; returns its content.
fn group(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start().strip_prefix('{')?;
    let mut depth = 1;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{Document, parse};

    /// The formulas of these blocks, as the worker gets them.
    fn formulas(blocks: &[Node]) -> Vec<String> {
        fn add(node: &Node, to: &mut Vec<String>) {
            match node {
                Node::Maths { latex, .. } => to.push(latex.clone()),
                Node::Parent(_, parts) => parts.iter().for_each(|part| add(part, to)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for block in blocks {
            add(block, &mut found);
        }
        found
    }

    #[test]
    fn definitions_are_found() {
        #[track_caller]
        fn check(latex: &str, expected: &[(&str, &str)]) {
            let found: Vec<_> = definitions(latex).collect();
            assert_eq!(found, expected, "{latex}");
        }
        check("", &[]);
        check(r"x \a \", &[]);
        check(r"\newcommand{\a}{b} c", &[("a", r"\newcommand{\a}{b}")]);
        check(
            r"x\renewcommand*\vec [1] [k]{\mathbf{#1\}}}y",
            &[("vec", r"\renewcommand*\vec [1] [k]{\mathbf{#1\}}}")],
        );
        check(
            r"\def\a#1.#2{#1{#2}}\gdef\b{}",
            &[("a", r"\def\a#1.#2{#1{#2}}"), ("b", r"\gdef\b{}")],
        );
        check(
            r"\let\a=\alpha\let\b x\let\c\d",
            &[
                ("a", r"\let\a=\alpha"),
                ("b", r"\let\b x"),
                ("c", r"\let\c\d"),
            ],
        );
        check(
            r"\DeclareMathOperator*{\am}{arg\,min}",
            &[("am", r"\DeclareMathOperator*{\am}{arg\,min}")],
        );
        for cut in [
            r"\newcommand",
            r"\newcommand{\a",
            r"\newcommand{\a}{b",
            r"\newcommand{a}{b}",
            r"\newcommand{\a}[1",
            r"\def\a#1",
            r"\def\a}{b}",
            r"\let\a",
            r"\let\a=",
            r"\let",
        ] {
            check(cut, &[]);
        }
    }

    #[test]
    fn later_formulas_get_what_they_use() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            assert_eq!(formulas(&parse(text)), expected, "{text}");
        }
        check("$\\a$\n\n$\\def\\a{b}$", &[r"\a", r"\def\a{b}"]);
        check(
            "$\\def\\a{b}$\n\n- $\\a c$ and $\\ab$",
            &[r"\def\a{b}", r"\def\a{b}\a c", r"\ab"],
        );
        check(
            "$\\def\\a{b}\\def\\c{\\a}\\def\\d{e}$ $\\c$",
            &[r"\def\a{b}\def\c{\a}\def\d{e}", r"\def\a{b}\def\c{\a}\c"],
        );
        check(
            "$\\def\\a{1}$ $\\def\\a{2}$ $\\a$",
            &[r"\def\a{1}", r"\def\a{1}\def\a{2}", r"\def\a{2}\a"],
        );
        check(
            "$\\def\\a{\\b}\\def\\b{\\a}$ $\\b$",
            &[r"\def\a{\b}\def\b{\a}", r"\def\a{\b}\def\b{\a}\b"],
        );
    }

    #[test]
    fn a_text_that_grows_has_the_same_formulas() {
        let text =
            "$\\def\\a{b}$\n\n$\\a$\n\n$\\def\\a{c}$ and $\\a$\n\n[^1] $\\a$\n\n[^1]: $\\a$\n";
        let mut document = Document::default();
        for letter in text.chars() {
            document.push(letter.encode_utf8(&mut [0; 4]));
            document.update();
        }
        let shown = formulas(document.blocks());
        document.finish();
        assert_eq!(shown, formulas(document.blocks()));
        assert_eq!(shown, formulas(&parse(text)));
    }

    #[test]
    fn definitions_are_bounded() {
        let mut macros = Macros::default();
        for _ in 0..MANY {
            macros.learn(r"\def\a{b}", 0);
        }
        assert_eq!(macros.0.len(), 1);
        for count in 0..MANY * 2 {
            macros.learn(&format!("\\def\\a{{{count}}}"), 0);
        }
        assert_eq!(macros.0.len(), MANY);
        let mut macros = Macros::default();
        let long = format!("\\def\\a{{{}}}", "x".repeat(LONG));
        macros.learn(&long, 0);
        assert_eq!(macros.needed(r"\a"), "");
    }
}
