// A second copy, in IndexedDB, of values written to localStorage. A browser writes localStorage to
// disk when it sees fit: Chromium up to a minute later, if it is written often. A value put here is
// in a file within milliseconds, and survives the browser being killed.
// @ts-check

/** @typedef {[text: string, time: number]} Value The time is in milliseconds since 1970. */

const STORE = "values";
const DAY = 24 * 60 * 60 * 1000;
/** @type {Promise<IDBDatabase> | undefined} */
let opened;
/** @type {Promise<unknown>} */
let last = Promise.resolve();

const open = () =>
    (opened ??= new Promise((resolve, reject) => {
        const request = indexedDB.open("collate-journal", 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE);
        request.onsuccess = () => resolve(request.result);
        request.onerror = request.onblocked = reject;
    }));

/**
 * Resolves once the request is safe or has failed; failures are silent, as this is a second copy.
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} act
 */
const ask = (mode, act) =>
    open()
        .then(
            (database) =>
                new Promise((/** @type {(result?: unknown) => void} */ done) => {
                    const transaction = database.transaction(STORE, mode);
                    const request = act(transaction.objectStore(STORE));
                    transaction.oncomplete = () => done(request.result);
                    transaction.onabort = transaction.onerror = () => done();
                }),
        )
        .catch(() => {});

/**
 * @param {string} key
 * @param {string} text
 */
export function put(key, text) {
    const time = Date.now();
    last = ask("readwrite", (store) => store.put([text, time], key));
}

/**
 * Deletes a key, and the entries of single pages for it: see `journal::put_for_page`.
 * @param {string} key
 */
export function dropAll(key) {
    last = ask("readwrite", (store) => store.delete(IDBKeyRange.bound(key, `${key}+\uffff`)));
}

/** @param {string} key */
export function drop(key) {
    last = ask("readwrite", (store) => store.delete(key));
}

/** Resolves once all previous values are safe, without waiting for a slow disk. */
export const settled = () => Promise.race([last, new Promise((done) => setTimeout(done, 200))]);

/**
 * Returns values that differ from localStorage, as pairs of key and text. Matching ones are dropped
 * after a day.
 */
async function read() {
    /** @type {[key: string, text: string, time: number][]} */
    const all = [];
    await ask("readonly", (store) => {
        const request = store.openCursor();
        request.onsuccess = () => {
            const cursor = request.result;
            if (!cursor) return;
            /** @type {Value} */
            const [text, time] = cursor.value;
            all.push([/** @type {string} */ (cursor.key), text, time]);
            cursor.continue();
        };
        return request;
    });
    /** @type {[key: string, text: string][]} */
    const differing = [];
    for (const [key, text, time] of all) {
        if (localStorage.getItem(key) !== text) differing.push([key, text]);
        else if (Date.now() - time > DAY) drop(key);
    }
    return differing;
}

// This is read while the page's program loads; if that hangs, the page opens without it.
const found = Promise.race([read(), new Promise((done) => setTimeout(done, 2000, []))]).catch(() => []);
export const differing = () => found;
