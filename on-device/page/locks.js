// The locks of models: one tab at a time works on a model's file.
// @ts-check
import { NAME } from "./place.js";

const { locks } = navigator;

/** True if this browser has locks. */
export const hasLocks = !!locks;

/** @param {string} id */
const nameOf = (id) => `${NAME}.${id}`;

/** Returns a function that says whether a tab works on a model now. */
export async function held() {
    // Waiting for the end of a download briefly holds the same lock, but shared.
    const locked = ((await locks?.query())?.held ?? []).filter(({ mode }) => mode === "exclusive");
    const held = new Set(locked.map(({ name }) => name));
    return (/** @type {string} */ id) => held.has(nameOf(id));
}

/**
 * Calls a function while holding the lock of one model; returns whether the lock was free.
 * @param {string} id
 * @param {() => Promise<void>} act
 * @returns {Promise<boolean>}
 */
export async function alone(id, act) {
    const did = async (/** @type {Lock | true | null} */ lock) => (lock ? (await act(), true) : false);
    if (!locks) return did(true);
    return locks.request(nameOf(id), { ifAvailable: true }, did);
}

/**
 * Resolves when no tab works on a model any more, for any reason.
 * @param {string} id
 */
export const released = (id) => locks.request(nameOf(id), { mode: "shared" }, () => {});
