//! Tests files that are complete, in chunks, truncated, or unsupported.

mod support;

use on_device::fixtures::{self, Recipe};
use on_device::quant::Kind;
use on_device::{Error, Loaded, Loader};
use proptest::prelude::*;
use support::load;

fn logits(loaded: &mut Loaded) -> Vec<f32> {
    let mut logits = Vec::new();
    let mut cache = loaded.model.cache();
    loaded
        .model
        .read(&[1, 70, 260], &mut cache, Some(&mut logits));
    logits
}

fn error(file: &[u8], pieces: &[usize]) -> Error {
    match load(file, pieces) {
        Ok(_) => panic!("it was loaded"),
        Err(error) => error,
    }
}

fn text(text: &str) -> Vec<u8> {
    let mut value = (text.len() as u64).to_le_bytes().to_vec();
    value.extend(text.as_bytes());
    value
}

/// A file with an additional metadata entry.
fn with(key: &str, kind: u32, value: Vec<u8>) -> Vec<u8> {
    let entries = vec![(key.to_owned(), kind, value)];
    Recipe {
        entries,
        ..Recipe::default()
    }
    .file()
    .bytes
}

/// A file in which one text is replaced by another of the same length.
fn instead(old: &str, new: &str) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut file = fixtures::gguf(1);
    let at = file
        .windows(old.len())
        .position(|window| window == old.as_bytes());
    let at = at.expect("the old text is there");
    file[at..at + new.len()].copy_from_slice(new.as_bytes());
    file
}

#[test]
fn what_a_file_says() {
    let Loaded {
        name,
        vocabulary,
        model,
    } = load(&fixtures::gguf(1), &[]).unwrap();
    let (tokens, kinds) = fixtures::tokens();
    assert_eq!(name, "Tiny");
    assert_eq!(model.context(), 2048);
    assert_eq!(model.vocabulary_len(), tokens.len());
    assert_eq!(vocabulary.model, "gpt2");
    assert_eq!(vocabulary.pre, "smollm");
    assert_eq!(vocabulary.tokens, tokens);
    assert_eq!(vocabulary.kinds, kinds);
    assert_eq!(vocabulary.merges[4], "Ġt he");
    assert_eq!(
        (vocabulary.bos, vocabulary.eos, vocabulary.eot),
        (Some(1), Some(2), None)
    );
    assert!(!vocabulary.adds_bos);
    assert_eq!(
        vocabulary.chat_template.as_deref(),
        Some(fixtures::CHAT_TEMPLATE)
    );
}

#[test]
fn a_longer_context_is_not_used() {
    let recipe = Recipe {
        context_length: 1 << 17,
        ..Recipe::default()
    };
    assert_eq!(
        load(&recipe.file().bytes, &[]).unwrap().model.context(),
        4096
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_loads_alike(
        pieces in prop::collection::vec(prop_oneof![1..40_usize, 1..20_000_usize], 1..60),
        kind in prop::sample::select(vec![Kind::F32, Kind::F16, Kind::Q4_0, Kind::Q4_1, Kind::Q8_0]),
    ) {
        let file = Recipe { kind, ..Recipe::default() }.file().bytes;
        let mut whole = load(&file, &[]).unwrap();
        let mut split = load(&file, &pieces).unwrap();
        prop_assert_eq!(&whole.vocabulary, &split.vocabulary);
        prop_assert_eq!(logits(&mut whole), logits(&mut split));
    }
}

#[test]
fn byte_by_byte() {
    let file = fixtures::gguf(2);
    let mut whole = load(&file, &[]).unwrap();
    let mut split = load(&file, &[1]).unwrap();
    assert_eq!(logits(&mut whole), logits(&mut split));
}

#[test]
fn cut_anywhere() {
    let file = fixtures::gguf(1);
    for len in 0..file.len() {
        // The server announced the length, and the rest never arrived.
        if len % 97 == 0 {
            let mut loader = Loader::new(file.len() as u64).unwrap();
            loader.push(&file[..len]).unwrap();
            assert_eq!(loader.finish().err(), Some(Error::Cut));
        }
        // The file itself is truncated.
        if len < 20_000 || len % 97 == 0 {
            assert_eq!(error(&file[..len], &[]), Error::Cut, "{len}");
        }
    }
}

#[test]
fn longer_than_was_said() {
    let file = fixtures::gguf(1);
    let mut loader = Loader::new(file.len() as u64).unwrap();
    loader.push(&file).unwrap();
    assert!(matches!(loader.push(&[0]), Err(Error::Damaged(_))));
    assert!(matches!(loader.push(&[]), Err(Error::Damaged(_))));
    assert!(matches!(loader.finish().err(), Some(Error::Damaged(_))));
}

#[test]
fn more_after_the_last_tensor() {
    let mut file = fixtures::gguf(1);
    file.extend([7; 100]);
    assert!(load(&file, &[]).is_ok());
}

#[test]
fn no_gguf() {
    assert_eq!(error(b"<!doctype html>", &[]), Error::NotGguf);
    assert_eq!(error(b"GG", &[]), Error::Cut);
    assert_eq!(error(b"GX", &[]), Error::NotGguf);
    assert_eq!(error(b"", &[]), Error::Cut);
    assert!(matches!(Loader::new(1 << 40), Err(Error::TooLarge(_))));
}

#[test]
fn what_is_not_done() {
    let check = |file: &[u8], what: &str| {
        assert_eq!(error(file, &[]), Error::Unsupported(what.to_owned()));
    };
    let mut version = fixtures::gguf(1);
    version[4] = 1;
    check(&version, "version 1 of GGUF");
    version[4] = 9;
    check(&version, "a newer version of GGUF");
    version[4..8].copy_from_slice(&3_u32.to_be_bytes());
    check(&version, "a big-endian file");
    check(&instead("llama", "qwen2"), "the architecture qwen2");
    check(
        &instead("blk.1.ffn_up.weight", "blk.1.attn_q.bias  "),
        "the tensor blk.1.attn_q.bias  ",
    );
    check(
        &instead("blk.1.ffn_up.weight", "blk.2.ffn_up.weight"),
        "the tensor blk.2.ffn_up.weight",
    );
    let yarn = |name| with("llama.rope.scaling.type", 8, text(name));
    check(&yarn("yarn"), "positions scaled by yarn");
    assert!(load(&yarn("none"), &[]).is_ok());
    check(
        &with("llama.expert_count", 4, vec![8, 0, 0, 0]),
        "a mixture of experts",
    );
    assert!(load(&with("llama.expert_count", 4, vec![0; 4]), &[]).is_ok());
    check(
        &with("llama.logit_scale", 6, vec![0; 4]),
        "llama.logit_scale",
    );
    check(&with("split.count", 2, vec![2, 0]), "a file in parts");
    check(
        &with("x", 9, [&[9, 0, 0, 0][..], &[0; 8]].concat()),
        "an array of arrays",
    );
    let length = with("llama.attention.value_length", 4, vec![32, 0, 0, 0]);
    check(
        &length,
        "llama.attention.value_length other than the length of a head",
    );
    let recipe = Recipe {
        embedding_length: 256,
        head_count: 1,
        head_count_kv: 1,
        ..Recipe::default()
    };
    check(&recipe.file().bytes, "heads of this length");
}

#[test]
fn other_quantisations_by_their_names() {
    let file = fixtures::gguf(1);
    let name = b"blk.0.ffn_gate.weight";
    let at = file.windows(name.len()).position(|window| window == name);
    // Skips the name, the number of dimensions, and two dimensions.
    let at = at.expect("the tensor is there") + name.len() + 4 + 16;
    for (kind, name) in [
        (12, "Q4_K"),
        (14, "Q6_K"),
        (6, "Q5_0"),
        (30, "BF16"),
        (99, "of an unknown type"),
    ] {
        let mut file = file.clone();
        file[at] = kind;
        assert_eq!(
            error(&file, &[]),
            Error::Unsupported(format!("weights {name}"))
        );
    }
}

#[test]
fn what_contradicts_itself() {
    let check = |file: &[u8], what: &str| {
        assert_eq!(error(file, &[]), Error::Damaged(what.to_owned()));
    };
    check(
        &with("general.name", 8, text("again")),
        "a key of the metadata twice",
    );
    check(
        &with("general.alignment", 4, vec![7, 0, 0, 0]),
        "general.alignment",
    );
    check(&with("y", 7, vec![2]), "neither true nor false");
    check(&with("y", 13, vec![]), "an unknown type of value");
    check(
        &instead("blk.1.ffn_up.weight", "blk.0.ffn_up.weight"),
        "a tensor twice",
    );
}

#[test]
fn weights_that_are_no_numbers() {
    let recipe = Recipe::default();
    for name in [
        "token_embd.weight",
        "blk.1.attn_q.weight",
        "output_norm.weight",
    ] {
        let mut file = recipe.file();
        let tensor = file
            .tensors
            .iter()
            .find(|tensor| tensor.name == name)
            .unwrap();
        let begin = tensor.bytes.start;
        file.bytes[begin..begin + 4].fill(0xff);
        let damaged = Error::Damaged("a weight that is no number".to_owned());
        assert_eq!(error(&file.bytes, &[]), damaged);
    }
}
