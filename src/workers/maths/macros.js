// Commands that models write and Temml lacks, and definitions by the formula itself.
// @ts-check

/** @import { Context, Macro, Token } from "./temml.mjs" */

/** @type {Record<string, Macro>} */
const LACKING = {
    "\\C": "\\mathbb{C}",
    "\\E": "\\mathbb{E}",
    "\\KaTeX": "\\text{KaTeX}",
    "\\overlinesegment": "\\overline{#1}",
    "\\underlinesegment": "\\underline{#1}",
    "\\F": "\\mathbb{F}",
    "\\K": "\\mathbb{K}",
    "\\Q": "\\mathbb{Q}",
    "\\SI": "{#1}\\,\\mathrm{#2}",
    "\\celsius": "{}^\\circ\\mathrm{C}",
    "\\hdots": "\\ldots",
    "\\mbox": "\\text{#1}",
    "\\num": "{#1}",
    // Temml's own has the scripts in each other's place.
    "\\prescript": "{\\vphantom{#3}}^{#1}_{#2}{#3}",
    "\\protect": "",
    "\\qed": "\\square",
    "\\si": "\\mathrm{#1}",
    "\\strut": "\\mathstrut",
    "\\textdegree": "{}^\\circ",
    "\\unit": "\\mathrm{#1}",
    "\\require": gobble,
    // What is labelled may be in another formula, so the label stands for its number.
    "\\ref": (context) => name(context, "", ""),
    "\\eqref": (context) => name(context, "(", ")"),
    // Temml has cells in groups of their own, and a definition in one is meant for all.
    "\\def": "\\gdef",
    "\\edef": "\\xdef",
    "\\newcommand": (context) => define(context, () => true),
    "\\renewcommand": (context) => define(context, () => true),
    "\\providecommand": (context) => define(context, (name) => !context.isDefined(name)),
    "\\DeclareMathOperator": "\\@ifstar\\declare@limits\\declare@operator",
    "\\declare@limits": "\\gdef#1{\\operatorname*{#2}}",
    "\\declare@operator": "\\gdef#1{\\operatorname{#2}}",
};

/** Maximum length of all chemistry in a formula, in tokens: what Temml makes of it can have some again. */
const CHEMISTRY = 5_000;

/** Maximum number of divisions in a unit: what Temml makes of it doubles with each. */
const DIVISIONS = 8;

/** Maximum number of formulas and units within one: Temml sets the outer parts of each more than once. */
const INNER = 4;

/** @type {Record<string, Macro>} */
const PLAIN_TAGS = {
    "\\tag": "\\@ifstar\\tag@bare\\tag@plain",
    "\\tag@bare": "\\qquad\\text{#1}",
    "\\tag@plain": "\\qquad(\\text{#1})",
};

/**
 * The macros of one formula.
 * @param {boolean} plainTags True if numbers follow the formula.
 * @returns {Record<string, Macro>}
 */
export function macros(plainTags) {
    let left = CHEMISTRY;

    /** @type {(context: Context, name: "\\ce" | "\\pu") => string} */
    function chemistry(context, name) {
        const { tokens } = context.consumeArg();
        const written = text([...tokens].reverse());
        const count = (/** @type {RegExp} */ sign) => written.match(sign)?.length ?? 0;
        const divisions = name === "\\pu" || written.includes("\\pu") ? count(/\//g) : 0;
        left -= tokens.length;
        if (left < 0 || divisions > DIVISIONS || count(/\\(?:ce|pu)/g) > INNER) throw new Error("too long");
        if (!tokens.length) return "";
        const [open, close] = ["{", "}"].map((text) => token(tokens[0], text));
        context.pushTokens([close, ...tokens, open]);
        return context.macros.builtins[name](context);
    }

    return {
        ...LACKING,
        ...(plainTags ? PLAIN_TAGS : {}),
        "\\ce": (context) => chemistry(context, "\\ce"),
        "\\pu": (context) => chemistry(context, "\\pu"),
    };
}

/** @param {Context} context */
function gobble(context) {
    context.consumeArg();
    return "";
}

/**
 * @param {Context} context
 * @param {string} before
 * @param {string} after
 */
function name(context, before, after) {
    const label = context.consumeArg().tokens.reverse();
    const text = label.map(({ text }) => text.replace(/[^\p{L}\p{N} :.-]/gu, "\\_"));
    return `\\text{${before}${text.join("")}${after}}`;
}

/**
 * Reads `*{\name}[count][default]{body}`. Unlike Temml, it takes a command's second definition and a default,
 * as models write both.
 * @param {Context} context
 * @param {(name: string) => boolean} wanted
 */
function define(context, wanted) {
    context.consumeSpaces();
    if (context.future().text === "*") context.popToken();
    const [command, ...rest] = context.consumeArg().tokens;
    if (!command || rest.length || !/^\\[^{}]/.test(command.text)) throw new Error("not a command");
    const count = optional(context);
    const numArgs = count ? Number(text(count)) : 0;
    if (!(numArgs >= 0 && numArgs <= 9)) throw new Error("not a number of arguments");
    const fallback = optional(context);
    const { tokens } = context.consumeArg();
    if (!wanted(command.text)) return "";
    if (!fallback || numArgs < 1) {
        context.macros.set(command.text, { tokens, numArgs }, true);
        return "";
    }
    // The body is a command of its own, which the author can't name.
    const body = `${command.text}@body`;
    const [open, close, inner] = ["{", "}", body].map((text) => token(command, text));
    context.macros.set(body, { tokens, numArgs }, true);
    context.macros.set(
        command.text,
        (context) => ({ tokens: [close, ...(optional(context) ?? fallback), open, inner], numArgs: 0 }),
        true,
    );
    return "";
}

/**
 * Takes an argument in brackets, if there is one. Tokens are in reverse order, as in all of Temml's stack.
 * @param {Context} context
 */
function optional(context) {
    context.consumeSpaces();
    if (context.future().text !== "[") return undefined;
    context.popToken();
    return context.consumeArg(["]"]).tokens;
}

/** @param {Token[]} tokens */
const text = (tokens) => tokens.map(({ text }) => text).join("");

/**
 * @param {Token} like
 * @param {string} text
 * @returns {Token}
 */
const token = (like, text) => Object.assign(Object.create(Object.getPrototypeOf(like)), { text });
