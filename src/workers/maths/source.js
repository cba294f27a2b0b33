// Checks and prepares the source of a formula.
// @ts-check

/** Maximum length of a formula, in UTF-16 units. */
const LONGEST = 10_000;

/** Maximum nesting of braces and environments. */
const DEEPEST = 100;

/** Maximum number of commands. */
const COMMANDS = 3_000;

/** Maximum number of parameters: pasting an argument moves all that follows it. */
const PARAMETERS = 100;

const TOKEN = /\\(?:[a-zA-Z]+|[^])|%[^\n]*|[{}&#]/g;
const OPEN = new Set(["{", "\\begin", "\\left"]);
const CLOSED = new Set(["}", "\\end", "\\right"]);

/** In em, as accurate as a gap between lines needs. */
const UNITS = /** @type {Record<string, number>} */ ({
    em: 1,
    ex: 0.45,
    pt: 0.1,
    mm: 0.28,
    cm: 2.8,
    in: 7.2,
});

/**
 * Returns whether a formula is within the bounds.
 * @param {string} latex
 */
export function isWithin(latex) {
    // XML doesn't allow control characters.
    if (latex.length > LONGEST || /[^\P{Cc}\s]/u.test(latex)) return false;
    let [depth, deepest, commands, parameters] = [0, 0, 0, 0];
    for (const [token] of latex.matchAll(TOKEN)) {
        if (OPEN.has(token)) deepest = Math.max(deepest, (depth += 1));
        else if (CLOSED.has(token)) depth -= 1;
        if (token[0] === "\\") commands += 1;
        if (token === "#") parameters += 1;
    }
    return deepest <= DEEPEST && commands <= COMMANDS && parameters <= PARAMETERS;
}

/**
 * Returns the source for Temml: lines and columns outside an environment get one, and gaps below lines,
 * which Temml leaves out, become struts.
 * @param {string} latex
 * @param {boolean} hasMargin True where numbers of lines stand at the margin.
 */
export function laidOut(latex, hasMargin) {
    const source = latex
        .replace(/\\(begin|end)\{eqnarray\*?\}/g, (_, end) => `\\${end}{darray}${end === "begin" ? "{rcl}" : ""}`)
        .replace(
            /\\\\\[(\d*\.?\d+) *(em|ex|pt|mm|cm|in)\](?!\s*\\(?:hline|hdashline|end)\b)/g,
            (_, number, unit) => `\\\\\\rule{0pt}{${(0.85 + number * UNITS[unit]).toFixed(2)}em}`,
        );
    let [depth, lines, columns] = [0, false, false];
    for (const [token] of source.matchAll(TOKEN)) {
        if (OPEN.has(token)) depth += 1;
        else if (CLOSED.has(token)) depth -= 1;
        else if (depth === 0) {
            lines ||= token === "\\\\" || token === "\\cr" || token === "\\newline";
            columns ||= token === "&";
        }
    }
    if (!lines && !columns) return source;
    const tagged = hasMargin && /\\tag\b/.test(source);
    const name = columns ? (tagged ? "align*" : "aligned") : tagged ? "gather*" : "gathered";
    // The line feed ends a comment.
    return `\\begin{${name}}${source.replaceAll(/\\newline\b/g, "\\\\")}\n\\end{${name}}`;
}
