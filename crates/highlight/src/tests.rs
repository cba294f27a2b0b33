use std::cell::RefCell;

use proptest::prelude::*;
use syntect::parsing::syntax_definition::Pattern;

use super::*;

thread_local! {
    // Loading the syntaxes takes a while without optimisation.
    static HIGHLIGHTER: RefCell<Highlighter> = RefCell::new(Highlighter::new());
}

fn spans(language: &str, parts: &[&str]) -> Option<Vec<u32>> {
    HIGHLIGHTER.with_borrow_mut(|highlighter| {
        highlighter.start(7, language);
        let mut all = Vec::new();
        let mut from = 0;
        for part in parts {
            let spans = highlighter.lines(7, part)?;
            all.extend(
                spans
                    .chunks(3)
                    .flat_map(|span| [span[0] + from, span[1] + from, span[2]]),
            );
            from += u32::try_from(part.encode_utf16().count()).unwrap();
        }
        highlighter.forget(7);
        assert_eq!(highlighter.lines(7, "1"), None);
        Some(all)
    })
}

/// Each span with a kind, as `kind:text`.
fn pieces(language: &str, code: &str) -> Vec<String> {
    let units: Vec<u16> = code.encode_utf16().collect();
    let spans = spans(language, &[code]).unwrap_or_else(|| panic!("{language} is not known"));
    let piece = |span: &[u32]| {
        let text = &units[span[0] as usize..span[1] as usize];
        let kind = Kind::of(span[2]).unwrap();
        format!("{}:{}", kind.name(), String::from_utf16(text).unwrap())
    };
    spans.chunks(3).map(piece).collect()
}

/// Checks that these spans are among those of the code.
#[track_caller]
fn check(language: &str, code: &str, expected: &[&str]) {
    let pieces = pieces(language, code);
    for piece in expected {
        assert!(
            pieces.iter().any(|found| found == piece),
            "{language}: no {piece} in {pieces:#?}"
        );
    }
}

#[test]
fn the_most_used_languages() {
    check(
        "javascript",
        "import a from 'b'; async function 이름(x) { return this.y.z(x) + 1.5 } // 주석",
        &[
            "keyword:import",
            "string:'b'",
            "keyword:async",
            "keyword:return",
            "number:1.5",
            "comment:// 주석",
        ],
    );
    check(
        "js",
        "const 값 = `안녕 ${name}`;",
        &["keyword:const", "string:`안녕 "],
    );
    check(
        "ts",
        "interface A { b: string } // 형",
        &[
            "keyword:interface",
            "type:A",
            "type:string",
            "comment:// 형",
        ],
    );
    check(
        "tsx",
        "const A = () => <div className=\"글\">{x}</div>;",
        &["tag:div", "variable:className", "string:\"글\""],
    );
    check(
        "jsx",
        "const A = () => <b title='글'>{x}</b>;",
        &["tag:b", "variable:title", "string:'글'"],
    );
    check(
        "py",
        "@dec\ndef f(x: int) -> str:\n    return f\"{x} 값\" # 주석\n",
        &[
            "variable:@dec",
            "keyword:def",
            "function:f",
            "type:int",
            "comment:# 주석",
        ],
    );
    check(
        "java",
        "public class A { int x = 1; String s = \"글\"; /* 주석 */ }",
        &[
            "keyword:public",
            "type:A",
            "type:int",
            "number:1",
            "string:\"글\"",
            "comment:/* 주석 */",
        ],
    );
    check(
        "c",
        "#include <a.h>\nint main(void) { return 0; } // 주석\n",
        &[
            "function:main",
            "keyword:return",
            "number:0",
            "comment:// 주석",
        ],
    );
    check(
        "c++",
        "template <typename T> class A : public B { T x = nullptr; };",
        &["keyword:template", "type:A", "constant:nullptr"],
    );
    check("cpp", "std::string s = \"글\";", &["string:\"글\""]);
    check(
        "c#",
        "namespace A { class B { string s = \"글\"; } }",
        &["keyword:namespace", "type:B", "string:\"글\""],
    );
    check(
        "objective-c",
        "@interface A : NSObject\n- (void)b; // 주석\n@end\n",
        &["keyword:interface", "type:A", "comment:// 주석"],
    );
    check(
        "golang",
        "func main() { fmt.Println(\"글\") } // 주석",
        &[
            "keyword:func",
            "function:main",
            "string:\"글\"",
            "comment:// 주석",
        ],
    );
    check(
        "rust",
        "/// 문서\npub fn f() -> bool { println!(\"안녕 {}\", 1); true }",
        &[
            "comment:/// 문서",
            "keyword:fn",
            "function:f",
            "function:println!",
            "constant:true",
        ],
    );
    check(
        "kt",
        "fun main() { val s = \"글\" } // 주석",
        &[
            "keyword:fun",
            "function:main",
            "string:\"글\"",
            "comment:// 주석",
        ],
    );
    check(
        "swift",
        "func f() -> Int { return 1 } // 주석",
        &["keyword:func", "function:f", "number:1", "comment:// 주석"],
    );
    check(
        "php",
        "function f($x) { return \"안녕 $x\"; }",
        &[
            "keyword:function",
            "function:f",
            "variable:$x",
            "string:\"안녕 ",
        ],
    );
    check(
        "php",
        "\n<?php\necho '글'; // 주석\n",
        &["string:'글'", "comment:// 주석"],
    );
    check(
        "rb",
        "def f(x)\n  \"글 #{x}\" # 주석\nend\n",
        &[
            "keyword:def",
            "function:f",
            "string:\"글 ",
            "comment:# 주석",
            "keyword:end",
        ],
    );
    check(
        "scala",
        "object A { def f(x: Int) = \"글\" }",
        &["keyword:object", "type: A", "function:f", "string:\"글\""],
    );
    check(
        "dart",
        "void main() { print('글'); } // 주석",
        &["string:'글'", "comment:// 주석"],
    );
    check(
        "r",
        "f <- function(x) { \"글\" } # 주석",
        &["keyword:function", "string:\"글\"", "comment:# 주석"],
    );
    check(
        "lua",
        "local function f() return '글' end -- 주석",
        &[
            "keyword:local",
            "function:f",
            "string:'글'",
            "comment:-- 주석",
        ],
    );
    check(
        "perl",
        "my $x = '글'; # 주석",
        &["variable:$x", "string:'글'", "comment:# 주석"],
    );
    check(
        "hs",
        "f :: Int -> Int\nf x = x + 1 -- 주석\n",
        &["type:Int", "number:1", "comment:-- 주석"],
    );
    check(
        "elixir",
        "defmodule A do\n  def f(x), do: \"글\" # 주석\nend\n",
        &[
            "keyword:defmodule",
            "type:A",
            "string:\"글\"",
            "comment:# 주석",
        ],
    );
    check(
        "clojure",
        "(defn f [x] \"글\") ; 주석",
        &["string:\"글\"", "comment:; 주석"],
    );
    check(
        "sh",
        "for f in *; do echo \"글 $f\"; done # 주석",
        &[
            "keyword:for",
            "function:echo",
            "variable:$f",
            "comment:# 주석",
        ],
    );
    check(
        "powershell",
        "# 주석\nGet-Item -Path $x | Where-Object { $_.A -eq 'ㄱ' }",
        &[
            "comment:# 주석",
            "function:Get-Item",
            "variable:$x",
            "keyword:-eq",
            "string:'ㄱ'",
        ],
    );
    check(
        "sql",
        "SELECT count(*) FROM t WHERE x = '값' -- 주석",
        &["keyword:SELECT", "string:'값'", "comment:-- 주석"],
    );
    check(
        "html",
        "<p class=\"글\">a</p><!-- 주석 --><script>let x</script>",
        &[
            "tag:p",
            "variable:class",
            "string:\"글\"",
            "comment:<!-- 주석 -->",
            "keyword:let",
        ],
    );
    check(
        "css",
        "a:hover { color: #fff; width: 3px } /* 주석 */",
        &[
            "tag:a",
            "variable:color",
            "number:3px",
            "comment:/* 주석 */",
        ],
    );
    check(
        "scss",
        "$a: 3px; .b { &:hover { width: $a } } // 주석",
        &["number:3px", "variable:width", "comment:// 주석"],
    );
    check(
        "json",
        "{\"키\": [1, true, \"값\"]}",
        &[
            "variable:\"키\"",
            "number:1",
            "constant:true",
            "string:\"값\"",
        ],
    );
    check(
        "yml",
        "# 주석\nkey: 1\nother: \"글\"\n",
        &["comment:# 주석", "tag:key", "number:1", "string:\"글\""],
    );
    check(
        "toml",
        "# 주석\n[a]\nb = \"글\"\n",
        &["comment:# 주석", "type:a", "string:\"글\""],
    );
    check(
        "xml",
        "<a b=\"글\"><!-- 주석 --></a>",
        &[
            "tag:a",
            "variable:b",
            "string:\"글\"",
            "comment:<!-- 주석 -->",
        ],
    );
    check("md", "# 제목\n`code`\n", &["heading:# 제목", "string:code"]);
    check("dockerfile", "FROM rust:1 AS b # 주석\n", &["keyword:FROM"]);
    check(
        "make",
        "all: a.o # 주석\n\tcc -o $@ $<\n",
        &["function:all", "comment:# 주석"],
    );
    check(
        "diff",
        "--- a\n+++ b\n-옛\n+새\n",
        &["deleted:-옛", "inserted:+새"],
    );
    check(
        "graphql",
        "query A { b(c: 1) { d } } # 주석",
        &["keyword:query", "number:1", "comment:# 주석"],
    );
    check(
        "zig",
        "const a = 1; // 주석",
        &["keyword:const", "number:1", "comment:// 주석"],
    );
    check(
        "nix",
        "{ a = \"글\"; } # 주석",
        &["string:\"글\"", "comment:# 주석"],
    );
}

#[test]
fn every_language_is_read() {
    for (name, aliases) in highlight::LANGUAGES {
        for alias in *aliases {
            assert_eq!(
                highlight::find(alias),
                Some(*name),
                "{alias} has one language"
            );
        }
        if let Some(alias) = aliases.first() {
            assert!(
                spans(alias, &["a = 1 + (b) {\n\n}\n\"글\"\n"]).is_some(),
                "{alias}"
            );
        }
    }
    let knows = highlight::knows;
    assert!(knows(" C++ ") && !knows("") && !knows("text") && !knows("mermaid"));
    assert_eq!(spans("mermaid", &["graph TD\n"]), None);
}

/// A regular expression that can't be compiled would end the worker.
#[test]
fn every_expression_compiles() {
    let syntaxes = Highlighter::new().syntaxes.into_builder();
    for syntax in syntaxes.syntaxes() {
        for pattern in syntax
            .contexts
            .values()
            .flat_map(|context| &context.patterns)
        {
            if let Pattern::Match(found) = pattern {
                let source = found.regex().regex_str();
                // An expression that refers to captures of another one is incomplete before they are known.
                if !found.has_captures {
                    let error = syntect::parsing::Regex::try_compile(source);
                    assert!(error.is_none(), "{}: {source}: {error:?}", syntax.name);
                }
            }
        }
    }
}

#[test]
fn a_state_lasts_from_message_to_message() {
    let whole = spans("rust", &["/* 하나\n둘 */ let\n"]);
    assert_eq!(whole, spans("rust", &["/* 하나\n", "둘 */ let\n"]));
    assert_eq!(whole, Some(vec![0, 5, 1, 6, 10, 1, 11, 14, 2]));
    // Outside the basic plane, a character has two units.
    assert_eq!(
        spans("rust", &["/* 😀 */ 1"]),
        Some(vec![0, 8, 1, 9, 10, 6])
    );
    assert_eq!(spans("rust", &["1\r\n2\r\n"]), Some(vec![0, 1, 6, 3, 4, 6]));
    assert_eq!(
        spans("rust", &["1\n", "", "2"]),
        Some(vec![0, 1, 6, 2, 3, 6])
    );
}

#[test]
fn a_very_long_line_is_plain() {
    let long = format!("\"{}\"\n", "글".repeat(LONGEST));
    let units = u32::try_from(long.encode_utf16().count()).unwrap();
    assert_eq!(
        spans("rust", &[&long, "1\n"]),
        Some(vec![units, units + 1, 6])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_of_lines_gives_the_same(
        language in prop::sample::select(vec!["rust", "ts", "md", "php", "sh", "py", "html", "yaml"]),
        lines in prop::collection::vec(
            prop::sample::select(vec![
                "/* 글", "*/", "fn f() {", "`", "\"\"\"", "<script>", "</script>", "<?php", "if x:",
                "  - 1", "```rust", "```", "cat <<END", "END", "", "'", "}", "# 제목", "😀 = 1;",
            ]),
            1..12,
        ),
        cuts in prop::collection::vec(any::<bool>(), 12),
        ended: bool,
    ) {
        let mut parts = vec![String::new()];
        for (line, cut) in lines.iter().zip(&cuts) {
            let part = parts.last_mut().unwrap();
            part.push_str(line);
            part.push('\n');
            if *cut {
                parts.push(String::new());
            }
        }
        if !ended {
            let last = parts.iter_mut().rev().find(|part| !part.is_empty()).unwrap();
            last.pop();
        }
        let parts: Vec<&str> = parts.iter().map(|part| &**part).collect();
        prop_assert_eq!(spans(language, &parts), spans(language, &[&parts.concat()]));
    }
}
