// Asks servers that report it outside the OpenAI protocol whether a model takes pictures. Each that reports
// it is asked once while the page lives; an unknown result is null.
// @ts-check

/** @type {Map<string, Promise<boolean | null>>} */
const asked = new Map();

/**
 * @param {string} url
 * @param {string} model Empty for a server that is asked for its only model.
 * @param {[name: string, value: string][]} headers
 */
export function sees(url, model, headers) {
    const key = `${url} ${model}`;
    if (!asked.has(key)) {
        const answer = ask(url, model, Object.fromEntries(headers));
        asked.set(key, answer);
        // The token may differ the next time.
        answer.then((sees) => sees ?? asked.delete(key));
    }
    return asked.get(key);
}

/**
 * @param {string} url
 * @param {string} model
 * @param {Record<string, string>} headers
 * @returns {Promise<boolean | null>}
 */
async function ask(url, model, headers) {
    // The token goes to no other server: no redirect is followed.
    const signal = AbortSignal.timeout(10_000);
    /** @type {RequestInit} */
    const options = { headers, credentials: "omit", redirect: "error", signal };
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
        // Then the server's answer tells.
        return null;
    }
}
