// Locks that tell other tabs which chats are open and which cards are answering. The browser
// releases them however a tab ends. Without locks, nothing is known of other tabs.
// @ts-check

const { locks } = navigator;
/** @type {Map<string, (nothing: void) => void>} */
const held = new Map();

/**
 * Holds exactly these locks of a kind. Several tabs can hold the same lock.
 * @param {string} kind
 * @param {string[]} names
 */
export function hold(kind, names) {
    const wanted = new Set(names.map((name) => `collate.${kind}.${name}`));
    for (const [name, release] of held) {
        if (name.startsWith(`collate.${kind}.`) && !wanted.delete(name)) {
            held.delete(name);
            release();
        }
    }
    for (const name of wanted) {
        const released = new Promise((release) => held.set(name, release));
        locks?.request(name, { mode: "shared" }, () => released);
    }
}

/**
 * Returns which of these any tab holds.
 * @param {string} kind
 * @param {string[]} names
 */
export async function anywhere(kind, names) {
    const all = new Set(((await locks?.query())?.held ?? []).map((lock) => lock.name));
    return names.filter((name) => all.has(`collate.${kind}.${name}`));
}

/**
 * Callbacks for locks of other tabs. Each lock is awaited once, however often it is watched.
 * @type {Map<string, () => void>}
 */
const waits = new Map();

/**
 * Reports which of these another tab holds, now and whenever it releases one.
 * @param {string} kind
 * @param {string[]} names
 * @param {(names: string[]) => void} tell
 */
export async function watch(kind, names, tell) {
    const all = (await locks?.query())?.held ?? [];
    const count = (/** @type {string} */ name) => all.filter((lock) => lock.name === name).length;
    const elsewhere = names.filter((name) => {
        const lock = `collate.${kind}.${name}`;
        return count(lock) > (held.has(lock) ? 1 : 0);
    });
    tell(elsewhere);
    for (const name of elsewhere) {
        const lock = `collate.${kind}.${name}`;
        const isWaited = waits.has(lock);
        waits.set(lock, () => watch(kind, names, tell));
        if (isWaited) continue;
        locks.request(lock, () => {}).then(() => {
            const again = waits.get(lock);
            waits.delete(lock);
            again?.();
        });
    }
}
