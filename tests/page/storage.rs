//! Stored data: damage, several tabs, and no room.

use thirtyfour::Key;

use crate::{
    download, open, say,
    support::{Browser, Endpoint, Step, slow},
    wait_for, watch_downloads,
};

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_both_have_words_keep_both() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("shared").await;
    let log = browser.card(1).await.find("log", "Messages").await;
    log.says("a heard: shared").await;
    let (first, _) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    browser.card(1).await.logs("a heard: shared").await;
    // One tab is answering while the other sends.
    endpoint.will(
        "a",
        [say("from the second"), Step::Wait, Step::Finish("stop")],
    );
    let card = browser.card(1).await;
    card.send("second").await;
    let log = card.find("log", "Messages").await;
    log.says("from the second").await;
    let second = browser.driver.window().await.unwrap();
    browser
        .driver
        .switch_to_window(first.clone())
        .await
        .unwrap();
    // This tab shows it too, and offers no retry.
    let card = browser.card(1).await;
    card.logs("from the second").await;
    card.says("Another tab is receiving this answer").await;
    card.count("button", "Retry", 0).await;
    card.send("first").await;
    card.logs("a heard: first").await;
    // Both tabs, and the storage, have all of it, in one chat.
    browser.driver.switch_to_window(second).await.unwrap();
    browser.card(1).await.logs("a heard: first").await;
    endpoint.go_on();
    browser.card(1).await.find("button", "Send").await;
    wait_for(async || {
        let chats = browser.stored_chats().await;
        let text = serde_json::to_string(&chats).unwrap();
        let has = |words: &str| text.contains(words);
        chats.len() == 1
            && has("a heard: first")
            && has(r#""text":"from the second""#)
            && has(r#""outcome":"complete""#)
            && !has("interrupted")
    })
    .await;
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.shows("the end of the other tab's answer", |shown| {
        shown.contains("from the second") && !shown.contains("Another tab")
    })
    .await;
    browser.close().await;
}

/// Clears the journal, so that only the storage is left.
async fn lose_journal(browser: &Browser) {
    let script = "const done = arguments[0];
        const request = indexedDB.open('collate-journal', 1);
        request.onsuccess = () => {
            const transaction = request.result.transaction('values', 'readwrite');
            transaction.objectStore('values').clear();
            transaction.oncomplete = () => done();
        }";
    browser.driver.execute_async(script, vec![]).await.unwrap();
}

/// Returns the data set aside, with its original keys.
async fn aside(browser: &Browser) -> Vec<(String, String)> {
    let script =
        "return Object.entries(localStorage).filter(([k]) => k.startsWith('collate.aside.'))
        .map(([k, v]) => [k.slice(k.indexOf('collate.v2.')), v])";
    serde_json::from_value(browser.script(script).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_data_is_put_aside_and_the_rest_works() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    let damage = "localStorage.setItem('collate.v2.endpoints', '{damaged')";
    browser.script(damage).await;
    browser.reload().await;
    let page = browser.page();
    page.says("Some saved data could not be read").await;
    // The journal still has the original.
    browser.card(1).await.send("again").await;
    browser.card(1).await.logs("a heard: again").await;
    let put = [("collate.v2.endpoints".to_owned(), "{damaged".to_owned())];
    assert_eq!(aside(&browser).await, put);
    // The settings show it, download it unchanged and delete it, with undo.
    watch_downloads(&browser).await;
    page.press("Look at it").await;
    let settings = page.find("dialog", "Settings").await;
    settings.press("Download").await;
    assert_eq!(download(&browser).await, "{damaged");
    browser
        .script("document.querySelector('.room code ~ [aria-label^=Delete]').click()")
        .await;
    settings.count("button", "Download", 0).await;
    assert!(aside(&browser).await.is_empty());
    settings.press("Undo").await;
    settings.count("button", "Download", 1).await;

    // Without the journal, the card sends nothing and loses nothing.
    lose_journal(&browser).await;
    browser.script(damage).await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("a heard: hello").await;
    card.find("textbox", "Message").await.type_in("kept").await;
    card.find("textbox", "Message")
        .await
        .type_in(Key::Enter)
        .await;
    card.find("textbox", "Message").await.holds("kept").await;
    // A chat's entry in the history is rebuilt from the chat.
    let lose = "for (const key of Object.keys(localStorage)) if (key.includes('.entry.')) delete localStorage[key]";
    browser.script(lose).await;
    let drawer = browser.history().await;
    drawer.find("link", "hello").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_damaged_the_rest_is_there() {
    slow("reloads the page after each kind of damage");
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    browser.card(1).await.send("stays").await;
    browser.card(1).await.logs("a heard: stays").await;
    let stays = browser.address().await;
    page.press("New chat").await;
    browser.card(1).await.send("suffers").await;
    browser.card(1).await.logs("a heard: suffers").await;
    let suffers = browser.address().await;
    let id = suffers.rsplit('/').next().unwrap().to_owned();
    let newer = "localStorage.setItem('collate.v3.chat.1', 'of tomorrow')";
    browser.script(newer).await;
    let before = browser.script("return { ...localStorage }").await;
    let keys = [
        "endpoints".to_owned(),
        "settings".to_owned(),
        "recent".to_owned(),
        format!("chat.{id}"),
        format!("entry.{id}"),
    ];
    for key in keys {
        let key = format!("collate.v2.{key}");
        let whole = before[&key].as_str().unwrap_or(r#"{"theme":"dark"}"#);
        let cut = whole[..whole.len() / 2].to_owned();
        let future = r#"{"version":9,"cards":{"new":[]},"list":7,"used":false}"#;
        for damaged in [&*cut, "[7]", "not JSON", "~1\u{3400}", "", future] {
            let values = serde_json::to_string(&before).unwrap();
            let damage = format!(
                "localStorage.clear();
                for (const [key, value] of Object.entries({values})) localStorage[key] = value;
                localStorage.setItem({key:?}, {});",
                serde_json::to_string(damaged).unwrap()
            );
            browser.script(&damage).await;
            lose_journal(&browser).await;
            browser.go(&suffers).await;
            page.find("button", "New chat").await;
            if key.contains(".chat.") {
                page.says("There is no chat here").await;
            } else {
                browser.card(1).await.logs("a heard: suffers").await;
            }
            browser.go(&stays).await;
            browser.card(1).await.logs("a heard: stays").await;
            // A chat's entry in the history is rebuilt; other values are set aside.
            let put = aside(&browser).await;
            let is_made_again = key.contains(".entry.");
            // Settings have no required field.
            let is_fine = key.contains("settings") && damaged == future;
            if is_made_again || is_fine {
                assert_eq!(put, [], "{key} {damaged}");
            } else {
                assert_eq!(put, [(key.clone(), damaged.to_owned())]);
            }
            let newer = browser
                .script("return localStorage['collate.v3.chat.1']")
                .await;
            assert_eq!(newer, "of tomorrow");
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_storage_has_lost_comes_back_from_the_journal() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("first").await;
    browser.card(1).await.logs("a heard: first").await;
    let address = browser.address().await;
    let old = browser.script("return { ...localStorage }").await;
    browser.card(1).await.send("second").await;
    browser.card(1).await.logs("a heard: second").await;
    browser.script("sessionStorage.clear()").await;
    // A killed browser has an older state of the storage, or none.
    for state in [&serde_json::json!({}), &old] {
        let script = format!(
            "window.addEventListener('pagehide', () => {{
                localStorage.clear();
                for (const [key, value] of Object.entries({state})) localStorage[key] = value;
            }})"
        );
        browser.script(&script).await;
        browser.go(&address).await;
        let card = browser.card(1).await;
        card.logs("a heard: first").await;
        card.logs("a heard: second").await;
        card.find("combobox", "Model").await.holds("a").await;
    }
    browser.close().await;
}

/// Writes damaged text under a key of the storage.
async fn damage(browser: &Browser, key: &str, text: &str) {
    let script = format!("localStorage.setItem({key:?}, {text:?})");
    browser.script(&script).await;
}

/// Waits until a text has been set aside, unchanged.
async fn is_aside(browser: &Browser, text: &str) {
    let script = format!(
        "return Object.entries(localStorage)
            .some(([key, text]) => key.startsWith('collate.aside.') && text === {text:?})"
    );
    wait_for(async || browser.script(&script).await == true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_damaged_while_it_is_open_is_put_aside_and_goes_on() {
    slow("waits for a save after each of eight kinds of damage");
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("first").await;
    card.logs("a heard: first").await;
    let address = browser.address().await;
    let key = format!("collate.v2.chat.{}", address.trim_start_matches("/chat/"));
    let damages = [
        "",
        "{",
        "[1, 2",
        "null",
        "{\"id\":\"another form\"}",
        // Compressed: without content, cut, of a later format.
        "~1",
        "~1\u{4e00}\u{4e01}\u{4e02}",
        "~9 something else",
    ];
    for damaged in damages {
        damage(&browser, &key, damaged).await;
        card.find("textbox", "Message").await.type_in("word ").await;
        is_aside(&browser, damaged).await;
        browser.page().says("could not be read").await;
        browser.page().press("Dismiss").await;
    }
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("a heard: first").await;
    let typed = "word ".repeat(damages.len());
    card.find("textbox", "Message").await.holds(&typed).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_and_endpoints_that_are_damaged_meanwhile_are_put_aside() {
    let endpoint = Endpoint::start(&["a", "b"]).await;
    let browser = open(&endpoint, "").await;
    damage(&browser, "collate.v2.settings", "{\"locale\":").await;
    let settings = browser.settings().await;
    settings.select("Theme", "Dark").await;
    is_aside(&browser, "{\"locale\":").await;
    damage(&browser, "collate.v2.endpoints", "{\"list\":7}").await;
    settings.press("Edit").await;
    settings.fill("Name", "Renamed").await;
    settings.press("Save").await;
    is_aside(&browser, "{\"list\":7}").await;
    settings.press("Close").await;
    damage(&browser, "collate.v2.recent", "no list").await;
    browser.card(1).await.choose("Model", "b").await;
    is_aside(&browser, "no list").await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("combobox", "Endpoint")
        .await
        .holds("Renamed")
        .await;
    let theme = "return getComputedStyle(document.documentElement).colorScheme";
    wait_for(async || browser.script(theme).await == "dark").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_version_1_has_written_is_taken_over() {
    let endpoint = Endpoint::start(&["smollm2"]).await;
    let browser = Browser::open().await;
    let chat: serde_json::Value =
        serde_json::from_str(include_str!("../storage/v1-chat.json")).unwrap();
    let endpoints = serde_json::json!({ "list": [
        { "id": "00000000000000e1", "name": "old", "base_url": endpoint.base_url(), "token": null },
    ]});
    let settings = serde_json::json!({ "locale": "ko", "send_key": "ctrl_enter" });
    let values = [
        ("collate.v1.chat.5f3a9c0012345678", &chat),
        ("collate.v1.endpoints", &endpoints),
        ("collate.v1.settings", &settings),
    ];
    for (key, value) in values {
        let text = serde_json::to_string(&value.to_string()).unwrap();
        browser
            .script(&format!("localStorage.setItem('{key}', {text})"))
            .await;
    }
    browser.go("/chat/5f3a9c0012345678").await;
    let page = browser.page();
    let card = page.find("region", "채팅 카드 1").await;
    let log = card.find("log", "메시지 목록").await;
    log.says("How can I help?").await;
    card.find("textbox", "메시지")
        .await
        .holds("다음 질문")
        .await;
    let keys = browser.script("return Object.keys(localStorage)").await;
    let keys: Vec<String> = serde_json::from_value(keys).unwrap();
    assert!(
        keys.iter().all(|key| !key.starts_with("collate.v1.")),
        "{keys:?}"
    );
    assert!(keys.contains(&"collate.v2.chat.5f3a9c0012345678".to_owned()));
    // An old tab may go on writing: its changes are merged.
    let mut later = chat.clone();
    later["cards"][0]["turns"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!({
            "id": "00000000000000a3", "prompt": "from an old tab", "answer": null,
        }));
    let text = serde_json::to_string(&later.to_string()).unwrap();
    browser
        .script(&format!(
            "localStorage.setItem('collate.v1.chat.5f3a9c0012345678', {text})"
        ))
        .await;
    browser.reload().await;
    wait_for(async || {
        let chats = browser.stored_chats().await;
        serde_json::to_string(&chats)
            .unwrap()
            .contains("from an old tab")
    })
    .await;
    // So are endpoints.
    let old = r#"{"list":[{"id":"00000000000000e2","name":"added","base_url":"http://127.0.0.1:9/v1","token":null}]}"#;
    browser
        .script(&format!(
            "localStorage.setItem('collate.v1.endpoints', '{old}')"
        ))
        .await;
    browser.reload().await;
    page.find("region", "채팅 카드 1").await;
    let endpoints = browser
        .script("return JSON.parse(localStorage['collate.v2.endpoints']).list.map((it) => it.name)")
        .await;
    assert_eq!(endpoints, serde_json::json!(["old", "added"]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_open_is_packed_and_opens_again() {
    slow("the page compresses chats only after some idle seconds");
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send(&"a long question ".repeat(30)).await;
    card.logs("a heard: a long question").await;
    let address = browser.address().await;
    let id = address.rsplit('/').next().unwrap().to_owned();
    browser.page().press("New chat").await;
    browser.card(1).await.send("another").await;
    browser.card(1).await.logs("a heard: another").await;
    // Fields that a later version has written stay.
    let add = format!(
        "const key = 'collate.v2.chat.{id}', chat = JSON.parse(localStorage[key]);
        chat.later = {{ a: 1 }}; chat.cards[0].turns[0].later_too = [2];
        localStorage[key] = JSON.stringify(chat)"
    );
    browser.script(&add).await;
    lose_journal(&browser).await;
    browser.reload().await;
    let stored = async || {
        let script = format!("return localStorage['collate.v2.chat.{id}']");
        browser.script(&script).await.as_str().unwrap().to_owned()
    };
    wait_for(async || stored().await.starts_with('~')).await;
    assert!(stored().await.encode_utf16().count() < 400);
    browser.go(&address).await;
    let card = browser.card(1).await;
    card.logs("a heard: a long question").await;
    card.send("more").await;
    card.logs("a heard: more").await;
    let chat: serde_json::Value = serde_json::from_str(&stored().await).unwrap();
    assert_eq!(chat["later"]["a"], 1);
    assert_eq!(chat["cards"][0]["turns"][0]["later_too"][0], 2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_is_full_in_mid_answer_loses_nothing() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    // A large chat that can't be compressed, and no room beside it.
    let fill = "const text = Array.from({ length: 300000 },
            () => String.fromCharCode(0x3400 + Math.floor(Math.random() * 0x8000))).join('');
        const chat = { id: '0000000000000abc', title: 'Large', cards: [{ id: '1', synced: true, turns: [
            { id: '1', prompt: text, answer: null }] }] };
        localStorage.setItem('collate.v2.chat.0000000000000abc', JSON.stringify(chat));
        for (let size = 4e6; size >= 1; size = Math.floor(size / 2))
            for (let n = 0; n < 4; n++) try { localStorage.setItem('x' + size + n, 'x'.repeat(size)) } catch {}";
    // These words don't compress either.
    let words: String = (0..3000_u32)
        .filter_map(|n| char::from_u32(0x3400 + n.wrapping_mul(2_654_435_761) % 0x8000))
        .collect();
    endpoint.will(
        "a",
        [
            say("begins "),
            Step::Wait,
            say(&words),
            Step::Wait,
            say("ends"),
            Step::Finish("stop"),
        ],
    );
    let card = browser.card(1).await;
    card.send("long").await;
    card.logs("begins").await;
    browser.script(fill).await;
    endpoint.go_on();
    let page = browser.page();
    page.says("the browser's storage is full").await;
    endpoint.go_on();
    card.logs("ends").await;
    // Not even a reload loses it: the journal has it.
    browser.reload().await;
    browser.card(1).await.logs("ends").await;
    page.says("the browser's storage is full").await;
    page.press("Make room").await;
    let settings = page.find("dialog", "Settings").await;
    settings.says("Large").await;
    settings.says("100% used").await;
    browser
        .script("[...document.querySelectorAll('.room-line')].find((it) => it.textContent.includes('Large'))
            .querySelector('button').click()")
        .await;
    // There is room again: the unsaved data is saved automatically.
    settings.press("Close").await;
    page.shows("no warning", |shown| !shown.contains("storage is full"))
        .await;
    lose_journal(&browser).await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("begins").await;
    card.logs("ends").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_are_in_step_and_lose_nothing() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("from the first tab").await;
    browser
        .card(1)
        .await
        .logs("a heard: from the first tab")
        .await;
    let (first, second) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: from the first tab").await;
    card.press("Compare").await;
    browser.card(2).await.send("from the second tab").await;
    card.logs("a heard: from the second tab").await;
    // The first tab has followed, and continues from there, even after a reload.
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: from the second tab").await;
    card.send("again").await;
    card.logs("a heard: again").await;
    browser.card(2).await.logs("a heard: again").await;
    assert_eq!(endpoint.received().last().unwrap().messages().len() % 2, 1);
    browser.driver.switch_to_window(second).await.unwrap();
    browser.card(2).await.logs("a heard: again").await;
    browser.reload().await;
    let log = browser.card(1).await.find("log", "Messages").await;
    for words in ["from the first tab", "from the second tab", "again"] {
        log.says(words).await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_is_said_and_loses_nothing_on_the_page() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let fill = "for (let size = 4e6; size >= 1; size = Math.floor(size / 2))
        for (let n = 0; n < 4; n++) try { localStorage.setItem('x' + size + n, 'x'.repeat(size)) } catch {}";
    browser.script(fill).await;
    let card = browser.card(1).await;
    card.send(&"long words ".repeat(20)).await;
    card.logs("a heard: long words").await;
    browser.page().says("the browser's storage is full").await;
    browser.script("for (const key of Object.keys(localStorage)) if (key[0] == 'x') delete localStorage[key]").await;
    card.send("short").await;
    card.logs("a heard: short").await;
    browser
        .page()
        .shows("no warning", |shown| !shown.contains("storage is full"))
        .await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: long words").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_is_deleted_while_storage_is_full_does_not_come_back() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let fill = "for (let size = 4e6; size >= 1; size = Math.floor(size / 2))
        for (let n = 0; n < 4; n++) try { localStorage.setItem('x' + size + n, 'x'.repeat(size)) } catch {}";
    browser.script(fill).await;
    card.send(&"long words ".repeat(20)).await;
    card.logs("a heard: long words").await;
    browser.page().says("the browser's storage is full").await;
    let drawer = browser.history().await;
    drawer.press("Delete").await;
    browser.page().find("button", "Undo").await;
    browser
        .script("for (const key of Object.keys(localStorage)) if (key[0] == 'x') delete localStorage[key]")
        .await;
    browser.go("/").await;
    browser.card(1).await;
    let drawer = browser.history().await;
    drawer.says("No chats yet").await;
    assert!(browser.stored_chats().await.is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_storage_the_page_works_and_says_that_it_can_not_save() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    let blocked = "for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('', 'SecurityError') } })";
    let params = serde_json::json!({ "source": blocked });
    let cdp = browser.driver.cdp();
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", params)
        .await
        .unwrap();
    browser.reload().await;
    browser
        .page()
        .says("Not saved: the browser gives this page no storage")
        .await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    // Settings take effect on this page.
    let settings = browser.settings().await;
    settings.says(&endpoint.name()).await;
    settings.select("Language", "한국어").await;
    let settings = browser.page().find("dialog", "설정").await;
    settings.select("언어", "English").await;
    let settings = browser.page().find("dialog", "Settings").await;
    settings.press("Close").await;
    // Unsaved chats can be exported.
    watch_downloads(&browser).await;
    browser.page().press("Export").await;
    let drawer = browser.page().find("complementary", "Chat history").await;
    drawer.find("link", "hello").await;
    drawer.press("Export all").await;
    let dialog = browser.page().find("dialog", "Export all").await;
    dialog.press("JSON").await;
    assert!(download(&browser).await.contains("a heard: hello"));
    browser.close().await;
}
