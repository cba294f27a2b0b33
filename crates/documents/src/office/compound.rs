//! The compound files in which old programs store their documents, and new ones encrypted documents: see \[MS-CFB\].

/// The begin of a compound file: see 2.2.
pub const BEGIN: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// The first number that is no sector's.
const RESERVED: u32 = 0xffff_fffa;

/// Returns whether a compound file has a stream of this name.
pub fn has_stream(bytes: &[u8], name: &str) -> bool {
    let mut wanted: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    wanted.extend([0, 0]);
    // Entries of the directory have 128 bytes, and sectors at least 512.
    let mut entries = bytes.chunks_exact(128);
    entries.any(|entry| entry.starts_with(&wanted))
}

/// Returns whether the sectors of each stream come to an end. The library follows them for ever if they don't.
pub fn is_sound(bytes: &[u8]) -> bool {
    check(bytes).unwrap_or(false)
}

fn check(bytes: &[u8]) -> Option<bool> {
    let size = match number::<2>(bytes, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    let count = bytes.len() / size;
    // The header takes the place of a sector.
    let sector = |id: u32| {
        let start = usize::try_from(id)
            .ok()?
            .checked_add(1)?
            .checked_mul(size)?;
        bytes.get(start..start.checked_add(size)?)
    };
    // The table of the sectors with the table of what follows each sector.
    let mut lists = vec![bytes.get(76..512)?];
    let mut next = number::<4>(bytes, 68)?;
    while next < RESERVED {
        let (ids, last) = sector(next)?.split_last_chunk::<4>()?;
        lists.push(ids);
        next = u32::from_le_bytes(*last);
        if lists.len() > count {
            return None;
        }
    }
    let ids = lists
        .into_iter()
        .flat_map(numbers)
        .filter(|id| *id < RESERVED);
    let mut follows = Vec::new();
    for (at, id) in ids.enumerate() {
        if at > count {
            return None;
        }
        follows.extend(numbers(sector(id)?));
    }
    if !ends(&follows) {
        return Some(false);
    }
    let chain = |start: u32| {
        let next = |id: &u32| follows.get(usize::try_from(*id).ok()?).copied();
        std::iter::successors(Some(start), next).take_while(|id| *id < RESERVED)
    };
    // The same for the small sectors.
    let small = chain(number::<4>(bytes, 60)?).filter_map(sector);
    let small: Vec<_> = small.flat_map(numbers).collect();
    // A stream is no longer than the file.
    let mut entries = chain(number::<4>(bytes, 48)?)
        .filter_map(sector)
        .flat_map(|sector| sector.chunks_exact(128));
    let fits = |entry: &[u8]| {
        let length = number::<4>(entry, 120).and_then(|length| usize::try_from(length).ok());
        length.is_some_and(|length| length <= bytes.len())
    };
    Some(ends(&small) && entries.all(fits))
}

/// A number of some bytes, the lowest first.
fn number<const BYTES: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes: &[u8; BYTES] = bytes.get(at..)?.first_chunk()?;
    let digits = bytes.iter().rev();
    Some(digits.fold(0, |number, digit| number << 8 | u32::from(*digit)))
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|number| u32::from_le_bytes(*number))
}

/// Returns whether there is no circle.
fn ends(follows: &[u32]) -> bool {
    // The walk that has been at a sector, from 1.
    let mut walks = vec![0; follows.len()];
    for start in 0..follows.len() {
        let (mut at, walk) = (start, start + 1);
        while let Some(been) = walks.get_mut(at) {
            if *been == walk {
                return false;
            }
            if *been != 0 {
                break;
            }
            *been = walk;
            at = usize::try_from(follows[at]).unwrap_or(usize::MAX);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        #[track_caller]
        fn check(follows: &[u32], expected: bool) {
            assert_eq!(ends(follows), expected, "{follows:?}");
        }
        check(&[], true);
        check(&[1, 2, 0xffff_fffe], true);
        check(&[2, 2, 0xffff_fffe, 9], true);
        check(&[0], false);
        check(&[1, 2, 3, 1], false);
    }

    #[test]
    fn a_file_whose_streams_end_is_sound() {
        let file = include_bytes!("../../../../tests/files/old.xls");
        assert!(is_sound(file));
        assert!(has_stream(file, "Workbook") && !has_stream(file, "Work"));
        assert!(!is_sound(&file[..512]));
        assert!(!is_sound(b""));
        // The directory's sector follows itself.
        let table = number::<4>(file, 76).unwrap() as usize;
        let directory = number::<4>(file, 48).unwrap();
        let mut circle = file.to_vec();
        let at = (table + 1) * 512 + directory as usize * 4;
        circle[at..at + 4].copy_from_slice(&directory.to_le_bytes());
        assert!(!is_sound(&circle));
    }
}
