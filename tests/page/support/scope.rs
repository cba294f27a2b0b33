//! The part of a page in which a test looks for elements. It finds them as a user of assistive
//! technology does: by computed role and accessible name.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use thirtyfour::{
    SessionId,
    common::{command::FormatRequestData, requestdata::RequestData},
    prelude::*,
};

use super::{browser::PATIENCE, cost::Cost};

/// The page, or an element in which to look for others.
#[derive(Clone)]
pub struct Scope {
    driver: WebDriver,
    cost: Arc<Cost>,
    within: Option<WebElement>,
    name: String,
}

/// Finds in one round trip the elements that may have this role, and the name if one is given. Scripts
/// see no role where ARIA has no word for it; the driver checks those.
const LOOK: &str = "const [root, candidates, role, name] = arguments;
    return [...(root ?? document).querySelectorAll(candidates)].filter((it) =>
        (it.computedRole || role) === role && (name === null || it.computedName === name))";

/// Returns the names of these elements.
const NAMES: &str = "return arguments[0].map((it) => it.computedName)";

/// Selects the elements that can have a role at all; the browser then checks which do.
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
        // Chromium's own name for the control that folds and unfolds a part.
        "DisclosureTriangle" => "summary",
        other => panic!("no test looks for the role {other} yet"),
    }
}

impl Scope {
    /// Creates a scope of the whole page in this browser.
    pub fn page(driver: WebDriver, cost: Arc<Cost>) -> Self {
        let name = "the page".into();
        Self {
            driver,
            cost,
            within: None,
            name,
        }
    }

    /// Creates an inner scope.
    fn inner(&self, found: WebElement, what: &str) -> Self {
        Self {
            driver: self.driver.clone(),
            cost: Arc::clone(&self.cost),
            within: Some(found),
            name: format!("{what} in {}", self.name),
        }
    }

    /// Waits until exactly one element has this role and name.
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
        self.inner(found, &format!("{role} «{name}»"))
    }

    /// Waits until this many elements have this role and name.
    pub async fn count(&self, role: &str, name: &str, expected: usize) {
        self.wait(&format!("{expected} of {role} «{name}»"), async || {
            Ok((self.all(role, Some(name)).await?.len() == expected).then_some(()))
        })
        .await;
    }

    /// Waits for the element with this role at this index.
    pub async fn nth(&self, role: &str, index: usize) -> Self {
        let found = self
            .wait(&format!("{role} number {index}"), async || {
                Ok(self.all(role, None).await?.into_iter().nth(index))
            })
            .await;
        self.inner(found, &format!("{role} number {index}"))
    }

    /// Waits until this many elements have this role, whatever their names.
    pub async fn has(&self, role: &str, expected: usize) {
        self.wait(&format!("{expected} of {role}"), async || {
            Ok((self.all(role, None).await?.len() == expected).then_some(()))
        })
        .await;
    }

    /// Returns the texts of the elements that have this role now.
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

    /// Returns the names of the elements that have this role now.
    pub async fn names(&self, role: &str) -> Vec<String> {
        let found = self.all(role, None).await.unwrap();
        self.names_of(&found).await.unwrap()
    }

    async fn names_of(&self, elements: &[WebElement]) -> WebDriverResult<Vec<String>> {
        let elements: Result<Vec<_>, _> = elements.iter().map(WebElement::to_json).collect();
        let names = self.driver.execute(NAMES, vec![json!(elements?)]).await?;
        names.convert()
    }

    async fn all(&self, role: &str, name: Option<&str>) -> WebDriverResult<Vec<WebElement>> {
        self.cost.look();
        let root = self.within.as_ref().map(WebElement::to_json);
        let look = vec![
            root.transpose()?.unwrap_or_default(),
            candidates(role).into(),
            role.into(),
            name.into(),
        ];
        let elements = self.driver.execute(LOOK, look).await?.elements()?;
        let mut found = Vec::new();
        for element in elements {
            // Only the driver knows that an element hidden or behind a modal dialog has no role.
            if computed_role(&element).await? == role {
                found.push(element);
            }
        }
        Ok(found)
    }

    /// Waits until something is true, polling.
    async fn wait<T>(&self, what: &str, look: impl AsyncFn() -> WebDriverResult<Option<T>>) -> T {
        let start = Instant::now();
        loop {
            match look().await {
                Ok(Some(found)) => return found,
                Err(error) if start.elapsed() > PATIENCE => {
                    panic!("{what} in {}: {error}", self.name)
                }
                // Looks again for an element that has just been replaced.
                Ok(None) | Err(_) => {}
            }
            if start.elapsed() > PATIENCE {
                let text = self.text().await;
                panic!("not found: {what} in {}, which shows:\n{text}", self.name);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the shown text fulfils a condition.
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

    /// Waits until the element can be clicked, and clicks it.
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

    /// Waits until an input has this value.
    pub async fn holds(&self, expected: &str) {
        self.wait(&format!("to hold «{expected}»"), async || {
            Ok((self.element().prop("value").await?.as_deref() == Some(expected)).then_some(()))
        })
        .await;
    }

    pub async fn attr(&self, name: &'static str) -> Option<String> {
        self.element().attr(name).await.unwrap()
    }

    /// Types into the field with this name, in place of its content.
    pub async fn fill(&self, field: &str, text: &str) {
        let field = self.find("textbox", field).await;
        field.element().clear().await.unwrap();
        field.type_in(text).await;
    }

    /// Clicks the only button with this name. It may be redrawn at any time until then.
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

    /// Chooses an option of the combobox with this name.
    pub async fn choose(&self, combobox: &str, option: &str) {
        let picker = self.find("combobox", combobox).await;
        picker.click().await;
        picker.type_in(option).await;
        self.wait(&format!("option «{option}»"), async || {
            let options = self.all("option", None).await?;
            let names = self.names_of(&options).await?;
            let Some(wanted) = names.iter().position(|name| name.starts_with(option)) else {
                return Ok(None);
            };
            options[wanted].click().await?;
            Ok(Some(()))
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

    /// Chooses an option of the select with this name.
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

    /// Connects this card by the form that a card without a model shows.
    pub async fn connect(&self, base_url: &str, token: &str) {
        let form = self.find("form", "Custom model").await;
        form.fill("Base URL", base_url).await;
        form.fill("Token", token).await;
        form.press("Refresh model information").await;
    }

    /// Chooses a file in the first file input, as the browser's dialog would.
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

/// WebDriver's command «Get Computed Role».
#[derive(Debug)]
struct ComputedRole<'a>(&'a WebElement);

impl FormatRequestData for ComputedRole<'_> {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let element = self.0.element_id();
        RequestData::new(
            axum::http::Method::GET,
            format!("session/{session}/element/{element}/computedrole"),
        )
    }
}

async fn computed_role(element: &WebElement) -> WebDriverResult<String> {
    element.handle().cmd(ComputedRole(element)).await?.value()
}
