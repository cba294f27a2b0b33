//! Encodes text in bytes that DEFLATE compresses better than UTF-8: a frequent Korean syllable
//! takes one byte instead of three, any other two. DEFLATE's codes for frequent bytes are short;
//! and it finds repetitions of three bytes or more in the previous 32 kB.
//!
//! ASCII, tab and line feed stay as they are. Of the other 159 bytes, in order, the first 19 lead a
//! syllable by its initial consonant; the next byte has vowel and final. The next 10 lead a
//! character of a common page of 256; one leads any other of the first 65536, by its page and its
//! place in it; one leads any other, by its three bytes. The last 128 are [`FREQUENT`].

use std::sync::OnceLock;

/// Characters encoded as one byte. Part of the format: they may never change.
const FREQUENT: &str = concat!(
    "’“”—…•→✅·–",
    "이다는을의에가고하지를은한기로사도어서나자리시인있수들해그대아으스라일정보부과전",
    "만구여제주안상우장것게니습합면적선원성세소조비마모유무용생경동오위요문방된공물중",
    "치화내트프분작결데터각될할때같않없많러래식드타크까든른음연려신관름록바버미야",
);

/// Finals encoded in the second byte; a syllable with another final is encoded like any other
/// character. Part of the format, like the rest here.
const FINALS: [usize; 12] = [0, 1, 4, 7, 8, 16, 17, 19, 20, 21, 22, 27];
const PAGES: [u32; 10] = [0x00, 0x03, 0x04, 0x20, 0x21, 0x22, 0x25, 0x26, 0x27, 0x30];

const SYLLABLES: std::ops::Range<u32> = 0xac00..0xd7a4;
const INITIALS: usize = 19;
const VOWELS: usize = 21;
/// Number of finals in Unicode, including none.
const ALL_FINALS: usize = 28;

/// Meaning of a byte.
#[derive(Clone, Copy)]
enum Byte {
    Character(char),
    /// Number of a syllable's initial; vowel and final follow.
    Initial(usize),
    /// First character of a page; the place in the page follows.
    Page(u32),
    /// Lead of a character encoded in this number of bytes.
    Any(u32),
}

struct Table {
    bytes: [Byte; 256],
    /// Byte of each of the first 65536 characters; 0 is none.
    codes: Vec<u8>,
    /// Lead bytes.
    initials: [u8; INITIALS],
    pages: [u8; PAGES.len()],
    any: [u8; 2],
}

fn is_itself(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b' '..=b'~')
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Table {
            bytes: [Byte::Any(3); 256],
            codes: vec![0; 0x1_0000],
            initials: [0; INITIALS],
            pages: [0; PAGES.len()],
            any: [0; 2],
        };
        let mut frequent = FREQUENT.chars();
        let mut places = 0..;
        for code in 0..=u8::MAX {
            let meaning = if is_itself(code) {
                Byte::Character(code.into())
            } else {
                let number = places.next().unwrap_or_default();
                if let Some(lead) = table.initials.get_mut(number) {
                    *lead = code;
                    Byte::Initial(number)
                } else if let Some(lead) = table.pages.get_mut(number - INITIALS) {
                    *lead = code;
                    Byte::Page(PAGES[number - INITIALS] << 8)
                } else if let Some(lead) = table.any.get_mut(number - INITIALS - PAGES.len()) {
                    *lead = code;
                    Byte::Any(if code == table.any[0] { 2 } else { 3 })
                } else {
                    frequent.next().map_or(Byte::Any(3), Byte::Character)
                }
            };
            if let Byte::Character(character) = meaning {
                table.codes[character as usize] = code;
            }
            table.bytes[usize::from(code)] = meaning;
        }
        table
    })
}

/// Encodes a text as symbols.
pub fn write(text: &str) -> Vec<u8> {
    let table = table();
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        let number = u32::from(character);
        let code = table.codes.get(number as usize).copied();
        let [_, high, middle, low] = number.to_be_bytes();
        if let Some(code) = code.filter(|code| *code != 0) {
            bytes.push(code);
        } else if let Some((initial, rest)) = syllable(number) {
            bytes.extend([table.initials[initial], rest]);
        } else if let Some(page) = PAGES.iter().position(|page| *page == number >> 8) {
            bytes.extend([table.pages[page], low]);
        } else if high == 0 {
            bytes.extend([table.any[0], middle, low]);
        } else {
            bytes.extend([table.any[1], high, middle, low]);
        }
    }
    bytes
}

/// Returns a syllable's initial, and its vowel and final as a byte.
fn syllable(number: u32) -> Option<(usize, u8)> {
    if !SYLLABLES.contains(&number) {
        return None;
    }
    let number = (number - SYLLABLES.start) as usize;
    let (rest, last) = (number / ALL_FINALS, number % ALL_FINALS);
    let last = FINALS.iter().position(|of| *of == last)?;
    let rest_and_last = rest % VOWELS * FINALS.len() + last;
    Some((rest / VOWELS, u8::try_from(rest_and_last).ok()?))
}

/// Decodes symbols into text; None if they are invalid.
pub fn read(symbols: &[u8]) -> Option<String> {
    let table = table();
    let mut text = String::with_capacity(symbols.len() * 3 / 2);
    let mut bytes = symbols.iter().copied();
    while let Some(byte) = bytes.next() {
        let number = match table.bytes[usize::from(byte)] {
            Byte::Character(character) => {
                text.push(character);
                continue;
            }
            Byte::Initial(initial) => {
                let rest = usize::from(bytes.next()?);
                let (vowel, last) = (rest / FINALS.len(), FINALS[rest % FINALS.len()]);
                if vowel >= VOWELS {
                    return None;
                }
                let number = (initial * VOWELS + vowel) * ALL_FINALS + last;
                SYLLABLES.start + u32::try_from(number).ok()?
            }
            Byte::Page(first) => first + u32::from(bytes.next()?),
            Byte::Any(count) => {
                let mut number = 0;
                for _ in 0..count {
                    number = number << 8 | u32::from(bytes.next()?);
                }
                number
            }
        };
        text.push(char::from_u32(number)?);
    }
    Some(text)
}
