//! The predefined CMaps of Korean, Japanese and Chinese fonts: see the PDF specification, 9.7.5.2. They are data,
//! in one file for each of Adobe's character collections, which is fetched when a PDF needs it.
//!
//! `cargo xtask build` writes the files from Adobe's CMap resources: see `xtask/src/maps.rs`. Each has several
//! CMaps, and a comment of PostScript with the name before each.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use hayro_font::hayro_cmap::CMapName;

/// A character collection of Adobe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Adobe-Korea1: Korean.
    Korea,
    /// Adobe-Japan1: Japanese.
    Japan,
    /// Adobe-GB1: simplified Chinese.
    Gb,
    /// Adobe-CNS1: traditional Chinese.
    Cns,
}

impl Collection {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Korea, Self::Japan, Self::Gb, Self::Cns];

    /// The name of its file. Servers compress what ends so.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Korea => "korea1.txt",
            Self::Japan => "japan1.txt",
            Self::Gb => "gb1.txt",
            Self::Cns => "cns1.txt",
        }
    }

    /// The collection of a CMap, by the first letters of its name.
    fn of(name: &str) -> Option<Self> {
        let starts = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        if starts(&["KSC", "UniKS", "Adobe-Korea1"]) {
            Some(Self::Korea)
        } else if starts(&["GB", "UniGB", "Adobe-GB1"]) {
            Some(Self::Gb)
        } else if starts(&["B5", "CNS", "ETen", "HKscs", "UniCNS", "Adobe-CNS1"]) {
            Some(Self::Cns)
        } else if starts(&["EUC-", "UniJIS", "Adobe-Japan1"])
            || name.contains("-RKSJ-")
            || matches!(name, "H" | "V")
        {
            Some(Self::Japan)
        } else {
            None
        }
    }
}

/// How the codes of a CMap stand for characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codes {
    /// They are UTF-16, or its part UCS-2.
    Utf16,
    /// They are UTF-8.
    Utf8,
    /// They are code points.
    Utf32,
    /// They stand for CIDs only.
    Cids,
}

impl Codes {
    /// The codes of a CMap, by its name.
    pub fn of(name: &str) -> Self {
        match name {
            _ if !name.starts_with("Uni") => Self::Cids,
            _ if name.contains("UTF8") => Self::Utf8,
            _ if name.contains("UTF32") => Self::Utf32,
            _ => Self::Utf16,
        }
    }

    /// The character of a code.
    pub fn character(self, code: u32) -> Option<char> {
        match self {
            Self::Cids => None,
            Self::Utf32 => char::from_u32(code),
            Self::Utf16 => {
                let units = [code >> 16, code & 0xffff].map(|unit| u16::try_from(unit).ok());
                let units = units.into_iter().flatten().skip_while(|unit| *unit == 0);
                char::decode_utf16(units).next()?.ok()
            }
            Self::Utf8 => {
                let bytes = code.to_be_bytes();
                let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(3);
                str::from_utf8(&bytes[start..]).ok()?.chars().next()
            }
        }
    }
}

/// CMaps that only cut text into codes; [`Codes`] has the rest. They stand in where a collection can't be fetched, and
/// for CMaps that the PDF specification doesn't list and PDFs use all the same.
const UTF8: &[u8] = b"begincidrange <00> <7f> 1 <c280> <dfbf> 1 <e08080> <efbfbf> 1 <f0808080> <f48fbfbf> 1 endcidrange";
const UTF32: &[u8] = b"begincidrange <00000000> <0010ffff> 1 endcidrange";
const UTF16: &[u8] =
    b"begincidrange <0000> <d7ff> 1 <d800dc00> <dbffdfff> 1 <e000> <ffff> 1 endcidrange";

/// The CMaps that are there, and a note of those that were missed.
#[derive(Debug, Default)]
pub struct Maps {
    packs: Mutex<[Option<&'static [u8]>; 4]>,
    /// A bit for each of [`Collection::ALL`].
    missing: AtomicU8,
    #[cfg(test)]
    is_all: bool,
}

impl Maps {
    /// Adds a collection's file.
    pub fn add(&self, collection: Collection, pack: Vec<u8>) {
        // The library borrows CMaps for good. The worker ends with its file.
        let pack: &'static [u8] = Vec::leak(pack);
        let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        packs[collection as usize] = Some(pack);
    }

    /// The collections that were asked for and are not there.
    pub fn missing(&self) -> Vec<Collection> {
        let missing = self.missing.swap(0, Ordering::Relaxed);
        let is_missing = |collection: &Collection| missing & (1 << *collection as u8) != 0;
        Collection::ALL.into_iter().filter(is_missing).collect()
    }

    /// All of them, as the library carries them.
    #[cfg(test)]
    pub fn all() -> Self {
        Self {
            is_all: true,
            ..Self::default()
        }
    }

    /// The source of a CMap.
    pub fn find(&self, name: CMapName<'_>) -> Option<&'static [u8]> {
        #[cfg(test)]
        if self.is_all && !matches!(name, CMapName::Custom(_)) {
            return hayro_cmap::load_embedded(name);
        }
        let name = str::from_utf8(name.to_bytes()).ok()?;
        let collection = Collection::of(name);
        if let Some(collection) = collection {
            let pack =
                self.packs.lock().unwrap_or_else(PoisonError::into_inner)[collection as usize];
            if let Some(found) = pack.and_then(|pack| section(pack, name)) {
                return Some(found);
            }
            if pack.is_none() {
                self.missing
                    .fetch_or(1 << collection as u8, Ordering::Relaxed);
            }
        }
        match Codes::of(name) {
            Codes::Utf8 => Some(UTF8),
            Codes::Utf32 => Some(UTF32),
            Codes::Utf16 => Some(UTF16),
            Codes::Cids => None,
        }
    }
}

/// The CMap with this name in a file.
fn section(pack: &'static [u8], name: &str) -> Option<&'static [u8]> {
    let mut rest = pack;
    // The first is what comes before the first name.
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        rest = &rest[at + 1..];
        let end = rest.iter().position(|byte| *byte == b'%');
        let one = &rest[..end.unwrap_or(rest.len())];
        if let Some(source) = one.strip_prefix(name.as_bytes())
            && let Some(source) = source.strip_prefix(b"\n")
        {
            return Some(source);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_is_known_by_the_name_of_a_cmap() {
        #[track_caller]
        fn check(name: &str, expected: Option<Collection>) {
            assert_eq!(Collection::of(name), expected, "{name}");
        }
        for name in [
            "KSC-EUC-H",
            "KSCms-UHC-HW-V",
            "UniKS-UTF16-H",
            "Adobe-Korea1-UCS2",
        ] {
            check(name, Some(Collection::Korea));
        }
        for name in [
            "90ms-RKSJ-H",
            "EUC-V",
            "H",
            "V",
            "UniJIS-UCS2-HW-H",
            "UniJIS2004-UTF16-H",
        ] {
            check(name, Some(Collection::Japan));
        }
        for name in [
            "GBK-EUC-H",
            "GBKp-EUC-V",
            "GBK2K-H",
            "UniGB-UCS2-H",
            "GBpc-EUC-H",
        ] {
            check(name, Some(Collection::Gb));
        }
        for name in [
            "B5pc-H",
            "ETenms-B5-V",
            "HKscs-B5-H",
            "CNS-EUC-H",
            "UniCNS-UTF16-V",
        ] {
            check(name, Some(Collection::Cns));
        }
        for name in ["Identity-H", "", "Hello", "WinAnsiEncoding"] {
            check(name, None);
        }
    }

    #[test]
    fn codes_of_unicode_are_characters() {
        #[track_caller]
        fn check(name: &str, code: u32, expected: Option<char>) {
            assert_eq!(Codes::of(name).character(code), expected, "{name} {code:x}");
        }
        check("UniKS-UCS2-H", 0xac00, Some('가'));
        check("UniKS-UTF16-H", 0xd83d_de00, Some('😀'));
        check("UniKS-UTF16-H", 0xd83d, None);
        check("UniJIS-UTF8-H", 0xe3_8182, Some('あ'));
        check("UniJIS-UTF8-H", 0x41, Some('A'));
        check("UniJIS-UTF8-H", 0xff, None);
        check("UniGB-UTF32-H", 0x2_0000, Some('𠀀'));
        check("UniGB-UTF32-H", 0xffff_ffff, None);
        check("KSC-EUC-H", 0xb0a1, None);
    }

    #[test]
    fn what_is_missing_is_noted_until_it_is_there() {
        let maps = Maps::default();
        assert_eq!(maps.find(CMapName::KscEucH), None);
        assert_eq!(maps.find(CMapName::V), None);
        assert_eq!(maps.find(CMapName::Custom(b"Mine")), None);
        assert_eq!(maps.missing(), [Collection::Korea, Collection::Japan]);
        assert_eq!(maps.missing(), []);
        maps.add(
            Collection::Korea,
            b"x\n%KSC-EUC-V\none\n%KSC-EUC-H\ntwo".to_vec(),
        );
        assert_eq!(maps.find(CMapName::KscEucH), Some(&b"two"[..]));
        assert_eq!(maps.find(CMapName::KscEucV), Some(&b"one\n"[..]));
        assert_eq!(maps.find(CMapName::KscmsUhcH), None);
        assert_eq!(maps.find(CMapName::Custom(b"UniKS-UTF32-H")), Some(UTF32));
        assert_eq!(maps.missing(), []);
    }
}
