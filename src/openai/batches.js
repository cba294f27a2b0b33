// Reads a response body in batches: the first chunk immediately, then whatever has arrived at a
// fixed pace. A browser delivers every chunk of the network, however small, and each would cost a
// turn.
// @ts-check

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ bytes?: Bytes, from: number, to: number }} Batch Times in milliseconds since 1970. */

// Number of bytes that fill a batch early, because the program reads a batch in one go.
const FULL = 64 * 1024;

export class Batches {
    /** @type {Promise<ReadableStreamReadResult<Bytes>> | undefined} */
    read;
    isFull = false;

    /**
     * @param {ReadableStream<Bytes>} body
     * @param {number} pace The interval between batches, in milliseconds.
     */
    constructor(body, pace) {
        this.reader = body.getReader();
        this.pace = pace;
        this.due = 0;
    }

    /**
     * Returns the bytes since the last call, and the times of their first and last chunk in
     * milliseconds since 1970; no bytes at the end. Rejects if the connection broke, once all
     * earlier bytes are taken.
     * @returns {Promise<Batch>}
     */
    async next() {
        // More is waiting: let the page answer in between. Nobody waits for a hidden page, whose
        // timers are rare.
        if (this.isFull && !document.hidden) await new Promise((resolve) => setTimeout(resolve));
        /** @type {Bytes[]} */
        const pieces = [];
        let [size, from, to] = [0, 0, 0];
        /** @type {Promise<void> | undefined} */
        let timer;
        do {
            this.read ??= this.reader.read();
            /** @type {typeof this.read | ReadableStreamReadResult<Bytes> | void} */
            let read = this.read;
            if (size > 0) {
                const wait = Math.ceil(this.due - performance.now());
                timer ??= new Promise((resolve) => setTimeout(resolve, wait));
                read = await Promise.race([read, timer]).catch(() => {});
                // Time is up, or the connection broke, which the next call reports.
                if (!read) break;
            }
            const { value, done } = await read;
            if (done) {
                // The end stays, and the next call reports it if bytes came before it.
                from ||= to ||= Date.now();
                break;
            }
            this.read = undefined;
            pieces.push(value);
            size += value.length;
            to = Date.now();
            from ||= to;
        } while (size === 0 || (size < FULL && performance.now() < this.due && !document.hidden));
        this.isFull = size >= FULL;
        // Aligned for all answers, so that one frame shows the batches of all.
        this.due = (Math.floor(performance.now() / this.pace) + 1) * this.pace;
        return { bytes: size > 0 ? joined(pieces, size) : undefined, from, to };
    }
}

/**
 * @param {Bytes[]} pieces
 * @param {number} size Of all together, in bytes.
 */
function joined(pieces, size) {
    if (pieces.length === 1) return pieces[0];
    const bytes = new Uint8Array(size);
    let end = 0;
    for (const piece of pieces) {
        bytes.set(piece, end);
        end += piece.length;
    }
    return bytes;
}
