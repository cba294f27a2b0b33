// Tokens where the browser lacks something: src/storage/keys.js. With all of it: vault.test.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeLocks, FakeStorage, define, settle, until } from "./support.js";

// The journal waits for a disk that this has not.
mock.timers.enable({ apis: ["setTimeout"] });
const ORIGIN = "https://api.test";
const VAULT = "collate.v2.vault";
const LOCKED = { version: 1, iterations: 1, salt: "", iv: "", data: "", of: { e1: ORIGIN } };

let local = new FakeStorage();
let session = new FakeStorage();
let isBlocked = false;
for (const [name, storage] of Object.entries({ localStorage: () => local, sessionStorage: () => session }))
    Object.defineProperty(globalThis, name, {
        get() {
            if (isBlocked) throw new DOMException("", "SecurityError");
            return storage();
        },
    });
/** @type {Record<string, (event: object) => void>} */
const listeners = {};
define("addEventListener", (/** @type {string} */ name, /** @type {(event: object) => void} */ listener) => {
    listeners[name] = listener;
});

let pages = 0;
/** @returns {Promise<typeof import("../../src/storage/keys.js")>} */
const opened = () => import(`../../src/storage/keys.js?page=${(pages += 1)}`);

beforeEach(() => {
    [local, session] = [new FakeStorage(), new FakeStorage()];
    isBlocked = false;
    define("navigator", { locks: new FakeLocks() });
});

test("A token of the tab lasts as long as its page where nothing can be stored", async () => {
    for (const block of [() => (isBlocked = true), () => (session.isFull = true)]) {
        block();
        const keys = await opened();
        keys.put("e1", ORIGIN, "tab", "sk-tab");
        assert.equal(keys.token("e1", ORIGIN, "tab"), "sk-tab");
        assert.deepEqual([keys.state(), keys.ids()], ["none", []]);
        keys.sweep();
        isBlocked = false;
        assert.equal((await opened()).token("e1", ORIGIN, "tab"), undefined);
    }
});

test("Damaged tokens of a tab are none", async () => {
    for (const text of ["{", "null", "7", '"text"', '{"e1":null}', `{"e1":{"origin":"${ORIGIN}","token":7}}`]) {
        session.setItem("collate.keys", text);
        const keys = await opened();
        assert.equal(keys.token("e1", ORIGIN, "tab"), undefined, text);
        local.setItem("collate.v2.endpoints", '{"list":[]}');
        keys.sweep();
        keys.put("e1", ORIGIN, "tab", "sk-tab");
        assert.equal((await opened()).token("e1", ORIGIN, "tab"), "sk-tab", text);
    }
});

test("A vault needs a secure page, encryption and locks", async () => {
    const { can } = await opened();
    const { crypto } = globalThis;
    const locks = { locks: new FakeLocks() };
    /** @type {[boolean, object, object, boolean][]} */
    const table = [
        [true, crypto, locks, true],
        [false, crypto, locks, false],
        [true, {}, locks, false],
        [true, crypto, {}, false],
    ];
    for (const [isSecure, crypto, navigator, expected] of table) {
        define("isSecureContext", isSecure);
        define("crypto", crypto);
        define("navigator", navigator);
        assert.equal(can(), expected);
    }
    define("crypto", crypto);
});

test("A token that is removed from a locked vault is gone at once, and back if that can't be written", async () => {
    const keys = await opened();
    const told = mock.fn();
    keys.listen(told);
    /** @type {[string, () => unknown, string[]][]} */
    const table = [
        ["no locks", () => define("navigator", {}), ["e1"]],
        ["no room", () => (local.isFull = true), ["e1"]],
        ["written", () => {}, []],
    ];
    for (const [name, prepare, expected] of table) {
        [local.isFull, local.items] = [false, new Map([[VAULT, JSON.stringify(LOCKED)]])];
        define("navigator", { locks: new FakeLocks() });
        prepare();
        keys.put("e1", "", "");
        assert.deepEqual(keys.ids(), [], name);
        await settle();
        assert.deepEqual(keys.ids(), expected, name);
    }
    // Listeners hear of each removal twice: at once, and when it is written or has failed.
    assert.equal(told.mock.calls.length, 6);
});

test("A change by another tab is told", async () => {
    const { listen } = await opened();
    /** @type {[string | null, number][]} */
    const table = [
        [VAULT, 1],
        [null, 1],
        ["collate.v2.settings", 0],
    ];
    for (const [key, times] of table) {
        const told = mock.fn();
        listen(told);
        listeners.storage({ key });
        if (times) await until(() => told.mock.calls.length);
        await settle();
        assert.equal(told.mock.calls.length, times, `${key}`);
    }
});
