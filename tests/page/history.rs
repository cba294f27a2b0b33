//! New chats, the history, and the addresses of chats.

use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{
    open, say,
    support::{Browser, Endpoint, Step},
    wait_for,
};

/// Waits until the page's address is a chat's, and returns it.
async fn chat_address(browser: &Browser) -> String {
    wait_for(async || browser.address().await.starts_with("/chat/")).await;
    browser.address().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_chat_leaves_the_one_before_in_the_history() {
    let endpoint = Endpoint::start(&["a", "b"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    let card = browser.card(1).await;
    // A chat that was never used leaves nothing.
    assert_eq!(browser.address().await, "/");
    let drawer = browser.history().await;
    drawer.says("No chats yet").await;
    drawer.press("Close").await;

    card.choose("Model", "b").await;
    card.send("first question").await;
    card.logs("b heard: first question").await;
    let first = chat_address(&browser).await;
    page.press("New chat").await;
    assert_eq!(browser.address().await, "/");
    let card = browser.card(1).await;
    card.shows("an empty chat", |text| !text.contains("first"))
        .await;
    // It has one card, with the endpoint and the model used last.
    card.find("combobox", "Endpoint")
        .await
        .holds(&endpoint.name())
        .await;
    card.find("combobox", "Model").await.holds("b").await;
    page.count("region", "Chat card 2", 0).await;
    // A chat that is new already leaves nothing behind.
    page.press("New chat").await;
    card.send("second question").await;
    card.logs("b heard: second question").await;
    let second = chat_address(&browser).await;
    assert_ne!(first, second);

    // Newest first, under today, with the model.
    let drawer = browser.history().await;
    assert_eq!(
        drawer.names("link").await,
        ["second question", "first question"]
    );
    drawer.find("heading", "Today").await;
    drawer.says(" · b").await;
    drawer.find("link", "first question").await.click().await;
    browser.card(1).await.logs("b heard: first question").await;
    assert_eq!(browser.address().await, first);
    assert_eq!(
        browser.driver.title().await.unwrap(),
        "first question · Collate"
    );

    // Back, forward, a bookmark.
    browser.driver.back().await.unwrap();
    browser.card(1).await.logs("b heard: second question").await;
    assert_eq!(browser.address().await, second);
    browser.driver.forward().await.unwrap();
    browser.card(1).await.logs("b heard: first question").await;
    browser.go(&second).await;
    browser.card(1).await.logs("b heard: second question").await;
    // New messages go to the chat that is shown.
    browser.card(1).await.send("third").await;
    browser.card(1).await.logs("b heard: third").await;
    assert_eq!(endpoint.received()[2].messages().len(), 3);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_opened_as_it_was() {
    let endpoint = Endpoint::start(&["a", "b"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.fill("System prompt", "Be brief.").await;
    parameters.fill("Card name", "Left one").await;
    parameters.turn("Use parameters").await;
    parameters.set("Top K", "7").await;
    parameters.press("Close").await;
    card.press("Compare").await;
    let right = browser.card(2).await;
    right.choose("Model", "b").await;
    right.press("Sync input").await;
    right.send("only right").await;
    right.logs("b heard: only right").await;
    right
        .find("textbox", "Message")
        .await
        .type_in("a draft")
        .await;
    let address = chat_address(&browser).await;
    browser.page().press("New chat").await;
    browser.page().count("region", "Chat card 2", 0).await;
    // A new chat has none of this.
    let parameters = browser.card(1).await.parameters().await;
    parameters
        .find("textbox", "System prompt")
        .await
        .holds("")
        .await;
    parameters.press("Close").await;

    browser.go(&address).await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.says("Left one").await;
    left.find("combobox", "Model").await.holds("a").await;
    left.count("article", "You", 0).await;
    right.find("combobox", "Model").await.holds("b").await;
    right.logs("b heard: only right").await;
    right
        .find("textbox", "Message")
        .await
        .holds("a draft")
        .await;
    let sync = right.find("button", "Sync input").await;
    assert_eq!(sync.attr("aria-pressed").await.as_deref(), Some("false"));
    left.send("hello").await;
    left.logs("a heard: hello").await;
    let request = &endpoint.received()[1];
    assert_eq!(request.body["top_k"], 7);
    assert_eq!(request.messages()[0], ("system", "Be brief."));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_renamed_deleted_and_brought_back() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    let card = browser.card(1).await;
    card.send("a question").await;
    card.logs("a heard: a question").await;
    let address = chat_address(&browser).await;
    let drawer = browser.history().await;
    drawer.press("Rename").await;
    let title = drawer.find("textbox", "Title").await;
    title.element().clear().await.unwrap();
    title.type_in("바다 이야기").await;
    title.type_in(Key::Enter).await;
    drawer.find("link", "바다 이야기").await;
    page.says("바다 이야기").await;
    // Escape leaves the title field, and only that.
    drawer.press("Rename").await;
    let title = drawer.find("textbox", "Title").await;
    title.type_in("nothing").await;
    title.type_in(Key::Escape).await;
    drawer.find("link", "바다 이야기").await;

    // Deleting the chat makes room for a new one; Undo opens it again.
    drawer.press("Delete").await;
    drawer.says("No chats yet").await;
    assert_eq!(browser.address().await, "/");
    browser.card(1).await.count("article", "You", 0).await;
    page.says("Chat deleted").await;
    page.press("Undo").await;
    browser.card(1).await.logs("a heard: a question").await;
    assert_eq!(browser.address().await, address);
    browser.reload().await;
    browser.card(1).await.logs("a heard: a question").await;
    page.says("바다 이야기").await;

    // A chat that is not shown can be renamed and deleted, too.
    page.press("New chat").await;
    browser.card(1).await.send("another").await;
    browser.card(1).await.logs("a heard: another").await;
    let drawer = browser.history().await;
    let rename = "document.querySelectorAll('aside button[aria-label=Rename]')[1].click()";
    browser.script(rename).await;
    let title = drawer.find("textbox", "Title").await;
    title.element().clear().await.unwrap();
    title.type_in(Key::Enter).await;
    drawer.find("link", "a question").await;
    let delete = "document.querySelectorAll('aside button[aria-label=Delete]')[1].click()";
    browser.script(delete).await;
    drawer.count("link", "a question", 0).await;
    browser.card(1).await.logs("a heard: another").await;
    browser.go(&address).await;
    page.says("There is no chat here").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_says_so_and_offers_a_new_chat() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    for path in ["/chat/00000000000000ff", "/chat/nonsense", "/elsewhere"] {
        browser.go(path).await;
        browser.page().says("There is no chat here").await;
    }
    browser.page().press("Start a new chat").await;
    let card = browser.card(1).await;
    card.send("hello").await;
    card.logs("a heard: hello").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_on_while_another_chat_is_shown() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will(
        "a",
        [
            say("half"),
            Step::Wait,
            say(" and whole"),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("long").await;
    card.logs("half").await;
    card.send("next").await;
    let address = chat_address(&browser).await;
    browser.page().press("New chat").await;
    browser.card(1).await.count("article", "You", 0).await;
    endpoint.go_on();
    wait_for(async || endpoint.received().len() == 2).await;
    // Shown again, it has the whole answer, and the one queued behind it.
    let drawer = browser.history().await;
    drawer.find("link", "long").await.click().await;
    let card = browser.card(1).await;
    card.logs("half and whole").await;
    card.logs("a heard: next").await;
    assert_eq!(browser.address().await, address);
    browser.reload().await;
    browser.card(1).await.logs("half and whole").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_opens_a_chat_with_these_cards() {
    let one = Endpoint::start(&["a", "b"]).await;
    let two = Endpoint::start(&["c"]).await;
    let browser = open(&one, "sk-one").await;
    browser.card(1).await.send("before").await;
    browser.card(1).await.logs("a heard: before").await;
    let query = format!(
        "/?endpoint={}&model=b&endpoint={}&model=a&token=sk-evil",
        one.name(),
        one.base_url(),
    );
    browser.go(&query).await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.find("combobox", "Model").await.holds("b").await;
    right.find("combobox", "Model").await.holds("a").await;
    left.count("article", "You", 0).await;
    left.send("hello").await;
    left.logs("b heard: hello").await;
    right.logs("a heard: hello").await;
    assert!(chat_address(&browser).await.len() > "/chat/".len());
    for request in one.received() {
        assert_eq!(request.authorization(), Some("Bearer sk-one"));
    }

    // An unsaved endpoint is suggested, and no request goes there by itself.
    browser
        .go(&format!("/?endpoint={}&model=c", two.base_url()))
        .await;
    let card = browser.card(1).await;
    let form = card.find("form", "Custom model").await;
    form.find("textbox", "Base URL")
        .await
        .holds(&two.base_url())
        .await;
    form.find("textbox", "Model").await.holds("c").await;
    assert!(two.models_authorizations().is_empty());
    form.press("Refresh model information").await;
    card.find("combobox", "Model").await.holds("c").await;
    card.send("hi").await;
    card.logs("c heard: hi").await;
    assert_eq!(two.received()[0].authorization(), None);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_a_new_chat_survives_a_reload() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser
        .card(1)
        .await
        .find("textbox", "Message")
        .await
        .type_in("unsent words")
        .await;
    browser.reload().await;
    browser
        .card(1)
        .await
        .find("textbox", "Message")
        .await
        .holds("unsent words")
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_used_by_keyboard_and_follows_other_tabs() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("one").await;
    browser.card(1).await.logs("a heard: one").await;
    let page = browser.page();
    page.find("button", "History")
        .await
        .type_in(Key::Enter)
        .await;
    let drawer = page.find("complementary", "Chat history").await;
    drawer.find("link", "one").await;
    let (first, _) = browser.new_tab().await;
    browser.go("/?model=a").await;
    browser.card(1).await.send("from another tab").await;
    browser
        .card(1)
        .await
        .logs("a heard: from another tab")
        .await;
    browser.driver.switch_to_window(first).await.unwrap();
    drawer.find("link", "from another tab").await;
    // Escape closes it, and returns the focus.
    browser
        .script("document.querySelector('aside').focus()")
        .await;
    browser
        .driver
        .action_chain()
        .send_keys(Key::Escape)
        .perform()
        .await
        .unwrap();
    page.count("complementary", "Chat history", 0).await;
    let focused = "return document.activeElement.ariaLabel";
    wait_for(async || browser.script(focused).await == "History").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_chat_is_brought_back_at_its_own_address_and_in_other_tabs() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    browser.card(1).await.send("one").await;
    browser.card(1).await.logs("a heard: one").await;
    let address = chat_address(&browser).await;
    page.press("New chat").await;
    browser.card(1).await.send("two").await;
    browser.card(1).await.logs("a heard: two").await;
    let (first, second) = browser.new_tab().await;
    browser.go(&address).await;
    let drawer = browser.history().await;
    drawer.find("link", "one").await;

    browser
        .driver
        .switch_to_window(first.clone())
        .await
        .unwrap();
    let mine = browser.history().await;
    mine.find("link", "one").await;
    browser
        .script("document.querySelectorAll('aside button[aria-label=Delete]')[1].click()")
        .await;
    mine.count("link", "one", 0).await;
    browser
        .driver
        .switch_to_window(second.clone())
        .await
        .unwrap();
    drawer.count("link", "one", 0).await;
    // The other tab continues the chat: Undo must not remove any of that.
    browser.card(1).await.send("three").await;
    browser.card(1).await.logs("a heard: three").await;
    browser
        .driver
        .switch_to_window(first.clone())
        .await
        .unwrap();
    mine.find("link", "one").await;
    page.press("Undo").await;
    browser.driver.switch_to_window(second).await.unwrap();
    browser.card(1).await.logs("a heard: three").await;

    // At its own address, a missing chat comes back by Undo.
    browser.driver.switch_to_window(first).await.unwrap();
    browser
        .script("document.querySelectorAll('aside button[aria-label=Delete]')[0].click()")
        .await;
    mine.count("link", "one", 0).await;
    browser.driver.back().await.unwrap();
    page.says("There is no chat here").await;
    page.press("Undo").await;
    browser.card(1).await.logs("a heard: three").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_without_a_word_left_leaves_no_trace() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let input = card.find("textbox", "Message").await;
    input.type_in("x").await;
    chat_address(&browser).await;
    input.type_in(Key::Backspace).await;
    input.holds("").await;
    card.press("Compare").await;
    browser.page().press("New chat").await;
    browser.page().count("region", "Chat card 2", 0).await;
    let drawer = browser.history().await;
    drawer.says("No chats yet").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_word_has_an_address_at_once() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("before").await;
    browser.card(1).await.logs("a heard: before").await;
    let before = chat_address(&browser).await;
    browser.page().press("New chat").await;
    let input = browser.card(1).await.find("textbox", "Message").await;
    input.type_in("precious").await;
    assert_ne!(chat_address(&browser).await, before);
    browser.driver.back().await.unwrap();
    browser.card(1).await.logs("a heard: before").await;
    browser.driver.forward().await.unwrap();
    let input = browser.card(1).await.find("textbox", "Message").await;
    input.holds("precious").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_was_not_changed_goes_on_following_the_words() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let input = browser.card(1).await.find("textbox", "Message").await;
    input.type_in("dr").await;
    let drawer = browser.history().await;
    drawer.press("Rename").await;
    let title = drawer.find("textbox", "Title").await;
    title.type_in(Key::Enter).await;
    drawer.count("textbox", "Title", 0).await;
    input.type_in("aft").await;
    drawer.find("link", "draft").await;
    browser.close().await;
}

/// Opens the page with a chat for each question, the last one first in the history.
async fn with_chats(endpoint: &Endpoint, questions: &[&str]) -> Browser {
    let browser = open(endpoint, "").await;
    for question in questions {
        browser.page().press("New chat").await;
        browser.card(1).await.send(question).await;
        browser
            .card(1)
            .await
            .logs(&format!("a heard: {question}"))
            .await;
    }
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_in_titles_and_messages() {
    let endpoint = Endpoint::start(&["a"]).await;
    endpoint.will(
        "a",
        [say("The tide follows the **moon**."), Step::Finish("stop")],
    );
    let browser = open(&endpoint, "").await;
    browser.card(1).await.send("Why is the sea moving?").await;
    browser.card(1).await.logs("follows").await;
    for question in ["한글은 누가 만들었나요?", "학교 가는 길"] {
        browser.page().press("New chat").await;
        browser.card(1).await.send(question).await;
        browser
            .card(1)
            .await
            .logs(&format!("a heard: {question}"))
            .await;
    }
    let drawer = browser.history().await;
    drawer.has("link", 3).await;
    let check = async |typed: &str, expected: &[&str]| {
        let script = format!(
            "const field = document.querySelector('[type=search]');
            field.value = {typed:?};
            field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}))"
        );
        browser.script(&script).await;
        wait_for(async || drawer.names("link").await == expected).await;
    };
    check("MOON", &["Why is the sea moving?"]).await;
    drawer.says("The tide follows the **moon**.").await;
    let marked = "return [...document.querySelectorAll('mark')].map((it) => it.textContent)";
    wait_for(async || browser.script(marked).await == serde_json::json!(["moon"])).await;
    check("moon sea", &["Why is the sea moving?"]).await;
    check("moon school", &[]).await;
    drawer.says("No chat has these words.").await;
    // Hangul is found as typed so far: by syllable, by jamo, by initial.
    check("ㅎㄱ", &["학교 가는 길", "한글은 누가 만들었나요?"]).await;
    check("하", &["학교 가는 길", "한글은 누가 만들었나요?"]).await;
    check("한그", &["한글은 누가 만들었나요?"]).await;
    check("한글", &["한글은 누가 만들었나요?"]).await;
    drawer.says("1 found").await;
    // Escape empties the field first, then closes the drawer.
    let field = browser.driver.find(thirtyfour::By::Css("[type=search]"));
    let field = field.await.unwrap();
    field.send_keys(Key::Escape).await.unwrap();
    drawer.has("link", 3).await;
    field.send_keys(Key::Escape).await.unwrap();
    browser
        .page()
        .count("complementary", "Chat history", 0)
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_pinned_tagged_and_duplicated() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = with_chats(&endpoint, &["one", "two", "three"]).await;
    let drawer = browser.history().await;
    let more = async |title: &str, item: &str| {
        let open = format!(
            "document.querySelector('a.entry[aria-label={title:?}]').parentElement
                .querySelector('[aria-haspopup=menu]').click()"
        );
        browser.script(&open).await;
        drawer.find("menuitem", item).await.click().await;
    };
    wait_for(async || drawer.names("link").await == ["three", "two", "one"]).await;
    more("one", "Pin").await;
    wait_for(async || drawer.names("link").await == ["one", "three", "two"]).await;
    drawer.find("heading", "Pinned").await;
    // The chat that is shown can be tagged, too, and continues from there.
    more("three", "Edit tags").await;
    let tags = drawer.find("textbox", "Tags").await;
    tags.type_in("work, 한국어").await;
    tags.type_in(Key::Enter).await;
    drawer.says("#work · #한국어").await;
    browser.card(1).await.send("after the tags").await;
    browser.card(1).await.logs("a heard: after the tags").await;
    more("two", "Duplicate").await;
    drawer.find("link", "two (copy)").await;
    drawer.press("work").await;
    wait_for(async || drawer.names("link").await == ["three"]).await;
    drawer.press("work").await;
    drawer.has("link", 4).await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: after the tags").await;
    let drawer = browser.history().await;
    drawer.says("#work · #한국어").await;
    wait_for(async || drawer.names("link").await[0] == "one").await;

    // All of them are deleted, after a question, and restored.
    drawer.press("Delete all").await;
    let dialog = browser.page().find("dialog", "Delete all 4 chats?").await;
    dialog.press("Cancel").await;
    drawer.has("link", 4).await;
    drawer.press("Delete all").await;
    let dialog = browser.page().find("dialog", "Delete all 4 chats?").await;
    dialog.press("Delete").await;
    drawer.says("No chats yet").await;
    assert!(browser.stored_chats().await.is_empty());
    browser.page().press("Undo").await;
    drawer.has("link", 4).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_chat_after_an_address_without_one_is_kept() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    // A chat that is stored, and has no words any more: it goes when it is left.
    let input = browser.card(1).await.find("textbox", "Message").await;
    input.type_in("x").await;
    crate::wait_for(async || browser.address().await.starts_with("/chat/")).await;
    input.type_in(Key::Backspace).await;
    input.holds("").await;
    let nowhere = "history.pushState(null, '', '/chat/00000000000000ab');
        dispatchEvent(new PopStateEvent('popstate'))";
    browser.script(nowhere).await;
    browser.page().press("Start a new chat").await;
    let card = browser.card(1).await;
    card.send("kept").await;
    card.logs("a heard: kept").await;
    // The page drops the previous chat's data a second later.
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    browser.card(1).await.logs("a heard: kept").await;
    browser.reload().await;
    browser.card(1).await.logs("a heard: kept").await;
    browser.close().await;
}

// Case look_import_zip.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_imported_as_it_is() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    let drawer = browser.history().await;
    drawer.press("Import").await;
    let dialog = page.find("dialog", "Import").await;
    let file = |name: &str| format!("{}/tests/transfer/{name}", env!("CARGO_MANIFEST_DIR"));
    dialog.attach(&file("chatgpt.zip")).await;
    dialog.says("chatgpt.zip · ChatGPT").await;
    dialog.says("attachments that the file does not have").await;
    dialog.press("Import 2").await;
    dialog.says("2 chats imported").await;
    // The others by their own formats; other ways that a conversation went are chats of their own.
    dialog.attach(&file("librechat.json")).await;
    dialog.says("librechat.json · LibreChat").await;
    dialog.press("Import 2").await;
    dialog.says("2 chats imported").await;
    dialog.attach(&file("lobe-chat.json")).await;
    dialog.says("lobe-chat.json · LobeChat").await;
    dialog.press("Import 3").await;
    dialog.says("3 chats imported").await;
    dialog.attach(&file("big-agi.json")).await;
    dialog.says("big-agi.json · big-AGI").await;
    dialog.press("Import 2").await;
    dialog.says("2 chats imported").await;
    // No archive, though it begins as one.
    let path = std::env::temp_dir().join(format!("collate-cut-{}.zip", std::process::id()));
    let whole = std::fs::read(file("chatgpt.zip")).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    dialog.attach(path.to_str().unwrap()).await;
    dialog.says("The archive can’t be read").await;
    let _ = std::fs::remove_file(path);
    dialog.press("Close").await;
    drawer.find("link", "여행 사진").await.click().await;
    let card = browser.card(1).await;
    card.logs("제주 바다 같아요.").await;
    card.find("button", "Preview 바다.gif").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_choice_of_files_is_shown() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    let page = browser.page();
    let drawer = browser.history().await;
    drawer.press("Import").await;
    let dialog = page.find("dialog", "Import").await;
    // Reading it takes so long that another choice comes before its end.
    let chats: Value = serde_json::from_str(include_str!("../transfer/chatgpt.json")).unwrap();
    let many: Vec<_> = chats
        .as_array()
        .unwrap()
        .iter()
        .cycle()
        .take(3000)
        .collect();
    let path = std::env::temp_dir().join(format!("collate-many-{}.json", std::process::id()));
    std::fs::write(&path, json!(many).to_string()).unwrap();
    let (many, small) = (path.to_str().unwrap(), "/tests/transfer/lobe-chat.json");
    dialog.attach(many).await;
    let small = format!("{}{small}", env!("CARGO_MANIFEST_DIR"));
    dialog.attach(&small).await;
    dialog.says("lobe-chat.json · LobeChat").await;
    dialog.attach(many).await;
    let shown = "return [...it.querySelectorAll('.previews > *')].filter((e) => e.textContent.includes(' · ')).map((e) => e.textContent)";
    dialog
        .comes_true(&format!(
            "const shown = (() => {{ {shown} }})(); return shown.length === 1 && shown[0].includes('collate-many')"
        ))
        .await;
    // A dialog that is closed meanwhile leaves nothing behind.
    dialog.attach(many).await;
    dialog.press("Close").await;
    drawer.press("Import").await;
    let dialog = page.find("dialog", "Import").await;
    dialog.attach(many).await;
    dialog.says("collate-many").await;
    dialog.press("Close").await;
    let _ = std::fs::remove_file(path);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_comes_back_by_import() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "sk-secret").await;
    let page = browser.page();
    let card = browser.card(1).await;
    let parameters = card.parameters().await;
    parameters.turn("Use parameters").await;
    parameters.set("Top K", "7").await;
    parameters.press("Close").await;
    card.send("바다 <b>는</b>?").await;
    card.logs("a heard: 바다").await;
    let before = browser.stored_chats().await;
    crate::watch_downloads(&browser).await;
    let drawer = browser.history().await;
    let mut files = Vec::new();
    for form in ["JSON", "Markdown", "HTML"] {
        drawer.press("Export all").await;
        let dialog = page.find("dialog", "Export all").await;
        dialog.press(form).await;
        let file = crate::download(&browser).await;
        assert!(
            file.contains("바다") && !file.contains("sk-secret"),
            "{file}"
        );
        files.push(file);
    }
    // Every answer names its model and its parameters.
    assert!(files[1].contains("top\\_k 7"), "{}", files[1]);
    assert!(files[2].contains("&lt;b&gt;") && !files[2].contains("<script"));

    let path = std::env::temp_dir().join(format!("collate-export-{}.json", std::process::id()));
    let import = async |text: &str| {
        std::fs::write(&path, text).unwrap();
        let dialog = page.find("dialog", "Import").await;
        dialog.attach(path.to_str().unwrap()).await;
        dialog
    };
    // A chat that is here already is not imported twice.
    drawer.press("Import").await;
    let dialog = import(&files[0]).await;
    dialog.says("already here").await;
    dialog.count("button", "Import 1", 0).await;
    import(&files[0][..files[0].len() / 2]).await;
    dialog.says("The file is cut off").await;
    import("words").await;
    dialog.says("This is no JSON file").await;
    // Escape closes the dialog, but not the drawer.
    let escape = browser.driver.action_chain().send_keys(Key::Escape);
    escape.perform().await.unwrap();
    page.count("dialog", "Import", 0).await;
    drawer.has("link", 1).await;

    drawer.press("Delete").await;
    drawer.says("No chats yet").await;
    drawer.press("Import").await;
    let dialog = import(&files[0]).await;
    dialog.says("1 messages · a").await;
    dialog.press("Import 1").await;
    dialog.says("1 chats imported").await;
    dialog.nth("button", 0).await.click().await;
    drawer.find("link", "바다 <b>는</b>?").await.click().await;
    browser.card(1).await.logs("a heard: 바다").await;
    assert_eq!(browser.stored_chats().await, before);

    // A file from another program.
    drawer.press("Import").await;
    let dialog = import(include_str!("../transfer/chatgpt.json")).await;
    dialog.says("ChatGPT").await;
    dialog.press("Close").await;
    let _ = std::fs::remove_file(path);
    browser.close().await;
}
