// The end of the page's program: src/fault.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeStorage, define } from "./support.js";

mock.timers.enable({ apis: ["setTimeout"] });
const session = new FakeStorage();
define("sessionStorage", session);

/** @type {Record<string, (event: object) => void>} */
const listeners = {};
define("addEventListener", (/** @type {string} */ name, /** @type {(event: object) => void} */ listener) => {
    listeners[name] = listener;
});

const shown = mock.fn();
const element = () => ({
    setAttribute() {},
    addEventListener() {},
    appendChild: (/** @type {object} */ child) => child,
    showModal: shown,
});
const input = (/** @type {number} */ card, /** @type {string} */ value) => ({
    value,
    closest: () => ({ id: `card-${card}` }),
});
const inputs = [input(7, "seven"), input(8, "eight")];
define("document", {
    activeElement: inputs[1],
    querySelectorAll: () => inputs,
    createElement: element,
    body: { append() {} },
});

let pages = 0;
/** @returns {Promise<typeof import("../../src/fault.js")>} */
const opened = () => import(`../../src/fault.js?${(pages += 1)}`);

beforeEach(() => {
    session.items.clear();
    shown.mock.resetCalls();
});

test("Only a trap or the program's stack overflow ends the page, once", async () => {
    const trap = new WebAssembly.RuntimeError("unreachable");
    const overflow = Object.assign(new RangeError("too much recursion"), { stack: "at wasm-function[1]" });
    const range = Object.assign(new RangeError("invalid length"), { stack: "at start.js:1" });
    /** @type {[string, object, number][]} */
    const table = [
        ["error", { error: trap }, 1],
        ["unhandledrejection", { reason: trap }, 1],
        ["error", { error: overflow }, 1],
        ["error", { error: range }, 0],
        ["error", { error: new Error("wasm") }, 0],
        ["error", { error: undefined }, 0],
    ];
    for (const [name, event, times] of table) {
        const save = mock.fn();
        (await opened()).watch(save);
        listeners[name](event);
        listeners[name](event);
        // The failed stack is gone before anything is saved.
        assert.equal(save.mock.calls.length, 0);
        mock.timers.tick(1);
        assert.equal(save.mock.calls.length, times);
        assert.equal(shown.mock.calls.length, times);
        shown.mock.resetCalls();
    }
});

test("Drafts survive the end of the page, each is taken once", async () => {
    const page = await opened();
    mock.method(console, "error", () => {});
    page.watch(() => {
        throw new Error("saving fails, too");
    });
    page.fail();
    mock.timers.tick(1);
    assert.equal(shown.mock.calls.length, 1);
    const next = await opened();
    assert.equal(next.typedIn(), "8");
    assert.equal(next.takeDraft("7"), "seven");
    assert.equal(next.takeDraft("7"), undefined);
    assert.equal(next.takeDraft("8"), "eight");
    assert.equal(next.takeDraft("9"), undefined);
});

test("A page without rescued drafts, or with damaged ones, has none", async () => {
    const { takeDraft, typedIn } = await opened();
    for (const text of [undefined, "null", "{"]) {
        if (text) session.setItem("collate.rescued", text);
        assert.deepEqual([typedIn(), takeDraft("7")], [undefined, undefined]);
    }
});
