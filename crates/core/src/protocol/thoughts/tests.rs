use super::super::marks::MARKS;
use super::*;
use proptest::prelude::*;

/// Parses content in these pieces; returns thoughts and text, with calls of tools after the text.
fn read<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
    let mut reply = crate::protocol::Reply::default();
    for piece in pieces {
        reply.say(piece);
    }
    reply.end();
    let mut text = reply.text;
    for extra in reply.extras {
        text.extend(["[", &extra.name, " ", &extra.content, "]"]);
    }
    (reply.reasoning, text)
}

/// Content, its thoughts, its text.
const CASES: &[(&str, &str, &str)] = &[
    ("answer", "", "answer"),
    ("", "", ""),
    (" answer ", "", " answer "),
    ("<think>a</think>b", "a", "b"),
    (" \n<think>\na\n</think>\n\nb\n", "a", "b\n"),
    ("<THINK>a</Think>b", "a", "b"),
    ("<think></think>\n\nb", "", "b"),
    // Never closed.
    ("<think>a b", "a b", ""),
    ("<think>a </thin", "a </thin", ""),
    // Opened by the template; at a line's end, and in it.
    ("a\nb\n</think>\n\nc", "a\nb", "c"),
    ("</think>c", "", "c"),
    (
        "1. The user asks.\n2. Answer in one number.</think>391",
        "1. The user asks.\n2. Answer in one number.",
        "391",
    ),
    (
        "They said hello, so greet.</think>\n\nHello!",
        "They said hello, so greet.",
        "Hello!",
    ),
    ("so it is 4 </think>\n\nIt is 4.", "so it is 4", "It is 4."),
    ("Done. </think> The answer", "Done.", "The answer"),
    ("인사하자.</think>안녕하세요", "인사하자.", "안녕하세요"),
    (
        "The word </thought> ends.\nx</longcat_think>y",
        "The word </thought> ends.\nx",
        "y",
    ),
    // Several blocks.
    (
        "<reasoning>The user greets. Reply</reasoning><reasoning> politely.</reasoning>Hi",
        "The user greets. Reply politely.",
        "Hi",
    ),
    ("<think>a</think>\n<think>b</think>\nc", "a\n\nb", "c"),
    (
        "<think>a</think>One.\n<think>b</think>\nTwo.",
        "a\n\nb",
        "One.\n\nTwo.",
    ),
    ("One.\n<think>b</think>\nTwo.", "b", "One.\n\nTwo."),
    ("a</think></think>\nb", "a", "b"),
    // Quoted in code.
    (
        "use `<think>` and `</think>`",
        "",
        "use `<think>` and `</think>`",
    ),
    ("a `</think>` b", "", "a `</think>` b"),
    (
        "```\n<think>\n</think>\n```\nb",
        "",
        "```\n<think>\n</think>\n```\nb",
    ),
    (
        "~~~html\n<think>a</think>\n~~~",
        "",
        "~~~html\n<think>a</think>\n~~~",
    ),
    (
        "```<think>``` is it.\n<think>x</think>y",
        "x",
        "```<think>``` is it.\ny",
    ),
    (
        "<think>write `</think>` here</think>b",
        "write `</think>` here",
        "b",
    ),
    // A backtick that opens no code.
    ("it`s so.</think>b", "it`s so.", "b"),
    // Spoken of in a sentence.
    ("한<think>", "", "한<think>"),
    (
        "Use <think> and </think> tags.",
        "",
        "Use <think> and </think> tags.",
    ),
    (
        "The tag </think> ends the thoughts.",
        "",
        "The tag </think> ends the thoughts.",
    ),
    ("It ends with </think>.", "", "It ends with </think>."),
    ("It ends with </think>", "", "It ends with </think>"),
    ("생각은 </think>로 닫는다.", "", "생각은 </think>로 닫는다."),
    (
        "The mark \"</think>\" ends it.",
        "",
        "The mark \"</think>\" ends it.",
    ),
    (
        "<think>a</think>b <think>c</think>",
        "a",
        "b <think>c</think>",
    ),
    ("<think>a</think>b\n</think>\nc", "a", "b\n</think>\nc"),
    ("b\n<think>\nnever closed", "", "b\n<think>\nnever closed"),
    // Of an answer in XML, in lists, between letters of Chinese, in other quotes.
    (
        "<verdict>\n  <reason>Price</reason>\n</verdict>",
        "",
        "<verdict>\n  <reason>Price</reason>\n</verdict>",
    ),
    (
        "Yes.\n<reasoning>\na\n</reasoning>\n<score>3</score>",
        "",
        "Yes.\n<reasoning>\na\n</reasoning>\n<score>3</score>",
    ),
    (
        "1. Opening tag: <think>\n2. Closing tag: </think>\nThen comes the answer.",
        "",
        "1. Opening tag: <think>\n2. Closing tag: </think>\nThen comes the answer.",
    ),
    ("Its end is: </think>\nSo.", "", "Its end is: </think>\nSo."),
    (
        "模型会在</think>标签之后输出答案。",
        "",
        "模型会在</think>标签之后输出答案。",
    ),
    ("先想一想。</think>答案", "先想一想。", "答案"),
    ("我来回答</think>答案是42", "我来回答", "答案是42"),
    (
        "The tag [</think>] ends it.",
        "",
        "The tag [</think>] ends it.",
    ),
    ("A |</think>| b", "", "A |</think>| b"),
    // No marks.
    ("<thin", "", "<thin"),
    ("<thing>", "", "<thing>"),
    ("a\n</thi", "", "a\n</thi"),
    ("a < b and [c] ◁", "", "a < b and [c] ◁"),
    ("[think] of [1]", "", "[think] of [1]"),
    ("analysis of it", "", "analysis of it"),
    ("analysis", "", "analysis"),
    ("Here is my answer", "", "Here is my answer"),
    (
        "Here is my thought process: one",
        "",
        "Here is my thought process: one",
    ),
    // Other marks: see `marks`.
    (
        "[THINK]Seven times six.[/THINK]It is 42.",
        "Seven times six.",
        "It is 42.",
    ),
    ("◁think▷a◁/think▷b", "a", "b"),
    ("a◁/think▷b", "a", "b"),
    (
        "<seed:think>a<seed:cot_budget_reflect>b</seed:cot_budget_reflect></seed:think>c",
        "a<seed:cot_budget_reflect>b</seed:cot_budget_reflect>",
        "c",
    ),
    ("<|channel>thought\na\n<channel|>b", "a", "b"),
    ("<|channel>thought\n<channel|>7", "", "7"),
    (
        "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>",
        "a",
        "b",
    ),
    ("<think>\na\n</think>\n<answer>\nb\n</answer>", "a", "b\n"),
    ("a\n</think>\n\n<response>\nb\n</response>\n", "a", "b\n\n"),
    ("<answer>b</answer>", "", "<answer>b</answer>"),
    (
        "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>b<|end_of_solution|>",
        "a",
        "b",
    ),
    ("<|think|>a<|end|><|begin|>assistant<|content|>b", "a", "b"),
    (
        "<|open|>think<|sep|>a<|close|>think<|sep|><|open|>response<|sep|>b<|close|>response<|sep|>",
        "a",
        "b",
    ),
    (
        "Here is my thought process: a. Here is my response: b",
        "a.",
        "b",
    ),
    (
        "steps\n[BEGIN FINAL RESPONSE]\nb\n[END FINAL RESPONSE]",
        "steps",
        "b\n",
    ),
    (
        "Here are my reasoning steps:\na\n[BEGIN FINAL RESPONSE]\nb",
        "a",
        "b",
    ),
    (
        "analysisUser asks why.assistantfinalRivers.",
        "User asks why.",
        "Rivers.",
    ),
    // Harmony.
    (
        "<|channel|>analysis<|message|>Why?<|end|><|start|>assistant<|channel|>final<|message|>Rivers.<|return|>",
        "Why?",
        "Rivers.",
    ),
    (
        "analysis<|message|>Why?<|end|><|start|>assistant<|channel|>final<|message|>Rivers.",
        "Why?",
        "Rivers.",
    ),
    (
        "<|channel|>analysis<|message|>a<|start|>assistant<|channel|>analysis<|message|>b<|end|><|channel|>final <|constrain|>json<|message|>{}",
        "a\n\nb",
        "{}",
    ),
    (
        "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>final<|message|>Done.",
        "",
        "I look.\n\nDone.",
    ),
    (
        "<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{\"city\":\"Seoul\"}<|call|>",
        "",
        "[weather {\"city\":\"Seoul\"}]",
    ),
    (
        "<|start|>assistant to=functions.f<|channel|>commentary<|message|>{}<|call|>",
        "",
        "[f {}]",
    ),
    (
        "`<|channel|>analysis<|message|>` is how it thinks",
        "",
        "`<|channel|>analysis<|message|>` is how it thinks",
    ),
    ("<|channel|>final", "", "<|channel|>final"),
];

#[test]
fn thoughts_are_told_from_the_answer() {
    for (content, reasoning, text) in CASES {
        let expected = ((*reasoning).to_owned(), (*text).to_owned());
        assert_eq!(read([*content]), expected, "{content}");
        let letters: Vec<_> = content.split_inclusive(|_| true).collect();
        assert_eq!(read(letters), expected, "letter by letter: {content}");
    }
}

#[test]
fn every_mark_is_read() {
    for mark in &MARKS {
        // Without its own opening mark.
        if mark.open.chars().any(char::is_alphabetic) {
            let content = format!("{}Hm.{}\n\nSo.", mark.open, mark.close);
            assert_eq!(read([&*content]), ("Hm.".into(), "So.".into()), "{content}");
        }
        if mark.closes_alone {
            let content = format!("Hm.\n{}\n\nSo.", mark.close);
            assert_eq!(read([&*content]), ("Hm.".into(), "So.".into()), "{content}");
        }
        let quoted = format!("`{}` and `{}`.", mark.open, mark.close);
        assert_eq!(read([&*quoted]), (String::new(), quoted.clone()));
    }
    for (open, close) in FRAMES {
        let content = format!("<think>Hm.</think>{open}So.{close}");
        assert_eq!(read([&*content]), ("Hm.".into(), "So.".into()), "{content}");
    }
}

#[test]
fn thoughts_of_a_field_come_first() {
    #[track_caller]
    fn check(field: &str, content: &str, reasoning: &str, text: &str) {
        let mut reply = crate::protocol::Reply::default();
        reply.think(field);
        reply.say(content);
        reply.end();
        assert_eq!((&*reply.reasoning, &*reply.text), (reasoning, text));
    }
    check("a", "b", "a", "b");
    check("a", "</think>\n\nb", "a", "b");
    check("a", "<think>b</think>c", "a\n\nb", "c");
    check("a", "<think>a</think>c", "a", "c");
    check("a", "and so on.\n</think>\n\nc", "a\n\nand so on.", "c");
    let own = "End it with\n</think>\non its own line.";
    check("a", own, "a", own);
    check("a", "and so on.</think>c", "a", "and so on.</think>c");
    check("a", "<answer>b</answer>", "a", "<answer>b</answer>");
    check(
        "a",
        "The tag </think> ends it.",
        "a",
        "The tag </think> ends it.",
    );
}

#[test]
fn a_continued_answer_keeps_its_text() {
    #[track_caller]
    fn check(content: &str, reasoning: &str, text: &str) {
        let mut reply = crate::protocol::Reply::from_text("so far ".into());
        reply.say(content);
        reply.end();
        assert_eq!((&*reply.reasoning, &*reply.text), (reasoning, text));
    }
    check("and more", "", "so far and more");
    check("<think>a</think>b", "a", "so far b");
    check("b\n</think>\nc", "", "so far b\n</think>\nc");
}

proptest! {
    #[test]
    fn any_split_reads_alike(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut content = String::new();
        for (pick, breaks) in picks {
            content.push_str(CASES[pick.index(CASES.len())].0);
            content.push_str(if breaks { "\n" } else { "" });
        }
        let letters: Vec<char> = content.chars().collect();
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(letters.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(letters.len());
        let mut start = 0;
        let pieces: Vec<String> = ends
            .into_iter()
            .map(|end| letters[std::mem::replace(&mut start, end)..end].iter().collect())
            .collect();
        prop_assert_eq!(read(pieces.iter().map(|piece| &**piece)), read([&*content]));
    }
}

#[test]
fn endless_runs_and_lines_are_bounded() {
    for piece in ["`", "~~~~", "`<think>", "<|start|>a", "<|channel|>"] {
        let mut reply = crate::protocol::Reply::default();
        for _ in 0..2000 {
            reply.say(piece);
            assert!(reply.held() <= 8192, "{piece}: {}", reply.held());
        }
        // At once, too.
        let mut reply = crate::protocol::Reply::default();
        reply.say(&piece.repeat(20_000));
        reply.end();
    }
}
