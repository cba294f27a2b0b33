// Watches a page from inside while it is measured. What costs the page anything is off until asked for.
(() => {
    const probe = (window.probe = { tasks: [], memories: [], keys: [], updates: [] });

    // Chromium tells of tasks from 50 ms on.
    new PerformanceObserver((list) => {
        for (const { startTime, duration } of list.getEntries()) probe.tasks.push([startTime, duration]);
    }).observe({ type: 'longtask', buffered: true });

    // JSHeapUsedSize does not count the memories of WebAssembly.
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
    // The first task after a frame, when its style, layout and paint are done.
    const frameDone = async () => {
        await frame();
        const { port1, port2 } = new MessageChannel();
        const done = new Promise((resolve) => (port1.onmessage = resolve));
        port2.postMessage(null);
        await done;
        return performance.now();
    };

    // The text node with the document's end, if it is among a log's last ones.
    const end = (log) => {
        const walker = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
        let node = walker.lastChild();
        for (let left = 100; node && left > 0; left--, node = walker.previousNode())
            if (node.data.includes('ENDMARK')) return node;
    };
    const logs = () => [...document.querySelectorAll('[role=log]')];

    // When so many logs have shown the document's end, in milliseconds since 1970.
    probe.ended = async (count) => {
        while (logs().filter(end).length < count) await frame();
        return performance.timeOrigin + (await frameDone());
    };

    // Clicks, and returns after how many milliseconds the frame with the first content was done.
    probe.opened = async (button, content) => {
        const begin = performance.now();
        document.querySelector(button).click();
        while (!document.querySelector(content)) await new Promise((resolve) => setTimeout(resolve));
        return (await frameDone()) - begin;
    };

    // When the document's end is in sight, on the page's own clock.
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

    // When the message can be typed, on the page's own clock.
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

    // From each key to the end of the frame that shows it.
    probe.watchKeys = () => {
        const pressed = ({ timeStamp }) => frameDone().then((now) => probe.keys.push(now - timeStamp));
        addEventListener('keydown', pressed, { capture: true });
    };

    // The frames in which the first log's text became longer.
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
