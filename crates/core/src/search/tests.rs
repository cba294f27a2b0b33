use proptest::prelude::*;

use super::*;

fn query(text: &str) -> Query {
    Query::parse(text).unwrap()
}

/// Returns the original with [brackets] around each match.
fn marked(query: &Query, text: &str) -> String {
    let mut marked = String::new();
    let mut end = 0;
    for hit in query.ranges(text) {
        marked.extend([&text[end..hit.start], "[", &text[hit.clone()], "]"]);
        end = hit.end;
    }
    marked + &text[end..]
}

/// Expected text has [brackets] around each match, and none if the query does not match.
#[track_caller]
fn check(typed: &str, expected: &str) {
    let text = expected.replace(['[', ']'], "");
    let query = query(typed);
    assert_eq!(marked(&query, &text), expected, "{typed} in {text}");
    let found = query.find(&Folded::of([&*text]));
    assert_eq!(found.is_some(), text != expected, "{typed} in {text}");
}

#[test]
fn words_are_found_without_case() {
    check("word", "a [Word], [WORD]s and s[word]s");
    check("ÉTÉ", "l'[été]");
    check("straße", "Die [Straße]");
    check("x", "none");
    check("a.b*", "a+b [a.b*]");
    check("two\u{a0} words", "[words], [two] of them");
    check("\"two words\"", "[two\n  words], not words two");
    check("“two words”", "[Two words]");
    check("\"two wor", "[two wor]ds");
    check("aab", "aa[aab]");
    check("😀", "[😀]😁");
}

#[test]
fn all_words_must_be_there() {
    #[track_caller]
    fn check(typed: &str, texts: &[&str], expected: Option<usize>) {
        assert_eq!(
            query(typed).find(&Folded::of(texts.iter().copied())),
            expected
        );
    }
    check("one two", &["one", "two"], Some(0));
    check("two one", &["", "x", "one", "two"], Some(2));
    check("one three", &["one", "two"], None);
    check("\"one two\"", &["one", "two"], None);
    check("\"one two\"", &["x", "one  TWO"], Some(1));
    check("a", &[], None);
    check("ㅎㄱ 배", &["나는 배운다", "한글"], Some(0));
}

#[test]
fn the_last_syllable_may_be_unfinished() {
    check("하", "[하] [한] [할] 혀");
    check("하다", "[하다] 한다 [하닥]");
    check("한", "하 [한] 할");
    check("만", "[많]다 [만] 마");
    check("고", "[고] [과] [괜] [괴] 구");
    check("과", "[과] [관] 고 괴");
    check("구", "[구] [권] [귀] 규");
    check("그", "[그] [긔] 기");
    check("간", "[간] [가나] [가니] [가는] 가 각");
    check("학교간", "[학교가는] 길, [학교간]");
    check("넋", "[넋] [넉시] 넉");
    check("값", "[값] [갑시] 갑");
    check("갔", "[갔]다 [가쌌] 가사");
    check("\"하\"", "[하] 한");
    check("\"하", "[하] [한]");
    check("하 나", "[한] [난]");
}

#[test]
fn a_consonant_is_what_begins_with_it() {
    check("ㅎ", "[하흰] [ㅎ] 가");
    check("ㅎㄱ", "[한글] [학교] 하늘 [ㅎㄱ]");
    check("한ㄱ", "[한글] 한번");
    check("ㅎ글", "[한글] 한그");
    check("ㄳ", "[감사] [ㄱㅅ] [ㄳ] 가가");
    check("ㄲ", "[까] 가");
    check("ㅋㅋ", "[ㅋㅋ] [쿠키]");
    check("ㅠㅠ", "[ㅠㅠ] 유유");
}

#[test]
fn jamo_are_joined() {
    let name = "한글.txt";
    let apart = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}.txt";
    check(
        "한글",
        &format!("[{}].txt", apart.strip_suffix(".txt").unwrap()),
    );
    assert_eq!(query(apart), query(name));
    check("각", "[가\u{11a8}] [각]");
}

#[test]
fn blank_is_no_query() {
    #[track_caller]
    fn check(typed: &str) {
        assert_eq!(Query::parse(typed), None);
    }
    check("");
    check(" \n");
    check("\"\"");
    check("\" ");
}

#[test]
fn a_snippet_is_around_the_first_hit() {
    #[track_caller]
    fn check(typed: &str, text: &str, expected: Option<&str>) {
        let query = query(typed);
        let snippet = query
            .snippet(text)
            .map(|snippet| marked(&query, &snippet.text));
        assert_eq!(snippet.as_deref(), expected);
    }
    check("x", "nothing", None);
    check("short", " a short\n\ntext ", Some("a [short] text"));
    let words = "word ".repeat(50);
    check(
        "here",
        &format!("{words}here {words}"),
        Some(&format!(
            "…{}[here]{}…",
            "word ".repeat(7),
            " word".repeat(15)
        )),
    );
    let long = "a".repeat(200);
    check(
        "b",
        &format!("{long}b{long}"),
        Some(&format!("…{}[b]{}…", &long[..40], &long[..79])),
    );
    check(&long, &long, Some(&format!("[{long}]")));
    let family = "👩‍👩‍👧‍👦".repeat(30);
    let snippet = query("x").snippet(&format!("{family}x{family}")).unwrap();
    let whole = snippet.text.trim_matches('…').replace("👩‍👩‍👧‍👦", "");
    assert_eq!(whole, "x");
}

const LETTERS: &str = "[a-cA-CİßΣſ가-깋하-핳ㄱ-ㅣé😀👩\u{200d}\u{301}\u{1100}-\u{1112}\u{1161}-\u{1163}\u{11a8}-\u{11ab} \n\"]{0,30}";

proptest! {
    #[test]
    fn hits_are_sorted_and_on_bounds(typed in LETTERS, text in LETTERS, other in any::<String>()) {
        for (typed, text) in [(&typed, &text), (&typed, &other), (&other, &text)] {
            let Some(query) = Query::parse(typed) else { continue };
            let found = query.find(&Folded::of([&**text])).is_some();
            let mut end = 0;
            for hit in query.ranges(text) {
                prop_assert!(hit.start >= end && hit.start < hit.end);
                prop_assert!(text.is_char_boundary(hit.start) && text.is_char_boundary(hit.end));
                end = hit.end;
            }
            let snippet = query.snippet(text);
            prop_assert!(!found || end > 0);
            prop_assert_eq!(snippet.is_some(), end > 0);
            prop_assert!(snippet.is_none_or(|snippet| !snippet.hits.is_empty()));
        }
    }

    #[test]
    fn a_text_is_found_by_a_piece_of_it(
        text in "[a-zA-Z가-힣ㄱ-ㅣÀ-ɏ .,\n]{1,40}",
        from in 0_usize..40,
        count in 1_usize..12,
        other in any::<String>(),
    ) {
        let piece: String = text.chars().skip(from).take(count).collect();
        for typed in [piece.clone(), format!("\"{piece}\""), format!("\"{piece}")] {
            if let Some(query) = Query::parse(&typed) {
                prop_assert_eq!(query.find(&Folded::of([&*other, &*text])).map(|_| ()), Some(()));
                prop_assert!(!query.ranges(&text).is_empty());
            }
        }
    }
}
