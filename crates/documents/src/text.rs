//! Reads texts of any encoding: the encoding with the most plausible result is chosen.

use collate_core::{chat::attachment::Kind, file::Error};
use collate_worker::file as worker;
use js_sys::Uint8Array;
use web_sys::{Blob, File, TextDecoder, TextDecoderOptions};

/// The encodings tried for texts that aren't Unicode, by their names in the Encoding Standard, where `euc-kr`
/// includes all of CP949.
const OLD: [&str; 3] = ["euc-kr", "shift_jis", "windows-1252"];

/// Reads a file as text.
///
/// # Errors
/// If the file isn't a text.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let bytes = worker::bytes(&file).await?;
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let text = if let Some(label) = unicode(&bytes) {
        decode(label, &bytes)
    } else {
        let read = OLD.iter().filter_map(|label| decode(label, &bytes));
        let best = read.max_by_key(|text| score(text));
        best.filter(|text| score(text) >= 0)
    };
    let text = text.ok_or(Error::Binary)?;
    if is_binary(&text) {
        return Err(Error::Binary);
    }
    // Windows line ends take twice the tokens.
    Ok((Kind::Text, worker::text(&text.replace("\r\n", "\n"))?))
}

fn decode(label: &str, bytes: &[u8]) -> Option<String> {
    let options = TextDecoderOptions::new();
    options.set_fatal(true);
    let decoder = TextDecoder::new_with_label_and_options(label, &options).ok()?;
    decoder
        .decode_with_js_u8_array(&Uint8Array::from(bytes))
        .ok()
}

/// The Unicode encoding that the byte order mark gives, or UTF-8 if the bytes are valid.
fn unicode(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] => Some("utf-16le"),
        [0xfe, 0xff, ..] => Some("utf-16be"),
        _ => str::from_utf8(bytes).ok().map(|_| "utf-8"),
    }
}

/// Returns whether this is binary data: a text has no NUL, and few control characters other than tabs and
/// line ends.
fn is_binary(text: &str) -> bool {
    let is_odd = |letter: &char| {
        letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\x0c' | '\x1b')
    };
    text.contains('\0') || text.chars().filter(is_odd).count() * 50 > text.chars().count()
}

/// The script of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Characters that all encodings share.
    Ascii,
    Hangul,
    Kana,
    Han,
    /// Letters with accents, and the like.
    Latin,
    /// Punctuation and signs beyond ASCII.
    Sign,
    /// Characters that nobody writes: half-width kana, private use, control characters.
    Odd,
}

impl Script {
    const fn of(letter: char) -> Self {
        match letter {
            '\0'..='\x7f' => Self::Ascii,
            '가'..='힣' | 'ㄱ'..='ㆎ' => Self::Hangul,
            'ぁ'..='ヿ' => Self::Kana,
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => Self::Han,
            'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ɏ' => Self::Latin,
            '\u{80}'..='\u{9f}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{ff61}'..='\u{ff9f}'
            | '\u{fffd}' => Self::Odd,
            _ => Self::Sign,
        }
    }
}

/// Scores how plausible a decoding is: a word uses one script, and accented letters are rare in it.
/// Negative if the text is implausible.
fn score(text: &str) -> i32 {
    let mut score = 0_i32;
    let mut before = Script::Ascii;
    for letter in text.chars() {
        let script = Script::of(letter);
        score += match (before, script) {
            (Script::Hangul, Script::Hangul) => 2,
            (_, Script::Kana) => 3,
            (Script::Hangul, Script::Han) | (_, Script::Ascii) => 0,
            (_, Script::Hangul | Script::Han) | (Script::Ascii, Script::Latin) => 1,
            (Script::Latin | Script::Sign | Script::Odd, Script::Sign) => -1,
            (_, Script::Sign) => 0,
            (_, Script::Latin) => -2,
            (_, Script::Odd) => -4,
        };
        before = script;
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares the decodings of one file by several encodings, the right one first.
    #[test]
    fn the_right_encoding_reads_best() {
        #[track_caller]
        fn check(right: &str, wrong: &[&str]) {
            assert!(score(right) >= 0, "{right}: {}", score(right));
            for wrong in wrong {
                let scores = (score(right), score(wrong));
                assert!(scores.0 > scores.1, "{right}, {wrong}: {scores:?}");
            }
        }
        // The results of the Encoding Standard's decoders for the same bytes.
        check("안녕하세요", &["¾È³çÇÏ¼¼¿ä", "ｾﾈｳ鄲ﾏｼｼｿ・"]);
        check("가격: 1,000원\n", &["°¡°Ý: 1,000¿ø\n", "ｰ｡ｰﾝ: 1,000ｿ\n"]);
        check("こんにちは", &["궞귪궸궭궼", "‚±‚ñ‚É‚¿‚Í"]);
        check("テスト\n", &["긡긚긣\n", "ƒeƒXƒg\n"]);
        check("naïve café, à la carte", &[]);
        check("Ärger über Öl", &[]);
        check("“quoted” – © 2024", &[]);
        check("plain", &[]);
    }

    #[test]
    fn what_is_no_text_reads_badly() {
        // The beginning of a compressed file, as windows-1252.
        assert!(score("\u{1f}‹\u{8}ÍÝ\u{8f}Û8Ò†¿û\u{90}»ÆŸ—") < 0);
    }

    #[test]
    fn binary_is_told_from_text() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_binary(text), expected, "{text:?}");
        }
        check("a\tb\r\nc\x1b[1m", false);
        check("한국어", false);
        check("", false);
        check("a\0b", true);
        check("\x01\x02abc", true);
    }

    #[test]
    fn unicode_says_so_or_is_it() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Option<&str>) {
            assert_eq!(unicode(bytes), expected);
        }
        check("한국어".as_bytes(), Some("utf-8"));
        check(b"\xef\xbb\xbfa", Some("utf-8"));
        check(b"\xff\xfea\0", Some("utf-16le"));
        check(b"\xfe\xff\0a", Some("utf-16be"));
        check(b"\xbe\xc8\xb3\xe7", None);
    }
}
