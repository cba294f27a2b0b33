// The models of this browser, for the views: src/connect/on_device.js.
// @ts-check
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { define, settle, until } from "./support.js";

/** @typedef {{ id: string, state: string }} Model What the module looks at of a model. */

/** What the fake module's functions do: those of on-device/page/device.js, as far as the views use them. */
class FakeDevice {
    /** @type {Model[]} */
    list = [];
    lacks = false;
    /** @type {Set<(list: string) => void>} */
    listeners = new Set();
    /** @type {[string, ...unknown[]][]} */
    calls = [];

    models = async () => JSON.stringify(this.list);
    isMissing = () => this.lacks;
    watch = (/** @type {(list: string) => void} */ listener) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    };
    fetchWeights = async (/** @type {string} */ id) => void this.calls.push(["fetchWeights", id]);
    cancel = async (/** @type {string} */ id) => void this.calls.push(["cancel", id]);
    remove = async (/** @type {string} */ id) => void this.calls.push(["remove", id]);
    add = async (/** @type {File} */ file) => {
        this.calls.push(["add", file]);
        return '{"id":"mine"}';
    };

    /** @param {Model[]} list */
    change(list) {
        this.list = list;
        for (const listener of this.listeners) listener(JSON.stringify(list));
    }
}
const NAMES = ["models", "isMissing", "watch", "fetchWeights", "cancel", "remove", "add"];
const DEVICE = `data:text/javascript,
    ${NAMES.map((name) => `export const ${name} = (...given) => device.${name}(...given);`).join("")}`;
let device = new FakeDevice();

define("document", { baseURI: new URL("../../on-device/page/", import.meta.url).href });
const said = mock.method(console, "error", () => {});

let pages = 0;
/** @returns {Promise<typeof import("../../src/connect/on_device.js")>} */
const opened = () => import(`../../src/connect/on_device.js?${(pages += 1)}`);

const MODEL = { id: "one", state: "ready" };
const OTHER = { id: "two", state: "ready" };

beforeEach(() => {
    device = new FakeDevice();
    define("device", device);
    said.mock.resetCalls();
});

test("Nothing is known, and nothing happens, until the module is there", async () => {
    const { models, isMissing, download, cancel, remove, add } = await opened();
    assert.deepEqual([models(), isMissing()], ["[]", false]);
    assert.equal(await download("one"), false);
    cancel("one");
    remove("one");
    assert.deepEqual(JSON.parse(await add(new File([], "a"))), { error: { code: "no_program" } });
    assert.deepEqual(device.calls, []);
});

test("The models are told at once and after each change, until the end", async () => {
    const { watch, models, isMissing } = await opened();
    device.list = [MODEL];
    device.lacks = true;
    /** @type {[unknown, boolean][]} */
    const seen = [];
    const end = watch(DEVICE, () => seen.push([JSON.parse(models()), isMissing()]));
    await until(() => seen.length);
    assert.deepEqual(seen, [[[MODEL], true]]);
    device.lacks = false;
    device.change([MODEL, OTHER]);
    await settle();
    assert.deepEqual(seen.slice(1), [[[MODEL, OTHER], false]]);
    end();
    assert.equal(device.listeners.size, 0);
    device.change([]);
    await settle();
    assert.equal(seen.length, 2);
    assert.deepEqual(JSON.parse(models()), [MODEL, OTHER]);
});

test("A watch that ends early tells nothing, whatever is still under way", async () => {
    const told = mock.fn();
    const { watch, models, cancel } = await opened();
    // The module is on its way.
    watch(DEVICE, told)();
    await until(() => cancel("one"));
    assert.deepEqual([device.listeners.size, models()], [0, "[]"]);

    // The list is on its way.
    /** @type {(list: string) => void} */
    let answer = () => {};
    device.models = () => new Promise((resolve) => (answer = resolve));
    const end = watch(DEVICE, told);
    await until(() => device.listeners.size);
    end();
    answer(JSON.stringify([MODEL]));
    await settle();
    assert.deepEqual([device.listeners.size, JSON.parse(models())], [0, [MODEL]]);
    assert.equal(told.mock.calls.length, 0);
});

test("A module that can't be loaded is told once as missing", async () => {
    // The first address is relative to the page.
    for (const address of ["gone.js", "data:text/javascript,throw new Error('no')"]) {
        const told = mock.fn();
        const { watch, isMissing, download } = await opened();
        const end = watch(address, told);
        await until(() => said.mock.calls.length);
        assert.deepEqual([told.mock.calls.length, isMissing()], [1, true], address);
        assert.equal(await download("one"), false);
        end();
        said.mock.resetCalls();

        watch(address, told)();
        await until(() => said.mock.calls.length);
        assert.equal(told.mock.calls.length, 1);
        said.mock.resetCalls();
    }
});

test("The real module is watched, at its address relative to the page", async () => {
    define("Worker", undefined);
    const { watch, models, isMissing } = await opened();
    const told = mock.fn();
    const end = watch("device.js", told);
    await until(() => told.mock.calls.length);
    end();
    // Without workers, its program is missing.
    assert.deepEqual([models(), isMissing()], ["[]", true]);
    assert.equal(said.mock.calls.length, 0);
});

test("A download succeeds if the model is here at its end, or loads in another tab", async () => {
    const { watch, download } = await opened();
    const told = mock.fn();
    watch(DEVICE, told);
    await until(() => told.mock.calls.length);
    /** @type {[Model[], boolean][]} */
    const table = [
        [[{ ...MODEL, state: "ready" }], true],
        [[{ ...MODEL, state: "elsewhere" }], true],
        [[{ ...MODEL, state: "part" }], false],
        [[{ ...MODEL, state: "absent" }], false],
        [[{ ...MODEL, state: "fetching" }], false],
        [[{ ...MODEL, state: "checking" }], false],
        [[{ ...MODEL, state: "part" }, OTHER], false],
        [[OTHER, MODEL], true],
        [[], false],
    ];
    for (const [list, expected] of table) {
        device.list = [];
        device.fetchWeights = async (id) => {
            assert.equal(id, "one");
            await settle();
            device.list = list;
        };
        assert.equal(await download("one"), expected, JSON.stringify(list));
    }
});

test("What the user does is passed on", async () => {
    const { watch, cancel, remove, add } = await opened();
    const told = mock.fn();
    watch(DEVICE, told);
    await until(() => told.mock.calls.length);
    const file = new File(["GGUF"], "mine.gguf");
    cancel("one");
    remove("two");
    assert.equal(await add(file), '{"id":"mine"}');
    assert.deepEqual(device.calls, [["cancel", "one"], ["remove", "two"], ["add", file]]);
});

test("Sizes, speeds and times are as exact as a user needs", async () => {
    const { megabytes, speed, time } = await opened();
    /** @type {[(number: number, locale: string) => string, number, string, string][]} */
    const table = [
        [megabytes, 0, "en", "0 MB"],
        [megabytes, 40_000, "en", "0 MB"],
        [megabytes, 1_260_000, "en", "1.3 MB"],
        [megabytes, 5_000_000, "en", "5 MB"],
        [megabytes, 9_940_000, "en", "9.9 MB"],
        [megabytes, 10_400_000, "en", "10 MB"],
        [megabytes, 98_000_000, "ko", "98MB"],
        [megabytes, 1_234_500_000, "en", "1,235 MB"],
        [speed, 1_260_000, "en", "1.3 MB/s"],
        [speed, 9_940_000, "ko", "9.9MB/s"],
        [speed, 10_400_000, "en", "10 MB/s"],
        [time, 0, "en", "0 sec"],
        [time, 0.2, "en", "1 sec"],
        [time, 89, "ko", "89초"],
        [time, 89.5, "en", "90 sec"],
        [time, 90, "en", "2 min"],
        [time, 120, "ko", "2분"],
        [time, 121, "en", "3 min"],
    ];
    for (const [format, number, locale, expected] of table)
        assert.equal(format(number, locale), expected, `${number}, ${locale}`);
});
