// Parts of a browser that Node lacks, as far as the tests need them.
// @ts-check
import { readFile } from "node:fs/promises";

/**
 * Gives all modules a global; Node's own may be read-only.
 * @param {string} name
 * @param {unknown} value
 */
export const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that needs neither a timer nor another thread. */
export async function settle() {
    for (let turns = 0; turns < 20; turns += 1) await turn();
}

/**
 * Waits for something that needs no timer.
 * @param {() => unknown} isSo
 */
export async function until(isSo) {
    for (let turns = 0; !isSo(); turns += 1) {
        if (turns > 100_000) throw new Error(`not so: ${isSo}`);
        await turn();
    }
}

// The program that the build puts beside a script: its functions are those of `globalThis.program`.
const NAMES = ["leave", "begin", "push", "finish", "ask", "step", "stop"];
const PROGRAM = `data:text/javascript,
    export default (...given) => program.start(...given);
    export class Hash { constructor() { return program.hash(); } }
    ${NAMES.map((name) => `export const ${name} = (...given) => program.${name}(...given);`).join("")}`;
let runs = 0;

/**
 * Runs a script that imports such a program, again with each call.
 * @param {string} path From the project's folder.
 */
export async function run(path) {
    const url = new URL(`../../${path}`, import.meta.url);
    const source = await readFile(url, "utf8");
    const script = source.replace(/from "\.\/(.+?)"/g, (_, name) =>
        name === "program.js" ? `from ${JSON.stringify(PROGRAM)}` : `from "${new URL(name, url)}"`,
    );
    await import(`data:text/javascript,${encodeURIComponent(script)}//${(runs += 1)}`);
}

/** fetch: it records each request, and rejects when that is aborted. */
export class FakeFetch {
    /** @type {Request[]} */
    asked = [];
    /**
     * @param {Request} _request
     * @returns {Response | Promise<Response>}
     */
    answer = (_request) => new Response("");

    /**
     * @param {Request | URL | string} of
     * @param {RequestInit} [init]
     */
    fetch = async (of, init) => {
        const request = of instanceof Request ? of : new Request(of, init);
        this.asked.push(request);
        const { signal } = request;
        signal.throwIfAborted();
        const aborted = new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason)),
        );
        return Promise.race([this.answer(request), aborted]);
    };
}

/** localStorage or sessionStorage. While `isFull`, nothing can be written. */
export class FakeStorage {
    /** @type {Map<string, string>} */
    items = new Map();
    isFull = false;

    /** @param {string} key */
    getItem(key) {
        return this.items.get(key) ?? null;
    }

    /**
     * @param {string} key
     * @param {string} value
     */
    setItem(key, value) {
        if (this.isFull) throw new DOMException("", "QuotaExceededError");
        this.items.set(key, value);
    }

    /** @param {string} key */
    removeItem(key) {
        this.items.delete(key);
    }
}

/**
 * @typedef {"shared" | "exclusive"} Mode
 * @typedef {{ name: string, mode: Mode }} FakeLock
 * @typedef {(lock: FakeLock | null) => unknown} Act
 * @typedef {{ lock: FakeLock, go: () => void }} Waiting
 */

/** navigator.locks of all tabs: requests are granted in their order. */
export class FakeLocks {
    /** @type {Set<FakeLock>} */
    #held = new Set();
    /** @type {Waiting[]} */
    #waiting = [];

    /**
     * @param {string} name
     * @param {Act | { mode?: Mode, ifAvailable?: boolean }} options
     * @param {Act} [act]
     * @returns {Promise<unknown>}
     */
    async request(name, options, act) {
        if (typeof options === "function") return this.request(name, {}, options);
        const lock = { name, mode: options.mode ?? "exclusive" };
        // A browser grants no lock within the call.
        await null;
        if (!this.#isFree(lock, this.#waiting)) {
            if (options.ifAvailable) return act?.(null);
            await /** @type {Promise<void>} */ (new Promise((go) => this.#waiting.push({ lock, go })));
        }
        this.#held.add(lock);
        try {
            return await act?.(lock);
        } finally {
            this.#held.delete(lock);
            this.#grant();
        }
    }

    async query() {
        return { held: [...this.#held], pending: this.#waiting.map(({ lock }) => lock) };
    }

    /**
     * @param {FakeLock} lock
     * @param {Waiting[]} before
     */
    #isFree({ name, mode }, before) {
        const all = [...this.#held, ...before.map(({ lock }) => lock)];
        const others = all.filter((other) => other.name === name);
        return others.every((other) => mode === "shared" && other.mode === "shared");
    }

    #grant() {
        const next = this.#waiting.find(({ lock }, at) => this.#isFree(lock, this.#waiting.slice(0, at)));
        if (!next) return;
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        this.#held.add(next.lock);
        next.go();
        this.#grant();
    }
}

/** Cache Storage: one cache, as the tests need no other. */
export class FakeCache {
    /** @type {Map<string, Blob>} */
    kept = new Map();
    keys = async () => [...this.kept.keys()].map((url) => ({ url }));
    delete = async (/** @type {URL} */ url) => this.kept.delete(url.href);

    /** @param {URL | { url: string }} of */
    async match(of) {
        const blob = this.kept.get("url" in of ? of.url : of.href);
        return blob && new Response(blob);
    }

    /**
     * @param {URL} url
     * @param {Response} response
     */
    async put(url, response) {
        this.kept.set(url.href, await response.blob());
    }
}

/** The origin private file system: one folder. A file that is open to be written can't be opened or removed. */
export class FakeFolder {
    /** @type {Map<string, Uint8Array<ArrayBuffer>>} */
    files = new Map();
    /** @type {Set<string>} */
    open = new Set();
    /** The number of bytes that one call writes at most. */
    most = Infinity;
    /** The number of bytes that can still be written. */
    room = Infinity;
    /** What a call does that can't write anything. */
    full = () => 0;
    /** True for calls that return promises, as in older versions of Safari. */
    isOld = false;

    getDirectoryHandle = async () => this;

    async *values() {
        for (const name of this.files.keys()) yield new FakeFile(this, name);
    }

    /**
     * @param {string} name
     * @param {{ create?: boolean }} [options]
     */
    async getFileHandle(name, { create } = {}) {
        if (create && !this.files.has(name)) this.files.set(name, new Uint8Array());
        return new FakeFile(this, this.existing(name));
    }

    /** @param {string} name */
    async removeEntry(name) {
        this.files.delete(this.closed(name));
    }

    /** @param {string} name */
    existing(name) {
        if (!this.files.has(name)) throw new DOMException("no such file", "NotFoundError");
        return name;
    }

    /** @param {string} name */
    closed(name) {
        if (this.open.has(name)) throw new DOMException("it is open", "NoModificationAllowedError");
        return this.existing(name);
    }
}

/** A file of a `FakeFolder`. */
export class FakeFile {
    /**
     * @param {FakeFolder} folder
     * @param {string} name
     */
    constructor(folder, name) {
        this.folder = folder;
        this.name = name;
    }

    async getFile() {
        return new File([this.bytes], this.name);
    }

    get bytes() {
        return this.folder.files.get(this.folder.existing(this.name)) ?? new Uint8Array();
    }

    async createSyncAccessHandle() {
        const { folder, name } = this;
        folder.open.add(folder.closed(name));
        /** @param {unknown} value */
        const given = (value) => (folder.isOld ? Promise.resolve(value) : value);
        /** @param {number} size */
        const resized = (size) => {
            const bytes = new Uint8Array(size);
            bytes.set(this.bytes.subarray(0, size));
            folder.files.set(name, bytes);
            return bytes;
        };
        return {
            truncate: (/** @type {number} */ size) => given(void resized(size)),
            write: (/** @type {Uint8Array} */ bytes, /** @type {{ at: number }} */ { at }) => {
                const some = bytes.subarray(0, Math.min(folder.most, folder.room));
                if (!some.length) return given(folder.full());
                folder.room -= some.length;
                resized(Math.max(this.bytes.length, at + some.length)).set(some, at);
                return given(some.length);
            },
            flush: () => given(undefined),
            close: () => given(void folder.open.delete(name)),
        };
    }
}
