//! Any input from an endpoint: no panic, bounded memory, and the same answer however the network cuts
//! it. `cargo test` tries a few thousand inputs; this tries ten million, and prints their number, their
//! bytes, the seconds and the seed:
//!
//! ```sh
//! FUZZ=10000000 cargo test --release --test fuzz -- --nocapture
//! ```
//!
//! Each input has a number, and is made of the seed and that alone: `FUZZ_SEED=1 FUZZ_FROM=77 FUZZ=1`
//! tries one again.

use std::{
    collections::HashSet,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use collate::openai::{
    Failure, Finish, Reason, Reply, answer::Reader, models, refusal::Refusal, reply, sse,
};
use serde_json::Value;

/// The default number of inputs.
const USUAL: u64 = 4000;

/// One of this many inputs, beginning with the first, exceeds the limits.
const HUGE: u64 = 100_000;

/// The limit for an endpoint's message, in characters: an excerpt and its ellipsis.
const WORDS: usize = 501;

const CAPTURES: [&str; 11] = [
    include_str!("captures/aimock-case-cut.txt"),
    include_str!("captures/aimock-case-error429.txt"),
    include_str!("captures/aimock-case-think.txt"),
    include_str!("captures/aimock-case-weather.txt"),
    include_str!("captures/llama-server-badtoken.txt"),
    include_str!("captures/llama-server-models.txt"),
    include_str!("captures/llama-server-nostream.txt"),
    include_str!("captures/llama-server-notoken.txt"),
    include_str!("captures/llama-server-toolong.txt"),
    include_str!("captures/llama-server-usage.txt"),
    include_str!("captures/llama-server.txt"),
];

/// The responses made after public bug reports, as bodies.
static REPORTED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let lists = [
        include_str!("wire/reported.json"),
        include_str!("wire/found.json"),
    ];
    let cases = lists.map(|list| serde_json::from_str::<Vec<Value>>(list).expect("a list"));
    let bodies = cases.iter().flatten().map(|case| {
        let response = case.get("response").or_else(|| case.get("models"));
        let chunks = response.and_then(|response| response["chunks"].as_array());
        chunks
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    });
    bodies.filter(|body: &String| !body.is_empty()).collect()
});

/// Words for mutations to insert: the parsers look for them.
const WORDS_OF_IT: [&str; 62] = [
    "data: ",
    "data:",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    ":",
    "\u{FEFF}",
    "[DONE]",
    "data: [DONE]\n\n",
    "event: error",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "null",
    "0",
    "-1",
    "1e999",
    "<think>",
    "</think>",
    "<thinking>",
    "\n</think>",
    "`",
    "```",
    "<|channel|>",
    "<|channel|>analysis<|message|>",
    "<|end|>",
    "to=functions.f",
    "[THINK]",
    "◁/think▷",
    "<answer>",
    "analysis",
    "assistantfinal",
    "error: ",
    "data: error: no\n\n",
    "\"message\":",
    "\"message\":{\"content\":\"a\"}",
    "\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]",
    "\"images\":[\"data:image/png;base64,iVBORw0KGgo=\"]",
    "\"audio\":{\"data\":\"AAAA\"}",
    "\"citations\":[\"https://example.com\"]",
    "\"refusal\":\"No\"",
    "NaN",
    "'",
    "<title>",
    "</title>",
    "<html>",
    "\"error\":",
    "\"choices\":",
    "\"delta\":",
    "\"content\":",
    "\"usage\":",
    "\"finish_reason\":\"stop\"",
    "한",
    "👋",
    "\u{0}",
    "tokens 4096 > 2048 context length",
];

const CONTENT_TYPES: [&str; 6] = [
    "",
    "text/event-stream",
    "application/json; charset=utf-8",
    "text/html",
    "text/plain",
    "APPLICATION/JSON",
];

/// Pseudorandom numbers: `SplitMix64`, by Steele, Lea and Flood.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below this bound, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).expect("it is below a usize")
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Creates one input, which may be a huge one.
fn input(dice: &mut Dice, is_huge: bool) -> Vec<u8> {
    if is_huge {
        return huge(dice);
    }
    let mut input = match dice.below(11) {
        0 => (0..dice.below(300))
            .map(|_| dice.roll().to_le_bytes()[0])
            .collect(),
        1 | 2 => {
            let capture = dice.one_of(&CAPTURES);
            let body = capture.split_once("\r\n\r\n").map_or(capture, |it| it.1);
            window(dice, body.as_bytes())
        }
        8..=10 => {
            let body = &REPORTED[dice.below(REPORTED.len())];
            window(dice, body.as_bytes())
        }
        3 => json(dice, 0).into_bytes(),
        4 => list(dice).into_bytes(),
        _ => stream(dice).into_bytes(),
    };
    if dice.below(3) > 0 {
        for _ in 0..=dice.below(6) {
            mutate(dice, &mut input);
        }
    }
    input
}

/// Returns a part of a capture, mostly its beginning.
fn window(dice: &mut Dice, body: &[u8]) -> Vec<u8> {
    let length = dice.below(4096).min(body.len());
    let begin = if dice.below(3) == 0 {
        dice.below(body.len() - length + 1)
    } else {
        0
    };
    body[begin..begin + length].to_vec()
}

fn mutate(dice: &mut Dice, input: &mut Vec<u8>) {
    let at = dice.below(input.len() + 1);
    let end = (at + dice.below(40)).min(input.len());
    match dice.below(6) {
        0 if at < input.len() => input[at] = dice.roll().to_le_bytes()[0],
        1 => drop(input.drain(at..end)),
        2 => {
            let again = input[at..end].to_vec();
            drop(input.splice(at..at, again));
        }
        3 => input.truncate(at),
        _ => {
            let word = dice.one_of(&WORDS_OF_IT);
            drop(input.splice(at..at, word.bytes()));
        }
    }
}

/// Creates a stream of events, more or less as endpoints send it.
fn stream(dice: &mut Dice) -> String {
    let mut stream = String::new();
    if dice.below(8) == 0 {
        stream.push('\u{FEFF}');
    }
    for _ in 0..dice.below(12) {
        let end = dice.one_of(&["\n", "\n", "\n", "\r\n", "\r"]);
        let event = match dice.below(12) {
            0 => ": ping".to_owned(),
            1 => "event: message".to_owned(),
            2 => "data: [DONE]".to_owned(),
            3 => format!("data: {{\"error\":{}}}", json(dice, 1)),
            4 => format!("data: {}", json(dice, 0)),
            5 => format!(
                "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{},\"completion_tokens\":7}}}}",
                dice.roll()
            ),
            _ => {
                let field = dice.one_of(&[
                    "content",
                    "content",
                    "content",
                    "reasoning_content",
                    "reasoning",
                    "reasoning_details",
                ]);
                let text = text(dice);
                let finish = dice.one_of(&[
                    "null",
                    "null",
                    "null",
                    "\"stop\"",
                    "\"length\"",
                    "\"error\"",
                ]);
                format!(
                    "data: {{\"choices\":[{{\"delta\":{{\"{field}\":{text}}},\"finish_reason\":{finish}}}]}}"
                )
            }
        };
        stream.push_str(&event);
        stream.push_str(end);
        if dice.below(10) > 0 {
            stream.push_str(end);
        }
    }
    stream
}

/// Creates a JSON text, with tags that separate thoughts from the answer.
fn text(dice: &mut Dice) -> String {
    let mut text = String::from("\"");
    for _ in 0..dice.below(6) {
        text.push_str(dice.one_of(&[
            "a",
            " ",
            "\\n",
            "<think>",
            "</think>",
            "\\n</think>",
            "</thi",
            "nk>",
            "<thought>",
            "한국어",
            "👋",
            "\\u0000",
            "\\ud83d\\ude00",
            "\\ud800",
            "<",
        ]));
    }
    text.push('"');
    text
}

/// Creates any JSON, with the fields of refusals.
fn json(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth > 4 { 5 } else { 9 }) {
        0 => "null".into(),
        1 => dice
            .one_of(&["true", "-0.5", "1e308", "429", "\"503\"", "4294967296"])
            .into(),
        2 => text(dice),
        3 | 4 => format!(
            "\"{}\"",
            dice.one_of(&[
                "prompt is too long: 213462 tokens > 200000 maximum",
                "Unrecognized request argument supplied: top_k",
                "model 'x' not found",
                "maximum context length is 99999999999999999999 tokens",
                "unknown field `한`",
                "keyword argument '",
                ": Extra inputs are not permitted",
            ])
        ),
        5 => {
            let items: Vec<_> = (0..dice.below(4)).map(|_| json(dice, depth + 1)).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let mut fields = String::new();
            for n in 0..dice.below(5) {
                let name = dice.one_of(&[
                    "error",
                    "message",
                    "detail",
                    "msg",
                    "loc",
                    "code",
                    "type",
                    "param",
                    "status",
                    "metadata",
                    "raw",
                    "n_ctx",
                    "n_prompt_tokens",
                    "choices",
                    "data",
                    "id",
                    "usage",
                    "timings",
                    "x_groq",
                ]);
                let comma = if n > 0 { "," } else { "" };
                write!(fields, "{comma}\"{name}\":{}", json(dice, depth + 1))
                    .expect("a text takes it");
            }
            format!("{{{fields}}}")
        }
    }
}

/// Creates a list of models, more or less.
fn list(dice: &mut Dice) -> String {
    let models: Vec<_> = (0..dice.below(6))
        .map(|_| match dice.below(4) {
            0 => json(dice, 3),
            1 => format!("{{\"id\":{},\"owned_by\":\"vllm\"}}", text(dice)),
            2 => format!(
                "{{\"id\":{},\"capabilities\":{{\"vision\":true}}}}",
                text(dice)
            ),
            _ => format!(
                "{{\"id\":{},\"architecture\":{{\"input_modalities\":{}}}}}",
                text(dice),
                json(dice, 3)
            ),
        })
        .collect();
    format!("{{\"object\":\"list\",\"data\":[{}]}}", models.join(","))
}

/// Creates more than is kept, of one sort.
fn huge(dice: &mut Dice) -> Vec<u8> {
    let (begin, piece, length): (&str, &str, usize) = match dice.below(7) {
        0 => ("data: ", "x", sse::MAX + 100),
        1 => (": ", "가", sse::MAX + 100),
        2 => (
            "",
            "data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
            2 * sse::MAX,
        ),
        3 => ("{\"choices\":\"", "x", sse::MAX + 100),
        4 => ("[", "[", 4_000_000),
        5 => ("{\"x\":[0", ",0", 8_000_000),
        _ => {
            let event = "data: {\"choices\":[{\"delta\":{\"content\":\"가나다 \\n</th abcdefghijklmnopqrstuvwxyz\"}}]}\n\n";
            ("", event, 4_000_000)
        }
    };
    let mut input = begin.as_bytes().to_vec();
    while input.len() < length {
        input.extend_from_slice(piece.as_bytes());
    }
    input
}

/// The result of reading an input.
#[derive(Debug, PartialEq)]
struct Read {
    reply: Reply,
    end: Result<Finish, Failure>,
}

fn read<'a>(kind: &str, pieces: impl Iterator<Item = &'a [u8]>, is_cut: bool) -> Read {
    let mut reader = Reader::new(kind);
    let mut reply = Reply::default();
    let mut pushed = Ok(());
    let mut came = 0;
    for piece in pieces {
        came += piece.len();
        pushed = reader.push(piece, &mut reply);
        let held = reader.held() + reply.held();
        // Invalid UTF-8 takes up to three times its bytes.
        let most = (3 * came + 4096).min(2 * sse::MAX + 16384);
        assert!(held <= most, "{held} bytes are held of {came}");
        if pushed.is_err() {
            break;
        }
    }
    let end = match pushed {
        Err(error) => Err(error),
        Ok(()) if is_cut => reader.cut(&mut reply),
        Ok(()) => reader.end(&mut reply),
    };
    reply.end();
    let length = reply.text.chars().count() + reply.reasoning.chars().count();
    assert!(length <= reply::MAX);
    if let Err(error) = &end {
        let words = match error {
            Failure::Reported { message, .. } => message,
            Failure::Garbled { excerpt } => excerpt,
            _ => "",
        };
        assert!(words.chars().count() <= WORDS);
        // The error can be explained, and stored.
        Reason::of(error);
        let stored = serde_json::to_string(error).expect("an error is JSON");
        assert_eq!(
            serde_json::from_str::<Failure>(&stored).ok().as_ref(),
            Some(error)
        );
    }
    Read { reply, end }
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<(String, String)>, bool) {
    let owned = |event: sse::Event<'_>| (event.name.to_owned(), event.data.to_owned());
    let mut decoder = sse::Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        let pushed = decoder.push(piece, |event| events.push(owned(event)));
        assert!(decoder.held() <= 2 * sse::MAX);
        if pushed.is_err() {
            return (events, false);
        }
    }
    decoder.end(|event| events.push(owned(event)));
    (events, true)
}

/// Cuts an input anywhere.
fn cut<'a>(dice: &mut Dice, input: &'a [u8]) -> Vec<&'a [u8]> {
    if input.len() < 200 && dice.below(4) == 0 {
        return input.chunks(1).collect();
    }
    let mut ends: Vec<_> = (0..dice.below(9))
        .map(|_| dice.below(input.len() + 1))
        .collect();
    ends.push(input.len());
    ends.sort_unstable();
    let mut begin = 0;
    ends.into_iter()
        .map(|end| &input[std::mem::replace(&mut begin, end)..end])
        .collect()
}

/// Tries the input with this number; returns its bytes.
fn try_one(seed: u64, number: u64) -> u64 {
    let mut dice = Dice(seed ^ number.wrapping_mul(0xD134_2543_DE82_EF95));
    let is_huge = number.is_multiple_of(HUGE);
    let input = input(&mut dice, is_huge);
    let kind = dice.one_of(&CONTENT_TYPES);
    let pieces = cut(&mut dice, &input);
    let is_cut = dice.below(4) == 0;

    let whole = read(kind, [&*input].into_iter(), is_cut);
    let split = read(kind, pieces.iter().copied(), is_cut);
    assert_eq!(whole, split);
    let whole = events([&*input].into_iter());
    assert_eq!(whole, events(pieces.iter().copied()));

    let body = String::from_utf8_lossy(&input);
    let said = Refusal::read(&body);
    assert!(said.words.chars().count() <= WORDS);
    let status = u16::try_from(dice.below(600)).expect("a status");
    Reason::classify(status, &said.words);
    if let Ok(listed) = models::listed(&body) {
        let ids: HashSet<_> = listed.ids.iter().collect();
        assert_eq!(ids.len(), listed.ids.len());
        assert!(listed.sees.iter().all(|(id, _)| ids.contains(id)));
    }
    input.len() as u64
}

#[test]
fn whatever_comes_is_read() {
    let set = |name| std::env::var(name).ok()?.parse::<u64>().ok();
    let wanted = set("FUZZ").unwrap_or(USUAL);
    let (seed, from) = (
        set("FUZZ_SEED").unwrap_or(1),
        set("FUZZ_FROM").unwrap_or_default(),
    );
    let (next, bytes) = (AtomicU64::new(from), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= from + wanted {
                        return;
                    }
                    let tried = catch_unwind(AssertUnwindSafe(|| try_one(seed, number)));
                    let tried = tried.unwrap_or_else(|_| {
                        panic!("again with FUZZ_SEED={seed} FUZZ_FROM={number} FUZZ=1")
                    });
                    bytes.fetch_add(tried, Ordering::Relaxed);
                }
            });
        }
    });
    println!(
        "{wanted} inputs, {} bytes, {:.1} s, seed {seed}: no panic, all kept within bounds, alike however cut",
        bytes.into_inner(),
        start.elapsed().as_secs_f64(),
    );
}
