// The browser's built-in model, through Chrome's Prompt API. Source: the explainer and the specification of
// the Web Machine Learning community group, «Prompt API».
// @ts-check
/** @import { Model, State } from "./model.js" */
/** @import { Asked } from "./request.js" */
/** @import { Tell } from "./response.js" */
/** @import { Fault } from "./trouble.js" */
import { unknown } from "./model.js";

const ID = "Gemini Nano (Chrome)";
/** @type {Model} */
const NONE = { ...unknown(ID), kind: "browser", size: 1, store: null };
/** @type {Model | undefined} */
let found;
/** @type {AbortController | undefined} */
let fetching;
let isUnavailable = false;

/** @param {string} id */
export const is = (id) => id === ID;
/** Its entry in the list of models; undefined if the browser has none. */
export const entry = () => found;

/** Checks for the model. */
export async function look() {
    // If it's unavailable now, it stays so on this page, and every check logs a warning.
    if (fetching || isUnavailable) return;
    const availability = await LanguageModel.availability().catch(() => "unavailable");
    if (fetching) return;
    isUnavailable = availability === "unavailable";
    /** @type {Partial<Record<string, State>>} */
    const states = { available: "ready", downloadable: "absent", downloading: "absent" };
    const state = states[availability];
    const isReady = state === "ready";
    const error = isReady ? null : (found?.error ?? null);
    found = state && { ...NONE, state, kept: isReady ? 1 : 0, error };
}

/**
 * Lets the browser download the model, which it allows only right after a click.
 * @param {() => void} changed
 */
export async function fetch(changed) {
    if (fetching || !found) return;
    // Nothing replaces the entry during a download.
    const model = found;
    fetching = new AbortController();
    const { signal } = fetching;
    Object.assign(model, { state: "fetching", error: null });
    changed();
    /** @param {LanguageModelMonitor} monitor */
    const monitor = (monitor) =>
        monitor.addEventListener("downloadprogress", ({ loaded }) => {
            model.kept = loaded;
            changed();
        });
    /** @type {Fault | null} */
    let error = null;
    try {
        (await LanguageModel.create({ signal, monitor })).destroy();
    } catch (fault) {
        if (!signal.aborted) error = faultOf(fault);
    }
    fetching = undefined;
    await look();
    if (found) found.error = error;
    changed();
}

export const cancel = () => fetching?.abort();

/**
 * @param {any} error
 * @returns {Fault}
 */
const faultOf = (error) => {
    if (error.name === "QuotaExceededError")
        return {
            code: "context_length_exceeded",
            message: error.message,
            tokens: Math.ceil(error.requested ?? 0),
            most: error.quota ?? 0,
        };
    if (error.name === "NetworkError") return { code: "unreachable", message: error.message };
    return { code: error.name ?? "failed", message: error.message };
};

/**
 * Temperature and top-k must be set together, and only if the browser lets pages set them.
 * @param {Float32Array} sampling
 */
async function choices([temperature, topK]) {
    const params = await LanguageModel.params?.().catch(() => {});
    if (!params || (Number.isNaN(temperature) && !(topK > 0))) return {};
    return {
        temperature: Math.min(
            Number.isNaN(temperature) ? params.defaultTemperature : temperature,
            params.maxTemperature,
        ),
        topK: Math.min(topK > 0 ? topK : params.defaultTopK, params.maxTopK),
    };
}

/**
 * The tokens of a session so far. Older versions use another name.
 * @param {LanguageModel} session
 */
const used = (session) => session.contextUsage ?? session.inputUsage ?? 0;

/**
 * Answers, with the same events as the worker; returns a function that stops it.
 * @param {Asked} asked
 * @param {Tell} tell
 */
export function ask(asked, tell) {
    const abort = new AbortController();
    const { signal } = abort;
    answer(asked, signal, tell).catch((error) => {
        if (!signal.aborted) tell({ error: faultOf(error) });
    });
    return () => abort.abort();
}

/**
 * @param {Asked} asked
 * @param {AbortSignal} signal
 * @param {Tell} tell
 */
async function answer({ messages, sampling, most, stops }, signal, tell) {
    await look();
    if (found?.state !== "ready") {
        tell({ error: { code: "model_not_found", message: `${ID} is not in this browser.` } });
        return;
    }
    // The prompt is the last message, and the start of its answer if there is one.
    const isBegun = messages.length > 1 && messages.at(-1)?.role === "assistant";
    const at = messages.length - (isBegun ? 2 : 1);
    const last = messages
        .slice(at)
        .map((message) => (message.role === "assistant" ? { ...message, prefix: true } : message));
    const initialPrompts = messages.slice(0, at);
    const session = await LanguageModel.create({ initialPrompts, signal, ...(await choices(sampling)) });
    try {
        const measure = session.measureContextUsage ?? session.measureInputUsage;
        const prompt = Math.round(used(session) + ((await measure?.call(session, last, { signal })) ?? 0));
        const window = session.contextWindow ?? session.inputQuota ?? Infinity;
        if (prompt >= window) {
            tell({ error: { code: "context_length_exceeded", message: "", tokens: prompt, most: window } });
            return;
        }
        tell({ begun: prompt });
        // Chrome sends about one token at a time, and gives no count before the end.
        let answered = 0;
        let end = "stop";
        let held = "";
        for await (const piece of session.promptStreaming(last, { signal })) {
            held += piece;
            answered += 1;
            const stop = Math.min(...stops.map((stop) => held.indexOf(stop)).filter((at) => at >= 0));
            if (stop < Infinity) {
                held = held.slice(0, stop);
                break;
            }
            const text = held.slice(0, held.length - holding(held, stops));
            held = held.slice(text.length);
            if (text) tell({ text });
            if (answered === most) {
                end = "length";
                break;
            }
        }
        answered = Math.max(answered, Math.round(used(session)) - prompt);
        tell({ text: held, end, prompt, cached: 0, answered });
    } finally {
        session.destroy();
    }
}

/**
 * Number of characters at the end of a text that may start one of these stop strings.
 * @param {string} text
 * @param {string[]} stops
 */
function holding(text, stops) {
    let most = 0;
    for (const stop of stops)
        for (let size = Math.min(stop.length - 1, text.length); size > most; size -= 1)
            if (stop.startsWith(text.slice(-size))) most = size;
    return most;
}
