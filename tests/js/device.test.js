// The page's own endpoint: on-device/page/device.js, without the worker's program.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { define, settle, until } from "./support.js";

/** @typedef {import("../../on-device/page/response.js").Told} Told */
/** @typedef {import("../../on-device/page/model.js").Model} Model */
/** @typedef {{ verb: string, id: number, [field: string]: any }} Sent */

mock.timers.enable({ apis: ["setTimeout"] });
const navigator = { onLine: true };
define("navigator", navigator);

/** The worker; it says that it is ready when a test wants it to. */
class FakeWorker {
    /** @type {FakeWorker[]} */
    static all = [];
    static isForbidden = false;
    static isSlow = false;
    /** @type {Sent[]} */
    sent = [];
    isEnded = false;
    onmessage = (/** @type {{ data: any }} */ _event) => {};
    onerror = (/** @type {{ message?: string }} */ _event) => {};

    /**
     * @param {URL} url
     * @param {object} options
     */
    constructor(url, options) {
        if (FakeWorker.isForbidden) throw new TypeError("the policy forbids it");
        this.address = [url.href.split("/").at(-1), options];
        FakeWorker.all.push(this);
        if (!FakeWorker.isSlow) queueMicrotask(() => this.tell("ready"));
    }

    /** @param {Sent} message */
    postMessage(message) {
        this.sent.push(message);
        answers[message.verb]?.(message, (told) => this.tell({ id: message.id, ...told }));
    }

    terminate() {
        this.isEnded = true;
    }

    /** @param {unknown} data */
    tell(data) {
        this.onmessage({ data });
    }
}
define("Worker", FakeWorker);
/** @type {Record<string, (sent: Sent, tell: (told: object) => void) => void>} */
let answers = {};
const worker = () => /** @type {FakeWorker} */ (FakeWorker.all.at(-1));
/** The messages of a verb that the newest worker got. */
const sent = (/** @type {string} */ verb) => (worker()?.sent ?? []).filter((message) => message.verb === verb);

/** @type {Model} */
const MODEL = {
    ...{ id: "one", kind: "weights", size: 10, kept: 10, state: "ready", speed: 0, left: 0, error: null },
    ...{ file: false, store: "opfs", context: 2048 },
};

let pages = 0;
/** @returns {Promise<typeof import("../../on-device/page/device.js")>} */
const opened = () => import(`../../on-device/page/device.js?${(pages += 1)}`);

/**
 * A request for an answer.
 * @param {object | string} body
 * @param {AbortSignal} [signal]
 */
const completion = (body, signal) =>
    new Request("on-device:/chat/completions", {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify({ model: "one", messages, ...body }),
        signal,
    });
const messages = [{ role: "user", content: "hi" }];
const list = () => new Request("on-device:/models");

/**
 * The status and code of an error response.
 * @param {Promise<Response>} response
 */
const told = async (response) => {
    const { error } = await (await response).json();
    return [(await response).status, error?.code];
};
const END = { end: "stop", prompt: 5, cached: 2, answered: 3 };

beforeEach(() => {
    FakeWorker.all = [];
    FakeWorker.isForbidden = FakeWorker.isSlow = false;
    navigator.onLine = true;
    answers = {
        models: (_, tell) => tell({ done: { models: [MODEL] } }),
        ask: (_, tell) => {
            tell({ begun: 5, read: 2, of: 5 });
            tell({ text: "Hel" });
            tell({ text: "lo", ...END });
        },
    };
});

test("The worker is started once, and asked when it is ready", async () => {
    FakeWorker.isSlow = true;
    const { models } = await opened();
    const both = Promise.all([models(), models()]);
    await settle();
    assert.deepEqual(worker().address, ["device-worker.js", { type: "module" }]);
    assert.deepEqual(worker().sent, []);
    worker().tell("ready");
    for (const list of await both) assert.deepEqual(JSON.parse(list), [MODEL]);
    assert.deepEqual(worker().sent.map(({ id }) => id), [1, 2]);
    assert.equal(FakeWorker.all.length, 1);
});

test("Listeners are told of changes, at most five times a second", async () => {
    const { models, watch } = await opened();
    const listener = mock.fn();
    const end = watch(listener);
    await models();
    for (const kept of [1, 2, 3]) worker().tell({ models: [{ ...MODEL, kept }] });
    mock.timers.tick(200);
    assert.equal(listener.mock.calls.length, 1);
    assert.equal(JSON.parse(listener.mock.calls[0].arguments[0])[0].kept, 3);
    end();
    worker().tell({ models: [] });
    mock.timers.tick(200);
    assert.equal(listener.mock.calls.length, 1);
});

test("Only models that can answer now are listed as a server's", async () => {
    const part = { ...MODEL, id: "two", state: "part" };
    answers.models = (_, tell) => tell({ done: { models: [MODEL, part] } });
    const { respond } = await opened();
    const { object, data } = await (await respond(list())).json();
    assert.equal(object, "list");
    const seen = data.map((/** @type {any} */ { id, context_length }) => [id, context_length]);
    assert.deepEqual(seen, [["one", 2048]]);
    // Its program is fetched, as the network may be gone when it is asked.
    await until(() => sent("prepare").length);
});

test("An answer is one response", async () => {
    const { respond } = await opened();
    const response = await respond(completion({ max_tokens: 9, stop: "END", temperature: 0.5, seed: 7 }));
    const { choices, usage, model } = await response.json();
    assert.equal(model, "one");
    const message = { role: "assistant", content: "Hello" };
    assert.deepEqual(choices, [{ index: 0, message, finish_reason: "stop" }]);
    assert.deepEqual(
        [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.prompt_tokens_details],
        [5, 3, 8, { cached_tokens: 2 }],
    );
    const [{ roles, texts, most, stops, seed, sampling }] = sent("ask");
    assert.deepEqual([roles, texts, most, stops, seed], ["u", ["hi"], 9, ["END"], 7]);
    assert.deepEqual([...sampling], [0.5, NaN, NaN, NaN, NaN, NaN, NaN]);
});

test("An answer is a stream of events, with the counts if they are wanted", async () => {
    const { respond } = await opened();
    const options = { stream: true, stream_options: { include_usage: true }, return_progress: true };
    const response = await respond(completion(options));
    assert.equal(response.headers.get("Content-Type"), "text/event-stream");
    /** @type {string} */
    const text = await response.text();
    const events = text.split("\n\n").map((event) => event.replace("data: ", ""));
    assert.deepEqual(events.slice(-2), ["[DONE]", ""]);
    const chunks = events.slice(0, -2).map((event) => JSON.parse(event));
    const seen = chunks.map(({ choices: [choice], usage, prompt_progress: progress }) => [
        choice?.delta.content ?? progress?.processed ?? usage?.total_tokens,
        choice?.finish_reason,
    ]);
    const counts = [8, undefined];
    assert.deepEqual(seen, [["", null], [2, null], ["Hel", null], ["lo", null], [undefined, "stop"], counts]);
    const plain = await (await respond(completion({ stream: true }))).text();
    assert.equal(plain.includes("usage") || plain.includes("progress"), false);
});

test("A request that no model here can answer is refused, and not passed on", async () => {
    const bad = "invalid_value";
    const part = (/** @type {object} */ part) => ({ messages: [{ role: "user", content: [part] }] });
    /** @type {[Request, [number, string]][]} */
    const table = [
        [new Request("on-device:/files"), [404, "not_found"]],
        [new Request("on-device:/chat/completions"), [404, "not_found"]],
        [completion("{"), [400, "invalid_json"]],
        [completion("null"), [400, bad]],
        [completion({ model: 7 }), [400, bad]],
        [completion({ messages: [] }), [400, bad]],
        [completion({ messages: [{ role: "tool", content: "" }] }), [400, bad]],
        [completion({ messages: [{ role: "user", content: 7 }] }), [400, bad]],
        [completion(part({ type: "image_url", image_url: { url: "data:," } })), [400, bad]],
        [completion(part({ type: "text" })), [400, bad]],
        [completion({ tools: [{}] }), [400, bad]],
        [completion({ response_format: { type: "json_object" } }), [400, bad]],
        [completion({ n: 2 }), [400, bad]],
        [completion({ stop: [7] }), [400, bad]],
        [completion({ temperature: "0.5" }), [400, bad]],
        [completion({ top_p: 1.5 }), [400, bad]],
        [completion({ max_tokens: -2 }), [400, bad]],
    ];
    const { respond } = await opened();
    for (const [request, expected] of table) {
        const body = await request.clone().text();
        assert.deepEqual(await told(respond(request)), expected, body);
    }
    assert.deepEqual(FakeWorker.all, []);
});

test("What is not set is left to the model", async () => {
    const { respond } = await opened();
    const empty = { temperature: null, max_tokens: -1, seed: -1, stop: null, tools: [], n: 1 };
    for (const body of [{}, empty]) {
        assert.equal((await respond(completion(body))).status, 200);
        const [{ sampling, most, stops, seed }] = sent("ask").slice(-1);
        assert.deepEqual([...sampling, most, stops], [...Array(7).fill(NaN), 0, []]);
        assert(Number.isInteger(seed) && seed >= 0);
    }
});

test("An error of the worker is an error response, or ends the stream", async () => {
    /** @type {[object, number, string][]} */
    const table = [
        [{ code: "model_not_found", message: "" }, 404, "weights_missing"],
        [{ code: "out_of_memory", message: "" }, 500, "model_crashed"],
        [{ code: "crashed", message: "trap" }, 500, "model_crashed"],
        [{ code: "damaged", message: "" }, 500, "device_damaged"],
        [{ code: "no_program", message: "" }, 500, "device_no_program"],
        [{ code: "something", message: "" }, 500, "something"],
        [{ code: "context_length_exceeded", message: "", tokens: 9, most: 8 }, 400, "context_length_exceeded"],
    ];
    for (const [error, status, code] of table) {
        const { respond } = await opened();
        answers.ask = (_, tell) => tell({ error });
        for (const stream of [false, true])
            assert.deepEqual(await told(respond(completion({ stream }))), [status, code]);
        answers.ask = (_, tell) => {
            tell({ begun: 1 });
            tell({ text: "so" });
            tell({ error });
        };
        assert.deepEqual(await told(respond(completion({}))), [status, code]);
        const stream = await (await respond(completion({ stream: true }))).text();
        const last = stream.trim().split("data: ").at(-1) ?? "";
        assert.equal(JSON.parse(last).error.code, code);
    }
});

test("A worker that dies ends its calls with a reason, and the next call starts another", async () => {
    /** @type {[string, (worker: FakeWorker) => void, string][]} */
    const table = [
        ["its script does not come", ({ onerror }) => onerror({}), "device_no_program"],
        ["its script fails", ({ onerror }) => onerror({ message: "SyntaxError" }), "model_crashed"],
        ["its script fails in secret", ({ onerror }) => onerror({ message: "" }), "model_crashed"],
        ["a trap", (it) => it.tell({ crashed: { code: "crashed", message: "unreachable" } }), "model_crashed"],
        ["no memory", (it) => it.tell({ crashed: { code: "out_of_memory", message: "" } }), "model_crashed"],
    ];
    for (const [name, die, code] of table) {
        for (const isSlow of [true, false]) {
            FakeWorker.isSlow = isSlow;
            const { models, respond } = await opened();
            answers.ask = () => {};
            const asked = [respond(completion({})), respond(completion({ stream: true }))];
            await until(() => (isSlow ? worker() : sent("ask").length === 2));
            const dead = worker();
            die(dead);
            for (const response of asked) assert.deepEqual(await told(response), [500, code], name);
            assert.equal(dead.isEnded, true);
            FakeWorker.isSlow = false;
            assert.deepEqual(JSON.parse(await models()), [MODEL]);
            assert.notEqual(worker(), dead);
            // What the dead one says comes too late.
            dead.tell({ models: [] });
            die(dead);
            assert.deepEqual(JSON.parse(await models()), [MODEL]);
            FakeWorker.all = [];
        }
    }
});

test("A download ends with its worker, and tells why", async () => {
    const { models, watch } = await opened();
    const listener = mock.fn();
    const end = watch(listener);
    const fetching = { ...MODEL, state: "fetching", kept: 5, speed: 9, left: 1 };
    const known = [fetching, { ...fetching, id: "two", kept: 0 }, MODEL];
    answers.models = (_, tell) => tell({ done: { models: known } });
    await models();
    worker().tell({ crashed: { code: "crashed", message: "unreachable" } });
    mock.timers.tick(200);
    /** @type {Model[]} */
    const list = JSON.parse(listener.mock.calls.at(-1)?.arguments[0]);
    const seen = list.map(({ state, error, speed, left }) => [state, error?.code, speed, left]);
    const none = [undefined, 0, 0];
    assert.deepEqual(seen, [["part", "crashed", 0, 0], ["absent", "crashed", 0, 0], ["ready", ...none]]);
    end();
});

test("A page that may have no worker says so, and its calls end", async () => {
    FakeWorker.isForbidden = true;
    const { add, fetchWeights, isMissing, models, respond } = await opened();
    assert.deepEqual(JSON.parse(await models()), []);
    assert.equal(isMissing(), true);
    await fetchWeights("one");
    assert.equal(JSON.parse(await add(new File([], "own.gguf"))).error.code, "no_program");
    assert.deepEqual(await told(respond(list())), [500, "device_no_program"]);
    for (const stream of [false, true])
        assert.deepEqual(await told(respond(completion({ stream }))), [500, "device_no_program"]);
    FakeWorker.isForbidden = false;
    await models();
    assert.equal(isMissing(), false);
});

test("An aborted request stops its answer, and no other", async () => {
    answers.ask = (_, tell) => tell({ begun: 1, text: "so" });
    const { respond } = await opened();
    const reason = new Error("the user stops it");
    const idOf = (/** @type {string} */ model) => sent("ask").find((ask) => ask.model === model)?.id;
    const stopped = () => sent("stop").map(({ of }) => of);
    for (const stream of [false, true]) {
        const abort = new AbortController();
        const other = respond(completion({ stream: true, model: "other" }));
        const response = respond(completion({ stream }, abort.signal));
        if (stream) await response;
        await until(() => idOf("one") && idOf("other"));
        abort.abort(reason);
        await assert.rejects(stream ? (await response).text() : response, reason);
        await settle();
        assert.deepEqual(stopped(), [idOf("one")]);
        // So does a reader that wants no more.
        await (await other).body?.cancel();
        await settle();
        assert.deepEqual(stopped(), [idOf("one"), idOf("other")]);
        worker().sent = [];
    }
    const before = AbortSignal.abort(reason);
    await assert.rejects(respond(completion({}, before)), reason);
    assert.deepEqual(worker().sent, []);
});

test("An idle worker is ended, unless it works or could not be loaded again", async () => {
    const { models, watch } = await opened();
    const minutes = (/** @type {number} */ number) => mock.timers.tick(number * 60_000);
    await models();
    minutes(9);
    await models();
    minutes(9);
    assert.equal(worker().isEnded, false);
    navigator.onLine = false;
    minutes(10);
    assert.equal(worker().isEnded, false);
    navigator.onLine = true;
    worker().tell({ models: [{ ...MODEL, state: "fetching" }] });
    minutes(10);
    assert.equal(worker().isEnded, false);
    worker().tell({ models: [MODEL] });
    minutes(10);
    assert.equal(worker().isEnded, true);
    assert.equal(FakeWorker.all.length, 1);
    // Whoever looks at the list needs another.
    const end = watch(() => {});
    await models();
    minutes(10);
    assert.equal(FakeWorker.all.length, 3);
    end();
});

test("Without SIMD no weights are loaded, and the list says why", async () => {
    const validate = mock.method(WebAssembly, "validate", () => false);
    const { add, fetchWeights, models, remove, respond } = await opened();
    validate.mock.restore();
    assert.equal(JSON.parse(await models())[0].error.code, "no_simd");
    await fetchWeights("one");
    assert.equal(JSON.parse(await add(new File([], "own.gguf"))).error.code, "no_simd");
    assert.deepEqual(await told(respond(list())), [500, "device_no_simd"]);
    assert.deepEqual(await told(respond(completion({}))), [500, "device_no_simd"]);
    // Stored ones can still be removed.
    answers.remove = (_, tell) => tell({ done: {} });
    await remove("one");
    assert.deepEqual([...new Set(worker().sent.map(({ verb }) => verb))], ["models", "remove"]);
});
