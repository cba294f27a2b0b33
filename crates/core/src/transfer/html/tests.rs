use proptest::prelude::*;

use super::*;
use crate::{
    chat::{Outcome, attachment::Kind, card, turn},
    transfer::{bundle::tests::a_chat, words::tests::ENGLISH},
};

/// Returns the elements of a page; checks that they are allowed and properly nested.
#[track_caller]
fn elements(page: &str) -> Vec<String> {
    const VOID: [&str; 4] = ["meta", "br", "hr", "img"];
    const KNOWN: &str = "html head meta title style body header section article div p span h1 h2 h3 h4 h5 h6 details summary figure img figcaption br hr code pre sup a blockquote ul ol li table tr th td em strong s math mi";
    const ATTRIBUTES: &str = "lang charset http-equiv content name dir tabindex aria-label role class src alt href rel title start id display";
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let body = page.strip_prefix("<!doctype html>").expect("a doctype");
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("an element that ends");
        assert!(
            !text.contains(['"', '\'']) || open.iter().any(|it| it == "style") || tag == "style",
            "{text}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{page}");
            continue;
        }
        let mut attributes = tag.split('"');
        let mut head = attributes.next().unwrap_or_default().split(' ');
        let name = head.next().unwrap_or_default();
        assert!(KNOWN.split(' ').any(|known| known == name), "{tag}");
        let mut attribute = head.next().unwrap_or_default().to_owned();
        while let (Some(_), Some(next)) = (attributes.next(), attributes.next()) {
            let attribute_name = attribute.strip_suffix('=').expect("a value");
            assert!(
                ATTRIBUTES.split(' ').any(|known| known == attribute_name),
                "{tag}"
            );
            attribute = next.trim_start().to_owned();
        }
        assert_eq!(attribute, "", "{tag}");
        found.push(tag.to_owned());
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert_eq!(open, [""; 0]);
    found
}

fn page(prompt: &str, text: &str) -> String {
    page_with(prompt, text, &Typeset::default())
}

fn page_with(prompt: &str, text: &str, typeset: &Typeset) -> String {
    let mut turn = Turn::new(turn::Id::new(1), prompt.into());
    turn.attachments.push(Attachment {
        id: 7.into(),
        name: "\"a\" onload=x".into(),
        kind: Kind::Image {
            width: 1,
            height: 1,
            original: None,
        },
        bytes: 1,
    });
    turn.receive(Answer {
        reasoning: text.into(),
        ..crate::chat::turn::tests::answer(text, Outcome::Complete)
    });
    let card = Card {
        turns: vec![turn],
        system: prompt.into(),
        name: text.into(),
        ..Card::new(card::Id::new(1))
    };
    let mut chat = Chat::new(crate::chat::Id::new(1), vec![card]);
    chat.title = prompt.into();
    write(
        &[(&chat, prompt.into())],
        &[(7.into(), text.into())],
        typeset,
        &ENGLISH,
    )
}

/// Returns the HTML of an answer.
fn said(text: &str) -> String {
    said_in(&page("", text))
}

/// Returns the HTML of a page's last answer.
fn said_in(page: &str) -> String {
    elements(page);
    let start = page.rfind("<div class=\"said\" dir=\"auto\">\n").unwrap();
    let said = &page[start + 30..page.rfind("</article>").unwrap()];
    said.strip_suffix("</div>\n").unwrap().to_owned()
}

#[test]
fn what_comes_beside_an_answer_is_written() {
    use crate::chat::{Extra, extra};
    let extra = |kind, name: &str, content: &str| Extra {
        content: content.into(),
        ..Extra::new(kind, name)
    };
    let file = |kind, id: u64, name: &str, is_sound| Extra {
        stored: Some(Attachment {
            id: id.into(),
            name: name.into(),
            kind: if is_sound {
                Kind::Sound
            } else {
                Kind::Image {
                    width: 1,
                    height: 1,
                    original: None,
                }
            },
            bytes: 1,
        }),
        ..Extra::new(kind, "")
    };
    let mut turn = Turn::new(turn::Id::new(1), "?".into());
    turn.receive(Answer {
        extras: vec![
            file(extra::Kind::Picture, 7, "picture.png", false),
            file(extra::Kind::Sound, 8, "sound.wav", true),
            extra(extra::Kind::Tool, "<f>", "{\"a\":1}"),
            extra(extra::Kind::Refusal, "", ""),
            extra(extra::Kind::Source, "A", "https://a.example/?b&\"c"),
            extra(extra::Kind::Source, "B", "javascript:x"),
        ],
        ..crate::chat::turn::tests::answer("", Outcome::Complete)
    });
    let card = Card {
        turns: vec![turn],
        ..Card::new(card::Id::new(1))
    };
    let chat = Chat::new(crate::chat::Id::new(1), vec![card]);
    let contents = [
        (7.into(), "data:image/png;base64,AAAA".to_owned()),
        (8.into(), "data:audio/wav;base64,AAAA".to_owned()),
    ];
    let page = write(
        &[(&chat, String::new())],
        &contents,
        &Typeset::default(),
        &ENGLISH,
    );
    elements(&page);
    for expected in [
        "<img src=\"data:image/png;base64,AAAA\" alt=\"picture.png\"><figcaption>Picture: picture.png",
        "<p class=\"more\">Sound: sound.wav</p>",
        "<p class=\"more\">Tool: &lt;f&gt;</p>",
        "<code>{&quot;a&quot;:1}</code>",
        "The model refused to answer.",
        "<li><a href=\"https://a.example/?b&amp;&quot;c\" rel=\"noopener noreferrer\">A</a></li>",
        "<li>B</li>",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    assert!(!page.contains("javascript:"));
}

#[test]
fn an_answer_is_written() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(said(text), expected);
    }
    check("# A *b*\nc\nd", "<h4>A <em>b</em></h4>\n<p>c<br>\nd</p>\n");
    check(
        "```rust\nif a < b {}\n```",
        "<div class=\"code\"><p class=\"more\">rust</p>\n<pre tabindex=\"0\"><code>if a &lt; b {}\n</code></pre></div>\n",
    );
    check(
        "$x<y$ and $$z$$",
        "<p><code class=\"maths\">$x&lt;y$</code> and <code class=\"maths display\">$$z$$</code></p>\n",
    );
    check(
        "|a|b|\n|-|-:|\n|1|~~2~~|",
        "<div class=\"table\" tabindex=\"0\"><table><tr><th>a</th><th class=\"right\">b</th></tr>\n<tr><td>1</td><td class=\"right\"><s>2</s></td></tr>\n</table></div>\n",
    );
    check("3. [x] a", "<ol start=\"3\"><li>☑ a</li>\n</ol>\n");
    check(
        "> [!TIP]\n> b",
        "<blockquote class=\"alert\"><p class=\"more\">Tip</p>\n<p>b</p>\n</blockquote>\n",
    );
    check(
        "[a](https://a.example/?x=1&y \"t\\\"\")",
        "<p><a href=\"https://a.example/?x=1&amp;y\" rel=\"noopener noreferrer\" title=\"t&quot;\">a</a></p>\n",
    );
    check(
        "![alt](https://a.example/b.png)",
        "<p><span class=\"image\">alt (<a href=\"https://a.example/b.png\" rel=\"noopener noreferrer\">https://a.example/b.png</a>)</span></p>\n",
    );
}

// Case look_export_formula.
#[test]
fn formulas_and_colours_are_written_where_there_are_some() {
    use crate::highlight::{Kind, Span};
    use typeset::{Code, Formula};
    let mut typeset = Typeset::default();
    let formula = |latex: &str, is_display| Formula {
        latex: latex.into(),
        is_display,
    };
    let code = |code: &str| Code {
        language: "rust".into(),
        code: code.into(),
    };
    let markup = "<math display=\"block\"><mi>x</mi></math>";
    typeset.add_formula(formula("x", true), markup.into());
    typeset.add_code(
        code("a < b\n"),
        vec![Span {
            start: 0,
            end: 3,
            kind: Kind::Keyword,
        }],
    );
    let text = "$$x$$ $x$\n```rust\na < b\n```\n```rust\nb\n```";
    assert_eq!(
        said_in(&page_with("", text, &typeset)),
        "<p><span class=\"maths display\"><math display=\"block\"><mi>x</mi></math></span> \
         <code class=\"maths\">$x$</code></p>\n\
         <div class=\"code\"><p class=\"more\">rust</p>\n<pre tabindex=\"0\"><code>\
         <span class=\"keyword\">a &lt;</span> b\n</code></pre></div>\n\
         <div class=\"code\"><p class=\"more\">rust</p>\n<pre tabindex=\"0\"><code>b\n</code></pre></div>\n"
    );
}

#[test]
fn what_is_hostile_is_text() {
    #[track_caller]
    fn check(text: &str) {
        let page = page(text, text);
        for tag in elements(&page) {
            let places = ["href=\"", "src=\""].into_iter();
            for (place, is_link) in places.zip([true, false]) {
                let Some((_, place)) = tag.split_once(place) else {
                    continue;
                };
                let allowed: &[&str] = if is_link {
                    &["https://", "http://", "mailto:", "#note-"]
                } else {
                    &["data:image/"]
                };
                assert!(
                    allowed.iter().any(|begin| place.starts_with(begin)),
                    "{tag}"
                );
            }
        }
        assert!(page.contains(POLICY));
    }
    for text in [
        "<script>alert(1)</script>",
        "</style><script>x</script>",
        "</title></head><body onload=x>",
        "<!-- x",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1)) [b](JAVASCRIPT:x) [c](data:text/html,x) [d](<java\tscript:x>)",
        "[a](https://b.example/\" onclick=\"x)",
        "[a](https://b.example 'x\" onclick=\"y')",
        "![a](javascript:x) ![b](data:image/svg+xml,<svg/onload=x>) ![\"><script>](http://a.example/?\"><b>)",
        "[![a](http://a.example/b.png)](http://c.example)",
        "```\"><script>\nx\n```",
        "[^\"><b>]\n\n[^\"><b>]: note",
        "<https://a.example/\"><b>> x@y.example",
        "data:image/png;base64,AAAA\" onerror=\"x",
        "data:image/png;base64,AAAA",
        "data:text/html,<script>x</script>",
        "\u{0}\u{1b}\u{7f}<\u{0}script>",
        "$\\href{javascript:x}{y}$",
    ] {
        check(text);
    }
}

#[test]
fn a_picture_is_in_the_page() {
    #[track_caller]
    fn check(content: &str, is_there: bool) {
        let page = page("?", content);
        let is_found = page.contains(&format!(
            "<img src=\"{content}\" alt=\"&quot;a&quot; onload=x\">"
        ));
        assert_eq!(is_found, is_there, "{page}");
        assert!(page.contains("Attachment: &quot;a&quot; onload=x"));
    }
    check("data:image/png;base64,iVBORw0KGgo=", true);
    check("https://a.example/b.png", false);
    check("data:image/png;base64,\"", false);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_chat_is_a_sound_page(chat in a_chat()) {
        elements(&write(&[(&chat, "today".into())], &[], &Typeset::default(), &ENGLISH));
    }

    #[test]
    fn any_markdown_is_a_sound_page(pieces in prop::collection::vec(prop::sample::select(&[
        "[", "](http://a.example \"t\")", "![", "](b)", "**", "_", "~~", "`", "\n", "\n\n", "> ", "- ", "1. ", "|a|\n|-|\n|",
        "<", ">", "\"", "'", "&", "</div>", "<!--", "$", "\\(", "[^1]", "[^1]: ", "http://a.example", "가", " ", "[!NOTE]\n",
    ][..]), 0..24)) {
        let text = pieces.concat();
        elements(&page(&text, &text));
    }
}
