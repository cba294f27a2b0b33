//! Reads texts of any encoding: the encoding with the most plausible result is chosen.

use collate_core::{chat::attachment::Kind, file::Error};
use collate_worker::file as worker;
use js_sys::Uint8Array;
use web_sys::{Blob, File, TextDecoder, TextDecoderOptions};

/// Reads a file as text.
///
/// # Errors
/// If the file isn't a text.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let bytes = worker::bytes(&file).await?;
    let text = text(&bytes, |label| decode(label, &bytes))?;
    Ok((Kind::Text, worker::text(&text)?))
}

/// Decodes by the browser, which leaves out a byte order mark.
fn decode(label: &str, bytes: &[u8]) -> Option<String> {
    let options = TextDecoderOptions::new();
    options.set_fatal(true);
    let decoder = TextDecoder::new_with_label_and_options(label, &options).ok()?;
    decoder
        .decode_with_js_u8_array(&Uint8Array::from(bytes))
        .ok()
}

/// The text of a file, by a decoder that takes an encoding's name and fails at what it can't decode.
fn text(bytes: &[u8], decode: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let text = if let Some(label) = unicode(bytes) {
        decode(label)
    } else if let Some(text) = nearly_unicode(bytes) {
        Some(text)
    } else {
        let read = OLD.iter().filter_map(|old| {
            let text = decode(old.label)?;
            let score = old
                .weigh
                .map_or_else(|| score(&text), |weigh| score_of(bytes, weigh));
            (score >= 0).then_some((score, text))
        });
        // Of equal ones, the last is taken: short texts may be of several.
        read.max_by_key(|(score, _)| *score).map(|(_, text)| text)
    };
    let text = text.ok_or(Error::Binary)?;
    if is_binary(&text) {
        return Err(Error::Binary);
    }
    // Windows line ends take twice the tokens.
    Ok(text.replace("\r\n", "\n"))
}

/// The Unicode encoding that the byte order mark gives, or UTF-8 if the bytes are valid. UTF-16 without the mark is
/// known by its ASCII characters: half of their bytes are zero.
fn unicode(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] => return Some("utf-16le"),
        [0xfe, 0xff, ..] => return Some("utf-16be"),
        _ => {}
    }
    let (pairs, rest) = bytes.as_chunks::<2>();
    let is_ascii = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    let count = |zero: usize| {
        let pairs = pairs.iter();
        pairs
            .filter(|pair| pair[zero] == 0 && is_ascii(pair[1 - zero]))
            .count()
    };
    let (big, little) = (count(0), count(1));
    // No text has a NUL.
    if rest.is_empty() && big.max(little) * 20 > pairs.len() && !pairs.contains(&[0, 0]) {
        return Some(if big > little { "utf-16be" } else { "utf-16le" });
    }
    str::from_utf8(bytes).ok().map(|_| "utf-8")
}

/// UTF-8 with a few damaged bytes, as in a log that was cut: it is read with marks for them.
fn nearly_unicode(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let count = |is: fn(&char) -> bool| text.chars().filter(is).count();
    let (damaged, right) = (
        count(|letter| *letter == '\u{fffd}'),
        count(|letter| !letter.is_ascii() && *letter != '\u{fffd}'),
    );
    (damaged * 20 < right).then(|| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        text.to_owned()
    })
}

/// An encoding tried for texts that aren't Unicode.
struct Old {
    /// Its name in the Encoding Standard, where `euc-kr` includes all of CP949.
    label: &'static str,
    /// Weighs a character of two bytes, by how common such characters are; None if characters have one byte.
    weigh: Option<fn(u8, u8) -> i32>,
}

const fn old(label: &'static str, weigh: fn(u8, u8) -> i32) -> Old {
    Old {
        label,
        weigh: Some(weigh),
    }
}

/// The encodings. The character sets of Chinese and Japanese have the common characters before the others, and that of
/// Korean has syllables before Chinese characters, so the right encoding has more that are common.
const OLD: [Old; 6] = [
    Old {
        label: "windows-1252",
        weigh: None,
    },
    old("big5", |lead, _| match lead {
        0xa4..=0xc6 => 2,
        0xa1..=0xa3 => 0,
        0xc9..=0xf9 => -1,
        _ => -3,
    }),
    old("euc-jp", |lead, _| match lead {
        0xa4..=0xa5 => 3,
        0xb0..=0xcf => 2,
        0xa1..=0xa3 | 0xa6..=0xa8 => 0,
        0xd0..=0xf4 => -1,
        _ => -3,
    }),
    old("gb18030", |lead, trail| match (lead, trail) {
        (0xb0..=0xd7, 0xa1..) => 2,
        // Signs, and the letters of other scripts.
        (0xa1..=0xa9, 0xa1..) => 0,
        (0xd8..=0xf7, 0xa1..) => -1,
        _ => -3,
    }),
    old("shift_jis", |lead, trail| match (lead, trail) {
        (0x82, 0x9f..=0xf1) | (0x83, 0x40..=0x96) => 3,
        (0x88, 0x9f..) | (0x89..=0x97, _) => 2,
        (0x81..=0x84, _) => 0,
        (0x98..=0x9f | 0xe0..=0xea, _) => -1,
        _ => -3,
    }),
    old("euc-kr", |lead, trail| match (lead, trail) {
        (0xb0..=0xc8, 0xa1..) => 3,
        (0xa1..=0xac, 0xa1..) => 0,
        // Chinese characters, and the syllables that only CP949 has.
        _ => -1,
    }),
];

/// Scores how plausible an encoding with characters of two bytes is; negative if it is implausible.
fn score_of(bytes: &[u8], weigh: fn(u8, u8) -> i32) -> i32 {
    let mut score = 0_i32;
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return score,
            [0..0x80, rest @ ..] => rest,
            // GB 18030 has characters of four bytes, which are the rarest.
            [_, b'0'..=b'9', _, _, rest @ ..] => {
                score = score.saturating_sub(3);
                rest
            }
            // Half-width kana of Shift_JIS are one byte, and before ASCII they look like a lead.
            [lead, trail, rest @ ..] if *trail >= 0x40 => {
                score = score.saturating_add(weigh(*lead, *trail));
                rest
            }
            [_, rest @ ..] => {
                score = score.saturating_sub(2);
                rest
            }
        };
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
    use encoding_rs::Encoding;

    use super::*;

    /// Reads as a browser does: `encoding_rs` has the decoders of the Encoding Standard.
    fn read(bytes: &[u8]) -> Result<String, Error> {
        text(bytes, |label| {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (text, had_errors) = encoding.decode_with_bom_removal(bytes);
            (!had_errors).then(|| text.into_owned())
        })
    }

    #[test]
    fn the_right_encoding_reads_best() {
        #[track_caller]
        fn check(label: &str, written: &str) {
            let encoding = Encoding::for_label(label.as_bytes()).unwrap();
            let (bytes, _, had_errors) = encoding.encode(written);
            assert!(!had_errors, "{label} has not all of {written}");
            assert_eq!(read(&bytes), Ok(written.to_owned()), "{label}");
        }
        check("euc-kr", "안녕하세요");
        check("euc-kr", "가격: 1,000원\n");
        check(
            "euc-kr",
            "이름,지역,금액\n김철수,서울,\"1,200\"\n박영희,부산,800\n",
        );
        check("euc-kr", "똠방각하\n");
        check("euc-kr", "㈜한국, 2024년 1/4분기 매출(단위: 천원) ※ 잠정\n");
        check("euc-kr", "홍길동(洪吉童)은 조선 시대의 인물이다.\n");
        check("shift_jis", "こんにちは");
        check("shift_jis", "テスト\n");
        check(
            "shift_jis",
            "名前,地域,金額\n山田太郎,東京,1200\n佐藤花子,大阪,800\n",
        );
        check("shift_jis", "品名,数量\nノート,3\nえんぴつ,10\n");
        check("euc-jp", "日本語のテキストです。\n");
        check("gb18030", "姓名,地区,金额\n张伟,北京,1200\n王芳,上海,800\n");
        check("gb18030", "你好，世界。今天天气很好。\n");
        check("gb18030", "订单号;商品;数量\n1001;苹果;3\n");
        check(
            "big5",
            "姓名,地區,金額\n陳大文,台北,1200\n林小美,高雄,800\n",
        );
        check("big5", "你好，世界。今天天氣很好。\n");
        check("windows-1252", "naïve café, à la carte");
        check("windows-1252", "Ärger über Öl");
        check("windows-1252", "“quoted” – © 2024");
        check(
            "windows-1252",
            "Name;Straße;Größe\nMüller;Königstraße 5;1,75\nJosé;São Paulo;1,80\n",
        );
    }

    #[test]
    fn unicode_is_read_without_its_mark() {
        #[track_caller]
        fn check(bytes: &[u8], expected: &str) {
            assert_eq!(read(bytes), Ok(expected.to_owned()));
        }
        check("\u{feff}이름,값\r\n가,1\r\n".as_bytes(), "이름,값\n가,1\n");
        check(b"\xff\xfe\x00\xac,\0\x01\xac\n\0", "가,각\n");
        check(b"\xfe\xff\xac\x00\0,", "가,");
        // Without a mark.
        check(b"\x00\xac,\0\x01\xac\n\0", "가,각\n");
        check(b"\0a\0b", "ab");
        check(b"a,b\n", "a,b\n");
        // Cut within a character.
        let long = "로그가 잘렸다. ".repeat(20);
        let cut = &long.as_bytes()[..long.len() - 3];
        let read = read(cut).unwrap();
        assert!(
            read.starts_with("로그가 잘렸다. ") && read.ends_with('\u{fffd}'),
            "{read}"
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        #[track_caller]
        fn check(bytes: &[u8], expected: Error) {
            assert_eq!(read(bytes), Err(expected));
        }
        check(b"", Error::Empty);
        check(&(0..=255).collect::<Vec<u8>>(), Error::Binary);
        check(
            b"\x1f\x8b\x08\0\0\0\0\0\x02\xff\xcd\xdd\x8f\xdb8\xd2",
            Error::Binary,
        );
        check(b"a\0b", Error::Binary);
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
