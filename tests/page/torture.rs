//! Tabs and browsers that are killed while cards are answering, and two tabs that both write: every
//! question and answer is still there.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    say,
    support::{Browser, Endpoint, Step, page, slow},
    wait_for,
};

/// Returns the environment's number of rounds, or this default.
fn rounds(name: &str, default: u64) -> u64 {
    let rounds = std::env::var(name).ok();
    rounds
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(default)
}

/// Pseudorandom numbers, the same in each run: the generator of Knuth's MMIX.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A folder that is deleted after the test.
struct Profile(PathBuf);

impl Profile {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("collate-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A browser that has just ended may still write to it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The end of a round.
#[derive(Clone, Copy, Debug)]
enum End {
    Browser,
    Tab,
    Close,
}

/// Returns every turn of the stored chats: its question, and all its answers.
fn turns(chats: &[Value]) -> Vec<(&str, Vec<&str>)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default().len();
    let mut turns = Vec::new();
    for chat in chats {
        for card in chat["cards"].as_array().unwrap() {
            for turn in card["turns"].as_array().unwrap() {
                let mut answers: Vec<_> = turn["answer"]["text"].as_str().into_iter().collect();
                for others in ["earlier", "later"] {
                    for place in 0..list(&turn[others]) {
                        answers.extend(turn[others][place]["text"].as_str());
                    }
                }
                turns.push((turn["prompt"].as_str().unwrap(), answers));
            }
        }
    }
    turns
}

/// Returns all text that the endpoint sent until a second before a kill and that the page lost.
fn lost(endpoint: &Endpoint, kills: &[(usize, Instant)], chats: &[Value]) -> Vec<String> {
    let turns = turns(chats);
    let mut lost = Vec::new();
    for (number, request) in endpoint.received().iter().enumerate() {
        let asked = request.messages().last().unwrap().1.to_owned();
        let killed = kills.iter().find(|(end, _)| number < *end);
        let until = killed.map_or_else(Instant::now, |(_, at)| *at);
        let said = request.said(until.checked_sub(Duration::from_secs(1)).unwrap());
        let mut found = turns.iter().filter(|(prompt, _)| *prompt == asked);
        if found.clone().next().is_none() {
            lost.push(format!("the question «{asked}»"));
        } else if !found.any(|(_, answers)| {
            said.is_empty() || answers.iter().any(|answer| answer.starts_with(&said))
        }) {
            let now: Vec<_> = turns
                .iter()
                .filter(|(prompt, _)| *prompt == asked)
                .collect();
            lost.push(format!(
                "of the answer to «{asked}»: «{said}», there is {now:?}"
            ));
        }
    }
    lost
}

async fn killed_while_answering(rounds: u64) {
    let models = ["m1", "m2", "m3"];
    let endpoint = Endpoint::start(&models).await;
    let url = format!("http://{}/", page::serve().await);
    let profile = Profile::new("torture");
    let mut chance = Chance(rounds);
    let (mut browser, mut process) = Browser::with_profile(url.clone(), &profile.0).await;
    browser.go("/").await;
    let card = browser.card(1).await;
    card.connect(&endpoint.base_url(), "").await;
    card.find("combobox", "Model").await.holds("m1").await;
    // The endpoint just typed is the first thing that must not be lost.
    let mut kills: Vec<(usize, Instant)> = Vec::new();
    for round in 0..rounds {
        let cards = usize::try_from(chance.below(3)).unwrap() + 1;
        let name = endpoint.name();
        let wanted: Vec<_> = models[..cards]
            .iter()
            .map(|model| format!("endpoint={name}&model={model}"))
            .collect();
        browser.go(&format!("/?{}", wanted.join("&"))).await;
        browser.card(cards).await.find("textbox", "Message").await;
        for model in &models[..cards] {
            let words =
                (0..200).flat_map(|n| [say(&format!("{model}-{round}-{n} ")), Step::Rest(15)]);
            endpoint.will(model, words.chain([Step::Finish("stop")]));
        }
        let before = endpoint.received().len();
        browser.card(1).await.send(&format!("round {round}")).await;
        let waits = Duration::from_millis(chance.below(3500));
        if chance.below(4) > 0 {
            wait_for(async || endpoint.received().len() > before).await;
        }
        tokio::time::sleep(waits).await;
        let end = [End::Browser, End::Tab, End::Close][usize::try_from(round % 3).unwrap()];
        let at = Instant::now();
        match end {
            End::Browser => {
                process.kill().unwrap();
                process.wait().unwrap();
                kills.push((endpoint.received().len(), at));
                browser.forget();
                (browser, process) = Browser::with_profile(url.clone(), &profile.0).await;
            }
            End::Tab | End::Close => {
                let (old, new) = browser.new_tab().await;
                browser.driver.switch_to_window(old).await.unwrap();
                let at = Instant::now();
                if matches!(end, End::Tab) {
                    let crash = browser.driver.cdp();
                    // A crashed tab reports an error, or nothing.
                    let crashed = crash.send_raw("Page.crash", json!({}));
                    let _ = tokio::time::timeout(Duration::from_secs(1), crashed).await;
                } else {
                    browser.driver.close_window().await.unwrap();
                }
                kills.push((endpoint.received().len(), at));
                browser.driver.switch_to_window(new).await.unwrap();
            }
        }
        // Answers of a finished round must not go to the next one.
        for model in models {
            endpoint.forget(model);
        }
        browser.go("/").await;
        browser.card(1).await;
        let chats = browser.stored_chats().await;
        let lost = lost(&endpoint, &kills, &chats);
        assert!(
            lost.is_empty(),
            "round {round}, {end:?} after {waits:?}: {lost:#?}"
        );
    }
    println!(
        "{rounds} rounds, {} requests: all questions are there, and all answers up to a second before",
        endpoint.received().len()
    );
    browser.close().await;
    // The browser may have ended with its last tab.
    let _ = process.kill();
    let _ = process.wait();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_survives_the_end_of_tab_and_browser() {
    killed_while_answering(rounds("KILLS", 6)).await;
}

/// Does one operation in a tab: mostly it sends, else it adds a card, or types a draft. WebDriver's own
/// keys would take most of the time.
async fn act(browser: &Browser, chance: &mut Chance, words: &str) {
    let what = match chance.below(12) {
        0 => {
            "if (document.querySelectorAll('section.card').length < 3)
            document.querySelector('button[aria-label=Compare]').click()"
        }
        1 => "type('draft ')",
        _ => {
            "type(words); input.dispatchEvent(
            new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))"
        }
    };
    let script = format!(
        "const words = {words:?}, input = document.querySelector('textarea[aria-label=Message]');
        const type = (text) => {{
            input.value = text;
            input.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
        }};
        {what}"
    );
    browser.script(&script).await;
}

/// Does this many operations in each of two tabs, in a chat that both show and in one of their own.
async fn two_tabs_write(operations: u64) {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = crate::open(&endpoint, "").await;
    browser.card(1).await.send("shared").await;
    browser.card(1).await.logs("m heard: shared").await;
    let shared = browser.address().await;
    let (first, second) = browser.new_tab().await;
    browser.go(&shared).await;
    browser.card(1).await.logs("m heard: shared").await;
    let mut chance = Chance(7);
    let mut own = Vec::new();
    for (name, tab) in [("one", &first), ("two", &second)] {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        browser.go("/?model=m").await;
        browser.card(1).await.send(&format!("{name} begins")).await;
        wait_for(async || browser.address().await.starts_with("/chat/")).await;
        own.push(browser.address().await);
    }
    for operation in 0..operations {
        for (place, tab) in [&first, &second].into_iter().enumerate() {
            browser.driver.switch_to_window(tab.clone()).await.unwrap();
            if operation % 25 == 0 {
                // Mostly in the chat that both show.
                let path = if operation % 75 == 50 {
                    &own[place]
                } else {
                    &shared
                };
                browser.go(path).await;
                browser.card(1).await;
            }
            act(&browser, &mut chance, &format!("t{place} o{operation}")).await;
        }
    }
    // Each card of both tabs finishes its answers.
    for tab in [&first, &second] {
        browser.driver.switch_to_window(tab.clone()).await.unwrap();
        wait_for(async || {
            let busy = browser.script("return [...document.querySelectorAll('button')].some((it) => it.textContent === 'Stop')");
            busy.await == false
        })
        .await;
    }
    let missing = async || {
        let chats = browser.stored_chats().await;
        let turns = turns(&chats);
        let received = endpoint.received();
        let asked = received
            .iter()
            .map(|request| request.messages().last().unwrap().1.to_owned());
        let missing = asked.filter(|asked| {
            let heard = format!("m heard: {asked}");
            let mut found = turns.iter().filter(|(prompt, _)| prompt == asked);
            !found.any(|(_, answers)| answers.contains(&heard.as_str()))
        });
        missing.collect::<Vec<_>>()
    };
    wait_for(async || missing().await.is_empty()).await;
    println!(
        "{operations} operations in each of two tabs, {} requests: the union is there",
        endpoint.received().len()
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_write_and_the_union_is_there() {
    slow("30 random actions in each of two tabs");
    two_tabs_write(rounds("OPERATIONS", 30)).await;
}
