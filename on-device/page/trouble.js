// Errors, as the worker reports them to the page.
// @ts-check

/**
 * An error for the page.
 * @typedef {object} Fault
 * @property {string} code
 * @property {string} message Technical words.
 * @property {number} [tokens] Tokens of a request that is too long.
 * @property {number} [most] Tokens that a request may have.
 */

export class Trouble extends Error {
    /**
     * @param {string} code
     * @param {string} [message]
     */
    constructor(code, message = code) {
        super(message);
        this.code = code;
    }
}

/**
 * An error for the page: a code, and a technical message.
 * @param {any} error
 * @returns {Fault}
 */
export const faultOf = (error) => {
    // Storage signals it by a DOMException or, since 2025, by a class of this name.
    const code = error.name === "QuotaExceededError" ? "full" : (error.code ?? "failed");
    return { ...error, code: typeof code === "string" ? code : "failed", message: error.message };
};
