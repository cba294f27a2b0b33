// What a selection in an answer gives to the clipboard: formulas as LaTeX, tables as cells, lists with their
// marks. A table is also copied as Markdown, as CSV and as cells for a spreadsheet.
// @ts-check

/** Elements that stand on lines of their own. */
const BLOCKS = /^(P|H[1-6]|UL|OL|TABLE|BLOCKQUOTE|FIGURE|PRE|HR|DIV|ARTICLE|LI|DETAILS)$/;
/** Controls, which are no part of the text. */
const CONTROLS = "button, summary, figcaption, input, select, textarea, svg, .actions, .table-copy, [hidden]";

/**
 * Appends the selected part of a node to lines of text.
 * @param {Node} node
 * @param {Range} range
 * @param {{ text: string }} out
 */
function walk(node, range, out) {
    if (!range.intersectsNode(node)) return;
    if (node instanceof Text) {
        const start = node === range.startContainer ? range.startOffset : 0;
        const end = node === range.endContainer ? range.endOffset : node.length;
        out.text += node.data.slice(start, end);
        return;
    }
    if (!(node instanceof Element)) return;
    const latex = node.getAttribute("data-latex");
    if (latex !== null) {
        if (node.classList.contains("display")) line(out, 1);
        out.text += latex;
        return;
    }
    if (node.matches(CONTROLS)) return;
    const name = node.tagName;
    if (name === "BR") {
        out.text += "\n";
    } else if (name === "TR") {
        line(out, 1);
        const cells = [...node.children].filter((cell) => range.intersectsNode(cell));
        out.text += cells.map((cell) => flat(part(cell, range))).join("\t");
    } else if (name === "LI") {
        line(out, 1);
        const mark = markOf(node);
        const text = part(node, range, " ".repeat(mark.length));
        out.text += mark + text;
    } else {
        const isBlock = BLOCKS.test(name);
        const inItem = node.closest("li") !== null;
        if (isBlock) line(out, inItem || name === "DIV" ? 1 : 2);
        for (const child of node.childNodes) walk(child, range, out);
        if (isBlock) line(out, inItem || name === "DIV" ? 1 : 2);
    }
}

/**
 * The selected text within an element, its lines after the first indented.
 * @param {Element} element
 * @param {Range} range
 * @param {string} [indent]
 */
function part(element, range, indent = "") {
    const out = { text: "" };
    for (const child of element.childNodes) walk(child, range, out);
    return out.text.trim().replace(/\n(?=.)/g, `\n${indent}`);
}

/**
 * Begins a new line, after an empty one if there are to be two ends.
 * @param {{ text: string }} out
 * @param {number} ends
 */
function line(out, ends) {
    if (!out.text) return;
    const has = /\n*$/.exec(out.text)?.[0].length ?? 0;
    out.text += "\n".repeat(Math.max(0, ends - has));
}

/**
 * The mark of a list item as it is shown.
 * @param {Element} item
 */
function markOf(item) {
    const list = item.parentElement;
    const task = item.querySelector(":scope > input, :scope > p > input");
    const box = task instanceof HTMLInputElement ? `[${task.checked ? "x" : " "}] ` : "";
    if (!(list instanceof HTMLOListElement)) return `- ${box}`;
    return `${list.start + [...list.children].indexOf(item)}. ${box}`;
}

/** @param {string} text */
function flat(text) {
    return text.replace(/[\t\n]+/g, " ");
}

/** Copies formulas, tables and lists of a selection as they read. All else is the browser's. */
export function listen() {
    document.addEventListener("copy", (event) => {
        const selection = document.getSelection();
        const { target } = event;
        if (!selection || selection.isCollapsed || !event.clipboardData) return;
        if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) return;
        const range = selection.getRangeAt(0);
        const parent = range.commonAncestorContainer;
        const root = parent instanceof Element ? parent : parent.parentElement;
        // A formula, or a list's item, is taken whole.
        const scope = root?.closest("[data-latex]") ?? root?.closest("table, ul, ol") ?? root;
        const answer = root?.closest("[data-drawing]") ?? root?.querySelector("[data-drawing]");
        if (!scope || !answer || root?.closest("pre")) return;
        const inner = [...scope.querySelectorAll("[data-latex], table, li")];
        const isOurs = scope.matches("[data-latex]") || inner.some((element) => range.intersectsNode(element));
        const isWithinItem = root?.closest("li, td, th") && !inner.some((element) => element.matches("[data-latex]") && range.intersectsNode(element));
        if (!isOurs || isWithinItem) return;
        const out = { text: "" };
        const from = root?.closest("li, td, th") ? root : scope;
        walk(from, range, out);
        const html = document.createElement("div");
        html.append(range.cloneContents());
        for (const control of html.querySelectorAll(CONTROLS)) control.remove();
        event.clipboardData.setData("text/plain", out.text.replace(/^\n+|\n+$/g, ""));
        event.clipboardData.setData("text/html", html.innerHTML);
        event.preventDefault();
    });
}

/**
 * A table's cells as text.
 * @param {HTMLTableElement} table
 * @param {string} format "markdown", "csv" or "cells"
 */
export function table(table, format) {
    const range = document.createRange();
    range.selectNodeContents(table);
    const rows = [...table.rows].map((row) =>
        [...row.cells].map((cell) => (format === "markdown" ? markdown(cell) : part(cell, range))),
    );
    if (format === "markdown") {
        const rule = [...(table.rows[0]?.cells ?? [])].map(ruleOf);
        rows.splice(1, 0, rule);
        return rows.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
    }
    if (format === "cells") return rows.map((cells) => cells.map((cell) => flat(harmless(cell))).join("\t")).join("\n");
    // Source: RFC 4180.
    const quoted = (/** @type {string} */ cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
    return rows.map((cells) => `${cells.map((cell) => quoted(harmless(cell))).join(",")}\r\n`).join("");
}

/**
 * A cell that a spreadsheet would run as a formula, as text: a model wrote it.
 * @param {string} cell
 */
function harmless(cell) {
    const isNumber = /^[-+]?[\d.,\s]+%?$/.test(cell);
    return /^[=+\-@]./.test(cell) && !isNumber ? `'${cell}` : cell;
}

/** @param {Element} cell */
function ruleOf(cell) {
    if (cell.classList.contains("left")) return ":--";
    if (cell.classList.contains("right")) return "--:";
    return cell.classList.contains("centre") ? ":-:" : "---";
}

/** @type {Record<string, string>} */
const MARKS = { STRONG: "**", EM: "*", DEL: "~~" };

/**
 * A cell's content as Markdown.
 * @param {Node} node
 * @returns {string}
 */
function markdown(node) {
    if (node instanceof Text) return node.data.replace(/[\\|`*_~[\]<$]/g, "\\$&").replaceAll("\n", " ");
    if (!(node instanceof Element)) return "";
    const inner = () => [...node.childNodes].map(markdown).join("");
    const latex = node.getAttribute("data-latex");
    if (latex !== null) return latex.replaceAll("\n", " ");
    if (node.matches(CONTROLS)) return "";
    if (node.tagName === "BR") return "<br>";
    if (node.tagName === "CODE") {
        const code = node.textContent ?? "";
        const longest = Math.max(0, ...(code.match(/`+/g) ?? []).map((run) => run.length));
        const fence = "`".repeat(longest + 1);
        const space = longest > 0 ? " " : "";
        return fence + space + code.replaceAll("|", "\\|") + space + fence;
    }
    if (node instanceof HTMLAnchorElement) return `[${inner()}](${node.href})`;
    const mark = MARKS[node.tagName];
    return mark ? mark + inner() + mark : inner();
}
