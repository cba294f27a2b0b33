//! What models write and `CommonMark` reads otherwise than meant.

use super::*;

/// Writes blocks as HTML, formulas as `<math>` or `<display>`.
fn shown(text: &str) -> String {
    marked(&parse(text))
}

fn marked(nodes: &[Node]) -> String {
    fn mark(nodes: &[Node]) -> Vec<Node> {
        nodes
            .iter()
            .map(|node| match node {
                Node::Maths {
                    latex, is_display, ..
                } => {
                    let name = if *is_display { "display" } else { "math" };
                    Node::Text(format!("⟨{name}⟩{latex}⟨/{name}⟩"))
                }
                Node::Parent(tag, parts) => Node::Parent(tag.clone(), mark(parts)),
                node => node.clone(),
            })
            .collect()
    }
    html(&mark(nodes))
        .replace('⟨', "<")
        .replace('⟩', ">")
        .trim_end()
        .to_owned()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(shown(text), expected, "{text}");
}

/// Checks that a text has no formula, and that each of its characters is there.
#[track_caller]
fn check_plain(text: &str) {
    check(text, &format!("<p>{}</p>", escape(text)));
}

#[test]
fn look_money_marks() {
    check(
        "Was ~~$20~~, now **$15**. Plans: **$10**/mo or **$99**/yr. See [$5](https://example.com/a) or \
         [$9](https://example.com/b). 가격은 **$30**에서 **$50**으로.",
        "<p>Was <del>$20</del>, now <strong>$15</strong>. Plans: <strong>$10</strong>/mo or \
         <strong>$99</strong>/yr. See <a href=\"https://example.com/a\">$5</a> or \
         <a href=\"https://example.com/b\">$9</a>. 가격은 <strong>$30</strong>에서 <strong>$50</strong>으로.</p>",
    );
    check("*$5* and *$6*", "<p><em>$5</em> and <em>$6</em></p>");
    check("`$5` or $6, [$7]", "<p><code>$5</code> or $6, [$7]</p>");
    check(
        "- **A**: $5\n- **B**: $6",
        "<ul>\n<li><strong>A</strong>: $5</li>\n<li><strong>B</strong>: $6</li>\n</ul>",
    );
}

#[test]
fn emphasis_that_ends_beside_cjk_does_not_hold_the_next() {
    for (text, expected) in [
        (
            "**중요!**꼭 보세요. 이것은**강조**입니다.",
            "<strong>중요!</strong>꼭 보세요. 이것은<strong>강조</strong>입니다.",
        ),
        (
            "**注意：**请使用**最新**版本。",
            "<strong>注意：</strong>请使用<strong>最新</strong>版本。",
        ),
        (
            "**\"A\"**는 좋고 B**는** 나쁘다.",
            "<strong>&quot;A&quot;</strong>는 좋고 B<strong>는</strong> 나쁘다.",
        ),
        (
            "**（一）**概述，然后**（二）**细节，最后**总结**。",
            "<strong>（一）</strong>概述，然后<strong>（二）</strong>细节，最后<strong>总结</strong>。",
        ),
        (
            "*“A”*는 *B*는 그리고 이것은*강조*다.",
            "<em>“A”</em>는 <em>B</em>는 그리고 이것은<em>강조</em>다.",
        ),
        (
            "~~「旧名」~~は~~旧（古い）~~へ",
            "<del>「旧名」</del>は<del>旧（古い）</del>へ",
        ),
        (
            "~~删除！~~后面。价格~~￥100~~现价",
            "<del>删除！</del>后面。价格<del>￥100</del>现价",
        ),
        // Emphasis within emphasis remains.
        (
            "**굵게 **더** 굵게** and **a **b** c**",
            "<strong>굵게 <strong>더</strong> 굵게</strong> and <strong>a <strong>b</strong> c</strong>",
        ),
    ] {
        check(text, &format!("<p>{expected}</p>"));
    }
}

#[test]
fn a_display_formula_may_begin_in_the_middle_of_a_line() {
    check(
        "The energy is $$E = a\n+ b$$ where b>0.",
        "<p>The energy is <display>E = a\n+ b</display> where b&gt;0.</p>",
    );
    check(
        "Energy: \\[E = a\n- b\\] where.",
        "<p>Energy: <display>E = a\n- b</display> where.</p>",
    );
    check(
        "각 항은 \\[ a_n = 2\n> n \\] 이다.",
        "<p>각 항은 <display>a_n = 2\n&gt; n</display> 이다.</p>",
    );
    check(
        "> text $$a\n> + b$$ end",
        "<blockquote>\n<p>text <display>a\n + b</display> end</p>\n</blockquote>",
    );
    // It does not reach into the next item.
    check(
        "1. Energy: $$E = T\n   + V$$\n2. **Momentum**: $$p = mv$$\n3. Done.",
        "<ol>\n<li>Energy: <display>E = T\n   + V</display></li>\n\
        <li><strong>Momentum</strong>: <display>p = mv</display></li>\n<li>Done.</li>\n</ol>",
    );
    check(
        "- Item: \\[a\n- Item2: \\[b",
        "<ul>\n<li>Item: [a</li>\n<li>Item2: [b</li>\n</ul>",
    );
    // Prices.
    check(
        "Lunch $$ (moderate)\n- dear: $$$\n- cheap: $$ or less",
        "<p>Lunch $$ (moderate)</p>\n<ul>\n<li>dear: $$$</li>\n<li>cheap: $$ or less</li>\n</ul>",
    );
    check(
        "$x \\text{ if $y$}$ and $z$",
        "<p><math>x \\text{ if $y$}</math> and <math>z</math></p>",
    );
}

#[test]
fn look_money_signs() {
    for text in [
        "from $2bn to at least $4bn. $GOOG/$AMZN fell. US dollars ($) and Australian dollars (A$) differ. \
         10$~20$ in Seoul, 5$/10$ elsewhere; 1$=1,300원, 2$=2,600원; use $a=$b.",
        "US$5, US$6, A$7 and C$8",
        "$5-$10, $5–$10, $5~$10, $5/$10, $5:$10",
        "$1,000.50/$2,000",
        "$HOME/bin:$PATH and $HOME:$PATH",
        "$a-$b, $a.$b, $a+$b",
        "the $5 bill (or 5$ bill) and the rest$",
        "costs $100(약 13만원), 200$까지",
        "$100짜리와 $200짜리, 300$짜리",
        "It is $ 5 or $ 6, then $ 7 = 9,000원 or $ 8.",
        "$$ or $$$ or $$$$",
        "cheap $$ and dear $$ places",
        "\"$a\" and \"$b\"",
        "a 5$ b 6$ c",
        "100$ and 200$",
        "(5$) (6$)",
        "$5, $6 and $7.",
        "the $PATH variable and the other PATH$ too",
        "from $-$$ to $$$",
    ] {
        check_plain(text);
    }
    // Formulas remain.
    check(
        "$x$, $n$th, ($y$): $z$.",
        "<p><math>x</math>, <math>n</math>th, (<math>y</math>): <math>z</math>.</p>",
    );
    check(
        "$5$ and $x^2$ for $6",
        "<p><math>5</math> and <math>x^2</math> for $6</p>",
    );
    check(
        "$f(x)=5$, $|x|$-th, $\\alpha$-helix",
        "<p><math>f(x)=5</math>, <math>|x|</math>-th, <math>\\alpha</math>-helix</p>",
    );
    check(
        "값은$x$이고 2$\\pi$",
        "<p>값은<math>x</math>이고 2<math>\\pi</math></p>",
    );
    check(
        "**$x$**는 *$y$*",
        "<p><strong><math>x</math></strong>는 <em><math>y</math></em></p>",
    );
    check(
        "It costs $5 and $x$ is $y_1$.",
        "<p>It costs $5 and <math>x</math> is <math>y_1</math>.</p>",
    );
    check("$a_1 * b_2 * c_3$", "<p><math>a_1 * b_2 * c_3</math></p>");
    check("# The $x$ axis", "<h1>The <math>x</math> axis</h1>");
    check(
        "[$x$](http://a/$b$)",
        "<p><a href=\"http://a/$b$\"><math>x</math></a></p>",
    );
    check("$x`$ and `$y`", "<p>$x<code>$ and </code>$y`</p>");
}

#[test]
fn look_math_lines() {
    check(
        "\\[\nV(s)\n=\n\\max_a Q(s,a)\n\\]\n\n$$\nf(x) = a_0\n+ a_1 x\n- a_2 x^2\n> 0\n$$\n\n\\[\n\\text{one}\n\n\\text{two}\n\\]",
        "<p><display>V(s)\n=\n\\max_a Q(s,a)</display></p>\n\
         <p><display>f(x) = a_0\n+ a_1 x\n- a_2 x^2\n&gt; 0</display></p>\n\
         <p><display>\\text{one}\n\n\\text{two}</display></p>",
    );
    check(
        "1. First:\n   \\[\n   x\n   = y\n   \\]\n2. Second: $$\n   # z\n   $$\n",
        "<ol>\n<li>First:\n<display>x\n   = y</display></li>\n<li>Second: <display># z</display></li>\n</ol>",
    );
    check(
        "> $$\n> a\n> > b\n> $$\n> after",
        "<blockquote>\n<p><display>a\n &gt; b</display>\nafter</p>\n</blockquote>",
    );
    check(
        "Text $$x$$ and \\[y\\].",
        "<p>Text <display>x</display> and <display>y</display>.</p>",
    );
    check(
        "$$\n1. a\n* b\n```\n$$",
        "<p>$$</p>\n<ol>\n<li>a</li>\n</ol>\n<ul>\n<li>b</li>\n</ul>\n<pre><code>$$</code></pre>",
    );
    check(
        "$$\nThis sign has no partner at all.\n\n$$ x $$",
        "<p>$$\nThis sign has no partner at all.</p>\n<p><display>x</display></p>",
    );
    check(
        "```\n$$\nx\n$$\n\\[y\\]\n```",
        "<pre><code>$$\nx\n$$\n\\[y\\]\n</code></pre>",
    );
    check(
        "\\[a\\] and \\[link](http://b)",
        "<p><display>a</display> and [link](http://b)</p>",
    );
}

#[test]
fn look_bare_env() {
    check(
        "So:\n\n\\begin{align}\nx + y &= 3 \\\\\nx - y &= 1\n\\end{align}\n\nDone.",
        "<p>So:</p>\n<p><display>\\begin{align}\nx + y &amp;= 3 \\\\\nx - y &amp;= 1\n\\end{align}</display></p>\n<p>Done.</p>",
    );
    check(
        "- \\begin{cases}\n  1\\\\\n  2\n  \\end{cases}.",
        "<ul>\n<li><display>\\begin{cases}\n  1\\\\\n  2\n  \\end{cases}</display>.</li>\n</ul>",
    );
    check(
        "\\begin{document}\nx\n\\end{document}",
        "<p>\\begin{document}\nx\n\\end{document}</p>",
    );
    check(
        "the word \\begin{align} alone",
        "<p>the word \\begin{align} alone</p>",
    );
}

#[test]
fn formulas_come_whole() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut document = Document::default();
        for letter in text.chars() {
            document.push(letter.encode_utf8(&mut [0; 4]));
            document.update();
        }
        assert_eq!(marked(document.blocks()), expected, "{text}");
    }
    // Not headings and lists first.
    check(
        "A\n\n\\[\nV(s)\n=\n- b",
        "<p>A</p>\n<p><display></display></p>",
    );
    check("$$\na\n\n+ b", "<p><display></display></p>");
    check(
        "\\begin{align}\na &= b \\\\\n",
        "<p><display></display></p>",
    );
    check(
        "$$\na\n=\n$$\n\n# B",
        "<p><display>a\n=</display></p>\n<h1>B</h1>",
    );
    check(
        "> \\[\n> a\n> =",
        "<blockquote>\n<p><display></display></p>\n</blockquote>",
    );
    // A sign alone does not keep the rest from being read.
    check(
        "$$\nThese are words and no formula at all.\n\n# B",
        "<p>$$\nThese are words and no formula at all.</p>\n<h1>B</h1>",
    );
    let long = format!("$$\n{}\n# B", "x\n".repeat(6_000));
    let mut document = Document::default();
    document.push(&long);
    document.update();
    assert!(marked(document.blocks()).ends_with("<h1>B</h1>"));
}

#[test]
fn look_pipes_in_table() {
    let table = |rows: &[[&str; 2]]| {
        let row = |[a, b]: &[&str; 2]| format!("<tr><td None>{a}</td><td None>{b}</td></tr>");
        let rows: String = rows.iter().map(row).collect();
        format!("<table><tr><th None>Operator</th><th None>Meaning</th></tr>{rows}</table>")
    };
    check(
        "| Operator | Meaning |\n|---|---|\n| `a || b` | either one is true |\n| `ls | wc -l` | counts files |\n\
         | $|x|$ | absolute value |\n| \\(P(A|B)\\) | given B |\n| $\\|v\\|$ | norm of v |",
        &table(&[
            ["<code>a || b</code>", "either one is true"],
            ["<code>ls | wc -l</code>", "counts files"],
            ["<math>|x|</math>", "absolute value"],
            ["<math>P(A|B)</math>", "given B"],
            ["<math>\\|v\\|</math>", "norm of v"],
        ]),
    );
    check(
        "Operator | Meaning\n--- | ---\n`a|b` | or\n``x|`|y`` | odd\n`p \\| q` | escaped\n$5 | price",
        &table(&[
            ["<code>a|b</code>", "or"],
            ["<code>x|`|y</code>", "odd"],
            ["<code>p | q</code>", "escaped"],
            ["$5", "price"],
        ]),
    );
    // In the head, in a list, in a quote.
    check(
        "| `a|b` | c |\n|--|--|\n| 1 | 2 |",
        "<table><tr><th None><code>a|b</code></th><th None>c</th></tr><tr><td None>1</td><td None>2</td></tr></table>",
    );
    check(
        "- item\n\n  | a | b |\n  |--|--|\n  | `x|y` | 2 |",
        "<ul>\n<li><p>item</p>\n<table><tr><th None>a</th><th None>b</th></tr><tr><td None><code>x|y</code></td><td None>2</td></tr></table></li>\n</ul>",
    );
    // Cells over are shown, too, and read.
    check(
        "| a | b |\n|--|--|\n| 1 | 2 | **3** | `4` |\n| 5 |",
        "<table><tr><th None>a</th><th None>b</th><th None></th><th None></th></tr>\
         <tr><td None>1</td><td None>2</td><td None><strong>3</strong></td><td None><code>4</code></td></tr>\
         <tr><td None>5</td><td None></td></tr></table>",
    );
    // GitHub's reading stays where it fits.
    check(
        "| a | b | c |\n|--|--|--|\n| ` | x | ` |",
        "<table><tr><th None>a</th><th None>b</th><th None>c</th></tr><tr><td None>`</td><td None>x</td><td None>`</td></tr></table>",
    );
}

#[test]
fn look_nested_fence() {
    check(
        "```markdown\n# My tool\n```bash\npip install mytool\n```\n## Usage\nRun it.\n```\n\nGood luck!",
        "<pre><code class=\"language-markdown\"># My tool\n```bash\npip install mytool\n```\n## Usage\nRun it.\n</code></pre>\n<p>Good luck!</p>",
    );
    check(
        "~~~md\n~~~js\n1\n~~~\n~~~\nEnd\n\n```py\n2\n```",
        "<pre><code class=\"language-md\">~~~js\n1\n~~~\n</code></pre>\n<p>End</p>\n<pre><code class=\"language-py\">2\n</code></pre>",
    );
    // As it stands: nothing is wrong with it, or nobody knows.
    check(
        "```markdown\n# A\n```\n\nText\n\n```\nb\n```",
        "<pre><code class=\"language-markdown\"># A\n</code></pre>\n<p>Text</p>\n<pre><code>b\n</code></pre>",
    );
    check(
        "```markdown\n```bash\na\n```\n\nText",
        "<pre><code class=\"language-markdown\">```bash\na\n</code></pre>\n<p>Text</p>",
    );
    check(
        "```python\n```bash\na\n```\nText\n```\nb\n```",
        "<pre><code class=\"language-python\">```bash\na\n</code></pre>\n<p>Text</p>\n<pre><code>b\n</code></pre>",
    );
    // While it comes.
    let mut document = Document::default();
    let text = "```markdown\n# My **tool\n```bash\npip\n```\n## Usage\n**Run";
    for letter in text.chars() {
        document.push(letter.encode_utf8(&mut [0; 4]));
        document.update();
    }
    assert_eq!(
        marked(document.blocks()),
        "<pre><code class=\"language-markdown\"># My **tool\n```bash\npip\n```\n## Usage\n**Run</code></pre>"
    );
}

#[test]
fn look_tilde_fence() {
    check(
        "~~~markdown\n```py\n1\n```\n~~~\nEnd",
        "<pre><code class=\"language-markdown\">```py\n1\n```\n</code></pre>\n<p>End</p>",
    );
    check(
        "````md\n```ruby\n1\n```\n````\nEnd",
        "<pre><code class=\"language-md\">```ruby\n1\n```\n</code></pre>\n<p>End</p>",
    );
    check(
        "```js\nunclosed",
        "<pre><code class=\"language-js\">unclosed</code></pre>",
    );
}

#[test]
fn fences_in_lists_end_where_they_were_meant_to() {
    check(
        "1. Do:\n   ```sh\n   ls\n```\nThen text.",
        "<ol>\n<li>Do:<pre><code class=\"language-sh\">ls\n</code></pre>\n</li>\n</ol>\n<p>Then text.</p>",
    );
    check(
        "1. Do:\n   ```sh\nls\n   ```\n2. Then text.",
        "<ol>\n<li>Do:</li>\n</ol>\n<pre><code class=\"language-sh\">ls\n</code></pre>\n<ol start=\"2\">\n<li>Then text.</li>\n</ol>",
    );
    check(
        "- a\n\n  ```\n  b\n\n  c\n  ```\n- d",
        "<ul>\n<li><p>a</p>\n<pre><code>b\n\nc\n</code></pre>\n</li>\n<li><p>d</p>\n</li>\n</ul>",
    );
}

#[test]
fn look_cjk_url() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        fn collect(nodes: &[Node], found: &mut Vec<String>) {
            for node in nodes {
                if let Node::Parent(tag, parts) = node {
                    if let Tag::Link { url, .. } = tag {
                        found.push(url.clone());
                    }
                    collect(parts, found);
                }
            }
        }
        let (nodes, mut found) = (parse(text), Vec::new());
        collect(&nodes, &mut found);
        assert_eq!(found, expected, "{text}");
        let mut words = String::new();
        for node in &nodes {
            node.words(&mut words);
        }
        assert_eq!(words, text);
    }
    check(
        "서울은 https://ko.wikipedia.org/wiki/서울 문서를 보세요. (https://example.com/문서/설치.html) See “https://example.com/a”.",
        &[
            "https://ko.wikipedia.org/wiki/서울",
            "https://example.com/문서/설치.html",
            "https://example.com/a",
        ],
    );
    check(
        "(https://a.dev/pull/477，여기) http://localhost:8080/v1입니다",
        &["https://a.dev/pull/477", "http://localhost:8080/v1"],
    );
    check(
        "https://a.kr/x를 보세요, https://a.kr에서, https://a.kr.",
        &["https://a.kr/x", "https://a.kr", "https://a.kr"],
    );
    check(
        "https://ko.wikipedia.org/wiki/C언어 참고",
        &["https://ko.wikipedia.org/wiki/C언어"],
    );
    check(
        "「https://ja.wikipedia.org/wiki/東京」、『https://a.jp/b』。",
        &["https://ja.wikipedia.org/wiki/東京", "https://a.jp/b"],
    );
    check(
        "请看https://zh.wikipedia.org/wiki/北京。再见",
        &["https://zh.wikipedia.org/wiki/北京"],
    );
    check(
        "请访问https://example.com/a查看",
        &["https://example.com/a"],
    );
    check(
        "https://a.kr/?q=한국어&b=1#머리말",
        &["https://a.kr/?q=한국어&b=1#머리말"],
    );
    check(
        "https://한글.kr/문서_1, https://例え.テスト/a",
        &["https://한글.kr/문서_1", "https://例え.テスト/a"],
    );
    check(
        "https://a.kr/가-나_다(라) https://a.kr/x)",
        &["https://a.kr/가-나_다(라)", "https://a.kr/x"],
    );
    check(
        "\"https://a.kr/x\" ‘https://a.kr/y’ «https://a.kr/z»",
        &["https://a.kr/x", "https://a.kr/y", "https://a.kr/z"],
    );
    check("www.example.com/문서를", &["http://www.example.com/문서를"]);
}

#[test]
fn look_cjk_strike() {
    check(
        "정가 ~~10,000원(부가세 포함)~~은 이제 8,000원입니다. ~~“옛 이름”~~을 쓰지 마세요. ~~删除的文字（带括号）。~~这个句子",
        "<p>정가 <del>10,000원(부가세 포함)</del>은 이제 8,000원입니다. <del>“옛 이름”</del>을 쓰지 마세요. \
         <del>删除的文字（带括号）。</del>这个句子</p>",
    );
    check(
        "~~**가(나)**~~는 **~~다(라)~~**도",
        "<p><del><strong>가(나)</strong></del>는 <strong><del>다(라)</del></strong>도</p>",
    );
    check("~~foo(bar)~~baz", "<p>~~foo(bar)~~baz</p>");
    check("~~~~가", "<pre><code class=\"language-가\"></code></pre>");
}

#[test]
fn look_cjk_bold() {
    check(
        "**“공개 문서는 점검한다”**는 원칙입니다. **중요(Important):**내용 **重要提示（Important Notice）：**请注意。 그는 **'천재'**라고, ***굵은 기울임(예)***도",
        "<p><strong>“공개 문서는 점검한다”</strong>는 원칙입니다. <strong>중요(Important):</strong>내용 \
         <strong>重要提示（Important Notice）：</strong>请注意。 그는 <strong>'천재'</strong>라고, <em><strong>굵은 기울임(예)</strong></em>도</p>",
    );
}

#[test]
fn look_tilde_range() {
    check_plain("5~7U × 100~200배, 약 ~10%~20%");
    check_plain("10~20대, 3~4개 (5~6)");
}

#[test]
fn look_generics() {
    check(
        "Use Vec<T> and List<String>, <your-api-key>, &lt;b&gt;, &copy;",
        "<p>Use Vec&lt;T&gt; and List&lt;String&gt;, &lt;your-api-key&gt;, &lt;b&gt;, ©</p>",
    );
}

#[test]
fn look_emoji() {
    let text = "👨\u{200d}👩\u{200d}👧\u{200d}👦 🇰🇷 👍🏽 ❤️\u{200d}🔥 1️⃣, **👩\u{200d}💻개발자**는, `👨\u{200d}👩\u{200d}👧`";
    check(
        text,
        "<p>👨\u{200d}👩\u{200d}👧\u{200d}👦 🇰🇷 👍🏽 ❤️\u{200d}🔥 1️⃣, <strong>👩\u{200d}💻개발자</strong>는, <code>👨\u{200d}👩\u{200d}👧</code></p>",
    );
}

#[test]
fn look_near_table() {
    check(
        "다음은 표입니다:\n| a | b |\n|--|--|\n| 1<br>2 | 3 |",
        "<p>다음은 표입니다:</p>\n<table><tr><th None>a</th><th None>b</th></tr><tr><td None>1<br />\n2</td><td None>3</td></tr></table>",
    );
    check(
        "a | b\n--|--\n1 | 2",
        "<table><tr><th None>a</th><th None>b</th></tr><tr><td None>1</td><td None>2</td></tr></table>",
    );
}

#[test]
fn look_html_bits() {
    check(
        "H<sub>2</sub>O, x<sup>**2**</sup>, <KBD>Ctrl</KBD>\n\n<br>\n\nend",
        "<p>H<sub>2</sub>O, x<sup><strong>2</strong></sup>, <kbd>Ctrl</kbd></p>\n<br />\n<p>end</p>",
    );
    // What has no end, or a handler, is text.
    check("a<sub>b **c**", "<p>a&lt;sub&gt;b <strong>c</strong></p>");
    check(
        "a</sub>b <sup><sub>c</sup></sub>",
        "<p>a&lt;/sub&gt;b &lt;sup&gt;<sub>c&lt;/sup&gt;</sub></p>",
    );
    check(
        "<sub onclick=\"x\">a</sub>",
        "<p>&lt;sub onclick=&quot;x&quot;&gt;a&lt;/sub&gt;</p>",
    );
    check(
        "*a<sub>b*</sub>",
        "<p><em>a&lt;sub&gt;b</em>&lt;/sub&gt;</p>",
    );
}

#[test]
fn look_fence_language() {
    for info in [
        "python:app.py",
        "{python}",
        "{.python}",
        "language-python",
        "python {linenos=true}",
        "python title=\"a.py\"",
        "python",
    ] {
        check(
            &format!("```{info}\n1\n```"),
            "<pre><code class=\"language-python\">1\n</code></pre>",
        );
    }
}

/// Cases after public reports, with what is shown for them.
#[test]
fn what_was_reported_elsewhere_reads_as_meant() {
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../../../tests/look/found.json")).unwrap();
    let mut checked = 0;
    for case in &cases {
        if let Some(shows) = case["shows"].as_str() {
            assert_eq!(
                shown(case["input"].as_str().unwrap()),
                shows,
                "{}",
                case["id"]
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 42, "cases that a parser can decide");
}
