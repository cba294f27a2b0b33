//! Measures the work of the page's main thread, as Chromium counts it, and the page's memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    report,
    site::{BARE, Site},
};
use crate::support::Browser;

/// The figures of one run by name, each with its unit.
pub type Figures = Vec<(&'static str, f64)>;

pub const MAIN_THREAD: &str = "main thread, s";
/// Of the tasks of 50 ms and more, by the clock; 0 if there is none.
pub const WORST_TASK: &str = "worst long task, ms";

/// The main thread rests if it works for less than this, in seconds, between two polls.
const RESTS: f64 = 0.002;
/// The time between two polls.
const LOOK: Duration = Duration::from_millis(100);

/// The timeout of a wait. A benchmark fails after it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with a fresh profile that is being measured, and the site it visits.
pub struct Stage {
    pub browser: Browser,
    pub site: Site,
}

/// Chromium's counters so far; seconds are the main thread's own, not the clock's.
///
/// They restart with each page.
///
/// Source: the Chrome `DevTools` Protocol, `Performance.getMetrics` in the time domain `threadTicks`.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    task: f64,
    script: f64,
    layout: f64,
    style: f64,
    heap: f64,
    nodes: f64,
}

impl Reading {
    /// Returns the seconds of all the main thread's work.
    pub fn task(&self) -> f64 {
        self.task
    }
}

impl Stage {
    /// Opens a browser that shows nothing yet. Each page in it will first run `probe.js` and this
    /// script.
    pub async fn open(script: &str) -> Self {
        let site = Site::start().await;
        let stage = Self {
            browser: Browser::blank(site.url()).await,
            site,
        };
        report::note_browser(&stage.browser).await;
        let source = format!("{}\n{script}", include_str!("probe.js"));
        let params = json!({ "source": source });
        stage
            .cdp("Page.addScriptToEvaluateOnNewDocument", params)
            .await;
        let params = json!({ "timeDomain": "threadTicks" });
        stage.cdp("Performance.enable", params).await;
        stage
    }

    pub async fn cdp(&self, method: &str, params: Value) -> Value {
        self.browser
            .driver
            .cdp()
            .send_raw(method, params)
            .await
            .unwrap()
    }

    /// Returns an expression's value, or the value that it promises.
    pub async fn value(&self, expression: &str) -> Value {
        let params = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.cdp("Runtime.evaluate", params);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let answer = answer.unwrap_or_else(|_| panic!("{expression} never comes"));
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Returns an expression's number, or the promised one.
    pub async fn number(&self, expression: &str) -> f64 {
        let value = self.value(expression).await;
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Replaces everything in the storage with these values. It leaves the app first, so that the app
    /// can't interfere.
    pub async fn store(&self, values: &[(String, Value)]) {
        self.browser.go(BARE).await;
        // A second copy of the previous chat would be merged into this one.
        let origin = self.browser.url.trim_end_matches('/');
        let databases = json!({ "origin": origin, "storageTypes": "indexeddb" });
        self.cdp("Storage.clearDataForOrigin", databases).await;
        let values: Vec<_> = values
            .iter()
            .map(|(key, value)| (key, value.to_string()))
            .collect();
        let script = format!(
            "localStorage.clear(); sessionStorage.clear();
            for (const [key, value] of {}) localStorage.setItem(key, value)",
            json!(values),
        );
        self.value(&script).await;
    }

    pub async fn reading(&self) -> Reading {
        let answer = self.cdp("Performance.getMetrics", json!({})).await;
        let metrics = answer["metrics"].as_array().expect("a list of metrics");
        let metric = |name: &str| {
            let metric = metrics.iter().find(|metric| metric["name"] == name);
            let value = metric.and_then(|metric| metric["value"].as_f64());
            value.unwrap_or_else(|| panic!("Chromium has the metric {name}"))
        };
        Reading {
            task: metric("TaskDuration"),
            script: metric("ScriptDuration"),
            layout: metric("LayoutDuration"),
            style: metric("RecalcStyleDuration"),
            heap: metric("JSHeapUsedSize"),
            nodes: metric("Nodes"),
        }
    }

    /// Waits until the main thread is idle; returns its counters by then.
    pub async fn settled(&self) -> Reading {
        let start = Instant::now();
        let (mut before, mut quiet) = (self.reading().await, 0);
        loop {
            assert!(start.elapsed() < PATIENCE, "the main thread never rests");
            tokio::time::sleep(LOOK).await;
            let now = self.reading().await;
            quiet = if now.task - before.task < RESTS {
                quiet + 1
            } else {
                0
            };
            if quiet == 2 {
                return before;
            }
            before = now;
        }
    }

    /// Waits until the main thread is idle, and begins to measure.
    pub async fn begin(&self) -> Reading {
        self.settled().await;
        self.value("probe.tasks.length = 0").await;
        self.reading().await
    }

    /// Waits until the main thread is idle; returns its work since the beginning, or since the page's
    /// request, and the page's memory after it.
    pub async fn cost(&self, begin: Option<Reading>) -> Figures {
        let end = self.settled().await;
        let worst = self
            .number("Math.max(0, ...probe.tasks.map(([, duration]) => duration))")
            .await;
        let since = |of: fn(&Reading) -> f64| of(&end) - begin.as_ref().map_or(0.0, of);
        let mut figures = vec![
            (MAIN_THREAD, since(|reading| reading.task)),
            ("of it script, s", since(|reading| reading.script)),
            (
                "of it style and layout, s",
                since(|reading| reading.style + reading.layout),
            ),
            (WORST_TASK, worst),
        ];
        self.cdp("HeapProfiler.collectGarbage", json!({})).await;
        let Reading { heap, nodes, .. } = self.reading().await;
        let wasm = self.number("probe.memory()").await;
        figures.extend([
            ("JavaScript's heap after, MB", heap / 1e6),
            ("WebAssembly's memory after, MB", wasm / 1e6),
            ("DOM nodes after", nodes),
        ]);
        figures
    }

    /// Presses a key without releasing it: one call less while the page is measured.
    pub async fn press(&self, key: &str, text: &str) {
        let code = if key == "Enter" { 13 } else { 0 };
        let params = json!({
            "type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code,
        });
        self.cdp("Input.dispatchKeyEvent", params).await;
    }

    pub async fn close(self) {
        self.browser.close().await;
    }
}
