// The worker that runs models: its queue, and what it is asked by the page. It computes in steps, and
// hears the page in between.
import start, * as exports from "./program.js";
import { PIECE, Trouble, Weights, pieces, told } from "./weights.js";

// The program, once something is to be computed.
let program;

const load = () =>
    (program ??= (async () => {
        const { memory } = await start();
        return { ...exports, memory };
    })().catch((error) => {
        program = undefined;
        throw new Trouble(error instanceof RangeError ? "out_of_memory" : "no_program", error.message);
    }));

const weights = new Weights(
    (models) => postMessage({ models }),
    async () => new (await load()).Hash(),
);

// A program that trapped is of no more use. Where it can't have as much memory again, that was why. What
// JavaScript itself can't have is a RangeError.
function guard(error, size) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return told(error);
    let code = "crashed";
    program?.then(({ memory }) => {
        try {
            if (error instanceof RangeError) throw error;
            memory.grow(Math.ceil(size / 65536));
        } catch {
            code = "out_of_memory";
        }
        postMessage({ crashed: { code, message: error.message } });
    });
    return undefined;
}

// What is done one after the other, for there is one program and one thread.
const queue = [];
let isWorking = false;

function enqueue(job) {
    queue.push(job);
    if (!isWorking) work();
}

async function work() {
    isWorking = true;
    for (let job; (job = queue[0]); queue.shift()) {
        try {
            if (!job.isStopped) await job.act(job);
            else postMessage({ id: job.id, stopped: true });
        } catch (error) {
            const fault = guard(error, loading);
            // The page ends a worker that trapped.
            if (!fault) return;
            postMessage({ id: job.id, error: fault });
        }
    }
    isWorking = false;
}

// One turn of the browser, in which it hands over messages. A timer would wait for 4 ms.
const { port1, port2 } = new MessageChannel();
const turn = () =>
    new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(null);
    });

// The model that is loaded, and the bytes of the last one that was to be.
let loaded;
let loading = PIECE;

// Loads a model from its file in the place of another, and gives its context in tokens.
async function begin(id, blob) {
    const { leave, begin, push, finish } = await load();
    loaded = undefined;
    loading = blob.size;
    leave();
    begin(blob.size);
    await pieces(blob, push).catch((error) => {
        leave();
        throw error;
    });
    const context = finish();
    loaded = id;
    return context;
}

async function answer(job) {
    const { id, model, roles, texts, sampling, seed, most, stops } = job;
    if (loaded !== model) {
        const blob = await weights.blob(model);
        if (!blob) throw new Trouble("model_not_found", `The weights of ${model} are not in this browser.`);
        await weights.learn(model, await begin(model, blob));
    }
    const { ask, step, stop } = await load();
    // It may have ended while its model was loaded.
    if (!job.isStopped) postMessage({ id, begun: ask(roles, texts, sampling, seed, most, stops) });
    while (!job.isStopped) {
        const now = step();
        postMessage({ id, ...now });
        if (now.end) return;
        await turn();
    }
    stop();
    postMessage({ id, stopped: true });
}

const verbs = {
    async models() {
        await weights.begun;
        return { models: weights.list() };
    },
    // Has the program before it is needed: the network may be gone by then.
    prepare: async () => void (await load()),
    fetch: ({ model }) => weights.fetch(model),
    cancel: ({ model }) => weights.cancel(model),
    async remove({ model }) {
        await weights.remove(model);
        // What is loaded of it goes, too; the memory stays until the worker ends.
        enqueue({
            async act() {
                if (loaded !== model) return;
                loaded = undefined;
                (await load()).leave();
            },
        });
    },
    add: ({ id, file }) =>
        enqueue({
            id,
            async act() {
                await weights.begun;
                const name = weights.name(file);
                const context = await begin(undefined, file);
                try {
                    loaded = await weights.keep(name, file, context);
                } catch (error) {
                    // It would be gone with the worker: it is not used either.
                    (await load()).leave();
                    throw error;
                }
                postMessage({ id, done: { id: loaded } });
            },
        }),
    ask: (job) => enqueue({ ...job, act: answer }),
    stop({ of }) {
        const job = queue.find(({ id }) => id === of);
        if (job) job.isStopped = true;
    },
};

addEventListener("message", async ({ data }) => {
    try {
        const done = verbs[data.verb](data);
        // What is in the queue answers by itself.
        if (done) postMessage({ id: data.id, done: (await done) ?? {} });
    } catch (error) {
        const fault = guard(error, PIECE);
        if (fault) postMessage({ id: data.id, error: fault });
    }
});
postMessage("ready");
