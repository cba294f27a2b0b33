// What a page can find out about a server. Nothing here throws: a page that looks why something fails
// must not fail itself.

// What is known before anything is sent. Safari is the one browser that keeps pages that came by https
// from servers of this computer that speak plain http.
export function surroundings() {
    const agent = navigator.userAgent;
    const isSafari = /AppleWebKit/.test(agent) && !/Chrom(e|ium)|Android/.test(agent);
    return JSON.stringify([location.origin, navigator.onLine, isSafari]);
}

// Whether the reader lets this page ask in the local network ("loopback" or "local"): "granted",
// "denied" or "prompt"; undefined where the browser does not know the question. Newer browsers have a
// name for each of the two, older ones one for both.
export async function permission(space) {
    for (const name of [`${space}-network`, "local-network-access"]) {
        try {
            return (await navigator.permissions.query({ name })).state;
        } catch {
            // It is not known by this name.
        }
    }
    return undefined;
}

// Questions to servers, which end together.
export class Visit {
    #open = new Set();
    #isOver = false;

    // Ends what is under way; nothing is sent any more.
    end() {
        this.#isOver = true;
        for (const abort of this.#open) abort.abort();
    }

    // Sends one request, and tells what came of it, as JSON, at most `timeout` milliseconds later.
    async ask(question) {
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
                    // In this mode, browsers refuse to do anything but to follow.
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
                // Also where it breaks off before its end.
                found.got = "response";
                found.body = await beginning(response, most);
            }
        } catch {
            if (isLate) found.got = "late";
        } finally {
            clearTimeout(timer);
            this.#open.delete(abort);
            // What was not read is not wanted.
            abort.abort();
        }
        found.ms = Math.round(performance.now() - start);
        return JSON.stringify(found);
    }
}

// A request that names the kind of address that it is for, where the browser wants to know: then it can
// ask the reader before it finds out by itself.
function request(url, space, init) {
    if (space && "targetAddressSpace" in Request.prototype) {
        try {
            return new Request(url, { ...init, targetAddressSpace: space });
        } catch {
            // It has another name for it.
        }
    }
    return new Request(url, init);
}

// The first `most` bytes of a response's body, or all of it; of a stream of events the first event.
async function beginning(response, most) {
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    let text = "";
    for (let size = 0; reader && size < most; ) {
        const { value, done } = await reader.read();
        if (done) break;
        size += value.length;
        text += decoder.decode(value, { stream: true });
        if (/^data:.*\n/m.test(text)) break;
    }
    return text;
}
