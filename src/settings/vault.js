// The vault: tokens, encrypted with a passphrase. `src/storage/keys.js`, here `keys`, holds the open vault;
// the key never leaves this module, and can't be exported from the browser. The vault is stored as
// `{version, kdf, iterations, salt, iv, data, of, idle, at}`: `data` is AES-GCM over the JSON
// `{endpoint: {origin, token}}`, `of` lists in plain text the endpoints and origins with a token, `idle` is
// the number of minutes until it locks, `at` is the time of writing, in milliseconds since 1970.
// @ts-check
/** @import { Entry, Opened, Stored, Tokens } from "../storage/keys.js" */

/** @typedef {Omit<Stored, "iv" | "data" | "of">} Frame A vault without its content. */

// OWASP's figure for PBKDF2 with HMAC-SHA-256, Password Storage Cheat Sheet, 2023.
const ITERATIONS = 600_000;
const MINUTE = 60_000;
const IDLE = 15;

/** @type {typeof import("../storage/keys.js")} */
let keys;
// All tabs of the page lock their vaults together.
const channel = globalThis.BroadcastChannel && new BroadcastChannel("collate.vault");

/**
 * Starts this module, once.
 * @param {typeof import("../storage/keys.js")} holder
 */
export function begin(holder) {
    keys = holder;
    for (const event of ["pointerdown", "pointermove", "wheel", "keydown"])
        addEventListener(event, keys.touch, { capture: true, passive: true });
    // An unused vault locks even if no event comes.
    setInterval(keys.isOpen, 1000);
    if (channel) channel.onmessage = keys.lock;
}

const bytes = (/** @type {string} */ text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const base64 = (/** @type {Uint8Array} */ bytes) =>
    btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/**
 * @param {string} passphrase
 * @param {string} salt In Base64.
 * @param {number} iterations
 */
async function derive(passphrase, salt, iterations) {
    // The same letters have more than one encoding.
    const typed = new TextEncoder().encode(passphrase.normalize("NFC"));
    const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations };
    const kind = { name: "AES-GCM", length: 256 };
    return crypto.subtle.deriveKey(how, base, kind, false, ["encrypt", "decrypt"]);
}

/**
 * The tokens in a vault, except those struck from its list. GCM fails with a wrong key.
 * @param {CryptoKey} key
 * @param {Stored} it
 * @returns {Promise<Tokens>}
 */
async function decrypt(key, it) {
    const data = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(it.iv) }, key, bytes(it.data));
    /** @type {Tokens} */
    const all = JSON.parse(new TextDecoder().decode(data));
    return Object.fromEntries(Object.entries(all).filter(([id]) => id in it.of));
}

/**
 * @param {CryptoKey} key
 * @param {Frame} frame
 * @param {Tokens} tokens
 * @returns {Promise<Stored>}
 */
async function encrypt(key, frame, tokens) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(tokens));
    const data = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text));
    const of = Object.fromEntries(Object.entries(tokens).map(([id, { origin }]) => [id, origin]));
    return { ...frame, iv: base64(iv), data: base64(data), of };
}

/**
 * A new vault.
 * @param {number | undefined} idle In minutes.
 * @returns {Frame}
 */
const fresh = (idle) => ({
    version: 1,
    kdf: "PBKDF2-HMAC-SHA-256",
    iterations: ITERATIONS,
    salt: base64(crypto.getRandomValues(new Uint8Array(16))),
    idle,
});

/**
 * An open vault, as `keys.js` holds it.
 * @param {CryptoKey} key
 * @param {Frame} frame
 * @param {Tokens} tokens
 */
function hold(key, { salt, idle }, tokens) {
    /**
     * Entries not written yet.
     * @type {Map<string, Entry | undefined>}
     */
    const pending = new Map();
    const take = (/** @type {Tokens} */ tokens) => {
        for (const [id, entry] of pending) {
            if (entry) tokens[id] = entry;
            else delete tokens[id];
        }
        return (it.tokens = tokens);
    };
    // The stored state of the same vault.
    const current = () => {
        const now = keys.stored();
        if (now?.salt !== salt) throw new Gone();
        return now;
    };
    /** @type {Opened} */
    const it = {
        tokens,
        touched: Date.now(),
        idle: (idle || IDLE) * MINUTE,
        failed: false,
        // Writes or removes one token; a failed write is tried again with the next.
        write(id, entry) {
            pending.set(id, entry);
            return keys.alone(async () => {
                const now = current();
                const tokens = take(await decrypt(key, now));
                const written = [...pending];
                keys.store(await encrypt(key, now, tokens));
                for (const [id, entry] of written) if (pending.get(id) === entry) pending.delete(id);
                it.failed = false;
            }).catch(() => (it.failed = true));
        },
        // Rereads after another tab's write.
        reread: () =>
            keys.alone(async () => {
                const now = current();
                it.idle = (now.idle || IDLE) * MINUTE;
                take(await decrypt(key, now));
            }).then(
                () => keys.opened() === it && keys.open(it),
                () => keys.opened() === it && keys.lock(),
            ),
        // Encrypts the vault with another passphrase.
        reseal: (passphrase) =>
            keys.alone(async () => {
                const now = current();
                const frame = fresh(now.idle);
                const other = await derive(passphrase, frame.salt, frame.iterations);
                const tokens = take(await decrypt(key, now));
                keys.store(await encrypt(other, frame, tokens));
                keys.open(hold(other, frame, tokens));
            }),
    };
    return it;
}

/** Another tab has made another vault, or changed the passphrase of this one. */
class Gone extends Error {}

// Each of these returns an error as a word, or nothing.

/** @param {string} passphrase */
export async function create(passphrase) {
    const frame = fresh(IDLE);
    const key = await derive(passphrase, frame.salt, frame.iterations);
    return keys.alone(async () => {
        // Reading a damaged vault sets it aside.
        keys.stored();
        if (keys.isTaken()) return "taken";
        keys.store(await encrypt(key, frame, {}));
        keys.open(hold(key, frame, {}));
    }).catch(() => "full");
}

/** @param {string} passphrase */
export async function unlock(passphrase) {
    const it = keys.stored();
    if (!it) return "gone";
    if (it.version !== 1) return "newer";
    try {
        const key = await derive(passphrase, it.salt, it.iterations);
        return await keys.alone(async () => {
            // Meanwhile another tab may have written.
            const now = keys.stored();
            if (!now) return "gone";
            keys.open(hold(key, now, await decrypt(key, now)));
        });
    } catch {
        return "wrong";
    }
}

/** @param {string} passphrase */
export async function change(passphrase) {
    const opened = keys.opened();
    if (!opened) return "locked";
    return opened.reseal(passphrase).catch((error) => (error instanceof Gone ? "gone" : "full"));
}

export function lock() {
    keys.lock();
    channel?.postMessage("lock");
}

// What can't be deleted is locked at least.
export const destroy = () => keys.alone(keys.destroy).catch(() => {}).then(keys.lock);

export const idle = () => keys.stored()?.idle || IDLE;

/**
 * Without space for it, the old value stays.
 * @param {number} minutes
 */
export const setIdle = (minutes) =>
    keys.alone(() => {
        const it = keys.stored();
        if (it?.version !== 1) return;
        keys.store({ ...it, idle: minutes });
        const opened = keys.opened();
        if (opened) opened.idle = minutes * MINUTE;
    }).catch(() => {});

/** Returns whether a write of the open vault has failed. */
export const hasFailed = () => !!keys.opened()?.failed;
