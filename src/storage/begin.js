// Before anything is read, what is not in the storage is brought into it: what an older version has
// written, and what was lost when the browser ended.
import { differing } from "./journal.js";
import { load, restore } from "./packer.js";

// Whether an older version's values are there, and none of this one.
function isOld() {
    const keys = Object.keys(localStorage);
    const has = (prefix) => keys.some((key) => key.startsWith(prefix));
    return !has("collate.v2.") && has("collate.v1.");
}

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
