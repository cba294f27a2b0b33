// A second copy of what is written to localStorage, in IndexedDB. A browser writes localStorage to the
// disk when it sees fit: Chromium up to a minute later, when it is written often. What is put here is
// in a file within milliseconds, and is not lost when the browser is killed.
const STORE = "values";
const DAY = 24 * 60 * 60 * 1000;
let opened;
let last = Promise.resolve();

const open = () =>
    (opened ??= new Promise((resolve, reject) => {
        const request = indexedDB.open("collate-journal", 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE);
        request.onsuccess = () => resolve(request.result);
        request.onerror = request.onblocked = reject;
    }));

// Done once what was asked is safe, or can't be: this is a second copy, and says nothing.
const ask = (mode, act) =>
    open()
        .then(
            (database) =>
                new Promise((done) => {
                    const transaction = database.transaction(STORE, mode);
                    const request = act(transaction.objectStore(STORE));
                    transaction.oncomplete = () => done(request.result);
                    transaction.onabort = transaction.onerror = () => done();
                }),
        )
        .catch(() => {});

export function put(key, text) {
    const time = Date.now();
    last = ask("readwrite", (store) => store.put([text, time], key));
}

export function drop(key) {
    last = ask("readwrite", (store) => store.delete(key));
}

// All that was put so far is safe; a slow disk is not waited for.
export const settled = () => Promise.race([last, new Promise((done) => setTimeout(done, 200))]);

// What is not in localStorage as it was written: pairs of a key and its text. What is, for a day, has
// served.
async function read() {
    const all = [];
    await ask("readonly", (store) => {
        const request = store.openCursor();
        request.onsuccess = () => {
            const cursor = request.result;
            if (!cursor) return;
            all.push([cursor.key, ...cursor.value]);
            cursor.continue();
        };
        return request;
    });
    const differing = [];
    for (const [key, text, time] of all) {
        if (localStorage.getItem(key) !== text) differing.push([key, text]);
        else if (Date.now() - time > DAY) drop(key);
    }
    return differing;
}

// It is read while the page's program is on its way; where that hangs, the page opens without it.
const found = Promise.race([read(), new Promise((done) => setTimeout(done, 2000, []))]).catch(() => []);
export const differing = () => found;
