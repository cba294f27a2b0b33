//! Compares the tokens of 1,000 texts with those of llama.cpp, with the real vocabulary.
//!
//! tests/reference/tokens.txt has a text on each line: its tokens, a tab, and the text, in which invisible
//! characters and the backslash are written as in Rust: `\u{a}`. tests/reference/make.py wrote it, and
//! documents the versions used.

#[path = "reference/weights.rs"]
mod weights;

use std::str::FromStr;

use on_device::{Role, Template, Tokenizer};

/// The texts and their tokens.
fn fixture() -> Vec<(String, Vec<u32>)> {
    let lines = include_str!("reference/tokens.txt").lines();
    let read = |line: &str| {
        let (tokens, text) = line.split_once('\t').expect("a tab");
        let tokens = tokens.split_whitespace().map(u32::from_str);
        (
            unescaped(text),
            tokens.collect::<Result<_, _>>().expect("tokens"),
        )
    };
    lines.map(read).collect()
}

fn unescaped(written: &str) -> String {
    let mut parts = written.split("\\u{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, after) = part.split_once('}').expect("a code's end");
        let code = u32::from_str_radix(code, 16).expect("a code");
        text.push(char::from_u32(code).expect("a character"));
        text.push_str(after);
    }
    text
}

#[test]
fn texts_become_the_tokens_of_the_reference() {
    let fixture = fixture();
    assert_eq!(fixture.len(), 1000);
    let Some(loaded) = weights::loaded() else {
        return;
    };
    let tokenizer = Tokenizer::new(loaded.vocabulary).unwrap();
    let mut wrong = Vec::new();
    for (text, expected) in &fixture {
        let mut tokens = Vec::new();
        tokenizer.encode(text, &mut tokens);
        if tokens != *expected {
            wrong.push((text, tokens, expected));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} texts differ: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(3)]
    );
}

#[test]
fn tokens_say_the_texts_again() {
    let Some(loaded) = weights::loaded() else {
        return;
    };
    let tokenizer = Tokenizer::new(loaded.vocabulary).unwrap();
    // The vocabulary lacks these bytes, so they are left out.
    let missing = |byte: &u8| {
        matches!(
            byte,
            0x04 | 0x06 | 0x13 | 0x14 | 0x16 | 0x1d | 0xc0 | 0xc1 | 0xf1 | 0xf2 | 0xf5..
        )
    };
    for (text, tokens) in fixture() {
        let said: Vec<u8> = tokens
            .iter()
            .flat_map(|&token| tokenizer.bytes(token))
            .copied()
            .collect();
        let expected: Vec<u8> = text.bytes().filter(|byte| !missing(byte)).collect();
        assert_eq!(said, expected, "{text:?}");
    }
}

#[test]
fn a_conversation_becomes_the_tokens_of_the_reference() {
    let Some(loaded) = weights::loaded() else {
        return;
    };
    let template = Template::of(loaded.vocabulary.chat_template.as_deref()).unwrap();
    let tokenizer = Tokenizer::new(loaded.vocabulary).unwrap();
    let messages = [(Role::User, "Name three animals that live in the sea.")];
    let tokens = template.tokens(&tokenizer, &messages).unwrap();
    // The last prompt is this conversation with the default system message, tokenized by llama.cpp.
    let prompts = include_str!("reference/logits.txt").lines();
    let (_, expected) = prompts
        .last()
        .and_then(|line| line.split_once('\t'))
        .unwrap();
    let written: Vec<String> = tokens.iter().map(u32::to_string).collect();
    assert_eq!(written.join(" "), expected);
    assert!(
        tokenizer
            .special("<|im_end|>")
            .is_some_and(|end| tokenizer.ends(end))
    );
}
