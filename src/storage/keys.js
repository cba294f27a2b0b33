// Tokens that are not kept with their endpoints: those of this tab, and those of the vault while it
// is open. `src/settings/vault.js` encrypts them.
// @ts-check
import { ASIDE, PREFIX } from "../../public/constants.js";
import { drop, put as putAgain } from "./journal.js";
import * as self from "./keys.js";

/**
 * A token, with the origin that it was typed for.
 * @typedef {{ origin: string, token: string }} Entry
 */

/** @typedef {Record<string, Entry>} Tokens Tokens by endpoint identifier. */

/** @typedef {"tab" | "vault" | "browser" | ""} Keep The place of a token; "" for none. */

/**
 * The vault as it is stored: see `vault.js`.
 * @typedef {object} Stored
 * @property {number} version
 * @property {string} kdf
 * @property {number} iterations
 * @property {string} salt In Base64, as are `iv` and `data`.
 * @property {string} iv
 * @property {string} data
 * @property {Record<string, string>} of The origins by endpoint identifier.
 * @property {number} [idle] In minutes.
 * @property {number} [at] In milliseconds since 1970.
 */

/**
 * The open vault: see `vault.js`.
 * @typedef {object} Opened
 * @property {Tokens} tokens
 * @property {number} touched Time of the last activity, in milliseconds since 1970.
 * @property {number} idle In milliseconds.
 * @property {boolean} failed
 * @property {(id: string, entry?: Entry) => Promise<unknown>} write
 * @property {() => Promise<unknown>} reread
 * @property {(passphrase: string) => Promise<void>} reseal
 */

const TAB = "collate.keys";
const VAULT = `${PREFIX}vault`;
const ENDPOINTS = `${PREFIX}endpoints`;

/** @type {Set<() => void>} */
const listeners = new Set();
export const listen = (/** @type {() => void} */ listener) => listeners.add(listener);
// Deferred, because the caller is not done yet.
const tell = () => queueMicrotask(() => listeners.forEach((listener) => listener()));

/**
 * If the browser grants no storage, the tokens of a tab last as long as its page.
 * @template T
 * @param {() => T} act
 * @returns {T | undefined}
 */
const attempt = (act) => {
    try {
        return act();
    } catch {}
};

/**
 * This tab's tokens.
 * @type {Tokens}
 */
const tab = { ...attempt(() => JSON.parse(sessionStorage.getItem(TAB) ?? "null")) };
/** @type {Opened | undefined} */
let vault;

const isRecord = (/** @type {any} */ it) =>
    it?.version > 1 ||
    (Number.isSafeInteger(it?.iterations) &&
        [it.salt, it.iv, it.data].every((text) => typeof text === "string") &&
        it.of instanceof Object);

/**
 * Returns the stored vault. An unreadable one is moved out of the way, unchanged.
 * @returns {Stored | undefined}
 */
export function stored() {
    const text = attempt(() => localStorage.getItem(VAULT));
    if (!text) return;
    const it = attempt(() => JSON.parse(text));
    if (isRecord(it)) return { ...it, of: Object(it.of) };
    attempt(() => {
        // Without space for it, it stays where it is.
        localStorage.setItem(`${ASIDE}${new Date().toISOString()}.${VAULT}`, text);
        localStorage.removeItem(VAULT);
    });
}

/**
 * Writes the vault and its second copy; throws if there is no space.
 * @param {Stored} it
 */
export function store(it) {
    const text = JSON.stringify({ ...it, at: Date.now() });
    putAgain(VAULT, text);
    localStorage.setItem(VAULT, text);
}

/** Deletes the vault; a damaged one that could not be set aside stays. */
export function destroy() {
    if (!stored()) return;
    drop(VAULT);
    localStorage.removeItem(VAULT);
}

/**
 * One tab changes the vault at a time, on top of the previous change.
 * @template T
 * @param {() => T | Promise<T>} act
 * @returns {Promise<T>}
 */
export const alone = async (act) => navigator.locks.request("collate.vault", act);

/** Returns whether there is a value that must not be overwritten. */
export const isTaken = () => localStorage.getItem(VAULT) !== null;

/** @param {Opened} opened */
export function open(opened) {
    vault = opened;
    tell();
}

export const opened = () => (isOpen() ? vault : undefined);

export function lock() {
    vault = undefined;
    tell();
}

/**
 * Returns whether the vault is open. Timers stop while a machine sleeps, so the time is checked,
 * before any use of the tokens, too.
 */
export function isOpen() {
    if (vault && Math.abs(Date.now() - vault.touched) >= vault.idle) lock();
    return !!vault;
}

/** Records activity of the user. */
export function touch() {
    const it = opened();
    if (it) it.touched = Date.now();
}

export const state = () => (isOpen() ? "open" : stored() ? "locked" : "none");

/** Tokens that are about to be struck from the list of the locked vault. */
const struck = new Set();

/** The origins by endpoint in a locked vault. */
const listed = () => {
    const of = { ...stored()?.of };
    for (const id of struck) delete of[id];
    return of;
};

/** The endpoints whose tokens are in the vault. */
export const ids = () => Object.keys(opened()?.tokens ?? listed());

/**
 * The token of an endpoint, if it was typed for the endpoint's current server.
 * @param {string} id
 * @param {string} origin
 * @param {Keep} keep
 */
export function token(id, origin, keep) {
    touch();
    const held = (keep === "tab" ? tab : vault?.tokens)?.[id];
    return held?.origin === origin && typeof held.token === "string" ? held.token : undefined;
}

/**
 * Returns whether the token of an endpoint is in the vault, which is locked.
 * @param {string} id
 * @param {string} origin
 */
export const isLocked = (id, origin) => !isOpen() && listed()[id] === origin;

/**
 * Keeps the token of an endpoint in exactly one place. Without a new token, the old one stays if it
 * was typed for this place and this server.
 * @param {string} id
 * @param {string} origin
 * @param {Keep} keep
 * @param {string} [token]
 */
export function put(id, origin, keep, token) {
    const entry = token ? { origin, token } : undefined;
    if (keep === "tab" && entry) tab[id] = entry;
    else if (keep !== "tab" || tab[id]?.origin !== origin) delete tab[id];
    if (Object.keys(tab).length) attempt(() => sessionStorage.setItem(TAB, JSON.stringify(tab)));
    else attempt(() => sessionStorage.removeItem(TAB));
    const it = opened();
    const of = it ? it.tokens[id]?.origin : listed()[id];
    if (keep === "vault" && entry) change(id, entry);
    else if (of !== undefined && (keep !== "vault" || of !== origin)) change(id);
    tell();
}

/**
 * Changes or deletes a token in the vault.
 * @param {string} id
 * @param {Entry} [entry]
 */
function change(id, entry) {
    const now = opened();
    if (now) {
        if (entry) now.tokens[id] = entry;
        else delete now.tokens[id];
        now.write(id, entry).then(tell);
        return;
    }
    // In a locked vault, tokens struck from its list are deleted when it is opened.
    if (entry) return;
    const seen = listed()[id];
    struck.add(id);
    const strike = () => {
        const it = stored();
        // Another tab may have written a newer token.
        if (it?.version !== 1 || it.of[id] !== seen) return;
        delete it.of[id];
        store(it);
    };
    // The vault may have opened meanwhile. Without space, the token stays.
    alone(strike)
        .catch(() => {})
        .then(() => struck.delete(id))
        .then(() => opened()?.reread())
        .then(tell);
}

/**
 * Deletes the tokens of deleted endpoints when a page begins: those endpoints can't be restored any
 * more.
 */
export function sweep() {
    const list = attempt(() => JSON.parse(localStorage.getItem(ENDPOINTS) ?? "null").list);
    if (!Array.isArray(list)) return;
    const is = (/** @type {string} */ id) => list.some((endpoint) => endpoint?.id === id);
    for (const id of [...Object.keys(tab), ...ids()]) if (!is(id)) put(id, "", "");
}

/** Browsers encrypt only for pages that came over HTTPS or from this machine. */
export const can = () => !!(globalThis.isSecureContext && crypto.subtle && navigator.locks);

/** All functions of this module, for the one that encrypts. */
export const holder = () => self;

// Another tab has changed the vault or cleared the storage.
globalThis.addEventListener?.("storage", (event) => {
    const { key } = /** @type {StorageEvent} */ (event);
    if (key !== VAULT && key !== null) return;
    opened()?.reread();
    tell();
});
