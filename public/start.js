// What comes first: script/shorten puts Trunk's own start of the program behind it.

// What may become markup, or a worker, on this page, where the browser asks: see the content policy in
// index.html. Leptos makes what never changes of a view from markup in the program, which has none of
// the elements and attributes that run or fetch anything. Formulas are parsed into a document of their
// own, from which `lens::mathml` takes known elements only.
const PLAIN = /^(?:[^<]|<!-*>|<\/?(?!script|style|link|meta|base|i?frame|object|embed|form|template)[a-z][a-z0-9]*(?: (?!on|src|href|style|action|formaction)[a-zA-Z:-]+(?:="[^"<>]*")?)* ?\/?>)*$/;
window.trustedTypes?.createPolicy("default", {
    createHTML: (markup, _, sink) => (sink.startsWith("DOMParser") || PLAIN.test(markup) ? markup : null),
    createScriptURL: (url) => {
        const { href } = new URL(url, document.baseURI);
        return href.startsWith(new URL("worker.js?", document.baseURI).href) ? href : null;
    },
});
