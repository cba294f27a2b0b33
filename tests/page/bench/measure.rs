//! What the page's main thread does, by Chromium's own account, and what the page holds in memory.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    report,
    site::{BARE, Site},
};
use crate::support::Browser;

/// What one run says: figures by name, each with its unit.
pub type Figures = Vec<(&'static str, f64)>;

pub const MAIN_THREAD: &str = "main thread, s";
/// Of the tasks of 50 ms and more, as the clock has it; 0 where there is none.
pub const WORST_TASK: &str = "worst long task, ms";

/// The main thread rests if it is at work for less than this, in seconds, between two looks.
const RESTS: f64 = 0.002;
/// The time between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// What does not come about within this time is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with a fresh profile that is being measured, and the site that it visits.
pub struct Stage {
    pub browser: Browser,
    pub site: Site,
}

/// What Chromium has counted until now; seconds are the main thread's own, and not the clock's.
///
/// It begins anew with each page.
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
    /// Seconds of all that the main thread has done.
    pub fn task(&self) -> f64 {
        self.task
    }
}

impl Stage {
    /// Opens a browser that shows nothing yet. Each page in it will first run this script, beside
    /// `probe.js`.
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

    /// The value of an expression, or of what it promises.
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

    /// The number that an expression is, or promises.
    pub async fn number(&self, expression: &str) -> f64 {
        let value = self.value(expression).await;
        value
            .as_f64()
            .unwrap_or_else(|| panic!("{expression} is {value}"))
    }

    /// Puts these values into the storage, in place of all that is there. It leaves the app, which
    /// has no say in it.
    pub async fn store(&self, values: &[(String, Value)]) {
        self.browser.go(BARE).await;
        // The second copy of the chat before, which would be merged into this one.
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

    /// Waits until the main thread has nothing to do; returns what it had done by then.
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

    /// Waits until the main thread has nothing to do, and begins to measure.
    pub async fn begin(&self) -> Reading {
        self.settled().await;
        self.value("probe.tasks.length = 0").await;
        self.reading().await
    }

    /// Waits until the main thread has nothing to do; returns what it did since the beginning, or
    /// since the page was asked for, and what the page then holds.
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

    /// Presses a key, and does not let it go: one call less, while the page is measured.
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
