// Errors of the page's own endpoint, as a server's responses.
// @ts-check
/** @import { Fault } from "./trouble.js" */

/**
 * An error response. Source of its format: OpenAI's API reference, «Error codes»; of the additional
 * numbers: llama.cpp's server.
 */
export class Refusal extends Error {
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
export const refuse = (...what) => {
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
export function refusal({ code, message, tokens, most }) {
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
