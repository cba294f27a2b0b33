// The files of models: downloads and storage in this browser, shared by all tabs of the page. Runs in a
// worker, because the fastest file API exists only there.
// @ts-check

/**
 * The state of a model's file: `part` after a download that was cut off, `elsewhere` while another tab works
 * on it.
 * @typedef {"absent" | "part" | "fetching" | "checking" | "ready" | "elsewhere"} State
 */

/**
 * An error for the page.
 * @typedef {object} Fault
 * @property {string} code
 * @property {string} message Technical words.
 * @property {number} [tokens] Tokens of a request that is too long.
 * @property {number} [most] Tokens that a request may have.
 */

/**
 * A model in the page's list.
 * @typedef {object} Model
 * @property {string} id
 * @property {"weights" | "browser"} kind
 * @property {number} size In bytes; 1 for the browser's own model.
 * @property {number} kept In bytes.
 * @property {State} state
 * @property {number} speed In bytes per second.
 * @property {number} left In seconds.
 * @property {Fault | null} error
 * @property {boolean} file True for a file that the user picked.
 * @property {"opfs" | "cache" | null} store
 * @property {number} [context] In tokens.
 */

/**
 * An available model, as models.json describes it.
 * @typedef {object} Offer
 * @property {string} id
 * @property {number} size In bytes.
 * @property {string} sha256 In lower-case hexadecimal digits.
 * @property {string[]} sources Addresses; relative ones are relative to the page.
 * @property {number} [context] In tokens.
 */

/**
 * The stored description of a file.
 * @typedef {object} FileRecord
 * @property {string} id
 * @property {string} stem Name of the file in the store.
 * @property {number} size In bytes.
 * @property {string} [sha256]
 * @property {boolean} [isWhole] True once the file was checked.
 * @property {boolean} [isFile] True for a file that the user picked.
 * @property {number} [context] In tokens, if known.
 * @property {string} [source] Address of a download.
 * @property {string | null} [tag] ETag or date of a download.
 */

/**
 * A model as this tab knows it.
 * @typedef {object} Entry
 * @property {string} id
 * @property {number} size In bytes.
 * @property {number} kept In bytes.
 * @property {State} state
 * @property {number} speed In bytes per second.
 * @property {number} left In seconds.
 * @property {Fault | null} error
 * @property {boolean} file
 * @property {number} [context] In tokens.
 * @property {Offer} [offer]
 * @property {boolean} [isBusy] True while this tab works on it.
 * @property {AbortController} [abort] Ends the work of this tab.
 * @property {Promise<void>} [ending] Resolves at the end of the work of this tab.
 * @property {Promise<void>} [waits] Resolves after the work of another tab.
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ write(bytes: Bytes): Promise<void>, close(): Promise<void> }} Writer */
/** @typedef {{ push(bytes: Bytes): void, finish(): string }} Hash A SHA-256. */

/** Chunk size for reading, hashing and copying, in bytes: small enough for an answer to stop in between. */
export const PIECE = 2 ** 20;
// Size of the responses that hold a file in Cache Storage, in bytes.
const RESPONSE = 4 * 2 ** 20;
// Time span for measuring the speed, in milliseconds.
const PACE = 5000;
// Timeout for the list of available models, in milliseconds.
const OFFERS = 8000;
const NAME = "collate.models";
const NO_STORAGE = "this browser keeps no files for this page";

const { locks } = navigator;
/**
 * This script is in a folder of the page whose name changes with its contents.
 * @param {string} path
 */
const beside = (path) => new URL(path, new URL("../", import.meta.url));

export class Trouble extends Error {
    /**
     * @param {string} code
     * @param {string} [message]
     */
    constructor(code, message = code) {
        super(message);
        this.code = code;
    }
}

/**
 * An error for the page: a code, and a technical message.
 * @param {any} error
 * @returns {Fault}
 */
export const told = (error) => {
    // Storage signals it by a DOMException or, since 2025, by a class of this name.
    const code = error.name === "QuotaExceededError" ? "full" : (error.code ?? "failed");
    return { ...error, code: typeof code === "string" ? code : "failed", message: error.message };
};

// Files in the origin private file system. A file and its record share a stem.
class Folder {
    kind = /** @type {const} */ ("opfs");

    /** @param {FileSystemDirectoryHandle} folder */
    constructor(folder) {
        this.folder = folder;
    }

    static async open() {
        if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype)) throw new Trouble("no_storage");
        const root = await navigator.storage.getDirectory();
        return new Folder(await root.getDirectoryHandle(NAME, { create: true }));
    }

    async records() {
        /** @type {FileSystemFileHandle[]} */
        const files = [];
        for await (const handle of this.folder.values())
            if (handle.name.endsWith(".json")) files.push(/** @type {FileSystemFileHandle} */ (handle));
        const texts = files.map(async (handle) => (await handle.getFile()).text());
        // A record that another tab removes meanwhile is skipped.
        return Promise.all(texts.map((text) => text.catch(() => "")));
    }

    /**
     * @param {string} stem
     * @param {string} text
     */
    async note(stem, text) {
        const writer = await this.writer(`${stem}.json`, 0);
        try {
            await writer.write(new TextEncoder().encode(text));
        } finally {
            // An open file can't be opened again.
            await writer.close();
        }
    }

    /**
     * Writes from a position on, in bytes. Older versions of Safari return promises here instead of values.
     * @param {string} name
     * @param {number} at
     * @returns {Promise<Writer>}
     */
    async writer(name, at) {
        const file = await this.folder.getFileHandle(name, { create: true });
        const handle = await file.createSyncAccessHandle();
        await handle.truncate(at);
        return {
            async write(bytes) {
                for (let done = 0; done < bytes.length; ) {
                    const rest = bytes.subarray(done);
                    const written = await handle.write(rest, { at });
                    // Chromium returns 2^32 - 8 when storage is full: its own error code, taken for a count.
                    if (!written || written > rest.length)
                        throw new Trouble("full", "nothing more could be written");
                    done += written;
                    at += written;
                }
            },
            async close() {
                try {
                    await handle.flush();
                } finally {
                    await handle.close();
                }
            },
        };
    }

    /**
     * @param {string} stem
     * @returns {Promise<Blob>}
     */
    async blob(stem) {
        try {
            return await (await this.folder.getFileHandle(stem)).getFile();
        } catch (error) {
            // Other errors don't mean that the file is gone.
            if (/** @type {DOMException} */ (error).name === "NotFoundError") return new Blob();
            throw error;
        }
    }

    /** @param {string} stem */
    async remove(stem) {
        // The record goes last: otherwise a remainder could not be removed.
        for (const name of [stem, `${stem}.json`])
            await this.folder.removeEntry(name).catch((error) => {
                if (error.name !== "NotFoundError") throw error;
            });
    }
}

// For browsers that can't write files: a sequence of responses of one size.
class Pieces {
    kind = /** @type {const} */ ("cache");

    /** @param {Cache} cache */
    constructor(cache) {
        this.cache = cache;
    }

    static async open() {
        return new Pieces(await caches.open(NAME));
    }

    /**
     * The address of a response.
     * @param {string} stem
     * @param {number | "record"} piece
     */
    at = (stem, piece) => beside(`./${NAME}/${stem}/${piece}`);

    async records() {
        const requests = (await this.cache.keys()).filter(({ url }) => url.endsWith("/record"));
        return Promise.all(requests.map(async (request) => (await this.cache.match(request))?.text() ?? ""));
    }

    /**
     * @param {string} stem
     * @param {string} text
     */
    note(stem, text) {
        return this.cache.put(this.at(stem, "record"), new Response(text));
    }

    /**
     * Writes from a position on, in bytes.
     * @param {string} stem
     * @param {number} at
     * @returns {Promise<Writer>}
     */
    async writer(stem, at) {
        const { cache } = this;
        let piece = Math.floor(at / RESPONSE);
        const begun = (await this.blob(stem)).slice(piece * RESPONSE, at);
        /** @type {BlobPart[]} */
        let pieces = [await begun.arrayBuffer()];
        let size = begun.size;
        await this.cut(stem, piece);
        const put = async () => {
            if (size > 0) await cache.put(this.at(stem, piece), new Response(new Blob(pieces)));
            pieces = [];
            size = 0;
            piece += 1;
        };
        return {
            async write(bytes) {
                for (let done = 0; done < bytes.length; ) {
                    // A copy, because the input may be a view of a reused buffer.
                    const some = bytes.slice(done, done + RESPONSE - size);
                    pieces.push(some);
                    size += some.length;
                    done += some.length;
                    if (size === RESPONSE) await put();
                }
            },
            close: put,
        };
    }

    /** @param {string} stem */
    async blob(stem) {
        /** @type {Blob[]} */
        const pieces = [];
        for (;;) {
            const response = await this.cache.match(this.at(stem, pieces.length));
            if (!response) return new Blob(pieces);
            pieces.push(await response.blob());
        }
    }

    /**
     * Removes the responses of a file from a number on.
     * @param {string} stem
     * @param {number} piece
     */
    async cut(stem, piece) {
        while (await this.cache.delete(this.at(stem, piece))) piece += 1;
    }

    /** @param {string} stem */
    async remove(stem) {
        await this.cache.delete(this.at(stem, "record"));
        await this.cut(stem, 0);
    }
}

/**
 * Calls a function with each chunk of a blob.
 * @param {Blob} blob
 * @param {(piece: Bytes) => unknown} take
 */
export async function pieces(blob, take) {
    const read = (/** @type {number} */ at) => blob.slice(at, at + PIECE).arrayBuffer();
    // The next chunk is read while this one is processed.
    let next = read(0);
    for (let at = 0; at < blob.size; at += PIECE) {
        const piece = await next;
        next = read(at + PIECE);
        // Its error is handled later, or not at all.
        next.catch(() => {});
        await take(new Uint8Array(piece));
    }
}

/** The models' files and everything that is known of them. */
export class Weights {
    /** @type {Map<string, Entry>} */
    #entries = new Map();
    /** @type {Map<string, FileRecord>} */
    #records = new Map();
    #due = 0;
    /** @type {Folder | Pieces | undefined} */
    store;
    /** @type {Offer[] | undefined} */
    offers;
    /** @type {Promise<void> | undefined} */
    looking;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    timer;

    /**
     * `tell` is called with changes; `hash` creates a SHA-256.
     * @param {(models: Model[]) => void} tell
     * @param {() => Promise<Hash>} hash
     */
    constructor(tell, hash) {
        this.tell = tell;
        this.hash = hash;
        // Without a channel between tabs, each looks for itself.
        this.channel = globalThis.BroadcastChannel && new BroadcastChannel(NAME);
        if (this.channel) this.channel.onmessage = ({ data }) => this.#heard(data);
        this.begun = this.#begin();
    }

    async #begin() {
        // A browser supports the first, or refuses it because it stores nothing, or supports the second.
        this.store = await Folder.open()
            .catch(() => Pieces.open())
            .catch(() => undefined);
        await this.refresh();
    }

    get #storage() {
        if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
        return this.store;
    }

    /** Fetches the available models. The site's operator can change the list without a new page version. */
    async #offers() {
        try {
            // Stored models must not wait for it any longer.
            const signal = AbortSignal.timeout(OFFERS);
            const response = await fetch(beside("./models.json"), { cache: "no-cache", signal });
            /** @type {{ models: Offer[] }} */
            const { models } = await response.json();
            this.offers = models.filter(
                ({ id, size, sha256, sources }) =>
                    typeof id === "string" &&
                    size > 0 &&
                    /^[0-9a-f]{64}$/.test(sha256) &&
                    Array.isArray(sources),
            );
        } catch {
            // It is fetched again later; stored models work without it.
        }
    }

    /** Updates the available and stored models, except those that this tab is fetching. */
    refresh() {
        return (this.looking ??= this.#look().finally(() => (this.looking = undefined)));
    }

    async #look() {
        if (!this.offers) await this.#offers();
        /** @type {Map<string, FileRecord>} */
        const records = new Map();
        const known = [...this.#records.values()].map((record) => JSON.stringify(record));
        for (const text of (await this.store?.records().catch(() => known)) ?? []) {
            const record = parsed(text);
            if (record) records.set(record.id, record);
        }
        this.#records = records;
        // Waiting for the end of a download briefly holds the same lock, but shared.
        const locked = ((await locks?.query())?.held ?? []).filter(({ mode }) => mode === "exclusive");
        const held = new Set(locked.map(({ name }) => name));
        const ids = new Set([...(this.offers ?? []).map(({ id }) => id), ...records.keys()]);
        for (const [id, { isBusy }] of this.#entries) if (!ids.has(id) && !isBusy) this.#entries.delete(id);
        for (const id of ids) {
            const entry = this.#entry(id);
            const offer = this.offers?.find((offer) => offer.id === id);
            const record = records.get(id);
            entry.offer = offer;
            if (entry.isBusy) continue;
            const isElsewhere = held.has(`${NAME}.${id}`);
            // A partial copy from another tab is useless, and so is a partial download that is no longer
            // offered or has another version. A complete file stays until the user removes it.
            const isOld = (/** @type {FileRecord | undefined} */ record) =>
                record &&
                !record.isWhole &&
                (record.isFile || (this.offers && offer?.sha256 !== record.sha256));
            if (record && isOld(record) && !isElsewhere)
                await this.#alone(entry, async () => {
                    // Another tab may have completed it since it was read.
                    const now = (await this.#storage.records()).map(parsed);
                    if (isOld(now.find((now) => now?.stem === record.stem)))
                        await this.#storage.remove(record.stem);
                });
            const isKept = record && !isOld(record);
            const kept = !isKept
                ? 0
                : record.isWhole
                  ? record.size
                  : (await this.#storage.blob(record.stem)).size;
            Object.assign(entry, {
                size: isKept && record.isWhole ? record.size : (offer?.size ?? record?.size ?? 0),
                kept,
                file: !!(isKept && record.isFile),
                context: (isKept && record.context) || offer?.context,
            });
            entry.state = isKept && record.isWhole ? "ready" : kept > 0 ? "part" : "absent";
            if (!offer && !isKept) this.#entries.delete(id);
            else if (isElsewhere) this.#elsewhere(entry);
        }
        this.change();
    }

    /** @param {string} id */
    #entry(id) {
        /** @type {Entry} */
        const fresh = { id, size: 0, kept: 0, state: "absent", speed: 0, left: 0, error: null, file: false };
        const entry = this.#entries.get(id) ?? fresh;
        this.#entries.set(id, entry);
        return entry;
    }

    /**
     * Another tab is working on it, until it releases the lock for any reason.
     * @param {Entry} entry
     */
    #elsewhere(entry) {
        entry.state = "elsewhere";
        entry.waits ??= locks
            .request(`${NAME}.${entry.id}`, { mode: "shared" }, () => {})
            .then(() => {
                entry.waits = undefined;
                entry.speed = entry.left = 0;
                return this.refresh();
            });
    }

    /**
     * Another tab reports a change or, with numbers, the progress of one model.
     * @param {{ id: string, kept?: number, speed: number, left: number }} news
     */
    #heard({ id, kept, speed, left }) {
        const entry = this.#entries.get(id);
        if (kept === undefined || !entry) {
            this.refresh();
        } else if (!entry.isBusy) {
            Object.assign(entry, { kept, speed, left });
            if (locks) this.#elsewhere(entry);
            this.change();
        }
    }

    /** @returns {Model[]} */
    list() {
        const store = this.store?.kind ?? null;
        const entries = [...this.#entries.values()];
        return entries.map(({ id, size, kept, state, speed, left, error, file, context }) => ({
            ...{ id, kind: "weights", size, kept, state, speed, left, error, file, context },
            store,
        }));
    }

    /** Reports changes at most five times a second, and progress to other tabs once a second. */
    change() {
        this.timer ??= setTimeout(() => {
            this.timer = undefined;
            this.tell(this.list());
            if (performance.now() < this.#due) return;
            this.#due = performance.now() + 1000;
            for (const { id, state, kept, speed, left } of this.#entries.values())
                if (state === "fetching") this.channel?.postMessage({ id, kept, speed, left });
        }, 200);
    }

    isReady = (/** @type {string} */ id) => this.#entries.get(id)?.state === "ready";

    /**
     * The file of a model that is ready.
     * @param {string} id
     */
    async blob(id) {
        await this.begun;
        const record = this.#records.get(id);
        if (!this.isReady(id) || !record) return undefined;
        const blob = await this.#storage.blob(record.stem);
        if (blob.size === record.size) return blob;
        // The browser, or the user through it, has removed the file.
        await this.remove(id);
        return undefined;
    }

    /** @param {FileRecord} record */
    async #note(record) {
        await this.#storage.note(record.stem, JSON.stringify(record));
        this.#records.set(record.id, record);
    }

    /**
     * Stores the context length that loading the model has shown.
     * @param {string} id
     * @param {number} context In tokens.
     */
    async learn(id, context) {
        const record = this.#records.get(id);
        if (!record || record.context === context) return;
        this.#entry(id).context = context;
        await this.#note({ ...record, context }).catch(() => {});
        this.change();
    }

    /**
     * Calls a function while holding the lock of one model; returns whether the lock was free.
     * @param {Entry} entry
     * @param {() => Promise<void>} act
     * @returns {Promise<boolean>}
     */
    async #alone(entry, act) {
        const did = async (/** @type {Lock | true | null} */ lock) => (lock ? (await act(), true) : false);
        if (!locks) return did(true);
        return locks.request(`${NAME}.${entry.id}`, { ifAvailable: true }, did);
    }

    /**
     * Runs a long operation on one model. Its entry gets the error, if any.
     * @param {Entry} entry
     * @param {(signal: AbortSignal) => Promise<void>} act
     */
    async #work(entry, act) {
        if (entry.isBusy) return;
        entry.isBusy = true;
        entry.error = null;
        entry.abort = new AbortController();
        const { signal } = entry.abort;
        try {
            if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
            const did = await this.#alone(entry, () => act(signal));
            if (!did) this.#elsewhere(entry);
        } catch (error) {
            if (!signal.aborted) entry.error = told(error);
            // A program that trapped can't be used again.
            if (error instanceof WebAssembly.RuntimeError) throw error;
        }
        entry.isBusy = false;
        entry.speed = entry.left = 0;
        // A refresh that ran meanwhile has an outdated state.
        await this.looking;
        await this.refresh();
        this.channel?.postMessage({});
    }

    /** @param {string} id */
    async fetch(id) {
        await this.begun;
        if (!this.offers) await this.refresh();
        const entry = this.#entries.get(id);
        if (entry?.isBusy) return entry.ending;
        if (!entry || entry.state === "ready") return undefined;
        entry.ending = this.#work(entry, (signal) => this.#fetch(entry, signal));
        return entry.ending;
    }

    /** @param {string} id */
    async cancel(id) {
        const entry = this.#entries.get(id);
        entry?.abort?.abort();
        await entry?.ending;
    }

    /** @param {string} id */
    async remove(id) {
        await this.begun;
        await this.cancel(id);
        const entry = this.#entries.get(id);
        const record = this.#records.get(id);
        if (!entry) return;
        entry.ending = this.#work(entry, async () => {
            if (record) await this.#storage.remove(record.stem);
        });
        await entry.ending;
    }

    /**
     * @param {Entry} entry
     * @param {AbortSignal} signal
     */
    async #fetch(entry, signal) {
        const { offer } = entry;
        if (!offer) throw new Trouble("no_source", "nobody offers this model any more");
        const { size, sha256 } = offer;
        const record = this.#records.get(entry.id) ?? { id: entry.id, stem: sha256, size, sha256 };
        entry.state = "fetching";
        entry.kept = (await this.#storage.blob(record.stem)).size;
        this.change();
        await this.#room(size - entry.kept);
        // Of several sources, the last error other than a missing file is reported.
        let trouble = new Trouble("no_source", "no source has this model");
        for (const source of offer.sources) {
            // No part of a wrong file may be reused.
            if (trouble.code === "checksum") await this.#forget(entry, record);
            try {
                await this.#from(beside(source), offer, entry, record, signal);
                return;
            } catch (fault) {
                const error = /** @type {Trouble} */ (fault);
                const others = ["missing", "unreachable", "offline", "checksum"];
                if (signal.aborted || !others.includes(error.code)) throw error;
                if (error.code !== "missing") trouble = error;
            }
        }
        if (trouble.code === "checksum") await this.#forget(entry, record);
        throw trouble;
    }

    /**
     * Discards what was downloaded of a model.
     * @param {Entry} entry
     * @param {FileRecord} record
     */
    async #forget(entry, record) {
        await this.#storage.remove(record.stem);
        entry.kept = 0;
        entry.state = "fetching";
    }

    /**
     * Browsers give an estimate of the quota; writing can still fail.
     * @param {number} size In bytes.
     */
    async #room(size) {
        const estimate = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
        const { quota = NaN, usage = NaN } = estimate;
        if (quota - usage < size)
            throw new Trouble("full", `${size} bytes are needed, and there are ${quota - usage}`);
    }

    /**
     * Downloads a file, or its missing rest, from one source, and checks it.
     * @param {URL} url
     * @param {Offer} offer
     * @param {Entry} entry
     * @param {FileRecord} record
     * @param {AbortSignal} signal
     */
    async #from(url, { size, sha256 }, entry, record, signal) {
        let hash = await this.hash();
        let at = (await this.#storage.blob(record.stem)).size;
        if (at > size) at = 0;
        if (at > 0)
            await pieces((await this.#storage.blob(record.stem)).slice(0, at), (piece) => hash.push(piece));
        if (at < size) {
            const response = await this.#ask(url, at, record, signal);
            const isRest = response.status === 206;
            const rest = response.body.getReader();
            /** @type {ReadableStreamReadResult<Bytes>} */
            let first = { done: false, value: new Uint8Array() };
            try {
                if (!isRest) {
                    // The download restarts: the source doesn't support ranges, or its file has changed.
                    first = await beginning(rest);
                    if (new TextDecoder().decode(first.value.subarray(0, 4)) !== "GGUF")
                        throw new Trouble("missing");
                    hash = await this.hash();
                    at = 0;
                }
                Object.assign(record, { source: url.href, tag: tag(response) });
                await this.#note(record);
                await this.#write(entry, record, at, size, rest, first, hash, signal);
            } catch (error) {
                rest.cancel().catch(() => {});
                throw error;
            }
        }
        entry.state = "checking";
        entry.speed = entry.left = 0;
        this.change();
        if (hash.finish() !== sha256)
            throw new Trouble("checksum", "what came is not what is offered: its SHA-256 is another");
        await this.#note({ ...record, isWhole: true });
    }

    /**
     * Requests a file, or its missing rest, from a source.
     * @param {URL} url
     * @param {number} at Position in bytes.
     * @param {FileRecord} record
     * @param {AbortSignal} signal
     * @returns {Promise<Response & { body: ReadableStream<Bytes> }>}
     */
    async #ask(url, at, record, signal) {
        const headers = new Headers();
        if (at > 0) {
            headers.set("Range", `bytes=${at}-`);
            // Another origin would have to allow the header; the checksum detects a changed file anyway.
            if (record.tag && record.source === url.href && url.origin === location.origin)
                headers.set("If-Range", record.tag);
        }
        let response;
        try {
            const how = /** @type {const} */ ({ referrerPolicy: "no-referrer", cache: "no-store" });
            response = await fetch(url, { ...how, headers, signal });
        } catch (error) {
            if (signal.aborted) throw error;
            throw new Trouble(navigator.onLine ? "unreachable" : "offline", `${url} can't be reached`);
        }
        const isPage = /^text\/html/i.test(response.headers.get("Content-Type") ?? "");
        const range = response.headers.get("Content-Range");
        // Across origins, most servers don't expose this header.
        const isOther =
            response.status === 206 && (at === 0 || (range && !range.startsWith(`bytes ${at}-`)));
        if (!response.ok || isPage || isOther || !response.body) {
            response.body?.cancel().catch(() => {});
            if (at > 0 && (isOther || response.status === 416)) return this.#ask(url, 0, record, signal);
            throw new Trouble("missing", `${url} has none`);
        }
        return /** @type {Response & { body: ReadableStream<Bytes> }} */ (response);
    }

    /**
     * Writes the body, up to the full size.
     * @param {Entry} entry
     * @param {FileRecord} record
     * @param {number} at Position in bytes.
     * @param {number} size Of the whole file, in bytes.
     * @param {ReadableStreamDefaultReader<Bytes>} rest
     * @param {ReadableStreamReadResult<Bytes>} first
     * @param {Hash} hash
     * @param {AbortSignal} signal
     */
    async #write(entry, record, at, size, rest, first, hash, signal) {
        const writer = await this.#storage.writer(record.stem, at);
        const read = () =>
            rest.read().catch((error) => {
                throw signal.aborted ? error : new Trouble("cut", error.message);
            });
        /** @type {[number, number][]} */
        const samples = [];
        try {
            for (let next = first; !next.done; next = await read()) {
                const { value } = next;
                if (at + value.length > size) throw new Trouble("checksum", "more came than is offered");
                // Hashed in chunks, so that an answer can stop in between.
                await writer.write(value);
                for (let done = 0; done < value.length; done += PIECE)
                    hash.push(value.subarray(done, done + PIECE));
                entry.kept = at += value.length;
                const now = performance.now();
                samples.push([now, at]);
                while (samples[0][0] < now - PACE) samples.shift();
                const [[from, had]] = samples;
                entry.speed = now - from > 200 ? Math.round(((at - had) * 1000) / (now - from)) : 0;
                entry.left = entry.speed ? Math.ceil((size - at) / entry.speed) : 0;
                this.change();
            }
        } finally {
            await writer.close();
        }
        // The body ended as its server announced, so it is another file.
        if (at < size) throw new Trouble("checksum", `${at} of ${size} bytes came`);
    }

    /**
     * Returns an unused name for a file that the user picked.
     * @param {File} file
     */
    name(file) {
        const name = file.name.replace(/\.gguf$/i, "").slice(0, 100) || "GGUF";
        let id = name;
        for (let number = 2; this.#entries.has(id); number += 1) id = `${name} (${number})`;
        return id;
    }

    /**
     * Stores a copy of a file that the user picked, and returns its ID.
     * @param {string} id
     * @param {File} file
     * @param {number} context In tokens.
     */
    async keep(id, file, context) {
        if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
        const entry = this.#entry(id);
        /** @type {FileRecord} */
        const record = { id, stem: crypto.randomUUID(), size: file.size, isFile: true, context };
        /** @type {FileRecord | undefined} */
        let same;
        entry.ending = this.#work(entry, async (signal) => {
            Object.assign(entry, { size: file.size, kept: 0, state: "checking", file: true, context });
            const hash = await this.hash();
            /** @type {Writer | undefined} */
            let writer;
            try {
                await this.#room(file.size);
                await this.#note(record);
                const copy = (writer = await this.#storage.writer(record.stem, 0));
                await pieces(file, async (piece) => {
                    signal.throwIfAborted();
                    hash.push(piece);
                    await copy.write(piece);
                    entry.kept += piece.length;
                    this.change();
                });
                await writer.close();
                const sha256 = (record.sha256 = hash.finish());
                const others = [...this.#records.values()];
                same = others.find((other) => other.isWhole && other.sha256 === sha256);
                if (same) throw new Trouble("kept");
                // It is one of the available models, downloaded in another way.
                const offer = this.offers?.find((offer) => offer.sha256 === sha256);
                if (offer && !this.#entries.get(offer.id)?.isBusy) {
                    this.#records.delete(id);
                    record.id = offer.id;
                    // Removes an earlier partial download of it.
                    await this.#storage.remove(sha256);
                }
                await this.#note({ ...record, isWhole: true });
            } catch (error) {
                await writer?.close().catch(() => {});
                await this.#storage.remove(record.stem);
                this.#records.delete(id);
                if (!same) throw error;
            }
        });
        await entry.ending;
        if (entry.error || entry.abort?.signal.aborted) {
            this.#entries.delete(id);
            this.change();
            throw Object.assign(new Trouble("cancelled"), entry.error);
        }
        return (same ?? record).id;
    }
}

/**
 * Parses a record; undefined if the browser ended while it was written.
 * @param {string} text
 * @returns {FileRecord | undefined}
 */
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/**
 * The first bytes of a body: enough to recognise its type.
 * @param {ReadableStreamDefaultReader<Bytes>} reader
 */
async function beginning(reader) {
    let value = new Uint8Array();
    while (value.length < 4) {
        const next = await reader.read().catch((error) => {
            throw new Trouble("cut", error.message);
        });
        if (next.done) break;
        const both = new Uint8Array(value.length + next.value.length);
        both.set(value);
        both.set(next.value, value.length);
        value = both;
    }
    return { done: /** @type {const} */ (false), value };
}

/**
 * An identifier of this version of a file; a weak ETag doesn't guarantee identical bytes.
 * @param {Response} response
 */
function tag(response) {
    const tag = response.headers.get("ETag");
    return tag?.startsWith('"') ? tag : response.headers.get("Last-Modified");
}
