//! LaTeX as MathML. Pure.

use pulldown_latex::{
    Event, Parser, RenderConfig, Storage, config::DisplayMode, event::Content, mathml,
};

/// A longer formula, in bytes, is not read.
const LONGEST: usize = 10_000;

/// A deeper one neither, in braces or in elements: browsers give up at some depth.
const DEEPEST: usize = 100;

/// One of more parts neither: macros can make much of little.
const MOST: usize = 20_000;

/// One of more commands neither: the parser may call itself once for each of them.
const COMMANDS: usize = 500;

/// These make others: what they make has no bound that can be seen before.
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

/// What models write and the parser lacks, for a formula that has it. A box loses its frame.
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

/// The MathML of a formula; none if it can't be read as a whole.
///
/// It is well-formed XML. Of what stands in the formula only text is in it: no address, no handler.
pub fn render(latex: &str, display: bool) -> Option<String> {
    if latex.len() > LONGEST || depth(latex) > DEEPEST {
        return None;
    }
    // XML can't hold these.
    if latex.contains(|letter: char| letter.is_control() && !letter.is_whitespace()) {
        return None;
    }
    let commands: Vec<&str> = latex.split('\\').skip(1).map(name).collect();
    if commands.len() > COMMANDS || commands.iter().any(|name| REFUSED.contains(name)) {
        return None;
    }
    // The star only moves the limits, and the parser takes it for the name.
    let mut source = latex.replace(r"\operatorname*", r"\operatorname");
    for (name, definition) in LACKING {
        if commands.contains(name) {
            source.insert_str(0, definition);
        }
    }
    let storage = Storage::new();
    let mut events: Vec<Event> = Vec::new();
    for event in Parser::new(&source, &storage) {
        if events.len() == MOST {
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
    // Names are written into the markup as they are.
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

/// The writer's markup as XML: it leaves signs and a space out, and XML has no `&nbsp;`.
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

/// The name at the start of what follows a backslash.
fn name(rest: &str) -> &str {
    let end = rest.find(|letter: char| !letter.is_ascii_alphabetic());
    &rest[..end.unwrap_or(rest.len())]
}

/// How deep braces are nested, whether or not they are escaped.
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

/// How deep elements are nested.
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
