//! The connection doctor: its diagnoses of faulty servers, and its requests. Also the search for
//! servers on this computer.

use axum::http::StatusCode;

use crate::{
    open,
    support::{
        Browser, Endpoint, Scope, Step,
        odd::{Kind, Odd},
    },
    wait_until,
};

/// Opens the page, fills in the form, connects, and opens the doctor when that has failed.
async fn examined(base_url: &str, token: &str) -> (Browser, Scope) {
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(base_url, token).await;
    let form = card.find("form", "Custom model").await;
    form.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    (browser, dialog)
}

/// Opens the doctor for a server of this kind, with this token in the form.
async fn of(kind: Kind, token: &str) -> (Odd, Browser, Scope) {
    let odd = Odd::start(kind).await;
    let (browser, dialog) = examined(&odd.base_url(), token).await;
    (odd, browser, dialog)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_card_is_examined_and_found_well() {
    let endpoint = Endpoint::start(&["m"]).await;
    let broken = [Step::Raw(br#"{"error":"broken"}"#.to_vec())];
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    endpoint.will_respond("m", status, "application/json", true, broken);
    let browser = open(&endpoint, "good").await;
    let card = browser.card(1).await;
    card.send("hi").await;
    card.logs("broken").await;
    let before = endpoint.received().len();
    card.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog.says(&endpoint.base_url()).await;
    dialog.says("The connection works.").await;
    // One question, for one token, with the endpoint's own token.
    let received = endpoint.received();
    assert_eq!(received.len(), before + 1);
    let asked = &received[before];
    assert_eq!(asked.body["max_tokens"], 1);
    assert_eq!(asked.body["stream"], true);
    assert_eq!(asked.authorization(), Some("Bearer good"));
    dialog.press("Check again").await;
    wait_until(|| endpoint.received().len() == before + 2).await;
    dialog.says("The connection works.").await;
    dialog.press("Close").await;
    browser.page().count("dialog", "Connection doctor", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_there_is_said() {
    let (browser, dialog) = examined("http://127.0.0.1:1/v1", "").await;
    dialog.says("Nothing answers at this address.").await;
    dialog.says("curl -i 'http://127.0.0.1:1/v1/models'").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_allows_no_page_is_told_from_none_and_its_fix_is_copied() {
    let (odd, browser, dialog) = of(Kind::NoCors, "").await;
    dialog.says("it does not allow this page (CORS)").await;
    let origin = browser.url.trim_end_matches('/');
    let line = format!("add_header Access-Control-Allow-Origin \"{origin}\" always;");
    dialog.says(&line).await;
    browser.allow_clipboard().await;
    // The button of the first fix comes after Close.
    let copy = dialog.nth("button", 1).await;
    copy.click().await;
    dialog.says("Copied").await;
    let copied = browser.clipboard().await;
    assert!(copied.contains(&line), "{copied}");
    let upstream = odd.origin().replace("http://", "proxy_pass http://");
    assert!(copied.contains(&upstream), "{copied}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_said_with_the_servers_words() {
    let (_odd, browser, dialog) = of(Kind::Locked, "bad").await;
    dialog.says("The endpoint refuses the token.").await;
    dialog.says("who are you?").await;
    browser.close().await;
    let (_odd, browser, dialog) = of(Kind::Locked, "").await;
    dialog.says("The endpoint wants a token.").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_that_is_hidden_is_guessed() {
    let (odd, browser, dialog) = of(Kind::Hiding, "sk-hidden").await;
    dialog.says("most likely, the token is wrong").await;
    // The typed token is kept nowhere.
    let stored = "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }]) + document.documentElement.outerHTML";
    let stored = browser.script(stored).await;
    assert!(!stored.as_str().unwrap().contains("sk-hidden"));
    // These requests have no token.
    let asked = odd.asked();
    let bare = |line: &str| {
        let bare = asked.iter().filter(|asked| asked.authorization.is_none());
        bare.filter(|asked| asked.line == line).count()
    };
    assert!(bare("GET /") > 0 && bare("GET /v1/models") > 0, "{asked:?}");
    let is_given = asked
        .iter()
        .all(|asked| asked.line != "GET /" || asked.authorization.is_none());
    assert!(is_given, "{asked:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_version_is_found() {
    let odd = Odd::start(Kind::Versioned).await;
    let (browser, dialog) = examined(&odd.origin(), "").await;
    let found = format!("its models are at {}", odd.base_url());
    dialog.says(&found).await;
    dialog.press("Close").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_a_reader_is_no_endpoint() {
    let (_odd, browser, dialog) = of(Kind::Page, "").await;
    dialog.says("is no OpenAI-compatible endpoint").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_comes_first() {
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    browser.set_offline(true).await;
    browser.page().says("You are offline").await;
    card.connect("https://endpoint.invalid/v1", "").await;
    form.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog
        .says("Connect to the network, then check again.")
        .await;
    browser.set_offline(false).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirection_is_named_and_never_followed_with_the_token() {
    let other = Odd::start(Kind::Locked).await;
    let (odd, browser, dialog) = of(Kind::Leads(other.origin()), "sk-secret").await;
    dialog.says("The endpoint leads to another address").await;
    dialog.says(&other.base_url()).await;
    assert!(
        odd.asked()
            .iter()
            .any(|asked| asked.authorization.is_some())
    );
    let heard = other.asked();
    assert!(
        heard.iter().all(|asked| asked.authorization.is_none()),
        "{heard:?}"
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_not_known_is_named_with_those_that_are() {
    let odd = Odd::start(Kind::Strict).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &odd.base_url()).await;
    form.fill("Model", "x").await;
    form.press("Refresh model information").await;
    card.find("combobox", "Model").await.holds("x").await;
    card.send("hi").await;
    card.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog.says("does not know this model").await;
    dialog.says("Choose one that it lists: a").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_does_not_stream_is_said_to_answer() {
    let odd = Odd::start(Kind::Strict).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&odd.base_url(), "").await;
    card.find("combobox", "Model").await.holds("a").await;
    odd.becomes(Kind::Page);
    card.send("hi").await;
    card.find("button", "Find out why").await;
    odd.becomes(Kind::Whole);
    card.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog.says("its answers come all at once").await;
    let asked = odd.asked();
    let mut limits = asked.iter().filter(|asked| asked.line.starts_with("POST"));
    assert!(
        limits
            .next_back()
            .unwrap()
            .body
            .contains("\"max_tokens\":1")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_endpoint_is_examined_from_the_settings_and_moved_by_one_click() {
    let odd = Odd::start(Kind::Versioned).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&odd.base_url(), "sk-saved").await;
    card.find("combobox", "Model").await.holds("a").await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    settings.fill("Base URL", &odd.origin()).await;
    settings.press("Save").await;
    settings.press("Test connection").await;
    settings.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog.says("its models are at").await;
    // It then checks again by itself.
    dialog.press(&format!("Use {}", odd.base_url())).await;
    dialog.says("The connection works.").await;
    let asked = odd.asked();
    let answered = asked
        .iter()
        .rfind(|asked| asked.line == "POST /v1/chat/completions");
    let token = answered.unwrap().authorization.as_deref();
    assert_eq!(token, Some("Bearer sk-saved"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_what_is_asked() {
    let (odd, browser, dialog) = of(Kind::Locked, "bad").await;
    dialog.says("The endpoint refuses the token.").await;
    odd.becomes(Kind::Silent);
    dialog.press("Check again").await;
    let waiting = || {
        odd.asked()
            .iter()
            .filter(|asked| asked.line == "GET /")
            .count()
    };
    wait_until(|| waiting() == 2).await;
    assert_eq!(odd.left(), 0);
    dialog.press("Close").await;
    wait_until(|| odd.left() == 1).await;
    // The form is unchanged.
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.find("textbox", "Base URL")
        .await
        .holds(&odd.base_url())
        .await;
    assert_eq!(waiting(), 2);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_servers_are_looked_for_by_a_click_and_used() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    // The typed address is checked, too, if it is on this computer.
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("Token", "sk-typed").await;
    form.find("button", "Find local servers").await;
    assert!(endpoint.requests().is_empty());
    let asked = "return performance.getEntriesByType('resource').map((it) => it.name).filter((it) => !it.startsWith(origin)).join()";
    assert_eq!(browser.script(asked).await, "");
    form.press("Find local servers").await;
    form.says(&format!("{} answers: 1 model", endpoint.name()))
        .await;
    assert!(endpoint.models_authorizations().iter().all(Option::is_none));
    form.press(&format!("Use {}", endpoint.base_url())).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_typed_for_another_server_goes_to_none_that_is_found() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &one.base_url()).await;
    form.press("Find local servers").await;
    form.says(&format!("{} answers: 1 model", one.name())).await;
    form.fill("Base URL", &two.base_url()).await;
    form.fill("Token", "sk-two").await;
    form.press(&format!("Use {}", one.base_url())).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    assert!(one.models_authorizations().iter().all(Option::is_none));
    assert_eq!(one.received()[0].authorization(), None);
    assert!(two.requests().is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_server_that_allows_no_page_leads_to_the_doctor() {
    let odd = Odd::start(Kind::NoCors).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &odd.base_url()).await;
    form.press("Find local servers").await;
    let name = odd.origin().replace("http://", "");
    form.says(&format!("{name} is there, but does not allow this page"))
        .await;
    // The typed address is checked first.
    let list = form.find("list", "").await;
    let first = list.nth("listitem", 0).await;
    first.press("Find out why").await;
    let dialog = browser.page().find("dialog", "Connection doctor").await;
    dialog.says("it does not allow this page (CORS)").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_speaks_korean() {
    let browser = Browser::open_in("ko").await;
    let card = browser.page().find("region", "채팅 카드 1").await;
    let form = card.find("form", "사용자 정의 모델").await;
    form.find("button", "로컬 서버 찾기").await;
    form.fill("Base URL", "http://127.0.0.1:1/v1").await;
    form.press("모델 정보 새로고침").await;
    form.press("원인 찾기").await;
    let dialog = browser.page().find("dialog", "연결 진단").await;
    dialog.says("이 주소에서 아무것도 응답하지 않습니다.").await;
    dialog.press("닫기").await;
    browser.page().count("dialog", "연결 진단", 0).await;
    browser.close().await;
}
