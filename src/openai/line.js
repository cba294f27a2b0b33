// Who may ask a server now: a browser opens six connections to one that speaks HTTP/1.1, and lets
// whatever comes then wait without a word.

// The places by server, in the order in which they were taken.
const lines = new Map();

export class Place {
    // At most so many are served at once; 0 is no limit.
    constructor(server, most) {
        this.line = lines.get(server) ?? [];
        lines.set(server, this.line);
        this.most = most || Infinity;
        this.served = new Promise((serve) => (this.serve = serve));
        this.line.push(this);
        this.look();
    }

    // Serves whoever is next.
    look() {
        let served = this.line.filter(({ isServed }) => isServed).length;
        for (const place of this.line) {
            if (place.isServed) continue;
            // Nobody is overtaken.
            if (served >= place.most) return;
            place.isServed = true;
            place.serve();
            served += 1;
        }
    }

    // Is ready when its turn has come.
    turn() {
        return this.served;
    }

    leave() {
        const at = this.line.indexOf(this);
        if (at >= 0) this.line.splice(at, 1);
        this.look();
    }
}

export const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));
