//! A ZIP archive of XML files, with bounds: a small file may unpack to any size.

use std::io::{BufReader, Cursor, Read};

use collate_core::file::Error;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

/// Maximum number of unpacked bytes of a document. XML packs to a tenth, and a document has at most 20 MB. The tests
/// need not wait for so much.
const MOST: u64 = if cfg!(test) { 10_000_000 } else { 300_000_000 };

/// An archive.
pub struct Package<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
    /// Number of bytes that may still be unpacked.
    left: u64,
}

/// A part of an XML file.
pub enum Part<'p> {
    /// The begin of an element, also of an empty one.
    Open(Element<'p>),
    /// The end of an element with this name.
    Close(&'p str),
    /// Text between them.
    Text(&'p str),
}

/// The begin of an element. Names are without the prefix of their namespace: no two that matter are the same.
pub struct Element<'p> {
    /// Its name.
    pub name: &'p str,
    start: &'p BytesStart<'p>,
}

impl Element<'_> {
    /// An attribute.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let mut attributes = attributes.with_checks(false).flatten();
        let found = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// An attribute whose prefix matters.
    pub fn get_exactly(&self, name: &str) -> Option<String> {
        let mut attributes = self.start.attributes();
        let mut attributes = attributes.with_checks(false).flatten();
        let found = attributes.find(|attribute| attribute.key.as_ref() == name)?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some(value.into_owned())
    }

    /// An attribute that is a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }
}

impl<'b> Package<'b> {
    /// Opens an archive.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(bytes: &'b [u8]) -> Result<Self, Error> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Error::Document)?;
        Ok(Self { zip, left: MOST })
    }

    /// Returns whether it has a file.
    pub fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// Checks the unpacked size of everything, by unpacking it: the sizes that an archive states may be wrong.
    ///
    /// # Errors
    /// [`Error::TooBig`]
    pub fn check_size(&mut self) -> Result<(), Error> {
        let mut left = MOST;
        for at in 0..self.zip.len() {
            let Ok(file) = self.zip.by_index(at) else {
                continue;
            };
            let mut file = file.take(left);
            // A damaged file is found when it is read.
            let _ = std::io::copy(&mut file, &mut std::io::sink());
            left = file.limit();
            if left == 0 {
                return Err(Error::TooBig);
            }
        }
        Ok(())
    }

    /// Reads an XML file. A missing one is empty.
    ///
    /// # Errors
    /// If it is damaged or too big, or the errors of `each`.
    pub fn xml(
        &mut self,
        name: &str,
        mut each: impl FnMut(Part<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Ok(file) = self.zip.by_name(name) else {
            return Ok(());
        };
        let mut file = BufReader::new(file.take(self.left));
        let read = parts(&mut file, &mut each);
        self.left = file.get_ref().limit();
        if self.left == 0 {
            return Err(Error::TooBig);
        }
        read
    }
}

fn parts(
    file: &mut impl std::io::BufRead,
    each: &mut impl FnMut(Part<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut reader = Reader::from_reader(file);
    let mut buffer = Vec::new();
    let mut depth = 0_u32;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(start)) => {
                depth += 1;
                each(Part::Open(element(&start)))?;
            }
            Ok(Event::Empty(start)) => {
                let element = element(&start);
                let name = element.name;
                each(Part::Open(element))?;
                each(Part::Close(name))?;
            }
            Ok(Event::End(end)) => {
                depth = depth.saturating_sub(1);
                each(Part::Close(end.local_name().as_ref()))?;
            }
            Ok(Event::Text(text)) => each(Part::Text(&text.xml10_content()))?,
            Ok(Event::CData(text)) => each(Part::Text(&text.xml10_content()))?,
            Ok(Event::GeneralRef(reference)) => {
                let named = match &*reference.xml10_content() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                if let Some(named) = named {
                    each(Part::Text(named.encode_utf8(&mut [0; 4])))?;
                }
            }
            // The file is cut off if an element is open.
            Ok(Event::Eof) if depth == 0 => return Ok(()),
            Ok(Event::Eof) | Err(_) => return Err(Error::Document),
            Ok(_) => {}
        }
    }
}

fn element<'p>(start: &'p BytesStart<'p>) -> Element<'p> {
    let name = start.name().0;
    let name = name.rsplit_once(':').map_or(name, |(_, name)| name);
    Element { name, start }
}
