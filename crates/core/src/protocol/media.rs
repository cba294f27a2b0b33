//! Files within an answer: pictures and sounds.

use serde_json::Value;

use crate::picture;

/// Content of a picture or a sound.
pub(super) enum Media {
    /// Media type, and the file.
    File(String, Vec<u8>),
    Url(String),
}

/// Finds a file or its URL in a part: a data URL, base64, or an address.
pub(super) fn media(value: &Value) -> Option<Media> {
    const FIELDS: [&str; 14] = [
        "image_url",
        "audio_url",
        "audio",
        "image",
        "input_audio",
        "source",
        "inline_data",
        "inlineData",
        "file",
        "url",
        "b64_json",
        "base64",
        "data",
        "result",
    ];
    match value {
        Value::String(text) => {
            if let Some(data) = text.strip_prefix("data:") {
                let (head, code) = data.split_once(',')?;
                let kind = head.split(';').next().unwrap_or_default();
                let file = head.ends_with("base64").then(|| picture::bytes(code))?;
                return Some(Media::File(kind.to_ascii_lowercase(), file?));
            }
            if text.starts_with("https://") || text.starts_with("http://") {
                return Some(Media::Url(text.clone()));
            }
            let file = picture::bytes(text).filter(|file| picture::media_type(file).is_some());
            file.map(|file| Media::File(String::new(), file))
        }
        Value::Object(fields) => {
            let found = FIELDS.iter().filter_map(|name| fields.get(*name));
            let mut found = found.filter_map(media);
            let media = found.next()?;
            let kinds = ["media_type", "mime_type", "mimeType", "mediaType"];
            let kind = kinds.iter().find_map(|name| fields.get(*name)?.as_str());
            Some(match (media, kind) {
                (Media::File(known, file), Some(kind)) if known.is_empty() => {
                    Media::File(kind.to_ascii_lowercase(), file)
                }
                (media, _) => media,
            })
        }
        _ => None,
    }
}

/// Puts the header of a WAVE file before samples: 16 bits, one channel, 24 kHz, as OpenAI's `pcm16`.
/// Sources: OpenAI's API reference, «audio»; Microsoft's «Multimedia Programming Interface», «WAVE».
pub(super) fn wave(samples: &[u8]) -> Vec<u8> {
    const RATE: u32 = 24_000;
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX - 36);
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(samples);
    file
}
