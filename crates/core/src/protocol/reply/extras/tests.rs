use super::*;
use crate::protocol::wire::Chunk;

/// The start of a PNG file of one pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";

/// Applies chunks with these deltas; returns the text and the extras as words.
fn read(deltas: &[&str]) -> (String, Vec<String>) {
    let mut reply = Reply::default();
    for delta in deltas {
        let json = format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
        Chunk(&serde_json::from_str(&json).unwrap()).apply_to(&mut reply);
    }
    reply.end();
    (reply.text.clone(), told(&reply))
}

fn told(reply: &Reply) -> Vec<String> {
    let told = reply.extras.iter().map(|extra| {
        let kind = format!("{:?}", extra.kind).to_lowercase();
        let size = match extra.bytes.len() {
            0 => String::new(),
            size => format!("{size} B"),
        };
        let words = [&kind, &extra.name, &extra.content, &size];
        let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words
            .iter()
            .map(|word| word.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    });
    told.collect()
}

#[test]
fn what_comes_beside_the_text_is_kept() {
    #[track_caller]
    fn check(deltas: &[&str], text: &str, extras: &[&str]) {
        let (found, told) = read(deltas);
        assert_eq!(
            (&*found, told),
            (text, extras.iter().map(|&it| it.to_owned()).collect()),
            "{deltas:?}"
        );
    }
    // Refusals.
    check(
        &[
            r#"{"content":null,"refusal":"I "}"#,
            r#"{"refusal":"won't."}"#,
        ],
        "I won't.",
        &["refusal"],
    );
    check(
        &[r#"{"content":[{"type":"refusal","refusal":"No."}]}"#],
        "No.",
        &["refusal"],
    );
    check(
        &[r#"{"content":"Well."}"#, r#"{"refusal":"No."}"#],
        "Well.\n\nNo.",
        &["refusal"],
    );
    check(
        &[r#"{"content":"a","refusal":""}"#, r#"{"refusal":null}"#],
        "a",
        &[],
    );
    // Pictures.
    let url = format!("data:image/png;base64,{PNG}");
    let image = format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
    let png = "picture image/png 33 B";
    check(
        &[&format!(r#"{{"content":"Here:","images":[{image}]}}"#)],
        "Here:",
        &[png],
    );
    check(
        &[&format!(
            r#"{{"content":[{{"type":"text","text":"Here:"}},{image}]}}"#
        )],
        "Here:",
        &[png],
    );
    check(
        &[
            &format!(r#"{{"images":[{image}]}}"#),
            &format!(r#"{{"images":[{image}]}}"#),
        ],
        "",
        &[png],
    );
    check(&[&format!(r#"{{"images":["{url}"]}}"#)], "", &[png]);
    check(
        &[&format!(
            r#"{{"content":[{{"type":"image","data":"{PNG}","mimeType":"image/png"}}]}}"#
        )],
        "",
        &[png],
    );
    check(
        &[&format!(
            r#"{{"content":[{{"type":"image","source":{{"type":"base64","media_type":"image/png","data":"{PNG}"}}}}]}}"#
        )],
        "",
        &[png],
    );
    check(
        &[r#"{"images":[{"image_url":{"url":"https://example.com/a.png"}}]}"#],
        "",
        &["picture https://example.com/a.png"],
    );
    check(
        &[r#"{"images":[{"image_url":{"url":"javascript:alert(1)"}}]}"#],
        "",
        &["unknown image"],
    );
    check(
        &[r#"{"images":[{"image_url":{"url":"data:text/html;base64,PGI+"}}]}"#],
        "",
        &["unknown text/html"],
    );
    // Sounds: with a header; samples in pieces, with their words; remote.
    check(
        &[r#"{"audio":{"data":"SUQzBAAA","transcript":"Hi."}}"#],
        "Hi.",
        &["sound audio/mpeg 6 B"],
    );
    check(
        &[
            r#"{"audio":{"data":"AAA="}}"#,
            r#"{"audio":{"transcript":"Hi."}}"#,
            r#"{"audio":{"data":"AAA="}}"#,
        ],
        "Hi.",
        &["sound audio/wav 48 B"],
    );
    check(
        &[r#"{"content":[{"type":"audio_url","audio_url":{"url":"https://example.com/a.mp3"}}]}"#],
        "",
        &["sound https://example.com/a.mp3"],
    );
    // Tools.
    let weather = "tool weather {\"city\":\"Seoul\"}";
    check(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"weather","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Seoul\"}"}}]}"#,
        ],
        "",
        &[weather],
    );
    check(
        &[
            r#"{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{\"q\":"}}]}"#,
            r#"{"tool_calls":[{"function":{"arguments":"1}"}}]}"#,
        ],
        "",
        &["tool f {\"q\":1}"],
    );
    check(
        &[
            r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":null,"function":{"name":"g","arguments":"{}"}}]}"#,
        ],
        "",
        &["tool f {}", "tool g {}"],
    );
    check(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"[]"}}]}"#,
        ],
        "",
        &["tool f {}", "tool f []"],
    );
    check(
        &[r#"{"tool_calls":[{"function":{"name":"weather","arguments":{"city":"Seoul"}}}]}"#],
        "",
        &[weather],
    );
    check(
        &[
            r#"{"function_call":{"name":"f","arguments":""}}"#,
            r#"{"function_call":{"arguments":"{}"}}"#,
        ],
        "",
        &["tool f {}"],
    );
    check(
        &[r#"{"content":"a","function_call":{"name":"","arguments":""}}"#],
        "a",
        &[],
    );
    check(
        &[r#"{"content":[{"type":"tool_use","name":"f","input":{}}]}"#],
        "",
        &["tool f {}"],
    );
    // Sources.
    let source = "source Paris https://example.com/p";
    check(
        &[
            r#"{"annotations":[{"type":"url_citation","url_citation":{"url":"https://example.com/p","title":"Paris","start_index":0}}]}"#,
        ],
        "",
        &[source],
    );
    check(
        &[
            r#"{"content":"a","citations":["https://example.com/p"]}"#,
            r#"{"annotations":[{"url":"https://example.com/p","title":"Paris"}]}"#,
        ],
        "a",
        &[source],
    );
    check(
        &[r#"{"annotations":[{"type":"file_citation","file_citation":{"filename":"a.pdf"}}]}"#],
        "",
        &["source a.pdf"],
    );
    // Unknown parts are named once; text without a type is text.
    check(
        &[r#"{"content":[{"type":"hologram","x":1},{"type":"hologram"},{"text":"a"},"b"]}"#],
        "ab",
        &["unknown hologram"],
    );
    check(
        &[r#"{"content":[{"type":"text","text":""}],"video":{"url":"x"}}"#],
        "",
        &["unknown video"],
    );
}

#[test]
fn sources_stand_beside_the_choices_too() {
    #[track_caller]
    fn check(fields: &str, extras: &[&str]) {
        let json = format!(r#"{{"choices":[{{"delta":{{}}}}],{fields}}}"#);
        let mut reply = Reply::default();
        Chunk(&serde_json::from_str(&json).unwrap()).apply_to(&mut reply);
        assert_eq!(told(&reply), extras, "{fields}");
    }
    let both = [
        "source Peru https://a.example/",
        "source Lima https://b.example/",
    ];
    let results = r#""search_results":[{"title":"Peru","url":"https://a.example/"},{"title":"Lima","url":"https://b.example/"}]"#;
    check(results, &both);
    check(
        &format!(r#""citations":["https://a.example/","https://b.example/"],{results}"#),
        &both,
    );
    check(
        r#""citations":["https://a.example/"]"#,
        &["source https://a.example/"],
    );
    check(
        r#""web_search":[{"title":"Peru","link":"https://a.example/"}]"#,
        &both[..1],
    );
    check(
        r#""vertex_ai_grounding_metadata":[{"groundingChunks":[{"web":{"uri":"https://a.example/","title":"Peru"}}]}]"#,
        &both[..1],
    );
    check(
        r#""context":{"citations":[{"title":"Peru","url":"https://a.example/"}]}"#,
        &both[..1],
    );
    check(r#""citations":[],"annotations":null"#, &[]);
}

#[test]
fn a_message_repeats_no_extra() {
    let mut reply = Reply::default();
    let call = r#""tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]"#;
    for (place, end) in [("delta", "null"), ("message", "\"tool_calls\"")] {
        let json = format!(
            r#"{{"choices":[{{"{place}":{{"content":"a",{call},"refusal":"No."}},"finish_reason":{end}}}]}}"#
        );
        Chunk(&serde_json::from_str(&json).unwrap()).apply_to(&mut reply);
    }
    reply.end();
    assert_eq!(
        (&*reply.text, told(&reply)),
        (
            "a\n\nNo.",
            vec!["refusal".to_owned(), "tool f {}".to_owned()]
        )
    );
}

#[test]
fn there_is_a_bound() {
    let mut reply = Reply::default();
    for n in 0..=MAX {
        reply.show(Extra::new(Kind::Source, &n.to_string()));
    }
    // An answer with very many sources is still one.
    assert!(!reply.is_cut());
    reply.show(Extra::new(Kind::Picture, "image/png"));
    assert!(reply.is_cut());
    assert_eq!(reply.extras.len(), MAX);
}
