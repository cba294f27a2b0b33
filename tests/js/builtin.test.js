// The browser's built-in model: on-device/page/builtin.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { define, settle, until } from "./support.js";

/** @typedef {import("../../on-device/page/request.js").Asked} Asked */
/** @typedef {import("../../on-device/page/response.js").Told} Told */

/** A session that answers in these pieces. */
class Session {
    /** @type {string[]} */
    pieces = ["Hel", "lo"];
    /** @type {number | undefined} */
    contextUsage = 10;
    /** @type {number | undefined} */
    contextWindow = 100;
    /** @type {((input: object[]) => Promise<number>) | undefined} */
    measureContextUsage = async () => 4.4;
    destroy = mock.fn();
    /** @type {object[]} */
    prompted = [];
    /** @type {Error | undefined} */
    error;

    /** @param {object[]} input */
    async *promptStreaming(input) {
        this.prompted = input;
        yield* this.pieces;
        if (this.error) throw this.error;
    }
}
let session = new Session();
/** @type {(options: any) => Promise<unknown>} */
let made = async () => session;
let availability = async () => "available";
/** @type {object | null} */
let params = null;
/** @type {any} */
let given;
define("LanguageModel", {
    availability: mock.fn(() => availability()),
    params: async () => params,
    create: (/** @type {object} */ options) => made((given = options)),
});
const looks = () => /** @type {any} */ (LanguageModel.availability).mock.calls.length;

let pages = 0;
/** @returns {Promise<typeof import("../../on-device/page/builtin.js")>} */
const opened = () => import(`../../on-device/page/builtin.js?${(pages += 1)}`);

const ID = "Gemini Nano (Chrome)";
/** @type {(content: string, role?: "system" | "user" | "assistant") => Asked["messages"][number]} */
const message = (content, role = "user") => ({ role, content });

/**
 * Asks, and returns what is told.
 * @param {Partial<Asked>} [some]
 */
async function ask(some) {
    const { ask } = await opened();
    /** @type {Told[]} */
    const told = [];
    const sampling = Float32Array.of(NaN, NaN);
    const asked = { model: ID, messages: [message("hi")], sampling, seed: 1, most: 0, stops: [], ...some };
    const stop = ask(asked, (event) => told.push(event));
    return { told, stop };
}
const isOver = (/** @type {Told[]} */ told) => told.some(({ end, error }) => end || error);

/** Asks, and waits for the end. */
async function answer(/** @type {Partial<Asked>} */ some = {}) {
    const { told } = await ask(some);
    await until(() => isOver(told));
    await until(() => session.destroy.mock.calls.length || !given);
    return told;
}

beforeEach(() => {
    session = new Session();
    made = async () => session;
    availability = async () => "available";
    [params, given] = [null, undefined];
});

test("The model is listed as the browser has it", async () => {
    /** @type {[() => Promise<string>, (string | number | undefined)[]][]} */
    const table = [
        [async () => "available", ["ready", 1]],
        [async () => "downloadable", ["absent", 0]],
        [async () => "downloading", ["absent", 0]],
        [async () => "unavailable", [undefined, undefined]],
        [async () => "something newer", [undefined, undefined]],
        [() => Promise.reject(new Error("not allowed")), [undefined, undefined]],
    ];
    for (const [now, expected] of table) {
        availability = now;
        const { entry, look } = await opened();
        await look();
        assert.deepEqual([entry()?.state, entry()?.kept], expected);
        const before = looks();
        await look();
        // Each look at an unavailable one would log a warning.
        const isUnavailable = (await now().catch(() => "unavailable")) === "unavailable";
        assert.equal(looks() - before, isUnavailable ? 0 : 1);
    }
});

test("A download shows its progress, and how it ended", async () => {
    /** @type {[DOMException | undefined, string | undefined][]} */
    const table = [
        [undefined, undefined],
        [new DOMException("no network", "NetworkError"), "unreachable"],
        [new DOMException("no click", "NotAllowedError"), "NotAllowedError"],
    ];
    for (const [error, code] of table) {
        availability = async () => "downloadable";
        const { entry, fetch, look } = await opened();
        const changed = mock.fn();
        await fetch(changed);
        assert.equal(changed.mock.calls.length, 0, "nothing is known of a model yet");
        await look();
        made = async ({ monitor }) => {
            /** @type {(name: string, on: (event: object) => void) => void} */
            const addEventListener = (_, on) => on({ loaded: 0.5 });
            monitor({ addEventListener });
            // A look in the meantime changes nothing.
            await look();
            assert.deepEqual([entry()?.state, entry()?.kept], ["fetching", 0.5]);
            if (error) throw error;
            availability = async () => "available";
            return session;
        };
        await fetch(changed);
        assert.equal(entry()?.error?.code, code);
        assert.equal(entry()?.state, code ? "absent" : "ready");
        assert.equal(changed.mock.calls.length, 3);
    }
    assert.equal(session.destroy.mock.calls.length, 1);
});

test("A cancelled download is no error", async () => {
    availability = async () => "downloadable";
    const { cancel, entry, fetch, look } = await opened();
    await look();
    made = ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const done = fetch(() => {});
    // A second click changes nothing.
    await fetch(() => {});
    assert.equal(entry()?.state, "fetching");
    cancel();
    await done;
    assert.deepEqual([entry()?.state, entry()?.error], ["absent", null]);
});

test("An answer is told with its counts, and the session ends", async () => {
    session.pieces = ["Hel", "lo"];
    const told = await answer();
    assert.deepEqual(told, [
        { begun: 14 },
        { text: "Hel" },
        { text: "lo" },
        { text: "", end: "stop", prompt: 14, cached: 0, answered: 2 },
    ]);
    assert.equal(session.destroy.mock.calls.length, 1);
});

test("The prompt is the last message, with the beginning of its answer", async () => {
    const [system, user, begun] = [message("be", "system"), message("hi"), message("so", "assistant")];
    const prefix = { ...begun, prefix: true };
    /** @type {[Asked["messages"], object[], object[]][]} */
    const table = [
        [[user], [], [user]],
        [[system, user], [system], [user]],
        [[system, user, begun], [system], [user, prefix]],
        [[user, begun, user], [user, begun], [user]],
        [[begun], [], [prefix]],
    ];
    for (const [messages, initial, last] of table) {
        session = new Session();
        await answer({ messages });
        assert.deepEqual([given.initialPrompts, session.prompted], [initial, last]);
    }
});

test("Temperature and top-k are set together, within the browser's limits, or not at all", async () => {
    const limits = { defaultTemperature: 1, maxTemperature: 2, defaultTopK: 3, maxTopK: 8 };
    /** @type {[object | null, [number, number], object][]} */
    const table = [
        [limits, [0.5, 4], { temperature: 0.5, topK: 4 }],
        [limits, [9, NaN], { temperature: 2, topK: 3 }],
        [limits, [NaN, 40], { temperature: 1, topK: 8 }],
        [limits, [NaN, NaN], {}],
        [limits, [NaN, 0], {}],
        [null, [0.5, 4], {}],
    ];
    for (const [now, sampling, expected] of table) {
        [params, session] = [now, new Session()];
        await answer({ sampling: Float32Array.from(sampling) });
        const { initialPrompts, signal, ...rest } = given;
        assert.deepEqual(rest, expected);
    }
});

test("An answer ends before a stop string, and at its limit", async () => {
    /** @type {[string[], Partial<Asked>, string, string][]} */
    const table = [
        [["one E", "ND two"], { stops: ["END"] }, "one ", "stop"],
        [["one E", "N two"], { stops: ["END"] }, "one EN two", "stop"],
        [["one E"], { stops: ["END"] }, "one E", "stop"],
        [["a", "b", "c"], { stops: ["c", "b"] }, "a", "stop"],
        [["a", "b", "c"], { most: 2 }, "ab", "length"],
        [["a", "E", "c"], { most: 2, stops: ["END"] }, "aE", "length"],
    ];
    for (const [pieces, some, expected, end] of table) {
        session = new Session();
        session.pieces = pieces;
        const told = await answer(some);
        assert.equal(told.map(({ text = "" }) => text).join(""), expected);
        assert.equal(told.at(-1)?.end, end);
    }
});

test("Why there is no answer is told", async () => {
    const numbers = { name: "QuotaExceededError", requested: 7.2, quota: 5 };
    const quota = Object.assign(new Error("too long"), numbers);
    const wrong = new DOMException("odd", "NotReadableError");
    const fails = (/** @type {Error} */ error) => () => void (made = () => Promise.reject(error));
    const code = "context_length_exceeded";
    /** @type {[string, () => void, object][]} */
    const table = [
        ["not here", () => void (availability = async () => "downloadable"), { code: "model_not_found" }],
        ["long", () => void (session.contextWindow = 14), { code, tokens: 14, most: 14 }],
        ["longer", fails(quota), { code, tokens: 8, most: 5 }],
        ["another", fails(wrong), { code: "NotReadableError" }],
        ["within the answer", () => void (session.error = wrong), { code: "NotReadableError" }],
    ];
    for (const [name, prepare, expected] of table) {
        [session, made] = [new Session(), async () => session];
        availability = async () => "available";
        prepare();
        const { told } = await ask();
        await until(() => isOver(told));
        const { message, ...error } = told.at(-1)?.error ?? {};
        assert.deepEqual(error, expected, name);
        await until(() => !session.prompted.length || session.destroy.mock.calls.length);
    }
});

test("A browser with the earlier names, or without counts, answers as well", async () => {
    const earlier = { inputUsage: 20, inputQuota: 25, measureInputUsage: async () => 4 };
    const none = { contextUsage: undefined, contextWindow: undefined, measureContextUsage: undefined };
    Object.assign(session, none, earlier);
    assert.deepEqual((await answer())[0], { begun: 24 });
    session = Object.assign(new Session(), none);
    assert.deepEqual((await answer())[0], { begun: 0 });
});

test("A stopped answer tells nothing more, and its session ends", async () => {
    /** @type {(nothing: void) => void} */
    let go = () => {};
    session.promptStreaming = async function* () {
        yield "a";
        await new Promise((resolve) => (go = resolve));
        throw new DOMException("", "AbortError");
    };
    const { told, stop } = await ask();
    await until(() => told.some(({ text }) => text === "a"));
    stop();
    assert.equal(given.signal.aborted, true);
    go();
    await until(() => session.destroy.mock.calls.length);
    await settle();
    assert.deepEqual(told, [{ begun: 14 }, { text: "a" }]);
});
