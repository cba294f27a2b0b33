// Formulas: src/workers/maths and style/maths.css.
// @ts-check
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test as always } from "node:test";
import { renderer } from "../../src/workers/maths/render.js";
import { isWithin, laidOut } from "../../src/workers/maths/source.js";

const file = `file://${process.env.COLLATE_TOOLS ?? ""}/temml/temml.mjs`;
const temml = await import(file).then(
    (library) => library.default,
    () => undefined,
);
const render = temml ? renderer(temml) : () => null;

/** @type {(name: string, act: () => void | Promise<void>) => void} */
const test = (name, act) =>
    always(name, { skip: !temml && "Temml is missing: script/bootstrap gets it where npm is" }, act);

/**
 * The content of `<math>`.
 * @param {string} latex
 */
function inside(latex, display = false) {
    const markup = render(latex, display);
    const kind = display ? ' display="block"' : "";
    return markup?.replace(`<math xmlns="http://www.w3.org/1998/Math/MathML"${kind}>`, "").replace(/<\/math>$/, "");
}

/**
 * @param {string} latex
 * @param {string} expected
 */
const check = (latex, expected, display = false) => assert.equal(inside(latex, display), expected, latex);

test("formulas", () => {
    check("", "");
    check("\\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>");
    check("\\text{한국어 a < b}", "<mtext>한국어\u00a0a\u00a0&#60;\u00a0b</mtext>");
    // The lower script comes first.
    assert(!temml || inside("\\prescript{14}{6}{C}")?.includes("<mn>6</mn><mn>14</mn>"));
    check("\\cancel{x}", '<mrow class="m-strike-up"><mi>x</mi></mrow>');
    check("\\fbox{x}", '<mrow class="m-frame"><mstyle scriptlevel="0" displaystyle="false"><mtext>x</mtext></mstyle></mrow>');
    check(
        "\\boxed{x}",
        '<mrow scriptlevel="0" displaystyle="true" data-style="padding:3pt;border:1px solid"><mi>x</mi></mrow>',
    );
    check("\\textcolor{blue}{b}", '<mrow><mi mathcolor="#0000FF">b</mi></mrow>');
    check("\\rule{1em}{2pt}", '<mspace width="1em" height="1.9925pt" class="m-rule"></mspace>');
    check(
        "\\fcolorbox{red}{yellow}{z}",
        '<mrow mathcolor="#ff0000" data-style="border:0.0667em solid"><mrow mathbackground="#FFFF00" data-style="padding:0.3em"><mtext>z</mtext></mrow></mrow>',
    );
    check("\\mathllap{a}b", '<mrow><mpadded width="0"><mrow class="m-lap-left"><mi>a</mi></mrow></mpadded><mi>b</mi></mrow>');
});

// What models write, also what Temml alone doesn't read, or reads otherwise: a formula a line.
const WRITTEN = String.raw`
    \lim_{x \to 0} \frac{\sin x}{x} = 1
    \int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}
    \begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix} \begin{pmatrix} x \\ y \end{pmatrix}
    \begin{aligned} a &= b \\[1em] &= c \end{aligned}
    \begin{align*} a &= b \\ c &= d \end{align*}
    f(x) = \begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}
    \left\{ x \in \mathbb{R} \mid x \geq 0 \right\}
    \hat{y} = \arg\max_\theta \mathcal{L}(\theta) \quad \forall \theta
    \overbrace{a+b}^{n} \underbrace{c}_{m} \xrightarrow{f} \overset{\text{def}}{=}
    \binom{n}{k} \equiv 1 \pmod{p}, \lfloor x \rfloor, \|x\|_2, \lvert x \rvert
    \begin{array}{c|c} p & q \\ \hline T & F \end{array}
    \cancel{x} \neq y, 90^\circ, 5\%, \$10, A^\top, x', \ldots, \cdots
    \boxed{x = 42} \fbox{a} \phantom{b} \hphantom{c} \vphantom{d} \smash{e} \rule{1em}{1pt} \char"41
    \ce{CH4 + 2 O2 -> CO2 + 2 H2O} \quad \ce{H2CO3 <=> H+ + HCO3-} \quad \ce{^{227}_{90}Th+}
    \pu{123 kJ/mol} \pu{1.2e3 m s-2}
    \ket{\psi} \bra{\phi} \braket{\phi|\psi} \Braket{\phi|A|\psi} \set{x} \Set{x|\frac12}
    \R \N \Z \Q \C \operatorname*{argmin}_x \operatorname{sgn} a \bm{x} \mathscr{L} \mbox{글}
    \color{red} a \textcolor{navy}{b} \colorbox{yellow}{c} \fcolorbox{red}{white}{d}
    a = b \\ c = d
    a &= b \\ c &= d
    \begin{eqnarray} a &=& b \\ c &=& d \end{eqnarray}
    \newcommand{\x}{a} \newcommand{\x}[2][k]{#1#2} \x{1} \x[2]{3}
    \renewcommand{\new}{b} \new \DeclareMathOperator{\tr}{tr} \tr A \DeclareMathOperator*{\am}{am} \am_x
    \def\sq#1{#1^2} \sq{x} \let\al=\alpha \al
    \begin{align} \newcommand{\y}{1} \y &= \y \\ \y &= 2 \end{align}
    a \label{eq:1} \nonumber \notag \eqref{eq:a_b}
    \require{mhchem} \ce{H2O}`
    .trim()
    .split("\n")
    .map((line) => line.trim());

// Cases look_chem and look_boxed.
test("what models write is read whole", () => {
    for (const latex of WRITTEN)
        for (const display of [false, true])
            // An environment for a whole display stands only there.
            if (display || !/\{(align|eqnarray)/.test(latex)) assert(render(latex, display), latex);
});

test("numbers stand at the margin, or after what has none", () => {
    const margin = '<mtd class="m-right" data-style="padding:0;width:50%"><mtext class="m-tag">(1)</mtext></mtd>';
    const shown = (/** @type {string} */ latex, display = true) => inside(latex, display) ?? "";
    assert(shown("a = b \\tag{1}").includes(margin.replace(' class="m-tag"', "")), shown("a = b \\tag{1}"));
    assert(shown("a \\tag{1} \\\\ b").includes("m-right"));
    assert(shown("a \\tag*{A}").includes("<mtext>A</mtext>"));
    assert(!shown("a \\tag{1}", false).includes("m-right"));
    assert(shown("a \\tag{1}", false).includes("1"));
    assert(shown("\\begin{cases} a \\tag{1} \\\\ b \\tag{2} \\end{cases}").includes("2"));
});

always("lines without an environment get one", () => {
    /** @type {(latex: string, expected: string, hasMargin?: boolean) => void} */
    const check = (latex, expected, hasMargin = true) => assert.equal(laidOut(latex, hasMargin), expected);
    /** @type {(name: string, latex: string) => string} */
    const within = (name, latex) => `\\begin{${name}}${latex}\n\\end{${name}}`;
    check("a", "a");
    check("a \\\\ b", within("gathered", "a \\\\ b"));
    check("a &= b", within("aligned", "a &= b"));
    check("a \\tag{1} \\\\ b", within("gather*", "a \\tag{1} \\\\ b"));
    check("a &= b \\tag{1}", within("align*", "a &= b \\tag{1}"));
    check("a \\tag{1} \\\\ b", within("gathered", "a \\tag{1} \\\\ b"), false);
    check("a \\& b % & \\\\", "a \\& b % & \\\\");
    check("{a \\\\ b}", "{a \\\\ b}");
    check("\\begin{matrix} a & b \\\\ c \\end{matrix}", "\\begin{matrix} a & b \\\\ c \\end{matrix}");
    check("{a\\\\[10pt]b}", "{a\\\\\\rule{0pt}{1.85em}b}");
    check("{a\\\\[1em] \\hline}", "{a\\\\[1em] \\hline}");
});

test("what is not read", () => {
    for (const latex of [
        "\\unknown{a}",
        "{a",
        "a}",
        "\\",
        "\\left(",
        "\\begin{matrix}",
        "\\href{javascript:alert(1)}{a}",
        "\\url{https://example.org}",
        "\\includegraphics{https://example.org/a.png}",
        "\\style{color:red}{a}",
        "\\class{a}{b}",
        "\\cssId{a}{b}",
        "\\htmlData{a=b}{c}",
        '\\color{red" onload="alert(1)} a',
        "\\color{url(https://example.org)} a",
        "a\0b",
    ])
        assert.equal(render(latex, false), null, latex);
    for (const latex of ["\\text{<script>alert(1)</script>}", "<img src=x onerror=y>", '\\operatorname{"><a>}'])
        assert(!/<(?!\/?m|$)/.test(inside(latex) ?? "<"), latex);
});

test("markup has only elements and attributes that the page takes", async () => {
    const page = await readFile(new URL("../../src/workers/mathml.rs", import.meta.url), "utf8");
    const named = new Set([...page.matchAll(/^ {4}"([a-z]+)",$/gm)].map(([, name]) => name));
    const others = ["class", "data-style", "mathcolor", "mathbackground", "xmlns", "fence"];
    for (const latex of WRITTEN) {
        const markup = (render(latex, true) ?? "").replace(/"[^"]*"/g, "");
        for (const [, name, attributes] of markup.matchAll(/<([a-z]+)([^>]*)>/g)) {
            assert(named.has(name), `${name}: ${latex}`);
            for (const attribute of attributes.trim().split("= ").join("=").split("="))
                assert(!attribute || named.has(attribute) || others.includes(attribute), `${attribute}: ${latex}`);
        }
    }
});

test("hostile formulas end soon", () => {
    /** @type {(open: string, times: number, close?: string) => string} */
    const nested = (open, times, close = "}") => open.repeat(times) + close.repeat(times);
    const refused = [
        "\\def\\a{\\a\\a}\\a",
        "\\def\\a#1{#1#1}" + nested("\\a{", 40),
        `\\def\\b#1{${"#1".repeat(99)}}\\b{${"x".repeat(9500)}}`,
        `\\def\\b{${"x".repeat(4000)}}${"\\b".repeat(2000)}`,
        nested("{", 5000),
        nested("\\sqrt{", 101),
        nested("\\begin{matrix}", 101, "\\end{matrix}"),
        nested("\\mathllap{", 40),
        nested("\\cancelto{x}{", 40),
        nested("\\equilibriumRight{", 40),
        nested("\\ce{^{", 20, "}_{1}X}"),
        `\\pu{${"/".repeat(9000)}}`,
        `\\def\\a#1{\\pu{#1#1#1#1#1#1#1#1}}\\a{////}`,
        "\\sqrt".repeat(1900),
        "\\hat".repeat(1900),
        "x^".repeat(5000),
        "x".repeat(10_001),
    ];
    const start = performance.now();
    for (const latex of refused) assert.equal(render(latex, true), null, latex.slice(0, 40));
    for (const latex of [nested("{", 40), "x+".repeat(5000), `\\ce{${"H2 ".repeat(1000)}}`])
        assert(render(latex, true), latex.slice(0, 40));
    // 1.5 s on two busy cores.
    assert(performance.now() - start < 20_000);
});

always("sizes are limited", () => {
    assert(isWithin("x".repeat(10_000)) && !isWithin("x".repeat(10_001)));
    assert(isWithin("{".repeat(100)) && !isWithin("{".repeat(101)));
    assert(isWithin("\\{".repeat(101)) && !isWithin("#1".repeat(101)));
    assert(isWithin("a\n\tb") && !isWithin("a\u0001"));
});

test("a formula's definitions stay in it", () => {
    assert(render("\\def\\mine{a}\\mine", true));
    assert.equal(render("\\mine", true), null);
    assert(render("\\gdef\\R{x}\\R", true)?.includes("<mi>x</mi>"));
    assert(render("\\R", true)?.includes("ℝ"));
});

// Contrast by WCAG 2.2; OKLCH by Björn Ottosson, «A perceptual color space for image processing».
/** @typedef {[number, number, number]} Three */
const channel = (/** @type {number} */ value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const rgb = (/** @type {string} */ hex) =>
    /** @type {Three} */ ([1, 3, 5].map((at) => channel(parseInt(hex.slice(at, at + 2), 16) / 255)));
const luminance = (/** @type {Three} */ [r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const contrast = (/** @type {number} */ a, /** @type {number} */ b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

/** @type {(colour: Three) => Three} */
function oklch([r, g, b]) {
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    const [a, d] = [1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
    return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, Math.hypot(a, d), Math.atan2(d, a)];
}

/** @type {(colour: Three) => Three} */
function toRgb([light, chroma, hue]) {
    const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
    const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
    const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
    const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
    return [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
    ];
}

always("colours are legible in both themes", async () => {
    const style = await readFile(new URL("../../style/maths.css", import.meta.url), "utf8");
    const found = /min\(l, ([\d.]+)\) min\(c, ([\d.]+)\)[^]*max\(l, ([\d.]+)\) min\(c, ([\d.]+)\)/.exec(style);
    const [most, chromaInLight, least, chromaInDark] = (found ?? []).slice(1).map(Number);
    const tokens = await readFile(new URL("../../style/tokens.css", import.meta.url), "utf8");
    const grounds = /** @type {string[][]} */ ([[], []]);
    for (const [, , ...pair] of tokens.matchAll(/--(ground|surface|raised|sunken|accent-soft): light-dark\((.{7}), (.{7})\)/g))
        pair.forEach((colour, theme) => grounds[theme].push(colour));
    assert.equal(grounds[0].length, 5);
    const steps = Array.from({ length: 16 }, (_, step) => (step * 17).toString(16).padStart(2, "0"));
    const colours = ["#000000", "#0000ff", "#000080", "#00008b", "#ffff00", "#ffffff", "#ff0000"];
    colours.push(...steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`))));
    for (const colour of colours) {
        const [l, c, h] = oklch(rgb(colour));
        const shown = /** @type {Three[]} */ ([
            [Math.min(l, most), Math.min(c, chromaInLight), h],
            [Math.max(l, least), Math.min(c, chromaInDark), h],
        ]);
        shown.forEach((colour, theme) => {
            const out = toRgb(colour);
            // Browsers cut off what a screen can't show, or keep the lightness.
            const cut = /** @type {Three} */ (out.map((value) => Math.min(1, Math.max(0, value))));
            for (const is of [out, cut])
                for (const ground of grounds[theme])
                    assert(contrast(luminance(is), luminance(rgb(ground))) >= 4.5, `${colour} on ${ground}`);
        });
    }
    const turn = Number(/\(([\d.]+) - y\)/.exec(style)?.[1]);
    for (const colour of colours) {
        const ground = luminance(rgb(colour));
        assert(contrast(ground, ground > turn ? 0 : 1) >= 4.5, colour);
    }
});
