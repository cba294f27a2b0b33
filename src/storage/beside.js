// Several programs run on a page. What one of them writes, the others hear of, as other tabs do by the
// event "storage".
const listeners = new Set();

export const listen = (listener) => listeners.add(listener);

export function tell(own, key, text) {
    for (const listener of listeners) if (listener !== own) listener(key, text);
}
