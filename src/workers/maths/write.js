// Writes Temml's tree as markup that `workers::mathml` takes: elements and attributes of MathML Core, our own
// classes, and styles of a few lengths in an attribute that no content policy stops. Elements that only some browsers draw become rows with a class.
// @ts-check

/** @import { Node } from "./temml.mjs" */

/** Maximum nesting of elements: browsers have a limit, too. */
const DEEPEST = 100;

/** Maximum number of elements and texts. */
const MOST = 40_000;

/** Temml's classes and ours: see style/maths.css. */
const CLASSES = /** @type {Record<string, string>} */ ({
    "tml-left": "m-left",
    "tml-right": "m-right",
    "tml-jot": "m-jot",
    "tml-small": "m-small",
    "tml-vec": "m-vec",
    "tml-hat-1": "m-wide-2",
    "tml-hat-2": "m-wide-4",
    "tml-hat-3": "m-wide-6",
    "tml-hat-4": "m-wide-8",
    "tml-tilde-2": "m-wide-2",
    "tml-tilde-3": "m-wide-3",
    "tml-tilde-4": "m-wide-4",
    menclose: "m-strike-up",
});

/** What encloses a part, by its notation in MathML 3. */
const ENCLOSED = /** @type {Record<string, string>} */ ({
    actuarial: "m-actuarial",
    bottom: "m-under",
    box: "m-frame",
    circle: "m-circle",
    downdiagonalstrike: "m-strike-down",
    horizontalstrike: "m-strike",
    longdiv: "m-division",
    phasorangle: "m-phase",
    top: "m-over",
    updiagonalstrike: "m-strike-up",
    "updiagonalstrike downdiagonalstrike": "m-strike-both",
});

/** Elements that only draw what the classes above draw. */
const DRAWN = new Set(["tml-cancel", "longdiv-arc", "phasor-angle", "textcircle", "tml-cancelto", "ff-nudge-left"]);

const VARIANTS = /** @type {Record<string, string>} */ ({ monospace: "m-mono", bold: "m-bold", italic: "m-italic" });

const STYLES = /^(?:padding|border|margin-left$|width$|font-weight$)/;

/** @param {string} text */
const escaped = (text) =>
    text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[^\P{Cc}\s]/gu, "");

/**
 * Writes the tree.
 * @param {Node} tree
 */
export function written(tree) {
    let count = 0;

    /** @type {(nodes: Node | Node[] | undefined, depth: number) => string} */
    const all = (nodes, depth) => [nodes ?? []].flat().map((node) => one(node, depth)).join("");

    /** @type {(node: Node, depth: number) => string} */
    function one(node, depth) {
        count += 1;
        if (depth > DEEPEST || count > MOST) throw new Error("too large");
        if (node.text !== undefined) return escaped(node.text);
        const { type, children = [], classes = [], style = {}, attributes = {} } = node;
        // A fragment is not an element. Neither are the numbers of equations, which nobody counts here.
        if (type === undefined) return classes.length ? "" : all(children, depth);
        if (classes.some((name) => DRAWN.has(name))) return "";
        if (type === "none") return "<mrow></mrow>";
        if (attributes.lspace?.endsWith("width")) return lapped(attributes.lspace, children, depth);

        /** @type {Record<string, string>} */
        const given = { ...attributes };
        const names = classes.flatMap((name) => CLASSES[name] ?? []);
        // The number of a line stands at the margin.
        if (children.some?.((child) => child.classes?.includes("tml-tag"))) names.push("m-right");
        const styles = Object.entries(style)
            .map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value])
            .filter(([name]) => STYLES.test(name));
        if (style.color && style.color !== "undefined") given.mathcolor = style.color;
        let name = type;
        if (type === "menclose") {
            name = "mrow";
            names.push(ENCLOSED[attributes.notation] ?? "m-frame");
            delete given.notation;
        }
        if (type === "mspace" && given.mathbackground) {
            // A rule has the colour of its text.
            if (given.mathbackground !== "black") given.mathcolor = given.mathbackground;
            delete given.mathbackground;
            names.push("m-rule");
        }
        if (given.mathvariant && given.mathvariant !== "normal") {
            names.push(...(type === "mi" ? [] : [VARIANTS[given.mathvariant] ?? []].flat()));
            delete given.mathvariant;
        }
        delete given.style;
        // A frame can have another colour than its text.
        const border = styles.find(([name]) => name === "border");
        const [, line, colour] = (border && /^(\S+ solid) (\S+)$/.exec(border[1])) ?? [];
        if (border && line) {
            styles.splice(styles.indexOf(border), 1);
            const open = tag("mrow", { mathcolor: colour }, [], [["border", line]]);
            return `${open}${tag(name, given, names, styles)}${all(children, depth + 2)}</${name}></mrow>`;
        }
        return `${tag(name, given, names, styles)}${all(children, depth + 1)}</${name}>`;
    }

    /** @type {(by: string, children: Node[], depth: number) => string} */
    function lapped(by, children, depth) {
        // Temml's hidden copy gives only Firefox its height.
        const shown = children.at(-1);
        const row = shown ? one({ ...shown, style: { color: shown.style?.color ?? "undefined" } }, depth + 2) : "";
        return `<mpadded width="0"><mrow class="${by === "-1width" ? "m-lap-left" : "m-lap-both"}">${row}</mrow></mpadded>`;
    }

    const markup = one(tree, 0);
    return markup.replace("<math", '<math xmlns="http://www.w3.org/1998/Math/MathML"');
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {string[]} classes
 * @param {string[][]} styles
 */
function tag(name, attributes, classes, styles) {
    const all = Object.entries(attributes);
    if (classes.length) all.push(["class", classes.join(" ")]);
    if (styles.length) all.push(["data-style", styles.map((style) => style.join(":")).join(";")]);
    return `<${name}${all.map(([name, value]) => ` ${name}="${escaped(String(value))}"`).join("")}>`;
}
