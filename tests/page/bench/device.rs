//! Measures the speed and the cost of the model that runs in the browser.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use super::{
    measure::{Figures, Stage},
    report::{
        Bound::{AtLeast, AtMost},
        Case, Part, must,
    },
    runs, site,
};

/// Sends questions as the page itself does: see `on-device/page/device.js`.
const ASK: &str = "
    globalThis.bench = {
        async device() {
            const known = performance.getEntriesByType('resource').map(({ name }) => name);
            return import(known.find((name) => name.endsWith('/device.js')));
        },
        async ask(content, max_tokens, signal) {
            const { respond } = await bench.device();
            const begin = performance.now();
            const body = JSON.stringify({
                model: 'SmolLM2 135M', temperature: 0, max_tokens, stream: true,
                stream_options: { include_usage: true }, messages: [{ role: 'user', content }],
            });
            const response = await respond(
                new Request('on-device:/chat/completions', { method: 'POST', body, signal }),
            );
            const begun = performance.now() - begin;
            const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
            let [text, first] = ['', 0];
            for (let read; !(read = await reader.read()).done; ) {
                if (!first && /\"content\":\"[^\"]/.test(read.value)) first = performance.now() - begin;
                text += read.value;
            }
            const usage = /\"usage\":(\\{[^}]*\\}?[^}]*\\})/.exec(text.replaceAll('\"usage\":null', ''));
            return { begun, first, all: performance.now() - begin, usage: usage && JSON.parse(usage[1]) };
        },
        // How long after its end an answer lets the next one begin.
        async stop(content, after) {
            const abort = new AbortController();
            const asked = bench.ask(content, 2000, abort.signal).catch(() => {});
            await new Promise((wake) => setTimeout(wake, after));
            abort.abort();
            await asked;
            return (await bench.ask('Hi', 1)).begun;
        },
    };";

/// Sends the same questions to wllama, which is llama.cpp for browsers, on one thread.
///
/// Source: its README, «Simple usage with ES6 module».
const PEER: &str = "
    globalThis.peer = {
        async load() {
            const { Wllama, LoggerWithoutDebug } = await import('/wllama/index.js');
            const file = await fetch('/models/smollm2-135m-instruct-q4_1.gguf');
            peer.wllama = new Wllama(
                { default: '/wllama/wasm/wllama.wasm' },
                { logger: LoggerWithoutDebug },
            );
            const options = { n_ctx: 2048, n_threads: 1, n_gpu_layers: 0 };
            await peer.wllama.loadModel([await file.blob()], options);
            return 1;
        },
        async ask(content, max_tokens) {
            const begin = performance.now();
            const messages = [{ role: 'user', content }];
            const { usage } = await peer.wllama.createChatCompletion({ messages, max_tokens, temperature: 0 });
            return { all: performance.now() - begin, usage };
        },
    };";

/// Clicks the button that downloads the model.
const DOWNLOAD: &str = "document.querySelector('.device-model button').click()";

const READY: &str = "new Promise((ready) => {
    const look = () => {
        const models = document.querySelectorAll('[role=combobox]');
        if (models[1]?.value === 'SmolLM2 135M') ready(1);
        else setTimeout(look, 20);
    };
    look();
})";

/// Words with about 450 tokens in all.
const PROMPT: &str = include_str!("prompt.txt");

const DECODE: &str = "tokens per CPU second, decoding";
const DECODE_CLOCK: &str = "tokens per second of the clock, decoding";
const PREFILL: &str = "prompt of 454 tokens, CPU s";
const STOP: &str = "from Stop to the next answer's beginning, ms";

const STORY: &str = "Tell me a long story.";

/// The number of tokens decoded.
const MANY: u32 = 200;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a benchmark: script/bench"]
async fn on_device() {
    let mut part = Part::new(
        "The model in the browser",
        "SmolLM2 135M, Q4_1, one thread; CPU seconds are those of the browser's worker threads, as Linux \
         counts them in hundredths; decoding is 200 tokens after a short prompt, less the same with 1",
    );
    let mut all = Vec::new();
    for _ in 0..runs(3) {
        let stage = Stage::open(ASK).await;
        stage.browser.go("/").await;
        let page = stage.browser.page();
        page.says("Not in this browser yet").await;
        let begin = stage.number("performance.now()").await;
        stage.value(DOWNLOAD).await;
        stage.number(READY).await;
        let there = stage.number("performance.now()").await - begin;
        let mut figures: Figures = vec![("from the click until it is there, ms", there)];
        let asked = |content: &str, most: u32| format!("bench.ask({}, {most})", json!(content));
        // The first question loads the weights.
        let cold = stage.value(&asked("Hi", 1)).await;
        figures.push(("first question: first token, ms", number(&cold["all"])));

        figures.extend(speed(&stage, "bench").await);

        let long = PROMPT.repeat(6);
        let mut worst: f64 = 0.0;
        for after in [150, 400, 650, 900] {
            let stop = format!("bench.stop({}, {after})", json!(long));
            worst = worst.max(stage.number(&stop).await);
        }
        figures.push((STOP, worst));
        all.push(figures);
        stage.close().await;
    }
    let case = part.add(Case::new("collate", &all));
    must(DECODE, AtLeast(25.0), case.median(DECODE));
    must(PREFILL, AtMost(5.0), case.median(PREFILL));
    must(STOP, AtMost(100.0), case.most(STOP));
    if site::wllama().is_some() {
        let stage = Stage::open(PEER).await;
        stage.browser.go(site::BARE).await;
        stage.number("peer.load()").await;
        part.add(Case::new("wllama", &[speed(&stage, "peer").await]));
        stage.close().await;
    }
    part.end();
}

/// Returns the cost of a prompt and of an answer, through this object of the page.
async fn speed(stage: &Stage, asks: &str) -> Figures {
    let ask = async |content: &str, most: u32| {
        let ask = format!("{asks}.ask({}, {most})", json!(content));
        stage.value(&ask).await
    };
    let before = worker_seconds();
    let prompt = ask(PROMPT, 1).await;
    let cost = worker_seconds() - before;
    let tokens = number(&prompt["usage"]["prompt_tokens"]);
    let first = number(&prompt["all"]);

    // The prompt before was the same each time.
    ask(STORY, 1).await;
    let before = worker_seconds();
    let one = ask(STORY, 1).await;
    let between = worker_seconds();
    let many = ask(STORY, MANY).await;
    let after = worker_seconds();
    let count = |answer: &Value| number(&answer["usage"]["completion_tokens"]);
    let decoded = count(&many) - count(&one);
    let decoding = (after - between) - (between - before);
    let clock = (number(&many["all"]) - number(&one["all"])) / 1e3;
    vec![
        ("tokens of the prompt", tokens),
        (PREFILL, cost * 454.0 / tokens),
        ("its first token, ms", first),
        (DECODE, decoded / decoding),
        (DECODE_CLOCK, decoded / clock),
    ]
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is a number"))
}

/// Returns the processor time of all workers of this process's browsers, in seconds.
///
/// Source: proc(5), `/proc/pid/stat` and `/proc/pid/task/tid/stat`: field 4 is the parent, 14 and 15 are
/// hundredths of a second.
fn worker_seconds() -> f64 {
    // A tick is counted at its end.
    std::thread::sleep(Duration::from_millis(20));
    let mut ticks = 0;
    for process in std::fs::read_dir("/proc").expect("it is Linux").flatten() {
        let path = process.path();
        if !is_ours(&path) {
            continue;
        }
        for task in std::fs::read_dir(path.join("task")).into_iter().flatten() {
            let task = task.ok().and_then(|task| Stat::of(&task.path()));
            let worker = task.filter(|task| task.name.starts_with("DedicatedWorker"));
            ticks += worker.map_or(0, |worker| worker.ticks);
        }
    }
    f64::from(ticks) / 100.0
}

/// Returns whether a process descends from this one.
fn is_ours(process: &Path) -> bool {
    let mut stat = Stat::of(process);
    while let Some(Stat { parent, .. }) = stat {
        if parent == std::process::id() {
            return true;
        }
        stat = Stat::of(&Path::new("/proc").join(parent.to_string()));
    }
    false
}

/// The system's record of a process or a thread.
struct Stat {
    name: String,
    parent: u32,
    ticks: u32,
}

impl Stat {
    fn of(folder: &Path) -> Option<Self> {
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let (name, fields) = stat.rsplit_once(") ")?;
        let (_, name) = name.split_once('(')?;
        let fields: Vec<_> = fields.split(' ').collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
        Some(Self {
            name: name.to_owned(),
            parent: number(4)?,
            ticks: number(14)? + number(15)?,
        })
    }
}
