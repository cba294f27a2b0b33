use super::*;

/// The content of `<math>`.
#[track_caller]
fn inside(latex: &str) -> Option<String> {
    let markup = render(latex, false)?;
    let inside = markup
        .strip_prefix(r#"<math display="inline" xmlns="http://www.w3.org/1998/Math/MathML">"#)
        .and_then(|rest| rest.strip_suffix("</math>"));
    Some(inside.expect("one element").to_owned())
}

#[track_caller]
fn check(latex: &str, expected: &str) {
    assert_eq!(inside(latex).as_deref(), Some(expected), "{latex}");
}

#[test]
fn formulas() {
    check("", "");
    check(r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>");
    check("x^2_1", "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>");
    check(r"\sqrt[3]y", "<mroot><mi>y</mi><mn>3</mn></mroot>");
    check(
        r"\begin{matrix} a & b \\ c & d \end{matrix}",
        "<mtable class=\"menv-arraylike\"><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr>\
         <mtr><mtd><mi>c</mi></mtd><mtd><mi>d</mi></mtd></mtr></mtable>",
    );
    check(r"\text{한국어 a < b}", "<mtext>한국어 a &lt; b</mtext>");
    check("가 + 나", "<mi>가</mi><mo>+</mo><mi>나</mi>");
    check(
        r"\textcolor{red}b",
        "<mrow style=\"color: rgb(255 0 0)\"><mi>b</mi></mrow>",
    );
    let block = render("a", true).unwrap();
    assert!(block.contains(r#"display="block""#), "{block}");
}

#[test]
fn what_the_writer_leaves_out() {
    check(
        "a<b>c",
        "<mi>a</mi><mo>&lt;</mo><mi>b</mi><mo>></mo><mi>c</mi>",
    );
    check(
        r"a\&b~c",
        "<mi>a</mi><mi>&amp;</mi><mi>b</mi><mtext>\u{a0}</mtext><mi>c</mi>",
    );
    check(r"\text{a }b", "<mtext>a\u{a0}</mtext><mi>b</mi>");
    check(
        r"\big(",
        "<mo symmetric=\"true\" stretchy=\"true\" minsize=\"1.2em\" maxsize=\"1.2em\">(</mo>",
    );
}

#[test]
fn what_the_parser_lacks() {
    check(r"\boxed{x}", "<mrow><mrow><mi>x</mi></mrow></mrow>");
    check(
        r"\operatorname*{argmin}_x",
        "<msub><mi>argmin</mi><mi>x</mi></msub>",
    );
    for latex in [
        r"a \tag{1} \label{eq:1}",
        r"a \mod n",
        r"\bm{x} + \mathscr{L} + \mbox{글}",
        r"a \nonumber \notag",
    ] {
        assert!(inside(latex).is_some(), "{latex}");
    }
}

#[test]
fn what_models_write() {
    for latex in [
        r"\lim_{x \to 0} \frac{\sin x}{x} = 1",
        r"\sum_{i=1}^{n} i = \frac{n(n+1)}{2}",
        r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}",
        r"\begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix} \begin{pmatrix} x \\ y \end{pmatrix}",
        r"\begin{aligned} a &= b \\[1em] &= c \end{aligned}",
        r"\begin{align*} a &= b \\ c &= d \end{align*}",
        r"f(x) = \begin{cases} x & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\left\{ x \in \mathbb{R} \mid x \geq 0 \right\}",
        r"\text{softmax}(x_i) = \frac{e^{x_i}}{\sum_j e^{x_j}}",
        r"\hat{y} = \arg\max_\theta \mathcal{L}(\theta) \quad \forall \theta",
        r"\overbrace{a+b}^{n} \underbrace{c}_{m} \xrightarrow{f} \overset{\text{def}}{=}",
        r"\vec{F} = m\vec{a}, \nabla \cdot \mathbf{E} = \frac{\rho}{\varepsilon_0}",
        r"\binom{n}{k} \equiv 1 \pmod{p}, \lfloor x \rfloor, \|x\|_2, \lvert x \rvert",
        r"\begin{array}{c|c} p & q \\ \hline T & F \end{array}",
        r"P(A \mid B) = \dfrac{P(B \mid A)\,P(A)}{P(B)}",
        r"\cancel{x} \neq y, 90^\circ, 5\%, \$10, A^\top, x', \ldots, \cdots",
    ] {
        let markup = inside(latex).unwrap_or_else(|| panic!("{latex} can't be read"));
        let unclosed = markup.matches("<m").count() - markup.matches("</m").count();
        assert_eq!(unclosed, markup.matches("/>").count(), "{markup}");
    }
}

#[test]
fn what_is_not_read() {
    for latex in [
        r"\unknown{a}",
        "{a",
        "a}",
        "^",
        r"\",
        r"\left(",
        r"\begin{matrix}",
        r"\href{javascript:alert(1)}{a}",
        r"\url{https://example.org}",
        r"\includegraphics{https://example.org/a.png}",
        r"\style{color:red}{a}",
        r"\class{a}{b}",
        r"\htmlData{a=b}{c}",
        r"\operatorname{</mi><a>}",
        r"\def\a{\a}\a",
        r"\newcommand\a{a}\a",
        r"\let\a=b",
        "a\0b",
    ] {
        assert_eq!(render(latex, false), None, "{latex}");
    }
    for text in [r"\text{<script>alert(1)</script>}", "<img src=x onerror=y>"] {
        let markup = inside(text).unwrap();
        assert!(!markup.contains("<s") && !markup.contains("<i"), "{markup}");
    }
}

#[test]
fn hostile_sizes() {
    let nested = |open: &str, times, close: &str| open.repeat(times) + &close.repeat(times);
    for latex in [
        nested("{", 5_000, "}"),
        nested(r"\sqrt{", 101, "}"),
        r"\sqrt".repeat(1_900),
        r"\sqrt[3]".repeat(1_200),
        r"\not".repeat(2_400),
        r"\hat".repeat(501),
        r"\left(".repeat(1_600),
        r"\begin{matrix}".repeat(700),
        nested(r"\begin{matrix}", 300, r"\end{matrix}"),
        "x^".repeat(5_000),
        "x".repeat(LONGEST + 1),
    ] {
        assert_eq!(render(&latex, true), None, "{}", &latex[..20]);
    }
    assert!(render(&nested("{", 40, "}"), true).is_some());
    assert!(render(&"x+".repeat(LONGEST / 2), true).is_some());
}
