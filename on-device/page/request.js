// Reads a request for an answer, as servers take it.
// @ts-check
import { refuse } from "./refusal.js";

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
export function read(body) {
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
