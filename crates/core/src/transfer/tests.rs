use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{bundle::tests::a_chat, *};
use crate::chat::{Card, Outcome};

const CHATGPT: &str = include_str!("../../../../tests/transfer/chatgpt.json");
const OPEN_WEBUI: &str = include_str!("../../../../tests/transfer/open-webui.json");
const BACKEND_AI: &str = include_str!("../../../../tests/transfer/backend-ai.json");
const CHATGPT_2025: &str = include_str!("../../../../tests/transfer/chatgpt-2025.json");
const LIBRE_CHAT: &str = include_str!("../../../../tests/transfer/librechat.json");
const LOBE_CHAT: &str = include_str!("../../../../tests/transfer/lobe-chat.json");
const BIG_AGI: &str = include_str!("../../../../tests/transfer/big-agi.json");

/// All samples.
const SAMPLES: &[&str] = &[
    CHATGPT,
    CHATGPT_2025,
    OPEN_WEBUI,
    BACKEND_AI,
    LIBRE_CHAT,
    LOBE_CHAT,
    BIG_AGI,
    COLLATE,
];
const COLLATE: &str = include_str!("../../../../tests/transfer/collate-v1.json");

/// Lists an import, one line per item: chats, cards, prompts, answers; the shown one has a star.
fn outline(import: &Import) -> String {
    let mut out = String::new();
    for chat in &import.chats {
        let pin = if chat.pinned { " pinned" } else { "" };
        let tags = chat.tags.iter().map(|tag| format!(" #{tag}"));
        let tags = tags.collect::<String>();
        writeln!(out, "{} @{}{pin}{tags}", chat.title, chat.used).unwrap();
        for card in &chat.cards {
            let model = card.model.as_deref().unwrap_or("-");
            let sync = if card.synced { "" } else { " alone" };
            let system = card.system.replace('\n', "/");
            writeln!(out, " {model}{sync} {system}").unwrap();
            assert_eq!(card.endpoint, None);
            for turn in &card.turns {
                let files = turn.attachments.iter();
                let files = files.map(|file| format!(" +{} {}", file.name, file.kind));
                let files = files.collect::<String>();
                writeln!(out, "  ? {}{files}", turn.prompt.replace('\n', "/")).unwrap();
                for answer in turn.answers() {
                    let star = if turn.answer.as_ref() == Some(answer) {
                        "*"
                    } else {
                        ""
                    };
                    let thoughts = match answer.reasoning.replace('\n', "/") {
                        thoughts if thoughts.is_empty() => thoughts,
                        thoughts => format!(" ({thoughts})"),
                    };
                    let end = match &answer.outcome {
                        Outcome::Complete => String::new(),
                        other => format!(" {other:?}"),
                    };
                    let tokens = answer.metrics.output.map(|count| format!(" {count}t"));
                    let tokens = tokens.unwrap_or_default();
                    let extras = answer.extras.iter();
                    let extras =
                        extras.map(|it| format!(" +{:?} {} {}", it.kind, it.name, it.content));
                    let extras = extras.collect::<String>();
                    let (model, text) = (&answer.model, answer.text.replace('\n', "/"));
                    writeln!(
                        out,
                        "  {star}{model}: {text}{thoughts}{end}{tokens}{extras}"
                    )
                    .unwrap();
                }
            }
        }
    }
    for skipped in &import.skipped {
        let Skipped { title, place, why } = skipped;
        writeln!(out, "- {place} {title}: {why:?}").unwrap();
    }
    out
}

#[test]
fn files_of_other_programs_are_read() {
    #[track_caller]
    fn check(file: &str, from: Format, expected: &[&str]) {
        let import = read(file).unwrap();
        assert_eq!(import.from, from);
        let outline = outline(&import);
        assert_eq!(outline.lines().collect::<Vec<_>>(), expected, "{outline}");
        // A second import is equal, including identifiers.
        assert_eq!(read(file), Ok(import));
    }
    check(
        CHATGPT,
        Format::ChatGpt,
        &[
            "Sorting in Rust @1735690000456 pinned",
            " gpt-5-thinking I write Rust.//Be brief.",
            "  ? How do I sort a Vec?",
            "  gpt-4o: Use `sort`.",
            "  *gpt-5-thinking: Use `sort_unstable`. (**Comparing**//`sort` or `sort_by_key`?//```/print(sorted([2, 1]))/```//```/[1, 2]/```) Length",
            "  ? What is this?/[shot.png]",
            "김치찌개 끓이는 법 @1735700001000",
            " - ",
            "  ? 김치찌개는 어떻게 끓여?",
            "  *unknown: 묵은지를 볶다가 물을 부으세요.",
            "Sorting in Rust (2) @1735690000455",
            " gpt-5-thinking I write Rust.//Be brief.",
            "  ? How do I sort?",
            "- 0 Sorting in Rust: Attachments",
            "- 1 Nothing: Empty",
            "- 2 고장난 대화: Unreadable",
        ],
    );
    check(
        OPEN_WEBUI,
        Format::OpenWebUi,
        &[
            "두 모델 비교 @1735689900000 pinned #science #과학",
            " llama3.2:3b 짧게 답해라.",
            "  ? 하늘은 왜 파래? +image image 2 3",
            "  *llama3.2:3b: 산란 때문입니다. 7t",
            "  ? 노을은?/[image] +notes.txt text",
            "  *llama3.2:3b: 더 긴  Interrupted",
            " qwen3:8b 짧게 답해라.",
            "  ? 하늘은 왜 파래? +image image 2 3",
            "  *qwen3:8b: 짧은 파장이 더 흩어집니다. (레일리 산란…/파장 < 입자)",
            "Old one @1700000000000",
            " mistral ",
            "  ? Hi",
            "  *mistral: Hello!",
            "  ? And?",
            "- 0 두 모델 비교: Attachments",
            "- 2 Empty: Empty",
            "- 3 : Unreadable",
        ],
    );
    check(
        BACKEND_AI,
        Format::BackendAi,
        &[
            " @1735689600123",
            " gemma-3-4b-it ",
            "  ? What is a GPU?/[gone.png] +a.gif image 2 3 +b.txt text",
            "  gemma-3-4b-it: A processor for graphics. (They ask about GPUs.) 12t",
            "  *gemma-3-4b-it: Many small cores.",
            " - alone You are a cook.",
            "이전 버전 @1735776000000",
            " gemma-2 ",
            "  ? 안녕?",
            "  *gemma-2: 안녕하세요! (인사)",
            "- 0 What is a GPU? [gone.png]: Attachments",
            "- 2 : Empty",
        ],
    );
}

// Cases look_import_citations, look_import_canvas, look_import_newer_export, look_import_branches.
#[test]
fn newer_files_of_other_programs_are_read() {
    #[track_caller]
    fn check(file: &str, from: Format, expected: &[&str]) {
        let import = read(file).unwrap();
        assert_eq!(import.from, from);
        let outline = outline(&import);
        assert_eq!(outline.lines().collect::<Vec<_>>(), expected, "{outline}");
        assert_eq!(read(file), Ok(import));
    }
    let marked = "  *gpt-5-thinking: Rust 1.90 is out. ([Example news](https://example.com/news)) 홍길동이 말했다.////- [릴리스 \\[노트\\]](https://example.org/a%28b%29)///Half +Source Example news https://example.com/news";
    check(
        CHATGPT_2025,
        Format::ChatGpt,
        &[
            "가을 @1757000100250",
            " gpt-5-thinking ",
            "  ? 요즘 Rust 소식은?",
            marked,
            "  ? Write a poem in the canvas.",
            "  *gpt-5-thinking: **Autumn**//# Autumn//Leaves fall.//I wrote the poem in the canvas.",
            "  ? 낙엽으로 바꿔 줘",
            "  *gpt-5-thinking: **Autumn**//# Autumn//낙엽 fall.//바꿨습니다.",
            "  gpt-5-thinking: **Autumn**//# Autumn//낙엽 fall.//고쳤어요.",
            "Old citations @1708580164100",
            " gpt-4 ",
            "  ? Who?",
            "  *gpt-4: 가나 Signal. [Example](https://example.com/who) More",
            "가을 (2) @1757000100249",
            " gpt-5-thinking ",
            "  ? 요즘 Rust 소식은?",
            marked,
            "  ? 그림을 그려 줘",
            "  *gpt-5-thinking:  (```json/{\"prompt\":\"autumn\"}/```)",
            "- 0 가을: Attachments",
        ],
    );
    check(
        LIBRE_CHAT,
        Format::LibreChat,
        &[
            "날씨 @1740819607000",
            " gpt-4o Answer in Korean.",
            "  ? 서울 날씨 어때?/[map.png]",
            "  gpt-4o: 맑습니다. 7t",
            "  *claude-3-7-sonnet: 흐리고 18도입니다. (Which day?//```/18 °C/```) +Tool weather {\"city\":\"Seoul\"}",
            "  ? 모레는?",
            "  *gpt-4o:  Failed(Reported { message: \"rate limit\", status: None })",
            "날씨 (2) @1740819606999",
            " gpt-4o Answer in Korean.",
            "  ? 서울 날씨 어때?/[map.png]",
            "  gpt-4o: 맑습니다. 7t",
            "  *claude-3-7-sonnet: 흐리고 18도입니다. (Which day?//```/18 °C/```) +Tool weather {\"city\":\"Seoul\"}",
            "  ? 내일은?",
            "  *gpt-4o: 비가 옵니 (Guess.) Interrupted",
            "- 0 날씨: Attachments",
        ],
    );
    let cooked = [
        "  ? 김치찌개 어떻게 끓여? +pot.gif image 2 3",
        "  *deepseek-reasoner: 묵은지를 볶으세요. (```/묵은지/```//```/읽음/```//끓이는 순서…) 34t +Tool searchWeb {\"q\":\"김치\"} +Tool readPage {} +Source Kimchi https://example.com/kimchi",
    ];
    check(
        LOBE_CHAT,
        Format::LobeChat,
        &[
            "요리사 @1740000021000 pinned #요리 #recipes",
            " gpt-3.5-turbo You are a cook.",
            "  ? Hi/[file-1]",
            "  *gpt-3.5-turbo: Hello!",
            "김치찌개 @1740000009000 pinned #요리 #recipes",
            " gpt-4o You are a cook.",
            cooked[0],
            cooked[1],
            "  ? 고기는?",
            "  gpt-4o-mini: 돼지고기요.",
            "  *gpt-4o:  Failed(Reported { message: \"Quota reached\", status: None })",
            "김치찌개 (2) @1740000008999 #요리 #recipes",
            " gpt-4o You are a cook.",
            cooked[0],
            cooked[1],
            "  ? 스레드 질문",
            "  *gpt-4o: 스레드 답",
            "- 0 요리사: Attachments",
        ],
    );
    check(
        BIG_AGI,
        Format::BigAgi,
        &[
            "정규식 @1741000090000",
            " gpt-4o You are a developer.",
            "  ? > line 1/> line 2//이 파일에서 날짜를 찾아 줘./[shot.png] +log.txt text",
            "  *gemini-2.5-pro: `\\d{4}-\\d{2}-\\d{2}` (ISO dates.//```/1/```) Length 30t +Tool code_execution print(1) +Source Regex https://example.com/regex",
            "  ? 한 번 더",
            "  *gpt-4o:  Failed(Reported { message: \"Connection lost\", status: None })",
            "Old chat @1700000000000 #Work",
            " gpt-4-0613 Be kind.",
            "  ? Hello?",
            "  *gpt-4-0613: Hi!",
            "- 0 정규식: Attachments",
            "- 2 : Empty",
        ],
    );
}

/// Puts other values in the place of each value, and reads the file each time.
#[test]
fn a_value_of_another_type_is_no_harm() {
    fn places(value: &Value, here: String, found: &mut Vec<String>) {
        let below: Vec<_> = match value {
            Value::Array(items) => (0..)
                .zip(items)
                .map(|(at, it)| (at.to_string(), it))
                .collect(),
            Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), it)).collect(),
            _ => Vec::new(),
        };
        for (name, value) in below {
            let name = name.replace('~', "~0").replace('/', "~1");
            places(value, format!("{here}/{name}"), found);
        }
        found.push(here);
    }
    for file in SAMPLES {
        let value: Value = serde_json::from_str(file).unwrap();
        let mut all = Vec::new();
        places(&value, String::new(), &mut all);
        for place in all {
            for other in [json!(null), json!("a"), json!([[7]])] {
                let mut changed = value.clone();
                *changed.pointer_mut(&place).unwrap() = other;
                let _ = read(&changed.to_string());
            }
        }
    }
}

/// A way keeps its identifiers when another one becomes the current one.
#[test]
fn a_later_export_gives_the_same_chats() {
    let import = read(CHATGPT_2025).unwrap();
    let later = CHATGPT_2025.replace("\"current_node\": \"a3\"", "\"current_node\": \"t2b\"");
    assert_ne!(later, CHATGPT_2025);
    let other = read(&later).unwrap();
    for chat in &import.chats {
        let mut found = other.chats.iter().filter(|it| it.id == chat.id);
        let found = found.next().unwrap();
        let asked = |chat: &Chat| -> Vec<_> {
            let turns = chat.cards[0].turns.iter();
            turns.map(|turn| (turn.id, turn.prompt.clone())).collect()
        };
        assert_eq!(asked(found), asked(chat));
    }
    assert_ne!(other.chats[0].id, import.chats[0].id);
}

#[test]
fn messages_within_each_other_are_read_however_deep() {
    #[track_caller]
    fn check(count: usize) {
        let mut tree = String::new();
        for id in (0..count).rev() {
            let is_asked = id % 2 == 0;
            tree = format!(
                "{{\"messageId\": \"{id}\", \"children\": [ {tree} ], \"isCreatedByUser\": {is_asked},\n\"text\": \"\\\"children\\\":[ {id}\", \"parentMessageId\": \"{}\"}}",
                id.cast_signed() - 1
            );
        }
        let other = "{\"messageId\": \"b\", \"parentMessageId\": \"-1\", \"isCreatedByUser\": true, \"text\": \"?\", \"children\": []}";
        let file = format!(
            "{{\"conversationId\": \"c\", \"messagesTree\": [{tree}, {other}], \"title\": \"t\"}}"
        );
        let import = read(&file).unwrap();
        let turns = import.chats.iter().map(|chat| chat.cards[0].turns.len());
        let mut turns: Vec<_> = turns.collect();
        turns.sort_unstable();
        assert_eq!(turns, [1, count / 2], "{count}");
    }
    check(2);
    check(60);
    check(200);
    check(2000);
}

#[test]
fn no_more_ways_are_kept_than_a_few() {
    let message = |id: usize, parent: &str, me: bool| json!({ "messageId": id.to_string(), "parentMessageId": parent, "isCreatedByUser": me, "text": id.to_string() });
    let mut messages = vec![message(0, "", true), message(1, "0", false)];
    messages.extend((2..100).map(|id| message(id, "1", true)));
    messages.extend((100..300).map(|id| message(id, "99", false)));
    let file = json!({ "conversationId": "c", "title": "t", "messages": messages });
    let import = read(&file.to_string()).unwrap();
    assert_eq!(import.chats.len(), 17);
    assert_eq!(import.skipped[0].why, Reason::Branches);
    let last = import.chats[0].cards[0].turns.last().unwrap();
    assert_eq!((&*last.prompt, last.variant()), ("99", (65, 65)));
}

#[test]
fn what_stands_around_the_chats_does_not_matter() {
    #[track_caller]
    fn check(file: &str, like: &str) {
        assert_eq!(outline(&read(file).unwrap()), outline(&read(like).unwrap()));
    }
    let one = |file: &str, place: usize| {
        let value: Value = serde_json::from_str(file).unwrap();
        value[place].to_string()
    };
    check(&format!("\u{feff}{CHATGPT}\n"), CHATGPT);
    check(&one(CHATGPT, 3), &format!("[{}]", one(CHATGPT, 3)));
    check(&one(OPEN_WEBUI, 0), &format!("[{}]", one(OPEN_WEBUI, 0)));
    // The first versions had no record around the chat.
    let old: Value = serde_json::from_str(&one(OPEN_WEBUI, 1)).unwrap();
    let mut bare = old["chat"].clone();
    bare["title"] = "Old one".into();
    check(&json!([bare]).to_string(), &json!([old]).to_string());
    // All of localStorage, and one value of it as a string.
    let history: Value = serde_json::from_str(BACKEND_AI).unwrap();
    let key = "backendaiwebui.cache.chat_history";
    check(
        &json!({ key: BACKEND_AI, "other": "x" }).to_string(),
        BACKEND_AI,
    );
    check(&json!({ key: history }).to_string(), BACKEND_AI);
    check(&json!(BACKEND_AI).to_string(), BACKEND_AI);
    // A lone surrogate in a title.
    let cut = CHATGPT.replace("Sorting in Rust", "Sorting \\ud83d");
    check(
        &cut,
        &CHATGPT.replace("Sorting in Rust", "Sorting \u{fffd}"),
    );
    let whole = CHATGPT.replace("Sorting in Rust", "\\\\ud83d \\uD83D\\uDE00");
    check(&whole, &CHATGPT.replace("Sorting in Rust", "\\\\ud83d 😀"));
}

#[test]
fn trees_are_followed_where_they_are_odd() {
    #[track_caller]
    fn check(chat: Value, expected: &[&str]) {
        let import = read(&json!([chat]).to_string()).unwrap();
        let outline = outline(&import);
        let found = outline.lines().skip(2).collect::<Vec<_>>();
        assert_eq!(found, expected, "{outline}");
    }
    let node = |parent: &str, children: &[&str], role: &str, text: &str| {
        json!({
            "parent": parent, "children": children,
            "message": { "author": { "role": role }, "content": { "content_type": "text", "parts": [text] } },
        })
    };
    // It starts with an answer; prompts below another answer are another chat.
    let mapping = json!({
        "a": node("", &["b"], "assistant", "Hello"),
        "b": node("a", &["c", "d"], "user", "Hi"),
        "c": node("b", &["e"], "assistant", "one"),
        "d": node("b", &[], "assistant", "two"),
        "e": node("c", &[], "user", "More"),
    });
    check(
        json!({ "id": "x", "mapping": mapping, "current_node": "d" }),
        &[
            "  ? ",
            "  *unknown: Hello",
            "  ? Hi",
            "  unknown: one",
            "  *unknown: two",
            " @0",
            " - ",
            "  ? ",
            "  *unknown: Hello",
            "  ? Hi",
            "  *unknown: one",
            "  unknown: two",
            "  ? More",
        ],
    );
    // A cycle.
    let mapping = json!({
        "a": node("b", &["b"], "user", "Hi"),
        "b": node("a", &["a"], "assistant", "one"),
    });
    check(
        json!({ "id": "x", "mapping": mapping, "current_node": "b" }),
        &["  ? Hi", "  *unknown: one"],
    );
    let message = |parent: &str, children: &[&str], role: &str, text: &str| json!({ "parentId": parent, "childrenIds": children, "role": role, "content": text, "model": "m" });
    let messages = json!({
        "b": message("", &["c", "d"], "user", "Hi"),
        "c": message("b", &["e"], "assistant", "one"),
        "d": message("b", &[], "assistant", "two"),
        "e": message("c", &[], "user", "More"),
    });
    check(
        json!({ "id": "x", "chat": { "history": { "messages": messages, "currentId": "d" } } }),
        &[
            "  ? Hi",
            "  m: one",
            "  *m: two",
            "Hi (2) @0",
            " m ",
            "  ? Hi",
            "  *m: one",
            "  m: two",
            "  ? More",
        ],
    );
}

#[test]
fn no_secret_comes_in() {
    for file in [BACKEND_AI, LOBE_CHAT, BIG_AGI] {
        assert!(file.contains("secret"));
        let import = read(file).unwrap();
        assert!(!format!("{import:?}").contains("secret"));
    }
}

#[test]
fn contents_come_once_under_their_identifiers() {
    #[track_caller]
    fn check(file: &str, expected: &[&str]) {
        let import = read(file).unwrap();
        let mut contents: Vec<_> = import.contents.iter().map(|it| it.1.as_str()).collect();
        contents.sort_unstable();
        assert_eq!(contents, expected);
        for file in import.chats.iter().flat_map(Chat::attachments) {
            assert!(import.contents.iter().any(|(id, _)| *id == file.id));
        }
    }
    let picture = "data:image/gif;base64,R0lGODlhAgADAIAAAAAAAP///ywAAAAAAgADAAACAkQBADs=";
    check(OPEN_WEBUI, &[picture, "메모"]);
    check(BACKEND_AI, &[picture, "한\n"]);
}

#[test]
fn a_file_that_is_none_says_why() {
    #[track_caller]
    fn check(file: &str, expected: Error) {
        assert_eq!(read(file), Err(expected), "{file}");
    }
    for nothing in [
        "",
        " \n",
        "\u{feff}",
        "[]",
        r#"{"format":"collate","version":1}"#,
    ] {
        check(nothing, Error::Empty);
    }
    for other in ["# Chats", "<html>", "[1,]", "{} {}", "[\"\\x\"]", "tru"] {
        check(other, Error::NotJson);
    }
    for cut in [
        "[",
        "[{\"mapping\":",
        "{\"format\":\"collate\",",
        "\"abc",
        "[1",
    ] {
        check(cut, Error::Cut);
    }
    let unknown = [
        "{}",
        "7",
        "null",
        "[1, \"a\"]",
        "\"\\\"\\\\\\\"[]\\\\\\\"\\\"\"",
        r#"{"format":"collate"}"#,
        r#"[{"chats":[{}],"label":""}]"#,
        r#"{"messages":[{}]}"#,
        r#"{"mapping":7}"#,
    ];
    for unknown in unknown {
        check(unknown, Error::Unknown);
    }
    check(
        r#"{"format":"collate","version":2,"chats":7}"#,
        Error::Newer { version: 2 },
    );
}

#[test]
fn our_own_file_of_version_1_is_read() {
    let import = read(COLLATE).unwrap();
    assert_eq!(import.from, Format::Collate);
    let chat = &import.chats[0];
    assert_eq!(
        (&*chat.title, chat.cards.len(), chat.pinned),
        ("Blue sky", 2, true)
    );
    let turn = &chat.cards[0].turns[0];
    assert_eq!(turn.variant(), (1, 2));
    assert_eq!(chat.cards[0].endpoint, Some(import.endpoints[0].id));
    assert_eq!(import.contents[0].0, turn.attachments[0].id);
    let bundle = Bundle {
        chats: import.chats.clone(),
        endpoints: import.endpoints.clone(),
        contents: import.contents.clone(),
    };
    assert_eq!(read(&bundle.to_json()), Ok(import));
    // docs/export.md has the same file.
    let docs = include_str!("../../../../docs/export.md");
    assert!(docs.contains(COLLATE.trim()));
}

#[test]
fn one_bad_chat_loses_no_other() {
    #[track_caller]
    fn check(break_it: impl FnOnce(&mut Value), expected: &[(&str, usize, Reason)]) {
        let mut file: Value = serde_json::from_str(COLLATE).unwrap();
        let mut other = file["chats"][0].clone();
        other["id"] = "0000000000000099".into();
        file["chats"].as_array_mut().unwrap().push(other);
        break_it(&mut file);
        let import = read(&file.to_string()).unwrap();
        assert_eq!(import.chats.last().unwrap().title, "Blue sky");
        let skipped = import
            .skipped
            .iter()
            .map(|it| (&*it.title, it.place, it.why));
        assert_eq!(skipped.collect::<Vec<_>>(), expected);
    }
    let unreadable = [("Blue sky", 0, Reason::Unreadable)];
    check(|_| {}, &[]);
    check(|file| file["chats"][0]["more"] = json!([{}]), &[]);
    check(|file| file["chats"][0]["cards"] = json!([]), &unreadable);
    check(|file| file["chats"][0]["id"] = 7.into(), &unreadable);
    check(
        |file| {
            let card = file["chats"][0]["cards"][0].clone();
            file["chats"][0]["cards"].as_array_mut().unwrap().push(card);
        },
        &unreadable,
    );
    check(
        |file| file["chats"][0] = json!(null),
        &[("", 0, Reason::Unreadable)],
    );
    check(
        |file| file["chats"][1]["id"] = file["chats"][0]["id"].clone(),
        &[("Blue sky", 1, Reason::Twice)],
    );
    check(
        |file| file["endpoints"][0]["base_url"] = "ftp://x".into(),
        &[("Local", 2, Reason::Unreadable)],
    );
}

#[test]
fn chats_that_say_the_same_are_found() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Chat), expected: bool) {
        let one = read(CHATGPT).unwrap().chats.remove(0);
        let mut other = one.clone();
        change(&mut other);
        assert_eq!(same(&one, &other), expected);
    }
    check(|_| {}, true);
    check(|chat| chat.id = 9.into(), true);
    check(|chat| chat.title = "other".into(), true);
    check(|chat| chat.draft = "typed".into(), true);
    check(|chat| chat.cards[0].id = 9.into(), true);
    check(|chat| chat.cards[0].turns[0].show_variant(false), true);
    check(|chat| chat.cards[0].turns[0].prompt.push('!'), false);
    check(|chat| chat.cards[0].turns[0].earlier.clear(), false);
    check(|chat| chat.cards[0].turns.truncate(1), false);
    check(|chat| chat.cards[0].system.clear(), false);
    check(|chat| chat.cards.push(Card::new(9.into())), false);
    check(|chat| chat.cards[0].turns.clear(), false);
    let mut draft = Chat::new(1.into(), vec![Card::new(1.into())]);
    draft.draft = "typed".into();
    assert!(!same(&draft, &draft));
}

#[test]
fn look_import_big() {
    let chat = |number: usize| {
        let node = |at: usize| {
            let role = if at.is_multiple_of(2) {
                "user"
            } else {
                "assistant"
            };
            let children: Vec<_> = (at < 19)
                .then(|| format!("n{}", at + 1))
                .into_iter()
                .collect();
            let parent = at.checked_sub(1).map(|parent| format!("n{parent}"));
            let words = format!("words {number} {at} {}", "x".repeat(1_400));
            let node = serde_json::json!({
                "id": format!("n{at}"), "parent": parent, "children": children,
                "message": { "author": { "role": role }, "content": { "content_type": "text", "parts": [words] } },
            });
            (format!("n{at}"), node)
        };
        let mapping: serde_json::Map<_, _> = (0..20).map(node).collect();
        serde_json::json!({ "id": format!("c{number}"), "title": format!("Chat {number}"), "mapping": mapping, "current_node": "n19" })
    };
    let file = Value::Array((0..260).map(chat).collect()).to_string();
    assert!(file.len() > 7_900_000);
    let import = read(&file).unwrap();
    assert_eq!((import.chats.len(), import.skipped.len()), (260, 0));
    for chat in &import.chats {
        assert_eq!(chat.cards[0].turns.len(), 10);
    }
}

#[test]
fn a_long_history_takes_no_more_than_its_length() {
    // A conversation with so many messages that a walk from each to the root would not end.
    let mut mapping = serde_json::Map::new();
    let count = 40_000;
    for number in 0..count {
        let role = if number % 2 == 0 { "user" } else { "assistant" };
        let parent = if number == 0 {
            Value::Null
        } else {
            (number - 1).to_string().into()
        };
        mapping.insert(
            number.to_string(),
            json!({
                "parent": parent,
                "children": [(number + 1).to_string()],
                "message": { "author": { "role": role }, "content": { "content_type": "text", "parts": ["a"] } },
            }),
        );
    }
    let file =
        json!([{ "id": "long", "mapping": mapping, "current_node": (count - 1).to_string() }]);
    let import = read(&file.to_string()).unwrap();
    assert_eq!(import.chats[0].cards[0].turns.len(), count / 2);
}

/// Generates any JSON, with the names that the formats use.
fn any_json() -> impl Strategy<Value = Value> {
    const NAMES: &[&str] = &[
        "mapping",
        "current_node",
        "message",
        "author",
        "role",
        "content",
        "content_type",
        "parts",
        "parent",
        "children",
        "metadata",
        "chat",
        "history",
        "messages",
        "currentId",
        "childrenIds",
        "parentId",
        "modelIdx",
        "models",
        "chats",
        "label",
        "parameters",
        "files",
        "url",
        "title",
        "id",
        "format",
        "version",
        "cards",
        "contents",
        "a",
        "b",
        "backendaiwebui.cache.chat_history",
    ];
    const TEXTS: &[&str] = &[
        "user",
        "assistant",
        "system",
        "tool",
        "text",
        "code",
        "thoughts",
        "a",
        "b",
        "",
        "collate",
        "[]",
        "data:image/png;base64,iVBORw0KGgo",
        "<details type=\"reasoning\">",
        "2025-01-01T00:00:00Z",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name = prop::sample::select(NAMES);
        let fields = prop::collection::vec((name, inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            fields.prop_map(|fields| {
                fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_file_says_it_is_read_or_refused(value in any_json(), text: String) {
        let _ = read(&value.to_string());
        let _ = read(&json!([value]).to_string());
        let _ = read(&json!([{ "mapping": { "a": { "children": ["a", "b"], "parent": "b", "message": value }, "b": value } }]).to_string());
        let _ = read(&json!([{ "history": { "currentId": "a", "messages": { "a": value, "b": { "childrenIds": ["a"], "parentId": "a", "role": "user", "files": [value] } } } }]).to_string());
        let _ = read(&json!([["a", { "label": "", "chats": [{ "messages": [value] }] }]]).to_string());
        let _ = read(&text);
    }

    #[test]
    fn a_part_of_a_file_is_cut(file in prop::sample::select(SAMPLES), at: prop::sample::Index) {
        let ends: Vec<_> = file.trim_end().char_indices().map(|(end, _)| end).skip(1).collect();
        prop_assert_eq!(read(&file[..ends[at.index(ends.len())]]), Err(Error::Cut));
    }

    #[test]
    fn a_chat_is_the_same_as_its_copy(chat in a_chat()) {
        let was_asked = chat.cards.iter().any(|card| !card.turns.is_empty());
        prop_assert_eq!(same(&chat, &chat), was_asked);
    }
}
