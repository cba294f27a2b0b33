//! The fonts of a PDF: codes of text, their widths and their characters.
//!
//! `hayro-font` knows the characters by a font's `ToUnicode` map and by its glyphs' names. Where both are missing,
//! this module asks the predefined CMaps, and the font's own table of characters backwards.

use std::{cell::OnceCell, collections::HashMap, sync::Arc};

use hayro_font::{
    CMapResolverFn, Font as Outlines, FontCache, FontGlyph, FontResolverFn, GlyphId,
    hayro_cmap::{BfString, CMap, CMapName, CidFamily},
    hayro_syntax::object::{Array, Dict, Name, Object, String as Bytes, dict::keys},
    kurbo::Vec2,
};
use skrifa::{FontRef, MetadataProvider};

use super::maps::{Codes, Maps};

/// Loads fonts, each once.
pub struct Fonts<'a> {
    cache: FontCache<'a>,
    programs: FontResolverFn,
    maps: CMapResolverFn,
}

/// A font program without glyphs, for fonts that are not in the PDF: widths and characters don't need them. It is
/// the header of a TrueType font with no tables.
pub const NO_GLYPHS: &[u8] = &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

impl<'a> Fonts<'a> {
    /// Makes a loader that finds predefined CMaps here.
    pub fn new(maps: &Arc<Maps>) -> Self {
        let maps = Arc::clone(maps);
        Self {
            cache: FontCache::new(),
            programs: Arc::new(|_| Some((Arc::new(NO_GLYPHS), 0))),
            maps: Arc::new(move |name| maps.find(name)),
        }
    }

    /// Loads a font.
    pub fn load(&self, dict: &Dict<'a>) -> Font<'a> {
        let is_composite = dict
            .get::<Name<'_>>(keys::SUBTYPE)
            .is_some_and(|kind| *kind == *keys::TYPE0);
        let composite = is_composite.then(|| Composite::new(dict, &self.maps));
        let is_sane = !is_composite || widths_are_bounded(dict);
        Font {
            outlines: is_sane
                .then(|| self.cache.font(dict, &self.programs, &self.maps))
                .flatten(),
            has_map: dict.contains_key(keys::TO_UNICODE),
            composite,
            backwards: OnceCell::new(),
        }
    }
}

/// A font.
pub struct Font<'a> {
    /// None if the font is damaged, or its CMap is unknown.
    outlines: Option<Outlines<'a>>,
    /// True if the font itself tells its characters.
    has_map: bool,
    composite: Option<Composite>,
    /// The characters of the glyphs, by the table in the font.
    backwards: OnceCell<HashMap<u32, char>>,
}

/// What a composite font adds.
struct Composite {
    codes: Codes,
    encoding: Option<CMap>,
    /// The characters of the CIDs.
    characters: Option<CMap>,
}

/// One code of a text.
pub struct Code {
    /// Number of bytes.
    pub length: usize,
    /// The way to the next glyph, in thousandths of the font's size.
    pub advance: Vec2,
    /// The characters; None if nothing tells them.
    pub text: Option<String>,
}

impl Font<'_> {
    /// Returns whether lines go from left to right.
    pub fn is_horizontal(&self) -> bool {
        self.outlines.as_ref().is_none_or(Outlines::is_horizontal)
    }

    /// Reads the first code of some bytes, of which there is at least one.
    pub fn read(&self, bytes: &[u8]) -> Code {
        let Some(font) = &self.outlines else {
            // Most composite fonts have codes of two bytes.
            let length = if self.composite.is_some() { 2 } else { 1 };
            return Code {
                length: length.min(bytes.len()),
                advance: Vec2::new(500.0, 0.0),
                text: None,
            };
        };
        let (code, length) = font.read_code(bytes, 0);
        let text = self.characters(font, code);
        Code {
            length: length.clamp(1, bytes.len()),
            advance: font.code_advance(code),
            text,
        }
    }

    fn characters(&self, font: &Outlines<'_>, code: u32) -> Option<String> {
        let said = || {
            let said = match font.glyph(GlyphId::NOTDEF, code) {
                FontGlyph::Outline(glyph) => glyph.as_unicode(),
                FontGlyph::Type3(glyph) => glyph.as_unicode(),
            };
            said.and_then(readable)
        };
        let Some(composite) = &self.composite else {
            return said().or_else(|| self.backwards(font, code));
        };
        // The library does not know codes of Unicode, and would take the CIDs of a CMap that stands in.
        let is_unicode = composite.codes != Codes::Cids;
        let first = if self.has_map || !is_unicode {
            said()
        } else {
            None
        };
        first
            .or_else(|| composite.codes.character(code).and_then(readable_character))
            .or_else(|| self.backwards(font, code))
            .or_else(|| composite.by_cid(code))
    }

    /// The character of a code, by the table that the font has for the way from characters to glyphs.
    fn backwards(&self, font: &Outlines<'_>, code: u32) -> Option<String> {
        let glyph = font.map_code(code);
        let backwards = self.backwards.get_or_init(|| {
            let FontGlyph::Outline(any) = font.glyph(glyph, code) else {
                return HashMap::new();
            };
            any.font_data().map_or_else(HashMap::new, |font| {
                table_backwards(font.data.as_ref().as_ref())
            })
        });
        let character = *backwards.get(&glyph.to_u32())?;
        (glyph != GlyphId::NOTDEF)
            .then(|| readable_character(character))
            .flatten()
    }
}

impl Composite {
    fn new(dict: &Dict<'_>, maps: &CMapResolverFn) -> Self {
        let parse = |source: &[u8]| {
            let maps = maps.clone();
            CMap::parse(source, move |name| maps(name))
        };
        let (codes, encoding) = match dict.get::<Object<'_>>(keys::ENCODING) {
            Some(Object::Name(name)) => {
                let encoding = match CMapName::from_bytes(&name) {
                    CMapName::IdentityH => Some(CMap::identity_h()),
                    CMapName::IdentityV => Some(CMap::identity_v()),
                    other => maps(other).and_then(parse),
                };
                (Codes::of(name.as_str()), encoding)
            }
            Some(Object::Stream(stream)) => {
                let source = stream.decoded_data().ok();
                (Codes::Cids, source.and_then(|source| parse(&source)))
            }
            _ => (Codes::Cids, None),
        };
        let of_encoding = encoding
            .as_ref()
            .and_then(|map| map.metadata().character_collection.clone())
            .map(|collection| collection.family)
            .filter(|family| family.ucs2_cmap().is_some());
        let family = of_encoding.or_else(|| family(dict));
        // Only for codes that nothing else tells: many fonts have a map of their own.
        let is_needed = codes == Codes::Cids && !dict.contains_key(keys::TO_UNICODE);
        let characters = family
            .filter(|_| is_needed)
            .and_then(|family| family.ucs2_cmap())
            .and_then(|name| maps(name))
            .and_then(parse);
        Self {
            codes,
            encoding,
            characters,
        }
    }

    fn by_cid(&self, code: u32) -> Option<String> {
        let (encoding, characters) = (self.encoding.as_ref()?, self.characters.as_ref()?);
        let cid = (1..=4).find_map(|length| encoding.lookup_cid_code(code, length))?;
        characters.lookup_bf_string(cid).and_then(readable)
    }
}

/// The character collection of a composite font's only descendant.
fn family(dict: &Dict<'_>) -> Option<CidFamily> {
    let info = descendant(dict)?.get::<Dict<'_>>(keys::CIDSYSTEMINFO)?;
    let registry = info.get::<Bytes<'_>>(keys::REGISTRY)?;
    let ordering = info.get::<Bytes<'_>>(keys::ORDERING)?;
    Some(CidFamily::from_registry_ordering(
        registry.as_bytes(),
        ordering.as_bytes(),
    ))
}

fn descendant<'a>(dict: &Dict<'a>) -> Option<Dict<'a>> {
    let descendants = dict.get::<Array<'_>>(keys::DESCENDANT_FONTS)?;
    descendants.iter::<Dict<'_>>().next()
}

/// Checks the widths of a composite font: the library stores one for each CID of a range, and a range may claim four
/// thousand millions.
fn widths_are_bounded(dict: &Dict<'_>) -> bool {
    let Some(descendant) = descendant(dict) else {
        return false;
    };
    let mut count = 0;
    [keys::W, keys::W2].iter().all(|key| {
        let Some(widths) = descendant.get::<Array<'_>>(*key) else {
            return true;
        };
        let mut widths = widths.flex_iter();
        loop {
            if widths.next::<(u32, Array<'_>)>().is_some() {
                continue;
            }
            let range = widths.next::<(u32, u32)>();
            let Some((first, last)) = range else {
                return true;
            };
            let numbers = if *key == keys::W { 1 } else { 3 };
            for _ in 0..numbers {
                if widths.next::<f32>().is_none() {
                    return true;
                }
            }
            count += u64::from(last.saturating_sub(first));
            if count > 1_000_000 {
                return false;
            }
        }
    })
}

/// A font's table of characters, from glyphs to characters. The first character of a glyph is taken, and one for
/// private use only if there is no other.
fn table_backwards(font: &[u8]) -> HashMap<u32, char> {
    let mut found = HashMap::new();
    let Ok(font) = FontRef::new(font) else {
        return found;
    };
    for (character, glyph) in font.charmap().mappings().take(200_000) {
        let Some(character) = char::from_u32(character) else {
            continue;
        };
        let known = found.entry(glyph.to_u32()).or_insert(character);
        if is_private(*known) && !is_private(character) {
            *known = character;
        }
    }
    found
}

const fn is_private(character: char) -> bool {
    matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..)
}

/// The text of a glyph, if a reader can make sense of it.
fn readable(said: BfString) -> Option<String> {
    match said {
        BfString::Char(one) => readable_character(one),
        BfString::String(several) => {
            let several: Option<Vec<_>> = several.chars().map(readable_character).collect();
            several.map(|all| all.concat())
        }
    }
}

fn readable_character(character: char) -> Option<String> {
    let character = match character {
        '\t' | '\n' | '\r' | '\u{a0}' | '\u{f020}' => ' ',
        // Bullets and marks of the symbol fonts, which have the codes of their bytes.
        '\u{f0b7}' => '•',
        '\u{f0a7}' | '\u{f06e}' => '▪',
        '\u{f0a8}' => '◻',
        '\u{f0d8}' => '➢',
        '\u{f0fc}' => '✓',
        '\u{f0e0}' => '→',
        _ => character,
    };
    let is_unreadable = character.is_control() || is_private(character) || character == '\u{fffd}';
    (!is_unreadable).then(|| character.to_string())
}
