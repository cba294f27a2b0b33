// A response's body in batches: all that has come, at most so often. A browser hands over each
// piece as it came from the network, however small, and each would cost the program a turn.

// So many bytes are a batch before it is time, for the program reads one in one go.
const FULL = 64 * 1024;

export class Batches {
    // `pace`: the time from one batch to the next, in milliseconds.
    constructor(body, pace) {
        this.reader = body.getReader();
        this.pace = pace;
        this.due = 0;
    }

    // The bytes since the last time, and when the first and the last of them came, in milliseconds
    // since 1970; no bytes at the end. Fails where the connection broke, once all that came before
    // was taken.
    async next() {
        // There is more already: let the page answer in between. Nobody waits for a hidden one, whose
        // timers are rare.
        if (this.isFull && !document.hidden) await new Promise((resolve) => setTimeout(resolve));
        const pieces = [];
        let [size, from, to, timer] = [0, 0, 0];
        do {
            this.read ??= this.reader.read();
            let read = this.read;
            if (size > 0) {
                const wait = Math.ceil(this.due - performance.now());
                timer ??= new Promise((resolve) => setTimeout(resolve, wait));
                read = await Promise.race([read, timer]).catch(() => {});
                // It is time, or the connection broke: that is told the next time.
                if (!read) break;
            }
            const { value, done } = await read;
            if (done) {
                // The end stays, and is told the next time where something came before it.
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
        // At the same times for all answers, so that one frame shows what has come to each.
        this.due = (Math.floor(performance.now() / this.pace) + 1) * this.pace;
        return { bytes: size > 0 ? joined(pieces, size) : undefined, from, to };
    }
}

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
