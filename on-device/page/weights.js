// The files of models: where they come from, and where this browser keeps them, for all tabs of the page.
// A worker's: the fastest way to a file is only open to those.

// A file is read, hashed and copied in pieces of so many bytes: small enough for an answer to stop in between.
export const PIECE = 2 ** 20;
// Cache Storage keeps a file as responses of so many bytes each.
const RESPONSE = 4 * 2 ** 20;
// How fast it goes is what came in so many milliseconds.
const PACE = 5000;
// So long is waited for the list of what can be had, in milliseconds.
const OFFERS = 8000;
const NAME = "collate.models";
const NO_STORAGE = "this browser keeps no files for this page";

const { locks } = navigator;
// This lies in a folder of the page's, whose name changes with what is in it.
const beside = (path) => new URL(path, new URL("../", import.meta.url));

export class Trouble extends Error {
    constructor(code, message = code) {
        super(message);
        this.code = code;
    }
}

// What went wrong, as it is told: a code, and words for who knows computers.
export const told = (error) => {
    // Storage says so by a DOMException or, since 2025, by a class of this name.
    const code = error.name === "QuotaExceededError" ? "full" : (error.code ?? "failed");
    return { ...error, code: typeof code === "string" ? code : "failed", message: error.message };
};

// Files in the origin private file system. A file and what is known of it have one stem.
class Folder {
    kind = "opfs";

    static async open() {
        if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype)) throw new Trouble("no_storage");
        const store = new Folder();
        const root = await navigator.storage.getDirectory();
        store.folder = await root.getDirectoryHandle(NAME, { create: true });
        return store;
    }

    async records() {
        const files = [];
        for await (const handle of this.folder.values()) if (handle.name.endsWith(".json")) files.push(handle);
        // One that another tab removes meanwhile is none.
        return Promise.all(files.map((handle) => handle.getFile().then((file) => file.text()).catch(() => "")));
    }

    async note(stem, text) {
        const writer = await this.writer(`${stem}.json`, 0);
        await writer.write(new TextEncoder().encode(text));
        await writer.close();
    }

    // Older versions of Safari have promises where there are values now.
    async writer(name, at) {
        const file = await this.folder.getFileHandle(name, { create: true });
        const handle = await file.createSyncAccessHandle();
        await handle.truncate(at);
        return {
            async write(bytes) {
                for (let done = 0; done < bytes.length; ) {
                    const rest = bytes.subarray(done);
                    const written = await handle.write(rest, { at });
                    // Chromium gives 2^32 - 8 where there is no room: its own error, taken for a count.
                    if (!written || written > rest.length) throw new Trouble("full", "nothing more could be written");
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

    async blob(stem) {
        try {
            return await (await this.folder.getFileHandle(stem)).getFile();
        } catch (error) {
            // Whatever else goes wrong does not mean that it is gone.
            if (error.name === "NotFoundError") return new Blob();
            throw error;
        }
    }

    async remove(stem) {
        // What is known of it goes last: else nobody could remove what is left.
        for (const name of [stem, `${stem}.json`])
            await this.folder.removeEntry(name).catch((error) => {
                if (error.name !== "NotFoundError") throw error;
            });
    }
}

// Where files can't be written: responses of one size, one behind the other.
class Pieces {
    kind = "cache";

    static async open() {
        const store = new Pieces();
        store.cache = await caches.open(NAME);
        return store;
    }

    at = (stem, piece) => beside(`./${NAME}/${stem}/${piece}`);

    async records() {
        const requests = (await this.cache.keys()).filter(({ url }) => url.endsWith("/record"));
        return Promise.all(requests.map(async (request) => (await this.cache.match(request))?.text() ?? ""));
    }

    note(stem, text) {
        return this.cache.put(this.at(stem, "record"), new Response(text));
    }

    async writer(stem, at) {
        const { cache } = this;
        let piece = Math.floor(at / RESPONSE);
        const begun = (await this.blob(stem)).slice(piece * RESPONSE, at);
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
                    // A copy: what is written may be a view of a buffer that is used again.
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

    async blob(stem) {
        const pieces = [];
        for (;;) {
            const response = await this.cache.match(this.at(stem, pieces.length));
            if (!response) return new Blob(pieces);
            pieces.push(await response.blob());
        }
    }

    async cut(stem, piece) {
        while (await this.cache.delete(this.at(stem, piece))) piece += 1;
    }

    async remove(stem) {
        await this.cache.delete(this.at(stem, "record"));
        await this.cut(stem, 0);
    }
}

// Calls with each piece of a blob.
export async function pieces(blob, take) {
    const read = (at) => blob.slice(at, at + PIECE).arrayBuffer();
    // The next is on its way while one is taken.
    let next = read(0);
    for (let at = 0; at < blob.size; at += PIECE) {
        const piece = await next;
        next = read(at + PIECE);
        // It is waited for later, or not at all.
        next.catch(() => {});
        await take(new Uint8Array(piece));
    }
}

// A record is {id, stem, size, sha256, isWhole, isFile, context, source, tag}: `isWhole` once the file was
// checked, `isFile` for one that was picked by the reader, `context` in tokens where it is known, `source`
// and `tag` (an ETag) for what comes from a server.
export class Weights {
    #entries = new Map();
    #records = new Map();
    #due = 0;

    // Tells of changes; `hash` makes a SHA-256.
    constructor(tell, hash) {
        this.tell = tell;
        this.hash = hash;
        // Where two tabs can't tell each other, each looks for itself.
        this.channel = globalThis.BroadcastChannel && new BroadcastChannel(NAME);
        if (this.channel) this.channel.onmessage = ({ data }) => this.#heard(data);
        this.begun = this.#begin();
    }

    async #begin() {
        // A browser has the first, or refuses it where it keeps nothing, or has the second.
        this.store = await Folder.open()
            .catch(() => Pieces.open())
            .catch(() => {});
        await this.refresh();
    }

    // What can be had. Whoever keeps the page can change it without another version of the page.
    async #offers() {
        try {
            // What is kept does not wait for it longer than that.
            const response = await fetch(beside("./models.json"), { cache: "no-cache", signal: AbortSignal.timeout(OFFERS) });
            const { models } = await response.json();
            this.offers = models.filter(
                ({ id, size, sha256, sources }) =>
                    typeof id === "string" && size > 0 && /^[0-9a-f]{64}$/.test(sha256) && Array.isArray(sources),
            );
        } catch {
            // It is asked for again; what is kept is there without it.
        }
    }

    // Looks again at what is offered and kept. What this tab is fetching is left alone.
    refresh() {
        return (this.looking ??= this.#look().finally(() => (this.looking = undefined)));
    }

    async #look() {
        if (!this.offers) await this.#offers();
        const records = new Map();
        const known = [...this.#records.values()].map((record) => JSON.stringify(record));
        for (const text of (await this.store?.records().catch(() => known)) ?? []) {
            const record = parsed(text);
            if (record) records.set(record.id, record);
        }
        this.#records = records;
        // Whoever waits for its end holds the same lock for a moment, too, but shares it.
        const locked = ((await locks?.query())?.held ?? []).filter(({ mode }) => mode === "exclusive");
        const held = new Set(locked.map(({ name }) => name));
        const ids = new Set([...(this.offers ?? []).map(({ id }) => id), ...records.keys()]);
        for (const id of this.#entries.keys()) if (!ids.has(id) && !this.#entries.get(id).isBusy) this.#entries.delete(id);
        for (const id of ids) {
            const entry = this.#entry(id);
            const offer = this.offers?.find((offer) => offer.id === id);
            const record = records.get(id);
            entry.offer = offer;
            if (entry.isBusy) continue;
            const isElsewhere = held.has(`${NAME}.${id}`);
            // What another tab left behind half copied, or half of what is offered no more or in another
            // version, is of no use. What is whole stays until the reader removes it.
            const isOld = (record) => record && !record.isWhole && (record.isFile || (this.offers && offer?.sha256 !== record.sha256));
            if (isOld(record) && !isElsewhere)
                await this.#alone(entry, async () => {
                    // Another tab may have made it whole since it was read.
                    const texts = await this.store.records();
                    if (isOld(texts.map(parsed).find((now) => now?.stem === record.stem))) await this.store.remove(record.stem);
                });
            const isKept = record && !isOld(record);
            const kept = !isKept ? 0 : record.isWhole ? record.size : (await this.store.blob(record.stem)).size;
            Object.assign(entry, {
                size: isKept && record.isWhole ? record.size : (offer?.size ?? record.size),
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

    #entry(id) {
        const entry = this.#entries.get(id) ?? { id, size: 0, kept: 0, state: "absent", speed: 0, left: 0, error: null, file: false };
        this.#entries.set(id, entry);
        return entry;
    }

    // Another tab is at it, until it lets go of the lock, however it ends.
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

    list() {
        const store = this.store?.kind ?? null;
        return [...this.#entries.values()].map(({ id, size, kept, state, speed, left, error, file, context }) => ({
            ...{ id, kind: "weights", size, kept, state, speed, left, error, file, context },
            store,
        }));
    }

    // Tells what has changed, five times a second at most, and other tabs of progress once a second.
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

    isReady = (id) => this.#entries.get(id)?.state === "ready";

    // The file of a model that is ready.
    async blob(id) {
        await this.begun;
        const record = this.#records.get(id);
        if (!this.isReady(id) || !record) return undefined;
        const blob = await this.store.blob(record.stem);
        if (blob.size === record.size) return blob;
        // The browser, or the reader by its means, has removed it.
        await this.remove(id);
        return undefined;
    }

    async #note(record) {
        await this.store.note(record.stem, JSON.stringify(record));
        this.#records.set(record.id, record);
    }

    // What was learned by loading it.
    async learn(id, context) {
        const record = this.#records.get(id);
        if (!record || record.context === context) return;
        this.#entry(id).context = context;
        await this.#note({ ...record, context }).catch(() => {});
        this.change();
    }

    // Holds the lock of one model while something is done; tells whether it could.
    async #alone(entry, act) {
        const did = async (lock) => (lock ? (await act(), true) : false);
        if (!locks) return did(true);
        return locks.request(`${NAME}.${entry.id}`, { ifAvailable: true }, did);
    }

    // Does something lasting with one model. What went wrong is said in its entry.
    async #work(entry, act) {
        if (entry.isBusy) return undefined;
        entry.isBusy = true;
        entry.error = null;
        entry.abort = new AbortController();
        let given;
        try {
            if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
            const did = await this.#alone(entry, async () => (given = await act(entry.abort.signal)));
            if (!did) this.#elsewhere(entry);
        } catch (error) {
            if (!entry.abort.signal.aborted) entry.error = told(error);
            // A program that trapped is of no more use.
            if (error instanceof WebAssembly.RuntimeError) throw error;
        }
        entry.isBusy = false;
        entry.speed = entry.left = 0;
        // What was learned of it in between was of before.
        await this.looking;
        await this.refresh();
        this.channel?.postMessage({});
        return given;
    }

    async fetch(id) {
        await this.begun;
        if (!this.offers) await this.refresh();
        const entry = this.#entries.get(id);
        if (entry?.isBusy) return entry.ending;
        if (!entry || entry.state === "ready") return undefined;
        entry.ending = this.#work(entry, (signal) => this.#fetch(entry, signal));
        return entry.ending;
    }

    async cancel(id) {
        const entry = this.#entries.get(id);
        entry?.abort?.abort();
        await entry?.ending;
    }

    async remove(id) {
        await this.begun;
        await this.cancel(id);
        const entry = this.#entries.get(id);
        const record = this.#records.get(id);
        if (!entry) return;
        entry.ending = this.#work(entry, async () => {
            if (record) await this.store.remove(record.stem);
        });
        await entry.ending;
    }

    async #fetch(entry, signal) {
        const { offer } = entry;
        if (!offer) throw new Trouble("no_source", "nobody offers this model any more");
        const record = this.#records.get(entry.id) ?? { id: entry.id, stem: offer.sha256, size: offer.size, sha256: offer.sha256 };
        entry.state = "fetching";
        entry.kept = (await this.store.blob(record.stem)).size;
        this.change();
        await this.#room(offer.size - entry.kept);
        // Of several sources, what went wrong with the one that was tried the furthest is told.
        let trouble = new Trouble("no_source", "no source has this model");
        for (const source of offer.sources) {
            // Nothing of a wrong file is a beginning of the right one.
            if (trouble.code === "checksum") await this.#forget(entry, record);
            try {
                await this.#from(beside(source), entry, record, signal);
                return;
            } catch (error) {
                if (signal.aborted || !["missing", "unreachable", "offline", "checksum"].includes(error.code)) throw error;
                if (error.code !== "missing") trouble = error;
            }
        }
        if (trouble.code === "checksum") await this.#forget(entry, record);
        throw trouble;
    }

    // Lets go of what came of a model.
    async #forget(entry, record) {
        await this.store.remove(record.stem);
        entry.kept = 0;
        entry.state = "fetching";
    }

    // Browsers say about how much they would keep; the writing itself fails, too.
    async #room(size) {
        const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => {})) ?? {};
        if (quota - usage < size) throw new Trouble("full", `${size} bytes are needed, and there are ${quota - usage}`);
    }

    async #from(url, entry, record, signal) {
        const { size, sha256 } = entry.offer;
        let hash = await this.hash();
        let at = (await this.store.blob(record.stem)).size;
        if (at > size) at = 0;
        if (at > 0) await pieces((await this.store.blob(record.stem)).slice(0, at), (piece) => hash.push(piece));
        if (at < size) {
            const response = await this.#ask(url, at, record, signal);
            const isRest = response.status === 206;
            const rest = response.body.getReader();
            let first = { value: new Uint8Array() };
            try {
                if (!isRest) {
                    // It begins anew: the source has no parts, or another file than before.
                    first = await beginning(rest);
                    if (new TextDecoder().decode(first.value.subarray(0, 4)) !== "GGUF") throw new Trouble("missing");
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
        if (hash.finish() !== sha256) throw new Trouble("checksum", "what came is not what is offered: its SHA-256 is another");
        await this.#note({ ...record, isWhole: true });
    }

    // Asks a source for a file, or for what is missing of it.
    async #ask(url, at, record, signal) {
        const headers = new Headers();
        if (at > 0) {
            headers.set("Range", `bytes=${at}-`);
            // From elsewhere, it would need the server's leave; the checksum tells all the same.
            if (record.tag && record.source === url.href && url.origin === location.origin) headers.set("If-Range", record.tag);
        }
        let response;
        try {
            const how = { referrerPolicy: "no-referrer", cache: "no-store" };
            response = await fetch(url, { ...how, headers, signal });
        } catch (error) {
            if (signal.aborted) throw error;
            throw new Trouble(navigator.onLine ? "unreachable" : "offline", `${url} can't be reached`);
        }
        const isPage = /^text\/html/i.test(response.headers.get("Content-Type") ?? "");
        const range = response.headers.get("Content-Range");
        // Across origins, most servers do not let it be read.
        const isOther = response.status === 206 && (at === 0 || (range && !range.startsWith(`bytes ${at}-`)));
        if (!response.ok || isPage || isOther || !response.body) {
            response.body?.cancel().catch(() => {});
            if (at > 0 && (isOther || response.status === 416)) return this.#ask(url, 0, record, signal);
            throw new Trouble("missing", `${url} has none`);
        }
        return response;
    }

    // Writes what comes, up to the whole size.
    async #write(entry, record, at, size, rest, first, hash, signal) {
        const writer = await this.store.writer(record.stem, at);
        const samples = [];
        let next = first;
        try {
            for (; !next.done; next = await rest.read().catch((error) => Promise.reject(signal.aborted ? error : new Trouble("cut", error.message)))) {
                const { value } = next;
                if (at + value.length > size) throw new Trouble("checksum", "more came than is offered");
                // In pieces, so that an answer can stop in between.
                await writer.write(value);
                for (let done = 0; done < value.length; done += PIECE) hash.push(value.subarray(done, done + PIECE));
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
        // It has ended as its server says: its file is another.
        if (at < size) throw new Trouble("checksum", `${at} of ${size} bytes came`);
    }

    // A name for a file that the reader picked.
    name(file) {
        const name = file.name.replace(/\.gguf$/i, "").slice(0, 100) || "GGUF";
        let id = name;
        for (let number = 2; this.#entries.has(id); number += 1) id = `${name} (${number})`;
        return id;
    }

    // Copies a file that the reader picked, and gives what it is called now.
    async keep(id, file, context) {
        if (!this.store) throw new Trouble("no_storage", NO_STORAGE);
        const entry = this.#entry(id);
        const record = { id, stem: crypto.randomUUID(), size: file.size, isFile: true, context };
        let same;
        entry.ending = this.#work(entry, async (signal) => {
            Object.assign(entry, { size: file.size, kept: 0, state: "checking", file: true, context });
            const hash = await this.hash();
            let writer;
            try {
                await this.#room(file.size);
                await this.#note(record);
                writer = await this.store.writer(record.stem, 0);
                await pieces(file, async (piece) => {
                    signal.throwIfAborted();
                    hash.push(piece);
                    await writer.write(piece);
                    entry.kept += piece.length;
                    this.change();
                });
                await writer.close();
                record.sha256 = hash.finish();
                same = [...this.#records.values()].find((other) => other.isWhole && other.sha256 === record.sha256);
                if (same) throw new Trouble("kept");
                // It is one of those that are offered, which was fetched in another way.
                const offer = this.offers?.find(({ sha256 }) => sha256 === record.sha256);
                if (offer && !this.#entries.get(offer.id)?.isBusy) {
                    this.#records.delete(id);
                    record.id = offer.id;
                    // What was fetched of it before.
                    await this.store.remove(record.sha256);
                }
                await this.#note({ ...record, isWhole: true });
            } catch (error) {
                await writer?.close().catch(() => {});
                await this.store.remove(record.stem);
                this.#records.delete(id);
                if (!same) throw error;
            }
        });
        await entry.ending;
        if (entry.error || entry.abort.signal.aborted) {
            this.#entries.delete(id);
            this.change();
            throw Object.assign(new Trouble("cancelled"), entry.error);
        }
        return (same ?? record).id;
    }
}

// A record; nothing where the browser ended while it was written.
function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

// The first bytes of a body: enough to see what it is.
async function beginning(reader) {
    let value = new Uint8Array();
    while (value.length < 4) {
        const next = await reader.read().catch((error) => Promise.reject(new Trouble("cut", error.message)));
        if (next.done) break;
        const both = new Uint8Array(value.length + next.value.length);
        both.set(value);
        both.set(next.value, value.length);
        value = both;
    }
    return { value };
}

// What names this version of a file: a weak ETag does not say that every byte is the same.
function tag(response) {
    const tag = response.headers.get("ETag");
    return tag?.startsWith('"') ? tag : response.headers.get("Last-Modified");
}
