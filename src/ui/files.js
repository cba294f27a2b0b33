// Files, and the browser's storage for this page.
// @ts-check

/**
 * Downloads a text as a file.
 * @param {string} name
 * @param {string} type Media type.
 * @param {string} text
 */
export function download(name, type, text) {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    // A browser may start to read it only later.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Bytes of everything else that the browser stores for this page; undefined if it does not say. */
export const apart = async () => (await navigator.storage?.estimate?.())?.usage;

export const persisted = async () => (await navigator.storage?.persisted?.()) ?? false;
export const persist = async () => (await navigator.storage?.persist?.()) ?? false;

/**
 * The content of an exported attachment: a picture's data URL, else a text.
 * @param {string} text
 */
export function content(text) {
    const [, type, base64] = /^data:([^;,]*);base64,(.*)$/s.exec(text) ?? [];
    if (!base64) return new Blob([text], { type: "text/plain" });
    return new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type });
}
