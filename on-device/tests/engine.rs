//! Tests answers of tiny models: the steps, the ends, and that earlier reading changes nothing.

mod support;

use on_device::detokenizer::End;
use on_device::engine::{Counts, Engine, Request, Step};
use on_device::fixtures::Recipe;
use on_device::sampler::Sampling;
use on_device::{Error, Model, Role};
use proptest::prelude::*;
use support::load;

const GREEDY: Sampling = Sampling {
    temperature: 0.0,
    top_k: 0,
    top_p: 1.0,
    min_p: 0.0,
    repetition_penalty: 1.0,
    frequency_penalty: 0.0,
    presence_penalty: 0.0,
    seed: 0,
};

fn engine(context: u32) -> Engine {
    let recipe = Recipe {
        context_length: context,
        ..Recipe::default()
    };
    let loaded = load(&recipe.file().bytes, &[1 << 20]);
    Engine::new(loaded.unwrap()).unwrap()
}

fn ask(
    engine: &mut Engine,
    messages: &[(Role, &str)],
    max_tokens: Option<usize>,
) -> Result<usize, Error> {
    engine.ask(Request {
        messages,
        sampling: GREEDY,
        max_tokens,
        stops: Vec::new(),
    })
}

/// Returns the whole answer, the reason for its end, and the token counts.
fn rest(engine: &mut Engine) -> (String, End, Counts) {
    let mut whole = String::new();
    loop {
        match engine.step().expect("an answer is under way") {
            Step::Reading { read, of } => assert!(read <= of && whole.is_empty()),
            Step::Text(text) => whole += &text,
            Step::Ended { end, text, counts } => return (whole + &text, end, counts),
        }
    }
}

fn answer(
    engine: &mut Engine,
    messages: &[(Role, &str)],
    max_tokens: usize,
) -> (String, End, Counts) {
    ask(engine, messages, Some(max_tokens)).unwrap();
    rest(engine)
}

#[test]
fn requests_are_read_in_chunks() {
    let mut engine = engine(2048);
    let text = "the sea ".repeat(40);
    let of = ask(&mut engine, &[(Role::User, &text)], Some(2)).unwrap();
    for read in (Model::CHUNK..of).step_by(Model::CHUNK).chain([of]) {
        assert_eq!(engine.step(), Some(Step::Reading { read, of }));
    }
    assert!(matches!(engine.step(), Some(Step::Text(_))));
    assert!(matches!(engine.step(), Some(Step::Ended { .. })));
    assert_eq!(engine.step(), None);
}

#[test]
fn answers_end_where_the_context_does() {
    let mut engine = engine(64);
    let prompt = ask(&mut engine, &[(Role::User, "Hello")], None).unwrap();
    let (_, end, counts) = rest(&mut engine);
    assert_eq!((end, counts.answered), (End::Length, 64 - prompt));

    let long = ask(&mut engine, &[(Role::User, &"x".repeat(64))], None);
    assert!(matches!(long, Err(Error::TooLong { tokens, limit: 64 }) if tokens > 64));
    assert_eq!(engine.step(), None);
}

#[test]
fn a_stopped_answer_leaves_what_was_read() {
    let mut engine = engine(2048);
    let text = "the sea ".repeat(40);
    let messages = [(Role::User, text.as_str())];
    ask(&mut engine, &messages, None).unwrap();
    engine.step();
    engine.stop();
    assert_eq!(engine.step(), None);
    let (.., counts) = answer(&mut engine, &messages, 1);
    assert_eq!(counts.cached, Model::CHUNK);
}

#[test]
fn turns_and_shared_beginnings_are_not_read_again() {
    let mut engine = engine(2048);
    let system = (Role::System, "the same words at the beginning of both");
    let (first, _, before) = answer(&mut engine, &[system, (Role::User, "in one")], 30);
    // The second conversation copies the shared prefix.
    let (.., other) = answer(&mut engine, &[system, (Role::User, "or another")], 30);
    assert!(other.cached > 20 && other.cached < before.prompt);

    let next = [
        system,
        (Role::User, "in one"),
        (Role::Assistant, &first),
        (Role::User, "and on"),
    ];
    let (.., after) = answer(&mut engine, &next, 1);
    // The answer's text can have another tokenization than the generated tokens.
    assert!(after.cached >= before.prompt, "{after:?} after {before:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Earlier requests, in any order, don't change an answer compared with a fresh model.
    #[test]
    fn caches_change_no_answer(
        chats in prop::collection::vec((0..3_usize, 0..3_usize, 1..12_usize), 1..6),
    ) {
        const SYSTEMS: [&str; 3] = ["", "the and of", "the and on and on and on and on and on"];
        const USERS: [&str; 3] = ["Hello", "Hello again, the sea", "x"];
        let mut kept = engine(256);
        for (system, user, max_tokens) in chats {
            let messages = [(Role::System, SYSTEMS[system]), (Role::User, USERS[user])];
            let (text, end, counts) = answer(&mut kept, &messages, max_tokens);
            let alone = answer(&mut engine(256), &messages, max_tokens);
            prop_assert_eq!((text, end), (alone.0, alone.1));
            prop_assert_eq!((counts.prompt, counts.answered), (alone.2.prompt, alone.2.answered));
        }
    }
}
