import { differing } from "./journal.js";

const programs = {};

// Fetches a program beside the page, once. A failed try is tried again the next time.
export function fetchProgram(name, version) {
    const at = (file) => new URL(`${file}?${version}`, document.baseURI);
    programs[name] ??= import(at(`${name}.js`)).then(async (program) => {
        await program.default({ module_or_path: at(`${name}_bg.wasm`) });
        return program;
    });
    programs[name].catch(() => delete programs[name]);
    return programs[name];
}

// Fetches what a program's parts look like; without it, everything still works.
export const fetchStyle = (name) =>
    (programs[`${name}.css`] ??= new Promise((done) => {
        const style = document.createElement("link");
        style.rel = "stylesheet";
        style.href = JSON.parse(document.getElementById("manifest").textContent)[`${name}.css`];
        style.onload = style.onerror = done;
        document.head.append(style);
    }));

// The program that packs, unpacks and merges chats.
let program;

export const load = async (version) => (program = await fetchProgram("archive", version));

export const pack = (text) => program?.pack(text);
export const unpack = (text) => program?.unpack(text);
export const merge = (mine, theirs) => program?.merge(mine, theirs);
// What could not be read when the page began, under the keys that it has now.
let put = [];
export const restore = async () => (put = await program.restore());
export const aside = () => put;
// What was brought back and could not be written: keys and their texts in turn.
export const held = () => program?.held() ?? [];
export const tidy = () => program.tidy();

// Whether there is anything to tidy: whoever is here for the first time fetches nothing for it.
export function hasChats() {
    try {
        return Object.keys(localStorage).some((key) => /^collate\.v\d\.chat/.test(key));
    } catch {
        return false;
    }
}

// Of about 5 Mi UTF-16 units, keys and values, that browsers give an origin, 85 % are taken.
export function isNearlyFull() {
    let taken = 0;
    try {
        for (const [key, value] of Object.entries(localStorage)) taken += key.length + value.length;
    } catch {
        // Where there is no storage, none of it is full.
    }
    return taken > 0.85 * 5 * 2 ** 20;
}

// Whether an older version has left something, or a tab of it goes on writing.
const isOld = () => Object.keys(localStorage).some((key) => key.startsWith("collate.v1."));

// Before anything is read, what is not in the storage is brought into it: what an older version has
// written, and what was lost when the browser ended.
export async function begin(version, open) {
    try {
        if (isOld() || (await differing()).length) {
            await load(version);
            await restore();
        }
    } catch (error) {
        // What can't be brought back now is tried again the next time.
        console.error(error);
    }
    open();
}
