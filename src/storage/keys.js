// Tokens that are not kept with their endpoints: those of this tab, and those of the vault while it is
// open. What encrypts is in `src/settings/vault.js`.
import { drop, put as putAgain } from "./journal.js";
import * as self from "./keys.js";

const TAB = "collate.keys";
const VAULT = "collate.v2.vault";
const ENDPOINTS = "collate.v2.endpoints";

const listeners = new Set();
export const listen = (listener) => listeners.add(listener);
// Later, for whoever caused it is not done yet.
const tell = () => queueMicrotask(() => listeners.forEach((listener) => listener()));

// A browser may give no storage: then the tokens of a tab last as long as its page.
const attempt = (act) => {
    try {
        return act();
    } catch {}
};

// Of this tab: by the endpoint's identifier, the server that it was typed for, and the token.
const tab = Object(attempt(() => JSON.parse(sessionStorage.getItem(TAB))));
// The vault while it is open: `{tokens, touched, idle, write, reread}`, see `vault.js`.
let vault;

const isRecord = (it) =>
    it?.version > 1 ||
    (Number.isSafeInteger(it?.iterations) &&
        [it.salt, it.iv, it.data].every((text) => typeof text === "string") &&
        it.of instanceof Object);

// The vault as it is stored. What can't be read is moved out of the way, unchanged.
export function stored() {
    const text = attempt(() => localStorage.getItem(VAULT));
    if (!text) return;
    const it = attempt(() => JSON.parse(text));
    if (isRecord(it)) return { ...it, of: Object(it.of) };
    attempt(() => {
        // Where there is no room, it stays where it is.
        localStorage.setItem(`collate.aside.${new Date().toISOString()}.${VAULT}`, text);
        localStorage.removeItem(VAULT);
    });
}

// Writes the vault, and a second copy of it; fails where there is no room.
export function store(it) {
    const text = JSON.stringify({ ...it, at: Date.now() });
    putAgain(VAULT, text);
    localStorage.setItem(VAULT, text);
}

// Takes the vault away; one that is damaged and could not be put aside stays.
export function destroy() {
    if (!stored()) return;
    drop(VAULT);
    localStorage.removeItem(VAULT);
}

// Whether anything is there that must not be written over.
export const isTaken = () => localStorage.getItem(VAULT) !== null;

export function open(opened) {
    vault = opened;
    tell();
}

export const opened = () => isOpen() && vault;

export function lock() {
    vault = undefined;
    tell();
}

// Whether the vault is open. Timers stand still while a machine sleeps: so the time is looked at, and
// before anything is done with what is in it.
export function isOpen() {
    if (vault && Math.abs(Date.now() - vault.touched) >= vault.idle) lock();
    return !!vault;
}

// Somebody is there.
export function touch() {
    if (isOpen()) vault.touched = Date.now();
}

export const standing = () => (isOpen() ? "open" : stored() ? "locked" : "none");

// The endpoints whose tokens are in the vault.
export const ids = () => Object.keys((isOpen() ? vault.tokens : stored()?.of) ?? {});

// The token of an endpoint, if it was typed for the server where the endpoint is now.
export function token(id, origin, keep) {
    touch();
    const held = (keep === "tab" ? tab : vault?.tokens)?.[id];
    return held?.origin === origin && typeof held.token === "string" ? held.token : undefined;
}

// Whether the token of an endpoint is in the vault, which is locked.
export const isLocked = (id, origin) => !isOpen() && stored()?.of[id] === origin;

// Keeps the token of an endpoint in one place and in no other; without a new one, that of before stays
// where it was typed for this place and this server.
export function put(id, origin, keep, token) {
    const entry = token && { origin, token };
    if (keep === "tab" && entry) tab[id] = entry;
    else if (keep !== "tab" || tab[id]?.origin !== origin) delete tab[id];
    if (Object.keys(tab).length) attempt(() => sessionStorage.setItem(TAB, JSON.stringify(tab)));
    else attempt(() => sessionStorage.removeItem(TAB));
    const of = isOpen() ? vault.tokens[id]?.origin : stored()?.of[id];
    if (keep === "vault" && entry) change(id, entry);
    else if (of !== undefined && (keep !== "vault" || of !== origin)) change(id);
    tell();
}

function change(id, entry) {
    if (isOpen()) {
        if (entry) vault.tokens[id] = entry;
        else delete vault.tokens[id];
        vault.write(id, entry).then(tell);
        return;
    }
    // Of a locked vault, what is struck from its list goes when it is opened.
    const it = stored();
    if (entry || it?.version !== 1) return;
    delete it.of[id];
    attempt(() => store(it));
}

// When a page begins, nothing that was deleted can be put back there any more: the tokens of endpoints
// that are gone go, too.
export function sweep() {
    const list = attempt(() => JSON.parse(localStorage.getItem(ENDPOINTS)).list);
    if (!Array.isArray(list)) return;
    const is = (id) => list.some((endpoint) => endpoint?.id === id);
    for (const id of [...Object.keys(tab), ...ids()]) if (!is(id)) put(id);
}

// Browsers encrypt for pages only that came over https or from this machine.
export const can = () => !!(globalThis.isSecureContext && crypto.subtle && navigator.locks);

// All of this, for the module that encrypts.
export const holder = () => self;

// Another tab has changed the vault, or cleared the storage.
globalThis.addEventListener?.("storage", ({ key }) => {
    if (key !== VAULT && key !== null) return;
    if (isOpen()) vault.reread();
    tell();
});
