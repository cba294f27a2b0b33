import { fetchProgram, fetchStyle } from "../storage/packer.js";

// What the page and the panel's program ask of each other. The page does what a verb names; the
// program is told when something has changed.
let page = () => {};
const listeners = new Set();

export const serve = (act) => (page = act);
export const ask = (verb, argument) => page(verb, argument);
// The same, where the page answers later: it is given what to answer with behind the argument's items.
export const askLater = (verb, items) => new Promise((done) => page(verb, [...items, done]));
export const tell = () => listeners.forEach((listener) => listener());
export const listen = (listener) => listeners.add(listener);

// The program, once it is there.
let program;

export async function load(version) {
    await fetchStyle("panel");
    return (program = await fetchProgram("panel", version));
}

// Why something failed, in words.
export const explain = (error) => program?.explain(error) ?? "";

// Shows a part of it in an element; returns what takes it away again.
export const show = (program, part, element) => program.show(part, element);
