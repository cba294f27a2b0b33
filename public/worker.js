// Starts one of the page's workers: worker.js?NAME&VERSION. What it loads has the version in its
// address too, so that no part comes from an older deployment.
const { search } = new URL(import.meta.url);
const [name, version] = search.slice(1).split("&");
import(`./${name}.js?${version}`)
    .then(({ default: start }) => start({ module_or_path: new URL(`./${name}_bg.wasm?${version}`, import.meta.url) }))
    .catch((error) => {
        console.error(error);
        postMessage(null);
    });
