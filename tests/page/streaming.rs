//! An answer while it streams: it looks right, stays in place, and ends as if it had come at once.

use serde_json::Value;

use crate::{
    answered, open, say,
    support::{Browser, Endpoint, Scope, Step, dist},
    wait_for,
};

/// A bit of everything.
const ALL: &str = "# Title\n\nA **bold _slanted_ word** and `code`, a [link](https://example.com \"title\"), \
    a reference[^1] and 한국어 **강조**는.\n\n1. one\n2. two\n   - nested\n   - [x] task\n\n\
    | a | b |\n|---|--:|\n| 1 | `2` |\n| ~~3~~ | 4 |\n\n\
    ```rust\nfn main() {\n    println!(\"hi\");\n}\nreturn\n```\n\n\
    > [!TIP]\n> Take care.\n>\n> ```\n> inner\n> ```\n\nInline $x^2$ and\n\n$$\n\\frac{a}{b}\n$$\n\n\
    <b>raw</b> [ref]\n\n![picture](https://example.com/a.png)\n\n---\n\nLine  \nbreak.\n\n\
    [ref]: https://example.com/ref\n[^1]: The note.\n";

/// Returns an answer as drawn, less the parts that may differ later: folding and numbers.
const DRAWN: &str = "const copy = it.querySelector(':scope > .text').cloneNode(true);
    for (const element of copy.querySelectorAll('*')) {
        element.removeAttribute('data-code');
        // Which is not drawn any more until it is clicked.
        element.classList.remove('folded');
        element.normalize();
    }
    return copy.innerHTML";

/// Cuts a text into pieces of one to five characters.
fn crumbs(text: &str) -> Vec<Step> {
    let letters: Vec<_> = text.chars().collect();
    let mut steps = Vec::new();
    let mut at = 0;
    for size in [1, 3, 2, 5, 1, 4].into_iter().cycle() {
        if at >= letters.len() {
            break;
        }
        let end = (at + size).min(letters.len());
        steps.push(Step::Say(letters[at..end].iter().collect()));
        // Gives the page a moment to show it.
        steps.push(Step::Rest(4));
        at = end;
    }
    steps.push(Step::Finish("stop"));
    steps
}

/// Gets one question answered, so that the drawing code is loaded.
async fn warm_up(card: &Scope) {
    card.send("Are you there?").await;
    card.logs("m heard: Are you there?").await;
    card.find("button", "Send").await;
}

/// Opens the page with one card that has received an answer, and sends another question.
async fn asked(steps: impl IntoIterator<Item = Step>) -> (Endpoint, Browser, Scope, Scope) {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    warm_up(&card).await;
    endpoint.will("m", steps);
    card.send("Go").await;
    let answer = card.nth("article", 3).await;
    (endpoint, browser, card, answer)
}

/// Waits until all of [`ALL`] is drawn, including colours and formulas, and returns it.
async fn drawn(answer: &Scope) -> Value {
    let formulas = if dist::has("maths") { 2 } else { 0 };
    answer.has("MathMLMath", formulas).await;
    answer
        .comes_true(
            "return [...it.querySelectorAll('pre span[class]')].some((it) => it.textContent === 'return')",
        )
        .await;
    answer.has("doc-footnote", 1).await;
    answer.script(DRAWN).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_in_crumbs_is_as_what_is_shown_again() {
    let (_endpoint, browser, card, answer) = asked(crumbs(ALL)).await;
    answer.says("The note.").await;
    card.find("button", "Send").await;
    let streamed = drawn(&answer).await;
    browser.reload().await;
    let answer = browser.card(1).await.nth("article", 3).await;
    let again = drawn(&answer).await;
    assert_eq!(streamed, again);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_closed_yet_looks_right_while_it_streams() {
    let (endpoint, browser, card, answer) = asked([
        say("Some **bold"),
        Step::Wait,
        say("er** words and `co"),
        Step::Wait,
        say("de`.\n\n| a | b |\n|---|---|\n| 1"),
        Step::Wait,
        say(" | 2 |\n\n```rust\nfn main() {\n    le"),
        Step::Wait,
        say("t x;\n}\n```\n\nAfter."),
        Step::Finish("stop"),
    ])
    .await;
    answer.has("strong", 1).await;
    assert_eq!(answer.texts("strong").await, ["bold"]);
    endpoint.go_on();
    answer.says("bolder words and co").await;
    let code = "return [...it.querySelectorAll('p code')].map((it) => it.textContent).join()";
    assert_eq!(answer.script(code).await, "co");
    endpoint.go_on();
    answer.has("table", 1).await;
    answer
        .comes_true("return it.querySelector('td')?.textContent === '1'")
        .await;
    endpoint.go_on();
    let block = answer.nth("figure", 0).await;
    block.says("rust").await;
    block
        .comes_true("return it.querySelector('pre').textContent === 'fn main() {\\n    le'")
        .await;
    let shown = answer.text().await;
    for sign in ["```", "**", "|"] {
        assert!(!shown.contains(sign), "{shown}");
    }
    endpoint.go_on();
    answer.says("After.").await;
    card.find("button", "Send").await;
    let code = block
        .script("return it.querySelector('pre').textContent")
        .await;
    assert_eq!(code, "fn main() {\n    let x;\n}\n");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_survives_more_of_the_answer_and_its_end() {
    let (endpoint, browser, card, answer) = asked([
        say("The first paragraph.\n\n```rust\nfn selected() {\n    let x = 1;\n"),
        Step::Wait,
        say("    x\n}\n```\n\nMore **and** more.\n\n"),
        Step::Wait,
        say("The end.[^1]\n\n[^1]: A note.\n"),
        Step::Finish("stop"),
    ])
    .await;
    answer.says("let x = 1;").await;
    // Selects from the paragraph into the code, which is still coming.
    let select = "const walk = document.createTreeWalker(it, NodeFilter.SHOW_TEXT);
        const nodes = [];
        while (walk.nextNode()) nodes.push(walk.currentNode);
        const from = nodes.find((node) => node.data.includes('first'));
        const to = nodes.find((node) => node.data.includes('selected') || node.data.includes('fn'));
        getSelection().setBaseAndExtent(from, 4, to, 2);
        return getSelection().toString()";
    let selected = answer.script(select).await;
    let words = selected.as_str().unwrap();
    assert!(
        words.starts_with("first paragraph.") && words.ends_with("fn"),
        "{words}"
    );
    let now = "return getSelection().toString()";
    for said in ["More and more.", "A note."] {
        endpoint.go_on();
        answer.says(said).await;
        assert_eq!(browser.script(now).await, selected);
    }
    card.find("button", "Send").await;
    // Waits for the formulas, the colours and the buttons below, too.
    answer.find("button", "Answer again").await;
    assert_eq!(browser.script(now).await, selected);
    // Selected text gets its colours once it is no longer selected.
    browser.script("getSelection().removeAllRanges()").await;
    answer
        .comes_true("return it.querySelectorAll('pre .line:first-child span[class]').length > 0")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_scrolled_back_stays_there_and_can_jump_to_the_latest() {
    let lines: Vec<_> = (0..60).map(|n| format!("Paragraph {n}.\n\n")).collect();
    let (endpoint, browser, card, answer) = asked([
        say(&lines.concat()),
        Step::Wait,
        say("More.\n\n"),
        say(&lines.concat()),
        Step::Wait,
        say("The very last.\n"),
        say(&lines.concat()),
        Step::Finish("stop"),
    ])
    .await;
    answer.says("Paragraph 59.").await;
    let log = card.find("log", "Messages").await;
    let is_at_end = "return it.scrollHeight - it.clientHeight - it.scrollTop < 2";
    log.comes_true(is_at_end).await;
    // At the end there is no such button, not even for the keyboard.
    card.count("button", "Jump to latest", 0).await;
    log.script("it.scrollTop = 100").await;
    card.find("button", "Jump to latest").await;
    endpoint.go_on();
    answer.says("More.").await;
    assert_eq!(log.script("return it.scrollTop").await, 100);
    let jump = card.find("button", "Jump to latest").await;
    jump.click().await;
    log.comes_true(is_at_end).await;
    card.count("button", "Jump to latest", 0).await;
    // The focus was on the button: it moves to the log.
    log.comes_true("return document.activeElement === it").await;
    // The log follows the answer again.
    endpoint.go_on();
    answer.says("The very last.").await;
    card.find("button", "Send").await;
    log.comes_true(is_at_end).await;
    card.count("button", "Jump to latest", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_complete_and_stored_though_its_tab_was_hidden() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    warm_up(&card).await;
    let mut steps = vec![say("Begun "), Step::Wait];
    steps.extend(
        crumbs(&"and **going** on, ".repeat(40))
            .into_iter()
            .filter(|step| !matches!(step, Step::Finish(_))),
    );
    steps.extend([say("to the last word."), Step::Finish("stop")]);
    endpoint.will("m", steps);
    card.send("Go").await;
    card.logs("Begun").await;
    let seen = "window.seen = [];
        document.addEventListener('visibilitychange', () => seen.push(document.visibilityState))";
    browser.script(seen).await;

    let (first, _) = browser.new_tab().await;
    // Another page of the same origin reads what the first one stores.
    browser.go("/models.json").await;
    endpoint.go_on();
    let stored = "return Object.entries(localStorage).some(([key, value]) =>
        key.startsWith('collate.v2.chat.') && value.includes('to the last word.')
            && /\"outcome\":\"complete\"[^]*\"outcome\":\"complete\"/.test(value))";
    wait_for(async || browser.script(stored).await == true).await;

    browser.driver.switch_to_window(first).await.unwrap();
    // The tab was indeed hidden.
    let seen = browser.script("return seen").await;
    assert_eq!(seen[0], "hidden", "{seen}");
    let answer = card.nth("article", 3).await;
    answer.says("going on, to the last word.").await;
    answer.has("strong", 40).await;
    card.find("button", "Send").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_is_drawn_too_though_it_ends_before_the_program_comes() {
    let (_endpoint, browser, card) = answered([
        say("All **at once**, with\n\n"),
        say("```\ncode\n```\n"),
        Step::Finish("stop"),
    ])
    .await;
    let answer = card.find("article", "m").await;
    answer.says("All at once, with").await;
    answer.has("figure", 1).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_sight_is_found() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let filler = "A paragraph of some length.\n\n".repeat(20);
    endpoint.will(
        "m",
        [
            say("A **needle** here.\n\n"),
            say(&filler),
            Step::Finish("stop"),
        ],
    );
    card.send("0").await;
    card.find("button", "Send").await;
    for number in 1..6 {
        endpoint.will("m", [say(&filler), Step::Finish("stop")]);
        card.send(&number.to_string()).await;
        card.count("article", "You", number + 1).await;
        card.find("button", "Send").await;
    }
    browser.reload().await;
    let card = browser.card(1).await;
    card.has("article", 12).await;
    let log = card.find("log", "Messages").await;
    log.comes_true("return it.scrollTop > 1000").await;
    // The browser's own search finds it.
    assert_eq!(
        browser.script("return window.find('needle here')").await,
        true
    );
    let found = browser.script("return String(getSelection())").await;
    assert_eq!(found, "needle here");
    browser.close().await;
}
