//! Markdown as drawn, and as a user sees, hears and operates it.

use crate::{
    answered_with,
    support::{Scope, dist},
};

/// Returns the text of a part of the page, visible or not.
async fn content(of: &Scope) -> String {
    let content = of.script("return it.textContent").await;
    content.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_has_the_roles_of_what_it_means() {
    let text = "# One\n\nSome **bold**, *slanted* and ~~struck~~ `code()` at https://example.com/a.\n\n\
        ## Two\n\n- a\n- b\n  1. c\n  2. d\n\nThen:\n\n- [x] done\n- [ ] open\n\n\
        | Left | Right |\n|:--|--:|\n| 1 | **2** |\n| 3 | 4 |\n\n> quoted\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.find("heading", "One").await;
    answer.find("heading", "Two").await;
    // They are below the page's own headings, in their order.
    let levels = answer
        .script("return [...it.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => h.tagName)")
        .await;
    assert_eq!(levels, serde_json::json!(["H3", "H4"]));
    assert_eq!(answer.texts("strong").await, ["bold", "2"]);
    assert_eq!(answer.texts("emphasis").await, ["slanted"]);
    assert_eq!(answer.texts("deletion").await, ["struck"]);
    let link = answer.find("link", "https://example.com/a").await;
    assert_eq!(link.attr("target").await.as_deref(), Some("_blank"));
    assert_eq!(
        link.attr("rel").await.as_deref(),
        Some("noopener noreferrer")
    );

    answer.has("list", 3).await;
    let items = answer.texts("listitem").await;
    assert_eq!(items.first().map(String::as_str), Some("a"));
    assert!(items.contains(&"c".to_owned()), "{items:?}");
    let tasks =
        "return [...it.querySelectorAll('input')].map((task) => [task.checked, task.disabled])";
    let tasks = answer.script(tasks).await;
    assert_eq!(tasks, serde_json::json!([[true, true], [false, true]]));

    let group = answer.find("group", "Table").await;
    let table = group.nth("table", 0).await;
    assert_eq!(table.names("columnheader").await, ["Left", "Right"]);
    assert_eq!(table.texts("cell").await, ["1", "2", "3", "4"]);
    let right = table.nth("cell", 1).await;
    right
        .comes_true("return ['right', 'end'].includes(getComputedStyle(it).textAlign)")
        .await;

    // No markup is left.
    let shown = content(&answer).await;
    for sign in ["**", "~~", "# ", "|", "[x]", "`"] {
        assert!(!shown.contains(sign), "{sign} in {shown}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_has_its_language_and_can_be_copied_and_wrapped() {
    let code = "int main() {\n\treturn 0; // <b>&amp;</b>\n}\n";
    let long = "x".repeat(400);
    let text = format!(
        "```c++\n{code}```\n\nand\n\n```objective-c\n@import Foundation;\n```\n\n```\n{long}\n```\n"
    );
    let (_endpoint, browser, card) = answered_with(&text).await;
    browser.allow_clipboard().await;
    let answer = card.find("article", "m").await;
    answer.has("figure", 3).await;
    answer.nth("figure", 0).await.says("c++").await;
    answer.nth("figure", 1).await.says("objective-c").await;
    let plain = answer.nth("figure", 2).await;
    plain.says("Code").await;

    let first = answer.nth("figure", 0).await;
    first.press("Copy").await;
    first.find("button", "Copied").await;
    assert_eq!(browser.clipboard().await, code.trim_end());
    // Then it has its name again.
    first.find("button", "Copy").await;

    let wrap = plain.find("button", "Wrap lines").await;
    assert_eq!(wrap.attr("aria-pressed").await.as_deref(), Some("false"));
    let is_wide = "const pre = it.querySelector('pre'); return pre.scrollWidth > pre.clientWidth";
    assert_eq!(plain.script(is_wide).await, true);
    wrap.click().await;
    assert_eq!(wrap.attr("aria-pressed").await.as_deref(), Some("true"));
    assert_eq!(plain.script(is_wide).await, false);
    // Copying takes the text as written, not as shown.
    plain.press("Copy").await;
    plain.find("button", "Copied").await;
    assert_eq!(browser.clipboard().await, long);
    wrap.click().await;
    assert_eq!(wrap.attr("aria-pressed").await.as_deref(), Some("false"));
    assert_eq!(plain.script(is_wide).await, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_code_is_folded_when_a_chat_is_opened_again() {
    let lines: Vec<_> = (1..=80).map(|n| format!("line {n}\n")).collect();
    let text = format!("```\n{}```\n\n```\nshort\n```\n", lines.concat());
    let (_endpoint, browser, _card) = answered_with(&text).await;
    browser.reload().await;
    let card = browser.card(1).await;
    let answer = card.find("article", "m").await;
    answer.has("figure", 2).await;
    let long = answer.nth("figure", 0).await;
    let fold = long.find("button", "Show all 80 lines").await;
    assert_eq!(fold.attr("aria-expanded").await.as_deref(), Some("false"));
    let is_whole =
        "const [pre, lines] = [it.querySelector('pre'), it.querySelectorAll('code > *')];
        return lines[79].getBoundingClientRect().bottom <= pre.getBoundingClientRect().bottom + 1";
    assert_eq!(long.script(is_whole).await, false);
    fold.click().await;
    long.find("button", "Fold").await;
    assert_eq!(fold.attr("aria-expanded").await.as_deref(), Some("true"));
    assert_eq!(long.script(is_whole).await, true);
    fold.click().await;
    long.find("button", "Show all 80 lines").await;
    assert_eq!(long.script(is_whole).await, false);
    // Short code stays as it is.
    let short = answer.nth("figure", 1).await;
    assert_eq!(short.names("button").await, ["Wrap lines", "Copy"]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_come_to_code_and_its_text_stays() {
    let code = "fn main() {\n    let text = \"다섯 &amp; <b>\";\n    return text;\n}\n";
    let text = format!("```rust\n{code}```\n\n```no-such-language\nfn main\n```\n");
    let (_endpoint, browser, _card) = answered_with(&text).await;
    for _ in 0..2 {
        let answer = browser.card(1).await.find("article", "m").await;
        let block = answer.nth("figure", 0).await;
        let shown = "return it.querySelector('pre').textContent";
        block
            .comes_true(
                "return [...it.querySelectorAll('pre span[class]')].some((span) =>
                    span.textContent === 'fn' && getComputedStyle(span).color !==
                        getComputedStyle(it.querySelector('pre')).color)",
            )
            .await;
        assert_eq!(block.script(shown).await, code);
        let other = answer.nth("figure", 1).await;
        assert_eq!(other.script(shown).await, "fn main\n");
        browser.reload().await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn formulas_are_set_and_money_is_not() {
    if !dist::has("maths") {
        return;
    }
    let text = "Inline $x^2$ and \\(y_1\\), then\n\n$$\\frac{a}{b}$$\n\nand\n\n\\[\\sqrt{z}\\]\n\n\
        It costs $5 and $10. What is wrong stays: $\\frobnicate{q}$.\n\n`$code$`\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.has("MathMLMath", 4).await;
    let parts = "return ['msup', 'msub', 'mfrac', 'msqrt'].map((name) => it.querySelectorAll('math ' + name).length)";
    assert_eq!(answer.script(parts).await, serde_json::json!([1, 1, 1, 1]));
    let is_block = "return [...it.querySelectorAll('math')].map((math) => math.getAttribute('display') === 'block')";
    assert_eq!(
        answer.script(is_block).await,
        serde_json::json!([false, false, true, true])
    );
    answer.says("It costs $5 and $10.").await;
    answer.says("What is wrong stays: $\\frobnicate{q}$.").await;
    answer.says("$code$").await;
    let shown = content(&answer).await;
    for written in ["$x^2$", "\\(", "$$", "\\["] {
        assert!(!shown.contains(written), "{written} in {shown}");
    }
    browser.close().await;
}

// Cases look_math_no_font and look_dark_colours.
#[tokio::test(flavor = "multi_thread")]
async fn formulas_have_frames_and_brackets_that_grow_and_legible_colours() {
    if !dist::has("maths") {
        return;
    }
    let text = "$$\\boxed{x = 42}$$\n\n$$\\begin{pmatrix}1&2\\\\3&4\\\\5&6\\end{pmatrix}$$\n\n\
        $\\color{#00008B} y$ $\\ce{H2O}$ $\\newcommand{\\own}[1]{\\frac{#1}{7}}$ $\\own{z}$\n\n\
        $$a = b \\\\ c = d \\tag{1}$$\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.has("MathMLMath", 7).await;
    let is_framed = "return [...it.querySelectorAll('mrow')].some((row) =>
        row.textContent === 'x=42' && getComputedStyle(row).borderTopStyle === 'solid')";
    assert_eq!(answer.script(is_framed).await, true);
    // The page brings a font where the system has none.
    answer
        .comes_true(
            "const [bracket, table] = ['math mo', 'math mtable'].map((name) =>
                 [...it.querySelectorAll(name)].find((part) => part.matches('mtable, [form=prefix]')));
             return bracket.getBoundingClientRect().height > 0.8 * table.getBoundingClientRect().height",
        )
        .await;
    assert_eq!(
        answer
            .script("return it.querySelectorAll('mfrac').length")
            .await,
        1
    );
    answer.says("(1)").await;
    // The asked colour, on the card's ground, in both themes.
    let contrast = "document.documentElement.dataset.theme = THEME;
        const luminance = (colour) => {
            const context = document.createElement('canvas').getContext('2d');
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
            const linear = [...context.getImageData(0, 0, 1, 1).data].map((value) =>
                value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
        };
        const ink = luminance(getComputedStyle(it.querySelector('math .m-ink')).color);
        const ground = luminance(getComputedStyle(it.closest('section.card')).backgroundColor);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05)";
    for theme in ["'light'", "'dark'"] {
        let found = answer.script(&contrast.replace("THEME", theme)).await;
        assert!(found.as_f64() >= Some(4.5), "{theme}: {found}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn korean_emphasis_next_to_particles_reads_as_meant() {
    let text = "**강조**는 되고, **\"따옴표\"**로도 되고, **괄호(안)**이 있어도 되며, *기울임*입니다. 5~10개, 3~4일.";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.has("strong", 3).await;
    assert_eq!(
        answer.texts("strong").await,
        ["강조", "\"따옴표\"", "괄호(안)"]
    );
    assert_eq!(answer.texts("emphasis").await, ["기울임"]);
    answer.says("강조는 되고").await;
    answer.says("5~10개, 3~4일.").await;
    answer.has("deletion", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_leads_to_its_note_in_the_same_answer_and_back() {
    let text = "First[^a] and second[^b].\n\n[^a]: The first note.\n[^b]: The second note.\n";
    let (endpoint, browser, card) = answered_with(text).await;
    endpoint.will(
        "m",
        [crate::say(text), crate::support::Step::Finish("stop")],
    );
    card.send("Again").await;
    card.count("article", "m", 2).await;
    card.find("button", "Send").await;
    let second = card.nth("article", 3).await;
    assert_eq!(second.attr("aria-label").await.as_deref(), Some("m"));
    second.has("doc-footnote", 2).await;
    let mark = second.nth("doc-noteref", 1).await;
    mark.click().await;
    let focused = "const note = document.activeElement;
        return it.contains(note) && note.getAttribute('role') === 'doc-footnote'
            && note.textContent.includes('The second note.')";
    second.comes_true(focused).await;
    let note = second.nth("doc-footnote", 1).await;
    note.nth("doc-backlink", 0).await.click().await;
    mark.comes_true("return document.activeElement === it")
        .await;
    // The address is the chat's, as before.
    assert!(browser.address().await.starts_with("/chat/"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_says_of_which_kind_it_is() {
    let text = "> [!WARNING]\n> Hot **soup**.\n\n> [!NOTE]\n> Cold.\n\n> [!NOSUCH]\n> Plain.\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.has("note", 2).await;
    let warning = answer.nth("note", 0).await;
    assert_eq!(warning.text().await, "Warning\nHot soup.");
    assert_eq!(answer.nth("note", 1).await.text().await, "Note\nCold.");
    answer.says("[!NOSUCH]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_drawn_speaks_the_readers_language() {
    let text = "```html\n<b>\n```\n\n```\nplain\n```\n\n> [!NOTE]\n> x\n\n![a](https://example.com/a.png)\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer.has("figure", 2).await;
    let settings = browser.settings().await;
    settings.select("Language", "한국어").await;
    settings.press("닫기").await;
    let block = answer.nth("figure", 1).await;
    assert_eq!(block.names("button").await, ["줄 바꿈", "복사"]);
    block.says("코드").await;
    answer
        .find("button", "이미지 불러오기 a (example.com)")
        .await;
    browser.close().await;
}
