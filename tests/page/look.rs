//! What people see and keep: cases after public reports, in `tests/look`. Those that a parser can decide are in
//! `crates/core/src/markdown/tests/look.rs`.

use std::path::Path;

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{
    answered_with, open, say,
    support::{Browser, Endpoint, Scope, Step},
    wait_for,
};

/// The input of a case.
fn case(id: &str) -> String {
    let all = include_str!("../look/reported.json");
    let cases: Vec<Value> = serde_json::from_str(all).unwrap();
    let case = cases.iter().find(|case| case["id"] == id).unwrap();
    case["input"].as_str().unwrap().to_owned()
}

/// Every case has a test that names it.
#[test]
fn each_case_has_a_test() {
    fn read(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, all);
            } else if path
                .extension()
                .is_some_and(|ending| ending == "rs" || ending == "js")
            {
                all.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    for folder in [
        "tests",
        "crates/core/src",
        "crates/documents/src",
        "crates/documents/tests",
    ] {
        if root.join(folder).is_dir() {
            read(&root.join(folder), &mut tests);
        }
    }
    let cases: Vec<Value> = serde_json::from_str(include_str!("../look/reported.json")).unwrap();
    let ids = cases
        .iter()
        .map(|case| case["id"].as_str().unwrap().replace('-', "_"));
    let missing: Vec<_> = ids
        .filter(|id| !tests.contains(&format!("look_{id}")))
        .collect();
    assert!(missing.is_empty(), "{missing:?} of {}", cases.len());
}

/// Numbered paragraphs with these words.
fn paragraphs(from: usize, to: usize, words: &str) -> String {
    let paragraphs: Vec<_> = (from..to)
        .map(|number| format!("Paragraph {number}: {words}"))
        .collect();
    paragraphs.join("\n\n") + "\n\n"
}

/// The box of the first element that a selector finds: its top and its bottom.
async fn span(browser: &Browser, selector: &str) -> (f64, f64) {
    let found = browser
        .script(&format!(
            "const box = document.querySelector('{selector}').getBoundingClientRect();
             return [box.top, box.bottom]"
        ))
        .await;
    (found[0].as_f64().unwrap(), found[1].as_f64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn look_form_hides_messages() {
    let text = paragraphs(0, 20, "words") + "LAST WORDS";
    let (_endpoint, browser, card) = answered_with(&text).await;
    for (width, height) in [(1280, 720), (1400, 900), (390, 844), (640, 360)] {
        browser.screen(width, height, false).await;
        card.choose("Endpoint", "Custom model…").await;
        let form = card.find("form", "Custom model").await;
        let input = card.find("textbox", "Message").await;
        let draft = "A long draft. ".repeat(300);
        input
            .script(&format!(
                "it.value = {}; it.dispatchEvent(new Event('input', {{ bubbles: true }}))",
                json!(draft)
            ))
            .await;
        // What was said stays in sight, its end, too, and nothing lies over it.
        let log = card.find("log", "Messages").await;
        log.comes_true(
            "const [box, frame] = [it, it.parentElement].map((e) => e.getBoundingClientRect());
             const last = [...it.querySelectorAll('p')].filter((p) => p.textContent.includes('LAST WORDS'))[0];
             const words = last.getBoundingClientRect();
             const at = document.elementFromPoint(words.left + 4, (words.top + words.bottom) / 2);
             return box.height > 60 && box.bottom <= frame.bottom + 1 && words.top >= box.top
                && words.bottom <= box.bottom && last.contains(at)",
        )
        .await;
        let spans = [
            span(&browser, ".panel").await,
            span(&browser, ".messages-frame").await,
            span(&browser, ".composer").await,
            span(&browser, ".card").await,
        ];
        assert!(spans[0].1 <= spans[1].0 + 1.0, "{width}: {spans:?}");
        assert!(spans[1].1 <= spans[2].0 + 1.0, "{width}: {spans:?}");
        assert!(spans[2].1 <= spans[3].1 + 1.0, "{width}: {spans:?}");
        form.press("Close the form").await;
        card.count("form", "Custom model", 0).await;
        input
            .script("it.value = ''; it.dispatchEvent(new Event('input', { bubbles: true }))")
            .await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frame_of_a_numbered_formula_is_around_all_of_it() {
    let text = "$$\\boxed{\\frac{a}{b} + \\text{words}} \\tag{2}$$\n\n$$\\ce{^{238}_{92}U}$$";
    let (_endpoint, browser, card) = answered_with(text).await;
    let log = card.find("log", "Messages").await;
    // Numbers before a letter are whole, though they take no width.
    log.comes_true(
        "const wide = (text) => [...it.querySelectorAll('.m-lap-left mn')].find((e) => e.textContent === text)?.getBoundingClientRect().width;
         return wide('238') > wide('92')",
    )
    .await;
    log.comes_true(
        "const words = [...it.querySelectorAll('mtext')].find((e) => e.textContent === 'words');
         const frame = words?.closest('[style*=border]');
         return !!frame && frame.getBoundingClientRect().right >= words.getBoundingClientRect().right",
    )
    .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_formula_fits_on_paper() {
    let sum: Vec<_> = (1..60).map(|n| format!("a_{{{n}}}")).collect();
    let (_endpoint, browser, card) = answered_with(&format!("$$ {} $$", sum.join(" + "))).await;
    let log = card.find("log", "Messages").await;
    let width =
        "const formula = it.querySelector('.maths.display'); const width = formula?.scrollWidth;";
    log.comes_true(&format!(
        "{width} return width > 1000 && !!formula.querySelector('math')"
    ))
    .await;
    log.script("window.dispatchEvent(new Event('beforeprint'))")
        .await;
    log.comes_true(&format!(
        "{width} return formula.querySelector('math > *').getBoundingClientRect().width <= 640"
    ))
    .await;
    log.script("window.dispatchEvent(new Event('afterprint'))")
        .await;
    log.comes_true(&format!("{width} return width > 1000"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_without_its_endpoint_can_be_read_and_connected() {
    let (_endpoint, browser, card) = answered_with("Some words.").await;
    let settings = browser.settings().await;
    let delete = "document.querySelector('.endpoint [aria-label=Delete]').click()";
    browser.script(delete).await;
    settings.says("Endpoint deleted").await;
    settings.press("Close").await;
    let form = card.find("form", "Custom model").await;
    form.press("Close the form").await;
    card.count("form", "Custom model", 0).await;
    card.logs("Some words.").await;
    card.press("Connect this card…").await;
    card.find("form", "Custom model").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_table_code_narrow() {
    let text = "| 옵션 | 기본값 | 설명 | 예시 |\n|---|---|---|---|\n\
        | `--max-concurrent-requests` | `unlimited` | 한 번에 처리하는 요청의 최대 개수이며 값을 주지 않으면 제한하지 않습니다. | `--max-concurrent-requests=64` |\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    browser.screen(390, 844, true).await;
    let group = card.find("group", "Table").await;
    group
        .comes_true("return it.scrollWidth > it.clientWidth + 50")
        .await;
    let lines = "return [...it.querySelectorAll('td code')].map((code) => Math.round(code.getBoundingClientRect().height / parseFloat(getComputedStyle(code).lineHeight)))";
    let lines = group.script(lines).await;
    for lines in lines.as_array().unwrap() {
        assert!(lines.as_u64().unwrap() <= 2, "{lines} lines");
    }
    let is_within = "return document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(browser.script(is_within).await, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_table_cjk_narrow() {
    let cells = |word: &str| format!("| {} |\n", [word; 10].join(" | "));
    let rows = ["머리글", "---", "데이터베이스", "データベース"];
    let text: String = rows.map(cells).concat();
    let (_endpoint, browser, card) = answered_with(&text).await;
    browser.screen(390, 844, true).await;
    let group = card.find("group", "Table").await;
    group
        .comes_true("return it.scrollWidth > it.clientWidth + 50")
        .await;
    let whole = "return [...it.querySelectorAll('tr:nth-child(2) td')].every((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getClientRects().length === 1;
    })";
    assert_eq!(group.script(whole).await, true);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_rtl_code() {
    let (_endpoint, browser, card) = answered_with(&case("rtl-code")).await;
    let answer = card.find("article", "m").await;
    answer
        .comes_true(
            "const style = (selector) => getComputedStyle(it.querySelector(selector));
             const ltr = (selector) => style(selector).direction === 'ltr';
             return ltr('pre') && ltr('li code') && style('li code').unicodeBidi === 'isolate'
                && style('li').direction === 'rtl' && style('ul').direction === 'rtl'",
        )
        .await;
    // The code begins at the left, its sentence at the right.
    answer
        .comes_true(
            "const line = it.querySelector('pre .line');
             const range = document.createRange();
             range.selectNodeContents(line);
             const [text, box] = [range.getBoundingClientRect(), it.querySelector('pre').getBoundingClientRect()];
             return text.left - box.left < 40",
        )
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_rtl_paragraphs() {
    let text = case("rtl-paragraphs")
        + "\n\n> اقتباس قصير.\n\n| الاسم | b |\n|--|--|\n| واحد | two |\n\n`code` أول";
    let endpoint = Endpoint::start(&["m"]).await;
    endpoint.will("m", [say(&text), Step::Finish("stop")]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input.type_in("مرحبا").await;
    for _ in 0..2 {
        input.type_in(Key::Shift + Key::Enter).await;
    }
    input.type_in("Hello").await;
    input.type_in(Key::Enter).await;
    card.find("button", "Send").await;
    let directions = "return [...it.querySelectorAll('.text :is(p, td, th)')].map((e) => getComputedStyle(e).direction)";
    let answer = card.find("article", "m").await;
    answer
        .comes_true(&format!(
            "{} .join(' ') === 'ltr rtl rtl rtl rtl ltr rtl ltr rtl'",
            directions.replace("return ", "return (") + ")"
        ))
        .await;
    let question = card.find("article", "You").await;
    assert_eq!(question.script(directions).await, json!(["rtl", "ltr"]));
    browser.close().await;
}

/// Selects the content of an element, and copies it.
async fn copied(browser: &Browser, of: &Scope, selector: &str) -> String {
    browser.allow_clipboard().await;
    of.script(&format!(
        "document.activeElement.blur(); getSelection().selectAllChildren(it.querySelector('{selector}'))"
    ))
    .await;
    let cdp = browser.driver.cdp();
    for kind in ["keyDown", "keyUp"] {
        let commands = if kind == "keyDown" {
            json!(["copy"])
        } else {
            json!([])
        };
        let key = json!({
            "type": kind, "key": "c", "code": "KeyC", "modifiers": 2,
            "windowsVirtualKeyCode": 67, "commands": commands,
        });
        cdp.send_raw("Input.dispatchKeyEvent", key).await.unwrap();
    }
    browser.clipboard().await
}

#[tokio::test(flavor = "multi_thread")]
async fn look_formula_copy() {
    let text = "Energy is $E = mc^2$ and $\\frac{a+b}{2}$ here.";
    let (_endpoint, browser, card) = answered_with(text).await;
    card.comes_true("return it.querySelectorAll('math').length > 1")
        .await;
    let answer = card.find("article", "m").await;
    assert_eq!(copied(&browser, &answer, ".text p").await, text);
    // A part of a formula is the whole of it.
    assert_eq!(copied(&browser, &answer, "mfrac").await, "$\\frac{a+b}{2}$");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_copy_selection() {
    let text = "1. one\n2. two\n   - inner\n\n| a | b |\n|--|--|\n| $x$ | 2 |\n\n```\nl1\nl2\n```\n\n> said";
    let (_endpoint, browser, card) = answered_with(text).await;
    let answer = card.find("article", "m").await;
    answer
        .comes_true("return it.querySelectorAll('math').length > 0")
        .await;
    let text = copied(&browser, &answer, ".text").await;
    for part in [
        "1. one\n2. two\n   - inner",
        "a\tb\n$x$\t2",
        "l1\nl2\n",
        "said",
    ] {
        assert!(text.contains(part), "{part:?} in {text:?}");
    }
    assert!(!text.contains("Copy"), "{text:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_copy_newline() {
    let (_endpoint, browser, card) = answered_with(&case("copy-newline")).await;
    browser.allow_clipboard().await;
    let answer = card.find("article", "m").await;
    answer.nth("figure", 0).await.press("Copy").await;
    answer.find("button", "Copied").await;
    assert_eq!(
        browser.clipboard().await,
        "curl -fsSL https://example.com/install.sh | sh"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_copied_in_three_formats() {
    let text = "| Company | Note |\n|:--|--:|\n| Apple, Inc | says \"hi\" |\n| **M** `a\\|b` $x$ | one<br>two |\n| =1+1 | -5 |\n";
    let (_endpoint, browser, card) = answered_with(text).await;
    browser.allow_clipboard().await;
    card.comes_true("return it.querySelectorAll('math').length > 0")
        .await;
    let group = card.find("group", "Table").await;
    for (format, expected) in [
        (
            "As Markdown",
            "| Company | Note |\n| :-- | --: |\n| Apple, Inc | says \"hi\" |\n| **M** `a\\|b` $x$ | one<br>two |\n| =1+1 | -5 |\n",
        ),
        (
            "As CSV",
            "Company,Note\r\n\"Apple, Inc\",\"says \"\"hi\"\"\"\r\nM a|b $x$,\"one\ntwo\"\r\n'=1+1,-5\r\n",
        ),
        (
            "For spreadsheets",
            "Company\tNote\nApple, Inc\tsays \"hi\"\nM a|b $x$\tone two\n'=1+1\t-5",
        ),
    ] {
        group
            .script("const copy = it.parentElement.querySelector('details'); copy.open = true")
            .await;
        card.press(format).await;
        group
            .comes_true("return it.parentElement.querySelector('summary').textContent === 'Copied'")
            .await;
        assert_eq!(
            browser.clipboard().await.replace('\r', ""),
            expected.replace('\r', ""),
            "{format}"
        );
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_synced_large_draft() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (card, other) = (browser.card(1).await, browser.card(2).await);
    let input = card.find("textbox", "Message").await;
    input.element().focus().await.unwrap();
    let text = "let value = compute(input); // 주석\n".repeat(8_000);
    browser.paste(&text).await;
    input.type_in("x").await;
    // The other card follows once the keys rest, and at once when it is entered.
    let length = text.encode_utf16().count() + 1;
    let is_whole = format!("return it.value.length === {length}");
    input.comes_true(&is_whole).await;
    let second = other.find("textbox", "Message").await;
    second.comes_true(&is_whole).await;
    second.type_in("y").await;
    input
        .comes_true(&format!("return it.value.length === {}", length + 1))
        .await;
    // It is offered as a file.
    card.press("Attach as text file").await;
    card.find("button", "Preview pasted.txt").await;
    input.holds("xy").await;
    second.holds("xy").await;
    card.send("").await;
    wait_for(async || endpoint.prompts().len() == 2).await;
    for prompt in endpoint.prompts() {
        assert!(
            prompt.len() < 100 && prompt.contains("xy"),
            "{}",
            prompt.len()
        );
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_paste_follows_the_setting() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let text = "words ".repeat(3_000);
    let choose = async |value: &str| {
        let settings = browser.settings().await;
        settings.select("A long text that is pasted", value).await;
        settings.press("Close").await;
    };
    choose("Attach it as a text file").await;
    let input = card.find("textbox", "Message").await;
    input.element().focus().await.unwrap();
    browser.paste(&text).await;
    card.find("button", "Preview pasted.txt").await;
    input.holds("").await;
    choose("Put it into the message").await;
    input.element().focus().await.unwrap();
    browser.paste(&text).await;
    input.holds(&text).await;
    card.count("button", "Attach as text file", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_print() {
    let text: String = paragraphs(0, 30, &"words ".repeat(40));
    let code = format!("```\n{}\n```\n", "line\n".repeat(80));
    let (_endpoint, browser, card) = answered_with(&[text, code].concat()).await;
    card.find("button", "Send").await;
    // As the browser does before it prints.
    browser
        .script("dispatchEvent(new Event('beforeprint'))")
        .await;
    let media = json!({ "media": "print" });
    let cdp = browser.driver.cdp();
    cdp.send_raw("Emulation.setEmulatedMedia", media)
        .await
        .unwrap();
    browser.screen(794, 1123, false).await;
    let log = card.find("log", "Messages").await;
    log.comes_true(
        "const shown = (element) => element && element.checkVisibility() && element.getBoundingClientRect().height > 0;
         const head = it.querySelector('h2');
         return it.scrollHeight <= it.clientHeight + 1 && document.documentElement.scrollHeight > 3000
            && shown(head) && head.textContent === 'm'
            && [...it.querySelectorAll('.passage > *')].every(shown)
            && it.querySelector('figure pre').scrollHeight <= it.querySelector('figure pre').clientHeight + 1
            && ![...document.querySelectorAll('button, textarea')].some(shown)",
    )
    .await;
    let sheets = cdp.send_raw("Page.printToPDF", json!({})).await.unwrap();
    // About 4 bytes of base64 for 3 of the file: more than one sheet's.
    assert!(sheets["data"].as_str().unwrap().len() > 20_000);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_menu_prints() {
    let (_endpoint, browser, card) = answered_with("Some words.").await;
    browser
        .script("window.print = () => { window.isPrinted = true }")
        .await;
    card.choose_more("Print").await;
    wait_for(async || browser.script("return window.isPrinted === true").await == true).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_preview_storage() {
    let code = "<h1>To do</h1><button id=b>Add</button><ul id=l></ul><script>
        const items = JSON.parse(localStorage.getItem('todos') || '[]');
        const cookie = document.cookie;
        b.onclick = () => { items.push('one'); localStorage.todos = JSON.stringify(items); sessionStorage.setItem('s', 1);
            l.innerHTML = JSON.parse(localStorage['todos']).map((item) => `<li>${item}`).join('');
            alert('done'); console.error('went wrong'); };
        b.click();
        fetch('https://example.invalid/x').catch(() => {});
        nothing.here;
        </script>";
    let text = format!("```html\n{code}\n```\n");
    let (_endpoint, browser, card) = answered_with(&text).await;
    browser.expect_violations();
    card.press("Preview").await;
    let frame = browser
        .driver
        .find(thirtyfour::By::Css("iframe"))
        .await
        .unwrap();
    frame.enter_frame().await.unwrap();
    let says = async |selector: &str, words: &str| {
        let look = format!("return document.querySelector('{selector}')?.textContent ?? ''");
        wait_for(async || {
            browser
                .script(&look)
                .await
                .as_str()
                .unwrap()
                .contains(words)
        })
        .await;
    };
    says("#l", "one").await;
    let told = "return [...document.querySelectorAll('div')].map((it) => it.shadowRoot?.textContent ?? '').join(' ')";
    for words in [
        "only while its preview is open",
        "alert(\"done\")",
        "went wrong",
        "nothing is not defined",
        "example.invalid",
    ] {
        wait_for(async || browser.script(told).await.as_str().unwrap().contains(words)).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_scroll_nudge() {
    let text = paragraphs(0, 60, "words");
    let (_endpoint, browser, card) = answered_with(&text).await;
    let log = card.find("log", "Messages").await;
    log.comes_true("return it.scrollTop + it.clientHeight >= it.scrollHeight - 2")
        .await;
    // Less than two lines up still counts as the end: the next answer is followed.
    log.script("it.scrollTop -= 24").await;
    card.send("More").await;
    log.comes_true("return it.scrollTop + it.clientHeight >= it.scrollHeight - 2")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_scroll_trackpad() {
    let endpoint = Endpoint::start(&["m"]).await;
    let lines = |from, to| paragraphs(from, to, "words");
    endpoint.will(
        "m",
        [
            say(&lines(0, 60)),
            Step::Wait,
            say(&lines(60, 90)),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let log = card.find("log", "Messages").await;
    log.comes_true("return it.textContent.includes('Paragraph 59:') && it.scrollTop > 200")
        .await;
    // Small steps of a wheel add up: the answer that comes does not pull back.
    log.comes_true("return it.scrollTop + it.clientHeight >= it.scrollHeight - 2")
        .await;
    let place = log
        .script("const box = it.getBoundingClientRect(); return [box.left + 50, box.top + 50]")
        .await;
    let cdp = browser.driver.cdp();
    for delta in [-1, -2, -5, -8, -20, -60, -120] {
        let wheel = json!({ "type": "mouseWheel", "x": place[0], "y": place[1], "deltaX": 0, "deltaY": delta });
        cdp.send_raw("Input.dispatchMouseEvent", wheel)
            .await
            .unwrap();
    }
    log.comes_true("return it.scrollTop + it.clientHeight < it.scrollHeight - 190")
        .await;
    card.find("button", "Jump to latest").await;
    let before = log.script("return it.scrollTop").await;
    endpoint.go_on();
    log.comes_true("return it.textContent.includes('Paragraph 89:')")
        .await;
    card.find("button", "Send").await;
    assert_eq!(log.script("return it.scrollTop").await, before);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn look_undo() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (first, second) = (browser.card(1).await, browser.card(2).await);
    for (typed, other) in [(&first, &second), (&second, &first)] {
        let input = typed.find("textbox", "Message").await;
        input.type_in("one two").await;
        input.type_in(Key::Control + "a").await;
        input.type_in("x").await;
        other.find("textbox", "Message").await.holds("x").await;
        for _ in 0..12 {
            if input.script("return it.value").await == "one two" {
                break;
            }
            input.type_in(Key::Control + "z").await;
        }
        input.holds("one two").await;
        other
            .find("textbox", "Message")
            .await
            .holds("one two")
            .await;
        input.type_in(Key::Control + "a").await;
        input.type_in(Key::Backspace).await;
    }
    browser.close().await;
}
