use miniz_oxide::deflate::compress_to_vec;

use super::*;

/// A file to be archived: its name, its content, and whether it is packed.
type Given<'a> = (&'a [u8], &'a [u8], bool);

fn le(out: &mut Vec<u8>, number: u64, length: usize) {
    out.extend_from_slice(&number.to_le_bytes()[..length]);
}

/// Writes an archive, with sizes in ZIP64's fields if asked, after some other bytes.
fn archive(files: &[Given<'_>], is_long: bool, before: &[u8], comment: &[u8]) -> Vec<u8> {
    let mut out = before.to_vec();
    let mut list = Vec::new();
    for (name, content, is_packed) in files {
        let packed = if *is_packed {
            compress_to_vec(content, 6)
        } else {
            content.to_vec()
        };
        let from = (out.len() - before.len()) as u64;
        let (method, flags) = (if *is_packed { 8 } else { 0 }, 8);
        // The sizes are only in the list: they follow the content.
        out.extend_from_slice(b"PK\x03\x04");
        for (number, length) in [
            (20, 2),
            (flags, 2),
            (method, 2),
            (0, 4),
            (0, 4),
            (0, 4),
            (0, 4),
            (name.len() as u64, 2),
            (3, 2),
        ] {
            le(&mut out, number, length);
        }
        out.extend_from_slice(name);
        out.extend_from_slice(b"xyz");
        out.extend_from_slice(&packed);
        let [size, packed] = [content.len() as u64, packed.len() as u64];
        let short = |number: u64| if is_long { 0xffff_ffff } else { number };
        let extra = if is_long { 4 + 5 + 4 + 24 } else { 9 };
        list.extend_from_slice(b"PK\x01\x02");
        for (number, length) in [
            (20, 2),
            (20, 2),
            (flags, 2),
            (method, 2),
            (0, 4),
            (0, 4),
            (short(packed), 4),
            (short(size), 4),
            (name.len() as u64, 2),
            (extra, 2),
            (1, 2),
            (0, 2),
            (0, 2),
            (0, 4),
            (short(from), 4),
        ] {
            le(&mut list, number, length);
        }
        list.extend_from_slice(name);
        list.extend_from_slice(b"UT\x05\0\x01abcd");
        if is_long {
            list.extend_from_slice(b"\x01\0\x18\0");
            for number in [size, packed, from] {
                le(&mut list, number, 8);
            }
        }
        list.push(b'c');
    }
    let from = (out.len() - before.len()) as u64;
    let (length, count) = (list.len() as u64, files.len() as u64);
    out.extend_from_slice(&list);
    if is_long {
        let place = (out.len() - before.len()) as u64;
        out.extend_from_slice(b"PK\x06\x06");
        for (number, length) in [
            (44, 8),
            (45, 2),
            (45, 2),
            (0, 4),
            (0, 4),
            (count, 8),
            (count, 8),
            (length, 8),
            (from, 8),
        ] {
            le(&mut out, number, length);
        }
        out.extend_from_slice(b"PK\x06\x07");
        for (number, length) in [(0, 4), (place, 8), (1, 4)] {
            le(&mut out, number, length);
        }
    }
    let short = |number: u64, most: u64| if is_long { most } else { number };
    out.extend_from_slice(b"PK\x05\x06");
    for (number, size) in [
        (0, 2),
        (0, 2),
        (short(count, 0xffff), 2),
        (short(count, 0xffff), 2),
        (short(length, 0xffff_ffff), 4),
        (short(from, 0xffff_ffff), 4),
        (comment.len() as u64, 2),
    ] {
        le(&mut out, number, size);
    }
    out.extend_from_slice(comment);
    out
}

/// Reads all files of an archive.
fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Trouble> {
    let size = bytes.len() as u64;
    let range = |from: u64, to: u64| {
        let range = usize::try_from(from).unwrap()..usize::try_from(to).unwrap().min(bytes.len());
        bytes.get(range).unwrap_or_default()
    };
    let of = directory(range(size.saturating_sub(TAIL), size), size)?;
    let mut all = Vec::new();
    for entry in entries(of, range(of.from, of.to))? {
        let (from, to) = entry.place(range(entry.from, entry.from.saturating_add(HEADER)))?;
        all.push((entry.name.clone(), entry.content(range(from, to).to_vec())?));
    }
    Ok(all)
}

#[test]
fn an_archive_is_read() {
    #[track_caller]
    fn check(files: &[Given<'_>], expected: &[(&str, &str)]) {
        for (is_long, before, comment) in [
            (false, &b""[..], &b""[..]),
            (false, b"#!/bin/sh\n", b"a comment, PK\x05\x06 in it"),
            (true, b"", b""),
        ] {
            let found = read(&archive(files, is_long, before, comment)).unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|(name, content)| (&**name, str::from_utf8(content).unwrap()))
                .collect();
            assert_eq!(found, expected);
        }
    }
    check(&[], &[]);
    let long = "가나다 ".repeat(1000);
    check(
        &[
            ("대화/conversations.json".as_bytes(), long.as_bytes(), true),
            (b"folder/", b"", false),
            (b"a\\b.json", b"[]", false),
            (b"caf\x82.txt", b"", true),
        ],
        &[
            ("대화/conversations.json", &long),
            ("a/b.json", "[]"),
            ("café.txt", ""),
        ],
    );
}

#[test]
fn a_damaged_archive_is_none() {
    let files: &[Given<'_>] = &[
        (b"a.json", b"[1, 2, 3, 1, 2, 3, 1, 2, 3]", true),
        (b"b", b"xyz", false),
    ];
    for is_long in [false, true] {
        let whole = archive(files, is_long, b"", b"");
        let good = read(&whole).unwrap();
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err());
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff, whole[at] ^ 1] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = read(&changed);
            }
        }
        assert_eq!(good.len(), 2);
    }
    // A bomb: more than declared.
    let bomb = vec![0; 1_000_000];
    let mut whole = archive(&[(b"a", &bomb, true)], false, b"", b"");
    let list = whole
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    whole[list + 24..list + 28].copy_from_slice(&[10, 0, 0, 0]);
    assert_eq!(read(&whole), Err(Trouble::Damaged));
    // A password.
    let mut whole = archive(&[(b"a", b"b", false)], false, b"", b"");
    let list = whole
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    whole[list + 8] |= 1;
    let of = directory(&whole, whole.len() as u64).unwrap();
    let found = entries(of, &whole[usize::try_from(of.from).unwrap()..]).unwrap();
    assert!(found[0].is_locked);
    // Too many files.
    let mut long = archive(&[(b"a", b"b", false)], true, b"", b"");
    let record = long
        .windows(4)
        .rposition(|four| four == b"PK\x06\x06")
        .unwrap();
    long[record + 32..record + 36].copy_from_slice(&[0xff; 4]);
    assert_eq!(directory(&long, long.len() as u64), Err(Trouble::TooBig));
}
