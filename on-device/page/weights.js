// The models of this browser: their files and states, shared by all tabs of the page.
// @ts-check
/** @import { Hash } from "./download.js" */
/** @import { Entry, Model } from "./model.js" */
/** @import { Offer } from "./offers.js" */
/** @import { FileRecord, Store, Writer } from "./stores.js" */
import { Download } from "./download.js";
import { alone, hasLocks, held, released } from "./locks.js";
import { shown, unknown } from "./model.js";
import { offered } from "./offers.js";
import { NAME } from "./place.js";
import { openStore, parsed, pieces, room } from "./stores.js";
import { Trouble, faultOf } from "./trouble.js";

const NO_STORAGE = "this browser keeps no files for this page";

/** The models' files and everything that is known of them. */
export class Weights {
    /** @type {Map<string, Entry>} */
    #entries = new Map();
    /** @type {Map<string, FileRecord>} */
    #records = new Map();
    #due = 0;
    /** @type {Store | undefined} */
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
        this.store = await openStore();
        await this.refresh();
    }

    get #storage() {
        if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
        return this.store;
    }

    /** Updates the available and stored models, except those that this tab is fetching. */
    refresh() {
        return (this.looking ??= this.#look().finally(() => (this.looking = undefined)));
    }

    async #look() {
        this.offers ??= await offered();
        /** @type {Map<string, FileRecord>} */
        const records = new Map();
        const known = [...this.#records.values()].map((record) => JSON.stringify(record));
        for (const text of (await this.store?.records().catch(() => known)) ?? []) {
            const record = parsed(text);
            if (record) records.set(record.id, record);
        }
        this.#records = records;
        const isHeld = await held();
        const ids = new Set([...(this.offers ?? []).map(({ id }) => id), ...records.keys()]);
        for (const [id, { isBusy }] of this.#entries) if (!ids.has(id) && !isBusy) this.#entries.delete(id);
        for (const id of ids) {
            const entry = this.#entry(id);
            const offer = this.offers?.find((offer) => offer.id === id);
            const record = records.get(id);
            entry.offer = offer;
            if (entry.isBusy) continue;
            const isElsewhere = isHeld(id);
            // A partial copy from another tab is useless, and so is a partial download that is no longer
            // offered or has another version. A complete file stays until the user removes it.
            const isOld = (/** @type {FileRecord | undefined} */ record) =>
                record &&
                !record.isWhole &&
                (record.isFile || (this.offers && offer?.sha256 !== record.sha256));
            if (record && isOld(record) && !isElsewhere)
                await alone(id, async () => {
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
        const entry = this.#entries.get(id) ?? unknown(id);
        this.#entries.set(id, entry);
        return entry;
    }

    /**
     * Another tab is working on it, until it releases the lock for any reason.
     * @param {Entry} entry
     */
    #elsewhere(entry) {
        entry.state = "elsewhere";
        entry.waits ??= released(entry.id).then(() => {
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
            if (hasLocks) this.#elsewhere(entry);
            this.change();
        }
    }

    /** @returns {Model[]} */
    list() {
        const store = this.store?.kind ?? null;
        return [...this.#entries.values()].map((entry) => shown(entry, store));
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
            const did = await alone(entry.id, () => act(signal));
            if (!did) this.#elsewhere(entry);
        } catch (error) {
            if (!signal.aborted) entry.error = faultOf(error);
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
        await room(size - entry.kept);
        const tools = {
            store: this.#storage,
            hash: this.hash,
            note: (/** @type {FileRecord} */ record) => this.#note(record),
            change: () => this.change(),
        };
        await new Download(tools, entry, record, offer, signal).run();
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
                await room(file.size);
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
