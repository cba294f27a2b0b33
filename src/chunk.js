// The version of the page on the server, and the browser's idle time.
// @ts-check

/** @type {Promise<boolean> | undefined} */
let asked;

/**
 * Returns whether the server has another version of the page by now, and so may lack this one's
 * chunks. Only a page of this kind has the manifest; it names its program by hash.
 */
export const isOutdated = () => (asked ??= ask().finally(() => (asked = undefined)));

async function ask() {
    try {
        const response = await fetch(document.baseURI, { cache: "no-store", credentials: "same-origin" });
        const text = await response.text();
        const script = /** @type {Element} */ (document.querySelector("script[type=module]"));
        const program = script.getAttribute("src");
        return response.ok && text.includes('id="manifest"') && !text.includes(`"${program}"`);
    } catch {
        return false;
    }
}

/**
 * Runs a callback once the browser is idle; never if the user wants to save data.
 * @param {() => void} act
 */
export function whenIdle(act) {
    if (navigator.connection?.saveData) return;
    const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 200));
    idle(() => act());
}
