// The vault: tokens, encrypted with a passphrase. What is open is held by `src/storage/keys.js`, which
// is given here as `keys`; the key never leaves this module, and can't be taken out of the browser's
// hands. It is stored as `{version, kdf, iterations, salt, iv, data, of, idle, at}`: `data` is AES-GCM over
// the JSON `{endpoint: {origin, token}}`, `of` says in clear for which endpoint and origin there is a
// token, `idle` after how many minutes it is locked, `at` when it was written, in milliseconds since 1970.

// OWASP's figure for PBKDF2 with HMAC-SHA-256, Password Storage Cheat Sheet, 2023.
const ITERATIONS = 600_000;
const MINUTE = 60_000;
const IDLE = 15;
const LOCK = "collate.vault";

let keys;
// Tabs of one page lock their vaults together.
const channel = globalThis.BroadcastChannel && new BroadcastChannel(LOCK);

// Given the holder of tokens, once.
export function begin(holder) {
    keys = holder;
    for (const event of ["pointerdown", "pointermove", "wheel", "keydown"])
        addEventListener(event, keys.touch, { capture: true, passive: true });
    // A vault that nobody uses is locked though nothing happens.
    setInterval(keys.isOpen, 1000);
    if (channel) channel.onmessage = keys.lock;
}

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

async function derive(passphrase, salt, iterations) {
    // The same letters are typed in more than one way.
    const typed = new TextEncoder().encode(passphrase.normalize("NFC"));
    const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations };
    const kind = { name: "AES-GCM", length: 256 };
    return crypto.subtle.deriveKey(how, base, kind, false, ["encrypt", "decrypt"]);
}

// What is in a vault, less what was struck from its list. GCM fails with another key.
async function decrypt(key, it) {
    const data = await crypto.subtle.decrypt({ name: "AES-GCM", iv: bytes(it.iv) }, key, bytes(it.data));
    const all = JSON.parse(new TextDecoder().decode(data));
    return Object.fromEntries(Object.entries(all).filter(([id]) => id in it.of));
}

async function encrypt(key, frame, tokens) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(tokens));
    const data = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text));
    const of = Object.fromEntries(Object.entries(tokens).map(([id, { origin }]) => [id, origin]));
    return { ...frame, iv: base64(iv), data: base64(data), of };
}

const fresh = (idle) => ({
    version: 1,
    kdf: "PBKDF2-HMAC-SHA-256",
    iterations: ITERATIONS,
    salt: base64(crypto.getRandomValues(new Uint8Array(16))),
    idle,
});

// One tab writes at a time, upon what the one before has written.
const alone = (act) => navigator.locks.request(LOCK, act);

// An open vault, as `keys.js` holds it.
function hold(key, { salt, idle }, tokens) {
    // What is not written yet.
    const pending = new Map();
    const take = (tokens) => {
        for (const [id, entry] of pending) {
            if (entry) tokens[id] = entry;
            else delete tokens[id];
        }
        return (it.tokens = tokens);
    };
    // What is stored now, in the same vault.
    const current = () => {
        const now = keys.stored();
        if (now?.salt !== salt) throw new Gone();
        return now;
    };
    const it = {
        tokens,
        touched: Date.now(),
        idle: (idle || IDLE) * MINUTE,
        failed: false,
        // Writes one token, or that there is none; what could not be written is tried again with the next.
        write(id, entry) {
            pending.set(id, entry);
            return alone(async () => {
                const now = current();
                const tokens = take(await decrypt(key, now));
                const written = [...pending];
                keys.store(await encrypt(key, now, tokens));
                for (const [id, entry] of written) if (pending.get(id) === entry) pending.delete(id);
                it.failed = false;
            }).catch(() => (it.failed = true));
        },
        // Another tab has written.
        reread: () =>
            alone(async () => {
                const now = current();
                it.idle = (now.idle || IDLE) * MINUTE;
                take(await decrypt(key, now));
            }).then(
                () => keys.opened() === it && keys.open(it),
                () => keys.opened() === it && keys.lock(),
            ),
        // Encrypts it with another passphrase.
        reseal: (passphrase) =>
            alone(async () => {
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

// Another tab has made another vault, or changed the passphrase of this one.
class Gone extends Error {}

// Each of these returns what went wrong, as a word, or nothing.

export async function create(passphrase) {
    const frame = fresh(IDLE);
    const key = await derive(passphrase, frame.salt, frame.iterations);
    return alone(async () => {
        // One that is damaged is moved out of the way by being looked at.
        keys.stored();
        if (keys.isTaken()) return "taken";
        keys.store(await encrypt(key, frame, {}));
        keys.open(hold(key, frame, {}));
    }).catch(() => "full");
}

export async function unlock(passphrase) {
    const it = keys.stored();
    if (!it) return "gone";
    if (it.version !== 1) return "newer";
    try {
        const key = await derive(passphrase, it.salt, it.iterations);
        // Meanwhile another tab may have written.
        const now = keys.stored();
        keys.open(hold(key, now, await decrypt(key, now)));
    } catch {
        return "wrong";
    }
}

export async function change(passphrase) {
    const opened = keys.opened();
    if (!opened) return "locked";
    return opened.reseal(passphrase).catch((error) => (error instanceof Gone ? "gone" : "full"));
}

export function lock() {
    keys.lock();
    channel?.postMessage("lock");
}

export function destroy() {
    keys.destroy();
    keys.lock();
}

export const idle = () => keys.stored()?.idle || IDLE;

export function setIdle(minutes) {
    const it = keys.stored();
    if (it?.version !== 1) return;
    try {
        keys.store({ ...it, idle: minutes });
    } catch {
        // It stays as it was.
        return;
    }
    const opened = keys.opened();
    if (opened) opened.idle = minutes * MINUTE;
}

// Whether something of the open vault could not be written.
export const hasFailed = () => !!keys.opened()?.failed;
