// The page's own endpoint: models that run in this browser, behind the same requests and responses as
// those of a server (`respond`), and which of them are there (`models` and what follows it). What is
// computed and stored, a worker does: device-worker.js. Nothing here throws but for an ended request.

import * as prompt from "./builtin.js";

// A worker that nobody used for so long ends, and gives its memory back.
const IDLE = 10 * 60_000;
// At most so often, in milliseconds, listeners are told of changes.
const PACE = 200;

// The model that the browser itself has, where it has one.
const builtin = globalThis.LanguageModel && prompt;

// The smallest module with an instruction of WebAssembly's 128-bit SIMD: a function with the body
// `i32.const 0, i8x16.splat, drop`. Source: the binary format of the WebAssembly specification.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];
const NO_SIMD = "This browser has no WebAssembly SIMD, which models on this device are computed with. Newer versions have it.";
const hasSimd = !!globalThis.WebAssembly?.validate(new Uint8Array(SIMD));

// The worker and who waits for its answers, by number.
let worker;
const calls = new Map();
let number = 0;
let timer;
let weights = [];

function begin() {
    worker = new Worker(new URL("./device-worker.js", import.meta.url), { type: "module" });
    const own = worker;
    let start;
    // Before it has said so, messages to it would be lost.
    worker.begun = new Promise((resolve) => (start = resolve));
    worker.onmessage = ({ data }) => {
        if (own !== worker) return;
        if (data === "ready") start();
        else if (data?.models) know(data.models);
        else if (data?.id) calls.get(data.id)?.(data);
        else crash(data.crashed);
    };
    // Of a script that can't be fetched, there is no message.
    const missing = { code: "no_program", message: "its program could not be fetched" };
    worker.onerror = ({ message }) =>
        own === worker && crash(message === undefined ? missing : { code: "crashed", message: message || "the worker failed" });
}

// Ends the worker; the next question begins another.
function end() {
    clearTimeout(timer);
    worker?.terminate();
    worker = undefined;
}

const isUnderWay = ({ state }) => state === "fetching" || state === "checking";

function crash(error) {
    end();
    // Nothing else is told: whoever then looks again begins a worker that may fail as well, without end.
    for (const entry of weights.filter(isUnderWay)) {
        changed();
        Object.assign(entry, { state: entry.kept > 0 ? "part" : "absent", error: { ...error }, speed: 0, left: 0 });
    }
    const waiting = [...calls.values()];
    calls.clear();
    for (const tell of waiting) tell({ error });
}

function rest() {
    clearTimeout(timer);
    timer = setTimeout(() => {
        const isBusy = calls.size > 0 || weights.some(isUnderWay);
        // Without a network, another worker may not be had.
        if (isBusy || !navigator.onLine) return rest();
        end();
        // Whoever watches is told of what other tabs do, too; without a model, it takes little memory.
        if (listeners.size > 0) call("models");
    }, IDLE);
}

// Sends something to the worker, which answers to `tell` until it has said `done`, `end` or `error`.
function send(message, tell) {
    try {
        if (!worker) begin();
    } catch (error) {
        worker = undefined;
        tell({ error: { code: "no_program", message: error.message } });
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
    const to = worker;
    to.begun.then(() => to.postMessage({ ...message, id }));
    return () => to.begun.then(() => to.postMessage({ verb: "stop", of: id }));
}

// Asks the worker something that has one answer: `{error}` where it has failed.
const call = (verb, argument) => new Promise((resolve) => send({ verb, ...argument }, ({ done, error }) => resolve(done ?? { error })));

// What the panel shows.

const listeners = new Set();
let told = 0;
let telling;

// As JSON.
function list() {
    const own = builtin?.entry();
    const lack = hasSimd ? undefined : { code: "no_simd", message: "" };
    const all = weights.map((entry) => (lack ? { ...entry, error: lack } : entry));
    return JSON.stringify(own ? [...all, own] : all);
}

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

function know(models) {
    weights = models;
    changed();
}

// What can be had and what is there: a list of {id, kind, size, kept, state, speed, left, error, file,
// store, context} as JSON. `size` and `kept` are in bytes, `speed` in bytes a second, `left` in seconds,
// `context` in tokens; the model of the browser itself, of the kind "browser", has a size of 1.
export async function models() {
    await look();
    return list();
}

// Whether nothing can be run here, as far as was seen.
export const isMissing = () => isLacking;
let isLacking = false;

// Gives what went wrong.
async function look() {
    const [{ models, error }] = await Promise.all([call("models"), builtin?.look()]);
    if (models) weights = models;
    isLacking = error?.code === "no_program";
    return error;
}

// Tells the same list whenever it has changed, until what is given back is called.
export function watch(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

// Each is done once it has ended, in whichever way: that is in the list.

export async function fetchWeights(id) {
    if (builtin?.is(id)) await builtin.fetch(changed);
    else if (hasSimd) await call("fetch", { model: id });
}

export async function cancel(id) {
    if (builtin?.is(id)) builtin.cancel();
    else await call("cancel", { model: id });
}

export async function remove(id) {
    if (!builtin?.is(id)) await call("remove", { model: id });
}

// Takes in a file of weights that the reader picked, and gives {id} or {error: {code, message}} as JSON.
export async function add(file) {
    if (!hasSimd) return JSON.stringify({ error: { code: "no_simd", message: NO_SIMD } });
    return JSON.stringify(await call("add", { file }));
}

// What a server would do.

// What is answered with instead. Source of the shape: OpenAI's API reference, «Error codes»; of the
// numbers beside it, llama.cpp's server.
class Refusal extends Error {
    constructor(status, code, message, more) {
        super(message);
        this.status = status;
        const type = status < 500 ? "invalid_request_error" : "server_error";
        this.error = { message, type, code, ...more };
    }
}

const refuse = (...what) => {
    throw new Refusal(...what);
};

// What is told in the page's own words: see `view::explain`.
const DEVICE = ["not_gguf", "cut", "damaged", "unsupported", "too_large", "no_simd", "no_storage", "no_program", "full", "failed"];

// What the worker, or the browser's model, could not do.
function refusal({ code, message, tokens, most }) {
    if (code === "model_not_found") return new Refusal(404, "weights_missing", message);
    if (code === "out_of_memory") return new Refusal(500, "model_crashed", "The model needs more memory than this browser gives it.");
    if (code === "crashed") return new Refusal(500, "model_crashed", `The model's program ended: ${message}.`);
    if (DEVICE.includes(code)) return new Refusal(500, `device_${code}`, message || code);
    if (code !== "context_length_exceeded") return new Refusal(500, code, message);
    const words = `This model's maximum context length is ${most} tokens. However, your messages resulted in ${tokens} tokens.`;
    return new Refusal(400, code, words, { n_prompt_tokens: tokens, n_ctx: most });
}

const json = (value, status = 200) =>
    new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });

// Answers a request for on-device:/models or on-device:/chat/completions as a server would. Rejects, or
// lets the body fail, where the request's signal ends it.
export async function respond(request) {
    try {
        const path = new URL(request.url).pathname;
        if (path.endsWith("/models")) return await listed();
        if (path.endsWith("/chat/completions") && request.method === "POST") return await complete(request);
        return refuse(404, "not_found", `There is no ${request.method} ${path} on this device.`);
    } catch (error) {
        if (request.signal.aborted) throw request.signal.reason;
        if (error instanceof Refusal) return json({ error: error.error }, error.status);
        return json({ error: { message: error.message, type: "server_error", code: "failed" } }, 500);
    }
}

// Only what can answer now.
async function listed() {
    const error = await look();
    if (error) throw refusal(error);
    const all = JSON.parse(list());
    if (!hasSimd && !all.some(({ kind }) => kind === "browser")) refuse(500, "device_no_simd", NO_SIMD);
    const ready = all.filter(({ state, error }) => state === "ready" && error?.code !== "no_simd");
    if (ready.some(({ kind }) => kind === "weights")) call("prepare");
    const data = ready.map(({ id, context }) => ({ id, object: "model", owned_by: "on-device", context_length: context, architecture: { input_modalities: ["text"] } }));
    return json({ object: "list", data });
}

// The parameters that are numbers, with the least and the most that they can be; NaN stands for what a
// request says nothing of. The order is that of `ask` in main.rs.
const NUMBERS = [
    [["temperature"], 0, 100],
    [["top_k"], 0, 2 ** 31],
    [["top_p"], 0, 1],
    [["min_p"], 0, 1],
    [["repetition_penalty", "repeat_penalty"], 0.01, 100],
    [["frequency_penalty"], -100, 100],
    [["presence_penalty"], -100, 100],
];

function numberOf(body, names, least, most) {
    const name = names.find((name) => (body[name] ?? null) !== null);
    if (!name) return NaN;
    const value = body[name];
    if (typeof value === "number" && value >= least && value <= most) return value;
    return refuse(400, "invalid_value", `'${name}' must be a number from ${least} to ${most}.`, { param: name });
}

// Reads the body of a request for a chat completion. Source: OpenAI's API reference, «Create chat
// completion»; top_k, min_p and the penalties are llama.cpp's.
function read(body) {
    const bad = (param, message) => refuse(400, "invalid_value", message, { param });
    if (typeof body.model !== "string") bad("model", "'model' must name a model.");
    if (!Array.isArray(body.messages) || !body.messages.length) bad("messages", "'messages' must be a list of messages.");
    for (const name of ["tools", "functions", "logprobs", "audio"])
        if (body[name] === true || body[name]?.length > 0) bad(name, `'${name}' can't be used with models on this device.`);
    if ((body.response_format?.type ?? "text") !== "text") bad("response_format", "'response_format' can only be text on this device.");
    if ((body.n ?? 1) !== 1) bad("n", "'n' can only be 1 on this device.");
    const messages = body.messages.map(({ role, content }) => {
        const kind = { system: "system", developer: "system", user: "user", assistant: "assistant" }[role];
        if (!kind) bad("messages", `'messages' can't have the role '${role}' on this device.`);
        const parts = Array.isArray(content) ? content : [{ type: "text", text: content ?? "" }];
        const text = parts.map(({ type, text }) => {
            if (type !== "text") bad("messages", type === "image_url" ? "Models on this device do not support image input." : `Models on this device read text only, and no '${type}'.`);
            return typeof text === "string" ? text : bad("messages", "The content of a message must be text.");
        });
        return { role: kind, content: text.join("\n") };
    });
    const given = body.stop ?? [];
    const stops = Array.isArray(given) ? given : [given];
    if (stops.some((stop) => typeof stop !== "string") || stops.length > 64) bad("stop", "'stop' must be a text or a list of texts.");
    const most = ["max_completion_tokens", "max_tokens"].map((name) => numberOf(body, [name], -1, 2 ** 53));
    const seed = numberOf(body, ["seed"], -(2 ** 63), 2 ** 64);
    return {
        model: body.model,
        messages,
        sampling: Float32Array.from(NUMBERS, ([names, least, most]) => numberOf(body, names, least, most)),
        // As llama.cpp has it, a negative seed is any.
        seed: seed >= 0 ? seed : crypto.getRandomValues(new Uint32Array(1))[0],
        // As llama.cpp has it, -1 is what the context leaves.
        most: Math.max(0, most.find((most) => most >= 0) ?? 0),
        stops: stops.filter((stop) => stop),
    };
}

// Asks the worker, which tells of `begun`, `text` and `end`; gives what stops it.
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

async function complete(request) {
    const body = await request.json().catch(() => refuse(400, "invalid_json", "The request's body is no JSON."));
    const asked = read(body ?? {});
    const isOwn = builtin?.is(asked.model);
    if (!isOwn && !hasSimd) refuse(500, "device_no_simd", NO_SIMD);
    const { signal } = request;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
        const frame = { id: `chatcmpl-${Math.random().toString(36).slice(2)}`, created: Math.floor(Date.now() / 1000), model: asked.model };
        const answer = body.stream ? new Streamed(frame, body, () => stop()) : new Whole(frame);
        let isBegun = false;
        const stop = (isOwn ? builtin.ask : askWeights)(asked, (event) => {
            if (event.end || event.error) signal.removeEventListener("abort", abort);
            if (event.error) {
                if (isBegun) answer.fail(refusal(event.error).error);
                if (!isBegun || answer.isWhole) reject(refusal(event.error));
                return;
            }
            if (event.begun !== undefined) {
                isBegun = true;
                answer.begin();
                if (body.stream) resolve(answer.response);
            }
            if (event.read !== undefined && body.return_progress) answer.progress(event);
            if (event.text) answer.say(event.text);
            if (event.end) resolve(answer.end(event));
        });
        const abort = () => {
            stop();
            answer.abort(signal.reason);
            reject(signal.reason);
        };
        signal.addEventListener("abort", abort, { once: true });
    });
}

const usage = ({ prompt, cached, answered }) => ({
    prompt_tokens: prompt,
    completion_tokens: answered,
    total_tokens: prompt + answered,
    prompt_tokens_details: { cached_tokens: cached },
});

// An answer that is given once it is whole.
class Whole {
    isWhole = true;
    text = "";

    constructor(frame) {
        this.frame = frame;
    }

    begin() {}
    progress() {}
    fail() {}
    abort() {}

    say(text) {
        this.text += text;
    }

    end(event) {
        const message = { role: "assistant", content: this.text };
        const choices = [{ index: 0, message, finish_reason: event.end }];
        return json({ ...this.frame, object: "chat.completion", choices, usage: usage(event) });
    }
}

// An answer as it comes: server-sent events, with OpenAI's chunks.
class Streamed {
    #encoder = new TextEncoder();
    #isOver = false;

    // `cancel` is called where nobody reads it any more.
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

    #send(text) {
        if (!this.#isOver) this.controller.enqueue(this.#encoder.encode(`data: ${text}\n\n`));
    }

    #chunk(choices, more) {
        // As OpenAI has it, all chunks have the field where one will have it.
        const usage = this.usage ? { usage: null } : {};
        this.#send(JSON.stringify({ ...this.frame, object: "chat.completion.chunk", choices, ...usage, ...more }));
    }

    #choice(delta, finish_reason = null) {
        this.#chunk([{ index: 0, delta, finish_reason }]);
    }

    begin() {
        this.#choice({ role: "assistant", content: "" });
    }

    // As llama.cpp's server has it.
    progress({ read, of }) {
        const choices = [{ index: 0, delta: {}, finish_reason: null }];
        this.#chunk(choices, { prompt_progress: { total: of, processed: read } });
    }

    say(content) {
        this.#choice({ content });
    }

    end(event) {
        this.#choice({}, event.end);
        if (this.usage) this.#chunk([], { usage: usage(event) });
        this.#send("[DONE]");
        this.#close();
        return this.response;
    }

    fail(error) {
        this.#send(JSON.stringify({ error }));
        this.#close();
    }

    #close() {
        if (!this.#isOver) this.controller.close();
        this.#isOver = true;
    }

    abort(reason) {
        if (!this.#isOver) this.controller.error(reason);
        this.#isOver = true;
    }
}
