// Probes of servers: src/diagnosis/probe.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { permission, surroundings, Visit } from "../../src/diagnosis/probe.js";
import { FakeFetch, define, until } from "./support.js";

/** @typedef {import("../../src/diagnosis/probe.js").Question} Question */

mock.timers.enable({ apis: ["setTimeout"] });
let net = new FakeFetch();
define("fetch", (/** @type {Request} */ request) => net.fetch(request));
beforeEach(() => {
    net = new FakeFetch();
});

const URL_ASKED = "https://api.test/v1/models";

/** @param {Partial<Question>} [some] */
const question = (some) =>
    JSON.stringify({
        url: URL_ASKED,
        method: "GET",
        headers: [],
        body: "",
        mode: "cors",
        follows: false,
        space: "",
        timeout: 1000,
        most: 100,
        ...some,
    });
/** @param {Partial<Question>} [some] */
const ask = async (some, visit = new Visit()) => JSON.parse(await visit.ask(question(some)));

/**
 * A body that comes in these pieces, and then no more: it stays open, or breaks off.
 * @param {string[]} pieces
 * @param {boolean} [breaks]
 */
const body = (pieces, breaks) =>
    new ReadableStream({
        pull(controller) {
            const piece = pieces.shift();
            if (piece !== undefined) controller.enqueue(new TextEncoder().encode(piece));
            else if (breaks) controller.error(new TypeError("network error"));
            else return new Promise(() => {});
            return undefined;
        },
    });

test("A request has what it is to have, and nothing else of the browser", async () => {
    /** @type {[Partial<Question>, [string, Record<string, string>, string, string]][]} */
    const table = [
        [{ headers: [["Authorization", "Bearer sk"]] }, ["GET", { authorization: "Bearer sk" }, "", "manual"]],
        [
            { method: "POST", headers: [["Content-Type", "application/json"]], body: "{}" },
            ["POST", { "content-type": "application/json" }, "{}", "manual"],
        ],
        [{ follows: true }, ["GET", {}, "", "follow"]],
        [{ mode: "no-cors" }, ["GET", {}, "", "follow"]],
    ];
    for (const [some, expected] of table) {
        net = new FakeFetch();
        await ask(some);
        assert.equal(net.asked.length, 1);
        const [{ url, method, headers, redirect, ...asked }] = net.asked.map((request) => ({
            url: request.url,
            method: request.method,
            headers: Object.fromEntries(request.headers),
            redirect: request.redirect,
            mode: request.mode,
            rest: [request.credentials, request.cache, request.referrerPolicy],
        }));
        assert.equal(url, URL_ASKED);
        assert.deepEqual([method, headers, await net.asked[0].text(), redirect], expected);
        assert.deepEqual(asked, { mode: some.mode ?? "cors", rest: ["omit", "no-store", "no-referrer"] });
    }
});

test("What came is told, and no more of it than is wanted", async () => {
    const teapot = { status: 418, headers: { "Content-Type": "Text/HTML" } };
    const [x, y] = ["x".repeat(60), "y".repeat(60)];
    const none = { got: "failed", status: 0, kind: "", body: "", url: "" };
    const some = (body = "", status = 200, kind = "") => ({ ...none, got: "response", status, kind, body });
    /** @type {[string, () => unknown, object][]} */
    const table = [
        ["a response", () => new Response("hi", teapot), some("hi", 418, "text/html")],
        ["no body", () => new Response(null, { status: 204 }), some("", 204)],
        ["a long body", () => new Response(body([x, y])), some(x + y.slice(0, 40))],
        ["half a character", () => new Response(body([x, y.slice(0, 39), "한"])), some(x + y.slice(0, 39))],
        ["an event stream", () => new Response(body([": hi\n\nda", "ta: 1\n\n"])), some(": hi\n\ndata: 1\n\n")],
        ["one that breaks off", () => new Response(body(["x"], true)), some()],
        ["a hidden response", () => ({ type: "opaque" }), { ...none, got: "opaque" }],
        ["a redirect", () => ({ type: "opaqueredirect" }), { ...none, got: "redirect" }],
        ["no server", () => Promise.reject(new TypeError("Failed to fetch")), none],
    ];
    for (const [name, answer, expected] of table) {
        net.answer = /** @type {FakeFetch["answer"]} */ (answer);
        const { ms, ...found } = await ask();
        assert.deepEqual(found, expected, name);
        // What is not read is not loaded either.
        assert.equal(net.asked.at(-1)?.signal.aborted, true, name);
    }
});

test("A request that takes too long is aborted, also one whose body does not end", async () => {
    // A browser ends a body with its request.
    const endless = (/** @type {Request} */ { signal }) =>
        new ReadableStream({
            start: (to) => signal.addEventListener("abort", () => to.error(signal.reason)),
        });
    /** @type {[FakeFetch["answer"], number][]} */
    const table = [
        [() => new Promise(() => {}), 0],
        [(request) => new Response(endless(request)), 200],
    ];
    for (const [answer, status] of table) {
        net = new FakeFetch();
        net.answer = answer;
        const asked = ask({ timeout: 5000 });
        mock.timers.tick(4999);
        await until(() => net.asked.length);
        assert.equal(net.asked[0].signal.aborted, false);
        mock.timers.tick(1);
        const found = await asked;
        assert.deepEqual([found.got, found.status], ["late", status]);
    }
});

test("The end of a visit ends its requests, and nothing more is sent", async () => {
    net.answer = () => new Promise(() => {});
    const visit = new Visit();
    const other = ask();
    const asked = [ask({}, visit), ask({}, visit)];
    visit.end();
    for (const found of await Promise.all(asked)) assert.equal(found.got, "failed");
    assert.equal((await ask({}, visit)).got, "failed");
    assert.deepEqual(net.asked.map(({ signal }) => signal.aborted), [false, true, true]);
    mock.timers.tick(1000);
    assert.equal((await other).got, "late");
});

test("A local server's address space is named where the browser knows its name", async () => {
    const { Request } = globalThis;
    /** @type {unknown} */
    let named;
    let isKnown = true;
    class Newer extends Request {
        /**
         * @param {string} url
         * @param {RequestInit} init
         */
        constructor(url, init) {
            if (init.targetAddressSpace && !isKnown) throw new TypeError("no such space");
            super(url, init);
            named = init.targetAddressSpace;
        }

        get targetAddressSpace() {
            return named;
        }
    }
    /** @type {[object, boolean, string, unknown][]} */
    const table = [
        [Request, true, "loopback", undefined],
        [Newer, true, "loopback", "loopback"],
        [Newer, true, "", undefined],
        [Newer, false, "loopback", undefined],
    ];
    for (const [its, knows, space, expected] of table) {
        [named, isKnown] = [undefined, knows];
        define("Request", its);
        assert.equal((await ask({ space })).got, "response");
        assert.equal(named, expected);
    }
    define("Request", Request);
});

test("The permission for the local network has a newer and an older name, or none", async () => {
    /** @type {[Record<string, string> | undefined, string | undefined][]} */
    const table = [
        [{ "loopback-network": "denied", "local-network-access": "granted" }, "denied"],
        [{ "local-network-access": "prompt" }, "prompt"],
        [{}, undefined],
        [undefined, undefined],
    ];
    for (const [states, expected] of table) {
        const query = async (/** @type {{ name: string }} */ { name }) => {
            if (!states?.[name]) throw new TypeError("no such permission");
            return { state: states[name] };
        };
        define("navigator", states ? { permissions: { query } } : {});
        assert.equal(await permission("loopback"), expected);
    }
});

test("Safari is told apart from other browsers", () => {
    define("location", { origin: "https://page.test" });
    const webkit = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
    /** @type {[string, boolean][]} */
    const table = [
        [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/17.4 Safari/605.1.15`, true],
        // Chrome on an iPhone is WebKit, too.
        [`Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) ${webkit} CriOS/123.0 Safari/604.1`, true],
        [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} Chrome/123.0.0.0 Safari/537.36`, false],
        [`Mozilla/5.0 (Linux; U; Android 4.0) ${webkit} Version/4.0 Mobile Safari/534.30`, false],
        ["Mozilla/5.0 (X11; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0", false],
    ];
    for (const [userAgent, isSafari] of table) {
        define("navigator", { userAgent, onLine: false });
        assert.deepEqual(JSON.parse(surroundings()), ["https://page.test", false, isSafari], userAgent);
    }
});
