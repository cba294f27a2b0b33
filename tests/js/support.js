// Parts of a browser that Node lacks, as far as the tests need them.
// @ts-check

/**
 * Gives all modules a global; Node's own may be read-only.
 * @param {string} name
 * @param {unknown} value
 */
export const define = (name, value) =>
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that needs neither a timer nor another thread. */
export async function settle() {
    for (let turns = 0; turns < 20; turns += 1) await turn();
}

/**
 * Waits for something that needs no timer.
 * @param {() => unknown} isSo
 */
export async function until(isSo) {
    for (let turns = 0; !isSo(); turns += 1) {
        if (turns > 100_000) throw new Error(`not so: ${isSo}`);
        await turn();
    }
}

/** localStorage or sessionStorage. While `isFull`, nothing can be written. */
export class FakeStorage {
    /** @type {Map<string, string>} */
    items = new Map();
    isFull = false;

    /** @param {string} key */
    getItem(key) {
        return this.items.get(key) ?? null;
    }

    /**
     * @param {string} key
     * @param {string} value
     */
    setItem(key, value) {
        if (this.isFull) throw new DOMException("", "QuotaExceededError");
        this.items.set(key, value);
    }

    /** @param {string} key */
    removeItem(key) {
        this.items.delete(key);
    }
}

/**
 * @typedef {"shared" | "exclusive"} Mode
 * @typedef {{ name: string, mode: Mode }} FakeLock
 * @typedef {(lock: FakeLock | null) => unknown} Act
 * @typedef {{ lock: FakeLock, go: () => void }} Waiting
 */

/** navigator.locks of all tabs: requests are granted in their order. */
export class FakeLocks {
    /** @type {Set<FakeLock>} */
    #held = new Set();
    /** @type {Waiting[]} */
    #waiting = [];

    /**
     * @param {string} name
     * @param {Act | { mode?: Mode, ifAvailable?: boolean }} options
     * @param {Act} [act]
     * @returns {Promise<unknown>}
     */
    async request(name, options, act) {
        if (typeof options === "function") return this.request(name, {}, options);
        const lock = { name, mode: options.mode ?? "exclusive" };
        if (!this.#isFree(lock, this.#waiting)) {
            if (options.ifAvailable) return act?.(null);
            await /** @type {Promise<void>} */ (new Promise((go) => this.#waiting.push({ lock, go })));
        }
        this.#held.add(lock);
        try {
            return await act?.(lock);
        } finally {
            this.#held.delete(lock);
            this.#grant();
        }
    }

    async query() {
        return { held: [...this.#held], pending: this.#waiting.map(({ lock }) => lock) };
    }

    /**
     * @param {FakeLock} lock
     * @param {Waiting[]} before
     */
    #isFree({ name, mode }, before) {
        const all = [...this.#held, ...before.map(({ lock }) => lock)];
        const others = all.filter((other) => other.name === name);
        return others.every((other) => mode === "shared" && other.mode === "shared");
    }

    #grant() {
        const next = this.#waiting.find(({ lock }, at) => this.#isFree(lock, this.#waiting.slice(0, at)));
        if (!next) return;
        this.#waiting.splice(this.#waiting.indexOf(next), 1);
        this.#held.add(next.lock);
        next.go();
        this.#grant();
    }
}
