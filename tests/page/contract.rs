//! The accessible names that tests and users rely on: a test, in English and in Korean, for each state
//! of the page that rows of the contract need.

use axum::http::StatusCode;

use crate::{
    say,
    support::{Browser, Endpoint, Scope, Step},
};

/// The page in one language, with one connected card.
struct Page {
    browser: Browser,
    endpoint: Endpoint,
    is_korean: bool,
}

impl Page {
    async fn open(is_korean: bool) -> Self {
        let endpoint = Endpoint::start(&["m"]).await;
        let browser = Browser::open_in(if is_korean { "ko" } else { "en" }).await;
        let page = Self {
            browser,
            endpoint,
            is_korean,
        };
        let card = page.card(1).await;
        let form = page.form(&card).await;
        form.fill("Base URL", &page.endpoint.base_url()).await;
        form.press(page.word("Refresh model information", "모델 정보 새로고침"))
            .await;
        card.find("combobox", page.word("Model", "모델"))
            .await
            .holds("m")
            .await;
        page
    }

    fn word<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        if self.is_korean { ko } else { en }
    }

    async fn find(&self, role: &str, en: &str, ko: &str) -> Scope {
        self.browser.page().find(role, self.word(en, ko)).await
    }

    async fn press(&self, en: &str, ko: &str) {
        self.find("button", en, ko).await.click().await;
    }

    async fn card(&self, number: usize) -> Scope {
        let (en, ko) = (format!("Chat card {number}"), format!("채팅 카드 {number}"));
        self.find("region", &en, &ko).await
    }

    async fn form(&self, within: &Scope) -> Scope {
        let name = self.word("Custom model", "사용자 정의 모델");
        within.find("form", name).await
    }

    /// Sends a message from the first card.
    async fn send(&self, text: &str) {
        let card = self.card(1).await;
        let input = card.find("textbox", self.word("Message", "메시지")).await;
        input.type_in(text).await;
        input.type_in(thirtyfour::Key::Enter).await;
    }

    async fn open_parameters(&self) {
        self.press("Parameters", "파라미터").await;
        self.parameters().await;
    }

    async fn parameters(&self) -> Scope {
        self.find("dialog", "Parameters", "파라미터").await
    }

    async fn open_form(&self) {
        let custom = self.word("Custom model…", "사용자 정의 모델…");
        let endpoint = self.word("Endpoint", "엔드포인트");
        self.card(1).await.choose(endpoint, custom).await;
    }

    async fn open_more(&self) {
        self.press("More", "더보기").await;
    }
}

/// Makes one test for a state of the page, in both languages: the steps to the state, and its rows,
/// each with a name and a lookup. A failure shows the row's name.
macro_rules! rows {
    ($($state:ident: |$page:ident| $arrange:block { $($row:ident: $look:block)+ })+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $state() {
                for is_korean in [false, true] {
                    let page = Page::open(is_korean).await;
                    let $page = &page;
                    $arrange
                    $(
                        println!("row: {}, {}", stringify!($row), $page.word("English", "Korean"));
                        $look
                    )+
                    page.browser.close().await;
                }
            }
        )+
    };
}

rows! {
    connected: |page| {} {
        new_chat_button: {
            page.find("button", "New chat", "새 채팅").await;
        }
        attach_button: {
            page.card(1).await.find("button", page.word("Attach", "첨부")).await;
        }
        history_button: {
            page.find("button", "History", "히스토리").await;
        }
        settings_button: {
            page.find("button", "Settings", "설정").await;
        }
        endpoint_picker: {
            page.card(1).await.find("combobox", page.word("Endpoint", "엔드포인트")).await;
        }
        model_picker: {
            page.card(1).await.find("combobox", page.word("Model", "모델")).await;
        }
        sync_toggle: {
            let sync = page.find("button", "Sync input", "입력 동기화").await;
            assert_eq!(sync.attr("aria-pressed").await.as_deref(), Some("true"));
        }
        parameters_button: {
            page.find("button", "Parameters", "파라미터").await;
        }
        compare_button: {
            page.find("button", "Compare", "비교").await;
        }
        more_menu: {
            let more = page.find("button", "More", "더보기").await;
            assert_eq!(more.attr("aria-haspopup").await.as_deref(), Some("menu"));
        }
        message_input: {
            page.find("textbox", "Message", "메시지").await;
        }
        send_button: {
            page.find("button", "Send", "전송").await;
        }
        messages_log: {
            page.find("log", "Messages", "메시지 목록").await;
        }
    }
    with_the_menu_open: |page| {
        page.open_more().await;
    } {
        clear_chat_item: {
            page.find("menuitem", "Clear chat", "채팅 지우기").await;
        }
        delete_chat_item: {
            page.find("menuitem", "Delete chat", "채팅 삭제").await;
        }
    }
    with_the_parameters_open: |page| {
        page.open_parameters().await;
    } {
        parameter_fields: {
            let parameters = page.parameters().await;
            for name in [
                "Max Tokens", "Temperature", "Top P", "Top K", "Frequency Penalty",
                "Presence Penalty", "Min P", "Repetition Penalty", "Seed",
            ] {
                parameters.find("spinbutton", name).await;
                parameters.find("slider", name).await;
            }
            for name in ["Stop", "JSON"] {
                parameters.find("textbox", name).await;
            }
            for name in ["Reasoning effort", "Response format"] {
                parameters.find("combobox", name).await;
            }
        }
        parameters_master_switch: {
            let parameters = page.parameters().await;
            parameters.find("switch", page.word("Use parameters", "파라미터 사용")).await;
        }
        parameters_own_switches: {
            let parameters = page.parameters().await;
            for name in [
                "Max Tokens", "Temperature", "Top P", "Top K", "Frequency Penalty",
                "Presence Penalty", "Min P", "Repetition Penalty", "Seed", "Stop",
                "Reasoning effort", "Response format", "JSON",
            ] {
                parameters.find("switch", name).await;
            }
        }
    }
    with_the_form_open: |page| {
        page.open_form().await;
    } {
        custom_model_form: {
            let card = page.card(1).await;
            page.form(&card).await;
        }
        custom_model_fields_and_button: {
            let card = page.card(1).await;
            let form = page.form(&card).await;
            form.find("textbox", "Base URL").await;
            form.find("textbox", page.word("Token", "토큰")).await;
            form.find("textbox", page.word("Model", "모델")).await;
            let refresh = page.word("Refresh model information", "모델 정보 새로고침");
            form.find("button", refresh).await;
        }
        the_seeds_words_where_there_are_no_models: {
            page.endpoint.will_list(&[]);
            let card = page.card(1).await;
            let form = page.form(&card).await;
            form.press(page.word("Refresh model information", "모델 정보 새로고침")).await;
            form.says(page.word(
                "No models found. Check the OpenAI-compatible base URL and the token, then press 'Refresh model information'.",
                "선택한 엔드포인트에 해당하는 모델이 없습니다. OpenAI 호환 기본 경로와 토큰을 확인 후 '모델 정보 새로고침' 버튼을 눌러주세요.",
            )).await;
        }
    }
    answered: |page| {
        page.send("hello there").await;
        page.find("article", "m", "m").await.says("m heard").await;
    } {
        messages_are_articles_by_who_wrote_them: {
            page.find("article", "You", "나").await.says("hello there").await;
            page.find("article", "m", "m").await.says("m heard: hello there").await;
        }
        undo_after_anything_removed: {
            page.open_more().await;
            page.find("menuitem", "Clear chat", "채팅 지우기").await.click().await;
            page.press("Undo", "실행 취소").await;
            page.find("article", "m", "m").await.says("m heard: hello there").await;
        }
        history_drawer_and_its_entries: {
            page.press("History", "히스토리").await;
            let drawer = page.find("complementary", "Chat history", "채팅 기록").await;
            drawer.find("link", "hello there").await;
        }
    }
    answering: |page| {
        page.endpoint.will("m", [say("on"), Step::Wait]);
        page.send("go").await;
    } {
        stop_button_in_place_of_send: {
            page.find("button", "Stop", "중지").await;
            page.browser.page().count("button", page.word("Send", "전송"), 0).await;
        }
    }
    with_two_cards: |page| {
        page.press("Compare", "비교").await;
        page.card(2).await;
    } {
        cards_are_regions_from_left_to_right: {
            page.card(1).await;
            page.card(2).await;
            let left = "return [...document.querySelectorAll('section.card')]
                .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
                .map((card) => card.ariaLabel.at(-1)).join('')";
            assert_eq!(page.browser.script(left).await, "12");
        }
        stop_all_while_several_answer: {
            for _ in 0..2 {
                page.endpoint.will("m", [say("on"), Step::Wait]);
            }
            page.send("go").await;
            page.find("button", "Stop all", "모두 중지").await;
            page.press("Stop all", "모두 중지").await;
        }
        asked_before_removing: {
            let card = page.card(2).await;
            card.find("article", page.word("You", "나")).await;
            card.press(page.word("More", "더보기")).await;
            page.find("menuitem", "Delete chat", "채팅 삭제").await.click().await;
            let (en, ko) = ("Delete chat card 2?", "채팅 카드 2을(를) 삭제할까요?");
            let dialog = page.find("dialog", en, ko).await;
            dialog.find("button", page.word("Delete", "삭제")).await;
            dialog.find("button", page.word("Cancel", "취소")).await;
        }
    }
    with_a_failed_answer: |page| {} {
        retry_on_a_failed_answer: {
            let body = Step::Raw(br#"{"error":"broken"}"#.to_vec());
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            page.endpoint.will_respond("m", status, "application/json", true, [body]);
            page.send("hello").await;
            page.find("button", "Retry", "다시 시도").await;
        }
    }
    with_a_cut_answer: |page| {} {
        retry_on_a_cut_answer: {
            page.endpoint.will("m", [say("half"), Step::Wait, Step::Cut]);
            page.send("hello").await;
            page.card(1).await.says("half").await;
            page.endpoint.go_on();
            page.find("button", "Retry", "다시 시도").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_korean() {
    let endpoint = Endpoint::start(&["한국어-모델"]).await;
    let browser = Browser::open_in("ko").await;
    let page = browser.page();
    let card = page.find("region", "채팅 카드 1").await;
    card.find("combobox", "엔드포인트").await;
    card.find("combobox", "모델").await;
    let form = card.find("form", "사용자 정의 모델").await;
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("토큰", "sk").await;
    form.press("모델 정보 새로고침").await;
    card.find("combobox", "모델")
        .await
        .holds("한국어-모델")
        .await;
    card.press("비교").await;
    let second = page.find("region", "채팅 카드 2").await;
    second.find("button", "입력 동기화").await;
    second
        .find("textbox", "메시지")
        .await
        .type_in("안녕하세요")
        .await;
    second.press("전송").await;
    second
        .find("log", "메시지 목록")
        .await
        .says("한국어-모델 heard: 안녕하세요")
        .await;
    second.find("article", "나").await;
    second.find("article", "한국어-모델").await;
    second.press("더보기").await;
    page.find("menuitem", "채팅 지우기").await;
    page.find("menuitem", "채팅 삭제").await.click().await;
    let dialog = page.find("dialog", "채팅 카드 2을(를) 삭제할까요?").await;
    dialog.find("button", "취소").await;
    dialog.press("삭제").await;
    page.find("button", "실행 취소").await;
    assert_eq!(
        browser.script("return document.documentElement.lang").await,
        "ko"
    );

    // The user's choice wins over the browser's, and is kept.
    page.press("설정").await;
    let settings = page.find("dialog", "설정").await;
    settings.select("언어", "English").await;
    page.find("dialog", "Settings").await.press("Close").await;
    page.find("region", "Chat card 1").await;
    browser.reload().await;
    page.find("region", "Chat card 1").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_are_set_and_unset() {
    let browser = Browser::open().await;
    let theme = "return getComputedStyle(document.documentElement).colorScheme";
    let settings = browser.settings().await;
    settings.select("Theme", "Dark").await;
    crate::wait_for(async || browser.script(theme).await == "dark").await;
    settings.select("Theme", "As the system").await;
    crate::wait_for(async || browser.script(theme).await == "light dark").await;
    settings.select("Language", "한국어").await;
    let settings = browser.page().find("dialog", "설정").await;
    settings.select("언어", "브라우저 설정").await;
    browser.page().find("dialog", "Settings").await;
    browser.close().await;
}
