//! A model that runs in the browser: its download, and its answers. Its weights are random: its words
//! make no sense, and are the same each time at temperature 0.

use base64::Engine;
use serde_json::json;
use thirtyfour::{By, Key};

use crate::{
    support::{
        Browser, Scope,
        weights::{Fault, MODEL, Weights},
    },
    wait_for, wait_until,
};

/// More than arrives in one piece, and less than all.
const PART: usize = 60_000;

fn weights() -> Vec<u8> {
    on_device::fixtures::gguf(7)
}

/// A model that takes seconds for an answer, as real ones do.
fn slow() -> Vec<u8> {
    let recipe = on_device::fixtures::Recipe {
        block_count: 12,
        embedding_length: 512,
        feed_forward_length: 2048,
        head_count: 8,
        ..Default::default()
    };
    recipe.file().bytes
}

/// Opens a page at its first visit, with the server of its weights.
async fn visit() -> (Weights, Browser) {
    visit_with(weights()).await
}

async fn visit_with(weights: Vec<u8>) -> (Weights, Browser) {
    let weights = Weights::start(weights).await;
    let browser = Browser::blank(weights.url()).await;
    browser.go("/").await;
    (weights, browser)
}

/// Finds a button by its name's beginning.
async fn button(scope: &Scope, begins: &str) -> Scope {
    let name = std::sync::Mutex::new(String::new());
    wait_for(async || {
        let names = scope.names("button").await;
        let found = names.into_iter().find(|name| name.starts_with(begins));
        found.is_some_and(|found| {
            *name.lock().unwrap() = found;
            true
        })
    })
    .await;
    let name = name.into_inner().unwrap();
    scope.find("button", &name).await
}

/// Opens a page whose card answers with the model, always the same, with at most this many tokens.
async fn ready(most: &str) -> (Weights, Browser) {
    ready_with(weights(), most).await
}

async fn ready_with(weights: Vec<u8>, most: &str) -> (Weights, Browser) {
    let (weights, browser) = visit_with(weights).await;
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    fix(&card, most).await;
    (weights, browser)
}

/// Makes a card answer with at most this many tokens, always the same.
async fn fix(card: &Scope, most: &str) {
    let params = card.parameters().await;
    params.turn("Use parameters").await;
    params.set("Max Tokens", most).await;
    params.set("Temperature", "0").await;
    let input = params.find("spinbutton", "Max Tokens").await;
    input.type_in(Key::Escape).await;
}

/// Waits until a part of the download has arrived.
async fn has_begun(card: &Scope) {
    card.comes_true("return it.querySelector('progress')?.value > 0")
        .await;
}

/// Waits until a card has answered this many questions.
async fn has_answered(card: &Scope, answers: usize) {
    card.count("article", MODEL, answers).await;
    card.find("button", "Send").await;
}

/// Returns the texts of a card's answers.
async fn answers(browser: &Browser, card: usize) -> Vec<String> {
    let chats = browser.stored_chats().await;
    let turns = chats[0]["cards"][card - 1]["turns"].as_array().unwrap();
    let text = |turn: &serde_json::Value| {
        turn["answer"]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    turns.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_answers_after_one_click_and_one_prompt() {
    let (weights, browser) = visit().await;
    let card = browser.card(1).await;
    card.says("On-device · Tiny").await;
    card.says("A small model for trying things out: often wrong")
        .await;
    card.says("nothing that you write leaves it").await;
    let size = format!("{:.1} MB", weights.size() / 1e6);
    button(&card, &format!("Download {size} and use it"))
        .await
        .click()
        .await;
    card.find("combobox", "Endpoint")
        .await
        .holds("On-device")
        .await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    card.send("Hello").await;
    has_answered(&card, 1).await;
    card.says("A small model for trying things out: often wrong")
        .await;
    assert_eq!(weights.ranges(), [None]);
    // It is an endpoint like any other: in the settings, in the history, and after a reload.
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    card.find("article", MODEL).await;
    card.count("form", "Custom model", 0).await;
    let settings = browser.settings().await;
    settings.says("On-device").await;
    settings.says(&format!("In this browser: {size}")).await;
    settings.press("Close").await;
    // Nothing of it needs a network any more. Its program has been fetched again since the reload.
    let programs = || {
        let asked = weights.asked();
        let program = asked.iter().filter(|path| {
            path.starts_with("/on-device-") && path.rsplit('.').next() == Some("wasm")
        });
        program.count()
    };
    wait_until(|| programs() == 2).await;
    weights.goes();
    let card = browser.card(1).await;
    card.send("Again").await;
    has_answered(&card, 2).await;
    assert_eq!(weights.ranges(), [None]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_has_the_same_answer_and_counts() {
    let (_weights, browser) = ready("12").await;
    let card = browser.card(1).await;
    card.send("Hello").await;
    has_answered(&card, 1).await;
    card.press("Compare").await;
    let second = browser.card(2).await;
    second.send("Hello").await;
    has_answered(&second, 1).await;
    let (one, other) = (answers(&browser, 1).await, answers(&browser, 2).await);
    assert!(!one[0].is_empty());
    assert_eq!(one[0], other[0]);
    let chats = browser.stored_chats().await;
    let answer = &chats[0]["cards"][0]["turns"][0]["answer"];
    assert_eq!(answer["outcome"], "length");
    card.says("12 out").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_cards_take_turns() {
    let (_weights, browser) = ready_with(slow(), "40").await;
    for cards in 1..5 {
        let card = browser.card(cards).await;
        card.press("Compare").await;
        browser.card(cards + 1).await;
    }
    browser.card(1).await.send("Hello").await;
    // One answers, and the others say that they wait.
    browser.page().says("Waits for its turn").await;
    let waiting = "return [...document.querySelectorAll('[role=log]')]
        .filter((log) => log.textContent.includes('Waits for its turn')).length";
    wait_for(async || browser.script(waiting).await.as_u64() > Some(0)).await;
    for number in 1..=5 {
        let card = browser.card(number).await;
        has_answered(&card, 1).await;
    }
    let first = answers(&browser, 1).await;
    for number in 2..=5 {
        assert_eq!(answers(&browser, number).await, first);
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_acts_and_the_next_question_is_answered() {
    let (_weights, browser) = ready_with(slow(), "100000").await;
    let card = browser.card(1).await;
    card.send("Hello").await;
    let article = card.find("article", MODEL).await;
    article
        .comes_true("return it.textContent.length > 100")
        .await;
    card.press("Stop").await;
    card.find("button", "Send").await;
    let stopped = answers(&browser, 1).await;
    card.send("Again").await;
    card.count("article", MODEL, 2).await;
    let article = card.nth("article", 3).await;
    article
        .comes_true("return it.textContent.length > 100")
        .await;
    card.press("Stop").await;
    card.find("button", "Send").await;
    assert_eq!(answers(&browser, 1).await[0], stopped[0]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_in_mid_answer_keeps_its_words() {
    let (_weights, browser) = ready_with(slow(), "100000").await;
    let card = browser.card(1).await;
    card.send("Hello").await;
    wait_for(async || {
        let chats = browser.stored_chats().await;
        chats.first().is_some_and(|chat| {
            let text = chat["cards"][0]["turns"][0]["answer"]["text"].as_str();
            text.is_some_and(|text| text.len() > 100)
        })
    })
    .await;
    let before = answers(&browser, 1).await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("button", "Retry").await;
    assert!(answers(&browser, 1).await[0].starts_with(&before[0]));
    card.press("Retry").await;
    card.press("Stop").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_cancelled_and_goes_on_where_it_was() {
    let (weights, browser) = visit().await;
    weights.will(Fault::Hold(PART));
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    has_begun(&card).await;
    wait_until(|| weights.ranges().len() == 1).await;
    card.press("Cancel").await;
    card.says("Downloaded so far").await;
    // The part survives a reload.
    browser.reload().await;
    let card = browser.card(1).await;
    card.says("Downloaded so far").await;
    card.press("Continue the download").await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    let ranges = weights.ranges();
    assert_eq!(ranges.len(), 2);
    let begin = ranges[1]
        .as_deref()
        .and_then(|range| range.strip_prefix("bytes="));
    let begin: usize = begin.unwrap().trim_end_matches('-').parse().unwrap();
    assert!(begin > 0 && begin <= PART, "{begin}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_ranges_sends_it_again() {
    let (weights, browser) = visit().await;
    weights.will(Fault::Hold(PART));
    weights.will(Fault::Whole);
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    wait_until(|| weights.ranges().len() == 1).await;
    has_begun(&card).await;
    card.press("Cancel").await;
    card.press("Continue the download").await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_says_so_and_goes_on() {
    let (weights, browser) = visit().await;
    weights.will(Fault::Cut(PART));
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    has_begun(&card).await;
    weights.go_on();
    card.says("The download broke off. What has come is kept")
        .await;
    card.press("Continue the download").await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    card.send("Hello").await;
    has_answered(&card, 1).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_expected_file_is_removed() {
    let (weights, browser) = visit().await;
    weights.will(Fault::Garble);
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    card.says("its checksum differs").await;
    card.says("Not in this browser yet").await;
    button(&card, "Download").await.click().await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    assert_eq!(weights.ranges(), [None, None]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_page_comes_instead_the_next_source_is_asked() {
    let (weights, browser) = visit().await;
    let other = Weights::start(self::weights()).await;
    let elsewhere = format!("{}models/tiny.gguf", other.url());
    weights.are_at(&["models/tiny.gguf", &elsewhere]);
    weights.will(Fault::Page);
    browser.reload().await;
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    assert_eq!((weights.ranges().len(), other.ranges().len()), (1, 1));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_source_spoils_the_next_makes_good() {
    let (weights, browser) = visit().await;
    let other = Weights::start(self::weights()).await;
    let elsewhere = format!("{}models/tiny.gguf", other.url());
    weights.are_at(&["models/tiny.gguf", &elsewhere]);
    weights.will(Fault::Garble);
    browser.reload().await;
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    // From its beginning: no part of a wrong file belongs in the right one.
    assert_eq!(other.ranges(), [None]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_source_it_says_so() {
    let (weights, browser) = visit().await;
    weights.are_at(&["models/missing.gguf"]);
    browser.reload().await;
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    card.says("The file can't be had here").await;
    card.find("button", "Open a .gguf file…").await;
    browser.close().await;
}

/// Picks a file with these bytes, as the user would.
async fn pick(card: &Scope, name: &str, bytes: &[u8]) -> tempfile::Folder {
    let folder = tempfile::Folder::new();
    let path = folder.write(name, bytes);
    card.find("button", "Open a .gguf file…").await;
    let input = card.element().find(By::Css(".on-device input[type=file]"));
    input.await.unwrap().send_keys(path).await.unwrap();
    folder
}

/// A folder that is deleted after the test.
mod tempfile {
    use std::path::PathBuf;

    pub struct Folder(PathBuf);

    impl Folder {
        pub fn new() -> Self {
            static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
            let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let name = format!("collate-device-{}-{count}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        pub fn write(&self, name: &str, bytes: &[u8]) -> String {
            let path = self.0.join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_owned()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // Anything left is in the folder of temporary files.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_picked_answers_and_a_damaged_one_says_why() {
    let (_weights, browser) = visit().await;
    let card = browser.card(1).await;
    let _folder = pick(&card, "notes.gguf", b"These are no weights.").await;
    card.says("This is no GGUF file").await;
    let mut cut = weights();
    cut.truncate(PART);
    let _folder = pick(&card, "cut.gguf", &cut).await;
    card.says("This file is damaged").await;
    let _folder = pick(&card, "mine.gguf", &on_device::fixtures::gguf(8)).await;
    let model = card.find("combobox", "Model").await;
    model.comes_true("return it.value !== ''").await;
    card.send("Hello").await;
    card.has("article", 2).await;
    card.find("button", "Send").await;
    // It is in the settings, and can be removed there.
    let settings = browser.settings().await;
    settings.says("In this browser:").await;
    settings.press("Remove from this browser").await;
    settings
        .shows("no more files", |shown| !shown.contains("In this browser:"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_was_removed_is_missed_and_comes_back() {
    let (weights, browser) = ready("8").await;
    let card = browser.card(1).await;
    card.send("Hello").await;
    has_answered(&card, 1).await;
    let settings = browser.settings().await;
    settings.press("Remove from this browser").await;
    settings.says("Not in this browser yet").await;
    settings.press("Close").await;
    let card = browser.card(1).await;
    card.send("Again").await;
    card.logs("The model is not in this browser").await;
    // The messages are still there, and so is the way back.
    card.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    button(&dialog, "Download").await.click().await;
    dialog.says("In this browser:").await;
    dialog.press("Close").await;
    browser.card(1).await.press("Retry").await;
    has_answered(&browser.card(1).await, 2).await;
    assert_eq!(weights.ranges().len(), 2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_says_how_long() {
    let (_weights, browser) = ready("8").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input
        .script("it.value = 'qzx '.repeat(20000); it.dispatchEvent(new Event('input'))")
        .await;
    input.type_in(Key::Enter).await;
    card.logs("tokens; the model takes").await;
    card.send("short").await;
    has_answered(&card, 2).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tab_has_it_too() {
    let (weights, browser) = visit().await;
    weights.will(Fault::Hold(PART));
    let card = browser.card(1).await;
    button(&card, "Download").await.click().await;
    has_begun(&card).await;
    let (first, second) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    browser
        .card(1)
        .await
        .says("Another tab is downloading it")
        .await;
    weights.go_on();
    let card = browser.card(1).await;
    card.press("Use it").await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    browser.driver.switch_to_window(first).await.unwrap();
    let card = browser.card(1).await;
    card.find("combobox", "Model").await.holds(MODEL).await;
    browser.driver.switch_to_window(second).await.unwrap();
    assert_eq!(weights.ranges(), [None]);
    browser.close().await;
}

/// Stands in for Chrome's own model: its download waits until the page lets it go on.
const BUILT_IN: &str = "
    let state = 'downloadable';
    globalThis.LanguageModel = {
        availability: async () => state,
        async create({ initialPrompts = [], monitor }) {
            if (state !== 'available') {
                const target = new EventTarget();
                monitor?.(target);
                target.dispatchEvent(Object.assign(new Event('downloadprogress'), { loaded: 0.5 }));
                await new Promise((go) => (globalThis.letItCome = go));
                state = 'available';
            }
            return {
                contextWindow: 1000, contextUsage: 3,
                measureContextUsage: async () => 4,
                async *promptStreaming(last) {
                    yield 'built-in heard: ';
                    yield [...initialPrompts, ...last].map(({ content }) => content).join(' / ');
                },
                destroy() {},
            };
        },
    };";

#[tokio::test(flavor = "multi_thread")]
async fn the_browsers_own_model_answers_where_there_is_one() {
    let weights = Weights::start(weights()).await;
    let browser = Browser::blank(weights.url()).await;
    let cdp = browser.driver.cdp();
    let script = json!({ "source": BUILT_IN });
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script)
        .await
        .unwrap();
    browser.go("/").await;
    let card = browser.card(1).await;
    card.says("On-device · Gemini Nano (Chrome)").await;
    card.count("button", "Use it", 1).await;
    card.press("Use it").await;
    card.says("The browser downloads it: 50%").await;
    wait_for(async || browser.script("return !!globalThis.letItCome").await == true).await;
    browser.script("letItCome()").await;
    card.find("combobox", "Model")
        .await
        .holds("Gemini Nano (Chrome)")
        .await;
    card.send("One").await;
    card.logs("built-in heard: One").await;
    card.find("button", "Send").await;
    card.send("Two").await;
    card.logs("built-in heard: One / built-in heard: One / Two")
        .await;
    assert!(weights.ranges().is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_of_the_browsers_own_none_is_shown() {
    let weights = Weights::start(weights()).await;
    let browser = Browser::blank(weights.url()).await;
    let cdp = browser.driver.cdp();
    let script = json!({ "source": "delete globalThis.LanguageModel" });
    cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", script)
        .await
        .unwrap();
    browser.go("/").await;
    let card = browser.card(1).await;
    button(&card, "Download").await;
    assert!(!card.text().await.contains("Gemini Nano"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_is_fetched_before_it_is_looked_for() {
    let endpoint = crate::Endpoint::start(&["a"]).await;
    let browser = crate::open(&endpoint, "").await;
    browser.reload().await;
    browser.card(1).await.send("hello").await;
    browser.card(1).await.logs("a heard: hello").await;
    let fetched = "return performance.getEntriesByType('resource').map(({ name }) => name)
        .filter((name) => /device|weights|models\\.json|gguf/.test(name))";
    assert_eq!(browser.script(fetched).await, json!([]));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_say_the_same_as_their_scalar_twins() {
    let built = std::process::Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--release",
            "--package",
            "on-device",
        ])
        .args(["--features", "fixtures", "--example", "equal"])
        .args(["--target", "wasm32-unknown-unknown"])
        .status()
        .expect("cargo runs");
    assert!(built.success());
    let target = std::env::current_exe().unwrap();
    let target = target.ancestors().nth(3).unwrap();
    let program = target.join("wasm32-unknown-unknown/release/examples/equal.wasm");
    let program = base64::engine::general_purpose::STANDARD.encode(std::fs::read(program).unwrap());
    let browser = Browser::open().await;
    let script = "const [program, done] = arguments;
        const bytes = Uint8Array.from(atob(program), (letter) => letter.charCodeAt(0));
        WebAssembly.instantiate(bytes)
            .then(({ instance }) => instance.exports.main(0, 0))
            .then(done, (error) => done(String(error)))";
    let same = browser.driver.execute_async(script, vec![json!(program)]);
    assert_eq!(same.await.unwrap().json(), &json!(0));
    browser.close().await;
}
