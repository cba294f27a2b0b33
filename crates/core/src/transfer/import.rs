//! Import of chats from a file, whatever program wrote it.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value, error::Category};

use super::{
    Content, Error, Format, Import, Reason, SharedEndpoint, Skipped, backend_ai, big_agi, bundle,
    chatgpt,
    foreign::{Archive, Foreign},
    libre_chat, lobe_chat,
    mend::mended,
    open_webui,
};
use crate::{
    chat::{self, Chat, attachment},
    json,
};

/// Key of Backend.AI `WebUI`'s history.
const BACKEND_AI: &str = "backendaiwebui.cache.chat_history";

/// Parses a file and detects its format.
///
/// # Errors
/// The reason why nothing can be imported. A truncated file gives nothing.
pub fn read(text: &str) -> Result<Import, Error> {
    read_in(text, &[])
}

/// Like [`read`], for a file of an archive with other files: their names, without folders and sorted,
/// each with its position in the archive.
///
/// # Errors
/// As [`read`].
pub fn read_in(text: &str, archive: &[(String, usize)]) -> Result<Import, Error> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(Error::Empty);
    }
    let mut found = parse(text, archive, false);
    let is_odd = |found: &Result<_, Error>| matches!(found, Err(Error::NotJson));
    if is_odd(&found) {
        let mended = mended(text);
        if let Cow::Owned(mended) = &mended {
            found = parse(mended, archive, false);
        }
        if is_odd(&found)
            && let Some(flat) = libre_chat::flattened(&mended)
        {
            found = parse(&flat, archive, false);
        }
    }
    found?.import()
}

fn parse<'a>(text: &str, archive: Archive<'a>, is_inner: bool) -> Result<Reader<'a>, Error> {
    let mut reader = Reader {
        archive,
        is_inner,
        ..Reader::default()
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let whole = json.deserialize_any(File(&mut reader));
    let whole = whole.and_then(|found| json.end().map(|()| found));
    match whole.map_err(|error| error.classify()) {
        Ok(found) => found.map(|()| reader),
        Err(Category::Eof) if text.starts_with(['[', '{', '"']) => Err(Error::Cut),
        Err(Category::Data) => Err(Error::Unknown),
        Err(_) => Err(Error::NotJson),
    }
}

/// A file's top level. Its chats are parsed one by one: all at once, 50 MB of JSON would take
/// several times as much memory.
struct File<'a, 'b>(&'a mut Reader<'b>);

impl<'de> Visitor<'de> for File<'_, '_> {
    type Value = Result<(), Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("chats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while let Some(item) = items.next_element()? {
            self.0.take(item);
        }
        Ok(Ok(()))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        let fields = Map::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(self.0.take_object(fields))
    }

    /// Parses a value of localStorage, copied as a string.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.take_inner(text))
    }
}

/// State of an import.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    archive: Archive<'a>,
    from: Option<Format>,
    chats: Vec<Chat>,
    ids: BTreeSet<chat::Id>,
    endpoints: Vec<SharedEndpoint>,
    contents: Vec<(attachment::Id, Content)>,
    known: BTreeSet<attachment::Id>,
    /// Other ways that conversations went. They come last: if there is not enough room, they are missed
    /// least.
    ways: Vec<Chat>,
    files: Vec<(attachment::Id, usize)>,
    skipped: Vec<Skipped>,
    /// Number of items so far.
    place: usize,
    /// True within nested JSON.
    is_inner: bool,
}

impl Reader<'_> {
    fn import(mut self) -> Result<Import, Error> {
        let mut contents = Vec::new();
        for content in std::mem::take(&mut self.contents) {
            let place = contents.partition_point(|(id, _)| *id <= content.0);
            contents.insert(place, content);
        }
        self.contents = contents;
        for way in std::mem::take(&mut self.ways) {
            self.add(way);
        }
        match self.from {
            _ if self.place == 0 => Err(Error::Empty),
            None => Err(Error::Unknown),
            Some(from) => Ok(Import {
                from,
                chats: self.chats,
                endpoints: self.endpoints,
                contents: self.contents,
                files: self.files,
                skipped: self.skipped,
            }),
        }
    }

    fn skip(&mut self, title: &str, why: Reason) {
        self.skipped.push(Skipped {
            title: title.to_owned(),
            place: self.place,
            why,
        });
    }

    fn take_object(&mut self, mut fields: Map<String, Value>) -> Result<(), Error> {
        let is_ours = fields.get("format").and_then(Value::as_str) == Some(bundle::FORMAT);
        if is_ours {
            return self.take_bundle(fields);
        }
        match fields.remove(BACKEND_AI) {
            Some(Value::String(text)) => return self.take_inner(&text),
            Some(Value::Array(items)) => {
                self.from = Some(Format::BackendAi);
                for item in items {
                    self.take(item);
                }
                return Ok(());
            }
            _ => {}
        }
        if let Some(tables) = lobe_chat::tables(&mut fields) {
            for foreign in lobe_chat::read_all(&tables, self.archive) {
                self.take_read(Format::LobeChat, foreign, "");
            }
            return Ok(());
        }
        if !fields.contains_key("messages")
            && let Some(Value::Array(items)) = fields.remove("conversations")
        {
            let folders = big_agi::folders(&fields);
            for mut item in items {
                big_agi::put(&mut item, &folders);
                self.take(item);
            }
            return Ok(());
        }
        self.take(Value::Object(fields));
        Ok(())
    }

    /// Parses nested JSON, at one level only.
    fn take_inner(&mut self, text: &str) -> Result<(), Error> {
        if self.is_inner {
            return Err(Error::Unknown);
        }
        let inner = parse(&mended(text), self.archive, true);
        *self = inner.map_err(|error| match error {
            Error::NotJson => Error::Unknown,
            other => other,
        })?;
        Ok(())
    }

    fn take_bundle(&mut self, mut fields: Map<String, Value>) -> Result<(), Error> {
        let version = fields.get("version").and_then(Value::as_u64);
        let version = version.ok_or(Error::Unknown)?;
        if version > bundle::VERSION {
            return Err(Error::Newer { version });
        }
        self.from = Some(Format::Collate);
        let mut list = |name| match fields.remove(name) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let (chats, endpoints) = (list("chats"), list("endpoints"));
        for value in chats {
            // Through text: the storage's parser is the only one in the program.
            match json::read::<Chat>(&value.to_string()).filter(is_sound) {
                Some(chat) => self.add(chat),
                None => self.skip(title_of(&value), Reason::Unreadable),
            }
            self.place += 1;
        }
        for value in endpoints {
            match json::read(&value.to_string()) {
                Some(endpoint) => self.endpoints.push(endpoint),
                None => self.skip(title_of(&value), Reason::Unreadable),
            }
            self.place += 1;
        }
        if let Some(Value::Object(contents)) = fields.remove("contents") {
            for (id, content) in contents {
                match (id.parse(), content) {
                    (Ok(id), Value::String(content)) => self.keep(id, content),
                    _ => self.skip(&id, Reason::Unreadable),
                }
                self.place += 1;
            }
        }
        Ok(())
    }

    /// Parses one item, of whatever program.
    fn take(&mut self, value: Value) {
        type Read = fn(&Value, Archive<'_>) -> Foreign;
        let (format, read): (_, Read) = if chatgpt::is_one(&value) {
            (Format::ChatGpt, chatgpt::read)
        } else if libre_chat::is_one(&value) {
            (Format::LibreChat, libre_chat::read)
        } else if big_agi::is_one(&value) {
            (Format::BigAgi, big_agi::read)
        } else if lobe_chat::is_one(&value) {
            (Format::LobeChat, lobe_chat::read)
        } else if open_webui::is_one(&value) {
            (Format::OpenWebUi, open_webui::read)
        } else if backend_ai::is_one(&value) {
            (Format::BackendAi, backend_ai::read)
        } else {
            self.skip(title_of(&value), Reason::Unreadable);
            self.place += 1;
            return;
        };
        let foreign = read(&value, self.archive);
        self.take_read(format, foreign, title_of(&value));
    }

    /// Takes a conversation of another program.
    fn take_read(&mut self, format: Format, foreign: Foreign, title: &str) {
        let mut chats = foreign.chats.into_iter();
        if *self.from.get_or_insert(format) != format {
            self.skip(title, Reason::Unreadable);
        } else if let Some(chat) = chats
            .next()
            .filter(|chat| chat.cards.iter().any(|card| !card.turns.is_empty()))
        {
            let title = chat.shown_title();
            if foreign.has_more {
                self.skip(&title, Reason::Branches);
            }
            if foreign.lacks_files {
                self.skip(&title, Reason::Attachments);
            }
            self.add(chat);
            self.ways.extend(chats);
            for (id, content) in foreign.contents {
                self.keep(id, content);
            }
            for (id, file) in foreign.files {
                if self.known.insert(id) {
                    self.files.push((id, file));
                }
            }
        } else {
            self.skip(title, Reason::Empty);
        }
        self.place += 1;
    }

    fn add(&mut self, chat: Chat) {
        if self.ids.insert(chat.id) {
            self.chats.push(chat);
        } else {
            self.skip(&chat.shown_title(), Reason::Twice);
        }
    }

    fn keep(&mut self, id: attachment::Id, content: Content) {
        if self.known.insert(id) {
            self.contents.push((id, content));
        }
    }
}

/// Returns whether the page can show this chat: it has a card, and no duplicate identifiers.
fn is_sound(chat: &Chat) -> bool {
    fn differ<Id: Ord>(mut ids: impl Iterator<Item = Id>) -> bool {
        let mut known = BTreeSet::new();
        ids.all(|id| known.insert(id))
    }
    !chat.cards.is_empty()
        && differ(chat.cards.iter().map(|card| card.id))
        && chat
            .cards
            .iter()
            .all(|card| differ(card.turns.iter().map(|turn| turn.id)))
}

/// Returns the title of an unreadable item.
fn title_of(value: &Value) -> &str {
    let mut names = ["title", "label", "name"].into_iter();
    let name = names.find_map(|name| value.get(name)?.as_str());
    name.unwrap_or_default()
}
