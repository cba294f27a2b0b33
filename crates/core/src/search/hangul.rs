//! Hangul syllables that a syllable may become while it is typed. Source of the numbers: The
//! Unicode Standard, 3.12, «Conjoining Jamo Behavior»; of the keys: KS X 5002, the two-set layout.

use super::Set;

const FIRST: u32 = 0xac00;
const VOWELS: u32 = 21;

const INITIALS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
/// Finals as typed.
const FINALS: [&str; 28] = [
    "", "ㄱ", "ㄲ", "ㄱㅅ", "ㄴ", "ㄴㅈ", "ㄴㅎ", "ㄷ", "ㄹ", "ㄹㄱ", "ㄹㅁ", "ㄹㅂ", "ㄹㅅ",
    "ㄹㅌ", "ㄹㅍ", "ㄹㅎ", "ㅁ", "ㅂ", "ㅂㅅ", "ㅅ", "ㅆ", "ㅇ", "ㅈ", "ㅊ", "ㅋ", "ㅌ", "ㅍ",
    "ㅎ",
];
/// Two-key finals as single characters, in the same order.
const PAIRS: &str = "ㄳㄵㄶㄺㄻㄼㄽㄾㄿㅀㅄ";

/// Number of finals, including none.
const COUNT: u32 = 28;

/// A syllable as the numbers of its jamo.
#[derive(Clone, Copy)]
struct Syllable {
    initial: u32,
    vowel: u32,
    last: u32,
}

impl Syllable {
    fn of(letter: char) -> Option<Self> {
        let number = u32::from(letter).checked_sub(FIRST)?;
        is_syllable(letter).then_some(Self {
            initial: number / COUNT / VOWELS,
            vowel: number / COUNT % VOWELS,
            last: number % COUNT,
        })
    }

    fn letter(self) -> char {
        let number = (self.initial * VOWELS + self.vowel) * COUNT + self.last;
        char::from_u32(FIRST + number).unwrap_or_default()
    }
}

/// Returns whether the character is a whole syllable.
pub fn is_syllable(letter: char) -> bool {
    ('가'..='힣').contains(&letter)
}

/// Composes two conjoining jamo, or a syllable and one jamo.
pub fn join(before: char, after: char) -> Option<char> {
    match (before, after) {
        ('\u{1100}'..='\u{1112}', '\u{1161}'..='\u{1175}') => Some(Syllable {
            initial: u32::from(before) - 0x1100,
            vowel: u32::from(after) - 0x1161,
            last: 0,
        }),
        (_, '\u{11a8}'..='\u{11c2}') => Syllable::of(before)
            .filter(|syllable| syllable.last == 0)
            .map(|syllable| Syllable {
                last: u32::from(after) - 0x11a7,
                ..syllable
            }),
        _ => None,
    }
    .map(Syllable::letter)
}

/// Returns the two consonants that an input method has combined.
pub fn split(letter: char) -> Option<&'static str> {
    let pair = PAIRS.chars().position(|pair| pair == letter)?;
    let two_keys = FINALS.iter().filter(|keys| keys.chars().count() == 2);
    two_keys.copied().nth(pair)
}

/// Returns the characters that a single consonant matches: itself and the syllables that start with
/// it.
pub fn with_initial(letter: char) -> Option<Set> {
    let initial = INITIALS.chars().position(|initial| initial == letter)?;
    let first = Syllable {
        initial: u32::try_from(initial).ok()?,
        vowel: 0,
        last: 0,
    };
    let last = Syllable {
        vowel: VOWELS - 1,
        last: COUNT - 1,
        ..first
    };
    Some(vec![letter..=letter, first.letter()..=last.letter()])
}

/// Returns the possible results of the next keys: syllables with more jamo, or, as the final moves
/// to the next syllable, the syllable without it and any syllable that starts with it.
pub fn on_its_way(letter: char) -> Vec<Vec<Set>> {
    let Some(syllable) = Syllable::of(letter) else {
        return Vec::new();
    };
    if syllable.last == 0 {
        let last = Syllable {
            vowel: syllable.vowel + longer_vowels(syllable.vowel),
            last: COUNT - 1,
            ..syllable
        };
        return vec![vec![vec![letter..=last.letter()]]];
    }
    let keys = FINALS[syllable.last as usize];
    let with = |last: u32| Syllable { last, ..syllable }.letter();
    let longer = (0..COUNT).filter(|last| FINALS[*last as usize].starts_with(keys));
    let mut ways = vec![vec![longer.map(|last| with(last)..=with(last)).collect()]];
    let mut rest = keys.chars();
    let next = rest.next_back().and_then(with_initial);
    let stays = (0..COUNT).find(|last| FINALS[*last as usize] == rest.as_str());
    ways.extend(
        next.zip(stays)
            .map(|(next, stays)| vec![vec![with(stays)..=with(stays)], next]),
    );
    ways
}

/// Returns the number of compound vowels that start with this vowel's key; they follow it.
fn longer_vowels(vowel: u32) -> u32 {
    match vowel {
        // ㅗ: ㅘ, ㅙ, ㅚ; ㅜ: ㅝ, ㅞ, ㅟ.
        8 | 13 => 3,
        // ㅡ: ㅢ.
        18 => 1,
        _ => 0,
    }
}
