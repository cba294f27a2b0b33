//! The input: keys and input methods.

use thirtyfour::Key;

use crate::{
    open,
    support::{Browser, Endpoint},
};

#[tokio::test(flavor = "multi_thread")]
async fn korean_is_sent_by_one_enter() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (card, other) = (browser.card(1).await, browser.card(2).await);
    let input = card.find("textbox", "Message").await;
    input.element().focus().await.unwrap();
    let cdp = browser.driver.cdp();
    let compose = async |text: &str| {
        let at = text.encode_utf16().count();
        let params = serde_json::json!({ "text": text, "selectionStart": at, "selectionEnd": at });
        cdp.send_raw("Input.imeSetComposition", params)
            .await
            .unwrap();
    };
    let commit = async |text: &str| {
        cdp.send_raw("Input.insertText", serde_json::json!({ "text": text }))
            .await
            .unwrap();
    };
    for step in ["ㅇ", "아", "안"] {
        compose(step).await;
    }
    commit("안").await;
    other.find("textbox", "Message").await.holds("안").await;
    for step in ["ㄴ", "녀", "녕"] {
        compose(step).await;
    }
    // The text being composed is not mirrored yet.
    input.holds("안녕").await;
    other.find("textbox", "Message").await.holds("안").await;
    // Enter while the syllable is being composed: Chrome's order of events.
    let enter = serde_json::json!({
        "type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229,
    });
    cdp.send_raw("Input.dispatchKeyEvent", enter).await.unwrap();
    commit("녕").await;
    card.logs("m heard: 안녕").await;
    other.logs("m heard: 안녕").await;
    input.holds("").await;
    assert_eq!(endpoint.prompts(), ["안녕", "안녕"]);
    browser.close().await;
}

/// Plays an input method in the first card's input: each word of the script is one event, in the
/// browser's order.
///
/// - `start`, `end`: compositionstart, compositionend
/// - `=text`: the composition is this, appended to what was there before it
/// - `enter`, `enter*`, `enter229`: keydown of Enter; during a composition; with key code 229 alone
/// - `process`: the same during a composition, as Windows' Korean input method calls it
/// - `|`: the browser goes on to the next task
async fn play(browser: &Browser, script: &str) {
    let play = "
        const [script, done] = arguments;
        const input = document.querySelector('textarea');
        input.focus();
        let base = input.value, last = '';
        const fire = (Type, type, init) =>
            input.dispatchEvent(new Type(type, { bubbles: true, cancelable: true, ...init }));
        const enter = (init) => fire(KeyboardEvent, 'keydown', { key: 'Enter', code: 'Enter', ...init });
        for (const event of script.split(' ')) {
            if (event === 'start') { base = input.value; fire(CompositionEvent, 'compositionstart', { data: '' }); }
            else if (event === 'end') fire(CompositionEvent, 'compositionend', { data: last });
            else if (event === 'enter') enter({ keyCode: 13 });
            else if (event === 'enter*') enter({ keyCode: 229, isComposing: true });
            else if (event === 'enter229') enter({ keyCode: 229 });
            else if (event === 'process') enter({ key: 'Process', keyCode: 229, isComposing: true });
            else if (event === 'input') fire(InputEvent, 'input', { data: last });
            else if (event === '|') await new Promise((next) => setTimeout(next));
            else {
                last = event.slice(1);
                fire(CompositionEvent, 'compositionupdate', { data: last });
                input.value = base + last;
                fire(InputEvent, 'input', { data: last, isComposing: true });
            }
        }
        await new Promise((next) => setTimeout(next, 20));
        done();";
    let play = format!("(async (...arguments) => {{ {play} }})(...arguments)");
    let script = serde_json::json!(script);
    browser
        .driver
        .execute_async(play, vec![script])
        .await
        .unwrap();
}

/// 안녕하세 typed and committed, and 요 being composed.
const HELLO: &str = "start =ㅇ =아 =안 end input start =ㄴ =녀 =녕 end input start =ㅎ =하 end input \
    start =ㅅ =세 end input start =ㅇ =요";

#[tokio::test(flavor = "multi_thread")]
async fn one_enter_sends_hangul_in_every_browsers_order() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (card, other) = (browser.card(1).await, browser.card(2).await);
    let orders = [
        // Chrome: the key during the composition, then its end
        "enter* end input",
        // Chrome on macOS: the key once more, at once or later
        "enter* end input enter",
        "enter* end input | enter",
        // Windows: the key as the input method's, then as itself
        "process end input",
        "process end input | enter",
        // Firefox: the text changes before the composition ends
        "enter* input end",
        "enter* input end | enter",
        // Safari: the end comes first, the key after
        "end input enter229",
        "input end enter229",
        "end input | enter229",
    ];
    for (done, order) in orders.iter().enumerate() {
        play(&browser, &format!("{HELLO} {order}")).await;
        card.count("article", "You", done + 1).await;
        other.count("article", "You", done + 1).await;
        card.find("button", "Send").await;
        other.find("button", "Send").await;
        // Nothing of the last syllable is left in either card.
        card.find("textbox", "Message").await.holds("").await;
        other.find("textbox", "Message").await.holds("").await;
        let prompts = endpoint.prompts();
        assert_eq!(prompts[done * 2..], ["안녕하세요", "안녕하세요"], "{order}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_that_accepts_a_candidate_does_not_send() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    let orders = [
        // Chrome and Firefox
        ("start =に =日本 enter* end input", "日本"),
        // Safari
        ("start =ni =你好 end input enter229", "你好"),
    ];
    for (done, (order, text)) in orders.into_iter().enumerate() {
        play(&browser, order).await;
        input.holds(text).await;
        assert_eq!(endpoint.prompts().len(), done);
        play(&browser, "enter").await;
        card.logs(&format!("m heard: {text}")).await;
        card.find("button", "Send").await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn synced_cards_mirror_what_is_committed_and_disturb_no_composition() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let other = browser.card(2).await.find("textbox", "Message").await;
    play(&browser, "start =ㅎ =한").await;
    other.holds("").await;
    // Text from another card doesn't enter the composition, whose own text counts at its end.
    other.type_in("!").await;
    let value = "return document.querySelector('textarea').value";
    assert_eq!(browser.script(value).await, "한");
    play(&browser, "end input").await;
    other.holds("한").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_sends_and_shift_enter_breaks_the_line_or_as_it_is_set() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    let height = async || {
        let script = "return document.querySelector('textarea').offsetHeight";
        browser.script(script).await.as_i64().unwrap()
    };
    // An empty message is not sent.
    input.type_in("  ").await;
    input.type_in(Key::Enter).await;
    let one_line = height().await;
    input.element().clear().await.unwrap();
    input.type_in("one").await;
    for _ in 0..3 {
        input.type_in(Key::Shift + Key::Enter).await;
    }
    input.type_in("two").await;
    input.holds("one\n\n\ntwo").await;
    assert!(height().await > one_line * 2, "it grows");
    // The text survives a reload.
    browser.reload().await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input.holds("one\n\n\ntwo").await;
    input.type_in(Key::Enter).await;
    // An answer is Markdown: the empty lines are between its paragraphs.
    card.logs("m heard: one").await;
    card.logs("two").await;
    assert_eq!(endpoint.prompts(), ["one\n\n\ntwo"]);
    assert_eq!(height().await, one_line);

    let settings = browser.settings().await;
    settings.select("Send with", "Ctrl+Enter").await;
    settings.press("Close").await;
    input.type_in("a").await;
    input.type_in(Key::Enter).await;
    input.type_in("b").await;
    input.holds("a\nb").await;
    input.type_in(Key::Control + Key::Enter).await;
    card.logs("m heard: a\nb").await;
    assert_eq!(endpoint.prompts()[1..], ["a\nb"]);
    browser.close().await;
}
