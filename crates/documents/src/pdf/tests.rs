use std::fmt::Write;

use super::*;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/files/", $name))
    };
}

const KOREAN: &[u8] = file!("korean.pdf");

/// Reads a PDF with all CMaps that it asks for, as the library carries them for tests.
fn read(pdf: &[u8]) -> Result<Text, Error> {
    let bytes = Arc::new(pdf.to_vec());
    text(&bytes, &Arc::new(Maps::all()))
}

#[test]
fn the_text_of_a_pdf_is_read_whole() {
    #[track_caller]
    fn check(pdf: &[u8], pages: u32, words: &[&str]) {
        let read = read(pdf).unwrap();
        assert_eq!((read.pages, read.unread), (pages, None));
        for words in words {
            assert!(read.text.contains(words), "{words} in {}", read.text);
        }
    }
    check(
        file!("english.pdf"),
        2,
        &[
            "“efficient” office files, naïve café",
            "Alpha 12",
            "second page",
        ],
    );
    check(
        KOREAN,
        1,
        &[
            "다람쥐 헌 쳇바퀴에 타고파.",
            "한 줄에 다 들어가지 않으므로",
            "漢字 ひらがな English",
        ],
    );
}

// Case look_pdf_cmap.
#[test]
fn fonts_without_a_map_are_read_by_the_predefined_ones() {
    #[track_caller]
    fn check(pdf: &[u8], expected: &str) {
        let read = read(pdf).unwrap();
        assert_eq!((&*read.text, read.unread), (expected, None));
    }
    check(file!("euc.pdf"), "주간 업무 보고서 2024");
    check(
        file!("uhc.pdf"),
        "주간 업무 보고서 2024\n똠방각하와 펲시콜라의 회의 결과",
    );
    check(file!("uniks.pdf"), "주간 업무 보고서 2024");
    check(file!("sjis.pdf"), "週間業務報告書 2024");
    check(file!("mixed.pdf"), "첫째 줄입니다\n둘째 줄입니다");
    check(file!("identity.pdf"), "가각간 ABC");
    check(
        file!("half.pdf"),
        "가각간\nInvoice 2024\n갗같갚\nTotal 1,000",
    );
}

/// Makes a PDF of pages with these contents. The objects from 20 on are in `more`; the fonts are named F20 and so on
/// by their objects.
fn made(contents: &[&str], more: &[(u32, &str)]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut add = |number: u32, object: &str| {
        pdf.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
    };
    let mut fonts = String::new();
    for (number, _) in more {
        let _ = write!(fonts, "/F{number} {number} 0 R ");
    }
    let mut kids = String::new();
    for (number, content) in (1000..).step_by(2).zip(contents) {
        let _ = write!(kids, "{number} 0 R ");
        let content_number = number + 1;
        add(
            number,
            &format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {content_number} 0 R \
                 /Resources << /Font << {fonts} >> /XObject << {fonts} >> >> >>"
            ),
        );
        add(content_number, &stream("", content));
    }
    let count = contents.len();
    add(
        2,
        &format!("<< /Type /Pages /Kids [{kids}] /Count {count} >>"),
    );
    for (number, object) in more {
        add(*number, object);
    }
    add(1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf.extend(b"trailer << /Root 1 0 R >>\n%%EOF");
    pdf
}

fn stream(dict: &str, content: &str) -> String {
    let length = content.len();
    format!("<< {dict} /Length {length} >>\nstream\n{content}\nendstream")
}

/// A composite font that is not in the PDF.
fn composite(encoding: &str, ordering: &str) -> String {
    format!(
        "<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding {encoding} /DescendantFonts [ << /Type /Font \
         /Subtype /CIDFontType0 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) \
         /Supplement 1 >> >> ] >>"
    )
}

const HELVETICA: &str =
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

#[test]
fn every_predefined_map_is_read() {
    #[track_caller]
    fn check(encoding: &str, ordering: &str, codes: &str, expected: &str) {
        let content = format!("BT /F20 20 Tf 50 700 Td <{codes}> Tj ET");
        let font = composite(&format!("/{encoding}"), ordering);
        let read = read(&made(&[&content], &[(20, &font)])).unwrap();
        assert_eq!((&*read.text, read.unread), (expected, None), "{encoding}");
    }
    for name in [
        "KSC-EUC-H",
        "KSC-EUC-V",
        "KSCms-UHC-H",
        "KSCms-UHC-HW-V",
        "KSCpc-EUC-H",
    ] {
        check(name, "Korea1", "b0a1b3aa41", "가나A");
    }
    for name in ["UniKS-UCS2-H", "UniKS-UTF16-V", "UniKS-UTF16-H"] {
        check(name, "Korea1", "ac00b0980041", "가나A");
    }
    check("UniKS-UTF8-H", "Korea1", "eab08041", "가A");
    check("UniKS-UTF32-H", "Korea1", "0000ac0000000041", "가A");
    for name in [
        "90ms-RKSJ-H",
        "90msp-RKSJ-V",
        "90pv-RKSJ-H",
        "83pv-RKSJ-H",
        "Ext-RKSJ-H",
        "Add-RKSJ-V",
    ] {
        check(name, "Japan1", "93fa967b41", "日本A");
    }
    check("EUC-H", "Japan1", "c6fccbdc41", "日本A");
    check("H", "Japan1", "467c4b5c", "日本");
    check("V", "Japan1", "467c4b5c", "日本");
    for name in [
        "UniJIS-UCS2-H",
        "UniJIS-UCS2-HW-H",
        "UniJIS-UTF16-H",
        "UniJIS2004-UTF16-H",
    ] {
        check(name, "Japan1", "65e5672c0041", "日本A");
    }
    for name in [
        "GB-EUC-H",
        "GBK-EUC-H",
        "GBKp-EUC-V",
        "GBK2K-H",
        "GBpc-EUC-H",
    ] {
        check(name, "GB1", "d6d0b9fa41", "中国A");
    }
    for name in ["UniGB-UCS2-H", "UniGB-UTF16-V"] {
        check(name, "GB1", "4e2d56fd0041", "中国A");
    }
    for name in ["B5pc-H", "ETen-B5-H", "ETenms-B5-V", "HKscs-B5-H"] {
        check(name, "CNS1", "a4a4b0ea41", "中國A");
    }
    check("CNS-EUC-H", "CNS1", "c4e341", "中A");
    for name in ["UniCNS-UCS2-H", "UniCNS-UTF16-H"] {
        check(name, "CNS1", "4e2d570b0041", "中國A");
    }
    // CIDs.
    check("Identity-H", "Japan1", "034d034e", "いぅ");
    check("Identity-V", "GB1", "11cf0022", "中A");
}

#[test]
fn a_map_in_the_pdf_is_read() {
    let map = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Korea1) /Supplement 1 >> def \
               1 begincodespacerange <00> <ff> endcodespacerange \
               1 begincidrange <41> <43> 1086 endcidrange";
    let content = "BT /F20 20 Tf 50 700 Td (ABC) Tj ET";
    let font = composite("21 0 R", "Korea1");
    let map = stream("/Type /CMap /CMapName /Mine", map);
    let read = read(&made(&[content], &[(20, &font), (21, &map)])).unwrap();
    assert_eq!((&*read.text, read.unread), ("가각간", None));
}

// Case look_pdf_silent_loss.
#[test]
fn what_can_not_be_read_is_told_with_its_share_and_pages() {
    #[track_caller]
    fn check(contents: &[&str], expected: Result<(&str, u8, &str), Error>) {
        let unmapped = composite("/Identity-H", "Identity");
        let picture = stream(
            "/Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8",
            "x",
        );
        let fonts = [
            (20, &*unmapped),
            (21, HELVETICA),
            (22, &*composite("/Mine-H", "Mine")),
            (23, &*picture),
        ]
        .map(|(number, font)| (number, font.to_owned()));
        let fonts: Vec<_> = fonts
            .iter()
            .map(|(number, font)| (*number, &**font))
            .collect();
        let read = read(&made(contents, &fonts));
        let told = read.as_ref().map_err(|error| *error).map(|read| {
            let unread = read.unread.unwrap_or(Unread::new(0, []));
            (&*read.text, unread.percent, unread.pages.to_string())
        });
        let expected = expected.map(|(text, percent, pages)| (text, percent, pages.to_owned()));
        assert_eq!(told, expected);
    }
    const UNKNOWN: &str = "BT /F20 20 Tf 50 700 Td <00010002> Tj ET ";
    const LATIN: &str = "BT /F21 20 Tf 50 660 Td (Total) Tj ET ";
    const NO_MAP: &str = "BT /F22 20 Tf 50 620 Td <00010002> Tj ET ";
    const PICTURE: &str = "q 600 0 0 800 0 0 cm /F23 Do Q ";
    let both = [UNKNOWN, LATIN, NO_MAP].concat();
    check(&[LATIN], Ok(("Total", 0, "")));
    check(&[&both], Ok(("\u{fffd}\nTotal\n\u{fffd}", 44, "1")));
    check(
        &[LATIN, &both, LATIN, UNKNOWN],
        Ok((
            "Total\n\n\u{fffd}\nTotal\n\u{fffd}\n\nTotal\n\n\u{fffd}",
            29,
            "2,4",
        )),
    );
    check(&[LATIN, PICTURE, PICTURE], Ok(("Total", 0, "2-3")));
    check(&[UNKNOWN], Err(Error::Unmapped));
    check(&[UNKNOWN, NO_MAP], Err(Error::Unmapped));
    check(&[PICTURE], Err(Error::NoText));
    check(&[""], Err(Error::NoText));
}

#[test]
fn text_is_found_wherever_it_is() {
    #[track_caller]
    fn check(content: &str, more: &[(u32, &str)], expected: &str) {
        let more = [&[(20, HELVETICA)], more].concat();
        assert_eq!(
            read(&made(&[content], &more)).unwrap().text,
            expected,
            "{content}"
        );
    }
    // Kerning, words that are set apart, and lines.
    check(
        "BT /F20 10 Tf 50 700 Td [(W) 80 (ord) -300 (two)] TJ ET",
        &[],
        "Word two",
    );
    check(
        "BT /F20 10 Tf 14 TL 50 700 Td (a) Tj T* (b) Tj (c) ' 0 0 (d) \" ET",
        &[],
        "a\nb\nc\nd",
    );
    check(
        "BT /F20 10 Tf 1 0 0 1 50 700 Tm (a) Tj 1 0 0 1 50 600 Tm (b) Tj ET",
        &[],
        "a\n\nb",
    );
    // Upside down and turned pages read the same.
    check(
        "q 0 1 -1 0 300 0 cm BT /F20 10 Tf 50 70 Td (a b) Tj 0 -12 Td (c) Tj ET Q",
        &[],
        "a b\nc",
    );
    // A form, in itself as well.
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /Font << /F20 20 0 R >> /XObject << /X 21 0 R >> >>",
        "BT /F20 10 Tf 50 700 Td (in a form) Tj ET",
    );
    check("/F21 Do", &[(21, &form)], "in a form");
    let loops = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 600 800] /Resources << /XObject << /X 21 0 R >> >>",
        "/X Do /X Do",
    );
    check(
        "/F21 Do BT /F20 10 Tf (after) Tj ET",
        &[(21, &loops)],
        "after",
    );
    // The text that stands instead of glyphs.
    check(
        "BT /F20 10 Tf 50 700 Td /Span << /ActualText (fi) >> BDC (xyz) Tj EMC (ne) Tj ET",
        &[],
        "fine",
    );
    check(
        "BT /F20 10 Tf 50 700 Td /Span << /ActualText <feffac00> >> BDC (x) Tj EMC EMC ET",
        &[],
        "가",
    );
    // A damaged font and a damaged content.
    check(
        "BT /F21 10 Tf (x) Tj /F20 10 Tf (ok) Tj ET",
        &[(21, "<< /Type /Font >>")],
        "\u{fffd}ok",
    );
    check("BT /F20 10 Tf (ok) Tj ) >> ]] [ (<", &[], "ok");
}

#[test]
fn hostile_widths_take_no_memory() {
    let font = composite("/Identity-H", "Korea1")
        .replace("/CIDSystemInfo", "/W [0 4294967295 500] /CIDSystemInfo");
    let content = "BT /F20 20 Tf <0001> Tj ET BT /F21 20 Tf 0 20 Td (ok) Tj ET";
    let read = read(&made(&[content], &[(20, &font), (21, HELVETICA)])).unwrap();
    assert_eq!(read.text, "\u{fffd}\nok");
}

/// Damages real PDFs: none may make the reader panic. `FUZZ` sets the number of tries.
#[test]
fn damaged_pdfs_do_no_harm() {
    let tries = std::env::var("FUZZ")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let files: [&[u8]; 6] = [
        file!("half.pdf"),
        file!("mixed.pdf"),
        file!("sjis.pdf"),
        file!("english.pdf"),
        KOREAN,
        file!("locked.pdf"),
    ];
    // A linear congruential generator: the tries are the same everywhere.
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for _ in 0..tries.unwrap_or(300) {
        let mut bytes = files[random(files.len())].to_vec();
        for _ in 0..=random(12) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = u8::try_from(random(256)).unwrap(),
                2 => bytes[at] = *b"0123456789<>[]()/% ".get(random(19)).unwrap(),
                _ => {
                    let from = random(bytes.len());
                    let part = bytes[from..(from + random(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        let _ = read(&bytes);
    }
}

#[test]
fn a_pdf_without_text_says_why() {
    #[track_caller]
    fn check(pdf: &[u8], expected: Error) {
        assert_eq!(read(pdf).unwrap_err(), expected);
    }
    check(file!("locked.pdf"), Error::Locked);
    check(file!("picture.pdf"), Error::NoText);
    check(b"", Error::Pdf);
    check(b"%PDF-1.4\nno more", Error::Pdf);
    check(&KOREAN[..KOREAN.len() / 2], Error::Pdf);
}
