// A request and its response: its timeouts, and a verbatim record of both, as long as the page is
// open. Tokens are not recorded: `endpoint::headers` defines which headers are.
// @ts-check

/**
 * The record of one attempt. Times are in milliseconds since 1970.
 * @typedef {object} Recorded
 * @property {string} address
 * @property {string} headers
 * @property {number} at Time of the request.
 * @property {Uint8Array[]} chunks The kept bytes of the response.
 * @property {number} length Bytes of the response, kept or not.
 * @property {string} secret
 * @property {string} body The kept part of the request.
 * @property {number} cut Characters of the request that are not kept.
 * @property {boolean} isKept
 * @property {number} [status]
 * @property {string} [type]
 * @property {number} [responded] Time of the response's headers.
 * @property {number} [last] Time of the last bytes.
 * @property {number} [ended]
 */

// Maximum number of characters or bytes kept of one request or response, and of all together.
const MAX_OF_ONE = 2 ** 20;
const MAX_OF_ALL = 24 * 2 ** 20;

/**
 * Records by name, which several retries can share; the oldest first.
 * @type {Map<string, Recorded[]>}
 */
const kept = new Map();
let size = 0;

export class Exchange {
    /**
     * The timeout that has ended the request.
     * @type {number | undefined}
     */
    over;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    timer;

    /**
     * An exchange without a name is not recorded. The secret, unless empty, is masked if the server
     * repeats it.
     * @param {string} name
     * @param {string} address
     * @param {string} headers
     * @param {string} body
     * @param {string} secret
     */
    constructor(name, address, headers, body, secret) {
        this.controller = new AbortController();
        const sent = beginning(body);
        const isKept = name !== "";
        /** @type {Recorded} */
        this.record = {
            address,
            headers,
            at: Date.now(),
            chunks: [],
            length: 0,
            secret,
            body: sent,
            cut: body.length - sent.length,
            isKept,
        };
        if (!this.record.isKept) return;
        const records = kept.get(name) ?? [];
        // The latest request is the newest.
        kept.delete(name);
        kept.set(name, [...records, this.record]);
        this.grow(this.record.body.length);
    }

    get signal() {
        return this.controller.signal;
    }

    /**
     * Restarts the timeout, after which the request is aborted; 0 is no limit.
     * @param {number} what The number of the timeout.
     * @param {number} seconds
     */
    wait(what, seconds) {
        clearTimeout(this.timer);
        if (seconds > 0) {
            this.timer = setTimeout(() => {
                this.over = what;
                this.end();
            }, seconds * 1000);
        }
    }

    /**
     * @param {number} status
     * @param {string} type
     */
    responded(status, type) {
        Object.assign(this.record, { status, type, responded: Date.now() });
    }

    /** @param {Uint8Array} bytes */
    received(bytes) {
        const { record } = this;
        const room = MAX_OF_ONE - record.length;
        record.length += bytes.length;
        if (record.isKept && room > 0) {
            // A copy: a view would keep its whole buffer alive.
            record.chunks.push(bytes.slice(0, room));
            this.grow(Math.min(room, bytes.length));
        }
        record.last = Date.now();
    }

    /**
     * Counts what is kept, and drops the oldest records above the limit.
     * @param {number} by
     */
    grow(by) {
        size += by;
        for (const [name, records] of kept) {
            if (size <= MAX_OF_ALL || records.includes(this.record)) break;
            for (const record of records) {
                record.isKept = false;
                size -= record.chunks.reduce((sum, chunk) => sum + chunk.length, record.body.length);
            }
            kept.delete(name);
        }
    }

    /**
     * Closes the connection. It gives no reason: the browser then rejects with a DOMException,
     * which is an Error; gloo-net panics at anything else.
     */
    end() {
        clearTimeout(this.timer);
        this.record.ended ??= Date.now();
        this.controller.abort();
    }
}

/**
 * Returns what was sent and received under a name, each attempt as JSON.
 * @param {string} name
 */
export function exchanges(name) {
    return (kept.get(name) ?? []).map(({ chunks, secret, ...record }) => {
        const decoder = new TextDecoder();
        const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
        const isCut = record.length > MAX_OF_ONE;
        // Half a character at the cut is dropped.
        const response = masked(isCut ? text : text + decoder.decode(), secret, isCut);
        return JSON.stringify({ ...record, response, isCut });
    });
}

/**
 * Masks a secret, also one that the end of the text cuts off.
 * @param {string} text
 * @param {string} secret
 * @param {boolean} isCut
 */
function masked(text, secret, isCut) {
    if (!secret) return text;
    const whole = text.replaceAll(secret, "…");
    for (let length = isCut ? secret.length - 1 : 0; length > 0; length -= 1) {
        if (whole.endsWith(secret.slice(0, length))) return `${whole.slice(0, -length)}…`;
    }
    return whole;
}

/**
 * The part of a text that is kept: a copy, because a slice would keep the whole text alive, and
 * without half a character at its end.
 * @param {string} text
 */
function beginning(text) {
    if (text.length <= MAX_OF_ONE) return text;
    const isHalf = /[\uD800-\uDBFF]/.test(text[MAX_OF_ONE - 1]);
    const kept = text.slice(0, isHalf ? MAX_OF_ONE - 1 : MAX_OF_ONE);
    return new TextDecoder().decode(new TextEncoder().encode(kept));
}

/**
 * The program that runs models in this browser responds to a request like a server.
 * @param {string} address Of the program, relative to the page.
 * @param {Request} request
 * @returns {Promise<Response>}
 */
export const respond = async (address, request) =>
    (await import(new URL(address, document.baseURI).href)).respond(request);

/**
 * Seconds until the server accepts a retry: the header has a number or a date.
 * @param {string} retryAfter
 */
export function secondsOf(retryAfter) {
    const seconds = Number(retryAfter);
    const wait = Number.isNaN(seconds) ? (Date.parse(retryAfter) - Date.now()) / 1000 : seconds;
    return wait > 0 ? Math.ceil(Math.min(wait, 2 ** 31)) : 0;
}
