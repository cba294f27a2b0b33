//! Chromium over WebDriver. Tests find elements as a user of assistive technology does: by computed
//! role and accessible name.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, prelude::*};

use super::{Scope, cost::Cost, driver, page};

/// The timeout for a condition. A test fails after it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A browser that shows the page from its own server, which is its own origin: nothing is stored for it
/// yet.
pub struct Browser {
    pub driver: WebDriver,
    pub url: String,
    /// The language of a browser that goes to the next test; none if it ends with this one.
    shared: Option<String>,
    cost: Arc<Cost>,
    /// The console's messages so far: each read empties the log.
    console: Mutex<Vec<String>>,
    expects_violations: AtomicBool,
    expects_traps: AtomicBool,
    is_closed: AtomicBool,
}

/// Records content policy violations, across reloads and for documents of frames in the same tab. A
/// sandboxed frame has no storage; then a document's own list is all.
const WATCH: &str = "{
    const key = 'test.violations';
    const kept = [];
    addEventListener('securitypolicyviolation', (event) => {
        const { effectiveDirective, blockedURI, sourceFile, lineNumber, sample } = event;
        const at = `${sourceFile}:${lineNumber}`;
        kept.push(`${effectiveDirective} forbids ${blockedURI} in ${document.URL} at ${at} ${sample}`);
        try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch {}
    });
    try { kept.push(...JSON.parse(sessionStorage.getItem(key) ?? '[]')); } catch {}
    Object.defineProperty(window, 'testViolations', { value: kept });
}";

/// Returns whether the console reports a violation of the content policy, or of Trusted Types as part
/// of it. The console covers all tabs and frames.
fn is_violation(message: &str) -> bool {
    let policy =
        message.contains("Content Security Policy") && !message.contains("is ignored when");
    policy || message.contains("This document requires 'Trusted")
}

impl Browser {
    /// Opens the page in English.
    pub async fn open() -> Self {
        Self::open_in("en").await
    }

    /// Opens the page in a browser of this language that it shares with other tests: each test has its
    /// own tab and origin.
    pub async fn open_in(language: &str) -> Self {
        let url = format!("http://{}/", page::serve().await);
        let (driver, is_new) = driver::take(language).await;
        let browser = Self::new(driver, url, Some(language.to_owned()), is_new).await;
        // A port may be reused, and the data stored for it is still there.
        let origin = browser.url.trim_end_matches('/');
        let all = json!({ "origin": origin, "storageTypes": "all" });
        let cdp = browser.driver.cdp();
        cdp.send_raw("Storage.clearDataForOrigin", all)
            .await
            .unwrap();
        browser.go("/").await;
        browser
    }

    /// Opens the page in a browser that traces its threads: see [`Self::trace`].
    pub async fn open_traced() -> Self {
        Self::open_with("en", |capabilities| {
            let log = json!({ "performance": "ALL", "browser": "ALL" });
            capabilities.set("goog:loggingPrefs", log).unwrap();
            let categories = json!({
                "enableNetwork": false, "enablePage": false,
                "traceCategories": "devtools.timeline,toplevel",
            });
            capabilities
                .add_experimental_option("perfLoggingPrefs", categories)
                .unwrap();
        })
        .await
    }

    /// Returns the trace events since the page opened, and ends the trace.
    ///
    /// Source: Chromium's «Trace Event Format».
    pub async fn trace(&self) -> Vec<Value> {
        let log = self.driver.get_log("performance").await.unwrap();
        let events = log.iter().filter_map(|entry| {
            let entry: Value = serde_json::from_str(&entry.message).ok()?;
            let message = &entry["message"];
            (message["method"] == "Tracing.dataCollected").then(|| message["params"].clone())
        });
        events.collect()
    }

    async fn open_with(language: &str, add: impl FnOnce(&mut ChromeCapabilities)) -> Self {
        let url = format!("http://{}/", page::serve().await);
        let browser = Self::start(url, language, add).await;
        browser.go("/").await;
        browser
    }

    /// Starts a browser in English that shows nothing yet, for the page at this URL. It keeps nothing
    /// of a page after leaving it.
    pub async fn blank(url: String) -> Self {
        Self::start(url, "en", |capabilities| {
            let arg = "--disable-features=BackForwardCache";
            capabilities.add_arg(arg).unwrap();
        })
        .await
    }

    /// Starts a browser with a profile that outlives it, and returns its process. After killing the
    /// process, call [`Self::forget`].
    pub async fn with_profile(url: String, profile: &Path) -> (Self, Child) {
        let port = profile.join("DevToolsActivePort");
        // A previous browser may have left it.
        let _ = std::fs::remove_file(&port);
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
        let process = Command::new(program)
            .args(driver::ARGUMENTS)
            .arg("--remote-debugging-port=0")
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium starts");
        let start = Instant::now();
        let port = loop {
            let written = std::fs::read_to_string(&port).unwrap_or_default();
            if let Some((port, _)) = written.split_once('\n') {
                break port.to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "Chromium says its port");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let browser = Self::start(url, "en", |capabilities| {
            capabilities
                .set_debugger_address(&format!("127.0.0.1:{port}"))
                .unwrap();
        })
        .await;
        (browser, process)
    }

    /// Forgets a killed browser, which can't receive a command to quit any more.
    pub fn forget(self) {
        self.is_closed.store(true, Ordering::Relaxed);
        std::mem::forget(self.driver.clone());
    }

    /// Makes each document that this tab shows from now on record content policy violations.
    async fn watch(&self) {
        let cdp = self.driver.cdp();
        let watch = json!({ "source": WATCH });
        cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", watch)
            .await
            .unwrap();
    }

    /// Declares that this test violates the content policy on purpose.
    pub fn expect_violations(&self) {
        self.expects_violations.store(true, Ordering::Relaxed);
    }

    /// Declares that this test makes the page's program trap on purpose.
    pub fn expect_traps(&self) {
        self.expects_traps.store(true, Ordering::Relaxed);
    }

    /// Returns the content policy violations so far, from the documents shown in this tab and from the
    /// console.
    pub async fn violations(&self) -> Vec<String> {
        let mut found = self.noticed().await;
        self.read_console().await;
        let console = self.console.lock().unwrap();
        found.extend(console.iter().filter(|it| is_violation(it)).cloned());
        found
    }

    /// Returns the violations recorded in this tab.
    async fn noticed(&self) -> Vec<String> {
        const READ: &str = "return window.testViolations ?? []";
        // A crashed tab, or one with a dialog, returns nothing.
        let read = async || {
            let read = self.driver.execute(READ, vec![]).await.ok();
            let list = read.map(|read| read.json().clone()).unwrap_or_default();
            let list = list.as_array().cloned().unwrap_or_default();
            list.into_iter().map(|it| it.to_string())
        };
        let mut found = Vec::new();
        if self.driver.enter_default_frame().await.is_err() {
            return found;
        }
        found.extend(read().await);
        let frames = self.driver.find_all(By::Css("iframe")).await;
        for frame in frames.unwrap_or_default() {
            if frame.enter_frame().await.is_ok() {
                found.extend(read().await);
            }
            // It existed a moment ago.
            let _ = self.driver.enter_default_frame().await;
        }
        found
    }

    async fn read_console(&self) {
        let log = self.driver.get_log("browser").await.unwrap();
        let messages = log.into_iter().map(|entry| entry.message);
        self.console.lock().unwrap().extend(messages);
    }

    async fn start(url: String, language: &str, add: impl FnOnce(&mut ChromeCapabilities)) -> Self {
        Self::new(driver::start(language, add).await, url, None, true).await
    }

    async fn new(driver: WebDriver, url: String, shared: Option<String>, is_new: bool) -> Self {
        let browser = Self {
            driver,
            url,
            shared,
            cost: Arc::new(Cost::start(is_new)),
            console: Mutex::default(),
            expects_violations: AtomicBool::new(false),
            expects_traps: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        browser.watch().await;
        browser
    }

    pub fn page(&self) -> Scope {
        Scope::page(self.driver.clone(), Arc::clone(&self.cost))
    }

    /// Finds the card with this number, in English.
    pub async fn card(&self, number: usize) -> Scope {
        self.page()
            .find("region", &format!("Chat card {number}"))
            .await
    }

    /// Opens the settings by their button, in English.
    pub async fn settings(&self) -> Scope {
        self.page().press("Settings").await;
        let settings = self.page().find("dialog", "Settings").await;
        // A chunk draws the content.
        settings.find("combobox", "Language").await;
        settings
    }

    /// Opens the history by its button, in English.
    pub async fn history(&self) -> Scope {
        self.page().press("History").await;
        self.page().find("complementary", "Chat history").await
    }

    /// Returns the page's path and query.
    pub async fn address(&self) -> String {
        let address = self
            .script("return location.pathname + location.search")
            .await;
        address.as_str().unwrap().to_owned()
    }

    /// Returns every stored chat, decompressed.
    pub async fn stored_chats(&self) -> Vec<Value> {
        let read = "return Object.entries(localStorage)
            .filter(([key]) => key.startsWith('collate.v2.chat.')).map(([, text]) => text)";
        let found = self.script(read).await;
        let texts = found.as_array().expect("texts").iter();
        let chats = texts.map(|text| {
            let text = collate::compression::plain(text.as_str().expect("a text"));
            serde_json::from_str(&text.expect("a chat that can be unpacked")).expect("a chat")
        });
        chats.collect()
    }

    /// Navigates to a path of the page.
    pub async fn go(&self, path: &str) {
        let url = format!("{}{}", self.url, path.trim_start_matches('/'));
        self.driver.goto(url).await.unwrap();
    }

    /// Cuts the page's network off, or restores it.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.emulateNetworkConditions", conditions)
            .await
            .unwrap();
    }

    /// Gives the page the size of a screen, in CSS pixels; `is_touched`: of a phone, without a pointer.
    pub async fn screen(&self, width: u32, height: u32, is_touched: bool) {
        let cdp = self.driver.cdp();
        let screen = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_touched,
        });
        cdp.send_raw("Emulation.setDeviceMetricsOverride", screen)
            .await
            .unwrap();
        let touch = json!({ "enabled": is_touched, "maxTouchPoints": 5 });
        cdp.send_raw("Emulation.setTouchEmulationEnabled", touch)
            .await
            .unwrap();
    }

    /// Pastes a text at the caret, as the keyboard does.
    pub async fn paste(&self, text: &str) {
        self.allow_clipboard().await;
        let write = "const done = arguments[1];
            navigator.clipboard.writeText(arguments[0]).then(() => done(''), (error) => done('' + error))";
        let written = self.driver.execute_async(write, vec![text.into()]).await;
        assert_eq!(written.unwrap().json(), "");
        let cdp = self.driver.cdp();
        for (kind, commands) in [("keyDown", json!(["paste"])), ("keyUp", json!([]))] {
            let key = json!({
                "type": kind, "key": "v", "code": "KeyV", "modifiers": 2,
                "windowsVirtualKeyCode": 86, "commands": commands,
            });
            cdp.send_raw("Input.dispatchKeyEvent", key).await.unwrap();
        }
    }

    /// Opens another tab and switches to it; returns the previous tab and the new one.
    pub async fn new_tab(&self) -> (WindowHandle, WindowHandle) {
        let first = self.driver.window().await.unwrap();
        let second = self.driver.new_tab().await.unwrap();
        let shown = self.driver.switch_to_window(second.clone()).await;
        shown.unwrap();
        self.watch().await;
        (first, second)
    }

    pub async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub async fn script(&self, script: &str) -> Value {
        self.driver
            .execute(script, vec![])
            .await
            .unwrap()
            .json()
            .clone()
    }

    /// Returns the text copied last. The page needs permission to read it: see
    /// [`Self::allow_clipboard`].
    pub async fn clipboard(&self) -> String {
        let read = "const done = arguments[0];
            navigator.clipboard.readText().then(done, (error) => done('not read: ' + error))";
        let read = self.driver.execute_async(read, vec![]).await.unwrap();
        read.json().as_str().expect("a text").to_owned()
    }

    /// Lets scripts read the clipboard.
    pub async fn allow_clipboard(&self) {
        let allowed = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        let cdp = self.driver.cdp();
        cdp.send_raw("Browser.grantPermissions", allowed)
            .await
            .unwrap();
    }

    /// Closes the browser. Fails if the page has crashed or has violated its content policy.
    pub async fn close(self) {
        self.is_closed.store(true, Ordering::Relaxed);
        let violations = self.violations().await;
        let expects = self.expects_violations.load(Ordering::Relaxed);
        assert!(expects || violations.is_empty(), "{violations:#?}");
        let panics: Vec<_> = {
            let console = self.console.lock().unwrap();
            let is_panic = |message: &&String| {
                ["panicked", "RuntimeError", "Uncaught"]
                    .iter()
                    .any(|word| message.contains(word))
            };
            console.iter().filter(is_panic).cloned().collect()
        };
        let expects = self.expects_traps.load(Ordering::Relaxed);
        assert!(expects || panics.is_empty(), "{panics:#?}");
        match &self.shared {
            Some(language) => driver::leave(self.driver.clone(), language).await,
            None => self.driver.clone().quit().await,
        }
        .expect("the browser lets go of this test's tabs");
        self.cost.write();
    }
}

/// Makes each test close its browsers: otherwise crashes and violations would go unnoticed.
impl Drop for Browser {
    fn drop(&mut self) {
        let is_closed = self.is_closed.load(Ordering::Relaxed);
        if !std::thread::panicking() {
            assert!(is_closed, "this browser was not closed: Browser::close");
        }
    }
}
