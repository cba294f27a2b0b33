// A response's body in batches: src/openai/batches.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { Batches } from "../../src/openai/batches.js";
import { define, settle } from "./support.js";

const START = 1000;
mock.timers.enable({ apis: ["setTimeout", "Date"], now: START });
mock.method(performance, "now", () => Date.now());
// Node's timers put one without a delay after all others.
const { setTimeout } = globalThis;
define("setTimeout", (/** @type {() => void} */ act, delay = 0) => setTimeout(act, delay));
const page = { hidden: false };
define("document", page);

/**
 * A body, and its batches every 100 ms.
 * @param {number} [pace] In milliseconds.
 */
function opened(pace = 100) {
    /** @type {ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>} */
    let controller;
    const body = new ReadableStream({ start: (own) => void (controller = own) });
    const batches = new Batches(body, pace);
    const send = (/** @type {string} */ text) => controller.enqueue(new TextEncoder().encode(text));
    /** Asks for the next batch; `told` is undefined until it is there. */
    const next = () => {
        /** @type {{ told?: unknown[] }} */
        const asked = {};
        batches.next().then(
            ({ bytes, from, to }) => (asked.told = [bytes && new TextDecoder().decode(bytes), from, to]),
            (error) => (asked.told = [error.message]),
        );
        return asked;
    };
    return { send, next, end: () => controller.close(), fail: () => controller.error(new Error("broken")) };
}

/**
 * Lets some time pass, and everything happen that is due then.
 * @param {number} [milliseconds]
 */
async function pass(milliseconds = 0) {
    await settle();
    mock.timers.tick(milliseconds);
    await settle();
}

beforeEach(() => {
    mock.timers.setTime(START);
    page.hidden = false;
});

test("The first piece is told at once, and later ones together when it is time", async () => {
    const { send, next } = opened();
    send("a");
    const first = next();
    await pass();
    assert.deepEqual(first.told, ["a", 1000, 1000]);
    await pass(10);
    const second = next();
    send("b");
    await pass(30);
    send("c");
    await pass(59);
    assert.equal(second.told, undefined);
    await pass(1);
    assert.deepEqual(second.told, ["bc", 1010, 1040]);
});

test("Batches of all answers come at the same times", async () => {
    const one = opened();
    const two = opened();
    one.send("a");
    one.next();
    await pass(70);
    two.send("b");
    two.next();
    await pass();
    one.send("c");
    two.send("d");
    const both = [one.next(), two.next()];
    await pass(29);
    assert.deepEqual(both.map(({ told }) => told), [undefined, undefined]);
    await pass(1);
    assert.deepEqual(both.map(({ told }) => told?.[0]), ["c", "d"]);
});

test("A full batch does not wait for its time, and the page answers before the next", async () => {
    const { send, next } = opened(1000);
    send("a");
    next();
    await pass();
    const large = "x".repeat(40 * 1024);
    for (let pieces = 0; pieces < 4; pieces += 1) send(large);
    const full = next();
    await pass();
    assert.equal(full.told?.[0], large + large);
    const after = next();
    await settle();
    assert.equal(after.told, undefined);
    await pass();
    assert.equal(after.told?.[0], large + large);
    // Nobody waits for a hidden page.
    page.hidden = true;
    send("b");
    const hidden = next();
    await pass();
    assert.equal(hidden.told?.[0], "b");
});

test("The end is told after all that came before it, and stays", async () => {
    const { send, next, end } = opened();
    send("a");
    next();
    await pass();
    send("b");
    end();
    const last = next();
    await pass();
    assert.deepEqual(last.told, ["b", 1000, 1000]);
    for (let times = 0; times < 2; times += 1) {
        const ended = next();
        await pass();
        assert.deepEqual(ended.told, [undefined, 1000, 1000]);
    }
});

test("A broken connection is told after all that came before it, and stays", async () => {
    const { send, next, fail } = opened();
    send("a");
    next();
    await pass();
    send("b");
    const last = next();
    await pass(20);
    fail();
    await pass();
    assert.equal(last.told?.[0], "b");
    for (let times = 0; times < 2; times += 1) {
        const failed = next();
        await pass();
        assert.deepEqual(failed.told, ["broken"]);
    }
});

test("A hidden page, and a pace of 0, get each piece as it comes", async () => {
    for (const pace of [100, 0]) {
        page.hidden = pace > 0;
        const { send, next } = opened(pace);
        for (const text of ["a", "b", "c"]) {
            send(text);
            const asked = next();
            await pass();
            assert.equal(asked.told?.[0], text);
        }
    }
});
