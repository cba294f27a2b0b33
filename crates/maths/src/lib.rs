//! Converts LaTeX to MathML. Pure.

use pulldown_latex::{
    Event, Parser, RenderConfig, Storage, config::DisplayMode, event::Content, mathml,
};

/// Maximum length of a formula, in bytes.
const LONGEST: usize = 10_000;

/// Maximum nesting of braces or elements: browsers have a limit, too.
const DEEPEST: usize = 100;

/// Maximum number of parser events: macros can expand a short formula enormously.
const MAX: usize = 20_000;

/// Maximum number of commands: the parser may recurse for each of them.
const COMMANDS: usize = 500;

/// Commands that define others: their expansion has no bound that can be checked in advance.
const REFUSED: &[&str] = &[
    "def",
    "edef",
    "futurelet",
    "gdef",
    "global",
    "let",
    "long",
    "newcommand",
    "outer",
    "providecommand",
    "renewcommand",
    "xdef",
];

/// Commands that models use and the parser lacks, defined only where used. A box loses its frame.
const LACKING: &[(&str, &str)] = &[
    ("bm", r"\def\bm#1{\boldsymbol{#1}}"),
    ("boxed", r"\def\boxed#1{{#1}}"),
    ("label", r"\def\label#1{}"),
    ("mathscr", r"\def\mathscr#1{\mathcal{#1}}"),
    ("mbox", r"\def\mbox#1{\text{#1}}"),
    ("mod", r"\def\mod{\quad\mathrm{mod}\,}"),
    ("nonumber", r"\def\nonumber{}"),
    ("notag", r"\def\notag{}"),
    ("tag", r"\def\tag#1{\qquad(\text#1)}"),
];

/// Converts a formula to MathML; `None` if any part of it can't be read.
///
/// The result is well-formed XML and takes only text from the formula: no addresses and no event handlers.
pub fn render(latex: &str, display: bool) -> Option<String> {
    if latex.len() > LONGEST || depth(latex) > DEEPEST {
        return None;
    }
    // XML doesn't allow these characters.
    if latex.contains(|letter: char| letter.is_control() && !letter.is_whitespace()) {
        return None;
    }
    let commands: Vec<&str> = latex.split('\\').skip(1).map(name).collect();
    if commands.len() > COMMANDS || commands.iter().any(|name| REFUSED.contains(name)) {
        return None;
    }
    // The star only moves the limits, but the parser takes it for a part of the name.
    let mut source = latex.replace(r"\operatorname*", r"\operatorname");
    for (name, definition) in LACKING {
        if commands.contains(name) {
            source.insert_str(0, definition);
        }
    }
    let storage = Storage::new();
    let mut events: Vec<Event> = Vec::new();
    for event in Parser::new(&source, &storage) {
        if events.len() == MAX {
            return None;
        }
        events.push(event.ok()?);
    }
    let config = RenderConfig {
        display_mode: if display {
            DisplayMode::Block
        } else {
            DisplayMode::Inline
        },
        xml: true,
        ..RenderConfig::default()
    };
    // The writer doesn't escape names.
    let unsafe_name = |event: &Event| matches!(event, Event::Content(Content::Function(name)) if name.contains(['<', '&']));
    if events.iter().any(unsafe_name) {
        return None;
    }
    let mut markup = String::new();
    let events = events.into_iter().map(Ok::<_, std::fmt::Error>);
    mathml::push_mathml(&mut markup, events, config).ok()?;
    let markup = well_formed(&markup);
    let whole = !markup.contains("<merror") && nesting(&markup) <= DEEPEST;
    whole.then_some(markup)
}

/// Fixes the writer's markup: it omits escapes and a space, and XML has no `&nbsp;`.
fn well_formed(markup: &str) -> String {
    let markup = markup
        .replace("&amp;nbsp;", "\u{a0}")
        .replace("&nbsp;", "\u{a0}")
        .replace("\"minsize=", "\" minsize=");
    let mut formed = String::with_capacity(markup.len());
    let mut rest = &*markup;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, sign) = rest.split_at(at);
        rest = &sign[1..];
        formed.push_str(before);
        let is_tag = rest.starts_with(|next: char| next == '/' || next.is_ascii_alphabetic());
        let is_entity = ["amp;", "lt;", "gt;"]
            .iter()
            .any(|name| rest.starts_with(name));
        formed.push_str(match &sign[..1] {
            "<" if is_tag => "<",
            "<" => "&lt;",
            _ if is_entity => "&",
            _ => "&amp;",
        });
    }
    formed.push_str(rest);
    formed
}

/// The command name at the start of a text after a backslash.
fn name(rest: &str) -> &str {
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic());
    &rest[..end.unwrap_or(rest.len())]
}

/// Maximum nesting of braces, escaped or not.
fn depth(latex: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in latex.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Maximum nesting of elements.
fn nesting(markup: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for tag in markup.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or(tag);
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !tag.ends_with('/') {
            depth += 1;
            deepest = deepest.max(depth);
        }
    }
    deepest
}

#[cfg(test)]
mod tests;
