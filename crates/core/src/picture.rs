//! Dimensions and types of pictures, and of sounds, by the start of their files.

use crate::chat::attachment::Kind;

/// Returns an image's kind and file size in bytes. None unless it is a PNG, JPEG, GIF or WebP in a
/// base64 data URL.
pub fn kind(url: &str) -> Option<(Kind, u32)> {
    let (head, code) = url.strip_prefix("data:image/")?.split_once(',')?;
    let code = head.ends_with(";base64").then_some(code)?;
    let file = bytes(code)?;
    let (width, height) = size(&file)?;
    let kind = Kind::Image {
        width,
        height,
        original: None,
    };
    Some((kind, u32::try_from(file.len()).ok()?))
}

/// Decodes base64: RFC 4648, section 4, with or without padding.
pub fn bytes(code: &str) -> Option<Vec<u8>> {
    let code = code.trim_end_matches('=');
    let mut out = Vec::with_capacity(code.len() / 4 * 3 + 3);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in code.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    Some(out)
}

/// Reads width and height in pixels, neither of them 0, from the start of the file.
pub fn size(file: &[u8]) -> Option<(u32, u32)> {
    let size = match file {
        [0x89, b'P', b'N', b'G', ..] => (big(file, 16, 4)?, big(file, 20, 4)?),
        [b'G', b'I', b'F', b'8', ..] => (little(file, 6, 2)?, little(file, 8, 2)?),
        [b'R', b'I', b'F', b'F', ..] => webp(file)?,
        [0xff, 0xd8, ..] => jpeg(file)?,
        _ => return None,
    };
    (size.0 > 0 && size.1 > 0).then_some(size)
}

/// Returns the media type of a picture or a sound. Source: WHATWG's «MIME Sniffing», section 6; AVIF
/// and ISO media by ISO/IEC 14496-12, 4.3.
pub fn media_type(file: &[u8]) -> Option<&'static str> {
    Some(match file {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => "image/bmp",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => "audio/wav",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', ..] => "image/avif",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "audio/mp4",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb | 0xf3 | 0xf2, ..] => "audio/mpeg",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        _ => return None,
    })
}

/// Source: RFC 9649, sections 2.5 to 2.7.
fn webp(file: &[u8]) -> Option<(u32, u32)> {
    match file.get(12..16)? {
        b"VP8X" => Some((little(file, 24, 3)? + 1, little(file, 27, 3)? + 1)),
        b"VP8L" => {
            let bits = little(file, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => Some((little(file, 26, 2)? & 0x3fff, little(file, 28, 2)? & 0x3fff)),
        _ => None,
    }
}

/// Reads the size from the frame's segment. Source: ITU-T T.81, B.1.1.4 and B.2.2.
fn jpeg(file: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        match (file.get(at)?, file.get(at + 1)?) {
            // Padding.
            (0xff, 0xff) => at += 1,
            (0xff, 0xc4 | 0xc8 | 0xcc) => at += 2 + big(file, at + 2, 2)? as usize,
            (0xff, 0xc0..=0xcf) => return Some((big(file, at + 7, 2)?, big(file, at + 5, 2)?)),
            (0xff, _) => at += 2 + big(file, at + 2, 2)? as usize,
            _ => return None,
        }
    }
}

fn big(file: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = file.get(at..at + length)?.iter();
    Some(bytes.fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn little(file: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = file.get(at..at + length)?.iter().rev();
    Some(bytes.fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_tells_its_size() {
        #[track_caller]
        fn check(file: &[u8], expected: Option<(u32, u32)>) {
            assert_eq!(size(file), expected);
            for end in 0..file.len() {
                let _ = size(&file[..end]);
            }
        }
        check(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x02",
            Some((256, 2)),
        );
        check(b"GIF89a\x03\0\x04\0", Some((3, 4)));
        check(b"GIF89a\0\0\x04\0", None);
        check(
            b"RIFF....WEBPVP8X\0\0\0\0\0\0\0\0\x09\0\0\x13\0\0",
            Some((10, 20)),
        );
        check(
            b"RIFF....WEBPVP8L\0\0\0\0\x2f\x09\xc0\x04\0",
            Some((10, 20)),
        );
        check(
            b"RIFF....WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x0a\0\x14\0",
            Some((10, 20)),
        );
        check(
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x03x\xff\xc2\0\x08\x08\0\x05\0\x06",
            Some((6, 5)),
        );
        check(b"\xff\xd8\xff\xe0\0\0\0\0\0\0\0\0", None);
        check(b"<svg/>", None);
    }

    #[test]
    fn base64_is_read() {
        #[track_caller]
        fn check(code: &str, expected: Option<&[u8]>) {
            assert_eq!(bytes(code).as_deref(), expected);
        }
        check("", Some(b""));
        check("Zg==", Some(b"f"));
        check("Zm9v", Some(b"foo"));
        check("Zm9vYg", Some(b"foob"));
        check("7ZWc", Some("한".as_bytes()));
        check("Zm9v YmFy", None);
    }
}
