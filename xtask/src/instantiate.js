// A server that has no name for modules of WebAssembly sends them under another.
async function instantiate(coming, imports) {
    const response = await coming;
    const isNamed = response.headers.get("content-type") === "application/wasm";
    return isNamed ? WebAssembly.instantiateStreaming(response, imports) : WebAssembly.instantiate(await response.arrayBuffer(), imports);
}
