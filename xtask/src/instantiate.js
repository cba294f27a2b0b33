// @ts-check

/**
 * Some servers send WebAssembly modules with another content type.
 * @param {Promise<Response>} coming
 * @param {WebAssembly.Imports} imports
 */
async function instantiate(coming, imports) {
    const response = await coming;
    const isNamed = response.headers.get("content-type") === "application/wasm";
    return isNamed
        ? WebAssembly.instantiateStreaming(response, imports)
        : WebAssembly.instantiate(await response.arrayBuffer(), imports);
}
