// The storage of models' files in this browser, and reading a file in chunks. Runs in a worker, because the
// fastest file API exists only there.
// @ts-check
import { NAME, beside } from "./place.js";
import { Trouble } from "./trouble.js";

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

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ write(bytes: Bytes): Promise<void>, close(): Promise<void> }} Writer */
/** @typedef {Folder | Pieces} Store */

/** Chunk size for reading, hashing and copying, in bytes: small enough for an answer to stop in between. */
export const PIECE = 2 ** 20;
// Size of the responses that hold a file in Cache Storage, in bytes.
const RESPONSE = 4 * 2 ** 20;

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
 * Opens the storage; undefined if the browser has none.
 * @returns {Promise<Store | undefined>}
 */
export const openStore = () =>
    // A browser supports the first, or refuses it because it stores nothing, or supports the second.
    Folder.open()
        .catch(() => Pieces.open())
        .catch(() => undefined);

/**
 * Browsers give an estimate of the quota; writing can still fail.
 * @param {number} size In bytes.
 */
export async function room(size) {
    const estimate = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    const { quota = NaN, usage = NaN } = estimate;
    if (quota - usage < size)
        throw new Trouble("full", `${size} bytes are needed, and there are ${quota - usage}`);
}

/**
 * Parses a record; undefined if the browser ended while it was written.
 * @param {string} text
 * @returns {FileRecord | undefined}
 */
export function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
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
