//! What comes beside an answer's text: parts and fields of other types, in whichever shape.
//!
//! Sources: OpenAI's API reference, «Chat»; `OpenRouter`'s documentation, «Image Generation» and
//! «Web Search»; Perplexity's, xAI's and Zhipu's API references; `LiteLLM`'s documentation.

use serde_json::Value;

use super::{
    super::media::{Media, media, wave},
    Hash, Of, Reply,
};
use crate::{
    chat::{Extra, extra::Kind},
    picture,
};

/// Maximum number of extras, and of their bytes together.
const MAX: usize = 500;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Maximum bytes of a URL, and characters of a title or a name: what is stored of each must be small.
const MAX_URL: usize = 4096;
const MAX_NAME: usize = 300;

/// Bookkeeping of a reply's extras.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bookkeeping {
    /// The calls of tools.
    tools: Vec<Call>,
    /// Pictures so far.
    seen: Vec<Hash>,
    /// The sound that is coming.
    sound: Option<usize>,
    /// True after a sound or its words.
    has_sound: bool,
    /// Bytes so far.
    bytes: usize,
}

impl Bookkeeping {
    /// Returns the number of bytes of files so far.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    /// Position among the extras.
    at: usize,
    index: Option<i64>,
    id: String,
}

impl Reply {
    /// Adds an extra.
    pub(super) fn show(&mut self, extra: Extra) {
        self.bookkeeping.bytes += extra.bytes.len();
        if self.extras.len() >= MAX || self.bookkeeping.bytes > MAX_BYTES {
            // An answer with very many sources is still one.
            if !matches!(extra.kind, Kind::Source | Kind::Unknown) {
                self.cut();
            }
            return;
        }
        self.extras.push(extra);
        self.changes += 1;
    }

    /// Begins a call of a tool.
    pub(super) fn begin_call(&mut self, name: &str) {
        if self.is_cut() {
            return;
        }
        let call = Call {
            at: self.extras.len(),
            index: None,
            id: String::new(),
        };
        self.bookkeeping.tools.push(call);
        self.show(Extra::new(Kind::Tool, name));
    }

    /// Adds to the arguments of the latest call.
    pub(super) fn add_arguments(&mut self, arguments: &str) {
        let at = self.bookkeeping.tools.last().map(|call| call.at);
        self.add_arguments_to(at, arguments);
    }

    fn add_arguments_to(&mut self, at: Option<usize>, arguments: &str) {
        let arguments = self.fitting(arguments);
        if let Some(tool) = at.and_then(|at| self.extras.get_mut(at)) {
            tool.content.push_str(arguments);
            self.changes += 1;
        }
    }

    /// Adds what a delta or a message has besides its texts.
    pub(in super::super) fn add_fields(&mut self, delta: &Value, is_repeated: bool) {
        for name in ["images", "image"] {
            for picture in items(delta.get(name)) {
                self.add_media(Kind::Picture, picture);
            }
        }
        if let Some(sound) = delta.get("audio").filter(|sound| sound.is_object())
            && !(is_repeated && self.bookkeeping.has_sound)
        {
            self.add_sound(sound);
        }
        let calls = items(delta.get("tool_calls")).chain(delta.get("function_call"));
        let are_known = is_repeated && !self.bookkeeping.tools.is_empty();
        for call in calls.filter(|_| !are_known) {
            self.add_call(call);
            if self.is_cut() {
                return;
            }
        }
        for name in ["videos", "video", "files", "file"] {
            if delta.get(name).is_some_and(is_something) {
                self.add_unknown(name);
            }
        }
        self.add_sources(delta);
    }

    /// Adds a part of the content. Its texts go to `add`. What a message repeats is left out.
    pub(in super::super) fn add_part(
        &mut self,
        part: &Value,
        is_repeated: bool,
        mut add: impl FnMut(&mut Self, Of, &str),
    ) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        // Mistral sends thoughts under this name alone.
        if let Some(thoughts) = part.get("thinking").filter(|it| !it.is_null()) {
            return add(self, Of::Thoughts, &words_in(thoughts));
        }
        match kind {
            "thinking" | "reasoning" | "reasoning_text" | "reasoning_content" | "summary_text"
            | "thought" => add(self, Of::Thoughts, &words_in(part)),
            "refusal" if is_repeated && self.has(Kind::Refusal) => {}
            "refusal" => self.refuse(&words_in(part)),
            "image_url" | "image" | "output_image" | "input_image" | "image_generation_call" => {
                self.add_media(Kind::Picture, part);
            }
            "audio" | "output_audio" | "input_audio" | "audio_url"
                if is_repeated && self.bookkeeping.has_sound => {}
            "audio" | "output_audio" | "input_audio" | "audio_url" => self.add_sound(part),
            "tool_use" | "tool_call" | "function_call" | "function"
                if is_repeated && self.has(Kind::Tool) => {}
            "tool_use" | "tool_call" | "function_call" | "function" => self.add_call(part),
            "citation" | "url_citation" | "reference" | "source" | "web_search_result" => {
                self.add_source(part);
            }
            _ => {
                let words = match part {
                    Value::String(words) => words.clone(),
                    _ => words_in(part),
                };
                if words.is_empty() && !matches!(kind, "" | "text" | "output_text") {
                    self.add_unknown(kind);
                }
                add(self, Of::Text, &words);
                self.add_sources(part);
            }
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.extras.iter().any(|extra| extra.kind == kind)
    }

    fn add_unknown(&mut self, kind: &str) {
        let kind: String = kind.chars().take(60).collect();
        let is_known = |extra: &Extra| extra.kind == Kind::Unknown && extra.name == kind;
        if !self.extras.iter().any(is_known) {
            self.show(Extra::new(Kind::Unknown, &kind));
        }
    }

    fn add_media(&mut self, kind: Kind, value: &Value) {
        if self.is_cut() {
            return;
        }
        // The media type begins with this; where the content is of no use, it names the extra.
        let what = if kind == Kind::Sound {
            "audio"
        } else {
            "image"
        };
        let Some(media) = media(value) else {
            return self.add_unknown(what);
        };
        let hash = Hash::default().with(match &media {
            Media::File(_, file) => file,
            Media::Url(url) => url.as_bytes(),
        });
        if self.bookkeeping.seen.contains(&hash) {
            return;
        }
        if self.bookkeeping.seen.len() >= MAX {
            return self.cut();
        }
        self.bookkeeping.seen.push(hash);
        match media {
            Media::File(kind_of_file, bytes) => {
                let sniffed = picture::media_type(&bytes).map(str::to_owned);
                let name = sniffed.unwrap_or(kind_of_file);
                if name.split('/').next() == Some(what) {
                    let extra = Extra::new(kind, &name);
                    self.show(Extra { bytes, ..extra });
                } else {
                    self.add_unknown(if name.is_empty() { what } else { &name });
                }
            }
            Media::Url(url) if url.len() > MAX_URL => self.add_unknown(what),
            Media::Url(url) => {
                let extra = Extra::new(kind, "");
                self.show(Extra {
                    content: url,
                    ..extra
                });
            }
        }
    }

    /// Adds a sound, which may come in pieces, and its words.
    fn add_sound(&mut self, value: &Value) {
        let inner = ["audio", "input_audio", "output_audio"];
        let inner = inner.iter().find_map(|name| value.get(*name));
        let value = inner.filter(|inner| inner.is_object()).unwrap_or(value);
        let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let words = field("transcript");
        let data = field("data");
        self.bookkeeping.has_sound |= !words.is_empty() || !data.is_empty();
        let words = self.joined(words);
        self.say(&words);
        if data.is_empty() {
            if value.get("url").is_some() || value.get("audio_url").is_some() {
                self.add_media(Kind::Sound, value);
            }
            return;
        }
        let Some(bytes) = picture::bytes(data) else {
            return self.add_unknown("audio");
        };
        self.bookkeeping.bytes += bytes.len();
        if self.bookkeeping.bytes > MAX_BYTES {
            return self.cut();
        }
        let is_new = self.bookkeeping.sound.is_none();
        if is_new {
            self.bookkeeping.sound = Some(self.extras.len());
            self.show(Extra::new(Kind::Sound, ""));
        }
        let sound = self
            .bookkeeping
            .sound
            .and_then(|at| self.extras.get_mut(at));
        if let Some(sound) = sound {
            sound.bytes.extend_from_slice(&bytes);
        }
    }

    /// Completes the sounds: what has no header are samples, as OpenAI streams them.
    pub(super) fn end_sounds(&mut self) {
        self.bookkeeping.sound = None;
        let is_open = |extra: &&mut Extra| extra.kind == Kind::Sound && extra.name.is_empty();
        for sound in self.extras.iter_mut().filter(is_open) {
            if sound.bytes.is_empty() {
                continue;
            }
            let known = picture::media_type(&sound.bytes).filter(|kind| kind.starts_with("audio/"));
            let kind = known.unwrap_or_else(|| {
                sound.bytes = wave(&sound.bytes);
                "audio/wav"
            });
            kind.clone_into(&mut sound.name);
            self.changes += 1;
        }
    }

    /// Adds a call of a tool, or more of one: servers leave out the index or the identifier, number
    /// all calls 0, or send the arguments as an object.
    fn add_call(&mut self, call: &Value) {
        let function = call.get("function").unwrap_or(call);
        let text = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let name: String = text(function, "name").chars().take(MAX_NAME).collect();
        let id = text(call, "id");
        let index = call.get("index").and_then(Value::as_i64);
        let arguments = ["arguments", "input", "parameters"];
        let arguments = arguments.iter().find_map(|name| function.get(*name));
        let arguments = match arguments {
            Some(Value::String(arguments)) => arguments.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        if name.is_empty() && arguments.is_empty() {
            return;
        }
        let is_same = |known: &&Call| {
            let is_id = id.is_empty() || known.id.is_empty() || id == known.id;
            let known_name = self.extras.get(known.at).map_or("", |tool| &tool.name);
            let is_name = name.is_empty() || known_name.is_empty() || name == known_name;
            // A name again, without an identifier, is another call.
            let is_again = !name.is_empty() && id.is_empty() && name == known_name && {
                let said = self.extras.get(known.at).map_or("", |tool| &tool.content);
                said.ends_with(['}', ']']) && serde_json::from_str::<Value>(said).is_ok()
            };
            (index.is_none() || known.index.is_none() || index == known.index)
                && is_id
                && is_name
                && !is_again
        };
        let known = self
            .bookkeeping
            .tools
            .iter()
            .rev()
            .find(is_same)
            .map(|call| call.at);
        let at = known.unwrap_or_else(|| {
            self.begin_call(&name);
            if let Some(call) = self.bookkeeping.tools.last_mut() {
                call.index = index;
                call.id = id;
            }
            self.extras.len().saturating_sub(1)
        });
        if let Some(tool) = self.extras.get_mut(at)
            && tool.name.is_empty()
        {
            tool.name = name;
        }
        let arguments = self.joined(&arguments);
        self.add_arguments_to(Some(at), &arguments);
    }

    /// Adds the sources in whichever field of a chunk, a delta or a message.
    pub(in super::super) fn add_sources(&mut self, value: &Value) {
        // Titles first: some servers list the URLs alone, too.
        const FIELDS: [&str; 8] = [
            "annotations",
            "search_results",
            "web_search",
            "web_search_results",
            "sources",
            "references",
            "documents",
            "citations",
        ];
        for name in FIELDS {
            for source in items(value.get(name)) {
                self.add_source(source);
            }
        }
        // Azure's «context»; Gemini's grounding, also as LiteLLM passes it on.
        if let Some(context) = value.get("context").filter(|context| context.is_object()) {
            self.add_sources(context);
        }
        for name in [
            "grounding_metadata",
            "groundingMetadata",
            "vertex_ai_grounding_metadata",
        ] {
            for grounding in items(value.get(name)) {
                let chunks = ["groundingChunks", "grounding_chunks"];
                let chunks = chunks.iter().filter_map(|name| grounding.get(*name));
                for chunk in chunks.flat_map(|chunks| items(Some(chunks))) {
                    self.add_source(chunk);
                }
            }
        }
    }

    fn add_source(&mut self, source: &Value) {
        const WITHIN: [&str; 6] = [
            "url_citation",
            "web",
            "source",
            "document",
            "file_citation",
            "retrievedContext",
        ];
        let within = WITHIN.iter().find_map(|name| source.get(*name));
        let source = within.filter(|within| within.is_object()).unwrap_or(source);
        let text = |names: &[&str]| {
            let found = names.iter().filter_map(|name| source.get(*name)?.as_str());
            found.map(str::trim).find(|text| !text.is_empty())
        };
        let url = source
            .as_str()
            .or_else(|| text(&["url", "link", "uri", "href"]))
            .unwrap_or_default();
        let title = text(&["title", "name", "filename", "file_name", "filepath"]);
        let title = title.unwrap_or_default();
        if url.is_empty() && title.is_empty() || url.len() > MAX_URL || self.extras.len() >= MAX {
            return;
        }
        let is_known = |extra: &&mut Extra| {
            extra.kind == Kind::Source
                && extra.content == url
                && (!url.is_empty() || extra.name == title)
        };
        match self.extras.iter_mut().find(is_known) {
            Some(known) if known.name.is_empty() && !title.is_empty() => {
                title.clone_into(&mut known.name);
                self.changes += 1;
            }
            Some(_) => {}
            None => {
                let title: String = title.chars().take(MAX_NAME).collect();
                self.show(Extra {
                    content: url.to_owned(),
                    ..Extra::new(Kind::Source, &title)
                });
            }
        }
    }
}

/// Iterates over a list, or over one value.
fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(value) if is_something(value) => std::slice::from_ref(value),
        _ => &[],
    };
    list.iter()
}

/// Returns whether a value is neither null nor empty.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Returns the words of a string, a list of parts, or a part, whichever name they have.
pub(in super::super) fn words_in(value: &Value) -> String {
    match value {
        Value::String(words) => words.clone(),
        Value::Array(parts) => parts.iter().map(words_in).collect(),
        Value::Object(part) => {
            const NAMES: [&str; 7] = [
                "text",
                "summary",
                "content",
                "thinking",
                "reasoning",
                "refusal",
                "reasoning_text",
            ];
            let found = NAMES.iter().filter_map(|name| part.get(*name));
            found
                .map(words_in)
                .find(|words| !words.is_empty())
                .unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
