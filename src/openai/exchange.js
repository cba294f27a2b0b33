// One request and what came of it: how long it is waited for, and what was sent and received, word
// for word, as long as the page is open. Tokens are no part of it: what is kept of the headers is
// said by `endpoint::headers`.

// Of a request and of a response, so many characters or bytes are kept; of all together, so many.
const MOST_OF_ONE = 2 ** 20;
const MOST_OF_ALL = 24 * 2 ** 20;

// By what they are kept under, which several tries can share; the oldest first.
const kept = new Map();
let size = 0;

export class Exchange {
    // What has no name is not kept. Where the server repeats the secret, it is not shown.
    constructor(name, address, headers, body, secret) {
        this.controller = new AbortController();
        this.record = { address, headers, at: Date.now(), pieces: [], came: 0, secret };
        this.record.body = beginning(body);
        this.record.cut = body.length - this.record.body.length;
        this.record.isKept = name !== "";
        if (!this.record.isKept) return;
        const records = kept.get(name) ?? [];
        // What was asked last is the newest.
        kept.delete(name);
        kept.set(name, [...records, this.record]);
        this.grow(this.record.body.length);
    }

    get signal() {
        return this.controller.signal;
    }

    // From now on, what takes longer than so many seconds ends the request; 0 is no limit.
    wait(what, seconds) {
        clearTimeout(this.timer);
        if (seconds > 0) {
            this.timer = setTimeout(() => {
                this.over = what;
                this.end();
            }, seconds * 1000);
        }
    }

    responded(status, type) {
        Object.assign(this.record, { status, type, responded: Date.now() });
    }

    heard(bytes) {
        const { record } = this;
        const room = MOST_OF_ONE - record.came;
        record.came += bytes.length;
        if (record.isKept && room > 0) {
            // A copy: a view would keep all that it is a part of.
            record.pieces.push(bytes.slice(0, room));
            this.grow(Math.min(room, bytes.length));
        }
        record.last = Date.now();
    }

    grow(by) {
        size += by;
        for (const [name, records] of kept) {
            if (size <= MOST_OF_ALL || records.includes(this.record)) break;
            for (const record of records) {
                record.isKept = false;
                size -= record.pieces.reduce((sum, piece) => sum + piece.length, record.body.length);
            }
            kept.delete(name);
        }
    }

    // Closes the connection. Without a reason: the browser then rejects with a DOMException, which is
    // an Error, and gloo-net panics at anything that is none.
    end() {
        clearTimeout(this.timer);
        this.record.ended ??= Date.now();
        this.controller.abort();
    }
}

// What was sent under this name and what came back, each try as JSON.
export function exchanges(name) {
    return (kept.get(name) ?? []).map(({ pieces, secret, ...record }) => {
        const decoder = new TextDecoder();
        const text = pieces.map((piece) => decoder.decode(piece, { stream: true })).join("");
        let response = text + decoder.decode();
        // As `Token::masked_in` does.
        if (secret.length >= 8) response = response.replaceAll(secret, "…");
        return JSON.stringify({ ...record, response });
    });
}

// So much of a text as is kept: a copy, for a slice would keep the whole of it, and without half a
// character at its end.
function beginning(text) {
    if (text.length <= MOST_OF_ONE) return text;
    return new TextDecoder().decode(new TextEncoder().encode(text.slice(0, MOST_OF_ONE)));
}

// What runs in this browser responds to a request as a server would.
export const respond = async (address, request) => (await import(new URL(address, document.baseURI))).respond(request);

// In how many seconds a server wants to be asked again: it says a number or a date.
export function secondsOf(retryAfter) {
    const seconds = Number(retryAfter);
    const wait = Number.isNaN(seconds) ? (Date.parse(retryAfter) - Date.now()) / 1000 : seconds;
    return wait > 0 ? Math.ceil(Math.min(wait, 2 ** 31)) : 0;
}
