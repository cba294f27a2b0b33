// Observes a page from inside while it is measured. Anything costly is off until requested.
(() => {
    const probe = (window.probe = { tasks: [], memories: [], keys: [], updates: [] });

    // Chromium reports tasks of 50 ms and more.
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) probe.tasks.push([startTime, duration]);
    }).observe({ type: 'longtask', buffered: true });

    // JSHeapUsedSize does not count WebAssembly's memories.
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const real = WebAssembly[name];
        WebAssembly[name] = async (...args) => {
            const result = await real.apply(WebAssembly, args);
            const { memory } = (result.instance ?? result).exports;
            if (memory) probe.memories.push(memory);
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

    // Returns the text node with the document's end, if it is among a log's last 100.
    const end = (log) => {
        const walker = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
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
        document.querySelector(button).click();
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
            range.selectNodeContents(end(log));
            const [text, box] = [range.getBoundingClientRect(), log.getBoundingClientRect()];
            const isInside = text.height > 0 && text.top >= box.top - 1 && text.bottom <= box.bottom + 1;
            if (isInside && text.bottom <= innerHeight) return now;
        }
    };
    probe.watchOpening = () => (probe.opening = inSight());
    probe.watchClick = () => {
        probe.opening = new Promise((resolve) => {
            const clicked = ({ timeStamp }) => inSight().then((now) => resolve(now - timeStamp));
            addEventListener('click', clicked, { capture: true, once: true });
        });
    };

    // Records when a message can be typed, on the page's own clock.
    probe.watchReady = () => {
        probe.ready = (async () => {
            for (;;) {
                const now = await frameDone();
                const input = document.querySelector('textarea[aria-label=Message]');
                if (input && !input.disabled && !input.readOnly && input.checkVisibility()) return now;
            }
        })();
    };
    probe.firstPaint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;

    // Records the time from each key to its frame's end.
    probe.watchKeys = () => {
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
            const now = document.timeline.currentTime;
            if (length > before && probe.updates.at(-1) !== now) probe.updates.push(now);
        }).observe(log, { childList: true, characterData: true, subtree: true });
    };
})();
