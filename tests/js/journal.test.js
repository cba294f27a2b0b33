// The second copy of localStorage: src/storage/journal.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeStorage, define, settle } from "./support.js";

const NOW = 1e12;
const DAY = 24 * 60 * 60 * 1000;
mock.timers.enable({ apis: ["setTimeout", "Date"], now: NOW });
const local = new FakeStorage();
define("localStorage", local);

/** @typedef {"works" | "fails" | "hangs"} Disk */

/** The content of IndexedDB, and how its disk behaves. */
const written = new Map();
let opens = /** @type {Disk} */ ("works");
let commits = /** @type {Disk} */ ("works");

const store = {
    put: (/** @type {unknown} */ value, /** @type {string} */ key) => ({ result: written.set(key, value) }),
    delete: (/** @type {string} */ key) => ({ result: void written.delete(key) }),
    openCursor() {
        const entries = [...written];
        /** @type {any} */
        const request = {};
        const step = () => {
            const [entry] = entries.splice(0, 1);
            request.result = entry ? { key: entry[0], value: entry[1], continue: step } : null;
            queueMicrotask(() => request.onsuccess());
        };
        step();
        return request;
    },
};
const database = {
    transaction() {
        /** @type {any} */
        const transaction = { objectStore: () => store };
        setImmediate(() => {
            if (commits === "works") transaction.oncomplete();
            if (commits === "fails") transaction.onabort();
        });
        return transaction;
    },
};
define("indexedDB", {
    open() {
        /** @type {any} */
        const request = { result: database };
        queueMicrotask(() => {
            if (opens === "works") request.onsuccess();
            if (opens === "fails") request.onerror();
        });
        return request;
    },
});

let pages = 0;
/** @returns {Promise<typeof import("../../src/storage/journal.js")>} */
const opened = () => import(`../../src/storage/journal.js?${(pages += 1)}`);

/**
 * Returns whether a promise is done without any time passing.
 * @param {Promise<unknown>} promise
 */
async function isDone(promise) {
    let isDone = false;
    promise.then(() => (isDone = true));
    await settle();
    return isDone;
}

beforeEach(() => {
    local.items.clear();
    written.clear();
    opens = commits = "works";
});

test("A value is written with its time, and dropped again", async () => {
    const { put, drop, settled } = await opened();
    put("a", "one");
    put("b", "two");
    assert.equal(await isDone(settled()), true);
    assert.deepEqual([...written], [["a", ["one", NOW]], ["b", ["two", NOW]]]);
    drop("a");
    await settled();
    assert.deepEqual([...written.keys()], ["b"]);
});

test("Values that localStorage lacks are found, and those that it has go after a day", async () => {
    written.set("lost", ["text", NOW - 2 * DAY]);
    written.set("older", ["new", NOW]);
    written.set("same", ["text", NOW - DAY]);
    written.set("served", ["text", NOW - DAY - 1]);
    local.setItem("older", "old");
    for (const key of ["same", "served"]) local.setItem(key, "text");
    const { differing } = await opened();
    assert.deepEqual(await differing(), [["lost", "text"], ["older", "new"]]);
    await settle();
    assert.deepEqual([...written.keys()], ["lost", "older", "same"]);
});

test("A journal that fails says nothing", async () => {
    opens = "fails";
    const without = await opened();
    without.put("a", "one");
    assert.equal(await isDone(without.settled()), true);
    assert.deepEqual(await without.differing(), []);
    opens = "works";
    const { put, settled } = await opened();
    commits = "fails";
    put("a", "one");
    assert.equal(await isDone(settled()), true);
});

test("A slow disk is waited for, but not long", async () => {
    opens = "hangs";
    const { put, settled, differing } = await opened();
    put("a", "one");
    const [safe, found] = [settled(), differing()];
    mock.timers.tick(199);
    assert.equal(await isDone(safe), false);
    mock.timers.tick(1);
    assert.equal(await isDone(safe), true);
    mock.timers.tick(1799);
    assert.equal(await isDone(found), false);
    mock.timers.tick(1);
    assert.deepEqual(await found, []);
});
