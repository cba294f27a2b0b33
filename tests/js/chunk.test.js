// The page's version on the server, and idle time: src/chunk.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { isOutdated, whenIdle } from "../../src/chunk.js";
import { FakeFetch, define } from "./support.js";

mock.timers.enable({ apis: ["setTimeout"] });
const BASE = "https://page.test/collate/";
const program = { getAttribute: () => "page-1/start.js" };
define("document", {
    baseURI: BASE,
    querySelector: (/** @type {string} */ selector) => (selector === "script[type=module]" ? program : null),
});
const server = new FakeFetch();
define("fetch", server.fetch);
const navigator = { connection: /** @type {{ saveData?: boolean } | undefined} */ (undefined) };
define("navigator", navigator);

const MANIFEST = '<script type="application/json" id="manifest">{}</script>';
/** The page's HTML. */
const page = (src = "page-1/start.js", manifest = MANIFEST) =>
    `<head>${manifest}<script type="module" src="${src}"></script></head>`;

beforeEach(() => {
    server.asked = [];
});

test("A page is outdated if the server has one with another program", async () => {
    /** @type {[string, Response, boolean][]} */
    const table = [
        ["the same", new Response(page()), false],
        ["another", new Response(page("page-2/start.js")), true],
        ["a longer name", new Response(page("new-page-1/start.js")), true],
        ["no page of this kind", new Response(page("page-2/start.js", "")), false],
        ["an error", new Response(page("page-2/start.js"), { status: 503 }), false],
        ["nothing", new Response(""), false],
    ];
    for (const [name, response, expected] of table) {
        server.answer = () => response;
        assert.equal(await isOutdated(), expected, name);
    }
});

test("Without an answer, or with half of one, a page is not outdated", async () => {
    const half = () => {
        const start = new TextEncoder().encode(page("page-2/start.js"));
        let isSent = false;
        return new ReadableStream({
            pull(controller) {
                if (isSent) return controller.error(new TypeError("network error"));
                controller.enqueue(start);
                isSent = true;
            },
        });
    };
    const answers = [() => Promise.reject(new TypeError("Failed to fetch")), () => new Response(half())];
    for (const answer of answers) {
        server.answer = answer;
        assert.equal(await isOutdated(), false);
    }
});

test("The server is asked past the cache, and once by all who ask meanwhile", async () => {
    /** @type {(response: Response) => void} */
    let respond = () => {};
    server.answer = () => new Promise((resolve) => (respond = resolve));
    const both = [isOutdated(), isOutdated()];
    assert.equal(server.asked.length, 1);
    const [{ url, cache, credentials }] = server.asked;
    assert.deepEqual([url, cache, credentials], [BASE, "no-store", "same-origin"]);
    respond(new Response(page("page-2/start.js")));
    assert.deepEqual(await Promise.all(both), [true, true]);

    // Later, and after a failure, it is asked again.
    server.answer = () => Promise.reject(new TypeError("Failed to fetch"));
    assert.equal(await isOutdated(), false);
    server.answer = () => new Response(page("page-2/start.js"));
    assert.equal(await isOutdated(), true);
    assert.equal(server.asked.length, 3);
});

test("A callback runs once the browser is idle, or soon, but never if data is to be saved", () => {
    /** @type {[{ saveData?: boolean } | undefined, number][]} */
    const table = [
        [undefined, 1],
        [{}, 1],
        [{ saveData: false }, 1],
        [{ saveData: true }, 0],
    ];
    for (const [connection, times] of table) {
        navigator.connection = connection;

        const idle = mock.fn();
        define("requestIdleCallback", idle);
        const act = mock.fn();
        whenIdle(act);
        mock.timers.tick(1e6);
        assert.equal(act.mock.calls.length, 0);
        for (const { arguments: [callback] } of idle.mock.calls) callback({ didTimeout: false });
        // Rust's function takes nothing.
        assert.deepEqual(act.mock.calls.map((call) => [...call.arguments]), Array(times).fill([]));

        // Safari has no such function.
        define("requestIdleCallback", undefined);
        const late = mock.fn();
        whenIdle(late);
        mock.timers.tick(199);
        assert.equal(late.mock.calls.length, 0);
        mock.timers.tick(1);
        assert.equal(late.mock.calls.length, times);
    }
});
