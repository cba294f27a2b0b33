//! Documents of `ChatGPT`'s canvas.
//!
//! A model writes them in messages to a tool: `canmore.create_textdoc` with `{name, type, content}`,
//! `canmore.update_textdoc` with `{updates: [{pattern, multiple, replacement}]}`, where a pattern is
//! a regular expression of Python, and `canmore.comment_textdoc` with `{comments: [{pattern,
//! comment}]}`. A type is `document`, or `code/` and a language. Source: the description of the tool
//! as published, `LouisShark/chatgpt_system_prompt`, `gpt40_with_canvas.md`.

use std::fmt::Write as _;

use serde_json::Value;

use super::fields::{add, fenced, list, text};

/// Maximum length of a document that an update shows again as a whole, in bytes.
const LONGEST: usize = 100_000;

/// Maximum number of updates in a message.
const MAX: usize = 100;

/// A document as last written.
#[derive(Clone, Debug)]
pub(super) struct Document {
    name: String,
    kind: String,
    content: String,
}

impl Document {
    /// Writes a text of the document as Markdown, under its name.
    fn block(&self, content: &str) -> String {
        let name: String = self.name.chars().filter(|c| !c.is_control()).collect();
        let mut block = match name.trim() {
            "" => String::new(),
            name => format!("**{}**", name.replace('*', "\\*")),
        };
        let code = self.kind.strip_prefix("code");
        let content = match code.map(|code| code.trim_start_matches('/')) {
            Some(language) => {
                let is_part = |c: &char| c.is_ascii_alphanumeric() || "+#-_.".contains(*c);
                let language: String = language.chars().take_while(is_part).collect();
                let language = if language == "react" {
                    "jsx"
                } else {
                    &language
                };
                fenced(language, content)
            }
            None => content.to_owned(),
        };
        add(&mut block, &content);
        block
    }

    /// Changes the content; returns false if a regular expression is needed.
    fn update(&mut self, pattern: &str, replacement: &str, is_multiple: bool) -> bool {
        let flags = pattern.strip_prefix("(?s)").unwrap_or(pattern);
        let bare = flags.trim_start_matches(['^', '\\']).trim_end_matches('$');
        if matches!(
            bare.trim_start_matches('A'),
            ".*" | ".+" | "[\\s\\S]*" | "(.*)" | "(.|\\n)*"
        ) {
            replacement.clone_into(&mut self.content);
            return true;
        }
        // A group of the pattern can't be inserted.
        let has_group = |(at, _): (usize, &str)| {
            let next = replacement.as_bytes().get(at + 1);
            next.is_some_and(|next| next.is_ascii_digit() || *next == b'g')
        };
        let Some(found) = literal(pattern).filter(|found| self.content.contains(found)) else {
            return false;
        };
        if replacement.match_indices('\\').any(has_group) {
            return false;
        }
        let most = if is_multiple { usize::MAX } else { 1 };
        self.content = self.content.replacen(&found, replacement, most);
        true
    }
}

/// Returns the text that a regular expression finds, if it is only one.
fn literal(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other if other.is_alphanumeric() => return None,
                other => out.push(other),
            },
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                return None;
            }
            other => out.push(other),
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Reads a message to the tool; returns what it adds to the answer, as Markdown. Broken JSON, and
/// what has another form, is shown as it is.
pub(super) fn read(canvas: &mut Option<Document>, tool: &str, message: &str) -> String {
    let value: Value = serde_json::from_str(message).unwrap_or_default();
    let as_it_is = || fenced("json", message);
    match tool {
        "create_textdoc" if value.get("content").is_some_and(Value::is_string) => {
            let document = Document {
                name: text(&value, "name").to_owned(),
                kind: text(&value, "type").to_owned(),
                content: text(&value, "content").to_owned(),
            };
            canvas.insert(document).block(text(&value, "content"))
        }
        "update_textdoc" => {
            let updates = list(&value, "updates");
            if updates.is_empty() || updates.len() > MAX {
                return as_it_is();
            }
            let mut document = canvas.clone().unwrap_or_else(|| Document {
                name: String::new(),
                kind: String::new(),
                content: String::new(),
            });
            let is_done = updates.iter().all(|update| {
                let is_multiple = update.get("multiple") == Some(&Value::Bool(true));
                document.content.len() <= LONGEST
                    && document.update(
                        text(update, "pattern"),
                        text(update, "replacement"),
                        is_multiple,
                    )
            });
            if is_done {
                let block = document.block(&document.content);
                *canvas = Some(document);
                return block;
            }
            let mut all = String::new();
            for update in updates {
                add(&mut all, text(update, "replacement"));
            }
            document.block(&all)
        }
        "comment_textdoc" if !list(&value, "comments").is_empty() => {
            let mut comments = String::new();
            for comment in list(&value, "comments") {
                let of = text(comment, "pattern").replace(['\n', '`'], " ");
                let of = of.trim();
                let separator = if of.is_empty() { "" } else { ": " };
                let of = if of.is_empty() {
                    String::new()
                } else {
                    format!("`{of}`")
                };
                let said = text(comment, "comment").replace('\n', "\n  ");
                // Writing to a string can't fail.
                let _ = writeln!(comments, "- {of}{separator}{said}");
            }
            comments
        }
        _ => as_it_is(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_part_of_the_answer() {
        #[track_caller]
        fn check(messages: &[(&str, &str)], expected: &str) {
            let mut canvas = None;
            let mut last = String::new();
            for (tool, message) in messages {
                last = read(&mut canvas, tool, message);
            }
            assert_eq!(last, expected);
        }
        let poem = (
            "create_textdoc",
            r##"{"name":"Poem","type":"document","content":"# Autumn\n\nLeaves. Leaves."}"##,
        );
        let code = (
            "create_textdoc",
            r#"{"name":"a.py","type":"code/python","content":"a = 1"}"#,
        );
        let update = |updates: &'static str| ("update_textdoc", updates);
        check(&[poem], "**Poem**\n\n# Autumn\n\nLeaves. Leaves.");
        check(&[code], "**a.py**\n\n```python\na = 1\n```");
        check(
            &[
                code,
                update(r#"{"updates":[{"pattern":".*","multiple":true,"replacement":"b"}]}"#),
            ],
            "**a.py**\n\n```python\nb\n```",
        );
        check(
            &[
                poem,
                update(r#"{"updates":[{"pattern":"Leaves\\.","replacement":"Wind."}]}"#),
            ],
            "**Poem**\n\n# Autumn\n\nWind. Leaves.",
        );
        check(
            &[
                poem,
                update(
                    r#"{"updates":[{"pattern":"Leaves","multiple":true,"replacement":"낙엽"}]}"#,
                ),
            ],
            "**Poem**\n\n# Autumn\n\n낙엽. 낙엽.",
        );
        // A pattern that needs an engine: the replacement alone.
        check(
            &[
                code,
                update(r#"{"updates":[{"pattern":"a = \\d","replacement":"a = 2"}]}"#),
            ],
            "**a.py**\n\n```python\na = 2\n```",
        );
        check(
            &[update(r#"{"updates":[{"pattern":"x","replacement":"y"}]}"#)],
            "y",
        );
        check(
            &[
                poem,
                (
                    "comment_textdoc",
                    r#"{"comments":[{"pattern":"Leaves","comment":"More\ncolour?"},{"comment":"Good"}]}"#,
                ),
            ],
            "- `Leaves`: More\n  colour?\n- Good\n",
        );
        // Broken, or of another form.
        check(
            &[("create_textdoc", "{\"name\":\"x")],
            "```json\n{\"name\":\"x\n```",
        );
        check(&[("create_textdoc", "{}")], "```json\n{}\n```");
        check(&[("draw", "{}")], "```json\n{}\n```");
    }
}
