// Which chats are open and which cards are answering, as other tabs can ask: a lock each, which the
// browser lets go of however a tab ends. Where there are no locks, nothing is known of other tabs.
const { locks } = navigator;
const held = new Map();

// Holds these locks of a kind, and no other of it. Several tabs can hold one.
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

// Which of these any tab holds.
export async function anywhere(kind, names) {
    const all = new Set(((await locks?.query())?.held ?? []).map((lock) => lock.name));
    return names.filter((name) => all.has(`collate.${kind}.${name}`));
}

// What is done when another tab lets go of a lock: each is waited for once, however often it is asked.
const waits = new Map();

// Tells which of these another tab holds, now and whenever it lets go of one.
export async function watch(kind, names, tell) {
    const all = (await locks?.query())?.held ?? [];
    const count = (name) => all.filter((lock) => lock.name === name).length;
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
            again();
        });
    }
}
