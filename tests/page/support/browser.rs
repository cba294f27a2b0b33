//! Chromium over WebDriver. Things are found as a user of assistive technology finds them: by
//! their computed role and accessible name.

use std::{
    fmt,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities, SessionId,
    common::{command::FormatRequestData, requestdata::RequestData},
    prelude::*,
};

use super::page;

/// A condition that does not come true within this time is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
];

/// chromedriver, which ends with the test process's last browser.
struct Driver {
    process: Child,
    url: String,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Driver {
    fn start() -> Self {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let mut process = Command::new(program)
            .args(["--port=0", "--log-level=WARNING"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed: script/bootstrap");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says on which port it listens");
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }
}

/// A browser with an empty profile, showing the page of a server of its own.
pub struct Browser {
    pub driver: WebDriver,
    pub url: String,
    _process: Arc<Driver>,
    /// What the console has said so far: reading it takes it away.
    console: Mutex<Vec<String>>,
    expects_violations: AtomicBool,
    expects_traps: AtomicBool,
    is_closed: AtomicBool,
}

/// Keeps what the content policy has forbidden, also across reloads and for the documents of frames
/// in the same tab. A frame in a sandbox has no storage; then a document's own list is all.
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

/// Whether the console speaks of something that the content policy, or Trusted Types as a part of
/// it, has forbidden. It speaks for all tabs and frames.
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

    /// Opens the page in a browser of this language.
    pub async fn open_in(language: &str) -> Self {
        Self::open_with(language, |_| ()).await
    }

    /// Opens the page in a browser that keeps a trace of what its threads do: see [`Self::trace`].
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

    /// The trace events since the page was opened. It ends the trace.
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
    /// of a page that was left.
    pub async fn blank(url: String) -> Self {
        Self::start(url, "en", |capabilities| {
            let arg = "--disable-features=BackForwardCache";
            capabilities.add_arg(arg).unwrap();
        })
        .await
    }

    /// Starts a browser with a profile that outlives it, and returns its process, which may be killed:
    /// [`Self::forget`] goes with that.
    pub async fn with_profile(url: String, profile: &Path) -> (Self, Child) {
        let port = profile.join("DevToolsActivePort");
        // That of the browser before.
        let _ = std::fs::remove_file(&port);
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
        let process = Command::new(program)
            .args(ARGUMENTS)
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

    /// Lets go of a browser that is killed: nobody is left who could be told to end.
    pub fn forget(self) {
        self.is_closed.store(true, Ordering::Relaxed);
        std::mem::forget(self.driver.clone());
    }

    /// Has each document that this tab shows from now on keep what the content policy forbids.
    async fn watch(&self) {
        let cdp = self.driver.cdp();
        let watch = json!({ "source": WATCH });
        cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", watch)
            .await
            .unwrap();
    }

    /// Says that this test has things done on purpose that the content policy forbids.
    pub fn expect_violations(&self) {
        self.expects_violations.store(true, Ordering::Relaxed);
    }

    /// Says that this test has the page's program trap on purpose.
    pub fn expect_traps(&self) {
        self.expects_traps.store(true, Ordering::Relaxed);
    }

    /// What the content policy has forbidden so far, as the documents that are shown in this tab and
    /// the console say.
    pub async fn violations(&self) -> Vec<String> {
        let mut found = self.noticed().await;
        self.read_console().await;
        let console = self.console.lock().unwrap();
        found.extend(console.iter().filter(|it| is_violation(it)).cloned());
        found
    }

    /// What this tab's documents have noticed.
    async fn noticed(&self) -> Vec<String> {
        const READ: &str = "return window.testViolations ?? []";
        // A tab that has crashed, or a dialog in it, says nothing.
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
            // It was there a moment ago.
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
        static DRIVER: OnceLock<Mutex<std::sync::Weak<Driver>>> = OnceLock::new();
        let process = {
            let mut shared = DRIVER.get_or_init(Mutex::default).lock().unwrap();
            shared.upgrade().unwrap_or_else(|| {
                let started = Arc::new(Driver::start());
                *shared = Arc::downgrade(&started);
                started
            })
        };
        let mut capabilities = ChromeCapabilities::new();
        for arg in ARGUMENTS {
            capabilities.add_arg(arg).unwrap();
        }
        capabilities
            .add_arg(&format!("--accept-lang={language}"))
            .unwrap();
        capabilities
            .add_experimental_option("prefs", json!({ "intl.accept_languages": language }))
            .unwrap();
        if let Ok(binary) = std::env::var("CHROMIUM") {
            capabilities.set_binary(&binary).unwrap();
        }
        let log = json!({ "browser": "ALL" });
        capabilities.set("goog:loggingPrefs", log).unwrap();
        add(&mut capabilities);
        let driver = WebDriver::new(&process.url, capabilities)
            .await
            .expect("Chromium starts");
        let browser = Self {
            driver,
            url,
            _process: process,
            console: Mutex::default(),
            expects_violations: AtomicBool::new(false),
            expects_traps: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        browser.watch().await;
        browser
    }

    pub fn page(&self) -> Scope {
        Scope {
            driver: self.driver.clone(),
            within: None,
            name: "the page".into(),
        }
    }

    /// The card with this number, in English.
    pub async fn card(&self, number: usize) -> Scope {
        self.page()
            .find("region", &format!("Chat card {number}"))
            .await
    }

    /// The settings, opened by their button, in English.
    pub async fn settings(&self) -> Scope {
        self.page().press("Settings").await;
        let settings = self.page().find("dialog", "Settings").await;
        // A chunk draws what is in it.
        settings.find("combobox", "Language").await;
        settings
    }

    /// The history, opened by its button, in English.
    pub async fn history(&self) -> Scope {
        self.page().press("History").await;
        self.page().find("complementary", "Chat history").await
    }

    /// The page's path and query.
    pub async fn address(&self) -> String {
        let address = self
            .script("return location.pathname + location.search")
            .await;
        address.as_str().unwrap().to_owned()
    }

    /// What is stored of all chats, unpacked.
    pub async fn stored_chats(&self) -> Vec<Value> {
        let read = "return Object.entries(localStorage)
            .filter(([key]) => key.startsWith('collate.v2.chat.')).map(([, text]) => text)";
        let found = self.script(read).await;
        let texts = found.as_array().expect("texts").iter();
        let chats = texts.map(|text| {
            let text = collate::packed::plain(text.as_str().expect("a text"));
            serde_json::from_str(&text.expect("a chat that can be unpacked")).expect("a chat")
        });
        chats.collect()
    }

    /// Goes to a path of the page.
    pub async fn go(&self, path: &str) {
        let url = format!("{}{}", self.url, path.trim_start_matches('/'));
        self.driver.goto(url).await.unwrap();
    }

    /// Whether the network is cut off for the page.
    pub async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.emulateNetworkConditions", conditions)
            .await
            .unwrap();
    }

    /// Opens another tab and goes on in it; returns the one before and the new one.
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

    /// What was copied last, once something was. The page must have been allowed to read it: see
    /// [`Self::allow_clipboard`].
    pub async fn clipboard(&self) -> String {
        let read = "const done = arguments[0];
            navigator.clipboard.readText().then(done, (error) => done('not read: ' + error))";
        let read = self.driver.execute_async(read, vec![]).await.unwrap();
        read.json().as_str().expect("a text").to_owned()
    }

    /// Lets scripts read what was copied.
    pub async fn allow_clipboard(&self) {
        let allowed = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        let cdp = self.driver.cdp();
        cdp.send_raw("Browser.grantPermissions", allowed)
            .await
            .unwrap();
    }

    /// Fails if the page has crashed, or has done what its content policy forbids, and ends.
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
        self.driver.clone().quit().await.unwrap();
    }
}

/// Each test closes its browsers: else nobody would know of a crash or a violation.
impl Drop for Browser {
    fn drop(&mut self) {
        let is_closed = self.is_closed.load(Ordering::Relaxed);
        if !std::thread::panicking() {
            assert!(is_closed, "this browser was not closed: Browser::close");
        }
    }
}

/// Where something is looked for: the page, or something on it.
#[derive(Clone)]
pub struct Scope {
    driver: WebDriver,
    within: Option<WebElement>,
    name: String,
}

/// Which elements can have a role at all; the browser then tells which have.
fn candidates(role: &str) -> &'static str {
    match role {
        "button" => "button",
        "textbox" => "textarea, input",
        "combobox" => "[role=combobox], select",
        "option" => "[role=option], option",
        "listbox" => "[role=listbox]",
        "region" => "section",
        "article" => "article",
        "form" => "form",
        "log" => "[role=log]",
        "menuitem" => "[role=menuitem]",
        "dialog" => "dialog, [role=dialog]",
        "alertdialog" => "[role=alertdialog]",
        "complementary" => "aside",
        "link" => "a",
        "heading" => "h1, h2, h3, h4, h5, h6",
        "switch" => "[role=switch]",
        "checkbox" => "input[type=checkbox]",
        "radio" => "input[type=radio]",
        "spinbutton" => "input[type=number]",
        "slider" => "input[type=range]",
        "table" => "table",
        "columnheader" => "th",
        "cell" => "td",
        "list" => "ul, ol",
        "listitem" => "li",
        "figure" => "figure",
        "group" => "[role=group]",
        "note" => "[role=note]",
        "MathMLMath" => "math",
        "image" => "img",
        "strong" => "strong",
        "emphasis" => "em",
        "deletion" => "del",
        "doc-noteref" => "[role=doc-noteref]",
        "doc-backlink" => "[role=doc-backlink]",
        "doc-footnote" => "[role=doc-footnote]",
        // Chromium's own name for what opens and closes what is folded.
        "DisclosureTriangle" => "summary",
        other => panic!("no test looks for the role {other} yet"),
    }
}

impl Scope {
    /// Waits until exactly one thing has this role and name.
    pub async fn find(&self, role: &str, name: &str) -> Self {
        let found = self
            .wait(&format!("one {role} «{name}»"), async || {
                let mut all = self.all(role, Some(name)).await?;
                if all.len() == 1 {
                    Ok(all.pop())
                } else {
                    Ok(None)
                }
            })
            .await;
        Self {
            driver: self.driver.clone(),
            within: Some(found),
            name: format!("{role} «{name}» in {}", self.name),
        }
    }

    /// Waits until so many things have this role and name.
    pub async fn count(&self, role: &str, name: &str, expected: usize) {
        self.wait(&format!("{expected} of {role} «{name}»"), async || {
            Ok((self.all(role, Some(name)).await?.len() == expected).then_some(()))
        })
        .await;
    }

    /// Waits for the thing with this role that has so many before it.
    pub async fn nth(&self, role: &str, index: usize) -> Self {
        let found = self
            .wait(&format!("{role} number {index}"), async || {
                Ok(self.all(role, None).await?.into_iter().nth(index))
            })
            .await;
        Self {
            driver: self.driver.clone(),
            within: Some(found),
            name: format!("{role} number {index} in {}", self.name),
        }
    }

    /// Waits until so many things have this role, whatever their names.
    pub async fn has(&self, role: &str, expected: usize) {
        self.wait(&format!("{expected} of {role}"), async || {
            Ok((self.all(role, None).await?.len() == expected).then_some(()))
        })
        .await;
    }

    /// The texts of the things that have this role now.
    pub async fn texts(&self, role: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.all(role, None).await.unwrap() {
            texts.push(element.text().await.unwrap());
        }
        texts
    }

    /// Runs a script in which `it` is this element.
    pub async fn script(&self, script: &str) -> Value {
        let it = self.element().to_json().unwrap();
        let script = format!("const it = arguments[0]; {script}");
        let result = self.driver.execute(script, vec![it]).await.unwrap();
        result.json().clone()
    }

    /// Waits until a script in which `it` is this element returns true.
    pub async fn comes_true(&self, script: &str) {
        self.wait(script, async || {
            Ok((self.script(script).await == true).then_some(()))
        })
        .await;
    }

    /// The names of the things that have this role now.
    pub async fn names(&self, role: &str) -> Vec<String> {
        let mut names = Vec::new();
        for element in self.all(role, None).await.unwrap() {
            names.push(computed(&element, "computedlabel").await.unwrap());
        }
        names
    }

    async fn all(&self, role: &str, name: Option<&str>) -> WebDriverResult<Vec<WebElement>> {
        let by = By::Css(candidates(role));
        let elements = match &self.within {
            Some(element) => element.find_all(by).await?,
            None => self.driver.find_all(by).await?,
        };
        let mut found = Vec::new();
        for element in elements {
            if computed(&element, "computedrole").await? == role
                && (name.is_none() || name == Some(&computed(&element, "computedlabel").await?))
            {
                found.push(element);
            }
        }
        Ok(found)
    }

    /// Waits until something is true, looking again and again.
    async fn wait<T>(&self, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> T {
        let start = Instant::now();
        loop {
            match look().await {
                Ok(Some(found)) => return found,
                Err(error) if start.elapsed() > PATIENCE => {
                    panic!("{what} in {}: {error}", self.name)
                }
                // An element that has just been replaced is looked for again.
                Ok(None) | Err(_) => {}
            }
            if start.elapsed() > PATIENCE {
                let text = self.text().await;
                panic!("not found: {what} in {}, which shows:\n{text}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the text that is shown fulfils a condition.
    pub async fn shows(&self, what: impl fmt::Display, holds: impl Fn(&str) -> bool) {
        self.wait(&what.to_string(), async || {
            Ok(holds(&self.text().await).then_some(()))
        })
        .await;
    }

    /// Waits until this text is shown.
    pub async fn says(&self, text: &str) {
        self.shows(format!("«{text}»"), |shown| shown.contains(text))
            .await;
    }

    /// Waits until this text is among this card's messages.
    pub async fn logs(&self, text: &str) {
        self.find("log", "Messages").await.says(text).await;
    }

    pub async fn text(&self) -> String {
        match &self.within {
            Some(element) => element.text().await.unwrap_or_default(),
            None => match self.driver.find(By::Tag("body")).await {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            },
        }
    }

    pub fn element(&self) -> &WebElement {
        self.within.as_ref().expect("only the page is no element")
    }

    /// Waits until it can be clicked, and clicks it.
    pub async fn click(&self) {
        self.wait("to be clickable", async || {
            self.element().click().await?;
            Ok(Some(()))
        })
        .await;
    }

    pub async fn type_in(&self, keys: impl Into<TypingData>) {
        self.element().send_keys(keys).await.unwrap();
    }

    /// Waits until an input holds this.
    pub async fn holds(&self, expected: &str) {
        self.wait(&format!("to hold «{expected}»"), async || {
            Ok((self.element().prop("value").await?.as_deref() == Some(expected)).then_some(()))
        })
        .await;
    }

    pub async fn attr(&self, name: &'static str) -> Option<String> {
        self.element().attr(name).await.unwrap()
    }

    /// Types into the field with this name, in place of what it holds.
    pub async fn fill(&self, field: &str, text: &str) {
        let field = self.find("textbox", field).await;
        field.element().clear().await.unwrap();
        field.type_in(text).await;
    }

    /// Clicks the one button with this name. It may be drawn anew at any time until then.
    pub async fn press(&self, button: &str) {
        self.wait(&format!("one button «{button}» to click"), async || {
            let [found] = &self.all("button", Some(button)).await?[..] else {
                return Ok(None);
            };
            found.click().await?;
            Ok(Some(()))
        })
        .await;
    }

    /// Chooses in the combobox with this name.
    pub async fn choose(&self, combobox: &str, option: &str) {
        let picker = self.find("combobox", combobox).await;
        picker.click().await;
        picker.type_in(option).await;
        self.wait(&format!("option «{option}»"), async || {
            let options = self.all("option", None).await?;
            for element in options {
                if computed(&element, "computedlabel")
                    .await?
                    .starts_with(option)
                {
                    element.click().await?;
                    return Ok(Some(()));
                }
            }
            Ok(None)
        })
        .await;
    }

    /// Chooses an item of this card's More menu.
    pub async fn choose_more(&self, item: &str) {
        self.press("More").await;
        self.find("menuitem", item).await.click().await;
    }

    /// Opens this card's parameters.
    pub async fn parameters(&self) -> Self {
        self.press("Parameters").await;
        self.find("dialog", "Parameters").await
    }

    /// Turns the switch with this name.
    pub async fn turn(&self, switch: &str) {
        self.find("switch", switch).await.click().await;
    }

    /// Types a number into the spinbutton with this name.
    pub async fn set(&self, spinbutton: &str, number: &str) {
        let field = self.find("spinbutton", spinbutton).await;
        field.element().clear().await.unwrap();
        field.type_in(number).await;
        field.type_in(Key::Tab).await;
    }

    /// Chooses in the select with this name.
    pub async fn select(&self, name: &str, option: &str) {
        let select = self.find("combobox", name).await;
        let options = select.all("option", None).await.unwrap();
        for element in options {
            let shown = element.text().await.unwrap();
            if shown.starts_with(option) {
                return element.click().await.unwrap();
            }
        }
        panic!("{} has no option «{option}»", select.name);
    }

    /// Connects this card by its form, which a card without a model shows.
    pub async fn connect(&self, base_url: &str, token: &str) {
        let form = self.find("form", "Custom model").await;
        form.fill("Base URL", base_url).await;
        form.fill("Token", token).await;
        form.press("Refresh model information").await;
    }

    /// Chooses a file in the first input for files, as the browser's dialog would.
    pub async fn attach(&self, path: &str) {
        let look = async || {
            let inputs = self.element().find_all(By::Css("input[type=file]"));
            Ok(inputs.await?.into_iter().next())
        };
        let input = self.wait("an input for files", look).await;
        input.send_keys(path).await.unwrap();
    }

    /// Types a message and presses Enter.
    pub async fn send(&self, message: &str) {
        let input = self.find("textbox", "Message").await;
        input.type_in(message).await;
        input.type_in(Key::Enter).await;
    }
}

/// WebDriver's «Get Computed Role» and «Get Computed Label».
#[derive(Debug)]
struct Computed<'a> {
    element: &'a WebElement,
    what: &'static str,
}

impl FormatRequestData for Computed<'_> {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let (element, what) = (self.element.element_id(), self.what);
        RequestData::new(
            axum::http::Method::GET,
            format!("session/{session}/element/{element}/{what}"),
        )
    }
}

async fn computed(element: &WebElement, what: &'static str) -> WebDriverResult<String> {
    element
        .handle()
        .cmd(Computed { element, what })
        .await?
        .value()
}
