// Whether the server has another version of the page by now: then it may no longer have this one's
// chunks. A page that has the manifest is this one's kind, and names its program by its hash.
let asked;
export const isOutdated = () => (asked ??= ask().finally(() => (asked = undefined)));

async function ask() {
    try {
        const response = await fetch(document.baseURI, { cache: "no-store", credentials: "same-origin" });
        const text = await response.text();
        const program = document.querySelector("script[type=module]").getAttribute("src");
        return response.ok && text.includes('id="manifest"') && !text.includes(`"${program}"`);
    } catch {
        return false;
    }
}

// Calls back once the browser has nothing else to do; never where the reader wants to save data.
export function whenIdle(act) {
    if (navigator.connection?.saveData) return;
    const idle = globalThis.requestIdleCallback ?? ((act) => setTimeout(act, 200));
    idle(() => act());
}
