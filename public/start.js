// The page's start: the one script that its HTML names, with all that it imports.
import start from "./program.js";

// What is fetched later: see src/assets.rs.
const manifest = JSON.parse(document.getElementById("manifest").textContent);
const WORKERS = ["highlight", "maths", "file", "pdf", "device-worker"].map((name) => new URL(manifest[name], document.baseURI).href);

// What may become markup, or a worker, on this page, where the browser asks: see the content policy in
// index.html. Leptos makes what never changes of a view from markup in the program, which is short and
// has none but these attributes: none of them runs or fetches anything. Formulas are parsed into a
// document of their own, from which `lens::mathml` takes known elements only.
const PLAIN = /^(?:[^<]|<!-*>|<\/?(?!script|style|link|meta|base|i?frame|object|embed|form|template)[a-z][a-z0-9]*(?: (?:class|id|role|type|title|lang|dir|tabindex|hidden|disabled|viewBox|d|aria-[a-z]+|data-[a-z-]+)(?:="[^"<>]*")?)* ?\/?>)*$/i;
window.trustedTypes?.createPolicy("default", {
    createHTML: (markup, _, sink) => (sink.startsWith("DOMParser") || (markup.length < 4096 && PLAIN.test(markup)) ? markup : null),
    createScriptURL: (url) => {
        const { href } = new URL(url, document.baseURI);
        return WORKERS.includes(href) ? href : null;
    },
});

// A chat that comes from the storage is shown with its answers: what draws them comes with the program,
// and not after it has begun.
function hasChats() {
    try {
        return Object.keys(localStorage).some((key) => key.startsWith("collate.v2.chat."));
    } catch {
        // Where there is no storage, there is no chat in it.
        return false;
    }
}
if (hasChats()) {
    for (const href of manifest.answers.split(" ")) {
        document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "fetch", crossOrigin: "", href }));
    }
}

start().catch((error) => {
    console.error(error);
    const notice = document.querySelector(".not-here");
    notice.classList.add("is-certain");
    notice.querySelector("a").addEventListener("click", (event) => {
        event.preventDefault();
        location.reload();
    });
});
