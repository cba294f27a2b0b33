// The files of models: on-device/page/weights.js, with Cache Storage as its store, and then with files.
// @ts-check
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { beforeEach, mock, test } from "node:test";
import { FakeCache, FakeFile, FakeFolder, FakeLocks, define, settle, until } from "./support.js";

/** @typedef {(request: { url: string, range: string | null, signal: AbortSignal }) => Response} Serve */

mock.timers.enable({ apis: ["setTimeout"] });
const locks = new FakeLocks();
/** @type {FakeFolder | undefined} */
let folder;
const storage = {
    estimate: async () => ({ quota: 1e9, usage: 0 }),
    async getDirectory() {
        if (folder) return folder;
        throw new DOMException("it stores nothing", "SecurityError");
    },
};
const navigator = { locks, onLine: true, storage };
define("navigator", navigator);
define("location", new URL("https://page.test/"));
define("BroadcastChannel", undefined);

let cache = new FakeCache();
define("caches", { open: async () => cache });
define("FileSystemFileHandle", FakeFile);

const MODEL = new TextEncoder().encode(`GGUF${"weights ".repeat(1000)}`);
const sha256 = (/** @type {Uint8Array} */ bytes) => {
    const hash = createHash("sha256");
    hash.update(bytes);
    return hash.digest("hex");
};
const OFFER = { id: "model", size: MODEL.length, sha256: sha256(MODEL), sources: ["https://one.test/m"] };

/** @type {Record<string, Serve>} */
let servers = {};
/** @type {{ url: string, range: string | null }[]} */
let asked = [];
/** @type {RequestInit} */
let last = {};
let offers = [OFFER];
define("fetch", async (/** @type {URL} */ { href }, /** @type {RequestInit} */ init) => {
    if (href.endsWith("/models.json")) return Response.json({ models: offers });
    const range = new Headers(init.headers).get("Range");
    asked.push({ url: href, range });
    last = init;
    if (!servers[href]) throw new TypeError("Failed to fetch");
    return servers[href]({ url: href, range, signal: /** @type {AbortSignal} */ (init.signal) });
});

const { Weights } = await import("../../on-device/page/weights.js");

const hash = async () => {
    const hash = createHash("sha256");
    const push = (/** @type {Uint8Array} */ bytes) => hash.update(bytes);
    return { push, finish: () => hash.digest("hex") };
};

/** A tab that has looked at the store. */
async function opened() {
    const told = mock.fn();
    const weights = new Weights(told, hash);
    await weights.begun;
    const model = () => weights.list().find(({ id }) => id === "model");
    /** The state, the stored bytes and the error's code. */
    const state = () => {
        const { state, kept, error } = model() ?? {};
        return [state, kept, error?.code];
    };
    /** The hash of the stored file. */
    const stored = async () => {
        const blob = await weights.blob("model");
        return blob && sha256(new Uint8Array(await blob.arrayBuffer()));
    };
    return { weights, told, state, stored };
}

/** @type {Serve} */
const whole = () => new Response(MODEL);
/** @type {Serve} */
const ranged = ({ range }) => {
    const at = Number(range?.match(/\d+/)?.[0] ?? 0);
    const headers = { "Content-Range": `bytes ${at}-${MODEL.length - 1}/${MODEL.length}` };
    return new Response(MODEL.slice(at), at ? { status: 206, headers } : {});
};
/** @type {Serve} */
const wrong = () => new Response(new Uint8Array(MODEL.length).fill(1).map((_, at) => MODEL[at % 5]));
/** @type {Serve} */
const missing = () => new Response("", { status: 404 });
/** @type {Serve} */
const broken = () => {
    let pulls = 0;
    const pull = (/** @type {ReadableStreamDefaultController} */ controller) => {
        if (pulls++) controller.error(new TypeError("network error"));
        else controller.enqueue(MODEL.slice(0, 1000));
    };
    return new Response(new ReadableStream({ pull }));
};

beforeEach(() => {
    cache = new FakeCache();
    folder = undefined;
    servers = { "https://one.test/m": ranged };
    asked = [];
    offers = [OFFER];
    navigator.onLine = true;
    navigator.storage.estimate = async () => ({ quota: 1e9, usage: 0 });
});

test("A download is checked, kept, and there for the next page", async () => {
    const { weights, told, state, stored } = await opened();
    assert.deepEqual(state(), ["absent", 0, undefined]);
    assert.equal(await stored(), undefined);
    await weights.fetch("model");
    assert.deepEqual(state(), ["ready", MODEL.length, undefined]);
    assert.equal(await stored(), OFFER.sha256);
    const next = await opened();
    assert.deepEqual(next.state(), ["ready", MODEL.length, undefined]);
    // All changes of a fifth of a second are told at once.
    assert.equal(told.mock.calls.length, 0);
    mock.timers.tick(200);
    assert.equal(told.mock.calls.length, 1);
});

test("A download that broke off goes on where it ended", async () => {
    servers["https://one.test/m"] = broken;
    const { weights, state } = await opened();
    await weights.fetch("model");
    assert.deepEqual(state(), ["part", 1000, "cut"]);
    servers["https://one.test/m"] = ranged;
    // Also on the next page.
    const next = await opened();
    assert.deepEqual(next.state(), ["part", 1000, undefined]);
    await next.weights.fetch("model");
    assert.deepEqual(next.state(), ["ready", MODEL.length, undefined]);
    assert.equal(await next.stored(), OFFER.sha256);
    assert.deepEqual(asked.at(-1), { url: "https://one.test/m", range: "bytes=1000-" });
});

test("A download starts again where the rest can't be had", async () => {
    const other = { "Content-Range": `bytes 7-${MODEL.length - 1}/${MODEL.length}` };
    /** @type {[string, Serve][]} */
    const table = [
        ["no ranges", whole],
        ["another range", (it) => (it.range ? new Response("", { status: 206, headers: other }) : whole(it))],
        ["no such range", (it) => (it.range ? new Response("", { status: 416 }) : whole(it))],
    ];
    for (const [name, serve] of table) {
        cache = new FakeCache();
        servers["https://one.test/m"] = broken;
        const { weights, state, stored } = await opened();
        await weights.fetch("model");
        servers["https://one.test/m"] = serve;
        await weights.fetch("model");
        assert.deepEqual(state(), ["ready", MODEL.length, undefined], name);
        assert.equal(await stored(), OFFER.sha256, name);
    }
});

test("A response that is not the offered file is refused", async () => {
    const { size } = OFFER;
    const page = { headers: { "Content-Type": "text/html" } };
    /** @type {[string, Serve | undefined, (string | number | undefined)[]][]} */
    const table = [
        ["another file", wrong, ["absent", 0, "checksum"]],
        ["a longer file", () => new Response(`GGUF${"x".repeat(size)}`), ["absent", 0, "checksum"]],
        ["a shorter file", () => new Response(MODEL.slice(0, 99)), ["absent", 0, "checksum"]],
        ["no weights", () => new Response("PK\x03\x04"), ["absent", 0, "no_source"]],
        ["a page", () => new Response(MODEL, page), ["absent", 0, "no_source"]],
        ["no file", missing, ["absent", 0, "no_source"]],
        ["no server", undefined, ["absent", 0, "unreachable"]],
    ];
    for (const [name, serve, expected] of table) {
        cache = new FakeCache();
        servers = serve ? { "https://one.test/m": serve } : {};
        const { weights, state } = await opened();
        await weights.fetch("model");
        assert.deepEqual(state(), expected, name);
    }
    navigator.onLine = false;
    const { weights, state } = await opened();
    await weights.fetch("model");
    assert.deepEqual(state(), ["absent", 0, "offline"]);
});

test("Sources are asked in turn", async () => {
    offers = [{ ...OFFER, sources: ["https://one.test/m", "https://two.test/m"] }];
    /** @type {[string, Serve | undefined, Serve | undefined, string | undefined][]} */
    const table = [
        ["the first has none", missing, whole, undefined],
        ["the first can't be reached", undefined, whole, undefined],
        ["the first has another file", wrong, ranged, undefined],
        ["a missing file is no reason", undefined, missing, "unreachable"],
        ["the last reason is told", wrong, undefined, "unreachable"],
        ["a broken connection ends it", broken, whole, "cut"],
    ];
    for (const [name, one, two, code] of table) {
        cache = new FakeCache();
        servers = { ...(one && { "https://one.test/m": one }), ...(two && { "https://two.test/m": two }) };
        const { weights, state } = await opened();
        await weights.fetch("model");
        assert.equal(state()[2], code, name);
        assert.equal(state()[0] === "ready", code === undefined, name);
    }
});

test("A cancelled download keeps what came, and is no error", async () => {
    servers["https://one.test/m"] = ({ signal }) => {
        const start = (/** @type {ReadableStreamDefaultController} */ controller) => {
            controller.enqueue(MODEL.slice(0, 500));
            signal.addEventListener("abort", () => controller.error(signal.reason));
        };
        return new Response(new ReadableStream({ start }));
    };
    const { weights, state } = await opened();
    const done = weights.fetch("model");
    await until(() => state()[1] === 500);
    assert.equal(state()[0], "fetching");
    await weights.cancel("model");
    await done;
    assert.deepEqual(state(), ["part", 500, undefined]);
});

test("A model that is removed leaves nothing", async () => {
    const { weights, state } = await opened();
    await weights.fetch("model");
    await weights.remove("model");
    assert.deepEqual(state(), ["absent", 0, undefined]);
    assert.equal(await weights.blob("model"), undefined);
    assert.deepEqual([...cache.kept.keys()], []);
});

test("A download does not begin without room", async () => {
    navigator.storage.estimate = async () => ({ quota: MODEL.length, usage: 1 });
    const { weights, state } = await opened();
    await weights.fetch("model");
    assert.deepEqual(state(), ["absent", 0, "full"]);
    assert.deepEqual(asked, []);
});

test("A part of a model goes when another version is offered, and a whole one stays", async () => {
    servers["https://one.test/m"] = broken;
    const before = await opened();
    await before.weights.fetch("model");
    offers = [{ ...OFFER, sha256: "0".repeat(64) }];
    assert.deepEqual((await opened()).state(), ["absent", 0, undefined]);
    assert.deepEqual([...cache.kept.keys()], []);
    offers = [OFFER];
    servers["https://one.test/m"] = whole;
    const again = await opened();
    await again.weights.fetch("model");
    offers = [];
    assert.deepEqual((await opened()).state(), ["ready", MODEL.length, undefined]);
});

test("A model that another tab downloads is waited for", async () => {
    const { weights, state } = await opened();
    /** @type {(nothing: void) => void} */
    let release = () => {};
    locks.request("collate.models.model", () => new Promise((resolve) => (release = resolve)));
    await weights.fetch("model");
    assert.deepEqual(state(), ["elsewhere", 0, undefined]);
    assert.deepEqual(asked, []);
    release();
    await settle();
    assert.deepEqual(state(), ["absent", 0, undefined]);
});

test("A file of the user is stored once, under the name of an offer if it is one", async () => {
    const { weights, state } = await opened();
    const own = new TextEncoder().encode("GGUF of my own");
    const add = (/** @type {string} */ name, /** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
        const file = new File([bytes], name);
        return weights.keep(weights.name(file), file, 2048);
    };
    assert.equal(await add("Own.GGUF", own), "Own");
    assert.equal(await add("Other.gguf", own), "Own");
    const different = new TextEncoder().encode("GGUF of somebody else");
    assert.equal(await add("Own.gguf", different), "Own (2)");
    assert.equal(await add("copy.gguf", MODEL), "model");
    assert.deepEqual(state(), ["ready", MODEL.length, undefined]);
    const list = weights.list().map(({ id, file, context }) => [id, file, context]);
    assert.deepEqual(list, [
        ["model", true, 2048],
        ["Own", true, 2048],
        ["Own (2)", true, 2048],
    ]);
});

test("A file larger than one response is kept whole", async () => {
    const large = new Uint8Array(9 * 2 ** 20 + 5).map((_, at) => at % 251);
    large.set(MODEL.subarray(0, 4));
    offers = [{ ...OFFER, size: large.length, sha256: sha256(large) }];
    const half = 5 * 2 ** 20 + 3;
    servers["https://one.test/m"] = () => {
        let pulls = 0;
        const pull = (/** @type {ReadableStreamDefaultController} */ controller) => {
            if (pulls++) controller.error(new TypeError("network error"));
            else controller.enqueue(large.slice(0, half));
        };
        return new Response(new ReadableStream({ pull }));
    };
    const { weights, state, stored } = await opened();
    await weights.fetch("model");
    assert.deepEqual(state(), ["part", half, "cut"]);
    servers["https://one.test/m"] = () => new Response(large.slice(half), { status: 206 });
    await weights.fetch("model");
    assert.deepEqual(state(), ["ready", large.length, undefined]);
    assert.equal(await stored(), offers[0].sha256);
});

// The rest is stored in files.

/** An empty folder, and a tab that has looked at it. */
async function withFiles() {
    const files = (folder = new FakeFolder());
    return { files, ...(await opened()) };
}

test("A model is stored as a file with its record, and is there for the next page", async () => {
    for (const [most, isOld] of [[Infinity, false], [300, false], [300, true]]) {
        const { files, weights, state, stored } = await withFiles();
        Object.assign(files, { most, isOld });
        await weights.fetch("model");
        assert.deepEqual(state(), ["ready", MODEL.length, undefined]);
        assert.equal(weights.list()[0].store, "opfs");
        assert.deepEqual([...files.files.keys()].sort(), [OFFER.sha256, `${OFFER.sha256}.json`]);
        assert.equal(files.open.size, 0);
        assert.equal(await stored(), OFFER.sha256);
        const next = await opened();
        assert.deepEqual(next.state(), ["ready", MODEL.length, undefined]);
        await next.weights.remove("model");
        assert.deepEqual([next.state()[0], files.files.size], ["absent", 0]);
    }
});

test("A file that broke off goes on where it ended, if its server still has the same", async () => {
    /** @type {[string, Record<string, string>, string | null][]} */
    const table = [
        // Another server would have to allow the header.
        ["https://one.test/m", { ETag: '"1"' }, null],
        ["https://page.test/m", { ETag: '"1"' }, '"1"'],
        ["https://page.test/m", { ETag: 'W/"1"', "Last-Modified": "then" }, "then"],
        ["https://page.test/m", { ETag: 'W/"1"' }, null],
    ];
    for (const [source, headers, expected] of table) {
        offers = [{ ...OFFER, sources: [source] }];
        servers = { [source]: (it) => new Response(broken(it).body, { headers }) };
        const { weights, state } = await withFiles();
        await weights.fetch("model");
        assert.deepEqual(state(), ["part", 1000, "cut"]);
        servers = { [source]: ranged };
        const next = await opened();
        assert.deepEqual(next.state(), ["part", 1000, undefined]);
        await next.weights.fetch("model");
        assert.deepEqual(next.state(), ["ready", MODEL.length, undefined]);
        assert.equal(await next.stored(), OFFER.sha256);
        const sent = Object.fromEntries(new Headers(last.headers));
        assert.deepEqual(sent, { range: "bytes=1000-", ...(expected && { "if-range": expected }) });
        assert.deepEqual([last.referrerPolicy, last.cache], ["no-referrer", "no-store"]);
    }
});

test("A file that is not what was offered leaves nothing", async () => {
    servers["https://one.test/m"] = broken;
    const { files, weights, state } = await withFiles();
    await weights.fetch("model");
    // The rest is that of another file.
    servers["https://one.test/m"] = () => new Response(MODEL.slice(0, -1000), { status: 206 });
    await weights.fetch("model");
    assert.deepEqual([state(), files.files.size], [["absent", 0, "checksum"], 0]);
    servers["https://one.test/m"] = ranged;
    await weights.fetch("model");
    assert.deepEqual(state(), ["ready", MODEL.length, undefined]);
});

test("A download that finds no more room keeps what came, and goes on once there is some", async () => {
    const thrown = () => {
        throw new DOMException("no room", "QuotaExceededError");
    };
    // Chromium returns its own error code as a number.
    for (const full of [() => 0, () => 2 ** 32 - 8, thrown]) {
        const { files, weights, state } = await withFiles();
        Object.assign(files, { full, room: 0 });
        await weights.fetch("model");
        assert.deepEqual(state(), ["absent", 0, "full"]);
        files.room = 3000;
        await weights.fetch("model");
        const [part, kept, code] = state();
        assert.deepEqual([part, code], ["part", "full"]);
        assert.equal(files.open.size, 0);
        files.room = Infinity;
        await weights.fetch("model");
        assert.deepEqual(state(), ["ready", MODEL.length, undefined]);
        assert.deepEqual(asked.at(-1)?.range, `bytes=${kept}-`);
    }
});

test("A file that is copied without room leaves nothing", async () => {
    const { files, weights } = await withFiles();
    const file = new File([MODEL], "own.gguf");
    for (const room of [0, 3000]) {
        files.room = room;
        await assert.rejects(weights.keep("own", file, 2048), { code: "full" });
        assert.deepEqual([[...files.files.keys()], files.open.size], [[], 0]);
        assert.equal(weights.list().some(({ id }) => id === "own"), false);
    }
});

test("A model whose file or record is gone or damaged is absent, and can be downloaded again", async () => {
    const record = `${OFFER.sha256}.json`;
    const spoil = (/** @type {FakeFolder} */ { files }, /** @type {string} */ text) =>
        files.set(record, new TextEncoder().encode(text));
    /** @type {[string, (folder: FakeFolder) => unknown][]} */
    const table = [
        ["no file", ({ files }) => files.delete(OFFER.sha256)],
        ["a shorter file", ({ files }) => files.set(OFFER.sha256, MODEL.slice(1))],
        ["no record", ({ files }) => files.delete(record)],
        ["an empty record", (folder) => spoil(folder, "")],
        ["half a record", (folder) => spoil(folder, '{"id":"mod')],
        ["no record but JSON", (folder) => spoil(folder, "null")],
    ];
    for (const [name, damage] of table) {
        const before = await withFiles();
        await before.weights.fetch("model");
        damage(before.files);
        const { weights, state, stored } = await opened();
        assert.equal(await stored(), undefined, name);
        assert.deepEqual(state(), ["absent", 0, undefined], name);
        await weights.fetch("model");
        assert.deepEqual(state(), ["ready", MODEL.length, undefined], name);
        assert.equal(await stored(), OFFER.sha256, name);
    }
});

test("A browser that stores nothing lists the models, and downloads none", async () => {
    const { caches } = globalThis;
    define("caches", undefined);
    const { weights, state } = await opened();
    assert.deepEqual(state(), ["absent", 0, undefined]);
    await weights.fetch("model");
    assert.deepEqual(state(), ["absent", 0, "no_storage"]);
    await assert.rejects(weights.keep("own", new File([MODEL], "own.gguf"), 1), { code: "no_storage" });
    assert.deepEqual(asked, []);
    define("caches", caches);
});

test("A list of models that does not come is given up, and stored models are there", async () => {
    const before = await withFiles();
    await before.weights.fetch("model");
    const late = new AbortController();
    const timeout = mock.method(AbortSignal, "timeout", () => late.signal);
    const { fetch } = globalThis;
    define("fetch", (/** @type {URL} */ _, /** @type {RequestInit} */ init) => {
        last = init;
        return new Promise((_, reject) => init.signal?.addEventListener("abort", reject));
    });
    const opening = opened();
    await until(() => timeout.mock.calls.length);
    assert.deepEqual([timeout.mock.calls[0].arguments, last.cache], [[8000], "no-cache"]);
    late.abort();
    assert.deepEqual((await opening).state(), ["ready", MODEL.length, undefined]);
    define("fetch", fetch);
    timeout.mock.restore();
});
