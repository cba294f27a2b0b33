// Declarations for the type checker: modules that only the build makes, and parts of browsers that
// TypeScript's own libraries lack.

// The output of wasm-bindgen, beside each program's scripts. Source: on-device/src/exports.rs; the programs
// of the page and of the other workers export nothing that a script uses.
declare module "*/program.js" {
    export default function start(): Promise<{ memory: WebAssembly.Memory }>;

    export class Hash {
        push(bytes: Uint8Array): void;
        finish(): string;
    }

    export function leave(): void;
    /** @param size in bytes */
    export function begin(size: number): void;
    export function push(bytes: Uint8Array): void;
    /** @returns the context length in tokens */
    export function finish(): number;
    /** @returns the number of tokens of the request */
    export function ask(
        roles: string,
        texts: string[],
        sampling: Float32Array,
        seed: number,
        most: number,
        stops: string[],
    ): number;
    export function step(): import("../../on-device/page/response.js").Told;
    export function stop(): void;
}

// Temml, which script/bootstrap downloads: the parts that src/workers/maths uses. Source: its src/ on GitHub,
// ronkok/Temml.
declare module "*/temml.mjs" {
    /** A part of LaTeX. */
    export type Token = { text: string };
    /** What a command stands for; tokens are in reverse order. */
    export type Expansion = { tokens: Token[]; numArgs: number };
    export type Macro = string | Expansion | ((context: Context) => string | Expansion);

    /** The expander of macros. */
    export interface Context {
        macros: {
            builtins: Record<string, (context: Context) => string>;
            set(name: string, value: Macro, isGlobal: boolean): void;
        };
        future(): Token;
        popToken(): Token;
        pushTokens(tokens: Token[]): void;
        consumeSpaces(): void;
        consumeArg(delimiters?: string[]): Expansion;
        isDefined(name: string): boolean;
    }

    /** A node of the tree that Temml makes: an element, a fragment, or text. */
    export type Node = {
        type?: string;
        text?: string;
        attributes?: Record<string, string>;
        classes?: string[];
        style?: Record<string, string>;
        children?: Node[];
    };

    export type Options = {
        displayMode?: boolean;
        throwOnError?: boolean;
        macros?: Record<string, Macro>;
        maxExpand?: number;
        maxSize?: [number, number];
    };

    export type Temml = {
        __parse(latex: string, options: Options): unknown;
        __renderToMathMLTree(latex: string, options: Options): Node;
    };

    const temml: Temml;
    export default temml;
}

// Chrome's Prompt API. Source: the specification «Prompt API», and its earlier names.
interface LanguageModelMessage {
    role: "system" | "user" | "assistant";
    content: string;
    prefix?: boolean;
}

interface LanguageModelMonitor {
    addEventListener(type: "downloadprogress", act: (event: ProgressEvent) => void): void;
}

interface LanguageModel {
    readonly contextUsage?: number;
    readonly contextWindow?: number;
    readonly inputUsage?: number;
    readonly inputQuota?: number;
    measureContextUsage?(input: LanguageModelMessage[], options?: { signal?: AbortSignal }): Promise<number>;
    measureInputUsage?(input: LanguageModelMessage[], options?: { signal?: AbortSignal }): Promise<number>;
    promptStreaming(
        input: LanguageModelMessage[],
        options?: { signal?: AbortSignal },
    ): ReadableStream<string> & AsyncIterable<string>;
    destroy(): void;
}

declare var LanguageModel: {
    availability(): Promise<"unavailable" | "downloadable" | "downloading" | "available">;
    params?(): Promise<{
        defaultTemperature: number;
        maxTemperature: number;
        defaultTopK: number;
        maxTopK: number;
    } | null>;
    create(options: {
        signal?: AbortSignal;
        monitor?: (monitor: LanguageModelMonitor) => void;
        initialPrompts?: LanguageModelMessage[];
        temperature?: number;
        topK?: number;
    }): Promise<LanguageModel>;
};

interface Window {
    // Source: W3C, «Trusted Types».
    trustedTypes?: {
        createPolicy(
            name: string,
            rules: {
                createHTML(markup: string, type: string, sink: string): string | null;
                createScriptURL(url: string): string | null;
            },
        ): unknown;
    };
}

interface RequestInit {
    // Source: WICG, «Local Network Access».
    targetAddressSpace?: string;
}

interface Navigator {
    // Source: WICG, «Network Information API».
    readonly connection?: { readonly saveData?: boolean };
}

// The parts of Node that the tests use.
declare function setImmediate(act: (nothing: void) => void): void;

declare const process: { env: Record<string, string | undefined> };

declare module "node:test" {
    type Method = { mock: { calls: { arguments: any[] }[]; resetCalls(): void; restore(): void } };
    export function test(name: string, act: () => void | Promise<void>): void;
    export function test(name: string, options: { skip?: string | false }, act: () => void | Promise<void>): void;
    export function beforeEach(act: () => void | Promise<void>): void;
    export function afterEach(act: () => void | Promise<void>): void;
    export const mock: {
        timers: {
            enable(options: { apis: ("setTimeout" | "setInterval" | "Date")[]; now?: number }): void;
            tick(milliseconds: number): void;
            setTime(milliseconds: number): void;
            reset(): void;
        };
        fn<T extends (...given: any[]) => any>(act?: T): T & Method;
        method(object: object, name: string, act: (...given: any[]) => any): Method;
    };
}

declare module "node:assert/strict" {
    const assert: {
        (value: unknown, message?: string): asserts value;
        equal(actual: unknown, expected: unknown, message?: string): void;
        notEqual(actual: unknown, expected: unknown, message?: string): void;
        deepEqual(actual: unknown, expected: unknown, message?: string): void;
        rejects(promise: Promise<unknown>, expected?: object): Promise<void>;
        throws(act: () => unknown, expected?: object): void;
    };
    export default assert;
}

declare module "node:fs/promises" {
    export function readFile(url: URL, encoding: "utf8"): Promise<string>;
}

declare module "node:crypto" {
    type Hash = { update(bytes: Uint8Array): void; digest(code: string): string };
    export function createHash(name: string): Hash;
}
