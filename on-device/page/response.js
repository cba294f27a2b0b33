// Writes an answer as a server's response: whole or streamed.
// @ts-check
/** @import { Model } from "./model.js" */
/** @import { Refusal } from "./refusal.js" */
/** @import { Fault } from "./trouble.js" */

/**
 * A message of the worker about one call. The fields depend on the call, and the counts are tokens.
 * @typedef {object} Told
 * @property {{ models?: Model[], id?: string }} [done] The result of a call that has one.
 * @property {Fault} [error]
 * @property {true} [stopped]
 * @property {number} [begun] Tokens of the request.
 * @property {number} [read] Tokens read of the request.
 * @property {number} [of] Tokens to read of the request.
 * @property {string} [text] The next part of the answer.
 * @property {string} [end] OpenAI's finish reason; the counts come with it.
 * @property {number} [prompt]
 * @property {number} [cached]
 * @property {number} [answered]
 */

/** @typedef {(told: Told) => void} Tell */

/**
 * The end of an answer.
 * @typedef {Told & { end: string, prompt: number, cached: number, answered: number }} End
 */

/**
 * A response with a JSON body.
 * @param {unknown} value
 * @param {number} [status]
 */
export const json = (value, status = 200) =>
    new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });

/**
 * The counts of an answer, as OpenAI's API names them.
 * @param {End} end
 */
const usage = ({ prompt, cached, answered }) => ({
    prompt_tokens: prompt,
    completion_tokens: answered,
    total_tokens: prompt + answered,
    prompt_tokens_details: { cached_tokens: cached },
});

/** @typedef {{ id: string, created: number, model: string }} Frame The fields of every response. */

/** An answer that is sent when it is complete. */
export class Whole {
    text = "";

    /** @param {Frame} frame */
    constructor(frame) {
        this.frame = frame;
    }

    begin() {}
    progress() {}
    fail() {}
    abort() {}

    /** @param {string} text */
    say(text) {
        this.text += text;
    }

    /** @param {End} event */
    end(event) {
        const message = { role: "assistant", content: this.text };
        const choices = [{ index: 0, message, finish_reason: event.end }];
        return json({ ...this.frame, object: "chat.completion", choices, usage: usage(event) });
    }
}

/** A streamed answer: server-sent events, with OpenAI's chunks. */
export class Streamed {
    #encoder = new TextEncoder();
    #isOver = false;

    /**
     * `cancel` is called when the reader of the stream cancels it.
     * @param {Frame} frame
     * @param {Record<string, any>} body
     * @param {() => void} cancel
     */
    constructor(frame, body, cancel) {
        this.frame = frame;
        this.usage = !!body.stream_options?.include_usage;
        const stream = new ReadableStream({
            start: (controller) => (this.controller = controller),
            cancel: () => {
                this.#isOver = true;
                cancel();
            },
        });
        this.response = new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    }

    /** @param {string} text */
    #send(text) {
        if (!this.#isOver) this.controller.enqueue(this.#encoder.encode(`data: ${text}\n\n`));
    }

    /**
     * @param {object[]} choices
     * @param {object} [more]
     */
    #chunk(choices, more) {
        // As in OpenAI's API, all chunks have the field if one will fill it.
        const usage = this.usage ? { usage: null } : {};
        const chunk = { ...this.frame, object: "chat.completion.chunk", choices, ...usage, ...more };
        this.#send(JSON.stringify(chunk));
    }

    /**
     * @param {{ role?: string, content?: string }} delta
     * @param {string | null} [finish_reason]
     */
    #choice(delta, finish_reason = null) {
        this.#chunk([{ index: 0, delta, finish_reason }]);
    }

    begin() {
        this.#choice({ role: "assistant", content: "" });
    }

    /**
     * As in llama.cpp's server.
     * @param {Told} event
     */
    progress({ read, of }) {
        const choices = [{ index: 0, delta: {}, finish_reason: null }];
        this.#chunk(choices, { prompt_progress: { total: of, processed: read } });
    }

    /** @param {string} content */
    say(content) {
        this.#choice({ content });
    }

    /** @param {End} event */
    end(event) {
        this.#choice({}, event.end);
        if (this.usage) this.#chunk([], { usage: usage(event) });
        this.#send("[DONE]");
        this.#close();
        return this.response;
    }

    /** @param {Refusal["error"]} error */
    fail(error) {
        this.#send(JSON.stringify({ error }));
        this.#close();
    }

    #close() {
        if (!this.#isOver) this.controller.close();
        this.#isOver = true;
    }

    /** @param {unknown} reason */
    abort(reason) {
        if (!this.#isOver) this.controller.error(reason);
        this.#isOver = true;
    }
}
