//! Tokens: where they are kept, sent and shown.

use axum::http::StatusCode;
use serde_json::Value;
use thirtyfour::Key;

use crate::{
    download, open,
    support::{Browser, Endpoint, Scope, Step, slow},
    wait_for, wait_until, watch_downloads,
};

const PASSPHRASE: &str = "correct horse 배터리";

/// Returns all that the browser keeps for the page: localStorage, sessionStorage, and the values of
/// every database.
async fn kept(browser: &Browser) -> [String; 3] {
    let read = "const done = arguments[0];
        const asked = (request) => new Promise((done, fail) => {
            request.onsuccess = () => done(request.result);
            request.onerror = fail;
        });
        (async () => {
            const all = [];
            for (const { name } of await indexedDB.databases()) {
                const database = await asked(indexedDB.open(name));
                for (const store of database.objectStoreNames) {
                    const values = database.transaction(store).objectStore(store);
                    all.push(await asked(values.getAll()));
                }
                database.close();
            }
            return [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), JSON.stringify(all)];
        })().then(done, (error) => done(String(error)))";
    let found = browser.driver.execute_async(read, vec![]).await.unwrap();
    let found = found.json().as_array().expect("what is kept").clone();
    std::array::from_fn(|index| found[index].as_str().expect("a text").to_owned())
}

/// Fills in a card's form.
async fn connect(card: &Scope, endpoint: &Endpoint, token: &str, keep: &str) {
    let form = card.find("form", "Custom model").await;
    form.select("Keep the token", keep).await;
    card.connect(&endpoint.base_url(), token).await;
    card.find("combobox", "Model").await.holds("a").await;
}

/// Finds the vault in the open settings.
async fn vault(settings: &Scope) -> Scope {
    settings.find("region", "Vault").await
}

/// Creates the vault in the settings.
async fn create_vault(browser: &Browser) {
    let settings = browser.settings().await;
    let vault = vault(&settings).await;
    vault.fill("Passphrase", PASSPHRASE).await;
    vault.fill("Repeat passphrase", PASSPHRASE).await;
    vault.press("Create vault").await;
    vault.says("The vault is open").await;
    settings.press("Close").await;
}

/// Types the passphrase and unlocks the vault.
async fn unlock(vault: &Scope) {
    vault.fill("Passphrase", PASSPHRASE).await;
    vault.press("Unlock").await;
}

/// Changes where the only token is kept.
async fn keep(browser: &Browser, where_to: &str) {
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let form = settings.find("form", "Endpoint").await;
    form.select("Keep the token", where_to).await;
    form.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
}

fn tokens(endpoint: &Endpoint) -> Vec<Option<String>> {
    let received = endpoint.received();
    let received = received.iter();
    received
        .map(|request| request.authorization().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_tab_is_in_that_tab_alone() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    let card = browser.card(1).await;
    connect(&card, &endpoint, "sk-tab", "In this tab only").await;
    card.send("one").await;
    card.logs("a heard: one").await;
    let [local, of_tab, databases] = kept(&browser).await;
    assert!(!local.contains("sk-tab") && !databases.contains("sk-tab"));
    assert!(of_tab.contains("sk-tab"));
    browser.reload().await;
    let card = browser.card(1).await;
    card.send("two").await;
    card.logs("a heard: two").await;
    let own = Some("Bearer sk-tab".to_owned());
    assert_eq!(tokens(&endpoint), [own.clone(), own.clone()]);
    assert!(endpoint.models_authorizations().iter().all(|it| *it == own));

    // Another tab lacks it, and sends requests without it.
    browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: two").await;
    card.send("three").await;
    card.logs("a heard: three").await;
    assert_eq!(tokens(&endpoint).pop(), Some(None));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_vault_is_never_in_clear_and_wants_the_passphrase() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    create_vault(&browser).await;
    let card = browser.card(1).await;
    connect(&card, &endpoint, "sk-vault", "In the vault").await;
    card.send("one").await;
    card.logs("a heard: one").await;
    let is_written = async || kept(&browser).await[0].contains(&endpoint.name());
    wait_for(is_written).await;
    let stored = "return localStorage.getItem('collate.v2.vault')";
    wait_for(async || {
        let stored = browser.script(stored).await;
        let vault: Value = serde_json::from_str(stored.as_str().unwrap()).unwrap();
        assert_eq!(vault["iterations"], 600_000);
        assert_eq!(vault["kdf"], "PBKDF2-HMAC-SHA-256");
        vault["of"]
            .as_object()
            .is_some_and(|of| of.values().any(|of| *of == *origin(&endpoint)))
    })
    .await;
    for kept in kept(&browser).await {
        assert!(!kept.contains("sk-vault"), "{kept}");
    }

    // After a reload nothing is sent until the right passphrase unlocks the vault.
    let asked = endpoint.requests().len();
    browser.reload().await;
    let card = browser.card(1).await;
    card.send("two").await;
    card.logs("The token is in the vault, and the vault is locked")
        .await;
    assert_eq!(endpoint.requests().len(), asked);
    let before = browser.script(stored).await;
    card.press("Unlock").await;
    let dialog = browser.page().find("dialog", "Vault").await;
    dialog.says(&endpoint.name()).await;
    dialog.fill("Passphrase", "correct horse").await;
    dialog.press("Unlock").await;
    dialog.says("This passphrase doesn't open the vault").await;
    assert_eq!(browser.script(stored).await, before);
    unlock(&dialog).await;
    browser.page().count("dialog", "Vault", 0).await;
    // The models, which could not be requested, are now requested automatically.
    let own = Some("Bearer sk-vault".to_owned());
    wait_until(|| endpoint.models_authorizations().len() >= 2).await;
    card.press("Retry").await;
    card.logs("a heard: two").await;
    assert_eq!(tokens(&endpoint), [own.clone(), own.clone()]);
    assert!(endpoint.models_authorizations().iter().all(|it| *it == own));
    browser.close().await;
}

/// Returns the origin of an endpoint.
fn origin(endpoint: &Endpoint) -> String {
    endpoint.base_url().replace("/v1", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_is_locked_at_once_when_idle_and_opened_by_a_new_passphrase() {
    slow("derives a key seven times, with 600,000 iterations each");
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    create_vault(&browser).await;
    let card = browser.card(1).await;
    connect(&card, &endpoint, "sk-vault", "In the vault").await;
    let locked = "The token is in the vault, and the vault is locked";

    let settings = browser.settings().await;
    vault(&settings).await.press("Lock now").await;
    vault(&settings).await.says("The vault is locked").await;
    settings.press("Close").await;
    card.send("one").await;
    card.logs(locked).await;
    assert!(endpoint.received().is_empty());

    // The vault was unused for a quarter of an hour, as after a machine has slept.
    let settings = browser.settings().await;
    unlock(&vault(&settings).await).await;
    vault(&settings).await.says("The vault is open").await;
    let later = "const { now } = Date; Date.now = () => now() + 16 * 60_000";
    browser.script(later).await;
    vault(&settings).await.says("The vault is locked").await;
    unlock(&vault(&settings).await).await;
    vault(&settings).await.says("The vault is open").await;
    // A longer time is allowed.
    vault(&settings)
        .await
        .select("Lock when unused", "After 60 minutes")
        .await;
    browser.script(later).await;
    settings.press("Close").await;
    card.press("Retry").await;
    card.logs("a heard: one").await;

    // After a change of passphrase, the previous one opens nothing any more.
    let settings = browser.settings().await;
    vault(&settings).await.press("Change passphrase").await;
    vault(&settings).await.fill("Passphrase", "short").await;
    vault(&settings).await.press("Change passphrase").await;
    vault(&settings).await.says("too short").await;
    vault(&settings)
        .await
        .fill("Passphrase", "a longer one")
        .await;
    vault(&settings)
        .await
        .fill("Repeat passphrase", "another one")
        .await;
    vault(&settings).await.press("Change passphrase").await;
    vault(&settings).await.says("not the same").await;
    vault(&settings)
        .await
        .fill("Repeat passphrase", "a longer one")
        .await;
    vault(&settings).await.press("Change passphrase").await;
    vault(&settings)
        .await
        .says("The passphrase is changed")
        .await;
    vault(&settings).await.press("Lock now").await;
    unlock(&vault(&settings).await).await;
    vault(&settings)
        .await
        .says("This passphrase doesn't open the vault")
        .await;
    vault(&settings)
        .await
        .fill("Passphrase", "a longer one")
        .await;
    vault(&settings).await.press("Unlock").await;
    vault(&settings).await.says("The vault is open").await;
    settings.press("Close").await;
    card.send("two").await;
    card.logs("a heard: two").await;

    // The vault is deleted, after a question, with its content.
    let settings = browser.settings().await;
    vault(&settings).await.press("Delete vault").await;
    let question = browser.page().find("dialog", "Delete the vault?").await;
    question.press("Delete").await;
    vault(&settings).await.find("button", "Create vault").await;
    assert!(!kept(&browser).await[0].contains("collate.v2.vault"));
    settings.press("Close").await;
    card.send("three").await;
    card.logs("a heard: three").await;
    let own = Some("Bearer sk-vault".to_owned());
    assert_eq!(tokens(&endpoint), [own.clone(), own, None]);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_wants_the_vault_keeps_what_was_typed() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = Browser::open().await;
    let settings = browser.settings().await;
    settings.press("Add endpoint").await;
    let form = settings.find("form", "Endpoint").await;
    form.fill("Base URL", &endpoint.base_url()).await;
    form.fill("Token", "sk-typed").await;
    form.select("Keep the token", "In the vault").await;
    form.says("There is no vault yet").await;
    form.press("Save").await;
    form.says("The vault isn't open, so nothing was saved")
        .await;
    assert!(
        kept(&browser)
            .await
            .iter()
            .all(|kept| !kept.contains("sk-typed"))
    );
    form.press("Go to the vault").await;
    let vault = vault(&settings).await;
    vault
        .comes_true("return it.contains(document.activeElement)")
        .await;
    vault.fill("Passphrase", PASSPHRASE).await;
    vault.fill("Repeat passphrase", PASSPHRASE).await;
    vault.press("Create vault").await;
    vault.says("No tokens are in it yet").await;
    form.find("textbox", "Token").await.holds("sk-typed").await;
    form.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    vault.says("Tokens in the vault").await;
    vault.says(&endpoint.name()).await;
    wait_until(|| !endpoint.models_authorizations().is_empty()).await;
    let own = Some("Bearer sk-typed".to_owned());
    assert!(endpoint.models_authorizations().iter().all(|it| *it == own));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_moves_to_where_it_is_to_be_kept_and_is_nowhere_else() {
    slow("four storages in turn, each followed by a look at all that the browser keeps");
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "sk-moved").await;
    create_vault(&browser).await;
    let card = browser.card(1).await;
    let mut sent = 0;
    for (place, expected) in [
        ("In the vault", [false, false]),
        ("In this tab only", [false, true]),
        ("In this browser", [true, false]),
        ("In this tab only", [false, true]),
        ("In the vault", [false, false]),
        ("In this browser", [true, false]),
    ] {
        keep(&browser, place).await;
        sent += 1;
        card.send(&format!("q{sent}")).await;
        card.logs(&format!("a heard: q{sent}")).await;
        let [in_local, in_tab] = expected;
        wait_for(async || {
            let [local, of_tab, databases] = kept(&browser).await;
            local.contains("sk-moved") == in_local
                && of_tab.contains("sk-moved") == in_tab
                && databases.contains("sk-moved") == in_local
        })
        .await;
    }
    let own = Some("Bearer sk-moved".to_owned());
    assert!(tokens(&endpoint).iter().all(|it| *it == own));

    // A deleted endpoint comes back with its token; one that stays deleted takes it along.
    keep(&browser, "In this tab only").await;
    let settings = browser.settings().await;
    settings.press("Delete").await;
    settings.press("Undo").await;
    settings.press("Edit").await;
    settings.press("Cancel").await;
    settings.press("Close").await;
    card.send("back").await;
    card.logs("a heard: back").await;
    assert_eq!(tokens(&endpoint).pop(), Some(own));
    let settings = browser.settings().await;
    settings.press("Delete").await;
    settings.says("No endpoints yet").await;
    browser.reload().await;
    browser.card(1).await;
    for kept in kept(&browser).await {
        assert!(!kept.contains("sk-moved"), "{kept}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_share_what_is_in_the_vault() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "").await;
    create_vault(&browser).await;
    let card = browser.card(1).await;
    card.send("begin").await;
    card.logs("a heard: begin").await;
    let (first, second) = browser.new_tab().await;
    browser.driver.goto(&browser.url).await.unwrap();
    let settings = browser.settings().await;
    unlock(&vault(&settings).await).await;
    vault(&settings).await.says("The vault is open").await;
    settings.press("Edit").await;
    let form = settings.find("form", "Endpoint").await;
    form.fill("Token", "sk-shared").await;
    form.select("Keep the token", "In the vault").await;
    form.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    // The other tab, which has the key, can use it.
    let shown = browser.driver.switch_to_window(first.clone()).await;
    shown.unwrap();
    let card = browser.card(1).await;
    card.logs("a heard: begin").await;
    let other = browser.settings().await;
    vault(&other).await.says("Tokens in the vault").await;
    other.press("Close").await;
    card.send("here").await;
    card.logs("a heard: here").await;
    let own = Some("Bearer sk-shared".to_owned());
    assert_eq!(tokens(&endpoint), [None, own]);
    // Locking it in one tab locks it in all.
    let shown = browser.driver.switch_to_window(second).await;
    shown.unwrap();
    vault(&settings).await.press("Lock now").await;
    browser.driver.switch_to_window(first).await.unwrap();
    let other = browser.settings().await;
    vault(&other).await.says("The vault is locked").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_vault_is_put_aside() {
    let browser = Browser::open().await;
    let damage = "localStorage.setItem('collate.v2.vault', '{\"version\":1')";
    browser.script(damage).await;
    browser.reload().await;
    let settings = browser.settings().await;
    let vault = vault(&settings).await;
    vault
        .says("A vault that could not be read was put aside")
        .await;
    vault.find("button", "Create vault").await;
    let [local, ..] = kept(&browser).await;
    assert!(local.contains("collate.aside.") && local.contains(r#"{\"version\":1"#));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_token_is_not_copied_and_shown_only_while_held() {
    let endpoint = Endpoint::start(&["a"]).await;
    let browser = open(&endpoint, "sk-saved").await;
    let settings = browser.settings().await;
    settings.press("Edit").await;
    let form = settings.find("form", "Endpoint").await;
    let name = form.find("textbox", "Name").await;
    let token = form.find("textbox", "Token").await;
    form.fill("Name", "harmless").await;
    name.type_in(Key::Control + "a").await;
    name.type_in(Key::Control + "c").await;
    form.fill("Token", "sk-typed").await;
    token.type_in(Key::Control + "a").await;
    token.type_in(Key::Control + "c").await;
    token.type_in(Key::Control + "x").await;
    token.holds("sk-typed").await;
    let base_url = form.find("textbox", "Base URL").await;
    base_url.element().clear().await.unwrap();
    base_url.type_in(Key::Control + "v").await;
    base_url.holds("harmless").await;

    let masked = async |expected: &str| {
        let script = format!("return getComputedStyle(it).webkitTextSecurity === '{expected}'");
        token.comes_true(&script).await;
    };
    let hold = form.find("button", "Hold to show").await;
    let chain = || browser.driver.action_chain();
    masked("disc").await;
    let pressing = chain().click_and_hold_element(hold.element());
    pressing.perform().await.unwrap();
    masked("none").await;
    chain().release().perform().await.unwrap();
    masked("disc").await;
    // The keyboard works, too.
    hold.script("it.focus()").await;
    chain().key_down(Key::Space).perform().await.unwrap();
    masked("none").await;
    chain().key_up(Key::Space).perform().await.unwrap();
    masked("disc").await;
    // The saved token is shown if nothing is typed.
    token.element().clear().await.unwrap();
    let pressing = chain().click_and_hold_element(hold.element());
    pressing.perform().await.unwrap();
    form.says("sk-saved").await;
    chain().release().perform().await.unwrap();
    form.shows("no token", |text| !text.contains("sk-saved"))
        .await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_brings_no_token_and_takes_no_endpoints_place() {
    let one = Endpoint::start(&["a"]).await;
    let two = Endpoint::start(&["a"]).await;
    let browser = open(&one, "sk-own").await;
    let page = browser.page();
    let card = browser.card(1).await;
    card.send("kept").await;
    card.logs("a heard: kept").await;
    watch_downloads(&browser).await;
    let drawer = browser.history().await;
    drawer.press("Export all").await;
    page.find("dialog", "Export all").await.press("JSON").await;
    let file = download(&browser).await;
    assert!(!file.contains("sk-own"));
    // The same identifier, another server, and a token.
    let url = format!("\"base_url\": \"{}\"", one.base_url());
    let theirs = format!(
        "\"token\": \"sk-theirs\", \"keep\": \"browser\", \"base_url\": \"{}\"",
        two.base_url()
    );
    assert!(file.contains(&url), "{file}");
    let path = std::env::temp_dir().join(format!("collate-keys-{}.json", std::process::id()));
    std::fs::write(&path, file.replace(&url, &theirs)).unwrap();
    drawer.press("Delete").await;
    drawer.says("No chats yet").await;
    drawer.press("Import").await;
    let dialog = page.find("dialog", "Import").await;
    dialog.attach(path.to_str().unwrap()).await;
    dialog.press("Import 1").await;
    dialog.says("1 chats imported").await;
    dialog.nth("button", 0).await.click().await;
    drawer.find("link", "kept").await.click().await;
    let card = browser.card(1).await;
    card.logs("a heard: kept").await;
    card.send("theirs").await;
    card.logs("a heard: theirs").await;
    assert_eq!(tokens(&two), [None]);
    assert!(two.models_authorizations().iter().all(Option::is_none));
    card.choose("Endpoint", &one.name()).await;
    card.find("combobox", "Model").await.holds("a").await;
    card.send("ours").await;
    card.logs("a heard: ours").await;
    let own = Some("Bearer sk-own".to_owned());
    assert_eq!(tokens(&one), [own.clone(), own]);
    assert!(
        kept(&browser)
            .await
            .iter()
            .all(|kept| !kept.contains("sk-theirs"))
    );
    let _ = std::fs::remove_file(path);
    browser.close().await;
}

/// Pseudorandom numbers, the same for the same seed: the generator of Knuth's MMIX.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Returns a number that the environment may set.
fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |number| number.parse().expect("a number"))
}

/// Changes one of the two endpoints: its server, its token, the token's storage.
async fn edit(
    browser: &Browser,
    chance: &mut Chance,
    servers: &[Endpoint; 2],
    typed: &mut Vec<String>,
) {
    let settings = browser.settings().await;
    let row = chance.below(2);
    let edit = format!("document.querySelectorAll('.endpoint [aria-label=Edit]')[{row}].click()");
    browser.script(&edit).await;
    let form = settings.find("form", "Endpoint").await;
    let now = form.script("return it.querySelectorAll('input')[1].value");
    let mut base_url = now.await.as_str().unwrap().to_owned();
    if chance.below(2) == 0 {
        // The same server has two origins.
        base_url = chance
            .pick(&[0, 1].map(|server| &servers[server]))
            .base_url();
        if chance.below(2) == 0 {
            base_url = base_url.replace("127.0.0.1", "localhost");
        }
        form.fill("Base URL", &base_url).await;
    }
    let at = |endpoint: &Endpoint| {
        let port = endpoint.name();
        let (_, port) = port.split_once(':').unwrap();
        base_url.contains(&format!(":{port}/"))
    };
    let server = servers.iter().position(at).expect("one of them");
    if chance.below(2) == 0 {
        let token = format!("sk-{server}-{}-end", typed.len());
        form.fill("Token", &token).await;
        typed.push(token);
    }
    let places = ["In this browser", "In this tab only", "In the vault"];
    form.select("Keep the token", chance.pick(&places)).await;
    form.press("Save").await;
    // Waits until it is saved, or says why not.
    let stands = "const form = document.querySelector('form[aria-label=Endpoint]');
        return form ? form.querySelector('[role=alert]').textContent !== '' : 'saved'";
    wait_for(async || browser.script(stands).await != false).await;
    if browser.script(stands).await == true {
        form.press("Cancel").await;
    }
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
}

/// Locks the vault, or unlocks it.
async fn turn_vault(browser: &Browser) {
    let settings = browser.settings().await;
    let vault = vault(&settings).await;
    let locked = "return it.textContent.includes('The vault is locked')";
    if vault.script(locked).await == true {
        unlock(&vault).await;
        vault.says("The vault is open").await;
    } else {
        vault.press("Lock now").await;
        vault.says("The vault is locked").await;
    }
    settings.press("Close").await;
}

/// Returns whether the only card has no model, and shows its form.
const ASKS: &str = "return !!document.querySelector('form[aria-label=\"Custom model\"]')";

async fn send(browser: &Browser, step: u64) {
    if browser.script(ASKS).await == true {
        return;
    }
    let card = browser.card(1).await;
    card.send(&format!("q{step}.")).await;
    let log = card.find("log", "Messages").await;
    let question = format!("q{step}.");
    wait_for(async || {
        let text = log.text().await;
        let said = text.rsplit(&question).next().unwrap_or_default();
        let is_refused = said.contains("Nothing was sent") || said.contains("No response");
        text.contains(&format!("m heard: {question}"))
            || text.contains(&question) && is_refused
            // The question waits for a model.
            || browser.script(ASKS).await == true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_only_where_it_was_typed_for_whatever_is_done() {
    slow("random actions, each followed by a look at all that the browser keeps");
    let seed = number("SEED", 1);
    let steps = number("KEYS_STEPS", 25);
    println!("SEED={seed} KEYS_STEPS={steps}");
    let mut chance = Chance(seed);
    let servers = [Endpoint::start(&["m"]).await, Endpoint::start(&["m"]).await];
    let browser = open(&servers[0], "").await;
    let mut typed = Vec::new();
    create_vault(&browser).await;
    let settings = browser.settings().await;
    settings.press("Add endpoint").await;
    settings.fill("Name", "second").await;
    settings.fill("Base URL", &servers[1].base_url()).await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    let edit_first = "document.querySelectorAll('.endpoint [aria-label=Edit]')[0].click()";
    browser.script(edit_first).await;
    settings.fill("Name", "first").await;
    settings.press("Save").await;
    settings.count("form", "Endpoint", 0).await;
    settings.press("Close").await;
    for step in 0..steps {
        let what = chance.below(10);
        println!("step {step}: {what}");
        match what {
            0..=3 => edit(&browser, &mut chance, &servers, &mut typed).await,
            4..=6 => send(&browser, step).await,
            7 => {
                let card = browser.card(1).await;
                let name = chance.pick(&["first", "second"]);
                card.choose("Endpoint", name).await;
                let ready = format!(
                    "{ASKS} || [...document.querySelectorAll('[role=combobox]')].some((it) => it.value === 'm')"
                );
                wait_for(async || browser.script(&ready).await == true).await;
            }
            8 => turn_vault(&browser).await,
            _ => {
                browser.reload().await;
                browser.card(1).await;
            }
        }
        nothing_is_in_clear(&browser).await;
    }
    for (server, endpoint) in servers.iter().enumerate() {
        let own = format!("Bearer sk-{server}-");
        let sent = [tokens(endpoint), endpoint.models_authorizations()].concat();
        let sent: Vec<_> = sent.into_iter().flatten().collect();
        println!("server {server} got {} tokens", sent.len());
        assert!(sent.iter().all(|token| token.starts_with(&own)), "{sent:?}");
        let known = |token: &&String| typed.iter().any(|typed| token.ends_with(&**typed));
        assert!(sent.iter().all(|token| known(&token)), "{sent:?}");
    }
    watch_downloads(&browser).await;
    let drawer = browser.history().await;
    if drawer.names("button").await.contains(&"Export all".into()) {
        for form in ["JSON", "Markdown", "HTML"] {
            drawer.press("Export all").await;
            let dialog = browser.page().find("dialog", "Export all").await;
            dialog.press(form).await;
            assert!(!download(&browser).await.contains("sk-"));
        }
    }
    browser.close().await;
}

/// Checks that no token is visible, in the address, or stored in a wrong place.
async fn nothing_is_in_clear(browser: &Browser) {
    let seen = browser.script("return document.body.innerText + location.href");
    assert!(!seen.await.as_str().unwrap().contains("sk-"));
    let [local, _, databases] = kept(browser).await;
    let local: Value = serde_json::from_str(&local).unwrap();
    for (key, value) in local.as_object().unwrap() {
        let value = value.as_str().unwrap();
        if key != "collate.v2.endpoints" {
            assert!(!value.contains("sk-"), "{key}: {value}");
        }
    }
    let mut lists = vec![local["collate.v2.endpoints"].as_str().unwrap().to_owned()];
    // The journal's copies of them.
    let databases: Value = serde_json::from_str(&databases).unwrap();
    let stores = databases.as_array().unwrap().iter();
    let values = stores.flat_map(|store| store.as_array().unwrap());
    let values = values.filter_map(|value| value[0].as_str());
    lists.extend(
        values
            .filter(|text| text.contains("base_url"))
            .map(str::to_owned),
    );
    for list in lists {
        let list: Value = serde_json::from_str(&list).unwrap();
        for endpoint in list["list"].as_array().into_iter().flatten() {
            let is_apart = endpoint.get("keep").is_some();
            assert!(!is_apart || endpoint["token"].is_null(), "{endpoint}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_endpoint_repeats_of_a_token_is_masked() {
    let secret = "sk-secret-123456";
    let endpoint = Endpoint::start(&["m"]).await;
    let browser = open(&endpoint, secret).await;
    let card = browser.card(1).await;
    let words = format!(r#"{{"error":{{"message":"Incorrect API key provided: {secret}."}}}}"#);
    let refusal = [Step::Raw(words.into_bytes())];
    let status = StatusCode::UNAUTHORIZED;
    endpoint.will_respond("m", status, "application/json", true, refusal);
    card.send("hi").await;
    card.logs("Incorrect API key provided: ….").await;
    card.press("What was sent").await;
    let dialog = browser.page().find("dialog", "What was sent").await;
    dialog.says("Incorrect API key provided: ….").await;
    dialog
        .shows("no token", |text| !text.contains(secret))
        .await;
    dialog.press("Close").await;
    assert_eq!(
        endpoint.received()[0].authorization(),
        Some(&*format!("Bearer {secret}"))
    );
    for chat in browser.stored_chats().await {
        assert!(!chat.to_string().contains(secret), "{chat}");
    }
    browser.close().await;
}
