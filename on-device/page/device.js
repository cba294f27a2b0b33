// The page's own endpoint: serves the models of this browser with a server's requests and responses
// (`respond`) and lists them (`models` and the functions after it). The worker device-worker.js computes and
// stores. Nothing here throws except for an aborted request.
// @ts-check
/** @import { Fault, Model } from "./weights.js" */

import * as prompt from "./builtin.js";

/**
 * A message of the worker about one call. The fields depend on the call, and the counts are tokens.
 * @typedef {object} Told
 * @property {{ models?: Model[], id?: string }} [done] The result of a call that has one.
 * @property {Fault} [error]
 * @property {true} [stopped]
 * @property {number} [begun] Tokens of the request.
 * @property {number} [read] Tokens read of the request.
 * @property {number} [of] Tokens to read of the request.
 * @property {string} [text] The next part of the answer.
 * @property {string} [end] OpenAI's finish reason; the counts come with it.
 * @property {number} [prompt]
 * @property {number} [cached]
 * @property {number} [answered]
 */

/** @typedef {(told: Told) => void} Tell */

/**
 * The end of an answer.
 * @typedef {Told & { end: string, prompt: number, cached: number, answered: number }} End
 */

/** @typedef {{ role: "system" | "user" | "assistant", content: string }} Message */

/**
 * A request for an answer.
 * @typedef {object} Asked
 * @property {string} model
 * @property {Message[]} messages
 * @property {Float32Array} sampling The parameters in the order of `NUMBERS`; NaN for a missing one.
 * @property {number} seed
 * @property {number} most Limit in tokens; 0 for none but the context.
 * @property {string[]} stops
 */

/** @typedef {Worker & { begun: Promise<void> }} Started A worker; `begun` resolves when it is ready. */

/** A worker that is idle for this long, in milliseconds, is ended to free its memory. */
const IDLE = 10 * 60_000;
// Minimum time between notifications of listeners, in milliseconds.
const PACE = 200;

// The browser's built-in model, if it has one.
const builtin = globalThis.LanguageModel && prompt;

// The smallest module with an instruction of WebAssembly's 128-bit SIMD: a function with the body `i32.const
// 0, i8x16.splat, drop`. Source: the binary format of the WebAssembly specification.
const SIMD = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
];
const NO_SIMD =
    "This browser has no WebAssembly SIMD, which models on this device are computed with. " +
    "Newer versions have it.";
const hasSimd = !!globalThis.WebAssembly?.validate(new Uint8Array(SIMD));

// The worker, and the callbacks of its pending calls, by ID.
/** @type {Started | undefined} */
let worker;
/** @type {Map<number, Tell>} */
const calls = new Map();
let number = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Model[]} */
let weights = [];

/** Starts the worker. */
function begin() {
    /** @type {() => void} */
    let start;
    const started = new Worker(new URL("./device-worker.js", import.meta.url), { type: "module" });
    // Messages sent before the worker is ready would be lost.
    const begun = /** @type {Promise<void>} */ (new Promise((resolve) => (start = resolve)));
    const own = Object.assign(started, { begun });
    worker = own;
    worker.onmessage = ({ data }) => {
        if (own !== worker) return;
        if (data === "ready") start();
        else if (data?.models) know(data.models);
        else if (data?.id) calls.get(data.id)?.(data);
        else crash(data.crashed);
    };
    // A script that can't be fetched gives an error without a message.
    const missing = { code: "no_program", message: "its program could not be fetched" };
    worker.onerror = ({ message }) => {
        if (own !== worker) return;
        crash(message === undefined ? missing : { code: "crashed", message: message || "the worker failed" });
    };
    return own;
}

/** Ends the worker; the next call starts another. */
function end() {
    clearTimeout(timer);
    worker?.terminate();
    worker = undefined;
}

const isUnderWay = (/** @type {Model} */ { state }) => state === "fetching" || state === "checking";

/**
 * Ends the worker with all its calls.
 * @param {Fault} error
 */
function crash(error) {
    end();
    // No other notice: listeners that look again would start a worker that may fail too, endlessly.
    for (const entry of weights.filter(isUnderWay)) {
        changed();
        const state = entry.kept > 0 ? "part" : "absent";
        Object.assign(entry, { state, error: { ...error }, speed: 0, left: 0 });
    }
    const waiting = [...calls.values()];
    calls.clear();
    for (const tell of waiting) tell({ error });
}

/** Waits for the time after which an idle worker is ended. */
function rest() {
    clearTimeout(timer);
    timer = setTimeout(() => {
        const isBusy = calls.size > 0 || weights.some(isUnderWay);
        // Without a network, a new worker may fail to load.
        if (isBusy || !navigator.onLine) return rest();
        end();
        // For listeners, a new worker watches other tabs; without a model, it takes little memory.
        if (listeners.size > 0) call("models");
    }, IDLE);
}

/**
 * Sends a message to the worker, which reports to `tell` until `done`, `end`, `error` or `stopped`.
 * @param {{ verb: string, [field: string]: unknown }} message
 * @param {Tell} tell
 * @returns {() => void}
 */
function send(message, tell) {
    /** @type {Started} */
    let to;
    try {
        to = worker ?? begin();
    } catch (error) {
        worker = undefined;
        tell({ error: { code: "no_program", message: /** @type {Error} */ (error).message } });
        return () => {};
    }
    rest();
    const id = (number += 1);
    calls.set(id, (data) => {
        if (data.done || data.end || data.error || data.stopped) {
            calls.delete(id);
            rest();
        }
        tell(data);
    });
    to.begun.then(() => to.postMessage({ ...message, id }));
    return () => to.begun.then(() => to.postMessage({ verb: "stop", of: id }));
}

/**
 * Makes a call to the worker that has one result: `{error}` if it failed.
 * @param {string} verb
 * @param {{ model?: string, file?: File }} [argument]
 * @returns {Promise<{ models?: Model[], id?: string, error?: Fault }>}
 */
const call = (verb, argument) =>
    new Promise((resolve) =>
        send({ verb, ...argument }, ({ done, error }) => resolve(done ?? { error })),
    );

// The list of models for the panel.

/** @type {Set<(list: string) => void>} */
const listeners = new Set();
let told = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling;

/** Returns the list as JSON. */
function list() {
    const own = builtin?.entry();
    const lack = hasSimd ? undefined : { code: "no_simd", message: "" };
    const all = weights.map((entry) => (lack ? { ...entry, error: lack } : entry));
    return JSON.stringify(own ? [...all, own] : all);
}

/** Notifies the listeners, at most once in `PACE`. */
function changed() {
    telling ??= setTimeout(
        () => {
            telling = undefined;
            told = performance.now();
            for (const listener of listeners) listener(list());
        },
        Math.max(0, told + PACE - performance.now()),
    );
}

/** @param {Model[]} models */
function know(models) {
    weights = models;
    changed();
}

/** The available and stored models: a list of `Model` as JSON. */
export async function models() {
    await look();
    return list();
}

/** Returns whether no model can run here, as far as is known. */
export const isMissing = () => isLacking;
let isLacking = false;

/** Looks for models, and returns the error, if any. */
async function look() {
    const [{ models, error }] = await Promise.all([call("models"), builtin?.look()]);
    if (models) weights = models;
    isLacking = error?.code === "no_program";
    return error;
}

/**
 * Calls the listener with this list after every change, until the returned function is called.
 * @param {(list: string) => void} listener
 */
export function watch(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

// Each of these resolves at its end, even after a failure: the list has the outcome.

/** @param {string} id */
export async function fetchWeights(id) {
    if (builtin?.is(id)) await builtin.fetch(changed);
    else if (hasSimd) await call("fetch", { model: id });
}

/** @param {string} id */
export async function cancel(id) {
    if (builtin?.is(id)) builtin.cancel();
    else await call("cancel", { model: id });
}

/** @param {string} id */
export async function remove(id) {
    if (!builtin?.is(id)) await call("remove", { model: id });
}

/**
 * Stores a file of weights that the user picked, and returns {id} or {error: {code, message}} as JSON.
 * @param {File} file
 */
export async function add(file) {
    if (!hasSimd) return JSON.stringify({ error: { code: "no_simd", message: NO_SIMD } });
    return JSON.stringify(await call("add", { file }));
}

// The server's side.

/**
 * An error response. Source of its format: OpenAI's API reference, «Error codes»; of the additional
 * numbers: llama.cpp's server.
 */
class Refusal extends Error {
    /**
     * @param {number} status
     * @param {string} code
     * @param {string} message
     * @param {{ param?: string, n_prompt_tokens?: number, n_ctx?: number }} [more]
     */
    constructor(status, code, message, more) {
        super(message);
        this.status = status;
        const type = status < 500 ? "invalid_request_error" : "server_error";
        this.error = { message, type, code, ...more };
    }
}

/** @type {(...what: ConstructorParameters<typeof Refusal>) => never} */
const refuse = (...what) => {
    throw new Refusal(...what);
};

// Errors that the page explains in its own words: see `ui::explain`.
const DEVICE = [
    "not_gguf",
    "cut",
    "damaged",
    "unsupported",
    "too_large",
    "no_simd",
    "no_storage",
    "no_program",
    "full",
    "failed",
];

/**
 * Converts an error of the worker, or of the browser's model.
 * @param {Fault} fault
 */
function refusal({ code, message, tokens, most }) {
    const crashed = (/** @type {string} */ message) => new Refusal(500, "model_crashed", message);
    if (code === "model_not_found") return new Refusal(404, "weights_missing", message);
    if (code === "out_of_memory") return crashed("The model needs more memory than this browser gives it.");
    if (code === "crashed") return crashed(`The model's program ended: ${message}.`);
    if (DEVICE.includes(code)) return new Refusal(500, `device_${code}`, message || code);
    if (code !== "context_length_exceeded") return new Refusal(500, code, message);
    const limit = `This model's maximum context length is ${most} tokens.`;
    const words = `${limit} However, your messages resulted in ${tokens} tokens.`;
    return new Refusal(400, code, words, { n_prompt_tokens: tokens, n_ctx: most });
}

/**
 * A response with a JSON body.
 * @param {unknown} value
 * @param {number} [status]
 */
const json = (value, status = 200) =>
    new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });

/**
 * Answers a request for on-device:/models or on-device:/chat/completions like a server. Rejects, or fails the
 * body, if the request's signal aborts it.
 * @param {Request} request
 */
export async function respond(request) {
    try {
        const path = new URL(request.url).pathname;
        if (path.endsWith("/models")) return await listed();
        if (path.endsWith("/chat/completions") && request.method === "POST") return await complete(request);
        return refuse(404, "not_found", `There is no ${request.method} ${path} on this device.`);
    } catch (error) {
        if (request.signal.aborted) throw request.signal.reason;
        if (error instanceof Refusal) return json({ error: error.error }, error.status);
        const { message } = /** @type {Error} */ (error);
        return json({ error: { message, type: "server_error", code: "failed" } }, 500);
    }
}

/** Lists only the models that can answer now. */
async function listed() {
    const error = await look();
    if (error) throw refusal(error);
    /** @type {Model[]} */
    const all = JSON.parse(list());
    if (!hasSimd && !all.some(({ kind }) => kind === "browser")) refuse(500, "device_no_simd", NO_SIMD);
    const ready = all.filter(({ state, error }) => state === "ready" && error?.code !== "no_simd");
    if (ready.some(({ kind }) => kind === "weights")) call("prepare");
    const data = ready.map(({ id, context }) => ({
        id,
        object: "model",
        owned_by: "on-device",
        context_length: context,
        architecture: { input_modalities: ["text"] },
    }));
    return json({ object: "list", data });
}

// The numeric parameters, with their minimum and maximum; NaN stands for a missing one. The order is that of
// `ask` in exports.rs.
/** @type {[names: string[], least: number, most: number][]} */
const NUMBERS = [
    [["temperature"], 0, 100],
    [["top_k"], 0, 2 ** 31],
    [["top_p"], 0, 1],
    [["min_p"], 0, 1],
    [["repetition_penalty", "repeat_penalty"], 0.01, 100],
    [["frequency_penalty"], -100, 100],
    [["presence_penalty"], -100, 100],
];

/**
 * Reads one number; NaN for a missing one.
 * @param {Record<string, any>} body
 * @param {string[]} names Names of the parameter, the first one first.
 * @param {number} least
 * @param {number} most
 */
function numberOf(body, names, least, most) {
    const name = names.find((name) => (body[name] ?? null) !== null);
    if (!name) return NaN;
    const value = body[name];
    if (typeof value === "number" && value >= least && value <= most) return value;
    const message = `'${name}' must be a number from ${least} to ${most}.`;
    return refuse(400, "invalid_value", message, { param: name });
}

/**
 * Reads the body of a request for a chat completion. Source: OpenAI's API reference, «Create chat
 * completion»; top_k, min_p and the penalties are llama.cpp's.
 * @param {Record<string, any>} body
 * @returns {Asked}
 */
function read(body) {
    /** @type {(param: string, message: string) => never} */
    const bad = (param, message) => refuse(400, "invalid_value", message, { param });
    if (typeof body.model !== "string") bad("model", "'model' must name a model.");
    if (!Array.isArray(body.messages) || !body.messages.length)
        bad("messages", "'messages' must be a list of messages.");
    for (const name of ["tools", "functions", "logprobs", "audio"])
        if (body[name] === true || body[name]?.length > 0)
            bad(name, `'${name}' can't be used with models on this device.`);
    if ((body.response_format?.type ?? "text") !== "text")
        bad("response_format", "'response_format' can only be text on this device.");
    if ((body.n ?? 1) !== 1) bad("n", "'n' can only be 1 on this device.");
    /** @type {Record<string, Message["role"]>} */
    const kinds = { system: "system", developer: "system", user: "user", assistant: "assistant" };
    const messages = body.messages.map((/** @type {any} */ { role, content }) => {
        const kind = kinds[role];
        if (!kind) bad("messages", `'messages' can't have the role '${role}' on this device.`);
        const parts = Array.isArray(content) ? content : [{ type: "text", text: content ?? "" }];
        const text = parts.map(({ type, text }) => {
            if (type === "image_url") bad("messages", "Models on this device do not support image input.");
            if (type !== "text") bad("messages", `Models on this device read text only, and no '${type}'.`);
            if (typeof text === "string") return text;
            return bad("messages", "The content of a message must be text.");
        });
        return { role: kind, content: text.join("\n") };
    });
    const given = body.stop ?? [];
    /** @type {string[]} */
    const stops = Array.isArray(given) ? given : [given];
    if (stops.some((stop) => typeof stop !== "string") || stops.length > 64)
        bad("stop", "'stop' must be a text or a list of texts.");
    const limits = ["max_completion_tokens", "max_tokens"];
    const most = limits.map((name) => numberOf(body, [name], -1, 2 ** 53));
    const seed = numberOf(body, ["seed"], -(2 ** 63), 2 ** 64);
    return {
        model: body.model,
        messages,
        sampling: Float32Array.from(NUMBERS, ([names, least, most]) => numberOf(body, names, least, most)),
        // A negative seed means a random one, as in llama.cpp.
        seed: seed >= 0 ? seed : crypto.getRandomValues(new Uint32Array(1))[0],
        // -1 means the rest of the context, as in llama.cpp.
        most: Math.max(0, most.find((most) => most >= 0) ?? 0),
        stops: stops.filter((stop) => stop),
    };
}

/**
 * Sends a request to the worker, which reports `begun`, `text` and `end`; returns a function that stops it.
 * @param {Asked} asked
 * @param {Tell} tell
 */
const askWeights = ({ messages, ...asked }, tell) =>
    send(
        {
            ...asked,
            verb: "ask",
            roles: messages.map(({ role }) => role[0]).join(""),
            texts: messages.map(({ content }) => content),
        },
        tell,
    );

/** @param {Request} request */
async function complete(request) {
    const invalid = () => refuse(400, "invalid_json", "The request's body is no JSON.");
    const body = await request.json().catch(invalid);
    const asked = read(body ?? {});
    const own = builtin?.is(asked.model) && builtin;
    if (!own && !hasSimd) refuse(500, "device_no_simd", NO_SIMD);
    const { signal } = request;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
        const id = `chatcmpl-${Math.random().toString(36).slice(2)}`;
        const frame = { id, created: Math.floor(Date.now() / 1000), model: asked.model };
        const answer = body.stream ? new Streamed(frame, body, () => stop()) : new Whole(frame);
        let isBegun = false;
        // This comes first: a worker that can't start is told at once.
        const abort = () => {
            stop();
            answer.abort(signal.reason);
            reject(signal.reason);
        };
        const stop = (own ? own.ask : askWeights)(asked, (event) => {
            if (event.end || event.error) signal.removeEventListener("abort", abort);
            if (event.error) {
                if (isBegun) answer.fail(refusal(event.error).error);
                if (!isBegun || answer instanceof Whole) reject(refusal(event.error));
                return;
            }
            if (event.begun !== undefined) {
                isBegun = true;
                answer.begin();
                if (answer instanceof Streamed) resolve(answer.response);
            }
            if (event.read !== undefined && body.return_progress) answer.progress(event);
            if (event.text) answer.say(event.text);
            if (event.end) resolve(answer.end(/** @type {End} */ (event)));
        });
        signal.addEventListener("abort", abort, { once: true });
    });
}

/**
 * The counts of an answer, as OpenAI's API names them.
 * @param {End} end
 */
const usage = ({ prompt, cached, answered }) => ({
    prompt_tokens: prompt,
    completion_tokens: answered,
    total_tokens: prompt + answered,
    prompt_tokens_details: { cached_tokens: cached },
});

/** @typedef {{ id: string, created: number, model: string }} Frame The fields of every response. */

/** An answer that is sent when it is complete. */
class Whole {
    text = "";

    /** @param {Frame} frame */
    constructor(frame) {
        this.frame = frame;
    }

    begin() {}
    progress() {}
    fail() {}
    abort() {}

    /** @param {string} text */
    say(text) {
        this.text += text;
    }

    /** @param {End} event */
    end(event) {
        const message = { role: "assistant", content: this.text };
        const choices = [{ index: 0, message, finish_reason: event.end }];
        return json({ ...this.frame, object: "chat.completion", choices, usage: usage(event) });
    }
}

/** A streamed answer: server-sent events, with OpenAI's chunks. */
class Streamed {
    #encoder = new TextEncoder();
    #isOver = false;

    /**
     * `cancel` is called when the reader of the stream cancels it.
     * @param {Frame} frame
     * @param {Record<string, any>} body
     * @param {() => void} cancel
     */
    constructor(frame, body, cancel) {
        this.frame = frame;
        this.usage = !!body.stream_options?.include_usage;
        const stream = new ReadableStream({
            start: (controller) => (this.controller = controller),
            cancel: () => {
                this.#isOver = true;
                cancel();
            },
        });
        this.response = new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    }

    /** @param {string} text */
    #send(text) {
        if (!this.#isOver) this.controller.enqueue(this.#encoder.encode(`data: ${text}\n\n`));
    }

    /**
     * @param {object[]} choices
     * @param {object} [more]
     */
    #chunk(choices, more) {
        // As in OpenAI's API, all chunks have the field if one will fill it.
        const usage = this.usage ? { usage: null } : {};
        const chunk = { ...this.frame, object: "chat.completion.chunk", choices, ...usage, ...more };
        this.#send(JSON.stringify(chunk));
    }

    /**
     * @param {{ role?: string, content?: string }} delta
     * @param {string | null} [finish_reason]
     */
    #choice(delta, finish_reason = null) {
        this.#chunk([{ index: 0, delta, finish_reason }]);
    }

    begin() {
        this.#choice({ role: "assistant", content: "" });
    }

    /**
     * As in llama.cpp's server.
     * @param {Told} event
     */
    progress({ read, of }) {
        const choices = [{ index: 0, delta: {}, finish_reason: null }];
        this.#chunk(choices, { prompt_progress: { total: of, processed: read } });
    }

    /** @param {string} content */
    say(content) {
        this.#choice({ content });
    }

    /** @param {End} event */
    end(event) {
        this.#choice({}, event.end);
        if (this.usage) this.#chunk([], { usage: usage(event) });
        this.#send("[DONE]");
        this.#close();
        return this.response;
    }

    /** @param {Refusal["error"]} error */
    fail(error) {
        this.#send(JSON.stringify({ error }));
        this.#close();
    }

    #close() {
        if (!this.#isOver) this.controller.close();
        this.#isOver = true;
    }

    /** @param {unknown} reason */
    abort(reason) {
        if (!this.#isOver) this.controller.error(reason);
        this.#isOver = true;
    }
}
