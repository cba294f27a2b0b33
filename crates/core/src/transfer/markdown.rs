//! Export of a chat as Markdown, for people and for other programs.
//!
//! Messages are Markdown themselves, and must not affect the text around them. So each is quoted: a
//! quote closes everything open in it (`CommonMark` 0.31.2, 5.1). Possible raw HTML, which reaches
//! beyond a quote when shown, is put in a fence that nothing in it can close.

use crate::{
    chat::{Answer, Card, Chat, Extra, extra::Kind},
    markdown::{self, Node},
};

use super::{Words, fields::fenced, words};

/// Writes the chat: a section for each card, with its turns, and the date as given.
pub fn write(chat: &Chat, date: &str, words: &Words<'_>) -> String {
    let mut out = Vec::new();
    out.push(format!("# {}", literal(&words::title(chat, words))));
    if !date.is_empty() {
        out.push(literal(date));
    }
    for (card, number) in chat.cards.iter().zip(1..) {
        write_card(card, number, words, &mut out);
    }
    let mut text = out.join("\n\n");
    text.push('\n');
    text
}

fn write_card(card: &Card, number: usize, words: &Words<'_>, out: &mut Vec<String>) {
    out.push(format!(
        "## {number}. {}",
        literal(words::card(card, words))
    ));
    if !card.system.is_empty() {
        out.push(format!("**{}**", literal(words.system)));
        out.push(said(&card.system));
    }
    let params = words::params(card);
    for turn in &card.turns {
        out.push(format!("### {}", literal(words.you)));
        if !turn.prompt.is_empty() {
            out.push(said(&turn.prompt));
        }
        let files = turn.attachments.iter();
        let files =
            files.map(|file| format!("- {}: {}", literal(words.attachment), literal(&file.name)));
        let files: Vec<_> = files.collect();
        if !files.is_empty() {
            out.push(files.join("\n"));
        }
        let (number, of) = turn.variant();
        match &turn.answer {
            None => out.push(format!("*{}*", literal(words.no_answer))),
            Some(answer) => {
                let name = format!("{}: {}", words.model, answer.model);
                let place = if of > 1 {
                    format!(" ({number}/{of})")
                } else {
                    String::new()
                };
                out.push(format!("### {}{place}", literal(&name)));
                write_answer(answer, &params, words, out);
            }
        }
        for (answer, number) in words::others(turn) {
            let name = format!("{} {number}/{of}: {}", words.other_answer, answer.model);
            out.push(format!("#### {}", literal(&name)));
            write_answer(answer, &params, words, out);
        }
    }
}

fn write_answer(
    answer: &Answer,
    params: &[(String, String)],
    words: &Words<'_>,
    out: &mut Vec<String>,
) {
    if !params.is_empty() {
        let params = params.iter();
        let params: Vec<_> = params
            .map(|(name, value)| literal(&format!("{name} {value}")))
            .collect();
        out.push(format!(
            "{}: {}",
            literal(words.parameters),
            params.join(" · ")
        ));
    }
    if !answer.reasoning.is_empty() {
        let name = super::html::escaped(words.thoughts);
        out.push(format!("<details>\n<summary>{name}</summary>"));
        out.push(said(&answer.reasoning));
        out.push("</details>".to_owned());
    }
    if !answer.text.is_empty() {
        out.push(said(&answer.text));
    }
    write_extras(&answer.extras, words, out);
    if let Some(outcome) = words.outcome(answer) {
        out.push(format!("**{}**", literal(&outcome)));
    }
    let metrics = words.metrics(&answer.metrics);
    if !metrics.is_empty() {
        out.push(format!("*{}*", literal(&metrics.join(" · "))));
    }
}

/// Writes what came beside an answer's text.
fn write_extras(extras: &[Extra], words: &Words<'_>, out: &mut Vec<String>) {
    for extra in extras {
        if let Some(named) = words.extra(extra) {
            out.push(format!("*{}*", literal(&named)));
        } else if extra.kind == Kind::Tool {
            out.push(format!("{}: {}", literal(words.tool), literal(&extra.name)));
            if !extra.content.is_empty() {
                out.push(fenced("json", &extra.content));
            }
        }
    }
    let sources = extras.iter().filter(|extra| extra.kind == Kind::Source);
    let sources = sources.zip(1..).map(|(source, number)| {
        let Extra { name, content, .. } = source;
        let title = literal(if name.is_empty() { content } else { name });
        let url: String = content.chars().filter(|c| !c.is_whitespace()).collect();
        if url.starts_with("https://") || url.starts_with("http://") {
            let url = url.replace('<', "%3C").replace('>', "%3E");
            format!("{number}. [{title}](<{url}>)")
        } else {
            format!("{number}. {title}")
        }
    });
    let sources: Vec<_> = sources.collect();
    if !sources.is_empty() {
        out.push(format!("{}:", literal(words.sources)));
        out.push(sources.join("\n"));
    }
}

/// Escapes a text as Markdown in one line.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for letter in word.chars().filter(|letter| !letter.is_control()) {
            match letter {
                // A backslash before it would start a formula.
                '[' => out.push_str("&#91;"),
                _ if "\\`*_<>&#|~$".contains(letter) => out.extend(['\\', letter]),
                _ => out.push(letter),
            }
        }
    }
    // At the start of a line, a number with a dot or a dash is a list.
    match out.find(|c: char| !c.is_ascii_digit()) {
        Some(end) if out[end..].starts_with(['.', ')', '-', '+', '=']) => out.insert(end, '\\'),
        _ => {}
    }
    out
}

/// Quotes a message, or puts it in a fence if it may have raw HTML.
fn said(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if may_have_html(&markdown::parse(&text)) {
        return fenced("markdown", &text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.trim_end_matches('\n').split('\n') {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push('>');
        if !line.is_empty() {
            out.push(' ');
            // A tab is narrower after a quote's marker: code would not stay code.
            let tabs = line.len() - line.trim_start_matches('\t').len();
            out.extend(std::iter::repeat_n("    ", tabs));
            out.push_str(&line[tabs..]);
        }
    }
    out
}

/// Returns whether another program may find raw HTML in it. Those without maths parse formulas as
/// text.
fn may_have_html(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Html(_) => true,
        Node::Text(text) | Node::Maths { written: text, .. } => {
            let mut letters = text.chars().peekable();
            std::iter::from_fn(|| Some((letters.next()?, letters.peek().copied()))).any(
                |(letter, next)| {
                    letter == '<'
                        && next.is_none_or(|next| next.is_alphabetic() || "/!?<".contains(next))
                },
            )
        }
        Node::Parent(_, parts) => may_have_html(parts),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        chat::{Attachment, Outcome, Turn, attachment, card, params::Param, turn},
        markdown::Tag,
        transfer::{bundle::tests::a_chat, words::tests::ENGLISH},
    };

    fn an_answer(text: &str, reasoning: &str, outcome: Outcome) -> Answer {
        Answer {
            model: "gpt_4".into(),
            reasoning: reasoning.into(),
            ..crate::chat::turn::tests::answer(text, outcome)
        }
    }

    #[test]
    fn what_comes_beside_an_answer_is_written() {
        #[track_caller]
        fn check(extra: Extra, expected: &str) {
            let mut out = Vec::new();
            write_extras(&[extra], &ENGLISH, &mut out);
            assert_eq!(out.join("\n"), expected);
        }
        let extra = |kind, name: &str, content: &str| Extra {
            content: content.into(),
            ..Extra::new(kind, name)
        };
        check(
            extra(Kind::Source, "A <b>", "https://a.example/?q=<x>"),
            "Sources:\n1. [A \\<b\\>](<https://a.example/?q=%3Cx%3E>)",
        );
        check(
            extra(Kind::Source, "", "javascript:x"),
            "Sources:\n1. javascript:x",
        );
        check(
            extra(Kind::Tool, "weather", "{}"),
            "Tool: weather\n```json\n{}\n```",
        );
        check(
            extra(Kind::Picture, "", "https://a.example/b.png"),
            "*Picture: https://a.example/b.png*",
        );
        check(
            extra(Kind::Sound, "audio/wav", "data:audio/wav;base64,AAAA"),
            "*Sound:*",
        );
        check(
            extra(Kind::Refusal, "", ""),
            "*The model refused to answer.*",
        );
        check(
            extra(Kind::Unknown, "hologram", ""),
            "*Also in the answer: hologram*",
        );
    }

    #[test]
    fn a_chat_is_written() {
        #[track_caller]
        fn check(card: Card, expected: &str) {
            let mut chat = Chat::new(crate::chat::Id::new(1), vec![card]);
            chat.title = "A *chat*".into();
            let written = write(&chat, "1. 1. 2026", &ENGLISH);
            let head = "# A \\*chat\\*\n\n1\\. 1. 2026\n\n";
            assert_eq!(written, format!("{head}{expected}"));
        }
        let empty = Card::new(card::Id::new(1));
        check(empty.clone(), "## 1. No model\n");
        let mut turn = Turn::new(turn::Id::new(1), "한국어\n\n## 제목".into());
        turn.attachments.push(Attachment {
            id: 1.into(),
            name: "a_b\n.txt".into(),
            kind: attachment::Kind::Text,
            bytes: 1,
        });
        turn.receive(an_answer("```\nopen", "", Outcome::Complete));
        turn.receive(an_answer("a <b>", "- thought", Outcome::Stopped));
        let unanswered = Turn::new(turn::Id::new(2), "?".into());
        let mut card = Card {
            model: Some("m".into()),
            system: "Be brief.".into(),
            turns: vec![turn, unanswered],
            ..empty
        };
        card.params.in_use = true;
        for param in Param::ALL {
            let mut setting = param.start();
            setting.is_on = param == Param::TopP;
            card.params.set(param, setting);
        }
        check(
            card,
            concat!(
                "## 1. m\n\n**System prompt**\n\n> Be brief.\n\n",
                "### You\n\n> 한국어\n>\n> ## 제목\n\n- Attachment: a\\_b .txt\n\n",
                "### Model: gpt\\_4 (2/2)\n\nParameters: top\\_p 1\n\n",
                "<details>\n<summary>Thoughts</summary>\n\n> - thought\n\n</details>\n\n",
                "```markdown\na <b>\n```\n\n**Stopped here**\n\n",
                "#### Other answer 1/2: gpt\\_4\n\nParameters: top\\_p 1\n\n> ```\n> open\n\n",
                "### You\n\n> ?\n\n*No answer*\n",
            ),
        );
    }

    /// Generates text from pieces of Markdown's syntax.
    fn a_text() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "```",
            "~~~",
            "`",
            "# ",
            "## ",
            "> ",
            "- ",
            "1. ",
            "\n",
            "\n\n",
            "\r",
            "    ",
            "\t",
            "|",
            "---",
            "===",
            "<b>",
            "</details>",
            "<!--",
            "<",
            "$$",
            "\\(",
            "\\",
            "[a]: b",
            "[^1]: n",
            "[^1]",
            "*",
            "가",
            "word",
            " ",
            "[x](y)",
            "&lt;",
        ];
        prop::collection::vec(prop::sample::select(PIECES), 0..16)
            .prop_map(|pieces| pieces.concat())
    }

    /// Returns the top level of a text.
    fn outline(text: &str) -> Vec<String> {
        let name = |node: &Node| {
            let mut words = String::new();
            node.words(&mut words);
            match node {
                Node::Parent(Tag::Heading(level), _) => format!("{level} {words}"),
                Node::Parent(Tag::Quote | Tag::Alert(_), _) | Node::CodeBlock { .. } => {
                    "said".into()
                }
                _ => words,
            }
        };
        markdown::parse(text).iter().map(name).collect()
    }

    proptest! {
        #[test]
        fn no_message_reaches_into_the_next(prompt in a_text(), text in a_text(), title in a_text()) {
            let mut turn = Turn::new(turn::Id::new(1), format!("a{prompt}"));
            turn.receive(an_answer(&format!("{text}b"), &format!("{text}c"), Outcome::Stopped));
            let card = Card { turns: vec![turn], ..Card::new(card::Id::new(1)) };
            let mut chat = Chat::new(crate::chat::Id::new(1), vec![card]);
            chat.title = format!("t{title}");
            let written = write(&chat, "", &ENGLISH);
            let outline = outline(&written);
            let title: Vec<_> = chat.title.split_whitespace().collect();
            let expected = [
                &format!("1 {}", title.join(" ")), "2 1. No model", "3 You", "said", "3 Model: gpt_4",
                "<details>\n<summary>Thoughts</summary>\n", "said", "</details>\n", "said", "Stopped here",
            ];
            prop_assert_eq!(outline, expected, "{}", written);
        }

        #[test]
        fn any_chat_is_written(chat in a_chat()) {
            write(&chat, "today", &ENGLISH);
        }
    }
}
