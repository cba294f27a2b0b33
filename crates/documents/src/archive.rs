//! Reads ZIP archives: the list of their files, and a file's content.
//!
//! Nothing here uses a browser. Source: PKWARE's APPNOTE 6.3.10, sections 4.3 to 4.5 and appendix D.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Length of an archive's end that surely has the record of its directory, in bytes: the record, its
/// comment, and the records of ZIP64.
pub const TAIL: u64 = 22 + 65_535 + 20 + 56;

/// Length of the header before a file's content, without its name and its extra fields.
pub const HEADER: u64 = 30;

/// Maximum number of files.
const MAX: u64 = 100_000;

/// Maximum size of a directory, in bytes.
const MAX_DIRECTORY: u64 = 32_000_000;

/// The reason why an archive can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is no archive, cut, damaged, or packed in an unknown way.
    Damaged,
    /// It has too many files, or a file that is too big.
    TooBig,
}

/// The place of the list of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its first byte.
    pub from: u64,
    /// The byte after it.
    pub to: u64,
    /// What is before the archive, such as a program that unpacks it. All places count from there.
    before: u64,
    count: u64,
}

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path, with slashes.
    pub name: String,
    /// Size in bytes, as declared.
    pub size: u64,
    /// Place of its header.
    pub from: u64,
    /// True if a password is needed.
    pub is_locked: bool,
    packed: u64,
    method: u16,
}

/// Returns a number of so many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(length)?)?.iter().rev();
    Some(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(number(bytes, at, 2)?).ok()
}

/// Returns whether a file is an archive, by its first bytes.
pub const fn is_one(head: &[u8]) -> bool {
    matches!(head, [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..])
}

/// Finds the list of files by the last bytes of an archive of this size.
///
/// # Errors
/// If there is none.
pub fn directory(tail: &[u8], size: u64) -> Result<Directory, Trouble> {
    let found = find(tail, size).ok_or(Trouble::Damaged)?;
    if found.count > MAX || found.to - found.from > MAX_DIRECTORY {
        return Err(Trouble::TooBig);
    }
    Ok(found)
}

fn find(tail: &[u8], size: u64) -> Option<Directory> {
    // The comment may contain the mark: the record that ends with the file is the right one.
    let end = (0..tail.len().checked_sub(21)?).rev().find(|at| {
        tail[*at..].starts_with(b"PK\x05\x06")
            && short(tail, at + 20).is_some_and(|comment| at + 22 + comment == tail.len())
    })?;
    let start = size.checked_sub(u64::try_from(tail.len()).ok()?)?;
    let mut count = number(tail, end + 10, 2)?;
    let (mut length, mut from) = (number(tail, end + 12, 4)?, number(tail, end + 16, 4)?);
    let mut to = start + u64::try_from(end).ok()?;
    let locator = end
        .checked_sub(20)
        .filter(|at| tail[*at..].starts_with(b"PK\x06\x07"));
    if let Some(locator) = locator {
        // ZIP64's record, which usually lies before this one.
        let place = number(tail, locator + 8, 8)?.checked_sub(start)?;
        let place = usize::try_from(place).ok()?;
        if !tail.get(place..)?.starts_with(b"PK\x06\x06") {
            return None;
        }
        count = number(tail, place + 32, 8)?;
        (length, from) = (number(tail, place + 40, 8)?, number(tail, place + 48, 8)?);
        to = from.checked_add(length).filter(|to| *to <= size)?;
    }
    let real = to.checked_sub(length)?;
    Some(Directory {
        from: real,
        to,
        before: real.checked_sub(from)?,
        count,
    })
}

/// Reads the list of files; folders are left out.
///
/// # Errors
/// If it is damaged.
pub fn entries(of: Directory, bytes: &[u8]) -> Result<Vec<Entry>, Trouble> {
    let mut at = 0;
    let mut all = Vec::new();
    for _ in 0..of.count {
        let (entry, next) = entry(of, bytes, at).ok_or(Trouble::Damaged)?;
        at = next;
        all.extend(entry);
    }
    Ok(all)
}

/// Reads one item of the list; returns it, unless it is a folder, and the place of the next.
fn entry(of: Directory, bytes: &[u8], at: usize) -> Option<(Option<Entry>, usize)> {
    let item = bytes
        .get(at..)
        .filter(|item| item.starts_with(b"PK\x01\x02"))?;
    let (flags, method) = (number(item, 8, 2)?, number(item, 10, 2)?);
    let (name, extra, comment) = (short(item, 28)?, short(item, 30)?, short(item, 32)?);
    let raw = item.get(46..46 + name)?;
    let mut extras = item.get(46 + name..46 + name + extra)?;
    let mut fields = [
        number(item, 24, 4)?,
        number(item, 20, 4)?,
        number(item, 42, 4)?,
    ];
    while let (Some(kind), Some(length)) = (number(extras, 0, 2), short(extras, 2)) {
        let mut long = extras.get(4..4 + length)?;
        extras = &extras[4 + length..];
        if kind == 1 {
            for field in fields.iter_mut().filter(|field| **field == 0xffff_ffff) {
                *field = number(long, 0, 8)?;
                long = &long[8..];
            }
        }
    }
    let [size, packed, from] = fields;
    let entry = Entry {
        name: decoded(raw, flags & 0x800 != 0),
        size,
        from: from.checked_add(of.before)?,
        is_locked: flags & 1 != 0,
        packed,
        method: u16::try_from(method).ok()?,
    };
    let next = at + 46 + name + extra + comment;
    Some((Some(entry).filter(|entry| !entry.name.ends_with('/')), next))
}

/// Decodes a name: UTF-8 where it is, else IBM's code page 437.
fn decoded(raw: &[u8], is_unicode: bool) -> String {
    const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
    let name = match str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) if is_unicode => String::from_utf8_lossy(raw).into_owned(),
        Err(_) => {
            let letter = |byte: &u8| match byte.checked_sub(0x80) {
                None => char::from(*byte),
                Some(upper) => UPPER.chars().nth(upper.into()).unwrap_or_default(),
            };
            raw.iter().map(letter).collect()
        }
    };
    name.replace('\\', "/")
}

impl Entry {
    /// The name without folders.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the first and the last place of the packed content, by the header before it.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn place(&self, header: &[u8]) -> Result<(u64, u64), Trouble> {
        let lengths = || {
            header.starts_with(b"PK\x03\x04").then_some(())?;
            let own = number(header, 26, 2)? + number(header, 28, 2)?;
            let from = self.from.checked_add(HEADER + own)?;
            Some((from, from.checked_add(self.packed)?))
        };
        lengths().ok_or(Trouble::Damaged)
    }

    /// Creates an entry without content, for a test.
    #[cfg(test)]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            size: 0,
            from: 0,
            is_locked: false,
            packed: 0,
            method: 0,
        }
    }

    /// Unpacks the content.
    ///
    /// # Errors
    /// If it is damaged, packed in an unknown way, or longer than declared.
    pub fn content(&self, packed: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        let size = usize::try_from(self.size).map_err(|_| Trouble::TooBig)?;
        let content = match self.method {
            0 => packed,
            8 => decompress_to_vec_with_limit(&packed, size).map_err(|_| Trouble::Damaged)?,
            _ => return Err(Trouble::Damaged),
        };
        if content.len() == size {
            Ok(content)
        } else {
            Err(Trouble::Damaged)
        }
    }
}

#[cfg(test)]
mod tests;
