use super::*;
use proptest::prelude::*;

fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
    let mut reply = Reply::default();
    for piece in pieces {
        reply.say(piece);
    }
    reply.end();
    (reply.reasoning, reply.text)
}

const CASES: [(&str, &str, &str); 17] = [
    ("answer", "", "answer"),
    ("<think>a</think>b", "a", "b"),
    (" \n<think>\na\n</think>\n\nb\n", "a", "b\n"),
    ("<thinking>a</thinking>b", "a", "b"),
    // never closed
    ("<think>a b", "a b", ""),
    ("<think>a </thin", "a </thin", ""),
    // opened by the template
    ("a\nb\n</think>\n\nc", "a\nb", "c"),
    ("</think>c", "", "c"),
    // part of the answer
    (
        "use `<think>` and `</think>`",
        "",
        "use `<think>` and `</think>`",
    ),
    (
        "<think>a</think>b <think>c</think>",
        "a",
        "b <think>c</think>",
    ),
    ("<think>a</think>b\n</think>\nc", "a", "b\n</think>\nc"),
    ("<thin", "", "<thin"),
    ("<thing>", "", "<thing>"),
    ("a\n</thi", "", "a\n</thi"),
    ("<think></think>\n\nb", "", "\n\nb"),
    ("한<think>", "", "한<think>"),
    ("", "", ""),
];

#[test]
fn thoughts_are_told_from_the_answer() {
    for (content, reasoning, text) in CASES {
        assert_eq!(
            read([content]),
            (reasoning.into(), text.into()),
            "{content}"
        );
    }
}

#[test]
fn thoughts_in_a_field_leave_the_content_alone() {
    let mut reply = Reply::default();
    reply.think("a");
    reply.say("<think>b</think>");
    reply.end();
    assert_eq!((&*reply.reasoning, &*reply.text), ("a", "<think>b</think>"));
}

#[test]
fn an_answer_is_kept_up_to_its_bound() {
    #[track_caller]
    fn check(begin: &str, piece: &str, length: usize) {
        let mut reply = Reply::default();
        reply.say(begin);
        for _ in 0..3000 {
            reply.say(piece);
            assert!(reply.held() <= MAX_WHITE + piece.len());
        }
        reply.end();
        assert!(reply.is_cut());
        assert_eq!(
            reply.text.chars().count() + reply.reasoning.chars().count(),
            length
        );
    }
    let long = "가나다 ".repeat(1000);
    check("", &long, MAX);
    check("<think>", &format!("{long}x"), MAX);
    check("<think>a</think>", &long, MAX);
    check("", &" ".repeat(1000), MAX);
    let mut reply = Reply::default();
    reply.think(&"a".repeat(MAX - 1));
    reply.say("bc");
    assert_eq!((reply.is_cut(), &*reply.text), (true, "b"));
    let mut reply = Reply::from_text("a".repeat(MAX));
    assert!(!reply.is_cut());
    reply.say("b");
    assert_eq!((reply.is_cut(), reply.text.len()), (true, MAX));
    // Text that turns out to be reasoning counts once.
    let mut reply = Reply::default();
    reply.say(&"a".repeat(MAX - 1));
    reply.say("\n</think>b");
    assert!(!reply.is_cut());
    assert_eq!((reply.reasoning.len(), &*reply.text), (MAX - 1, "b"));
}

#[test]
fn endless_white_space_is_read_in_linear_time() {
    let mut reply = Reply::default();
    for _ in 0..MAX {
        reply.say(" ");
    }
    assert!(reply.held() <= MAX_WHITE && !reply.is_cut());
}

proptest! {
    #[test]
    fn any_split_reads_alike(which in 0..CASES.len(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let (content, reasoning, text) = CASES[which];
        let letters: Vec<char> = content.chars().collect();
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(letters.len());
        let mut start = 0;
        let pieces: Vec<String> = ends
            .into_iter()
            .map(|end| letters[std::mem::replace(&mut start, end)..end].iter().collect())
            .collect();
        prop_assert_eq!(read(pieces.iter().map(|piece| &**piece)), (reasoning.to_owned(), text.to_owned()));
    }
}
