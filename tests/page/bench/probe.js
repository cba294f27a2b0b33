// Observes a page from inside while it is measured. Anything costly is off until requested.
// @ts-check
(() => {
    /**
     * All times are in milliseconds. The functions are defined one by one below.
     * @typedef {object} Probe
     * @property {[begin: number, duration: number][]} tasks
     * @property {WebAssembly.Memory[]} memories
     * @property {number[]} keys
     * @property {number[]} updates
     * @property {Promise<number>} [opening]
     * @property {Promise<number>} [ready]
     * @property {() => number} [memory] Returns bytes.
     * @property {(count: number) => Promise<number>} [ended]
     * @property {(button: string, content: string) => Promise<number>} [opened] Takes selectors.
     * @property {() => Promise<number>} [watchOpening]
     * @property {() => void} [watchClick]
     * @property {() => void} [watchReady]
     * @property {() => number | undefined} [firstPaint]
     * @property {() => void} [watchKeys]
     * @property {() => void} [watchUpdates]
     */

    /** @type {Probe} */
    const probe = { tasks: [], memories: [], keys: [], updates: [] };
    /** @type {Window & { probe?: Probe }} */ (window).probe = probe;

    // Chromium reports tasks of 50 ms and more.
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) probe.tasks.push([startTime, duration]);
    }).observe({ type: 'longtask', buffered: true });

    // JSHeapUsedSize does not count WebAssembly's memories.
    /** @typedef {WebAssembly.Instance & { instance?: undefined }} Instance */
    /** @typedef {(...args: unknown[]) => Promise<Instance | { instance: Instance }>} Instantiate */
    const wasm = /** @type {{ instantiate: Instantiate, instantiateStreaming: Instantiate }} */ (WebAssembly);
    for (const name of /** @type {const} */ (['instantiate', 'instantiateStreaming'])) {
        const real = wasm[name];
        wasm[name] = async (...args) => {
            const result = await real.apply(WebAssembly, args);
            const { memory } = (result.instance ?? result).exports;
            if (memory) probe.memories.push(/** @type {WebAssembly.Memory} */ (memory));
            return result;
        };
    }
    probe.memory = () => probe.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

    const frame = () => new Promise(requestAnimationFrame);
    // Resolves in the first task after a frame, when its style, layout and paint are done.
    const frameDone = async () => {
        await frame();
        const { port1, port2 } = new MessageChannel();
        const done = new Promise((resolve) => (port1.onmessage = resolve));
        port2.postMessage(null);
        await done;
        return performance.now();
    };

    /**
     * Returns the text node with the document's end, if it is among a log's last 100.
     * @param {Element} log
     */
    const end = (log) => {
        /** @typedef {{ lastChild(): Text | null, previousNode(): Text | null }} Texts */
        const walker = /** @type {Texts} */ (document.createTreeWalker(log, NodeFilter.SHOW_TEXT));
        let node = walker.lastChild();
        for (let left = 100; node && left > 0; left--, node = walker.previousNode())
            if (node.data.includes('ENDMARK')) return node;
    };
    const logs = () => [...document.querySelectorAll('[role=log]')];

    // Returns when this many logs had shown the document's end, in milliseconds since 1970.
    probe.ended = async (count) => {
        while (logs().filter(end).length < count) await frame();
        return performance.timeOrigin + (await frameDone());
    };

    // Clicks, and returns the milliseconds until the frame with the first content was done.
    probe.opened = async (button, content) => {
        const begin = performance.now();
        /** @type {HTMLElement} */ (document.querySelector(button)).click();
        while (!document.querySelector(content)) await new Promise((resolve) => setTimeout(resolve));
        return (await frameDone()) - begin;
    };

    // Returns when the document's end is in sight, on the page's own clock.
    const inSight = async () => {
        for (;;) {
            const now = await frameDone();
            const log = logs().find(end);
            if (!log) continue;
            const range = document.createRange();
            range.selectNodeContents(/** @type {Text} */ (end(log)));
            const [text, box] = [range.getBoundingClientRect(), log.getBoundingClientRect()];
            const isInside = text.height > 0 && text.top >= box.top - 1 && text.bottom <= box.bottom + 1;
            if (isInside && text.bottom <= innerHeight) return now;
        }
    };
    probe.watchOpening = () => (probe.opening = inSight());
    probe.watchClick = () => {
        probe.opening = new Promise((resolve) => {
            /** @param {Event} event */
            const clicked = ({ timeStamp }) => inSight().then((now) => resolve(now - timeStamp));
            addEventListener('click', clicked, { capture: true, once: true });
        });
    };

    // Records when a message can be typed, on the page's own clock.
    probe.watchReady = () => {
        probe.ready = (async () => {
            for (;;) {
                const now = await frameDone();
                /** @type {HTMLTextAreaElement | null} */
                const input = document.querySelector('textarea[aria-label=Message]');
                if (input && !input.disabled && !input.readOnly && input.checkVisibility()) return now;
            }
        })();
    };
    probe.firstPaint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;

    // Records the time from each key to its frame's end.
    probe.watchKeys = () => {
        /** @param {Event} event */
        const pressed = ({ timeStamp }) => frameDone().then((now) => probe.keys.push(now - timeStamp));
        addEventListener('keydown', pressed, { capture: true });
    };

    // Records the frames in which the first log's text grew.
    probe.watchUpdates = () => {
        const [log] = logs();
        let length = log.textContent.length;
        new MutationObserver(() => {
            const before = length;
            length = log.textContent.length;
            const now = /** @type {number} */ (document.timeline.currentTime);
            if (length > before && probe.updates.at(-1) !== now) probe.updates.push(now);
        }).observe(log, { childList: true, characterData: true, subtree: true });
    };
})();
