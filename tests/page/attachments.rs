//! Attachments: adding, sending and keeping them.

use std::path::PathBuf;

use axum::http::StatusCode;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::{
    open,
    support::{Browser, Endpoint, Scope, slow},
    wait_for, wait_until,
};

/// Returns a path in `tests/files`.
fn file(name: &str) -> String {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/");
    format!("{files}{name}")
}

/// Makes a file of these bytes for one test.
fn made(name: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Creates a part of text.
fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// Functions for scripts: `picture` makes a file of this name, media type and size.
const PICTURE: &str = "
    const picture = async (name, type, width, height, paint = '#369') => {
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext('2d');
        context.fillStyle = paint;
        context.fillRect(0, 0, width, height);
        return new File([await canvas.convertToBlob({ type })], name, { type });
    };
    const card = (number) => document.querySelectorAll('section.card')[number - 1];
    const carry = (...files) => {
        const data = new DataTransfer();
        for (const file of files) data.items.add(file);
        return data;
    };
    const drop = (number, data) => {
        const event = (type) => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data });
        card(number).dispatchEvent(event('dragover'));
        card(number).dispatchEvent(event('drop'));
    };
    const paste = (number, data) => {
        const event = new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: data });
        return card(number).querySelector('textarea').dispatchEvent(event);
    };
";

/// Runs a script that may use [`PICTURE`], and waits for its end.
async fn run(browser: &Browser, script: &str) -> Value {
    let script = format!(
        "{PICTURE} const done = arguments[arguments.length - 1];
        (async () => {{ {script} }})().then((value) => done(value ?? null), (error) => done(String(error)));"
    );
    let ran = browser.driver.execute_async(script, vec![]).await.unwrap();
    ran.json().clone()
}

/// Returns the width and height of a picture that was sent.
async fn size_of(browser: &Browser, part: &Value) -> Value {
    assert_eq!(part["type"], "image_url");
    let url = part["image_url"]["url"].as_str().unwrap();
    assert!(url.starts_with("data:image/"), "{}", &url[..40]);
    let script = "const image = new Image();
        image.src = URL;
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];";
    run(browser, &script.replace("URL", &format!("'{url}'"))).await
}

async fn attached(card: &Scope, name: &str) {
    card.find("button", &format!("Preview {name}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_file_goes_to_every_card_in_sync() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    browser.card(1).await.press("Compare").await;
    let (left, right) = (browser.card(1).await, browser.card(2).await);
    left.attach(&made("notes.md", "# 메모\r\n```\n".as_bytes()))
        .await;
    // Both show it, and either can remove it.
    attached(&left, "notes.md").await;
    attached(&right, "notes.md").await;
    right.press("Remove notes.md").await;
    left.count("button", "Preview notes.md", 0).await;
    left.attach(&made("notes.md", "# 메모\r\n```\n".as_bytes()))
        .await;
    attached(&right, "notes.md").await;
    // A card out of sync keeps its attachments, and shares them with none.
    right.press("Sync input").await;
    right.press("Remove notes.md").await;
    attached(&left, "notes.md").await;
    right.press("Sync input").await;
    attached(&right, "notes.md").await;
    left.send("Which is it?").await;
    for card in [&left, &right] {
        card.logs("m heard: Which is it?").await;
        card.count("list", "Attachments", 1).await;
        let said = card.find("article", "You").await;
        attached(&said, "notes.md").await;
        said.count("button", "Remove notes.md", 0).await;
    }
    let received = endpoint.received();
    assert_eq!(received.len(), 2);
    for request in &received {
        let parts = [
            text("Which is it?"),
            text("notes.md\n````\n# 메모\n```\n````"),
        ];
        assert_eq!(request.parts(0), parts);
    }
    // The next request repeats it; a message without attachments is a plain string.
    left.send("And now?").await;
    left.logs("m heard: And now?").await;
    let last = endpoint.received().pop().unwrap();
    assert_eq!(last.parts(0).len(), 2);
    assert_eq!(last.body["messages"][2]["content"], "And now?");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_scaled_and_needs_no_words() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    run(
        &browser,
        "drop(1, carry(await picture('big.png', 'image/png', 4096, 1024)))",
    )
    .await;
    attached(&card, "big.png").await;
    card.says("2048 × 512").await;
    card.says("(was 4096 × 1024").await;
    card.press("Send").await;
    card.logs("m heard:").await;
    let request = endpoint.received().pop().unwrap();
    let parts = request.parts(0);
    assert_eq!(parts.len(), 1);
    assert_eq!(size_of(&browser, &parts[0]).await, json!([2048, 512]));
    let url = parts[0]["image_url"]["url"].as_str().unwrap();
    assert!(url.starts_with("data:image/jpeg;base64,"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_transparent_stays_so_and_a_small_picture_stays_as_it_is() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let script = "drop(1, carry(
            await picture('wide.webp', 'image/webp', 3000, 30, '#36980080'),
            await picture('small.png', 'image/png', 30, 20),
            await picture('photo.jpg', 'image/jpeg', 40, 20),
        ))";
    run(&browser, script).await;
    attached(&card, "photo.jpg").await;
    card.press("Send").await;
    card.logs("m heard:").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    // The parts keep the order of the files.
    let sizes = [json!([2048, 20]), json!([30, 20]), json!([40, 20])];
    for (part, (size, kind)) in parts.iter().zip(sizes.iter().zip(["png", "png", "jpeg"])) {
        assert_eq!(size_of(&browser, part).await, *size);
        let url = part["image_url"]["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("data:image/{kind};base64,")));
    }
    assert_eq!(parts.len(), 3);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_pasted_and_text_is_pasted_as_text() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let taken = "return !paste(1, carry(await picture('image.png', 'image/png', 9, 9)))";
    assert_eq!(run(&browser, taken).await, true);
    attached(&card, "image.png").await;
    card.says("9 × 9").await;
    // A word processor copies a picture, too, but not as an attachment.
    let left = "const data = carry(await picture('words.png', 'image/png', 9, 9));
        data.setData('text/plain', 'words');
        data.setData('text/html', '<b>words</b>');
        return paste(1, data);";
    assert_eq!(run(&browser, left).await, true);
    card.count("list", "Attachments", 1).await;
    assert!(!card.text().await.contains("words.png"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_keeps_its_attachments_and_none_of_them_is_in_local_storage() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let secret = "a line that is only in the file\n";
    card.attach(&made("kept.txt", secret.repeat(100).as_bytes()))
        .await;
    attached(&card, "kept.txt").await;
    let stored = async || {
        let script = "return Object.values(localStorage).join()";
        browser.script(script).await.as_str().unwrap().to_owned()
    };
    wait_for(async || stored().await.contains("kept.txt")).await;
    assert!(!stored().await.contains("only in the file"));
    browser.reload().await;
    let card = browser.card(1).await;
    attached(&card, "kept.txt").await;
    // It can be previewed, and closed.
    card.press("Preview kept.txt").await;
    let preview = browser.page().find("dialog", "kept.txt").await;
    preview.says(secret.trim()).await;
    preview.press("Close").await;
    browser.page().count("dialog", "kept.txt", 0).await;
    card.press("Send").await;
    card.logs("m heard: kept.txt").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    let fenced = format!("kept.txt\n```\n{}```", secret.repeat(100));
    assert_eq!(parts, [text(&fenced)]);
    // After one more reload it is still sent to the model.
    browser.reload().await;
    let card = browser.card(1).await;
    card.logs("m heard: kept.txt").await;
    card.send("again").await;
    card.logs("m heard: again").await;
    assert_eq!(endpoint.received().pop().unwrap().parts(0), [text(&fenced)]);
    assert!(!stored().await.contains("base64"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_encodings_are_read() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let files: [(&str, &[u8], &str); 8] = [
        // «안녕하세요, 세계\n» in EUC-KR
        (
            "euc-kr.csv",
            b"\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4, \xbc\xbc\xb0\xe8\n",
            "안녕하세요, 세계\n",
        ),
        // A syllable that only CP949 has.
        (
            "cp949.txt",
            b"\x8c\x63\xb9\xe6\xb0\xa2\xc7\xcf\n",
            "똠방각하\n",
        ),
        (
            "sjis.txt",
            b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\n",
            "こんにちは\n",
        ),
        ("utf-16.txt", b"\xff\xfe\x00\xac\x01\xac\n\x00", "가각\n"),
        ("latin.txt", b"na\xefve caf\xe9\n", "naïve café\n"),
        // GBK, and «姓名,地區\n» in Big5
        (
            "gbk.csv",
            b"\xd0\xd5\xc3\xfb,\xb5\xd8\xc7\xf8,\xbd\xf0\xb6\xee\n\xd5\xc5\xc8\xfd,\xb1\xb1\xbe\xa9,100\n\xc0\xee\xcb\xc4,\xc9\xcf\xba\xa3,200\n",
            "姓名,地区,金额\n张三,北京,100\n李四,上海,200\n",
        ),
        ("big5.csv", b"\xa9m\xa6W,\xa6a\xb0\xcf\n", "姓名,地區\n"),
        ("mark.csv", b"\xef\xbb\xbf\xea\xb0\x80,1\r\n", "가,1\n"),
    ];
    for (name, bytes, _) in files {
        card.attach(&made(name, bytes)).await;
        attached(&card, name).await;
    }
    card.press("Send").await;
    card.logs("m heard:").await;
    let expected = files.map(|(name, _, read)| text(&format!("{name}\n```\n{read}```")));
    assert_eq!(endpoint.received().pop().unwrap().parts(0), expected);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_of_a_pdf_is_sent() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.attach(&file("korean.pdf")).await;
    attached(&card, "korean.pdf").await;
    card.says("PDF text, pages: 1").await;
    card.send("요약해 줘").await;
    card.logs("m heard: 요약해 줘").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    assert_eq!(parts[0], text("요약해 줘"));
    let read = parts[1]["text"].as_str().unwrap();
    assert!(
        read.starts_with("korean.pdf\n```\n다람쥐 헌 쳇바퀴에 타고파."),
        "{read}"
    );
    assert!(read.contains("한 줄에 다 들어가지 않으므로"), "{read}");
    browser.close().await;
}

// Case look_files_other.
#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_whose_fonts_have_no_map_is_read_by_the_predefined_ones() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let files = [
        (
            "uhc.pdf",
            "주간 업무 보고서 2024\n똠방각하와 펲시콜라의 회의 결과",
        ),
        ("sjis.pdf", "週間業務報告書 2024"),
        ("identity.pdf", "가각간 ABC"),
        ("half.pdf", "가각간\nInvoice 2024\n갗같갚\nTotal 1,000"),
    ];
    for (name, _) in files {
        card.attach(&file(name)).await;
        attached(&card, name).await;
    }
    card.press("Send").await;
    card.logs("m heard:").await;
    let expected = files.map(|(name, read)| text(&format!("{name}\n```\n{read}\n```")));
    assert_eq!(endpoint.received().pop().unwrap().parts(0), expected);
    browser.close().await;
}

/// A PDF of these contents, one for each page. The font F1 is Helvetica, and F2 tells nothing of its characters.
fn pdf(contents: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H /DescendantFonts [ << /Type /Font \
         /Subtype /CIDFontType0 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) \
         /Supplement 0 >> >> ] >>"
            .to_owned(),
    ];
    let kids: Vec<_> = (0..contents.len())
        .map(|at| format!("{} 0 R", 5 + 2 * at))
        .collect();
    let count = contents.len();
    objects.push(format!(
        "<< /Type /Pages /Kids [{}] /Count {count} >>",
        kids.join(" ")
    ));
    objects.push("<< /Type /Catalog /Pages 3 0 R >>".to_owned());
    for (at, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 3 0 R /MediaBox [0 0 600 800] /Contents {} 0 R \
             /Resources << /Font << /F1 1 0 R /F2 2 0 R >> >> >>",
            6 + 2 * at
        ));
        let length = content.len();
        objects.push(format!(
            "<< /Length {length} >>\nstream\n{content}\nendstream"
        ));
    }
    let mut pdf = "%PDF-1.7\n".to_owned();
    for (number, object) in (1..).zip(objects) {
        pdf.extend([&number.to_string(), " 0 obj\n", &object, "\nendobj\n"]);
    }
    pdf += "trailer << /Root 4 0 R >>\n%%EOF";
    pdf.into_bytes()
}

const READ: &str = "BT /F1 20 Tf 50 700 Td (Total) Tj ET ";
const UNREAD: &str = "BT /F2 20 Tf 50 600 Td <000100020003> Tj ET ";

#[tokio::test(flavor = "multi_thread")]
async fn what_of_a_pdf_can_not_be_read_is_said_with_its_share() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let both = [READ, UNREAD].concat();
    card.attach(&made("some.pdf", &pdf(&[READ, &both, READ])))
        .await;
    attached(&card, "some.pdf").await;
    card.says("17 % of the characters of this PDF can't be read: pages 2")
        .await;
    card.attach(&made("none.pdf", &pdf(&[UNREAD]))).await;
    card.says("its fonts don't tell which characters they show")
        .await;
    card.press("Remove none.pdf").await;
    card.press("Send").await;
    card.logs("m heard:").await;
    let read = "some.pdf\n```\nTotal\n\nTotal\n\n\u{fffd}\n\nTotal\n```";
    assert_eq!(endpoint.received().pop().unwrap().parts(0), [text(read)]);
    // It is still said after a reload.
    browser.reload().await;
    browser.card(1).await.says("17 % of the characters").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_pdf_are_sent_as_pictures() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    // A PDF without text: its pages come instead.
    card.attach(&file("picture.pdf")).await;
    card.says("This PDF has no text").await;
    card.press("Send pages of picture.pdf as pictures").await;
    attached(&card, "picture.pdf, page 1").await;
    assert!(!card.text().await.contains("This PDF has no text"));
    // One whose text can't be read in part: only those pages come, beside the text.
    let both = [READ, UNREAD].concat();
    card.attach(&made("some.pdf", &pdf(&[READ, &both, READ])))
        .await;
    attached(&card, "some.pdf").await;
    card.press("Send pages of some.pdf as pictures").await;
    attached(&card, "some.pdf, page 2").await;
    // The other font is not in the file, and the picture lacks its letters.
    card.count("button", "Preview some.pdf, page 1", 0).await;
    card.count("button", "Send pages of some.pdf as pictures", 0)
        .await;
    card.press("Send").await;
    card.logs("m heard:").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    assert_eq!(parts.len(), 3);
    assert_eq!(parts[1]["type"], "text");
    for part in [&parts[0], &parts[2]] {
        let size = size_of(&browser, part).await;
        assert_eq!(size[0].as_u64().max(size[1].as_u64()), Some(2048));
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_do_not_fit_in_a_message_are_said() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.attach(&made("long.pdf", &pdf(&[READ; 22]))).await;
    attached(&card, "long.pdf").await;
    card.press("Send pages of long.pdf as pictures").await;
    card.says("Not all of its pages are attached").await;
    attached(&card, "long.pdf, page 19").await;
    card.count("button", "Preview long.pdf, page 20", 0).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_office_programs_are_sent_as_text() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let files = [
        ("report.docx", "Text of the document", "# 분기 보고서"),
        (
            "sales.xlsx",
            "Text of the sheets: 3",
            "서울,1200.5,2025-03-01,\"쉼표, 있음\"",
        ),
        ("old.xls", "Text of the sheets: 1", "가나다,3.5"),
        ("talk.pptx", "Text of the slides: 3", "## Slide 2: 장점"),
        ("notice.odt", "Text of the document", "[^1]: 오전 10시"),
    ];
    for (name, detail, _) in files {
        card.attach(&file(name)).await;
        attached(&card, name).await;
        card.says(detail).await;
    }
    card.press("Send").await;
    card.logs("m heard:").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    for (part, (name, _, words)) in parts.iter().zip(files) {
        let read = part["text"].as_str().unwrap();
        assert!(read.starts_with(&format!("{name}\n```\n")), "{read}");
        assert!(read.contains(words), "{words} in {read}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_sent_with_its_syllables_whole() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    run(
        &browser,
        "drop(1, carry(new File(['text'], '한글.txt'.normalize('NFD'))))",
    )
    .await;
    attached(&card, "한글.txt").await;
    card.press("Send").await;
    card.logs("m heard:").await;
    let parts = endpoint.received().pop().unwrap().parts(0);
    assert_eq!(parts, [text("한글.txt\n```\ntext\n```")]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_read_says_why() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let binary: Vec<u8> = (0..=255).collect();
    let files = [
        (made("data.bin", &binary), "This is not a text"),
        (
            made("fake.png", b"not a picture"),
            "can't read this picture",
        ),
        (made("empty.txt", b""), "The file is empty."),
        (made("long.txt", &vec![b'a'; 1_000_001]), "Too big"),
        (
            made("broken.pdf", b"%PDF-1.7\nbroken"),
            "This PDF is damaged",
        ),
        (file("locked.pdf"), "locked with a password"),
        (file("picture.pdf"), "This PDF has no text"),
        (made("a.docx", b"no archive"), "This document is damaged"),
        (
            made("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old"),
            "this old format",
        ),
        (
            made("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
            "can't read HEIC pictures",
        ),
    ];
    for (path, why) in &files {
        card.attach(path).await;
        card.says(why).await;
        let name = path.rsplit('/').next().unwrap();
        card.press(&format!("Remove {name}")).await;
        card.count("list", "Attachments", 0).await;
    }
    // A failed attachment holds nothing back.
    card.attach(&files[0].0).await;
    card.says("This is not a text").await;
    card.send("words").await;
    card.logs("m heard: words").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_twenty_first_is_refused() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    let script = "const files = [...Array(21).keys()].map((n) => new File(['text'], `${n}.txt`));
        drop(1, carry(...files));";
    run(&browser, script).await;
    card.says("A message takes 20 attachments.").await;
    attached(&card, "19.txt").await;
    card.count("button", "Preview 20.txt", 0).await;
    card.press("Send").await;
    card.logs("m heard:").await;
    assert_eq!(endpoint.received().pop().unwrap().parts(0).len(), 20);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_is_gone_is_said_and_the_rest_is_sent() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.attach(&made("gone.txt", b"gone")).await;
    attached(&card, "gone.txt").await;
    card.send("first").await;
    card.logs("m heard: first").await;
    card.attach(&made("left.txt", b"left")).await;
    attached(&card, "left.txt").await;
    let forget = "await new Promise((done) => {
            const open = indexedDB.open('collate');
            open.onsuccess = () => {
                const change = open.result.transaction('attachments', 'readwrite');
                change.objectStore('attachments').clear();
                change.oncomplete = () => { open.result.close(); done(); };
            };
        })";
    run(&browser, forget).await;
    browser.reload().await;
    let card = browser.card(1).await;
    card.find("button", "Remove left.txt").await;
    card.says("Its content is gone from this browser.").await;
    // The message is held back, with its words, until the user removes it.
    let input = card.find("textbox", "Message").await;
    input.type_in("second").await;
    input.type_in(Key::Enter).await;
    input.holds("second").await;
    assert_eq!(endpoint.received().len(), 1);
    card.press("Remove left.txt").await;
    input.type_in(Key::Enter).await;
    // The turn before needs its own attachment, and says so.
    card.says("Nothing was sent: the content of gone.txt is gone")
        .await;
    assert_eq!(endpoint.received().len(), 1);
    card.press("Remove gone.txt").await;
    card.press("Retry").await;
    card.logs("m heard: second").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_come_back_with_what_was_deleted() {
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.press("Compare").await;
    card.attach(&made("undo.txt", b"undone")).await;
    attached(&card, "undo.txt").await;
    card.press("Send").await;
    card.logs("m heard: undo.txt").await;
    card.choose_more("Clear chat").await;
    card.count("button", "Preview undo.txt", 0).await;
    browser.page().press("Undo").await;
    attached(&card, "undo.txt").await;
    // The card's own draft has it back, too.
    card.press("Sync input").await;
    card.attach(&made("own.txt", b"own")).await;
    attached(&card, "own.txt").await;
    card.choose_more("Delete chat").await;
    browser.page().press("Delete").await;
    browser.page().count("region", "Chat card 2", 0).await;
    browser.page().press("Undo").await;
    let card = browser.card(1).await;
    attached(&card, "own.txt").await;
    attached(&card, "undo.txt").await;
    // A retry sends the attachments again.
    let failed = StatusCode::INTERNAL_SERVER_ERROR;
    endpoint.will_respond("m", failed, "application/json", true, []);
    card.press("Send").await;
    card.press("Retry").await;
    wait_until(|| endpoint.received().len() == 4).await;
    let own = [text("own.txt\n```\nown\n```")];
    for request in &endpoint.received()[2..] {
        assert_eq!(request.parts(2), own);
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_chat_refers_to_goes_in_the_end() {
    slow("the page sweeps only after some idle seconds, twice");
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    for name in ["first.txt", "second.txt"] {
        card.attach(&made(name, name.as_bytes())).await;
        attached(&card, name).await;
    }
    card.press("Remove first.txt").await;
    let contents = async || {
        let script = "return await new Promise((done) => {
                const open = indexedDB.open('collate');
                open.onsuccess = () => {
                    const all = open.result.transaction('attachments').objectStore('attachments').getAllKeys();
                    all.onsuccess = () => { open.result.close(); done(all.result.length); };
                };
            })";
        run(&browser, script).await
    };
    let stored = async || {
        let script = "return Object.values(localStorage).join()";
        browser.script(script).await.as_str().unwrap().to_owned()
    };
    wait_for(async || {
        let stored = stored().await;
        stored.contains("second.txt") && !stored.contains("first.txt")
    })
    .await;
    assert_eq!(contents().await, 2);
    // At first it is only noted, because another tab may bring it back.
    browser.reload().await;
    let orphans = "return JSON.parse(localStorage.getItem('collate.v2.orphans') ?? '[]')";
    wait_for(async || browser.script(orphans).await.as_array().unwrap().len() == 1).await;
    assert_eq!(contents().await, 2);
    // A day later it is deleted.
    let a_day_later = "const key = 'collate.v2.orphans';
        const orphans = JSON.parse(localStorage.getItem(key));
        localStorage.setItem(key, JSON.stringify(orphans.map(([id]) => [id, 0])))";
    browser.script(a_day_later).await;
    browser.reload().await;
    wait_for(async || contents().await == 1).await;
    attached(&browser.card(1).await, "second.txt").await;
    browser.close().await;
}
