//! Damaged files give an error or a model, never a panic, and take at most a few times the file's size in
//! memory. `FUZZ` is the number of tries.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use on_device::fixtures::{Random, Recipe};
use support::load;

/// An allocator that counts the current and the maximum number of allocated bytes.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(unsafe_code, reason = "GlobalAlloc is unsafe; this one only counts")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Loads a file and, on success, reads tokens with the model. Returns whether it was loaded.
fn check(file: &[u8], pieces: &[usize], case: u64) -> bool {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let loaded = load(file, pieces);
    let most = PEAK.load(Relaxed) - before;
    // A short text takes a few times its size, and a growing vector briefly exists twice.
    let room = 12 * file.len() + (1 << 18);
    assert!(most < room, "case {case}: {most} for {}", file.len());
    let Ok(mut loaded) = loaded else {
        return false;
    };
    let (mut cache, mut logits) = (loaded.model.cache(), Vec::new());
    loaded
        .model
        .read(&[1, 70, 260], &mut cache, Some(&mut logits));
    assert_eq!(logits.len(), loaded.model.vocabulary_len());
    // Its vocabulary and its template may still be invalid.
    let Ok(mut engine) = on_device::engine::Engine::new(loaded) else {
        return true;
    };
    for question in ["Hello, 세상", "and again"] {
        let asked = on_device::engine::Request {
            messages: &[(on_device::template::Role::User, question)],
            sampling: GREEDY,
            max_tokens: Some(4),
            stops: vec!["he".to_owned()],
        };
        if engine.ask(asked).is_err() {
            break;
        }
        while engine.step().is_some() {}
    }
    true
}

const GREEDY: on_device::sampler::Sampling = on_device::sampler::Sampling {
    temperature: 0.0,
    top_k: 0,
    top_p: 1.0,
    min_p: 0.0,
    repetition_penalty: 1.0,
    frequency_penalty: 0.0,
    presence_penalty: 0.0,
    seed: 0,
};

#[test]
fn damaged_files() {
    let tries = std::env::var("FUZZ").map_or(5_000, |cases| cases.parse().unwrap());
    let file = Recipe::default().file();
    let header = file.tensors[0].bytes.start;
    let mut harmless = 0_u64;
    for case in 0..tries {
        let mut bytes = file.bytes.clone();
        let mut random = Random(case);
        let mut below = |bound: usize| usize::try_from(random.bits() % bound as u64).unwrap();
        // Mostly damages the header; its numbers are small, so large ones and zeros are likely wrong.
        for _ in 0..=below(4) {
            let at = if below(8) == 0 {
                below(bytes.len())
            } else {
                below(header)
            };
            match below(6) {
                0 => bytes[at] = u8::try_from(below(256)).unwrap(),
                1 => bytes[at] ^= 1 << below(8),
                2 => {
                    let until = (at + 8).min(header.max(at));
                    bytes[at..until].fill([0, 1, 0x7f, 0xff][below(4)]);
                }
                3 => bytes[at] = bytes[at].wrapping_add(1),
                4 => {
                    let from = below(bytes.len() - 16);
                    let to = at.min(bytes.len() - 16);
                    bytes.copy_within(from..from + below(16), to);
                }
                _ => {
                    bytes.remove(at);
                }
            }
        }
        if below(16) == 0 {
            bytes.truncate(below(bytes.len()));
        }
        let pieces = [1 + below(5000), 1 + below(100), 1 + below(bytes.len() + 1)];
        harmless += u64::from(check(&bytes, &pieces, case));
    }
    println!("{harmless} of {tries} were loaded all the same");
    // A file that only claims to be long gets no memory for the claimed size.
    let mut loader = on_device::Loader::new(3 << 30).unwrap();
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    loader.push(&file.bytes).unwrap();
    assert!(PEAK.load(Relaxed) - before < 12 * file.bytes.len());
}
