// Probes of a server from a page. Nothing here throws: a page that diagnoses a failure must not fail itself.
// @ts-check

/**
 * The facts known before anything is sent. Safari is the one browser that blocks https pages from plain http
 * servers on this computer.
 */
export function surroundings() {
    const agent = navigator.userAgent;
    const isSafari = /AppleWebKit/.test(agent) && !/Chrom(e|ium)|Android/.test(agent);
    return JSON.stringify([location.origin, navigator.onLine, isSafari]);
}

/**
 * The user's permission for requests to the local network ("loopback" or "local"): "granted", "denied" or
 * "prompt"; undefined if the browser does not know it. Newer browsers have a name for each of the two, older
 * ones one for both.
 * @param {string} space
 */
export async function permission(space) {
    for (const name of [`${space}-network`, "local-network-access"]) {
        try {
            const known = /** @type {PermissionName} */ (name);
            return (await navigator.permissions.query({ name: known })).state;
        } catch {
            // The browser does not know this name.
        }
    }
    return undefined;
}

/** Requests to servers, which end together. */
export class Visit {
    /** @type {Set<AbortController>} */
    #open = new Set();
    #isOver = false;

    /** Aborts all open requests; nothing more is sent. */
    end() {
        this.#isOver = true;
        for (const abort of this.#open) abort.abort();
    }

    /**
     * Sends one request, and returns the result as JSON, at most `timeout` milliseconds later.
     * @param {string} question A `Question` as JSON.
     */
    async ask(question) {
        /** @type {Question} */
        const { url, method, headers, body, mode, follows, space, timeout, most } = JSON.parse(question);
        const found = { got: "failed", status: 0, kind: "", body: "", url: "", ms: 0 };
        if (this.#isOver) return JSON.stringify(found);
        const abort = new AbortController();
        this.#open.add(abort);
        let isLate = false;
        const timer = setTimeout(() => {
            isLate = true;
            abort.abort();
        }, timeout);
        const start = performance.now();
        try {
            const response = await fetch(
                request(url, space, {
                    method,
                    headers,
                    body: body || undefined,
                    mode,
                    // In this mode, browsers do nothing but follow redirects.
                    redirect: follows || mode === "no-cors" ? "follow" : "manual",
                    credentials: "omit",
                    cache: "no-store",
                    referrerPolicy: "no-referrer",
                    signal: abort.signal,
                }),
            );
            if (response.type === "opaque") {
                found.got = "opaque";
            } else if (response.type === "opaqueredirect") {
                found.got = "redirect";
            } else {
                found.status = response.status;
                found.url = response.url;
                found.kind = (response.headers.get("Content-Type") ?? "").toLowerCase();
                // This includes a response that breaks off.
                found.got = "response";
                found.body = await beginning(response, most);
            }
        } catch {
            if (isLate) found.got = "late";
        } finally {
            clearTimeout(timer);
            this.#open.delete(abort);
            // The unread rest is not needed.
            abort.abort();
        }
        found.ms = Math.round(performance.now() - start);
        return JSON.stringify(found);
    }
}

/**
 * A request to send.
 * @typedef {object} Question
 * @property {string} url
 * @property {string} method
 * @property {[name: string, value: string][]} headers
 * @property {string} body Empty for none.
 * @property {RequestMode} mode
 * @property {boolean} follows True to follow redirects.
 * @property {string} space Address space of a local server; empty for one on the internet.
 * @property {number} timeout In milliseconds.
 * @property {number} most Limit for the response's body, in bytes.
 */

/**
 * A request that names its address space, if the browser supports that: then the browser can ask the user
 * before it finds out by itself.
 * @param {string} url
 * @param {string} space
 * @param {RequestInit} init
 */
function request(url, space, init) {
    if (space && "targetAddressSpace" in Request.prototype) {
        try {
            return new Request(url, { ...init, targetAddressSpace: space });
        } catch {
            // The browser has another name for it.
        }
    }
    return new Request(url, init);
}

/**
 * The first `most` bytes of a response's body, or all of it; of an event stream, the first event.
 * @param {Response} response
 * @param {number} most
 */
async function beginning(response, most) {
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    let text = "";
    for (let size = 0; reader && size < most; ) {
        const { value, done } = await reader.read();
        if (done) break;
        text += decoder.decode(value.subarray(0, most - size), { stream: true });
        size += value.length;
        if (/^data:.*\n/m.test(text)) break;
    }
    return text;
}
