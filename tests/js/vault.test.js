// Tokens of a tab and of the vault: src/storage/keys.js and src/settings/vault.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeLocks, FakeStorage, define, settle, until } from "./support.js";

const MINUTE = 60_000;
const VAULT = "collate.v2.vault";
const ORIGIN = "https://api.test";
mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1e12 });

const local = new FakeStorage();
const session = new FakeStorage();
define("localStorage", local);
define("sessionStorage", session);
define("navigator", { locks: new FakeLocks() });
define("isSecureContext", true);

/** @type {Record<string, ((event: object) => void)[]>} */
const listeners = {};
define("addEventListener", (/** @type {string} */ name, /** @type {(event: object) => void} */ listener) => {
    (listeners[name] ??= []).push(listener);
});
const dispatch = (/** @type {string} */ name, event = {}) => {
    for (const listener of listeners[name]) listener(event);
};

/** The channel between tabs: each message goes to all but its sender, at once. */
class FakeChannel {
    /** @type {Set<FakeChannel>} */
    static all = new Set();
    /** @type {((event: { data: unknown }) => void) | undefined} */
    onmessage;

    constructor() {
        FakeChannel.all.add(this);
    }

    /** @param {unknown} data */
    postMessage(data) {
        for (const other of FakeChannel.all) if (other !== this) other.onmessage?.({ data });
    }
}
define("BroadcastChannel", FakeChannel);

// The real number of iterations takes long.
const { subtle } = crypto;
const derive = subtle.deriveKey.bind(subtle);
const derived = mock.method(subtle, "deriveKey", (how, ...rest) =>
    // @ts-ignore The rest is passed on as it is.
    derive({ ...how, iterations: 2 }, ...rest),
);

/** @typedef {typeof import("../../src/storage/keys.js")} Keys */
/** @typedef {typeof import("../../src/settings/vault.js")} Vault */

/**
 * The modules of one tab.
 * @param {string} name
 */
async function tab(name) {
    /** @type {Keys} */
    const keys = await import(`../../src/storage/keys.js?${name}`);
    /** @type {Vault} */
    const vault = await import(`../../src/settings/vault.js?${name}`);
    vault.begin(keys);
    return { keys, vault };
}
const { keys, vault } = await tab("one");
const two = await tab("two");

const record = () => JSON.parse(local.getItem(VAULT) ?? "null");
const token = (id = "e1", origin = ORIGIN, of = keys) => of.token(id, origin, "vault");
/** Tells all tabs that the vault was written by another. */
const written = () => dispatch("storage", { key: VAULT });
/** The endpoints with a token, as the vault lists them. */
const listed = () => Object.keys(record()?.of ?? {});
/** Puts a token into the vault, and waits until it is written. */
async function put(id = "e1", value = "sk-secret", of = keys) {
    const before = local.getItem(VAULT);
    of.put(id, ORIGIN, "vault", value);
    await until(() => local.getItem(VAULT) !== before);
}

beforeEach(async () => {
    local.isFull = session.isFull = false;
    local.items.clear();
    await vault.destroy();
    await two.vault.destroy();
    for (const id of ["e1", "e2"]) keys.put(id, "", "");
});

test("A vault is created once, open, with OWASP's number of iterations", async () => {
    assert.equal(keys.state(), "none");
    assert.equal(await vault.create("passphrase"), undefined);
    assert.equal(keys.state(), "open");
    const { version, kdf, iterations, of, at } = record();
    assert.deepEqual([version, kdf, iterations, of], [1, "PBKDF2-HMAC-SHA-256", 600_000, {}]);
    assert.equal(at, Date.now());
    assert.equal(derived.mock.calls.at(-1)?.arguments[0].iterations, 600_000);
    assert.equal(await vault.create("another"), "taken");
    assert.equal(await vault.unlock("passphrase"), undefined);
});

test("A token of the vault is encrypted, and given for its own server only", async () => {
    await vault.create("passphrase");
    await put();
    assert.equal(token(), "sk-secret");
    assert.equal(token("e1", "https://other.test"), undefined);
    assert.equal(token("e2"), undefined);
    assert.equal(keys.token("e1", ORIGIN, "tab"), undefined);
    assert.deepEqual(record().of, { e1: ORIGIN });
    for (const text of [...local.items.values(), ...session.items.values()])
        assert.equal(text.includes("sk-secret"), false);
});

test("A locked vault gives nothing, but knows its endpoints", async () => {
    await vault.create("passphrase");
    await put();
    vault.lock();
    assert.equal(keys.state(), "locked");
    assert.equal(token(), undefined);
    assert.equal(keys.isLocked("e1", ORIGIN), true);
    assert.equal(keys.isLocked("e1", "https://other.test"), false);
    assert.deepEqual(keys.ids(), ["e1"]);
});

test("A vault opens with its passphrase, however that was typed", async () => {
    await vault.create("caf\u00e9");
    await put();
    vault.lock();
    assert.equal(await vault.unlock("cafe"), "wrong");
    assert.equal(keys.state(), "locked");
    assert.equal(await vault.unlock("cafe\u0301"), undefined);
    assert.equal(token(), "sk-secret");
    await vault.destroy();
    assert.equal(keys.state(), "none");
    assert.equal(await vault.unlock("caf\u00e9"), "gone");
});

test("Another passphrase opens the same tokens, and the old one does not any more", async () => {
    await vault.create("old");
    await put();
    const before = record();
    assert.equal(await vault.change("new"), undefined);
    assert.equal(token(), "sk-secret");
    const after = record();
    for (const part of ["salt", "iv", "data"]) assert.notEqual(after[part], before[part], part);
    vault.lock();
    assert.equal(await vault.change("newer"), "locked");
    assert.equal(await vault.unlock("old"), "wrong");
    assert.equal(await vault.unlock("new"), undefined);
    assert.equal(token(), "sk-secret");
});

test("A vault locks when nobody has used it for its time, by the clock", async () => {
    await vault.create("passphrase");
    assert.equal(vault.idle(), 15);
    mock.timers.tick(15 * MINUTE - 1);
    dispatch("pointermove");
    mock.timers.tick(15 * MINUTE - 1);
    assert.equal(keys.state(), "open");
    mock.timers.tick(1);
    assert.equal(keys.state(), "locked");

    await vault.unlock("passphrase");
    await vault.setIdle(2);
    assert.equal(vault.idle(), 2);
    mock.timers.tick(2 * MINUTE);
    assert.equal(keys.state(), "locked");
    // It is kept with the vault.
    await vault.unlock("passphrase");
    mock.timers.tick(2 * MINUTE - 1);
    assert.equal(keys.state(), "open");
    // No timer runs while a machine sleeps, and its clock may be set back.
    mock.timers.setTime(Date.now() - 5 * MINUTE);
    assert.equal(token(), undefined);
    assert.equal(keys.state(), "locked");
});

test("Listeners are told when the vault opens and locks", async () => {
    const listener = mock.fn();
    keys.listen(listener);
    await vault.create("passphrase");
    await until(() => listener.mock.calls.length === 1);
    vault.lock();
    await until(() => listener.mock.calls.length === 2);
    await vault.unlock("passphrase");
    await until(() => listener.mock.calls.length === 3);
    // Nobody asks, and no event comes.
    mock.timers.tick(15 * MINUTE);
    await until(() => listener.mock.calls.length === 4);
});

test("Tabs see what each other has written, and lock together", async () => {
    await vault.create("passphrase");
    await two.vault.unlock("passphrase");
    await put("e1", "sk-one");
    written();
    await until(() => token("e1", ORIGIN, two.keys) === "sk-one");
    await put("e2", "sk-two", two.keys);
    await two.vault.setIdle(5);
    written();
    await until(() => token("e2") === "sk-two");
    assert.equal(token("e1"), "sk-one");
    vault.lock();
    assert.equal(two.keys.state(), "locked");

    await vault.unlock("passphrase");
    await two.vault.unlock("passphrase");
    await two.vault.setIdle(1);
    written();
    await put("e1", "sk-last");
    mock.timers.tick(MINUTE);
    assert.equal(keys.state(), "locked");
});

/**
 * Stops the next call of one of the browser's functions of encryption. `isCalled` tells whether it was called;
 * `go` lets it go on, and waits for its end.
 * @param {"encrypt" | "decrypt"} name
 */
function stopped(name) {
    const act = subtle[name].bind(subtle);
    let isCalled = false;
    /** @type {(nothing: void) => void} */
    let go = () => {};
    const open = new Promise((resolve) => (go = resolve));
    /** @type {Promise<unknown> | undefined} */
    let done;
    const stop = mock.method(subtle, name, (...given) => {
        stop.mock.restore();
        isCalled = true;
        // @ts-ignore The arguments are passed on as they are.
        return (done = open.then(() => act(...given)));
    });
    return {
        isCalled: () => isCalled,
        async go() {
            go();
            await done;
            await settle();
        },
    };
}

test("A tab changes the vault after another tab's write, and not in the midst of it", async () => {
    /** @type {[string, () => unknown, () => unknown, unknown][]} */
    const table = [
        ["the idle time", () => two.vault.setIdle(5), () => record().idle, 5],
        ["a removal", () => two.keys.put("e2", "", ""), () => listed().join(), "e1"],
        ["the end of the vault", () => two.vault.destroy(), () => record(), null],
    ];
    for (const [name, act, state, expected] of table) {
        await vault.create("passphrase");
        await put("e2");
        const { isCalled, go } = stopped("encrypt");
        keys.put("e1", ORIGIN, "vault", "sk-secret");
        await until(isCalled);
        const done = act();
        await settle();
        await go();
        await done;
        await settle();
        assert.deepEqual(state(), expected, name);
        await vault.destroy();
    }
});

test("A vault that opens while another tab writes has what that one wrote", async () => {
    await vault.create("passphrase");
    const { isCalled, go } = stopped("decrypt");
    const opening = two.vault.unlock("passphrase");
    await until(isCalled);
    const writing = put("e1").then(written);
    await settle();
    await go();
    await Promise.all([opening, writing]);
    await until(() => token("e1", ORIGIN, two.keys) === "sk-secret");
});

test("A token that is removed while its vault opens is gone", async () => {
    await vault.create("passphrase");
    await put("e1");
    vault.lock();
    const { isCalled, go } = stopped("decrypt");
    const opening = vault.unlock("passphrase");
    await until(isCalled);
    keys.put("e1", "", "");
    await go();
    await opening;
    await until(() => token() === undefined && !listed().includes("e1"));
    // The vault writes again, and lacks it still.
    await put("e2");
    assert.deepEqual(listed(), ["e2"]);
});

test("A vault closes in a tab when another one changes its passphrase or makes another vault", async () => {
    for (const act of [
        () => two.vault.change("new"),
        async () => {
            await two.vault.destroy();
            await two.vault.create("another");
        },
    ]) {
        await vault.create("passphrase");
        await two.vault.unlock("passphrase");
        await act();
        assert.equal(await vault.change("third"), "gone");
        written();
        await until(() => keys.state() === "locked");
        assert.equal(two.keys.state(), "open");
        await two.vault.destroy();
        await vault.destroy();
    }
});

test("A token that is removed while the vault is locked is gone when it opens", async () => {
    await vault.create("passphrase");
    await put("e1");
    await put("e2");
    vault.lock();
    keys.put("e1", "", "");
    await until(() => !keys.ids().includes("e1"));
    assert.deepEqual(keys.ids(), ["e2"]);
    await vault.unlock("passphrase");
    assert.equal(token("e1"), undefined);
    assert.equal(token("e2"), "sk-secret");
});

test("A token that could not be written is written with the next", async () => {
    local.isFull = true;
    assert.equal(await vault.create("passphrase"), "full");
    local.isFull = false;
    await vault.create("passphrase");
    local.isFull = true;
    keys.put("e1", ORIGIN, "vault", "sk-first");
    await until(() => vault.hasFailed());
    assert.equal(token("e1"), "sk-first");
    assert.deepEqual(record().of, {});
    assert.equal(await vault.change("new"), "full");
    local.isFull = false;
    await put("e2", "sk-second");
    await until(() => !vault.hasFailed());
    vault.lock();
    await vault.unlock("passphrase");
    assert.deepEqual([token("e1"), token("e2")], ["sk-first", "sk-second"]);
});

test("A vault that can't be read is put aside, and one of a newer page is left alone", async () => {
    const part = JSON.stringify({ version: 1, iterations: 1, salt: "", iv: "", data: "" });
    for (const text of ["{", "null", '{"version":1}', part]) {
        local.items.clear();
        local.setItem(VAULT, text);
        assert.equal(keys.state(), "none", text);
        const [[name, value]] = [...local.items];
        assert(name.startsWith("collate.aside.") && name.endsWith(VAULT), name);
        assert.equal(value, text);
    }
    local.items.clear();
    const newer = JSON.stringify({ version: 2, secret: "x" });
    local.setItem(VAULT, newer);
    assert.equal(keys.state(), "locked");
    assert.equal(await vault.unlock("passphrase"), "newer");
    assert.equal(await vault.create("passphrase"), "taken");
    await vault.setIdle(5);
    keys.put("e1", "", "");
    await settle();
    assert.equal(local.getItem(VAULT), newer);
});

test("A token of the tab stays in the tab, and is kept in one place only", async () => {
    keys.put("e1", ORIGIN, "tab", "sk-tab");
    assert.equal(keys.token("e1", ORIGIN, "tab"), "sk-tab");
    const kept = JSON.parse(session.getItem("collate.keys") ?? "");
    assert.deepEqual(kept, { e1: { origin: ORIGIN, token: "sk-tab" } });
    assert.equal(local.items.size, 0);
    // Without a new token, it stays for the same server only.
    keys.put("e1", ORIGIN, "tab");
    assert.equal(keys.token("e1", ORIGIN, "tab"), "sk-tab");
    await vault.create("passphrase");
    await put("e1", "sk-vault");
    assert.equal(keys.token("e1", ORIGIN, "tab"), undefined);
    assert.equal(session.getItem("collate.keys"), null);
    keys.put("e1", ORIGIN, "tab", "sk-tab");
    await until(() => !("e1" in record().of));
    assert.equal(token(), undefined);
    keys.put("e1", "https://other.test", "tab");
    assert.equal(keys.token("e1", "https://other.test", "tab"), undefined);
});

test("Tokens of endpoints that are gone are removed when a page begins", async () => {
    await vault.create("passphrase");
    await put("e1");
    keys.put("e2", ORIGIN, "tab", "sk-tab");
    keys.sweep();
    assert.deepEqual([token("e1"), keys.token("e2", ORIGIN, "tab")], ["sk-secret", "sk-tab"]);
    local.setItem("collate.v2.endpoints", JSON.stringify({ list: [{ id: "e2" }] }));
    keys.sweep();
    assert.deepEqual([token("e1"), keys.token("e2", ORIGIN, "tab")], [undefined, "sk-tab"]);
    await until(() => !("e1" in record().of));
});
