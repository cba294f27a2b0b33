//! Endpoints and models: the pickers, the form, and their stored data.

use axum::http::StatusCode;
use thirtyfour::Key;

use crate::{
    open,
    support::{Browser, Endpoint},
    wait_for, wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_closed_changes_nothing_later() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    two.will_hold_models();
    let browser = open(&one, "").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    card.connect(&two.base_url(), "").await;
    wait_until(|| two.models_authorizations().len() == 1).await;
    card.find("form", "Custom model")
        .await
        .press("Cancel")
        .await;
    two.go_on();
    card.find("combobox", "Endpoint")
        .await
        .holds(&one.name())
        .await;
    card.send("still there?").await;
    card.logs("a heard: still there?").await;
    assert!(two.received().is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_of_one_host_are_told_apart() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    let other = endpoint.base_url().replace("/v1", "/other/v1");
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &other).await;
    form.fill("Model", "b").await;
    form.press("Refresh model information").await;
    let picker = card.find("combobox", "Endpoint").await;
    let name = format!("{}/other", endpoint.name());
    picker.holds(&name).await;
    // Opening the list and confirming the choice changes nothing.
    picker.type_in(Key::Down).await;
    card.find("option", &name).await;
    picker.type_in(Key::Enter).await;
    picker.holds(&name).await;
    card.find("combobox", "Model").await.holds("b").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_not_saved() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "good").await;
    let card = browser.card(1).await;
    endpoint.will_refuse_models(StatusCode::UNAUTHORIZED, r#"{"error":"bad token"}"#);
    card.choose("Endpoint", "Custom model…").await;
    let form = card.find("form", "Custom model").await;
    form.fill("Token", "bad").await;
    form.fill("Model", "a").await;
    form.press("Refresh model information").await;
    form.says("bad token").await;
    form.press("Cancel").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    assert_eq!(endpoint.received()[0].authorization(), Some("Bearer good"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_leads_nowhere_says_why() {
    let endpoint = Endpoint::start(&[]).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    // A first visit begins by asking where the model is.
    form.says("Where is your model?").await;
    form.press("Refresh model information").await;
    form.says("Type the base URL of the endpoint").await;
    card.connect("localhost:1/v1", "").await;
    form.says("must start with http:// or https://").await;
    card.connect(&endpoint.base_url(), "토큰").await;
    form.says("a character that can't be sent").await;
    card.connect(&endpoint.base_url(), "").await;
    form.says("No models found. Check the OpenAI-compatible base URL and the token")
        .await;
    endpoint.will_refuse_models(
        StatusCode::UNAUTHORIZED,
        r#"{"error":{"message":"who are you?"}}"#,
    );
    form.press("Refresh model information").await;
    form.says("who are you?").await;
    // Nothing listens there.
    card.connect("http://127.0.0.1:1/v1", "").await;
    form.says("No response from the endpoint").await;

    // Without a list, a model can be typed, and answers.
    endpoint.will_refuse_models(StatusCode::NOT_FOUND, r#"{"detail":"Not Found"}"#);
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("Model", "typed").await;
    form.press("Refresh model information").await;
    card.find("combobox", "Model").await.holds("typed").await;
    card.count("form", "Custom model", 0).await;
    card.send("hi").await;
    card.logs("typed heard: hi").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_its_own_endpoint_only() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["b"]).await;
    let browser = open(&one, "sk-secret").await;
    let card = browser.card(1).await;
    card.choose("Endpoint", "Custom model…").await;
    card.connect(&two.base_url(), "").await;
    card.find("combobox", "Model").await.holds("b").await;
    card.send("to two").await;
    card.logs("b heard: to two").await;
    card.choose("Endpoint", &one.name()).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("to one").await;
    card.logs("a heard: to one").await;
    assert_eq!(one.received()[0].authorization(), Some("Bearer sk-secret"));
    assert_eq!(two.received()[0].authorization(), None);
    assert!(two.models_authorizations().iter().all(Option::is_none));
    // It is not stored with the chat either.
    let chats = browser
        .script("return Object.entries(localStorage).filter(([k]) => k.includes('chat')).map(([, v]) => v).join()")
        .await;
    assert!(
        chats.as_str().unwrap().contains("to one")
            && !chats.as_str().unwrap().contains("sk-secret")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picker_is_searched_by_keyboard() {
    let many: Vec<_> = (0..500).map(|n| format!("model-{n:03}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let endpoint = Endpoint::start(&many).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("model-000").await;
    picker.click().await;
    card.says("300 more: type to find one").await;
    picker.type_in("MODEL-49").await;
    card.find("option", "model-499").await;
    assert_eq!(card.names("option").await.len(), 10);
    picker.type_in(Key::Down).await;
    picker.type_in(Key::Enter).await;
    picker.holds("model-491").await;
    card.count("option", "model-491", 0).await;
    // Escape leaves without a choice.
    picker.type_in(Key::Down).await;
    picker.type_in("7").await;
    picker.type_in(Key::Escape).await;
    picker.holds("model-491").await;
    picker.click().await;
    picker.type_in("nonsense").await;
    card.says("Nothing matches").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_gone_stays_chosen_and_says_so() {
    let endpoint = Endpoint::start(&["old"]).await;
    let browser = open(&endpoint, "").await;
    endpoint.will_list(&["new"]);
    browser.reload().await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("old").await;
    card.says("old is missing from the endpoint's list").await;
    picker.click().await;
    card.says("not listed any more").await;
    picker.type_in(Key::Escape).await;
    card.send("hi").await;
    card.logs("old heard: hi").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_version_is_found_by_one_click() {
    let endpoint = Endpoint::start(&["a"]).await;
    let root = endpoint.base_url().replace("/v1", "");
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    card.connect(&root, "sk-root").await;
    let form = card.find("form", "Custom model").await;
    form.says("There are no models at this base URL").await;
    form.press(&format!("Use {root}/v1")).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    assert_eq!(
        endpoint.received()[0].authorization(),
        Some("Bearer sk-root")
    );

    // A saved endpoint is moved, with its token.
    let settings = browser.settings().await;
    settings.press("Edit").await;
    settings.fill("Base URL", &root).await;
    settings.press("Save").await;
    settings.press("Test connection").await;
    settings.says("There are no models at this base URL").await;
    settings.press(&format!("Use {root}/v1")).await;
    settings.says("It answers: 1 model").await;
    settings.press("Close").await;
    card.send("again").await;
    card.logs("a heard: again").await;
    assert_eq!(
        endpoint.received()[1].authorization(),
        Some("Bearer sk-root")
    );
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_before_the_version_survives() {
    let endpoint = Endpoint::start(&["a"]).await;
    let prefixed = endpoint.base_url().replace("/v1", "/proxy/abc/v1/");
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.fill("Base URL", &prefixed).await;
    form.fill("Model", "typed/model:1").await;
    form.press("Refresh model information").await;
    card.find("combobox", "Model")
        .await
        .holds("typed/model:1")
        .await;
    card.send("hi").await;
    // The scripted endpoint knows no such path: its refusal shows that the request went there.
    card.logs("The endpoint doesn't know this address or model (404)")
        .await;
    let settings = browser.settings().await;
    settings.says(prefixed.trim_end_matches('/')).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_added_edited_ordered_tested_and_deleted() {
    let one = Endpoint::start(&["a", "b"]).await;
    let two = Endpoint::start(&["c"]).await;
    let browser = open(&one, "sk-one").await;
    let page = browser.page();
    let card = browser.card(1).await;
    card.send("kept").await;
    card.logs("a heard: kept").await;

    // A suggestion fills in the base URL and names the settings needed.
    let settings = browser.settings().await;
    settings.press("Add endpoint").await;
    let form = settings.find("form", "Endpoint").await;
    form.select("Server or service", "Ollama").await;
    form.find("textbox", "Base URL")
        .await
        .holds("http://localhost:11434/v1")
        .await;
    form.says(&format!(
        "OLLAMA_ORIGINS={}",
        browser.url.trim_end_matches('/')
    ))
    .await;
    form.select("Server or service", "OpenAI").await;
    form.find("textbox", "Base URL")
        .await
        .holds("https://api.openai.com/v1")
        .await;
    form.find("link", "https://platform.openai.com/api-keys")
        .await;
    // Invalid input is explained, and stays.
    form.fill("Base URL", &one.base_url()).await;
    form.fill("Token", "sk-two").await;
    form.press("Save").await;
    form.says("Another saved endpoint has this base URL").await;
    form.fill("Base URL", &two.base_url()).await;
    form.fill("Name", "둘째").await;
    form.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.says("둘째").await;

    // In the user's order, here and in the picker.
    let names = "return [...document.querySelectorAll('.endpoint strong')].map((name) => name.textContent).join()";
    let order = async |expected: String| {
        wait_for(async || browser.script(names).await == expected.as_str()).await;
    };
    order(format!("{},둘째", one.name())).await;
    let up = "document.querySelectorAll('.endpoint [aria-label=\"Move up\"]')[1].click()";
    browser.script(up).await;
    order(format!("둘째,{}", one.name())).await;
    let test = "document.querySelectorAll('.endpoint')[0].querySelector('button').click()";
    browser.script(test).await;
    settings.says("It answers: 1 model").await;
    settings.press("Close").await;
    let picker = card.find("combobox", "Endpoint").await;
    picker.click().await;
    let names = card.names("option").await;
    assert_eq!(names, ["둘째", &one.name(), "Custom model…"]);
    picker.type_in(Key::Escape).await;

    // Once it is deleted, the card says so and keeps its messages; Undo makes it work again.
    let settings = browser.settings().await;
    let delete = "document.querySelectorAll('.endpoint [aria-label=Delete]')[1].click()";
    browser.script(delete).await;
    settings.says("Endpoint deleted").await;
    settings.press("Close").await;
    card.find("combobox", "Endpoint")
        .await
        .holds("Deleted endpoint")
        .await;
    card.says("The endpoint of this card was deleted").await;
    card.logs("a heard: kept").await;
    card.find("textbox", "Message").await.type_in("stays").await;
    card.find("textbox", "Message")
        .await
        .type_in(Key::Enter)
        .await;
    card.find("textbox", "Message").await.holds("stays").await;
    page.press("Undo").await;
    picker.holds(&one.name()).await;
    card.press("Send").await;
    card.logs("a heard: stays").await;
    assert_eq!(one.received()[1].authorization(), Some("Bearer sk-one"));
    browser.reload().await;
    let settings = browser.settings().await;
    order(format!("둘째,{}", one.name())).await;
    settings.press("Close").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_endpoint_takes_no_token_to_another_server() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["a"]).await;
    let browser = open(&one, "sk-one").await;
    let card = browser.card(1).await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    settings.fill("Base URL", &two.base_url()).await;
    settings.press("Save").await;
    settings.press("Close").await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    assert_eq!(two.received()[0].authorization(), None);
    assert!(two.models_authorizations().iter().all(Option::is_none));
    // Sets a name, and forgets a token.
    let settings = browser.settings().await;
    settings.press("Edit").await;
    settings.fill("Token", "sk-two").await;
    settings.fill("Name", "mine").await;
    settings.press("Save").await;
    settings.press("Close").await;
    card.find("combobox", "Endpoint").await.holds("mine").await;
    card.send("with").await;
    card.logs("a heard: with").await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    settings
        .find("checkbox", "Forget the saved token")
        .await
        .click()
        .await;
    settings.press("Save").await;
    settings.press("Close").await;
    card.send("without").await;
    card.logs("a heard: without").await;
    let tokens: Vec<_> = two.received();
    let tokens: Vec<_> = tokens
        .iter()
        .map(|request| request.authorization())
        .collect();
    assert_eq!(tokens, [None, Some("Bearer sk-two"), None]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_while_models_load_finds_one_of_them() {
    let endpoint = Endpoint::start(&["alpha", "beta", "gamma"]).await;
    let browser = open(&endpoint, "").await;
    endpoint.will_hold_models();
    browser.reload().await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("alpha").await;
    picker.click().await;
    card.says("Loading models…").await;
    picker.type_in("gam").await;
    // Enter chooses nothing while there is nothing to choose.
    picker.type_in(Key::Enter).await;
    endpoint.go_on();
    card.find("option", "gamma").await;
    picker.type_in(Key::Enter).await;
    picker.holds("gamma").await;
    // End goes to the last one.
    picker.type_in(Key::Down).await;
    picker.type_in(Key::End).await;
    picker.type_in(Key::Enter).await;
    picker.holds("beta").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn models_used_recently_come_first_and_thousands_are_searched() {
    let many: Vec<_> = (0..5000).map(|n| format!("model-{n:04}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let endpoint = Endpoint::start(&many).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let picker = card.find("combobox", "Model").await;
    picker.holds("model-0000").await;
    for model in ["model-4321", "model-1234"] {
        card.choose("Model", model).await;
        picker.holds(model).await;
    }
    picker.type_in(Key::Down).await;
    card.says("used recently").await;
    let first = "return [...document.querySelectorAll('[role=option]')].slice(0, 4).map((option) => option.ariaLabel).join()";
    let expected = "model-1234,model-4321,model-0000,model-0001";
    wait_for(async || browser.script(first).await == expected).await;
    picker.type_in(Key::Escape).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_blocks_nothing_and_is_asked_for_again() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    endpoint.will_refuse_models(StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"waking up"}"#);
    browser.reload().await;
    let card = browser.card(1).await;
    card.send("hi").await;
    card.logs("a heard: hi").await;
    let picker = card.find("combobox", "Model").await;
    picker.click().await;
    card.says("waking up").await;
    picker.type_in(Key::Escape).await;
    endpoint.will_list(&["a", "b"]);
    picker.click().await;
    card.find("option", "b").await.click().await;
    picker.holds("b").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_is_said_and_loopback_still_answers() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    browser.set_offline(true).await;
    browser.page().says("You are offline").await;
    card.send("hello?").await;
    card.logs("a heard: hello?").await;
    browser.set_offline(false).await;
    browser
        .page()
        .shows("no notice", |text| !text.contains("You are offline"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_says_that_its_only_endpoint_was_deleted() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("kept").await;
    card.logs("a heard: kept").await;
    let settings = browser.settings().await;
    settings.press("Delete").await;
    settings.says("No endpoints yet").await;
    settings.press("Close").await;
    card.says("The endpoint of this card was deleted").await;
    card.logs("a heard: kept").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_keep_the_focus_and_escape_closes_one_thing() {
    let one = Endpoint::start(&["a"]).await;
    let browser = open(&one, "").await;
    let page = browser.page();
    let settings = browser.settings().await;
    settings.press("Add endpoint").await;
    let focused = async || {
        browser
            .script("return document.activeElement.id.split('-')[0]")
            .await
    };
    wait_for(async || focused().await == "url").await;
    settings.fill("Base URL", "http://127.0.0.1:1/v1").await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Add endpoint").await;
    let base_url = settings.find("textbox", "Base URL").await;
    base_url.type_in("http://127").await;
    base_url.type_in(Key::Escape).await;
    settings.count("form", "Endpoint", 0).await;
    // A moved row keeps the focus, at an end on the other button.
    let up = "document.querySelectorAll('.endpoint [aria-label=\"Move up\"]')[1]";
    browser.script(&format!("{up}.focus(); {up}.click()")).await;
    let label = "return document.activeElement.ariaLabel + document.activeElement.ariaDescription";
    let expected = "Move down127.0.0.1:1";
    wait_for(async || browser.script(label).await == expected).await;
    browser
        .driver
        .action_chain()
        .send_keys(Key::Escape)
        .perform()
        .await
        .unwrap();
    page.count("dialog", "Settings", 0).await;
    browser.close().await;
}
