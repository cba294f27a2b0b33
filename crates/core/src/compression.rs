//! Text compression for localStorage, whose quota counts UTF-16 units, whatever their content.
//!
//! A compressed text is `~1` and then 15 bits per unit, from U+3400 to U+B3FF: no surrogates, no
//! control characters, nothing that a browser or an editor could misread. The bits are those of
//! these bytes, lowest first: the number of symbols and the checksum of the text, four bytes each,
//! little-endian, then the symbols of the text (see `alphabet`) compressed with DEFLATE (RFC 1951),
//! whose initial window holds the dictionary. A text that would not get shorter is stored as `~0`
//! and the text itself.
//!
//! `~1` names this format, its symbols and its dictionary. None of them may ever change, or stored
//! texts become unreadable: a better format is `~2`, beside this one.

mod alphabet;

use std::{borrow::Cow, sync::OnceLock};

use miniz_oxide::{
    deflate::core::{
        CompressorOxide, TDEFLFlush, compress_to_output,
        deflate_flags::TDEFL_FORCE_ALL_STATIC_BLOCKS,
    },
    inflate::{
        TINFLStatus,
        core::{
            DecompressorOxide, decompress as inflate_into,
            inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
        },
    },
};

/// Prefix of a compressed text.
const COMPRESSED: &str = "~1";
/// Prefix of an uncompressed text.
const PLAIN: &str = "~0";

/// Maximum symbols of a compressed text, in bytes: far more than any browser stores.
const LONGEST: usize = 64 << 20;
/// Maximum expansion of a byte by DEFLATE: 258 bytes per 2 bits. A length above that is damage, and
/// no memory is allocated for it.
const GROWTH: usize = 1032;
/// Size of the symbol count and the checksum, in bytes.
const HEAD: usize = 8;

/// Number of places searched for repetitions; more takes longer and finds little.
const PROBES: u32 = 256;
/// Maximum symbols, in bytes, for which a text's own codes may cost more than they save.
const SHORT: usize = 4096;

/// First of the 2¹⁵ units.
const FIRST: u32 = 0x3400;
/// Bits per unit.
const BITS: u32 = 15;
/// UTF-8 bytes per unit.
const UNIT: usize = 3;

/// Compresses a text.
pub fn compress(text: &str) -> String {
    let symbols = alphabet::write(text);
    if symbols.len() <= LONGEST {
        let mut bytes = Vec::new();
        bytes.extend(
            u32::try_from(symbols.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        bytes.extend(checksum(text).to_le_bytes());
        bytes.extend(deflate(&symbols));
        // No result is longer than its text by more than the prefix.
        if text.encode_utf16().nth(count_of(bytes.len())).is_some() {
            return units_of(&bytes);
        }
    }
    format!("{PLAIN}{text}")
}

/// Decompresses a text. None if it is not compressed, of a later format, or damaged.
pub fn decompress(compressed: &str) -> Option<String> {
    if let Some(text) = compressed.strip_prefix(PLAIN) {
        return Some(text.to_owned());
    }
    let units = compressed.strip_prefix(COMPRESSED)?;
    let bytes = bytes_of(units)?;
    let (count, rest) = bytes.split_first_chunk()?;
    let (sum, deflated) = rest.split_first_chunk()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    if count > LONGEST || count > deflated.len() * GROWTH {
        return None;
    }
    let (window, taken) = inflate(deflated, count)?;
    let text = alphabet::read(&window[dictionary().len()..])?;
    let is_whole = units.len() == UNIT * count_of(HEAD + taken);
    (is_whole && checksum(&text) == u32::from_le_bytes(*sum)).then_some(text)
}

/// Returns a stored text, decompressed if necessary; None if it is damaged.
pub fn plain(stored: &str) -> Option<Cow<'_, str>> {
    if is_compressed(stored) {
        decompress(stored).map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(stored))
    }
}

/// Returns whether a text is compressed, in this format or a later one. JSON never starts with `~`.
pub fn is_compressed(stored: &str) -> bool {
    stored.starts_with('~')
}

/// Returns the initial content of the window. It excludes line ends, so that no editor or checkout
/// can change it.
fn dictionary() -> &'static [u8] {
    static DICTIONARY: OnceLock<Vec<u8>> = OnceLock::new();
    DICTIONARY.get_or_init(|| {
        let lines = include_str!("compression/dictionary.txt").lines();
        alphabet::write(&lines.collect::<String>())
    })
}

fn deflate(symbols: &[u8]) -> Vec<u8> {
    let with = |flags| {
        let mut deflated = Vec::with_capacity(symbols.len() / 2);
        let mut compressor = CompressorOxide::new(flags);
        // The decompressor knows the dictionary's output: it is dropped, up to the end of a block.
        compress_to_output(&mut compressor, dictionary(), TDEFLFlush::Sync, |_| true);
        compress_to_output(&mut compressor, symbols, TDEFLFlush::Finish, |bytes| {
            deflated.extend_from_slice(bytes);
            true
        });
        deflated
    };
    let deflated = with(PROBES);
    if symbols.len() > SHORT {
        return deflated;
    }
    // The compressor does not compare the text's own codes with those of the RFC.
    let fixed = with(PROBES | TDEFL_FORCE_ALL_STATIC_BLOCKS);
    if fixed.len() < deflated.len() {
        fixed
    } else {
        deflated
    }
}

/// Returns the dictionary followed by `count` symbols, and the number of compressed bytes.
fn inflate(deflated: &[u8], count: usize) -> Option<(Vec<u8>, usize)> {
    let start = dictionary().len();
    let mut window = Vec::with_capacity(start + count);
    window.extend_from_slice(dictionary());
    window.resize(start + count, 0);
    let (status, taken, made) = inflate_into(
        &mut DecompressorOxide::new(),
        deflated,
        &mut window,
        start,
        TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
    );
    (status == TINFLStatus::Done && made == count).then_some((window, taken))
}

/// FNV-1a, 32 bits. Source: RFC 9923.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Returns the number of units for a number of bytes.
fn count_of(bytes: usize) -> usize {
    (bytes * 8).div_ceil(BITS as usize)
}

fn units_of(bytes: &[u8]) -> String {
    let mut compressed = String::with_capacity(COMPRESSED.len() + UNIT * count_of(bytes.len()));
    compressed.push_str(COMPRESSED);
    let (mut bits, mut count) = (0, 0);
    let mut push = |bits: u32| compressed.extend(char::from_u32(FIRST + (bits & 0x7fff)));
    for &byte in bytes {
        bits |= u32::from(byte) << count;
        count += 8;
        if count >= BITS {
            push(bits);
            bits >>= BITS;
            count -= BITS;
        }
    }
    if count > 0 {
        push(bits);
    }
    compressed
}

fn bytes_of(units: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(units.len() * 5 / 8);
    let (mut bits, mut count) = (0, 0);
    for unit in units.chars() {
        let unit = u32::from(unit).checked_sub(FIRST)?;
        if unit >> BITS != 0 {
            return None;
        }
        bits |= unit << count;
        count += BITS;
        while count >= 8 {
            bytes.extend(u8::try_from(bits & 0xff));
            bits >>= 8;
            count -= 8;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHAT: &str = include_str!("../../../tests/storage/v1-chat.json");

    fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    #[test]
    fn a_packed_text_is_the_text_again() {
        #[track_caller]
        fn check(text: &str, compressed: &str) {
            assert!(compress(text).starts_with(compressed), "{}", compress(text));
            assert_eq!(decompress(&compress(text)).as_deref(), Some(text));
            assert!(is_compressed(&compress(text)) && !is_compressed(text));
            assert!(units(&compress(text)) <= units(text) + 2);
        }
        check("", "~0");
        check("{}", "~0{}");
        check("가나다", "~0가나다");
        check(CHAT, COMPRESSED);
        check(&"a".repeat(3_000_000), COMPRESSED);
        check(
            &"뷁😀é漢\u{0}\u{7f}\u{ffff}\u{10ffff}".repeat(99),
            COMPRESSED,
        );
        check(
            &char::from_u32(0xd7a3).unwrap().to_string().repeat(70),
            COMPRESSED,
        );
    }

    #[test]
    fn a_chat_takes_a_quarter() {
        let value: serde_json::Value = serde_json::from_str(CHAT).unwrap();
        let stored = value.to_string();
        assert!(units(&compress(&stored)) * 4 < units(&stored));
    }

    #[test]
    fn what_was_packed_once_stays_readable() {
        let text = r#"{"text":"안녕하세요! Hello 😀 뷁 漢字 naïve"}"#.repeat(2);
        let with_own_codes =
            "~1㑞㐀閄閈䵜栳㐃㰐锃鰐豭㘔鑃䵡㘙锓궡飹뎿綾檺魲袧弝何ꚸ㲗䓻祆㣞局䣮电䏱㐀";
        let with_fixed_codes = "~1㑞㐀閄閈갼䢢隬刊喵务毣㸌ꯤ尽牁䚾鳹瓡㰃鍄㜯㪴纉㐃";
        assert_eq!(decompress(with_own_codes).as_ref(), Some(&text));
        assert_eq!(decompress(with_fixed_codes), Some(text));
    }

    #[test]
    fn what_the_format_names_never_changes() {
        #[track_caller]
        fn check(symbols: &[u8], expected: u32) {
            let sum = symbols.iter().fold(0, |sum: u32, byte| {
                sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
            });
            assert_eq!(sum, expected, "{sum}");
        }
        check(dictionary(), 3_030_845_980);
        let every: String = ('\0'..='\u{1ffff}').collect();
        check(&alphabet::write(&every), 2_732_504_609);
        assert_eq!(alphabet::read(&alphabet::write(&every)), Some(every));
    }

    #[test]
    fn what_is_no_packed_text_is_none() {
        #[track_caller]
        fn check(compressed: &str) {
            assert_eq!(decompress(compressed), None, "{compressed}");
        }
        check("");
        check("{}");
        check("~");
        check("~1");
        check("~2");
        check("~1㐀㐀㐀㐀㐀㐀㐀㐀㐀㐀");
        check(&format!("~1{}", "\u{b3ff}".repeat(1000)));
        check("~1abc");
        let mut compressed = compress(CHAT);
        compressed.push('㐀');
        check(&compressed);
    }

    #[test]
    fn a_changed_or_missing_unit_is_found() {
        let compressed: Vec<char> = compress(CHAT).chars().collect();
        for at in 2..compressed.len() {
            assert_eq!(
                decompress(&compressed[..at].iter().collect::<String>()),
                None
            );
            for bit in [1, 1 << 7, 1 << 14] {
                let mut damaged = compressed.clone();
                let unit = (u32::from(compressed[at]) - FIRST) ^ bit;
                damaged[at] = char::from_u32(FIRST + unit).unwrap();
                let read = decompress(&damaged.iter().collect::<String>());
                // The last unit's bits after the end mean nothing.
                assert!(read.is_none() || at + 1 == compressed.len() && read.unwrap() == CHAT);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>(), times in 1_usize..40) {
            let text = text.repeat(times);
            prop_assert_eq!(decompress(&compress(&text)), Some(text));
        }

        #[test]
        fn words_come_back(text in "[a-z가-힣ㄱ-ㅣ一-龥ぁ-ん \\n\"{}:,.“”😀-😎]{0,600}") {
            prop_assert_eq!(decompress(&compress(&text)), Some(text));
        }

        #[test]
        fn anything_can_be_unpacked(
            text in any::<String>(),
            units in proptest::collection::vec(FIRST..FIRST + 0x8000, 0..200),
        ) {
            let _ = decompress(&text);
            let units: String = units.into_iter().filter_map(char::from_u32).collect();
            let _ = decompress(&format!("~1{units}"));
            // With a plausible length.
            let _ = decompress(&format!("~1\u{3440}{units}"));
            let _ = alphabet::read(units.as_bytes());
        }
    }
}
