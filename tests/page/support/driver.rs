//! Starts chromedriver, and shares browsers among tests.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Mutex, OnceLock},
};

use serde_json::json;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities, prelude::*};

/// Command-line arguments of every Chromium.
pub const ARGUMENTS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    // Pages of the browser's own interface, and processes kept ready for other sites: a twentieth of the
    // tests' time.
    "--disable-features=PreloadTopChromeWebUI,WebUIOmniboxPopup,SpareRendererForSitePerProcess",
    "--window-size=1280,800",
    // Lets scripts read an element's computed role and name.
    "--enable-blink-features=ComputedAccessibilityInfo",
];

/// Starts chromedriver and kills it once this process has ended, however it ended: that closes standard
/// input.
const WATCHED: &str = r#"trap '' INT
    folder=$(mktemp -d)
    TMPDIR=$folder "$1" --port=0 --log-level=WARNING &
    exec >/dev/null
    cat
    kill $!
    wait
    for n in 1 2 3 4 5; do rm -rf "$folder" 2>/dev/null && break; sleep 1; done"#;

/// Returns chromedriver's URL. The first test starts it; all tests share it.
pub fn url() -> &'static str {
    static URL: OnceLock<(String, Mutex<Child>)> = OnceLock::new();
    let (url, _) = URL.get_or_init(|| {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let mut process = Command::new("sh")
            .args(["-c", WATCHED, "sh", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect(
                "chromedriver is installed, and says on which port it listens: script/bootstrap",
            );
        (format!("http://127.0.0.1:{port}"), Mutex::new(process))
    });
    url
}

/// Starts a Chromium with an empty profile, in this language.
pub async fn start(language: &str, add: impl FnOnce(&mut ChromeCapabilities)) -> WebDriver {
    let mut capabilities = ChromeCapabilities::new();
    for argument in ARGUMENTS {
        capabilities.add_arg(argument).unwrap();
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
    // A browser outlives the runtime of the test that starts it, a connection doesn't: keep none idle.
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .timeout(std::time::Duration::from_mins(2));
    WebDriver::builder(url(), capabilities)
        .client(client.build().unwrap())
        .await
        .expect("Chromium starts")
}

/// Browsers that no test uses now, by language. Each shows one empty tab.
static IDLE: Mutex<Option<HashMap<String, Vec<WebDriver>>>> = Mutex::new(None);

/// Returns a browser that another test has left, or a new one, and whether it is new.
pub async fn take(language: &str) -> (WebDriver, bool) {
    let idle = {
        let mut idle = IDLE.lock().unwrap();
        let idle = idle.get_or_insert_default();
        idle.get_mut(language).and_then(Vec::pop)
    };
    if let Some(driver) = idle {
        return (driver, false);
    }
    // It quits with chromedriver, when the pipe between the two closes: nothing else makes it quit.
    let add = |capabilities: &mut ChromeCapabilities| {
        capabilities.add_arg("--remote-debugging-pipe").unwrap();
    };
    (start(language, add).await, true)
}

/// Leaves a browser to the next test with one new tab, its first window size and no permissions.
pub async fn leave(driver: WebDriver, language: &str) -> WebDriverResult<()> {
    let used = driver.windows().await?;
    let empty = driver.new_tab().await?;
    for tab in used {
        driver.switch_to_window(tab).await?;
        driver.close_window().await?;
    }
    // Windows that opened meanwhile, and late messages, are not the next test's.
    for tab in driver.windows().await? {
        if tab != empty {
            driver.switch_to_window(tab).await?;
            driver.close_window().await?;
        }
    }
    driver.switch_to_window(empty).await?;
    driver.get_log("browser").await?;
    driver.set_window_rect(0, 0, 1280, 800).await?;
    let cdp = driver.cdp();
    cdp.send_raw("Browser.resetPermissions", json!({})).await?;
    let mut idle = IDLE.lock().unwrap();
    let idle = idle.get_or_insert_default();
    idle.entry(language.to_owned()).or_default().push(driver);
    Ok(())
}
