//! The specification's own examples, and extensions.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

mod look;

/// Renders blocks as the specification's HTML.
fn html(nodes: &[Node]) -> String {
    let mut out = String::new();
    for (index, node) in nodes.iter().enumerate() {
        // In a tight list, text and a list below it are on separate lines.
        let is_block = matches!(node, Node::Parent(Tag::List(_), _));
        if is_block && index > 0 && !out.ends_with('\n') {
            out.push('\n');
        }
        write(node, &mut out);
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Escapes a URL like the specification's renderer.
fn href(url: &str) -> String {
    let mut out = String::new();
    for byte in url.bytes() {
        match byte {
            b'&' => out += "&amp;",
            b'\'' => out += "&#x27;",
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(byte.into()),
            _ if b"-_.+!*(),%#@?=;:/$~".contains(&byte) => out.push(byte.into()),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

fn write(node: &Node, out: &mut String) {
    let mut wrap = |before: &str, parts: &[Node], after: &str| {
        *out += before;
        *out += &html(parts);
        *out += after;
    };
    match node {
        Node::Text(text) => *out += &escape(text),
        Node::Code(code) => *out += &["<code>", &escape(code), "</code>"].concat(),
        Node::Maths { written, .. } => *out += &escape(written),
        Node::Break => *out += "<br />\n",
        Node::Rule => *out += "<hr />\n",
        Node::Task { is_done } => *out += if *is_done { "[x] " } else { "[ ] " },
        Node::CodeBlock { language, code } => {
            let class = if language.is_empty() {
                String::new()
            } else {
                format!(" class=\"language-{}\"", escape(language))
            };
            *out += &["<pre><code", &class, ">", &escape(code), "</code></pre>\n"].concat();
        }
        Node::Html(html) => *out += html,
        Node::Image { url, alt } => {
            *out += &[
                "<img src=\"",
                &href(url),
                "\" alt=\"",
                &escape(alt),
                "\" />",
            ]
            .concat();
        }
        Node::NoteMark { number, .. } => *out += &["[^", &number.to_string(), "]"].concat(),
        Node::Parent(tag, parts) => match tag {
            Tag::Paragraph => wrap("<p>", parts, "</p>\n"),
            Tag::Heading(level) => {
                wrap(&format!("<h{level}>"), parts, &format!("</h{level}>\n"));
            }
            Tag::Quote => wrap("<blockquote>\n", parts, "</blockquote>\n"),
            Tag::Alert(alert) => wrap(&format!("<{alert:?}>\n"), parts, &format!("</{alert:?}>\n")),
            Tag::List(None) => wrap("<ul>\n", parts, "</ul>\n"),
            Tag::List(Some(1)) => wrap("<ol>\n", parts, "</ol>\n"),
            Tag::List(Some(n)) => wrap(&format!("<ol start=\"{n}\">\n"), parts, "</ol>\n"),
            Tag::Item => wrap("<li>", parts, "</li>\n"),
            Tag::Table => wrap("<table>", parts, "</table>"),
            Tag::Row => wrap("<tr>", parts, "</tr>"),
            Tag::HeadCell(align) => wrap(&format!("<th {align:?}>"), parts, "</th>"),
            Tag::Cell(align) => wrap(&format!("<td {align:?}>"), parts, "</td>"),
            Tag::Emphasis => wrap("<em>", parts, "</em>"),
            Tag::Strong => wrap("<strong>", parts, "</strong>"),
            Tag::Strikethrough => wrap("<del>", parts, "</del>"),
            Tag::Subscript => wrap("<sub>", parts, "</sub>"),
            Tag::Superscript => wrap("<sup>", parts, "</sup>"),
            Tag::Key => wrap("<kbd>", parts, "</kbd>"),
            Tag::Link { url, title } => {
                let title = if title.is_empty() {
                    String::new()
                } else {
                    format!(" title=\"{}\"", escape(title))
                };
                wrap(&format!("<a href=\"{}\"{title}>", href(url)), parts, "</a>");
            }
            Tag::Note { number, .. } => wrap(&format!("<note {number}>"), parts, "</note>"),
        },
    }
}

/// Normalises HTML: drops line ends beside tags, and titles of images.
fn normal(html: &str) -> String {
    let mut out = String::new();
    let mut is_pre = false;
    for line in html.split_inclusive('\n') {
        is_pre |= line.contains("<pre");
        let line = if is_pre {
            line
        } else {
            line.trim_end_matches('\n')
        };
        if !is_pre && !out.is_empty() && !out.ends_with('>') && !line.starts_with('<') {
            out.push('\n');
        }
        out += line;
        is_pre &= !line.contains("</pre>");
        if !is_pre {
            out = out.trim_end_matches('\n').to_owned();
        }
    }
    let mut parts = out.split("<img ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (image, rest) = part.split_once("/>").unwrap_or((part, ""));
        let image = image.split(" title=").next().unwrap_or_default();
        plain += &["<img ", image.trim(), " />", rest].concat();
    }
    plain.replace("&#x27;", "'")
}

/// Returns the reason why an example of the specification does not apply.
fn why_not(number: usize, section: &str, text: &str) -> Option<&'static str> {
    Some(match (number, section) {
        (_, "HTML blocks" | "Raw HTML")
        | (21 | 31 | 201 | 344 | 475..=477 | 491 | 494 | 524 | 526 | 536 | 538 | 642 | 643, _) => {
            "raw HTML is text"
        }
        (608 | 611 | 612, _) => "an address without brackets is a link, as GitHub has it",
        _ if text.contains('\u{0}') => "the null character",
        _ => return None,
    })
}

#[test]
fn the_specifications_examples_are_read() {
    let spec = include_str!("../../../../tests/markdown/commonmark-0.31.2.txt");
    let fence = "`".repeat(32);
    let (mut section, mut number, mut checked) = (String::new(), 0, 0);
    let mut wrong = Vec::new();
    let begin = format!("\n{fence} example\n");
    let mut parts = spec.split(&begin);
    let mut note_section = |text: &str| {
        let last = text.lines().rfind(|line| line.starts_with("## "));
        if let Some(last) = last {
            section = last[3..].to_owned();
        }
        section.clone()
    };
    let mut now = note_section(parts.next().unwrap());
    for part in parts {
        let (example, after) = part.split_once(&format!("\n{fence}")).unwrap();
        number += 1;
        let (text, expected) = example.split_once("\n.\n").unwrap_or_else(|| {
            let text = example
                .strip_suffix("\n.")
                .unwrap_or_else(|| example.strip_prefix(".\n").unwrap());
            (text, "")
        });
        let (text, expected) = (text.replace('→', "\t") + "\n", expected.replace('→', "\t"));
        if why_not(number, &now, &text).is_none() {
            checked += 1;
            let found = normal(&html(&parse(&text)));
            if found != normal(&expected) {
                wrong.push(format!(
                    "{number} ({now})\n{text}\n=> {found}\n!= {}",
                    normal(&expected)
                ));
            }
        }
        now = note_section(after);
    }
    assert!(
        wrong.is_empty(),
        "{} of {checked} wrong:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(checked > 560, "{checked} of {number} were checked");
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(html(&parse(text)).trim_end(), expected, "{text}");
}

#[test]
fn githubs_extensions_are_read() {
    check(
        "| a | b |\n|:--|--:|\n| *x* | y<br>z |\n| only |\n\nafter",
        "<table><tr><th Left>a</th><th Right>b</th></tr><tr><td Left><em>x</em></td>\
         <td Right>y<br />\nz</td></tr><tr><td Left>only</td><td Right></td></tr></table>\
         <p>after</p>",
    );
    check(
        "| a \\| b |\n|:-:|\n| `x \\| y` |",
        "<table><tr><th Centre>a | b</th></tr><tr><td Centre><code>x | y</code></td></tr></table>",
    );
    check(
        "- [ ] a\n- [x] b",
        "<ul>\n<li>[ ] a</li>\n<li>[x] b</li>\n</ul>",
    );
    check(
        "~~Hi~~ Hello, ~there~ world!",
        "<p><del>Hi</del> Hello, <del>there</del> world!</p>",
    );
    check(
        "A note[^1], and[^b] again[^1].\n\n[^1]: First.\n[^b]: Second.",
        "<p>A note[^1], and[^2] again[^1].</p>\n<note 1><p>First.</p>\n</note><note 2><p>Second.</p>\n</note>",
    );
    check("[^none]", "<p>[^none]</p>");
    check("> [!WARNING]\n> Hot.", "<Warning>\n<p>Hot.</p>\n</Warning>");
    check(
        "> [!WHAT]\n> Hot.",
        "<blockquote>\n<p>[!WHAT]\nHot.</p>\n</blockquote>",
    );
}

#[test]
fn addresses_are_links() {
    #[track_caller]
    fn check_link(text: &str, before: &str, words: &str, url: &str, after: &str) {
        check(
            text,
            &format!("<p>{before}<a href=\"{url}\">{words}</a>{after}</p>"),
        );
    }
    // GitHub's examples 622 to 631.
    check_link(
        "www.commonmark.org",
        "",
        "www.commonmark.org",
        "http://www.commonmark.org",
        "",
    );
    check_link(
        "Visit www.commonmark.org/help for more information.",
        "Visit ",
        "www.commonmark.org/help",
        "http://www.commonmark.org/help",
        " for more information.",
    );
    check_link(
        "Visit www.commonmark.org.",
        "Visit ",
        "www.commonmark.org",
        "http://www.commonmark.org",
        ".",
    );
    check_link(
        "(www.google.com/search?q=Markup+(business)))",
        "(",
        "www.google.com/search?q=Markup+(business)",
        "http://www.google.com/search?q=Markup+(business)",
        "))",
    );
    check_link(
        "www.google.com/search?q=commonmark&hl;",
        "",
        "www.google.com/search?q=commonmark",
        "http://www.google.com/search?q=commonmark",
        "&amp;hl;",
    );
    check_link(
        "www.commonmark.org/he<lp",
        "",
        "www.commonmark.org/he",
        "http://www.commonmark.org/he",
        "&lt;lp",
    );
    check_link(
        "http://commonmark.org",
        "",
        "http://commonmark.org",
        "http://commonmark.org",
        "",
    );
    check_link(
        "(Visit https://encrypted.google.com/search?q=Markup+(business))",
        "(Visit ",
        "https://encrypted.google.com/search?q=Markup+(business)",
        "https://encrypted.google.com/search?q=Markup+(business)",
        ")",
    );
    check_link("foo@bar.baz", "", "foo@bar.baz", "mailto:foo@bar.baz", "");
    check_link(
        "hello+xyz@mail.example.",
        "hello+xyz@".replace("hello+xyz@", "").as_str(),
        "hello+xyz@mail.example",
        "mailto:hello+xyz@mail.example",
        ".",
    );
    check_link("<foo@bar.baz>", "", "foo@bar.baz", "mailto:foo@bar.baz", "");
    // Korean follows directly.
    check_link(
        "https://a.kr/x를 보세요",
        "",
        "https://a.kr/x",
        "https://a.kr/x",
        "를 보세요",
    );
    check_link(
        "서버는 http://localhost:8080/v1입니다.",
        "서버는 ",
        "http://localhost:8080/v1",
        "http://localhost:8080/v1",
        "입니다.",
    );
    check_link(
        "한국어@x foo@bar.baz",
        "한국어@x ",
        "foo@bar.baz",
        "mailto:foo@bar.baz",
        "",
    );
    for text in [
        "hello@mail+xyz.example",
        "a.b-c_d@a.b-",
        "http://",
        "www.",
        "xhttp://a.b",
        "std::io",
        "@a.b",
        "가@나.다",
    ] {
        check(text, &format!("<p>{text}</p>"));
    }
    check(
        "[http://a.b](http://c.d)",
        "<p><a href=\"http://c.d\">http://a.b</a></p>",
    );
    check("`http://a.b`", "<p><code>http://a.b</code></p>");
}

#[test]
fn emphasis_beside_particles_reads_as_meant() {
    check("**강조**는", "<p><strong>강조</strong>는</p>");
    check("**강조(하기)**는", "<p><strong>강조(하기)</strong>는</p>");
    check(
        "**“따옴표”**를 *(기울임)*은",
        "<p><strong>“따옴표”</strong>를 <em>(기울임)</em>은</p>",
    );
    check(
        "이것은**(괄호)**이다",
        "<p>이것은<strong>(괄호)</strong>이다</p>",
    );
    check(
        "**가(나)**는 다 **라(마)**도 **바**와",
        "<p><strong>가(나)</strong>는 다 <strong>라(마)</strong>도 <strong>바</strong>와</p>",
    );
    check(
        "***가(나)***는",
        "<p><em><strong>가(나)</strong></em>는</p>",
    );
    check(
        "**`코드`**는 **[글](http://a.b)**을",
        "<p><strong><code>코드</code></strong>는 <strong><a href=\"http://a.b\">글</a></strong>을</p>",
    );
    check(
        "**重要！**です。**『本』**を",
        "<p><strong>重要！</strong>です。<strong>『本』</strong>を</p>",
    );
    check("2 * 3 * 4 가", "<p>2 * 3 * 4 가</p>");
    check("가 \\*\\*나(다)\\*\\*는", "<p>가 **나(다)**는</p>");
    check("**foo(bar)**baz", "<p>**foo(bar)**baz</p>");
    check("**가(나) 는", "<p>**가(나) 는</p>");
    check(
        "10~20대, 30~40대 ~~아님~~",
        "<p>10~20대, 30~40대 <del>아님</del></p>",
    );
}

#[test]
fn formulas_are_told_from_money() {
    #[track_caller]
    fn formulas(text: &str, expected: &[(&str, bool)]) {
        fn collect(nodes: &[Node], found: &mut Vec<(String, bool)>) {
            for node in nodes {
                match node {
                    Node::Maths {
                        latex, is_display, ..
                    } => found.push((latex.clone(), *is_display)),
                    Node::Parent(_, parts) => collect(parts, found),
                    _ => {}
                }
            }
        }
        let (nodes, mut found) = (parse(text), Vec::new());
        collect(&nodes, &mut found);
        let found: Vec<_> = found
            .iter()
            .map(|(latex, display)| (&**latex, *display))
            .collect();
        assert_eq!(found, expected, "{text}");
        // Nothing is lost.
        let mut words = String::new();
        for node in &nodes {
            node.words(&mut words);
        }
        let letters = |text: &str| {
            text.chars()
                .filter(|c| c.is_alphanumeric())
                .collect::<String>()
        };
        assert_eq!(letters(&words), letters(text));
    }
    formulas(
        "$x^2$ and $$\\int_0^1 x$$",
        &[("x^2", false), ("\\int_0^1 x", true)],
    );
    formulas(
        "\\(a_1 * b\\) 와 \\[\nc \\\\[2pt] d\n\\]",
        &[("a_1 * b", false), ("c \\\\[2pt] d", true)],
    );
    formulas("값은 $x$이고 $3$개", &[("x", false), ("3", false)]);
    formulas("It costs $5 and $10.", &[]);
    formulas("$5 (USD) or 5$", &[]);
    formulas("between $5/$10", &[]);
    formulas("\\$x\\$ `$y$` `\\(z\\)`", &[]);
    formulas("```\n\\(x\\)\n$y$\n```", &[]);
    formulas("\\(not closed", &[]);
    formulas("\\[not\n\nclosed\\]", &[]);
    check("`\\(z\\)`", "<p><code>\\(z\\)</code></p>");
    check("```\n\\(x\\)\n```", "<pre><code>\\(x\\)\n</code></pre>");
    check(
        "[a](http://b/\\(c\\))",
        "<p><a href=\"http://b/(c)\">a</a></p>",
    );
}

#[test]
fn raw_html_is_text() {
    check("a <b>c</b>", "<p>a &lt;b&gt;c&lt;/b&gt;</p>");
    assert_eq!(
        parse("<script>x</script>"),
        [Node::Html("<script>x</script>".into())]
    );
    check("a &lt;b&gt;", "<p>a &lt;b&gt;</p>");
}

#[test]
fn links_lead_to_the_web_or_nowhere() {
    #[track_caller]
    fn check(url: &str, link: bool, image: bool) {
        assert_eq!(inline::place_to_go(url).is_some(), link, "{url}");
        assert_eq!(inline::web_address(url).is_some(), image, "{url}");
    }
    check("http://a.b", true, true);
    check("HTTPS://a.b", true, true);
    check("mailto:a@b", true, false);
    for url in [
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        " javascript:x",
        "java\nscript:x",
        "data:text/html,x",
        "data:image/png;base64,AA",
        "vbscript:x",
        "file:///etc",
        "blob:x",
        "//a.b",
        "/x",
        "#x",
        "",
        "x",
        "\u{1}javascript:x",
        "view-source:http://a",
    ] {
        check(url, false, false);
    }
}

#[test]
fn what_is_still_coming_looks_right() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut document = Document::default();
        document.push(text);
        document.update();
        assert_eq!(html(document.blocks()).trim_end(), expected, "{text}");
        // The complete text gives its own blocks.
        document.finish();
        assert_eq!(document.blocks(), parse(text));
    }
    check("a **bold", "<p>a <strong>bold</strong></p>");
    check("a **bold ", "<p>a <strong>bold</strong></p>");
    check("a **", "<p>a</p>");
    check("a **bold*", "<p>a <strong>bold</strong></p>");
    check("a *b **c", "<p>a <em>b <strong>c</strong></em></p>");
    check("a ~~gone", "<p>a <del>gone</del></p>");
    check("a `co", "<p>a <code>co</code></p>");
    check("a `co*de", "<p>a <code>co*de</code></p>");
    check("a_b and 2 * 3", "<p>a_b and 2 * 3</p>");
    check("see [the words](http://exa", "<p>see the words</p>");
    check("see ![an image](http://exa", "<p>see</p>");
    check("see [the wo", "<p>see [the wo</p>");
    check("para\n-", "<p>para</p>");
    check("para\n```", "<p>para</p>");
    check(
        "- one\n- **tw",
        "<ul>\n<li>one</li>\n<li><strong>tw</strong></li>\n</ul>",
    );
    check(
        "```rust\nlet x = 1;\n``",
        "<pre><code class=\"language-rust\">let x = 1;\n</code></pre>",
    );
    check("```\n**a", "<pre><code>**a</code></pre>");
    check(
        "| a | b |",
        "<table><tr><th None>a</th><th None>b</th></tr></table>",
    );
    check(
        "| a | b |\n|--",
        "<table><tr><th None>a</th><th None>b</th></tr></table>",
    );
    check("**가(나", "<p><strong>가(나</strong></p>");
}

/// Generates Markdown's building blocks, in any order.
fn markdown() -> impl Strategy<Value = String> {
    let stones = prop::sample::select(vec![
        "a",
        "b ",
        " ",
        "\n",
        "\n\n",
        "\n",
        "# ",
        "## h\n",
        "- ",
        "* ",
        "1. ",
        "2) ",
        "> ",
        "    ",
        "  ",
        "```",
        "```rust\n",
        "```\n",
        "~~~",
        "`",
        "``",
        "*",
        "**",
        "_",
        "~~",
        "~",
        "|",
        "| a | b |\n",
        "|---|---|\n",
        "---",
        "***\n",
        "===",
        "[a]",
        "[a]: http://x\n",
        "[a](http://y)",
        "![i](z)",
        "[^1]",
        "[^1]: n\n",
        "<div>",
        "<!--",
        "-->",
        "</div>\n",
        "<",
        "&amp;",
        "\\",
        "\\(x\\)",
        "$",
        "$$",
        "한",
        "국어",
        "。",
        "https://e.x/",
        "$x$",
        "$5",
        "$$\n",
        "\\[\n",
        "\\]\n",
        "\\begin{align}\n",
        "\\end{align}\n",
        "| `a|b` | $|x|$ |\n",
        "```markdown\n",
        "```bash\n",
        "   ```\n",
        "[ ] ",
        "[x] ",
        "[!NOTE]\n",
        "\t",
        "\r\n",
        "(",
        ")",
        "]",
        "[",
        "!",
    ]);
    prop::collection::vec(stones, 0..40).prop_map(|stones| stones.concat())
}

/// Rows that models write.
const ROWS: [&str; 12] = [
    "| 1 | 2 |\n",
    "| `x|y` | $|z|$ |\n",
    "|한국어 | **굵게** |\n",
    "| one\n",
    "1 | 2\n",
    "| 1 | 2 | 3 | 4 |\n",
    "| $$a$$ | \\(b\\) |\n",
    "| $$ | costs $5 |\n",
    "| $\\newcommand{\\k}{k}\\k$ | $\\k$ |\n",
    "| a[^1] | [b] |\n",
    "| <br> | <kbd>a</kbd> |\n",
    "words\n",
];

/// What ends a table.
const ENDS: [&str; 5] = ["", "\n", "> quote\n", "```\n", "# Title\n"];

/// Blocks that models write, each complete.
const BLOCKS: [&str; 9] = [
    "A paragraph with **bold**, `code`, $x_1$ and costs of $5 to $10.\n\n",
    "## A heading\n\n",
    "$$\n= a + b\n\n- c\n$$\n\n",
    "\\[\nx > 0\n\\]\n\n",
    "\\begin{align}\na &= b \\\\\n# &= c\n\\end{align}\n\n",
    "| a | b |\n|---|---|\n| `x|y` | $|z|$ |\n| 1 | 2 | 3 |\n\n",
    "```rust\nlet x = 1;\n\n// done\n```\n\n",
    "```markdown\n# Title\n```bash\nls\n```\n```\n\n",
    "> A quote of 한국어.\n\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2000 } else { 20000 }))]

    /// However a text is split, the final blocks are those of the complete text.
    #[test]
    fn any_split_ends_in_the_same_blocks(text in markdown(), cuts in prop::collection::vec(0.0..1.0f64, 0..12)) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| (cut * text.len() as f64) as usize).collect();
        cuts.push(text.len());
        cuts.sort_unstable();
        let mut document = Document::default();
        // The blocks shown so far, changed as each update says.
        let mut seen: Vec<Node> = Vec::new();
        let mut done = 0;
        for cut in cuts {
            let cut = (cut..=text.len()).find(|cut| text.is_char_boundary(*cut)).unwrap();
            document.push(&text[done..cut]);
            done = cut;
            let from = document.update();
            prop_assert!(from <= seen.len());
            seen.truncate(from);
            seen.extend_from_slice(&document.blocks()[from..]);
            prop_assert_eq!(&seen[..], document.blocks());
        }
        document.finish();
        prop_assert_eq!(document.blocks(), &parse(&text)[..]);
        // Parsed at once, the text gives the parser's own result. With definitions it is parsed
        // after a copy of them, and the parser may then find a note that it otherwise misses.
        if !text.contains("]: ") {
            prop_assert_eq!(document.blocks(), &read_once(&text)[..]);
        }
    }

    /// The cost of an update does not grow with the text: it parses the last block only, and the start of another.
    #[test]
    fn only_the_last_block_is_parsed_again(kinds in prop::collection::vec(0..BLOCKS.len(), 1..60), cut in 1..40usize) {
        let blocks: Vec<_> = kinds.iter().map(|kind| BLOCKS[*kind]).collect();
        let mut document = Document::default();
        for block in blocks {
            let mut rest = block;
            while !rest.is_empty() {
                let at = (cut.min(rest.len())..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap();
                document.push(&rest[..at]);
                rest = &rest[at..];
                document.update();
            }
            prop_assert!(document.open().len() <= block.len() + 80, "{:?}", document.open());
        }
    }

    /// A table whose rows come one by one looks as one that comes at once.
    #[test]
    fn a_growing_table_is_the_same(
        rows in prop::collection::vec(prop::sample::select(&ROWS[..]), 0..12),
        end in prop::sample::select(&ENDS[..]),
        step in 1..9usize,
    ) {
        let text = ["Before\n\n| a | $b_1$ |\n|:-:|---|\n", &*rows.concat(), end].concat();
        let letters: Vec<_> = text.chars().collect();
        let mut growing = Document::default();
        let mut so_far = String::new();
        for piece in letters.chunks(step) {
            let piece: String = piece.iter().collect();
            growing.push(&piece);
            growing.update();
            so_far += &piece;
            let mut whole = Document::default();
            whole.push(&so_far);
            whole.update();
            prop_assert_eq!(growing.blocks(), whole.blocks(), "{:?}", so_far);
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "[\\PC\n]{0,80}") {
        parse(&text);
        let mut document = Document::default();
        for letter in text.chars() {
            document.push(letter.encode_utf8(&mut [0; 4]));
            document.update();
        }
    }
}

fn read_once(text: &str) -> Vec<Node> {
    let mut definitions = Definitions::default();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let blocks = builder::read(&text, mask::Masked::new(&text, true), &mut definitions).blocks;
    blocks.into_iter().map(|(_, node)| node).collect()
}

#[test]
fn hostile_depth_is_flat() {
    for stone in ["> ", "- ", "*a ", "[", "**", "~~a", "1. ", "![", "_("] {
        let nodes = parse(&stone.repeat(20_000));
        assert!(!nodes.is_empty());
    }
}
