// A model, as the page lists it and as a tab knows it.
// @ts-check
/** @import { Offer } from "./offers.js" */
/** @import { Fault } from "./trouble.js" */

/**
 * The state of a model's file: `part` after a download that was cut off, `elsewhere` while another tab works
 * on it.
 * @typedef {"absent" | "part" | "fetching" | "checking" | "ready" | "elsewhere"} State
 */

/**
 * A model in the page's list.
 * @typedef {object} Model
 * @property {string} id
 * @property {"weights" | "browser"} kind
 * @property {number} size In bytes; 1 for the browser's own model.
 * @property {number} kept In bytes.
 * @property {State} state
 * @property {number} speed In bytes per second.
 * @property {number} left In seconds.
 * @property {Fault | null} error
 * @property {boolean} file True for a file that the user picked.
 * @property {"opfs" | "cache" | null} store
 * @property {number} [context] In tokens.
 */

/**
 * A model as this tab knows it.
 * @typedef {object} Entry
 * @property {string} id
 * @property {number} size In bytes.
 * @property {number} kept In bytes.
 * @property {State} state
 * @property {number} speed In bytes per second.
 * @property {number} left In seconds.
 * @property {Fault | null} error
 * @property {boolean} file
 * @property {number} [context] In tokens.
 * @property {Offer} [offer]
 * @property {boolean} [isBusy] True while this tab works on it.
 * @property {AbortController} [abort] Ends the work of this tab.
 * @property {Promise<void>} [ending] Resolves at the end of the work of this tab.
 * @property {Promise<void>} [waits] Resolves after the work of another tab.
 */

/**
 * The entry of a model that nothing is known of.
 * @param {string} id
 * @returns {Entry}
 */
export const unknown = (id) => ({
    id,
    size: 0,
    kept: 0,
    state: "absent",
    speed: 0,
    left: 0,
    error: null,
    file: false,
});

/**
 * An entry for the page's list.
 * @param {Entry} entry
 * @param {Model["store"]} store
 * @returns {Model}
 */
export const shown = ({ id, size, kept, state, speed, left, error, file, context }, store) => ({
    ...{ id, kind: "weights", size, kept, state, speed, left, error, file, context },
    store,
});
