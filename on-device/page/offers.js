// The list of available models.
// @ts-check
import { beside } from "./place.js";

/**
 * An available model, as models.json describes it.
 * @typedef {object} Offer
 * @property {string} id
 * @property {number} size In bytes.
 * @property {string} sha256 In lower-case hexadecimal digits.
 * @property {string[]} sources Addresses; relative ones are relative to the page.
 * @property {number} [context] In tokens.
 */

// Timeout for the list, in milliseconds.
const TIMEOUT = 8000;

/**
 * Fetches the list; undefined if it can't be had. The site's operator can change it without a new page
 * version.
 * @returns {Promise<Offer[] | undefined>}
 */
export async function offered() {
    try {
        // Stored models must not wait for it any longer.
        const signal = AbortSignal.timeout(TIMEOUT);
        const response = await fetch(beside("./models.json"), { cache: "no-cache", signal });
        /** @type {{ models: Offer[] }} */
        const { models } = await response.json();
        return models.filter(
            ({ id, size, sha256, sources }) =>
                typeof id === "string" &&
                size > 0 &&
                /^[0-9a-f]{64}$/.test(sha256) &&
                Array.isArray(sources),
        );
    } catch {
        // It is fetched again later; stored models work without it.
        return undefined;
    }
}
