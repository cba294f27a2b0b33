//! Benchmarks: they print figures and assert none. `script/bench` runs them.

use serde_json::{Value, json};

use crate::support::{Browser, Endpoint};

/// Types into one of 1, 4 and 20 cards in sync, and prints how long the page's main thread is at work for
/// each key, up to the frame that shows it: the tasks in Chromium's trace from a keydown to the next.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn typing_in_twenty_cards() {
    for cards in [1, 4, 20] {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = Browser::open_traced().await;
        browser
            .card(1)
            .await
            .connect(&endpoint.base_url(), "")
            .await;
        browser
            .card(1)
            .await
            .find("combobox", "Model")
            .await
            .holds("m")
            .await;
        // Stored, not pressed together: the trace has room for a few seconds only.
        let store = format!(
            "const key = Object.keys(localStorage).find((key) => key.includes('.chat.'));
            const chat = JSON.parse(localStorage[key]);
            chat.cards = Array.from({{ length: {cards} }}, (_, n) =>
                ({{ ...chat.cards[0], id: (n + 1).toString(16).padStart(16, '0') }}));
            localStorage[key] = JSON.stringify(chat);"
        );
        browser.card(1).await.send("hello").await;
        browser.card(1).await.logs("m heard: hello").await;
        browser.card(1).await.find("button", "Send").await;
        browser.script(&store).await;
        browser.reload().await;
        browser
            .page()
            .count("region", &format!("Chat card {cards}"), 1)
            .await;
        let input = browser.card(1).await.find("textbox", "Message").await;
        input.click().await;
        let text = "The quick brown fox jumps over the lazy dog. ".repeat(3);
        type_keys(&browser, &text).await;
        input.holds(&text).await;
        print_keys(cards, &browser.trace().await, 100);
        browser.close().await;
    }
}

/// Types as a fast typist does: a key each 60 milliseconds, 200 words a minute.
async fn type_keys(browser: &Browser, text: &str) {
    let cdp = browser.driver.cdp();
    for letter in text.chars() {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" {
                letter.to_string()
            } else {
                String::new()
            };
            let key = json!({ "type": kind, "text": text, "key": letter.to_string() });
            cdp.send_raw("Input.dispatchKeyEvent", key).await.unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
}

/// Prints the milliseconds for each of the last keys in a trace.
fn print_keys(cards: usize, trace: &[Value], count: usize) {
    let time = |event: &Value| event["ts"].as_f64().unwrap();
    let duration = |event: &Value| event["dur"].as_f64().unwrap_or_default();
    let thread = |event: &Value| (event["pid"].clone(), event["tid"].clone());
    let mut keys: Vec<_> = trace
        .iter()
        .filter(|event| {
            event["name"] == "EventDispatch" && event["args"]["data"]["type"] == "keydown"
        })
        .collect();
    keys.drain(..keys.len().saturating_sub(count));
    let main = thread(keys.first().expect("the trace has the keys"));
    let mut work = vec![0.0; keys.len()];
    let mut longest = 0.0_f64;
    let tasks = trace.iter().filter(|event| {
        let name = event["name"].as_str().unwrap_or_default();
        name == "ThreadControllerImpl::RunTask" && thread(event) == main
    });
    for task in tasks {
        // A task that began before its key's event belongs to that key.
        let end = time(task) + duration(task);
        if let Some(key) = keys.iter().rposition(|key| end > time(key)) {
            work[key] += duration(task) / 1000.0;
            longest = longest.max(duration(task) / 1000.0);
        }
    }
    work.sort_by(f64::total_cmp);
    let at = |percent: usize| work[(work.len() - 1) * percent / 100];
    println!(
        "{cards:>2} cards, {} keys: main thread per key, median {:.1} ms, 95% {:.1} ms, most {:.1} ms; longest task {longest:.1} ms",
        work.len(),
        at(50),
        at(95),
        at(100),
    );
}
