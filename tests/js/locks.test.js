// Locks that tabs see of each other: src/storage/locks.js.
// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { FakeLocks, define, settle } from "./support.js";

const locks = new FakeLocks();
define("navigator", { locks });
const { anywhere, hold, watch } = await import("../../src/storage/locks.js");

/**
 * Holds a lock as another tab does; returns what releases it.
 * @param {string} name
 */
function elsewhere(name) {
    /** @type {(nothing: void) => void} */
    let release = () => {};
    locks.request(name, { mode: "shared" }, () => new Promise((done) => (release = done)));
    return () => release();
}

const held = async () => (await locks.query()).held.map(({ name }) => name).sort();

test("Exactly the locks of the last call are held, of each kind", async () => {
    hold("open", ["a", "b"]);
    hold("answer", ["a"]);
    await settle();
    assert.deepEqual(await held(), ["collate.answer.a", "collate.open.a", "collate.open.b"]);
    hold("open", ["b", "c"]);
    await settle();
    assert.deepEqual(await held(), ["collate.answer.a", "collate.open.b", "collate.open.c"]);
    hold("open", []);
    hold("answer", []);
    await settle();
    assert.deepEqual(await held(), []);
});

test("Any tab's locks are found", async () => {
    const release = elsewhere("collate.open.theirs");
    hold("open", ["own"]);
    await settle();
    assert.deepEqual(await anywhere("open", ["own", "theirs", "nobody's"]), ["own", "theirs"]);
    assert.deepEqual(await anywhere("answer", ["own", "theirs"]), []);
    hold("open", []);
    release();
});

test("Locks of other tabs are told, and told again when one is released", async () => {
    const releases = [elsewhere("collate.answer.a"), elsewhere("collate.answer.b")];
    hold("answer", ["own"]);
    const tell = mock.fn();
    await watch("answer", ["a", "b", "own"], tell);
    // Asking again takes the place of asking before.
    const again = mock.fn();
    await watch("answer", ["a", "b", "own"], again);
    const told = () => again.mock.calls.map((call) => call.arguments[0]);
    assert.deepEqual(told(), [["a", "b"]]);
    releases[0]();
    await settle();
    assert.deepEqual(told(), [["a", "b"], ["b"]]);
    releases[1]();
    await settle();
    assert.deepEqual(told(), [["a", "b"], ["b"], []]);
    assert.equal(tell.mock.calls.length, 1);
    hold("answer", []);
});
