// Whether a model takes pictures, asked of servers that tell it outside of the OpenAI protocol. Each
// that tells is asked once while the page lasts; what is not told is null.
const asked = new Map();

export function sees(url, model, headers) {
    const key = `${url} ${model}`;
    if (!asked.has(key)) {
        const answer = ask(url, model, Object.fromEntries(headers));
        asked.set(key, answer);
        // The token may be another the next time.
        answer.then((sees) => sees ?? asked.delete(key));
    }
    return asked.get(key);
}

async function ask(url, model, headers) {
    // A token goes to nobody else: no redirect is followed.
    const options = { headers, credentials: "omit", redirect: "error", signal: AbortSignal.timeout(10_000) };
    if (model) {
        // Source: Ollama's API, «Show Model Information».
        options.method = "POST";
        options.body = JSON.stringify({ model });
        headers["Content-Type"] = "application/json";
    }
    try {
        const response = await fetch(url, options);
        const { modalities, capabilities } = await response.json();
        if (Array.isArray(capabilities) && capabilities.length > 0) return capabilities.includes("vision");
        // Source: the README of llama.cpp's server, «GET /props».
        return typeof modalities?.vision === "boolean" ? modalities.vision : null;
    } catch {
        // Then it says so when it is asked.
        return null;
    }
}
