// The question whether a model takes pictures: src/view/pictures.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeFetch, define } from "./support.js";

let net = new FakeFetch();
define("fetch", (/** @type {string} */ url, /** @type {RequestInit} */ init) => net.fetch(url, init));
// Timeouts of signals are no timers that a test could move.
let late = new AbortController();
const timeout = mock.method(AbortSignal, "timeout", () => late.signal);

const { sees } = await import("../../src/view/pictures.js");

let servers = 0;
/** A server that was not asked yet. */
const fresh = () => `https://${(servers += 1)}.test/props`;

beforeEach(() => {
    net = new FakeFetch();
    late = new AbortController();
});

test("A server tells whether its model takes pictures, or it is unknown", async () => {
    /** @type {[unknown, boolean | null][]} */
    const table = [
        [{ capabilities: ["completion", "vision"] }, true],
        [{ capabilities: ["completion"] }, false],
        [{ capabilities: [], modalities: { vision: true } }, true],
        [{ modalities: { vision: false, audio: true } }, false],
        [{ modalities: { vision: "yes" } }, null],
        [{ error: "unauthorized" }, null],
        [null, null],
        [undefined, null],
    ];
    for (const [body, expected] of table) {
        net.answer = () => (body === undefined ? new Response("<html>") : Response.json(body));
        assert.equal(await sees(fresh(), "", []), expected, JSON.stringify(body));
    }
    net.answer = () => Promise.reject(new TypeError("Failed to fetch"));
    assert.equal(await sees(fresh(), "", []), null);
});

test("The token goes to the server itself, and to no place that it names", async () => {
    /** @type {[string, string, string, string | null][]} */
    const table = [
        ["", "GET", "", null],
        ["llava", "POST", '{"model":"llava"}', "application/json"],
    ];
    for (const [model, method, body, type] of table) {
        net = new FakeFetch();
        const url = fresh();
        await sees(url, model, [["Authorization", "Bearer sk"]]);
        assert.equal(net.asked.length, 1);
        const [asked] = net.asked;
        assert.deepEqual([asked.url, asked.method, await asked.text()], [url, method, body]);
        assert.deepEqual([asked.redirect, asked.credentials], ["error", "omit"]);
        assert.equal(asked.headers.get("Authorization"), "Bearer sk");
        if (type) assert.equal(asked.headers.get("Content-Type"), type);
    }
});

test("A server that does not answer is given up after ten seconds", async () => {
    net.answer = () => new Promise(() => {});
    const asked = sees(fresh(), "", []);
    assert.equal(timeout.mock.calls.at(-1)?.arguments[0], 10_000);
    late.abort();
    assert.equal(await asked, null);
});

test("What is known is not asked again, and what is unknown is", async () => {
    const url = fresh();
    net.answer = () => Response.json({});
    await sees(url, "one", []);
    net.answer = () => Response.json({ capabilities: ["vision"] });
    const both = [sees(url, "one", []), sees(url, "one", [])];
    assert.deepEqual(await Promise.all(both), [true, true]);
    assert.equal(await sees(url, "one", []), true);
    assert.equal(net.asked.length, 2);
    await sees(url, "two", []);
    assert.equal(net.asked.length, 3);
});
