// The page's own endpoint: serves the models of this browser with a server's requests and responses
// (`respond`; request.js, response.js and refusal.js have their format) and lists them (`models` and the
// functions after it). The worker device-worker.js computes and stores. Nothing here throws except for an
// aborted request.
// @ts-check
/** @import { Model } from "./model.js" */
/** @import { Asked } from "./request.js" */
/** @import { End, Tell } from "./response.js" */
/** @import { Fault } from "./trouble.js" */
import * as prompt from "./builtin.js";
import { Refusal, refusal, refuse } from "./refusal.js";
import { read } from "./request.js";
import { Streamed, Whole, json } from "./response.js";

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
