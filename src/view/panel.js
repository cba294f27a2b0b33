import { fetchProgram } from "../storage/packer.js";

// What the page and the panel's program ask of each other. The page does what a verb names; the
// program is told when something has changed.
let page = () => {};
const listeners = new Set();

export const serve = (act) => (page = act);
export const ask = (verb, argument) => page(verb, argument);
export const tell = () => listeners.forEach((listener) => listener());
export const listen = (listener) => listeners.add(listener);

let styled;

export async function load(version) {
    styled ??= new Promise((done) => {
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = `panel.css?${version}`;
        // Without it, everything still works.
        style.onload = style.onerror = done;
        document.head.append(style);
    });
    await styled;
    return fetchProgram("panel", version);
}

// Shows a part of it in an element; returns what takes it away again.
export const show = (program, part, element) => program.show(part, element);
