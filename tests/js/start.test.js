// The entry points of the page and of its workers: public/start.js and public/worker.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { define, run, settle } from "./support.js";

/** @typedef {(text: string, type: string, sink: string) => string | null} Rule */

const BASE = "https://page.test/collate/";
const manifest = {
    answers: "answers.js answers.wasm",
    ...{ highlight: "highlight-1.js", maths: "maths.js", file: "file.js", pdf: "pdf.js" },
    "device-worker": "on/device.js",
};

/** @type {{ rel: string, as: string, crossOrigin: string, href: string }[]} */
let loaded = [];
/** @type {Record<string, (event: object) => void>} */
let clicks = {};
const notice = {
    classList: { add: mock.fn() },
    querySelector: () => ({
        addEventListener: (/** @type {string} */ name, /** @type {() => void} */ act) => (clicks[name] = act),
    }),
};
/** @type {typeof notice | null} */
let shown = notice;
define("document", {
    baseURI: BASE,
    head: { append: (/** @type {any} */ element) => loaded.push(element) },
    createElement: () => ({}),
    getElementById: () => ({ textContent: JSON.stringify(manifest) }),
    querySelector: (/** @type {string} */ selector) => (selector === ".not-here" ? shown : null),
});
const reload = mock.fn();
define("location", { reload });
const said = mock.method(console, "error", () => {});
let starts = async () => {};
const start = mock.fn(() => starts());
define("program", { start });

/** @type {{ createHTML: Rule, createScriptURL: Rule }} */
let policy;
const createPolicy = (/** @type {string} */ name, /** @type {typeof policy} */ rules) => {
    assert.equal(name, "default");
    policy = rules;
};

beforeEach(() => {
    [loaded, clicks, shown, starts] = [[], {}, notice, async () => {}];
    for (const { mock } of [start, reload, said, notice.classList.add]) mock.resetCalls();
    define("window", { trustedTypes: { createPolicy } });
    // The keys of a real one are its properties.
    define("localStorage", {});
});

test("Only plain markup of a view becomes HTML, and anything in a document of its own", async () => {
    await run("public/start.js");
    /** @type {[string, boolean][]} */
    const table = [
        ["", true],
        ["한 & <!> <!---->", true],
        ['<div class="a b"><span id="x" aria-label="y" data-z="">t</span><br/></div>', true],
        ['<svg viewBox="0 0 9 9"><path d="M1 1" /></svg>', true],
        ['<input type="text" disabled>', true],
        ['<button onclick="x()">', false],
        ['<button class="a" OnClick="x()">', false],
        ['<img src="x">', false],
        ['<a href="javascript:x()">', false],
        ['<div style="color:red">', false],
        ["<div class='a'>", false],
        ['<div class="a\nb>', false],
        ['<div\nonclick="x()">', false],
        ['<div/onclick="x()">', false],
        ["<!-- comment -->", false],
        ["<custom-element>", false],
        ['<div class="a"', false],
        ["</script>", false],
        ["x".repeat(4096), false],
    ];
    const elements = ["script", "style", "link", "meta", "base", "iframe", "frame", "object", "embed", "form"];
    for (const name of [...elements, "template", "SCRIPT", "Iframe"]) table.push([`<p><${name}>`, false]);
    for (const [markup, isAllowed] of table) {
        const expected = isAllowed ? markup : null;
        assert.equal(policy.createHTML(markup, "TrustedHTML", "Element innerHTML"), expected, markup);
        assert.equal(policy.createHTML(markup, "TrustedHTML", "DOMParser parseFromString"), markup);
    }
});

test("Only the page's own workers are started", async () => {
    await run("public/start.js");
    /** @type {[string, string | null][]} */
    const table = [
        ["highlight-1.js", `${BASE}highlight-1.js`],
        [`${BASE}on/device.js`, `${BASE}on/device.js`],
        ["on/../pdf.js", `${BASE}pdf.js`],
        ["pdf.js#maps/", `${BASE}pdf.js#maps/`],
        ["answers.js", null],
        ["highlight-1.js?x", null],
        ["https://other.test/collate/pdf.js", null],
        ["data:text/javascript,x()", null],
        ["blob:https://page.test/x", null],
    ];
    for (const [url, expected] of table)
        assert.equal(policy.createScriptURL(url, "TrustedScriptURL", "Worker constructor"), expected, url);
});

test("What draws answers is fetched at once where a chat is stored", async () => {
    const preload = { rel: "preload", as: "fetch", crossOrigin: "" };
    const both = ["answers.js", "answers.wasm"].map((href) => ({ ...preload, href }));
    /** @type {[object, object[]][]} */
    const table = [
        [{ "collate.v2.chat.1": "{}" }, both],
        [{ "collate.v2.chats": "{}", "x.collate.v2.chat.1": "" }, []],
    ];
    for (const [storage, expected] of table) {
        loaded = [];
        define("localStorage", storage);
        await run("public/start.js");
        assert.deepEqual(loaded, expected);
    }
});

test("The page starts without storage and without trusted types", async () => {
    define("window", {});
    Object.defineProperty(globalThis, "localStorage", {
        get() {
            throw new DOMException("", "SecurityError");
        },
        configurable: true,
    });
    await run("public/start.js");
    await settle();
    assert.deepEqual([start.mock.calls.length, loaded], [1, []]);
    assert.equal(notice.classList.add.mock.calls.length, 0);
});

test("A page whose program does not come says so, and offers to load it again", async () => {
    starts = () => Promise.reject(new TypeError("Failed to fetch"));
    await run("public/start.js");
    await settle();
    assert.deepEqual(notice.classList.add.mock.calls.map((call) => call.arguments), [["is-certain"]]);
    const preventDefault = mock.fn();
    clicks.click({ preventDefault });
    assert.deepEqual([preventDefault.mock.calls.length, reload.mock.calls.length], [1, 1]);
    // The notice may be gone already.
    shown = null;
    await run("public/start.js");
    await settle();
    assert.equal(said.mock.calls.length, 2);
});

test("A worker whose program does not come tells the page", async () => {
    const posted = mock.fn();
    define("postMessage", posted);
    await run("public/worker.js");
    await settle();
    assert.deepEqual([start.mock.calls.length, posted.mock.calls.length], [1, 0]);
    starts = () => Promise.reject(new TypeError("Failed to fetch"));
    await run("public/worker.js");
    await settle();
    assert.deepEqual(posted.mock.calls.map((call) => call.arguments), [[null]]);
});
