//! Previews of code, in a frame that can reach nothing.

use thirtyfour::prelude::*;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step, dist, slow},
    wait_for,
};

/// Opens a page whose only answer is this block of code.
async fn answer(endpoint: &Endpoint, language: &str, code: &str) -> Browser {
    let text = format!("```{language}\n{code}\n```\n");
    endpoint.will("m", [say(&text), Step::Finish("stop")]);
    let browser = open(endpoint, "").await;
    browser.card(1).await.send("Draw").await;
    browser.page().find("button", "Preview").await;
    browser
}

/// Opens the preview, and enters its frame.
async fn enter(browser: &Browser) {
    browser.page().press("Preview").await;
    let frame = browser.driver.find(By::Css("iframe")).await.unwrap();
    assert_eq!(
        frame.attr("title").await.unwrap().as_deref(),
        Some("Preview")
    );
    frame.enter_frame().await.unwrap();
}

/// Waits until a script returns true in the page or the frame, whichever was entered.
async fn holds(browser: &Browser, script: &str) {
    wait_for(async || browser.script(script).await == true).await;
}

/// Returns the files that the page has fetched.
async fn fetched(browser: &Browser) -> String {
    let names = "return performance.getEntriesByType('resource').map(it => it.name).join(' ')";
    browser.script(names).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_runs_in_a_frame_of_nobody() {
    let endpoint = Endpoint::start(&["m"]).await;
    let code = "<p id=out>waits</p><div style='height: 500px'></div><script>
        const tries = {
            origin: () => self.origin,
            parent: () => parent.document.title,
            address: () => top.location.href,
            local: () => localStorage.length,
            session: () => sessionStorage.length,
            cookie: () => document.cookie,
            calls: () => typeof RTCPeerConnection,
        };
        out.textContent = Object.entries(tries).map(([name, look]) => {
            try { return `${name} ${look()}` } catch { return `${name} refused` }
        }).join(', ');
    </script>";
    let browser = answer(&endpoint, "html", code).await;
    browser.script("document.cookie = 'a=b'; return true").await;
    let before = fetched(&browser).await;
    assert!(!before.contains("preview.html"), "{before}");
    assert!(!before.contains("mermaid"), "{before}");
    let button = browser.page().find("button", "Preview").await;
    assert_eq!(button.attr("aria-pressed").await.as_deref(), Some("false"));

    enter(&browser).await;
    browser
        .page()
        .says(
            // Storage and cookies are stand-ins, which are empty.
            "origin null, parent refused, address refused, local 0, session 0, cookie , \
             calls undefined",
        )
        .await;
    browser.driver.enter_default_frame().await.unwrap();
    // The frame is as high as its content.
    holds(
        &browser,
        "const { clientHeight } = document.querySelector('iframe');
         return clientHeight > 500 && clientHeight < 600",
    )
    .await;
    assert_eq!(button.attr("aria-pressed").await.as_deref(), Some("true"));
    let after = fetched(&browser).await;
    assert!(!after.contains("mermaid"), "{after}");

    button.click().await;
    holds(&browser, "return !document.querySelector('iframe')").await;
    assert_eq!(button.attr("aria-pressed").await.as_deref(), Some("false"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_previewed_reaches_anything() {
    slow("21 previews in turn");
    let endpoint = Endpoint::start(&["m"]).await;
    let other = Endpoint::start(&[]).await;
    let to = format!("http://{}", other.name());
    // Each leaves a word in its frame, or leaves its frame.
    let stays = [
        format!(
            "<body><script>fetch('{to}/fetch').catch(() => document.body.append('over'))</script>"
        ),
        format!("<script>navigator.sendBeacon('{to}/beacon', 'x')</script>over"),
        format!(
            "<script>onload = () => {{ new WebSocket('ws://{}/') }}</script>over",
            other.name()
        ),
        format!("<img src='{to}/image' onerror=\"document.body.append('over')\">"),
        format!(
            "<style>@import '{to}/import'; body {{ background: url({to}/ground) }}</style>over"
        ),
        format!("<link rel=stylesheet href='{to}/style'><link rel=prefetch href='{to}/later'>over"),
        format!(
            "<body><script src='{to}/script' onerror=\"document.body.append('over')\"></script>"
        ),
        format!(
            "<video src='{to}/video' poster='{to}/poster'></video><object data='{to}/object'></object>over"
        ),
        format!("<iframe src='{to}/frame'></iframe>over"),
        format!(
            "<iframe srcdoc=\"<img src='{to}/inner'><script>location = '{to}/way'</script>\"></iframe>over"
        ),
        format!(
            "<form id=it action='{to}/form' method=post></form><script>it.submit()</script>over"
        ),
        format!("<script>open('{to}/open')</script>over"),
        format!("<a id=it target=_blank href='{to}/blank'>a</a><script>it.click()</script>over"),
        format!("<a id=it target=_top href='{to}/top'>a</a><script>it.click()</script>over"),
        format!("<script>try {{ top.location = '{to}/way' }} catch {{}}</script>over"),
    ];
    let leaves = [
        format!("<meta http-equiv=refresh content='0; url={to}/refresh'>"),
        format!("<script>location = '{to}/location'</script>"),
        format!("<a id=it href='{to}/link'>a</a><script>it.click()</script>"),
        format!("<script>location = `data:text/html,<img src='{to}/data'>`</script>"),
        format!(
            "<script>location = URL.createObjectURL(new Blob([`<img src='{to}/blob'>`], {{ type: 'text/html' }}))</script>"
        ),
        // The page itself would request the models from this endpoint.
        format!("<script>location = '/?endpoint={to}/v1&model=m'</script>"),
    ];
    let browser = answer(&endpoint, "html", "first").await;
    // All are violations.
    browser.expect_violations();
    let windows = browser.driver.windows().await.unwrap().len();
    let cases = stays.iter().map(|code| (code, true));
    for (code, stays) in cases.chain(leaves.iter().map(|code| (code, false))) {
        // Printed if the test fails.
        println!("{code}");
        let text = format!("```html\n{code}\n```\n");
        endpoint.will("m", [say(&text), Step::Finish("stop")]);
        let card = browser.card(1).await;
        card.choose_more("Clear chat").await;
        card.send("Again").await;
        enter(&browser).await;
        if stays {
            browser.page().says("over").await;
        } else {
            // The browser shows this in place of a forbidden page.
            holds(&browser, "return location.protocol === 'chrome-error:'").await;
        }
        browser.driver.enter_default_frame().await.unwrap();
    }
    // The page is where it was, and has fetched nothing else.
    browser.card(1).await;
    assert_eq!(browser.driver.windows().await.unwrap().len(), windows);
    assert_eq!(other.requests(), [""; 0]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_page_has_a_preview_shown_and_only_in_a_sandbox() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = answer(&endpoint, "html", "<p>mine</p>").await;
    // In a window of its own it would run code as the page.
    let address =
        "return JSON.parse(document.getElementById('manifest').textContent)['preview.html']";
    let address = browser.script(address).await;
    browser.go(address.as_str().expect("an address")).await;
    let script = "window.postMessage(['html', '<p>theirs</p>', false, []], '*');
        return new Promise(then => setTimeout(() => then(document.body.innerText), 100))";
    assert_eq!(browser.script(script).await, "");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_drawn() {
    let endpoint = Endpoint::start(&["m"]).await;
    let code =
        "<svg xmlns='http://www.w3.org/2000/svg' width='90' height='70'><circle r='9'/></svg>";
    let browser = answer(&endpoint, "svg", code).await;
    enter(&browser).await;
    holds(
        &browser,
        "return document.querySelector('svg')?.getBoundingClientRect().width === 90",
    )
    .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagram_is_drawn_and_a_broken_one_says_so() {
    if !dist::has("mermaid") {
        return;
    }
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = answer(&endpoint, "mermaid", "graph TD\n A[Tea] --> B[Cup]").await;
    assert!(!fetched(&browser).await.contains("mermaid"));
    enter(&browser).await;
    holds(&browser, "return !!document.querySelector('svg')").await;
    browser.page().says("Tea").await;
    browser.driver.enter_default_frame().await.unwrap();

    endpoint.will(
        "m",
        [
            say("```mermaid\ngraph TD\n A --\n```\n"),
            Step::Finish("stop"),
        ],
    );
    let card = browser.card(1).await;
    card.choose_more("Clear chat").await;
    card.send("Again").await;
    enter(&browser).await;
    browser.page().says("This diagram can't be drawn").await;
    browser.page().says("Parse error").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mermaid_a_preview_says_so() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = answer(&endpoint, "mermaid", "graph TD\n A --> B").await;
    // As in a build without Mermaid, the server answers with the page.
    browser
        .script(
            "const { fetch } = window;
             window.fetch = (url) => fetch(String(url).startsWith('mermaid') ? '/none' : url);
             return true",
        )
        .await;
    enter(&browser).await;
    browser.page().says("Diagrams can't be drawn here").await;
    browser.close().await;
}
