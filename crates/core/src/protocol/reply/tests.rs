use super::*;

#[test]
fn an_answer_is_kept_up_to_its_bound() {
    #[track_caller]
    fn check(begin: &str, piece: &str, length: usize) {
        let mut reply = Reply::default();
        reply.say(begin);
        for _ in 0..3000 {
            reply.say(piece);
            assert!(reply.held() <= 5000 + piece.len());
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
    assert!(reply.held() <= 5000 && !reply.is_cut());
}

#[test]
fn a_message_repeats_what_came_or_adds_to_it() {
    // A delta, or a message, and whether the answer ends with it.
    #[track_caller]
    fn check(pieces: &[(bool, &str, bool)], expected: &str) {
        let mut reply = Reply::default();
        for (is_delta, text, is_last) in pieces {
            if *is_delta {
                reply.add(Of::Text, text);
            } else {
                reply.add_message(Of::Text, text, *is_last);
            }
        }
        reply.end();
        assert_eq!(reply.text, expected);
    }
    let delta = |text| (true, text, false);
    let message = |text| (false, text, false);
    let last = |text| (false, text, true);
    check(&[message("ab")], "ab");
    check(&[delta("a"), delta("b"), last("ab")], "ab");
    check(&[delta("a"), message("a"), delta("b"), message("b")], "ab");
    check(&[delta("a"), message("a"), delta("b"), message("ab")], "ab");
    check(&[delta("a"), last("abc")], "abc");
    check(&[delta("a"), last("other")], "a");
    check(&[delta(""), last("ab")], "ab");
    // Pieces, or all so far.
    check(&[message("a"), message("b"), message("b")], "abb");
    check(&[message("ha"), message("ha")], "haha");
    check(
        &[
            message("The"),
            message("The sky"),
            message("The sky is"),
            message("The sky is"),
            last("The sky is blue"),
        ],
        "The sky is blue",
    );
    check(
        &[message("1"), message("1"), message(" is"), message(" so")],
        "11 is so",
    );
    check(&[message("1"), message("10"), message(" is")], "110 is");
    check(&[message("a"), message("b"), last("ab")], "ab");
    // Deltas with all so far.
    check(
        &[
            delta("The"),
            delta("The sky"),
            delta("The sky is"),
            delta("The sky is blue"),
            delta(" today."),
        ],
        "The sky is blue today.",
    );
    check(
        &[delta("哈哈哈哈哈哈"), delta("哈哈哈哈哈哈哈哈哈哈")],
        "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈",
    );
    // Only from the first piece on, and not of white space, bars and dashes.
    check(
        &[
            delta("A table:\n"),
            delta("|"),
            delta("|-"),
            delta("|-------|"),
            delta("\nend"),
        ],
        "A table:\n||-|-------|\nend",
    );
    check(
        &[delta("-"), delta("--"), delta("----"), delta("--------")],
        "---------------",
    );
    check(
        &[
            delta("So "),
            delta("and"),
            delta("and so"),
            delta("and so on"),
        ],
        "So andand soand so on",
    );
    let (one, two) = ("Bread needs flour, water, ", "salt and time.");
    check(
        &[
            delta(one),
            delta(two),
            delta("Bread needs flour, water, salt and time."),
            delta(" So."),
        ],
        "Bread needs flour, water, salt and time. So.",
    );
    check(&[delta("1"), delta("10"), delta("1")], "1101");
    check(&[delta("한"), delta("한국")], "한한국");
}

#[test]
fn a_restart_keeps_what_is_continued() {
    let mut reply = Reply::from_text("so far ".into());
    for delta in ["and", "and so", "and so on", "and so on."] {
        reply.add(Of::Text, delta);
    }
    reply.end();
    assert_eq!((&*reply.text, reply.restarts), ("so far and so on.", 1));
    // Marked thoughts of the first pieces come once.
    let mut reply = Reply::default();
    for delta in [
        "<think>",
        "<think>abc",
        "<think>abcdef",
        "<think>abcdef</think>Hi",
    ] {
        reply.add(Of::Text, delta);
    }
    reply.end();
    assert_eq!((&*reply.reasoning, &*reply.text), ("abcdef", "Hi"));
}

#[test]
fn look_import_citations_in_a_stream() {
    let text = "By \u{e200}entity\u{e202}[\"people\",\"Hong Gildong\",0]\u{e201}: yes.\u{e200}cite\u{e202}turn0search3\u{e201} 【참고】";
    for length in [1, 3, 7, 1000] {
        let mut reply = Reply::default();
        let letters: Vec<char> = text.chars().collect();
        for piece in letters.chunks(length) {
            let piece: String = piece.iter().collect();
            reply.add(Of::Text, &piece);
        }
        reply.end();
        assert_eq!(reply.text, "By Hong Gildong: yes. 【참고】", "{length}");
    }
}
