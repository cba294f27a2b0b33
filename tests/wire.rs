//! Reads the responses in `tests/wire`, made after public bug reports, as the page does, and compares
//! them with what a reader rightly expects. `tests/page/wire.rs` looks at the same on the screen.
//!
//! `reported.json` holds the cases that the project began with, `found.json` those found since.

use collate_core::{
    chat::extra::Kind,
    protocol::{Failure, Reason, Reply, answer::Reader, models, refusal::Refusal},
};
use serde_json::Value;

const REPORTED: &str = include_str!("wire/reported.json");
const FOUND: &str = include_str!("wire/found.json");

/// The pieces of a response's body.
fn pieces(response: &Value) -> Vec<&str> {
    let chunks = response["chunks"].as_array().into_iter().flatten();
    chunks.filter_map(Value::as_str).collect()
}

/// What a response gives.
struct Given {
    /// All that can be read: text, extras, the end in the page's or the endpoint's words.
    words: String,
    text: String,
    thoughts: String,
    has_failed: bool,
    is_clean: bool,
    reply: Reply,
}

fn read(response: &Value, pieces: &[&[u8]]) -> Given {
    let status = u16::try_from(response["status"].as_u64().expect("a status")).expect("a status");
    let mut reply = Reply::default();
    let end = if status == 200 {
        let kind = response["headers"]["content-type"].as_str();
        let mut reader = Reader::new(kind.unwrap_or_default());
        let pushed = pieces
            .iter()
            .try_for_each(|piece| reader.push(piece, &mut reply));
        let end = pushed.and_then(|()| reader.end(&mut reply));
        reply.end();
        end
    } else {
        let Refusal { words, .. } = Refusal::read(&String::from_utf8_lossy(&pieces.concat()));
        Err(Failure::Refused {
            status,
            message: words,
            retry_after: None,
        })
    };
    let said = match &end {
        Ok(finish) => format!("{finish:?}"),
        Err(error) => {
            let reason = Reason::of(error).map(|reason| format!("{reason:?}"));
            format!("{error} {}", reason.unwrap_or_default())
        }
    };
    let extras: Vec<_> = reply
        .extras
        .iter()
        .map(|extra| format!("{:?} {} {}", extra.kind, extra.name, extra.content))
        .collect();
    let usage = reply.usage;
    let count = |count: Option<u32>, words: &str| {
        count.map_or(String::new(), |count| format!("{count} {words}\n"))
    };
    let words = [
        reply.text.clone(),
        extras.join("\n"),
        said,
        count(usage.input, "in"),
        count(usage.output, "out"),
    ];
    Given {
        words: words.join("\n"),
        text: reply.text.clone(),
        thoughts: reply.reasoning.clone(),
        has_failed: end.is_err(),
        is_clean: end.is_ok() && reply.finish.is_empty() && !reply.is_empty(),
        reply,
    }
}

/// Returns what of a case is not as it should be.
fn faults(case: &Value) -> Vec<String> {
    let want = &case["want"];
    let list = |name: &str| {
        let items = want[name].as_array().into_iter().flatten();
        items
            .map(|item| item.as_str().expect("words"))
            .collect::<Vec<_>>()
    };
    let mut faults = Vec::new();
    if let Some(models) = case.get("models") {
        let body = pieces(models).concat();
        let listed = models::listed(&body)
            .map(|listed| listed.ids)
            .unwrap_or_default();
        for id in list("lists") {
            // Google's names have a prefix.
            let is_it =
                |listed: &&String| **listed == id || listed.strip_prefix("models/") == Some(id);
            if listed.iter().filter(is_it).count() != 1 {
                faults.push(format!("{id} is not listed once: {listed:?}"));
            }
        }
        return faults;
    }
    let Some(response) = case.get("response") else {
        // A list in pages: the test of the page has it.
        return faults;
    };
    let body: Vec<&[u8]> = pieces(response).into_iter().map(str::as_bytes).collect();
    let given = read(response, &body);
    let whole = body.concat();
    for size in [1, 7, whole.len().max(1)] {
        let cut: Vec<_> = whole.chunks(size).collect();
        if read(response, &cut).reply != given.reply {
            faults.push(format!("it differs in pieces of {size} bytes"));
        }
    }
    for words in list("shows") {
        // Expressions are of the page's own sentences: the test of the page looks for those.
        if !words.starts_with('/') && !given.words.contains(words.trim_end()) && words != "(404)" {
            faults.push(format!("«{words}» is missing in «{}»", given.words));
        }
    }
    for words in list("hides") {
        if given.text.contains(words) || given.words.contains("{\"") && words == "{\"" {
            faults.push(format!("«{words}» is in «{}»", given.words));
        }
    }
    for words in list("notSent") {
        if given.text.contains(words) {
            faults.push(format!("«{words}» would be sent: «{}»", given.text));
        }
    }
    if let Some(once) = want["once"].as_str()
        && given.text.matches(once).count() != 1
    {
        faults.push(format!("«{once}» is not there once: «{}»", given.text));
    }
    if let Some(thought) = want["thought"].as_str()
        && !given.thoughts.contains(thought)
    {
        faults.push(format!("«{thought}» is no thought of «{}»", given.thoughts));
    }
    let has = |kind: Kind| given.reply.extras.iter().any(|extra| extra.kind == kind);
    if want["image"] == true && !has(Kind::Picture) {
        faults.push("no picture".to_owned());
    }
    if want["link"].is_string() && !has(Kind::Source) {
        faults.push("no source".to_owned());
    }
    if want["retry"] == true && !given.has_failed {
        faults.push(format!("it looks finished: «{}»", given.words));
    }
    if want["clean"] == true && !given.is_clean {
        faults.push(format!("it did not end well: «{}»", given.words));
    }
    faults
}

#[test]
fn every_reported_response_is_read_right() {
    for (name, cases) in [("reported", REPORTED), ("found", FOUND)] {
        let cases: Vec<Value> = serde_json::from_str(cases).expect("a list of cases");
        let mut met = 0;
        let mut unmet = Vec::new();
        for case in &cases {
            let faults = faults(case);
            met += usize::from(faults.is_empty());
            unmet.extend(
                faults
                    .iter()
                    .map(|fault| format!("{}: {fault}", case["id"])),
            );
        }
        println!("{name}: {met} of {} as expected", cases.len());
        assert!(unmet.is_empty(), "{}", unmet.join("\n"));
    }
}
