//! Walks through the manual's sections against a real endpoint, and takes a picture of each: see
//! `docs/`. `script/pictures` runs it.

use serde_json::json;
use thirtyfour::Key;

use crate::{
    say,
    support::{Browser, Endpoint, Scope, Step},
};

/// The page in one language, and the folder of its pictures.
struct Walk {
    browser: Browser,
    folder: String,
    is_korean: bool,
}

impl Walk {
    fn word<'a>(&self, en: &'a str, ko: &'a str) -> &'a str {
        if self.is_korean { ko } else { en }
    }

    async fn card(&self, number: usize) -> Scope {
        let name = format!("{} {number}", self.word("Chat card", "채팅 카드"));
        self.browser.page().find("region", &name).await
    }

    async fn press(&self, within: &Scope, en: &str, ko: &str) {
        within.press(self.word(en, ko)).await;
    }

    async fn ask(&self, en: &str, ko: &str) {
        let card = self.card(1).await;
        let input = card.find("textbox", self.word("Message", "메시지")).await;
        input.type_in(self.word(en, ko)).await;
        input.type_in(Key::Enter).await;
    }

    /// Waits until a card's answer is complete.
    async fn answered(&self, number: usize) {
        let card = self.card(number).await;
        card.find("button", self.word("Send", "전송")).await;
        card.count("button", self.word("Stop", "중지"), 0).await;
    }

    async fn picture(&self, name: &str) {
        // Waits for the last frame of the latest change.
        self.browser
            .script("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            .await;
        let path = format!("{}/{name}.png", self.folder);
        let png = self.browser.driver.screenshot_as_png().await.unwrap();
        std::fs::write(path, png).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws the pictures of the manual: script/pictures"]
async fn the_manual_page_section_by_section() {
    let base_url = std::env::var("REAL_ENDPOINT").expect("REAL_ENDPOINT names a real endpoint");
    let token = std::env::var("REAL_TOKEN").unwrap_or_default();
    for language in ["en", "ko"] {
        let folder = format!("{}/docs/pictures/{language}", env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(&folder).unwrap();
        let walk = Walk {
            browser: Browser::open_in(language).await,
            folder,
            is_korean: language == "ko",
        };
        walk_through(&walk, &base_url, &token).await;
        walk.browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws a picture of the manual: script/pictures"]
async fn two_cards_of_the_model_in_the_browser() {
    for language in ["en", "ko"] {
        let walk = Walk {
            browser: Browser::open_in(language).await,
            folder: format!("{}/docs/pictures/{language}", env!("CARGO_MANIFEST_DIR")),
            is_korean: language == "ko",
        };
        compare_temperatures(&walk).await;
        walk.browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws a picture of the manual: script/pictures"]
async fn four_models_that_answer_with_more_than_text() {
    for language in ["en", "ko"] {
        let endpoint = Endpoint::start(&["draws", "cites", "asks", "refuses"]).await;
        let walk = Walk {
            browser: Browser::open_in(language).await,
            folder: format!("{}/docs/pictures/{language}", env!("CARGO_MANIFEST_DIR")),
            is_korean: language == "ko",
        };
        let wide = walk.browser.driver.set_window_rect(0, 0, 1600, 760);
        wide.await.unwrap();
        let picture = walk.browser.script(SUNSET).await;
        let answers = answers(picture.as_str().unwrap());
        let card = walk.card(1).await;
        let form = card
            .find("form", walk.word("Custom model", "사용자 정의 모델"))
            .await;
        form.fill("Base URL", &endpoint.base_url()).await;
        walk.press(&form, "Refresh model information", "모델 정보 새로고침")
            .await;
        card.find("combobox", walk.word("Model", "모델")).await;
        for (number, (name, answer)) in answers.iter().enumerate() {
            if number > 0 {
                let last = walk.card(number).await;
                walk.press(&last, "Compare", "비교").await;
                let card = walk.card(number + 1).await;
                card.choose(walk.word("Model", "모델"), name).await;
            }
            let end = [Step::Finish("stop")];
            endpoint.will(name, answer.iter().cloned().chain(end).collect::<Vec<_>>());
        }
        walk.ask("Why is the sea salty?", "바다는 왜 짠가요?").await;
        for number in 1..=4 {
            walk.answered(number).await;
        }
        let shown = "return document.querySelector('.picture-button img')?.naturalWidth > 0";
        crate::wait_for(async || walk.browser.script(shown).await == true).await;
        walk.picture("extras").await;
        walk.browser.close().await;
    }
}

/// The models of the picture, and their answers.
fn answers(picture: &str) -> [(&'static str, Vec<Step>); 4] {
    let source = |url: &str, title: &str| json!({ "url_citation": { "url": url, "title": title } });
    [
        (
            "draws",
            vec![
                say("Here it is:"),
                Step::Delta(json!({ "images": [{ "image_url": { "url": picture } }] })),
            ],
        ),
        (
            "cites",
            vec![
                say("Rivers carry salt into the sea [1], and only water leaves it [2]."),
                Step::Delta(json!({ "annotations": [
                    source("https://oceanservice.noaa.gov/facts/whysalty.html", "Why is the ocean salty?"),
                    source("https://www.usgs.gov/water-science-school", "Water Science School"),
                ] })),
            ],
        ),
        (
            "asks",
            vec![
                say("I look up the salinity."),
                Step::Delta(json!({ "tool_calls": [{ "index": 0, "function": {
                    "name": "salinity", "arguments": "{\"sea\": \"Yellow Sea\"}" } }] })),
            ],
        ),
        (
            "refuses",
            vec![Step::Delta(
                json!({ "refusal": "I can’t talk about the sea." }),
            )],
        ),
    ]
}

/// A sunset, as a data URL.
const SUNSET: &str = "const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 200];
    const context = canvas.getContext('2d');
    const sky = context.createLinearGradient(0, 0, 0, 200);
    sky.addColorStop(0, '#3b5bdb'); sky.addColorStop(0.6, '#ffa94d'); sky.addColorStop(0.61, '#0b7285');
    context.fillStyle = sky; context.fillRect(0, 0, 320, 200);
    context.fillStyle = '#ffe066'; context.beginPath(); context.arc(160, 100, 34, 0, 7); context.fill();
    context.fillStyle = '#0b7285'; context.fillRect(0, 121, 320, 79);
    return canvas.toDataURL()";

async fn compare_temperatures(walk: &Walk) {
    let card = walk.card(1).await;
    let download = walk.word("Download 98 MB and use it", "98MB 다운로드하고 사용");
    card.press(download).await;
    let model = card.find("combobox", walk.word("Model", "모델")).await;
    model.holds("SmolLM2 135M").await;
    walk.press(&card, "Compare", "비교").await;
    for (number, temperature) in [(1, "0"), (2, "1.2")] {
        let card = walk.card(number).await;
        walk.press(&card, "Parameters", "파라미터").await;
        let parameters = card
            .find("dialog", walk.word("Parameters", "파라미터"))
            .await;
        parameters
            .turn(walk.word("Use parameters", "파라미터 사용"))
            .await;
        parameters.set("Max Tokens", "120").await;
        parameters.set("Temperature", temperature).await;
        let name = format!("{} {temperature}", walk.word("Temperature", "온도"));
        parameters
            .fill(walk.word("Card name", "카드 이름"), &name)
            .await;
        walk.press(&parameters, "Close", "닫기").await;
    }
    // The model knows little Korean.
    let question = "Why is the sea salty? Answer in two sentences.";
    walk.ask(question, question).await;
    for number in [1, 2] {
        walk.answered(number).await;
    }
    walk.picture("on-device").await;
}

async fn walk_through(walk: &Walk, base_url: &str, token: &str) {
    let page = walk.browser.page();
    // Choosing a model: the form, then the two pickers.
    let card = walk.card(1).await;
    let form = card
        .find("form", walk.word("Custom model", "사용자 정의 모델"))
        .await;
    walk.picture("first-visit").await;
    form.fill("Base URL", base_url).await;
    form.fill(walk.word("Token", "토큰"), token).await;
    walk.picture("custom-model").await;
    walk.press(&form, "Refresh model information", "모델 정보 새로고침")
        .await;
    card.count("form", walk.word("Custom model", "사용자 정의 모델"), 0)
        .await;
    let picker = card
        .find("combobox", walk.word("Endpoint", "엔드포인트"))
        .await;
    picker.click().await;
    walk.picture("choose-endpoint").await;
    picker.type_in(Key::Escape).await;
    let picker = card.find("combobox", walk.word("Model", "모델")).await;
    picker.click().await;
    walk.picture("choose-model").await;
    picker.type_in(Key::Escape).await;

    // A small model may go on and on: this limits it.
    walk.press(&card, "Parameters", "파라미터").await;
    let parameters = card
        .find("dialog", walk.word("Parameters", "파라미터"))
        .await;
    parameters
        .turn(walk.word("Use parameters", "파라미터 사용"))
        .await;
    parameters.set("Max Tokens", "120").await;
    walk.press(&parameters, "Close", "닫기").await;

    // Cards: one more, then the input that they share.
    walk.press(&card, "Compare", "비교").await;
    walk.card(2).await;
    walk.picture("compare").await;
    let question = (
        "What is the sea? Two sentences.",
        "바다란 무엇인가요? 두 문장으로 답해 주세요.",
    );
    let input = card.find("textbox", walk.word("Message", "메시지")).await;
    input.type_in(walk.word(question.0, question.1)).await;
    walk.picture("synced-input").await;
    input.type_in(Key::Enter).await;
    for number in [1, 2] {
        walk.answered(number).await;
    }
    walk.picture("chat-page").await;

    // Parameters: the same model in two cards.
    let right = walk.card(2).await;
    walk.press(&right, "Parameters", "파라미터").await;
    let parameters = right
        .find("dialog", walk.word("Parameters", "파라미터"))
        .await;
    parameters.set("Temperature", "1.5").await;
    walk.picture("parameters").await;
    walk.press(&parameters, "Close", "닫기").await;
    walk.ask(
        "Say it as a poem of two lines.",
        "두 줄짜리 시로 말해 주세요.",
    )
    .await;
    for number in [1, 2] {
        walk.answered(number).await;
    }

    // Clear and delete, with undo.
    walk.press(&right, "More", "더보기").await;
    walk.picture("more").await;
    page.find("menuitem", walk.word("Clear chat", "채팅 지우기"))
        .await
        .click()
        .await;
    right.count("article", walk.word("You", "나"), 0).await;
    walk.picture("clear-chat").await;
    walk.press(&page, "Undo", "실행 취소").await;
    right.count("article", walk.word("You", "나"), 2).await;
    walk.press(&right, "More", "더보기").await;
    page.find("menuitem", walk.word("Delete chat", "채팅 삭제"))
        .await
        .click()
        .await;
    let title = walk.word("Delete chat card 2?", "채팅 카드 2을(를) 삭제할까요?");
    let dialog = page.find("dialog", title).await;
    walk.picture("delete-chat").await;
    walk.press(&dialog, "Cancel", "취소").await;

    // A new chat, and the history.
    walk.press(&page, "New chat", "새 채팅").await;
    page.count(
        "region",
        &format!("{} 2", walk.word("Chat card", "채팅 카드")),
        0,
    )
    .await;
    walk.picture("new-chat").await;
    walk.ask("Name three colours.", "색 이름 세 가지를 알려 주세요.")
        .await;
    walk.answered(1).await;
    walk.press(&page, "History", "히스토리").await;
    let drawer = page
        .find("complementary", walk.word("Chat history", "채팅 기록"))
        .await;
    walk.picture("history").await;
    let first = drawer.find("link", walk.word(question.0, question.1)).await;
    first.click().await;
    walk.card(2).await;
    walk.press(&drawer, "Close", "닫기").await;

    walk.press(&page, "Settings", "설정").await;
    page.find("dialog", walk.word("Settings", "설정")).await;
    walk.picture("settings").await;
}

/// Answers, by the picture that shows them.
const WRITTEN: [(&str, &str); 3] = [
    (
        "formulas",
        "The roots, with $x_{1,2}\\in\\mathbb{R}$:\n\n\\[\nx_{1,2}\n= \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}\n- 0\n\\]\n\n\
         $$\\begin{pmatrix}1&2\\\\3&4\\\\5&6\\end{pmatrix},\\ \\underbrace{a+b+c}_{n}$$\n\n$$\\boxed{x = 42} \\tag{1}$$\n\n\
         $\\ce{CH4 + 2 O2 -> CO2 + 2 H2O}$ costs $5 to $7. $\\textcolor{navy}{q}$, $\\colorbox{yellow}{z}$\n\n\
         \\begin{align}\nx + y &= 3 \\\\\nx - y &= 1\n\\end{align}\n",
    ),
    (
        "tables",
        "| Operator | Meaning |\n|---|---|\n| `a || b` | either one is true |\n| `ls | wc -l` | counts files |\n\
         | $|x|$ | absolute value | **one more** |\n\n\
         | 옵션 | 기본값 | 설명 |\n|---|---|---|\n| `--max-concurrent-requests` | `unlimited` | \
         한 번에 처리하는 요청의 최대 개수이며 값을 주지 않으면 제한하지 않습니다. |\n",
    ),
    (
        "directions",
        "שלום! הנה הקוד:\n\n```js\nconst s = \"hello\";\n```\n\n- השתמש ב-`--flag=1` כאן.\n\nHere is the translation:\n\n\
         مرحبا بكم في مدينتنا! هذه جملة ثانية.\n\n> اقتباس قصير.\n",
    ),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "draws pictures of what people see: script/pictures"]
async fn what_is_written_as_it_reads() {
    let folder = format!("{}/docs/pictures/look", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir_all(&folder).unwrap();
    let endpoint = Endpoint::start(&["m"]).await;
    for (name, answer) in WRITTEN {
        endpoint.will("m", [say(answer), Step::Finish("stop")]);
        let walk = Walk {
            browser: crate::open(&endpoint, "").await,
            folder: folder.clone(),
            is_korean: false,
        };
        walk.ask("Why? שלום", "").await;
        walk.answered(1).await;
        for width in [1280, 390] {
            walk.browser.screen(width, 844, width < 400).await;
            let begin = "document.querySelector('.messages').scrollTop = 0";
            walk.browser.script(begin).await;
            walk.picture(&format!("{name}-{width}")).await;
            if name == "tables" {
                walk.card(1).await.choose("Endpoint", "Custom model…").await;
                walk.picture(&format!("form-{width}")).await;
                let form = walk.card(1).await.find("form", "Custom model").await;
                form.press("Close the form").await;
            }
            if name == "formulas" {
                walk.browser
                    .script("dispatchEvent(new Event('beforeprint'))")
                    .await;
                for (media, is_paper) in [("print", true), ("", false)] {
                    let cdp = walk.browser.driver.cdp();
                    let media = json!({ "media": media });
                    cdp.send_raw("Emulation.setEmulatedMedia", media)
                        .await
                        .unwrap();
                    if is_paper {
                        walk.picture(&format!("print-{width}")).await;
                    }
                }
                walk.browser
                    .script("dispatchEvent(new Event('afterprint'))")
                    .await;
            }
        }
        walk.browser.close().await;
    }
}
