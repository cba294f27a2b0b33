//! Plain text without Markdown's markers, for places without formatting.

use super::{Alert, Node, Tag};

/// Returns the text of these blocks. An alert starts with its name in the user's language.
pub fn plain(blocks: &[Node], name: &dyn Fn(Alert) -> String) -> String {
    Writer { name }.blocks(blocks, "\n\n")
}

struct Writer<'a> {
    name: &'a dyn Fn(Alert) -> String,
}

impl Writer<'_> {
    /// Joins blocks with a separator. Inline nodes among blocks, as in a tight list, form one
    /// block.
    fn blocks(&self, nodes: &[Node], between: &str) -> String {
        let mut written: Vec<String> = Vec::new();
        let mut is_line = false;
        for node in nodes {
            if let Some(block) = self.block(node) {
                written.push(block);
                is_line = false;
            } else {
                if !is_line {
                    written.push(String::new());
                }
                is_line = true;
                if let Some(line) = written.last_mut() {
                    self.inline(node, line);
                }
            }
        }
        written.retain(|block| !block.is_empty());
        written.join(between)
    }

    /// Formats a block; None for an inline node.
    fn block(&self, node: &Node) -> Option<String> {
        Some(match node {
            Node::CodeBlock { code, .. } => code.trim_end_matches('\n').to_owned(),
            Node::Html(text) => text.trim_end_matches('\n').to_owned(),
            Node::Rule => "---".to_owned(),
            Node::Parent(tag, parts) => match tag {
                Tag::Paragraph | Tag::Heading(_) => self.line(parts),
                Tag::Quote => self.blocks(parts, "\n\n"),
                Tag::Alert(alert) => {
                    let name = (self.name)(*alert);
                    [name, self.blocks(parts, "\n\n")].join("\n")
                }
                Tag::List(first) => self.list(*first, parts),
                Tag::Item | Tag::Table => self.blocks(parts, "\n"),
                Tag::Row => {
                    let cells: Vec<_> = parts.iter().map(|cell| self.cell(cell)).collect();
                    cells.join("\t")
                }
                Tag::Note { number, .. } => format!("[{number}] {}", self.blocks(parts, "\n")),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn list(&self, first: Option<u64>, items: &[Node]) -> String {
        let mut lines = Vec::new();
        for (item, index) in items.iter().zip(0..) {
            let mark = match first {
                Some(first) => format!("{}. ", first.saturating_add(index)),
                None => "- ".to_owned(),
            };
            let space = " ".repeat(mark.len());
            for (number, line) in self.block(item).unwrap_or_default().lines().enumerate() {
                let before = if number == 0 { &mark } else { &space };
                lines.push(format!("{before}{line}").trim_end().to_owned());
            }
        }
        lines.join("\n")
    }

    fn cell(&self, cell: &Node) -> String {
        match cell {
            Node::Parent(_, parts) => self.line(parts).replace(['\n', '\t'], " "),
            _ => String::new(),
        }
    }

    fn line(&self, parts: &[Node]) -> String {
        let mut line = String::new();
        for part in parts {
            self.inline(part, &mut line);
        }
        line
    }

    fn inline(&self, node: &Node, line: &mut String) {
        match node {
            Node::Text(text) | Node::Code(text) => *line += text,
            Node::Maths { written, .. } => *line += written,
            Node::Image { alt, .. } => *line += alt,
            Node::Break => line.push('\n'),
            Node::Task { is_done } => *line += if *is_done { "[x] " } else { "[ ] " },
            Node::NoteMark { number, .. } => line.extend(["[", &number.to_string(), "]"]),
            Node::Parent(_, parts) => *line += &self.line(parts),
            Node::CodeBlock { .. } | Node::Html(_) | Node::Rule => {
                *line += &self.block(node).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_without_its_marks() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let name = |alert| format!("<{alert:?}>");
            assert_eq!(
                plain(&super::super::parse(text), &name),
                expected,
                "{text:?}"
            );
        }
        check("", "");
        check("# A *title*\n\nand `code`", "A title\n\nand code");
        check("one  \ntwo\nthree", "one\ntwo\nthree");
        check("**강조**는 ~~남는다~~", "강조는 남는다");
        check(
            "```rust\nfn a() {}\n\nfn b() {}\n```\n\nEnd",
            "fn a() {}\n\nfn b() {}\n\nEnd",
        );
        check(
            "- a\n- b\n  - c\n\n    d\n- e",
            "- a\n- b\n  - c\n    d\n- e",
        );
        check("9. a\n10. b\n\n    c", "9. a\n10. b\n    c");
        check("- [x] done\n- [ ] open", "- [x] done\n- [ ] open");
        check("| a | *b* |\n|---|---|\n| 1 | 2 |", "a\tb\n1\t2");
        check("> said\n>\n> twice", "said\n\ntwice");
        check("> [!TIP]\n> Drink.", "<Tip>\nDrink.");
        check("[words](https://a.example) ![alt](b.png)", "words alt");
        check("Energy is $E = mc^2$.", "Energy is $E = mc^2$.");
        check("A note[^1].\n\n[^1]: Here.", "A note[1].\n\n[1] Here.");
        check("a\n\n---\n\nb", "a\n\n---\n\nb");
        check("<b>raw</b>", "<b>raw</b>");
    }
}
