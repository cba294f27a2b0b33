// What the page and the panel's program ask of each other. The page does what a verb names; the
// program is told when something has changed.
let page = () => {};
const listeners = new Set();

export const serve = (act) => (page = act);
export const ask = (verb, argument) => page(verb, argument);
export const tell = () => listeners.forEach((listener) => listener());
export const listen = (listener) => listeners.add(listener);

// Fetches the program, once. A failed try is tried again the next time.
let loaded;

export function load(version) {
    loaded ??= (async () => {
        const at = (name) => new URL(`${name}?${version}`, document.baseURI);
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = at("panel.css");
        // Without it, everything still works.
        const styled = new Promise((done) => (style.onload = style.onerror = done));
        document.head.append(style);
        const panel = await import(at("panel.js"));
        await Promise.all([styled, panel.default({ module_or_path: at("panel_bg.wasm") })]);
        return panel;
    })();
    loaded.catch(() => (loaded = undefined));
    return loaded;
}

// Shows a part of it in an element; returns what takes it away again.
export const show = (program, part, element) => program.show(part, element);
