// Fetches the program that draws answers, once. A failed try is tried again the next time.
let program, loaded;

export function load(version) {
    loaded ??= (async () => {
        const at = (name) => new URL(`${name}?${version}`, document.baseURI);
        const reader = await import(at("reader.js"));
        await reader.default({ module_or_path: at("reader_bg.wasm") });
        program = reader;
    })();
    loaded.catch(() => (loaded = undefined));
    return loaded;
}

export const set_words = (words) => program.set_words(words);
export const draw = (container) => new program.Drawing(container);
export const plain = (text) => (program ? program.plain(text) : text);
