//! Writes the files of predefined CMaps, which the worker that reads PDFs fetches when a PDF needs them: see
//! `crates/documents/src/pdf/maps.rs`.
//!
//! `hayro-cmap` carries Adobe's CMap resources (adobe-type-tools/cmap-resources, BSD-3-Clause) in one packed file,
//! which only its own code can read. This writes them in the CMaps' own format, one file for each character
//! collection, so that the worker has neither that code nor those of other languages. A CMap that nearly equals one
//! before it refers to that one.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use hayro_cmap::{BfString, CMap, CMapName, WritingMode, load_embedded};

/// Name of the folder, before the hash, and the page's name for it.
pub const NAME: &str = "cmaps";

/// Path of the resources' licence.
const LICENCE: &str = "public/cmaps-license.txt";

/// A character collection.
struct Collection {
    file: &'static str,
    registry: &'static str,
    /// Names of the CMaps: those that others refer to come first.
    maps: &'static [&'static str],
}

const COLLECTIONS: [Collection; 4] = [
    Collection {
        file: "korea1.txt",
        registry: "Korea1",
        maps: &[
            "KSC-EUC-H",
            "KSC-EUC-V",
            "KSCms-UHC-H",
            "KSCms-UHC-V",
            "KSCms-UHC-HW-H",
            "KSCms-UHC-HW-V",
            "KSCpc-EUC-H",
            "UniKS-UCS2-H",
            "UniKS-UCS2-V",
            "UniKS-UTF16-H",
            "UniKS-UTF16-V",
            "Adobe-Korea1-UCS2",
        ],
    },
    Collection {
        file: "japan1.txt",
        registry: "Japan1",
        maps: &[
            "H",
            "V",
            "EUC-H",
            "EUC-V",
            "90ms-RKSJ-H",
            "90ms-RKSJ-V",
            "90msp-RKSJ-H",
            "90msp-RKSJ-V",
            "83pv-RKSJ-H",
            "90pv-RKSJ-H",
            "Add-RKSJ-H",
            "Add-RKSJ-V",
            "Ext-RKSJ-H",
            "Ext-RKSJ-V",
            "UniJIS-UCS2-H",
            "UniJIS-UCS2-V",
            "UniJIS-UCS2-HW-H",
            "UniJIS-UCS2-HW-V",
            "UniJIS-UTF16-H",
            "UniJIS-UTF16-V",
            "Adobe-Japan1-UCS2",
        ],
    },
    Collection {
        file: "gb1.txt",
        registry: "GB1",
        maps: &[
            "GB-EUC-H",
            "GB-EUC-V",
            "GBpc-EUC-H",
            "GBpc-EUC-V",
            "GBK-EUC-H",
            "GBK-EUC-V",
            "GBKp-EUC-H",
            "GBKp-EUC-V",
            "GBK2K-H",
            "GBK2K-V",
            "UniGB-UCS2-H",
            "UniGB-UCS2-V",
            "UniGB-UTF16-H",
            "UniGB-UTF16-V",
            "Adobe-GB1-UCS2",
        ],
    },
    Collection {
        file: "cns1.txt",
        registry: "CNS1",
        maps: &[
            "B5pc-H",
            "B5pc-V",
            "ETen-B5-H",
            "ETen-B5-V",
            "ETenms-B5-H",
            "ETenms-B5-V",
            "HKscs-B5-H",
            "HKscs-B5-V",
            "CNS-EUC-H",
            "CNS-EUC-V",
            "UniCNS-UCS2-H",
            "UniCNS-UCS2-V",
            "UniCNS-UTF16-H",
            "UniCNS-UTF16-V",
            "Adobe-CNS1-UCS2",
        ],
    },
];

/// Writes all files to a folder.
///
/// # Errors
/// If a file operation fails.
pub fn write(root: &Path, to: &Path) -> Result<()> {
    for collection in &COLLECTIONS {
        fs::write(to.join(collection.file), pack(collection)?)?;
    }
    fs::copy(root.join(LICENCE), to.join("LICENSE.txt")).context(LICENCE)?;
    Ok(())
}

/// CIDs of the codes of a CMap, by the number of their bytes.
type Cids = BTreeMap<(u8, u32), u32>;

fn pack(collection: &Collection) -> Result<String> {
    let mut text = String::new();
    let mut before: Vec<(&str, Cids)> = Vec::new();
    for name in collection.maps {
        let map = load(name)?;
        let is_vertical = map.metadata().writing_mode == Some(WritingMode::Vertical);
        writeln!(
            text,
            "%{name}\n/Registry(Adobe)def/Ordering({})def/Supplement 0 def/CMapName/{name} def/WMode {} def",
            collection.registry,
            u8::from(is_vertical)
        )?;
        if name.ends_with("-UCS2") {
            characters(&mut text, &map)?;
            continue;
        }
        let cids = cids(name, &map);
        // A CMap can add to another and change it, but not take away.
        let lacks_none = |base: &Cids| base.keys().all(|code| cids.contains_key(code));
        let base = before
            .iter()
            .filter(|(_, base)| lacks_none(base))
            .min_by_key(|(_, base)| changes(&cids, base).len());
        match base {
            Some((base, its)) if changes(&cids, its).len() * 2 < cids.len() => {
                writeln!(text, "/{base} usecmap")?;
                ranges(&mut text, &changes(&cids, its))?;
            }
            _ => ranges(&mut text, &cids)?,
        }
        before.push((name, cids));
    }
    Ok(text)
}

fn load(name: &str) -> Result<CMap> {
    let source = load_embedded(CMapName::from_bytes(name.as_bytes()));
    source
        .and_then(|source| CMap::parse(source, load_embedded))
        .with_context(|| format!("hayro-cmap has no {name}"))
}

fn changes(cids: &Cids, base: &Cids) -> Cids {
    let changed = cids
        .iter()
        .filter(|(code, cid)| base.get(code) != Some(cid));
    changed.map(|(code, cid)| (*code, *cid)).collect()
}

/// The CIDs of all codes. The library tells that of one code at a time, so each that can be is asked for.
fn cids(name: &str, map: &CMap) -> Cids {
    let pairs = |first: std::ops::RangeInclusive<u32>, second: std::ops::RangeInclusive<u32>| {
        first.flat_map(move |high| second.clone().map(move |low| high << 16 | low))
    };
    let mut codes: Vec<(u8, u32)> = (0..=0xff).map(|code| (1, code)).collect();
    codes.extend((0..=0xffff).map(|code| (2, code)));
    if name.contains("UTF16") {
        codes.extend(pairs(0xd800..=0xdbff, 0xdc00..=0xdfff).map(|code| (4, code)));
    } else if name.starts_with("CNS-EUC") {
        codes.extend(pairs(0x8ea1..=0x8eb0, 0xa1a1..=0xfefe).map(|code| (4, code)));
    } else if name.starts_with("GBK2K") {
        let lead = |code: &u32| matches!(code & 0xff, 0x30..=0x39);
        let codes_of_four = pairs(0x8130..=0xfe39, 0x8130..=0xfe39)
            .filter(|code| lead(&(code >> 16)) && lead(code));
        codes.extend(codes_of_four.map(|code| (4, code)));
    }
    let cid = |(bytes, code): (u8, u32)| Some(((bytes, code), map.lookup_cid_code(code, bytes)?));
    codes.into_iter().filter_map(cid).collect()
}

fn ranges(text: &mut String, cids: &Cids) -> Result<()> {
    writeln!(text, "begincidrange")?;
    let mut cids = cids.iter().peekable();
    while let Some(((bytes, first), cid)) = cids.next() {
        let mut last = *first;
        while cids
            .next_if(|((more, code), next)| {
                more == bytes && *code == last + 1 && **next == cid + (code - first)
            })
            .is_some()
        {
            last += 1;
        }
        let width = usize::from(*bytes) * 2;
        writeln!(text, "<{first:0width$x}><{last:0width$x}>{cid}")?;
    }
    writeln!(text, "endcidrange")?;
    Ok(())
}

/// Writes the characters of CIDs.
fn characters(text: &mut String, map: &CMap) -> Result<()> {
    writeln!(text, "beginbfrange")?;
    let all = (0..=0xffff).filter_map(|cid| Some((cid, map.lookup_bf_string(cid)?)));
    let mut all = all.peekable();
    while let Some((first, characters)) = all.next() {
        let units = units(&characters);
        let mut last = first;
        // A range counts on in its last unit.
        if let [unit] = &*units {
            while all
                .next_if(|(cid, next)| {
                    *cid == last + 1
                        && matches!(next, BfString::Char(next) if u32::from(*next) == u32::from(*unit) + (cid - first))
                })
                .is_some()
            {
                last += 1;
            }
        }
        write!(text, "<{first:04x}><{last:04x}><")?;
        for unit in units {
            write!(text, "{unit:04x}")?;
        }
        writeln!(text, ">")?;
    }
    writeln!(text, "endbfrange")?;
    Ok(())
}

fn units(characters: &BfString) -> Vec<u16> {
    match characters {
        BfString::Char(one) => one.encode_utf16(&mut [0; 2]).to_vec(),
        BfString::String(several) => several.encode_utf16().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files say what the library says, for each code and CID.
    #[test]
    fn the_files_say_the_same() {
        for collection in &COLLECTIONS {
            let pack: &'static str = pack(collection).unwrap().leak();
            let find = move |name: CMapName<'_>| {
                let name = format!("%{}\n", str::from_utf8(name.to_bytes()).unwrap());
                let (_, source) = pack.split_once(&name)?;
                Some(source.split('%').next()?.as_bytes())
            };
            for name in collection.maps {
                let asked = CMapName::from_bytes(name.as_bytes());
                let (ours, theirs) = (
                    CMap::parse(find(asked).unwrap(), find).unwrap(),
                    load(name).unwrap(),
                );
                assert_eq!(
                    ours.metadata().writing_mode.unwrap_or_default(),
                    theirs.metadata().writing_mode.unwrap_or_default(),
                    "{name}"
                );
                if name.ends_with("-UCS2") {
                    for cid in 0..=0xffff {
                        assert_eq!(
                            ours.lookup_bf_string(cid),
                            theirs.lookup_bf_string(cid),
                            "{name} {cid}"
                        );
                    }
                } else {
                    let family =
                        |map: &CMap| map.metadata().character_collection.clone().unwrap().family;
                    assert_eq!(family(&ours), family(&theirs), "{name}");
                    assert_eq!(cids(name, &ours), cids(name, &theirs), "{name}");
                }
            }
        }
    }
}
