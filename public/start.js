// The page's entry point: the only script that its HTML names, with all its imports.
// @ts-check
import { PREFIX } from "./constants.js";
import start from "./program.js";

/**
 * Files that are fetched later, by name: see src/assets.rs.
 * @type {Record<string, string>}
 */
const manifest = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("manifest")).textContent);
const WORKERS = ["highlight", "maths", "file", "pdf", "office", "pages", "import", "device-worker"]
    .filter((name) => manifest[name])
    .map((name) => new URL(manifest[name], document.baseURI).href);

// Markup and worker addresses that this page allows, where the browser asks: see the content policy
// in index.html. Leptos creates the static parts of a view from markup in the program. This markup
// is short and has only these attributes, none of which runs or fetches anything. Formulas are
// parsed into a document of their own, from which `workers::mathml` takes known elements only.
const PLAIN = /^(?:[^<]|<!-*>|<\/?(?!script|style|link|meta|base|i?frame|object|embed|form|template)[a-z][a-z0-9]*(?: (?:class|id|role|type|title|lang|dir|tabindex|hidden|disabled|viewBox|d|aria-[a-z]+|data-[a-z-]+)(?:="[^"<>]*")?)* ?\/?>)*$/i;
window.trustedTypes?.createPolicy("default", {
    createHTML: (markup, _, sink) =>
        sink.startsWith("DOMParser") || (markup.length < 4096 && PLAIN.test(markup)) ? markup : null,
    createScriptURL: (url) => {
        // A worker may be told something after the sign.
        const { href } = new URL(url, document.baseURI);
        return WORKERS.includes(href.split("#")[0]) ? href : null;
    },
});

// A stored chat is shown with its answers: the chunk that draws them is fetched beside the program,
// and not after it has started.
function hasChats() {
    try {
        return Object.keys(localStorage).some((key) => key.startsWith(`${PREFIX}chat.`));
    } catch {
        // Without storage, there are no chats.
        return false;
    }
}
if (hasChats()) {
    for (const href of manifest.answers.split(" ")) {
        const preload = { rel: "preload", as: "fetch", crossOrigin: "", href };
        document.head.append(Object.assign(document.createElement("link"), preload));
    }
}

start().catch((error) => {
    console.error(error);
    const notice = document.querySelector(".not-here");
    notice?.classList.add("is-certain");
    notice?.querySelector("a")?.addEventListener("click", (event) => {
        event.preventDefault();
        location.reload();
    });
});
