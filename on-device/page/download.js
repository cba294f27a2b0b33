// A download of a model: from one source after another, from where an earlier one ended, and checked.
// @ts-check
/** @import { Entry } from "./model.js" */
/** @import { Offer } from "./offers.js" */
/** @import { Bytes, FileRecord, Store } from "./stores.js" */
import { beside } from "./place.js";
import { PIECE, pieces } from "./stores.js";
import { Trouble } from "./trouble.js";

/** @typedef {{ push(bytes: Bytes): void, finish(): string }} Hash A SHA-256. */

/**
 * What a download uses of the list of models.
 * @typedef {object} Tools
 * @property {Store} store
 * @property {() => Promise<Hash>} hash Creates a SHA-256.
 * @property {(record: FileRecord) => Promise<void>} note Stores a record.
 * @property {() => void} change Reports a change of an entry.
 */

// Time span for measuring the speed, in milliseconds.
const PACE = 5000;

/** A download of the file, or the missing rest, of one model. */
export class Download {
    /**
     * @param {Tools} tools
     * @param {Entry} entry
     * @param {FileRecord} record
     * @param {Offer} offer
     * @param {AbortSignal} signal
     */
    constructor({ store, hash, note, change }, entry, record, offer, signal) {
        this.store = store;
        this.hash = hash;
        this.note = note;
        this.change = change;
        this.entry = entry;
        this.record = record;
        this.offer = offer;
        this.signal = signal;
    }

    /** Downloads the file; resolves when it is stored and checked. */
    async run() {
        // Of several sources, the last error other than a missing file is reported.
        let trouble = new Trouble("no_source", "no source has this model");
        for (const source of this.offer.sources) {
            // No part of a wrong file may be reused.
            if (trouble.code === "checksum") await this.#forget();
            try {
                await this.#from(beside(source));
                return;
            } catch (fault) {
                const error = /** @type {Trouble} */ (fault);
                const others = ["missing", "unreachable", "offline", "checksum"];
                if (this.signal.aborted || !others.includes(error.code)) throw error;
                if (error.code !== "missing") trouble = error;
            }
        }
        if (trouble.code === "checksum") await this.#forget();
        throw trouble;
    }

    /** Discards what was downloaded. */
    async #forget() {
        await this.store.remove(this.record.stem);
        this.entry.kept = 0;
        this.entry.state = "fetching";
    }

    /**
     * Downloads a file, or its missing rest, from one source, and checks it.
     * @param {URL} url
     */
    async #from(url) {
        const { entry, record } = this;
        const { size, sha256 } = this.offer;
        let hash = await this.hash();
        let at = (await this.store.blob(record.stem)).size;
        if (at > size) at = 0;
        if (at > 0)
            await pieces((await this.store.blob(record.stem)).slice(0, at), (piece) => hash.push(piece));
        if (at < size) {
            const response = await this.#ask(url, at);
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
                await this.note(record);
                await this.#write(at, rest, first, hash);
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
        await this.note({ ...record, isWhole: true });
    }

    /**
     * Requests a file, or its missing rest, from a source.
     * @param {URL} url
     * @param {number} at Position in bytes.
     * @returns {Promise<Response & { body: ReadableStream<Bytes> }>}
     */
    async #ask(url, at) {
        const { record, signal } = this;
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
            if (at > 0 && (isOther || response.status === 416)) return this.#ask(url, 0);
            throw new Trouble("missing", `${url} has none`);
        }
        return /** @type {Response & { body: ReadableStream<Bytes> }} */ (response);
    }

    /**
     * Writes the body, up to the full size.
     * @param {number} at Position in bytes.
     * @param {ReadableStreamDefaultReader<Bytes>} rest
     * @param {ReadableStreamReadResult<Bytes>} first
     * @param {Hash} hash
     */
    async #write(at, rest, first, hash) {
        const { entry, signal } = this;
        const { size } = this.offer;
        const writer = await this.store.writer(this.record.stem, at);
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
