// The worker that runs models: on-device/page/device-worker.js, with a program that only notes its calls.
// @ts-check
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mock, test } from "node:test";
import { FakeCache, FakeLocks, define, run, settle, until } from "./support.js";

/** @typedef {import("../../on-device/page/response.js").Told} Told */
/** @typedef {Told & { id?: number, models?: object[], crashed?: { code: string } }} Message */

// Changes of the list are told by a timer; these tests ask for it instead.
mock.timers.enable({ apis: ["setTimeout"] });
define("navigator", { locks: new FakeLocks(), onLine: true });
define("location", new URL("https://page.test/"));
define("BroadcastChannel", undefined);

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => {
    const hash = createHash("sha256");
    hash.update(bytes);
    return hash.digest("hex");
};
/** @type {Record<string, Uint8Array<ArrayBuffer>>} */
const files = { one: new TextEncoder().encode("GGUF one"), two: new TextEncoder().encode("GGUF two") };
const offers = Object.entries(files).map(([id, bytes]) => ({
    ...{ id, size: bytes.length, sha256: sha256(bytes) },
    sources: [`https://page.test/${id}`],
}));
define("fetch", async (/** @type {URL} */ { pathname }) =>
    pathname.endsWith("/models.json")
        ? Response.json({ models: offers })
        : new Response(files[pathname.slice(1)]),
);

/** The functions of the program that were called. */
let called = /** @type {string[]} */ ([]);
/** What the next call of a function does, instead of nothing. */
let acts = /** @type {Record<string, (...given: any[]) => any>} */ ({});
let grow = () => {};
/** @param {string} name */
const act = (name) => (/** @type {any[]} */ ...given) => {
    called.push(name);
    return acts[name]?.(...given);
};
const names = ["leave", "begin", "push", "finish", "ask", "step", "stop"];
define("program", {
    ...Object.fromEntries(names.map((name) => [name, act(name)])),
    start: async () => {
        called.push("start");
        await acts.start?.();
        return { memory: { grow: () => grow() } };
    },
    hash() {
        const hash = createHash("sha256");
        const push = (/** @type {Uint8Array} */ bytes) => hash.update(bytes);
        return { push, finish: () => hash.digest("hex") };
    },
});

// Node waits for the messages of a real one for ever.
class FakeMessageChannel {
    port1 = { onmessage: () => {} };
    port2 = { postMessage: () => setImmediate(() => this.port1.onmessage()) };
}
define("MessageChannel", FakeMessageChannel);
/** @type {((event: { data: object }) => void) | undefined} */
let listener;
define("addEventListener", (/** @type {string} */ _, /** @type {typeof listener} */ own) => (listener = own));
/** @type {(Message | string)[]} */
let posted = [];
define("postMessage", (/** @type {Message} */ message) => posted.push(message));

/** What was posted of a call: its messages without the ID. */
const of = (/** @type {number | undefined} */ call) =>
    posted.flatMap((message) => {
        if (typeof message === "string" || message.models || message.crashed || message.id !== call) return [];
        const { id, ...rest } = message;
        return [rest];
    });
/** The codes of the program's ends. */
const crashes = () =>
    posted.flatMap((message) => (typeof message === "string" ? [] : (message.crashed?.code ?? [])));
const isOver = (/** @type {number} */ call) =>
    of(call).some(({ done, end, error, stopped }) => done || end || error || stopped);

let calls = 0;
/**
 * Sends a call, and returns its ID.
 * @param {string} verb
 * @param {object} [fields]
 */
function send(verb, fields) {
    const id = (calls += 1);
    listener?.({ data: { verb, id, ...fields } });
    return id;
}
/**
 * Sends a call, and returns what was posted when it is over.
 * @param {string} verb
 * @param {object} [fields]
 */
async function call(verb, fields) {
    const id = send(verb, fields);
    await until(() => isOver(id));
    return of(id);
}
const question = { roles: "u", texts: ["hi"], sampling: new Float32Array(7), seed: 1, most: 0, stops: [] };
const ask = (model = "one") => call("ask", { model, ...question });
/** The error's code that a call ended with. */
const code = (/** @type {Message[]} */ messages) => messages.at(-1)?.error?.code;
const trap = () => {
    throw new WebAssembly.RuntimeError("unreachable");
};

/** Starts the worker, with these models in the store. */
async function started(/** @type {string[]} */ ...ids) {
    const cache = new FakeCache();
    define("caches", { open: async () => cache });
    acts = {
        finish: () => 2048,
        ask: () => 5,
        step: () => ({ text: "so", end: "stop", prompt: 5, cached: 0, answered: 1 }),
    };
    grow = () => {};
    posted = [];
    await run("on-device/page/device-worker.js");
    for (const model of ids) await call("fetch", { model });
    called = [];
    return { cache };
}

const END = { text: "so", end: "stop", prompt: 5, cached: 0, answered: 1 };
const LOADS = ["leave", "begin", "push", "finish"];

test("The worker says that it is ready, and loads its program when that is needed", async () => {
    await started();
    assert.deepEqual(posted, ["ready"]);
    const [{ done }] = await call("models");
    const states = done?.models?.map(({ id, state }) => [id, state]);
    assert.deepEqual(states, [["one", "absent"], ["two", "absent"]]);
    assert.deepEqual(called, []);
    await Promise.all([call("prepare"), call("prepare")]);
    assert.deepEqual(called, ["start"]);
});

test("A model is loaded for its first answer, and for the first after another one", async () => {
    await started("one", "two");
    /** @type {[string, string[]][]} */
    const table = [
        ["one", [...LOADS, "ask", "step"]],
        ["one", ["ask", "step"]],
        ["two", [...LOADS, "ask", "step"]],
        ["one", [...LOADS, "ask", "step"]],
    ];
    for (const [model, expected] of table) {
        called = [];
        assert.deepEqual(await ask(model), [{ begun: 5 }, END]);
        assert.deepEqual(called, expected);
    }
    // The length of the context is known from now on.
    const [{ done }] = await call("models");
    assert.deepEqual(done?.models?.map(({ context }) => context), [2048, 2048]);
});

test("An answer is stopped between its steps, and one that waits before it begins", async () => {
    await started("one");
    acts.step = () => ({ text: "so" });
    const first = send("ask", { model: "one", ...question });
    const second = send("ask", { model: "one", ...question });
    await until(() => of(first).length > 3);
    send("stop", { of: second });
    send("stop", { of: first });
    // A call that is over, or never was, is nothing to stop.
    send("stop", { of: 0 });
    await until(() => isOver(second));
    assert.deepEqual(of(first).at(-1), { stopped: true });
    assert.deepEqual(of(second), [{ stopped: true }]);
    assert.equal(called.filter((name) => name === "ask").length, 1);
    assert.equal(called.at(-1), "stop");
});

test("A call that fails ends with its reason, and the next one goes on", async () => {
    const refused = { code: "context_length_exceeded", message: "too long", tokens: 9, most: 8 };
    const fails = (/** @type {object} */ error) => () => {
        throw error;
    };
    /** @type {[string, Record<string, () => any>, string, string][]} */
    const table = [
        ["a model that is not here", {}, "two", "model_not_found"],
        ["an error of the program", { ask: fails(refused) }, "one", refused.code],
        ["a damaged file", { push: fails({ code: "damaged", message: "" }) }, "one", "damaged"],
        ["no program", { start: fails(new TypeError("Failed to fetch")) }, "one", "no_program"],
        ["no memory for it", { start: fails(new RangeError("out of memory")) }, "one", "out_of_memory"],
    ];
    for (const [name, fail, model, expected] of table) {
        // A program that does not come is missing before anything is stored.
        await started(...(fail.start ? [] : ["one"]));
        const before = acts;
        acts = { ...acts, ...fail };
        const messages = fail.start ? await call("prepare") : await ask(model);
        assert.equal(code(messages), expected, name);
        if (expected === refused.code) assert.deepEqual(messages, [{ error: refused }]);
        acts = before;
        await call("fetch", { model: "one" });
        assert.deepEqual((await ask()).at(-1), END, name);
        assert.deepEqual(crashes(), []);
    }
});

test("A trap is told to the page once, and nothing more is computed", async () => {
    const full = () => {
        throw new RangeError("no more");
    };
    /** @type {[string, () => void, () => void, string][]} */
    const table = [
        ["step", trap, () => {}, "crashed"],
        ["begin", trap, full, "out_of_memory"],
        ["push", full, () => {}, "out_of_memory"],
    ];
    for (const [name, fails, now, expected] of table) {
        await started("one");
        [acts[name], grow] = [fails, now];
        const calls = [1, 2].map(() => send("ask", { model: "one", ...question }));
        await until(() => crashes().length);
        await settle();
        assert.deepEqual(crashes(), [expected], name);
        assert.equal(calls.some(isOver), false, name);
        assert.equal(called.filter((of) => of === name).length, 1, name);
    }
});

test("A removed model is dropped from memory, and only that one", async () => {
    const { cache } = await started("one", "two");
    await ask("two");
    called = [];
    await call("remove", { model: "one" });
    await settle();
    assert.deepEqual(called, []);
    await call("remove", { model: "two" });
    await until(() => called.length);
    assert.deepEqual(called, ["leave"]);
    assert.equal(cache.kept.size, 0);
    assert.equal(code(await ask("two")), "model_not_found");
});

test("An error while a removed model is dropped is nobody's, and the queue goes on", async () => {
    await started("one", "two");
    await ask("one");
    acts.leave = () => {
        throw new Error("odd");
    };
    await call("remove", { model: "one" });
    await until(() => called.at(-1) === "leave");
    delete acts.leave;
    assert.deepEqual((await ask("two")).at(-1), END);
    // The page would take an error of no call for the end of the worker.
    assert.deepEqual(of(undefined), []);
    await ask("two");
    acts.leave = trap;
    await call("remove", { model: "two" });
    await until(() => crashes().length);
    assert.deepEqual([crashes(), of(undefined)], [["crashed"], []]);
});

test("A file of the user is checked, stored, and loaded", async () => {
    await started();
    const file = new File(["GGUF own"], "Own.gguf");
    assert.deepEqual(await call("add", { file }), [{ done: { id: "Own" } }]);
    assert.deepEqual(called, ["start", ...LOADS]);
    called = [];
    assert.deepEqual(await ask("Own"), [{ begun: 5 }, END]);
    assert.deepEqual(called, ["ask", "step"]);
});

test("A file that is no model is not stored, and one that can't be stored is not used", async () => {
    const { cache } = await started();
    const file = new File(["PK"], "Own.gguf");
    acts.push = () => {
        throw { code: "not_gguf", message: "" };
    };
    assert.equal(code(await call("add", { file })), "not_gguf");
    assert.equal(called.at(-1), "leave");
    delete acts.push;
    cache.put = () => Promise.reject(new DOMException("no room", "QuotaExceededError"));
    assert.equal(code(await call("add", { file })), "full");
    assert.equal(called.at(-1), "leave");
    assert.equal(cache.kept.size, 0);
    assert.equal(code(await ask("Own")), "model_not_found");
});

test("A call that is not known fails alone", async () => {
    await started();
    assert.equal(code(await call("dance")), "failed");
    assert.equal((await call("models")).length, 1);
});
