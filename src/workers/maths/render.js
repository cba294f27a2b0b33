// Converts LaTeX to MathML with Temml, within bounds. Pure.
// @ts-check
import { macros } from "./macros.js";
import { laidOut, isWithin } from "./source.js";
import { written } from "./write.js";

/** @import { Context, Temml } from "./temml.mjs" */

/** Maximum number of macro expansions in a formula. */
const EXPANSIONS = 1000;

/** Maximum number of tokens that the macros of a formula expand to: each expansion can copy many. */
const TOKENS = 30_000;

/** Maximum number of parts of a formula. */
const PARTS = 50_000;

/** Parts whose content Temml sets more than once, with the number of times: nested ones multiply. */
const REPEATED = /** @type {Record<string, number>} */ ({ cancelto: 3, lap: 2, xArrow: 2 });

/** Lengths beyond this only push the formula out of sight, in em. */
const SIZE = 50;

/**
 * Makes the function that converts a formula; null if any part of it can't be read.
 *
 * Its result is well-formed XML: MathML elements with few attributes and the formula's text. It has no
 * addresses, no handlers, and only styles that `workers::mathml` checks.
 * @param {Temml} temml
 */
export function renderer(temml) {
    const begin = countTokens(temml);

    /**
     * @param {string} latex
     * @param {boolean} display
     * @param {boolean} plainTags
     */
    function convert(latex, display, plainTags) {
        const source = laidOut(latex, display && !plainTags);
        const options = () => ({
            displayMode: display,
            throwOnError: true,
            // Definitions end up in this object: each formula has its own.
            macros: macros(plainTags),
            maxExpand: EXPANSIONS,
            maxSize: /** @type {[number, number]} */ ([SIZE, SIZE]),
        });
        begin();
        measure(temml.__parse(source, options()));
        begin();
        return written(temml.__renderToMathMLTree(source, options()));
    }

    return (/** @type {string} */ latex, /** @type {boolean} */ display) => {
        if (!isWithin(latex)) return null;
        // A number at the margin needs a line of its own, and not every environment has a place for it.
        // Otherwise it follows the formula.
        const hasTag = latex.includes("\\tag");
        for (const plainTags of hasTag && display ? [false, true] : [hasTag]) {
            try {
                return convert(latex, display, plainTags);
            } catch {
                // It can't be read, it is too deep for the stack, or a bound is reached.
            }
        }
        return null;
    };
}

/**
 * Refuses a tree of the parser that would become too large, before it does.
 * @param {unknown} tree
 */
function measure(tree) {
    let count = 0;
    /** @type {(part: unknown, times: number) => void} */
    function add(part, times) {
        if (typeof part !== "object" || part === null) return;
        if ("type" in part) {
            times *= REPEATED[String(part.type)] ?? 1;
            count += times;
            if (count > PARTS) throw new Error("too large");
        }
        for (const [name, value] of Object.entries(part)) if (name !== "loc") add(value, times);
    }
    add(tree, 1);
}

/**
 * Bounds the tokens of a formula. Temml counts expansions, but not what they expand to.
 * @param {Temml} temml
 * @returns {() => void} begins with a new formula.
 */
function countTokens(temml) {
    let left = 0;
    /** @type {Context | undefined} */
    let expander;
    temml.__parse("\\x", {
        macros: { "\\x": (/** @type {Context} */ context) => ((expander = Object.getPrototypeOf(context)), "") },
    });
    if (!expander) throw new Error("Temml has changed");
    const { pushTokens } = expander;
    expander.pushTokens = function (tokens) {
        left -= tokens.length;
        if (left < 0) throw new Error("too many tokens");
        pushTokens.call(this, tokens);
    };
    return () => (left = TOKENS);
}
