// The worker that runs models: its queue and the page's requests. It computes in steps, and handles messages
// in between.
// @ts-check
/** @import { Asked } from "./request.js" */
/** @import { Fault } from "./trouble.js" */
import start, * as exports from "./program.js";
import { PIECE, pieces } from "./stores.js";
import { Trouble, faultOf } from "./trouble.js";
import { Weights } from "./weights.js";

/**
 * A request for an answer, as the page sends it: `roles` has the first letter of each message's role.
 * @typedef {Omit<Asked, "messages"> & { roles: string, texts: string[] }} Question
 */

/**
 * A call of the page. The fields depend on the verb: `file` comes with `add`, and `of` is the ID of a call
 * to stop.
 * @typedef {{ id: number, verb: string, file: File, of: number } & Question} Call
 */

/**
 * A job of the queue; `id` is that of its call, if one waits for it.
 * @typedef {{ id?: number, isStopped?: boolean, act(job: Job): Promise<void> }} Job
 */

/** @typedef {typeof exports & { memory: WebAssembly.Memory }} Program */

/**
 * The program, loaded when it is first needed.
 * @type {Promise<Program> | undefined}
 */
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

/**
 * A program that trapped can't be used again. If its memory can't grow by `size` bytes, memory was the cause.
 * JavaScript's own allocation failures are a RangeError.
 * @param {unknown} error
 * @param {number} size
 * @returns {Fault | undefined} Undefined for a program that trapped: the page is told, and ends this worker.
 */
function guard(error, size) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) return faultOf(error);
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

/**
 * Jobs that run one after another, because there is one program and one thread.
 * @type {Job[]}
 */
const queue = [];
let isWorking = false;

/** @param {Job} job */
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
            // The page takes an error without an ID for the end of the worker.
            if (job.id) postMessage({ id: job.id, error: fault });
        }
    }
    isWorking = false;
}

/** Waits for one turn of the event loop, so that messages are handled. A timer would take 4 ms. */
const { port1, port2 } = new MessageChannel();
const turn = () =>
    new Promise((resolve) => {
        port1.onmessage = resolve;
        port2.postMessage(null);
    });

// The loaded model, and the size in bytes of the last one to be loaded.
/** @type {string | undefined} */
let loaded;
let loading = PIECE;

/**
 * Loads a model from its file, replacing another, and returns its context length in tokens.
 * @param {string | undefined} id
 * @param {Blob} blob
 */
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

/** @param {Job & Question} job */
async function answer(job) {
    const { id, model, roles, texts, sampling, seed, most, stops } = job;
    if (loaded !== model) {
        const blob = await weights.blob(model);
        if (!blob) throw new Trouble("model_not_found", `The weights of ${model} are not in this browser.`);
        await weights.learn(model, await begin(model, blob));
    }
    const { ask, step, stop } = await load();
    // The request may have been stopped while the model was loading.
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

/** @type {Record<string, (call: Call) => Promise<object | void> | void>} */
const verbs = {
    async models() {
        await weights.begun;
        return { models: weights.list() };
    },
    // Loads the program before it is needed, as the network may be gone by then.
    prepare: async () => void (await load()),
    fetch: ({ model }) => weights.fetch(model),
    cancel: ({ model }) => weights.cancel(model),
    async remove({ model }) {
        await weights.remove(model);
        // The loaded model is dropped, too; its memory stays allocated until the worker ends.
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
                    // A file that isn't stored would be lost with the worker, so it isn't used either.
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
        // Queued jobs send their own answers.
        if (done) postMessage({ id: data.id, done: (await done) ?? {} });
    } catch (error) {
        const fault = guard(error, PIECE);
        if (fault) postMessage({ id: data.id, error: fault });
    }
});
postMessage("ready");
