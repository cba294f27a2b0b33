use std::io::{Cursor, Read, Write};

use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::*;

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("../../../../tests/files/", $name))
    };
}

/// Makes an archive of these files.
fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(
            *name,
            SimpleFileOptions::default().compression_level(Some(1)),
        )
        .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Makes a Word document of this body.
fn word(body: &str) -> Vec<u8> {
    word_with(body, &[])
}

fn word_with(body: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let body = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    let mut files = vec![("word/document.xml", body.as_bytes())];
    files.extend(
        more.iter()
            .map(|(name, content)| (*name, content.as_bytes())),
    );
    zipped(&files)
}

#[test]
fn documents_of_office_programs_are_read() {
    #[track_caller]
    fn check(file: &[u8], document: Document, expected: &str) {
        assert_eq!(text(file), Ok((document, expected.to_owned())));
    }
    check(
        file!("report.docx"),
        Document::Words,
        "# 분기 보고서\n\n# 1장 매출\n\n이번 분기 매출은 12% 늘었다.\n\n- 서울\n- 부산\n1. 먼저\n2. 다음\n\n\
         | 지역 | 매출 |\n|---|---|\n| 서울 | 1,200 |\n| 부산 | 800 \\| 예상 |\n\n## 부록\n\n끝.\t탭과\n줄바꿈",
    );
    check(
        file!("sales.xlsx"),
        Document::Sheets(3),
        "## Sheet: 매출\n\n지역,금액,날짜,비고\n서울,1200.5,2025-03-01,\"쉼표, 있음\"\n\
         부산,0.3,2025-03-02 09:30:00\n\n합계,=B2+B3,,TRUE\n\n## Sheet: 둘째\n\n따로\n\n\
         ## Sheet: 숨김 (hidden)\n\n비밀\n",
    );
    check(
        file!("old.xls"),
        Document::Sheets(1),
        "## Sheet: 옛 시트\n\n이름,수\n가나다,3.5\n",
    );
    check(
        file!("talk.pptx"),
        Document::Slides(3),
        "## Slide 1: 제품 소개\n\n2025년 봄\n\n## Slide 2: 장점\n\n- 빠르다\n  - 두 배\n- 작다\n\nNotes: 천천히 말하기\n\n\
         ## Slide 3: 표\n\n| 이름 | 값 |\n|---|---|\n| 가 | 1 |",
    );
    check(
        file!("notice.odt"),
        Document::Words,
        "# 공지\n\n회의는 월요일이다.[^1]\n\n- 자료\n- 명단\n\n| 이름 | 좌석 |\n|---|---|\n| 김 | 3 |\n\n[^1]: 오전 10시",
    );
    check(
        file!("sheet.ods"),
        Document::Sheets(1),
        "## Sheet: 시트\n\n이름,수\n가,1\n",
    );
    check(
        file!("talk.odp"),
        Document::Slides(1),
        "## Slide 1\n\n### 제목\n\n내용",
    );
}

#[test]
fn the_parts_of_a_word_document_are_read() {
    #[track_caller]
    fn check(body: &str, expected: &str) {
        let made = word(body);
        let read = text(&made).map(|(_, text)| text);
        assert_eq!(read, Ok(expected.to_owned()), "{body}");
    }
    let p = |text: &str| format!("<w:p><w:r>{text}</w:r></w:p>");
    check(&p("<w:t>A &amp; B &#44032;</w:t>"), "A & B 가");
    check(
        &p("<w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:noBreakHyphen/>"),
        "a\tb\n-",
    );
    // A tab stop is no tab.
    check(
        "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr><w:r><w:t>a</w:t></w:r></w:p>",
        "a",
    );
    // Changes: what was deleted is left out, and what was inserted is read.
    check(
        "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>",
        "new",
    );
    // A text box, whose stand-in would repeat it.
    check(
        "<w:p><w:r><w:t>out</w:t><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>in</w:t></w:r></w:p>\
         </w:txbxContent></mc:Choice><mc:Fallback><w:p><w:r><w:t>in</w:t></w:r></w:p></mc:Fallback>\
         </mc:AlternateContent></w:r></w:p>",
        "in\n\nout",
    );
    // A cell over two columns, and a table in a cell.
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", p(&format!("<w:t>{text}</w:t>")));
    check(
        &format!(
            "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>{}</w:tc></w:tr><w:tr>{}<w:tc><w:tbl><w:tr>{}{}\
             </w:tr></w:tbl></w:tc></w:tr></w:tbl>",
            p("<w:t>wide</w:t>"),
            cell("a"),
            cell("b"),
            cell("c"),
        ),
        "| | wide |\n|---|---|\n| a | b / c |",
    );
    check(
        "<w:p><w:pPr><w:outlineLvl w:val='2'/></w:pPr><w:r><w:t>h</w:t></w:r></w:p>",
        "### h",
    );
}

#[test]
fn numbers_and_notes_of_a_word_document_are_read() {
    let numbering = "<w:numbering xmlns:w='w'><w:abstractNum w:abstractNumId='0'>\
        <w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='제%1조'/></w:lvl>\
        <w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='ganada'/><w:lvlText w:val='%2.'/></w:lvl>\
        </w:abstractNum><w:num w:numId='7'><w:abstractNumId w:val='0'/></w:num></w:numbering>";
    let footnotes = "<w:footnotes xmlns:w='w'><w:footnote w:type='separator' w:id='-1'><w:p/></w:footnote>\
        <w:footnote w:id='2'><w:p><w:r><w:t>민법</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let item = |level: u32, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='7'/></w:numPr></w:pPr>\
             <w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let body = [
        item(0, "목적"),
        item(1, "하나"),
        item(1, "둘"),
        item(0, "정의"),
        item(1, "셋"),
        "<w:p><w:r><w:t>끝</w:t><w:footnoteReference w:id='2'/></w:r></w:p>".to_owned(),
    ];
    let made = word_with(
        &body.concat(),
        &[
            ("word/numbering.xml", numbering),
            ("word/footnotes.xml", footnotes),
        ],
    );
    let expected = "제1조 목적\n  가. 하나\n  나. 둘\n제2조 정의\n  가. 셋\n\n끝[^2]\n\n[^2]: 민법";
    assert_eq!(text(&made), Ok((Document::Words, expected.to_owned())));
}

/// Makes a compound file whose directory has these names.
fn compound(names: &[&str]) -> Vec<u8> {
    let mut bytes = compound::BEGIN.to_vec();
    bytes.resize(1024, 0);
    for name in names {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry.resize(128, 0);
        bytes.extend(entry);
    }
    bytes
}

#[test]
fn what_can_not_be_read_says_why() {
    #[track_caller]
    fn check(bytes: &[u8], expected: Error) {
        assert_eq!(text(bytes), Err(expected));
    }
    check(b"", Error::Document);
    check(b"not an archive", Error::Document);
    check(&zipped(&[("a.txt", b"a")]), Error::Document);
    check(&word(""), Error::Empty);
    check(&word("<w:p><w:r>"), Error::Document);
    check(
        &zipped(&[("word/document.xml", b"<a><b>")]),
        Error::Document,
    );
    check(
        &compound(&["Root Entry", "EncryptedPackage"]),
        Error::Locked,
    );
    check(
        &compound(&["Root Entry", "WordDocument"]),
        Error::OldDocument,
    );
    check(
        &compound(&["Root Entry", "PowerPoint Document"]),
        Error::OldDocument,
    );
    check(&compound(&["Root Entry", "Workbook"]), Error::Document);
    let locked =
        "<m:manifest xmlns:m='m'><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>";
    let files: [(&str, &[u8]); 2] = [
        ("META-INF/manifest.xml", locked.as_bytes()),
        ("content.xml", b"\x01\x02"),
    ];
    check(&zipped(&files), Error::Locked);
    // More text than a file may have.
    let long = format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", "a".repeat(2_000_000));
    check(&word(&long), Error::TooBig);
    let many = "<w:p><w:r><w:t>paragraph</w:t></w:r></w:p>".repeat(100_000);
    check(&word(&many), Error::TooBig);
}

#[test]
fn bombs_are_bounded() {
    let blanks = vec![b' '; 20_000_000];
    let bomb = zipped(&[("word/document.xml", &blanks)]);
    assert!(bomb.len() < 500_000);
    assert_eq!(text(&bomb), Err(Error::TooBig));
    let bomb = zipped(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", &blanks),
    ]);
    assert_eq!(text(&bomb), Err(Error::TooBig));
    // Elements in elements: the reader has no stack of its own.
    let deep = format!("{}{}", "<w:p>".repeat(100_000), "</w:p>".repeat(100_000));
    assert_eq!(text(&word(&deep)), Err(Error::Document));
    let deep = format!(
        "{}{}",
        "<w:tbl>".repeat(100_000),
        "</w:tbl>".repeat(100_000)
    );
    assert_eq!(text(&word(&deep)), Err(Error::Empty));
    // A row and a cell that are repeated a thousand million times.
    let sheet = "<o:document-content xmlns:o='o'><o:body><o:spreadsheet><o:table o:name='a'>\
        <o:table-row o:number-rows-repeated='1000000000'><o:table-cell o:number-columns-repeated='1000000000'>\
        <o:p>a</o:p></o:table-cell></o:table-row></o:table></o:spreadsheet></o:body></o:document-content>";
    assert_eq!(
        text(&zipped(&[("content.xml", sheet.as_bytes())])),
        Err(Error::TooBig)
    );
}

/// Damages documents: none may make a reader panic. `FUZZ` sets the number of tries.
#[test]
fn damaged_documents_do_no_harm() {
    let tries = std::env::var("FUZZ")
        .ok()
        .and_then(|tries| tries.parse().ok());
    let files: [&[u8]; 7] = [
        file!("report.docx"),
        file!("sales.xlsx"),
        file!("old.xls"),
        file!("talk.pptx"),
        file!("notice.odt"),
        file!("sheet.ods"),
        file!("talk.odp"),
    ];
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for _ in 0..tries.unwrap_or(200) {
        let file = files[random(files.len())];
        // Damage to the archive is mostly found by its checksums, so its files are damaged and packed again.
        let mut parts: Vec<(String, Vec<u8>)> = ZipArchive::new(Cursor::new(file)).map_or_else(
            |_| vec![(String::new(), file.to_vec())],
            |mut zip| {
                let parts = (0..zip.len()).map(|at| {
                    let mut part = zip.by_index(at).unwrap();
                    let mut content = Vec::new();
                    part.read_to_end(&mut content).unwrap();
                    (part.name().unwrap().into_owned(), content)
                });
                parts.collect()
            },
        );
        for _ in 0..=random(8) {
            let part = random(parts.len());
            let bytes = &mut parts[part].1;
            if bytes.is_empty() {
                continue;
            }
            let at = random(bytes.len());
            match random(6) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = u8::try_from(random(256)).unwrap(),
                2 => bytes[at] = b"0123456789<>/&'\" "[random(17)],
                _ => {
                    let from = random(bytes.len());
                    let copied = bytes[from..(from + random(60)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, copied);
                }
            }
        }
        let _ = match &*parts {
            [(_, bytes)] => text(bytes),
            parts => {
                let parts = parts.iter().map(|(name, content)| (&**name, &**content));
                text(&zipped(&parts.collect::<Vec<_>>()))
            }
        };
    }
}
