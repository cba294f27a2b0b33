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

// Which of these another tab holds.
export async function elsewhere(kind, names) {
    const all = (await locks?.query())?.held ?? [];
    const count = (name) => all.filter((lock) => lock.name === name).length;
    return names.filter((name) => {
        const lock = `collate.${kind}.${name}`;
        return count(lock) > (held.has(lock) ? 1 : 0);
    });
}

// Done when nobody holds it any more.
export const released = (kind, name) =>
    Promise.resolve(held.has(`collate.${kind}.${name}`) || locks?.request(`collate.${kind}.${name}`, () => {}));
