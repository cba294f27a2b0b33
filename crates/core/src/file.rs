//! Attached files: their forms, size limits and errors.

/// The reason why a file can't be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file exceeds its form's limit, or has too much text for one file.
    TooBig,
    /// The maximum number of attachments is reached.
    TooMany,
    /// The file is empty.
    Empty,
    /// The file is neither text nor an image nor a PDF.
    Binary,
    /// The browser can't decode the image.
    Picture,
    /// The file is damaged, or not a PDF at all.
    Pdf,
    /// The PDF needs a password.
    Locked,
    /// The PDF has pages, but no text on them.
    NoText,
    /// The PDF has text, but nothing tells which characters it shows.
    Unmapped,
    /// The document is damaged, or of an unknown kind.
    Document,
    /// The document is of an old program, whose format is not read.
    OldDocument,
    /// The picture is a HEIC, and this browser reads none.
    Heic,
    /// More pages were to be attached as pictures than a message takes.
    MorePages,
    /// Pages were attached as pictures, with letters missing whose font the PDF does not contain.
    NoFonts,
    /// The worker that reads such files failed, or could not be loaded.
    Failed,
    /// The page's chunk that reads files could not be loaded.
    Unread,
    /// The browser's storage is full.
    Full,
    /// The browser gives this page no storage.
    Blocked,
}

impl Error {
    /// Returns whether a PDF's pages can be drawn, although its text can't be read.
    pub const fn has_pages(self) -> bool {
        matches!(
            self,
            Self::NoText | Self::Unmapped | Self::TooBig | Self::Failed
        )
    }

    /// The errors that a worker can report.
    pub const ALL: &[Self] = &[
        Self::TooBig,
        Self::Empty,
        Self::Binary,
        Self::Picture,
        Self::Pdf,
        Self::Locked,
        Self::NoText,
        Self::Unmapped,
        Self::Document,
        Self::OldDocument,
        Self::Heic,
        Self::Failed,
    ];
}

/// Form in which a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Image.
    Picture,
    /// PDF.
    Pdf,
    /// Document of an office program.
    Office,
    /// Text, whatever its media type.
    Text,
}

/// Ends of the names of office programs' documents. Those of old programs and Hangul are here for their own sentence.
const OFFICE: [&str; 25] = [
    "docx", "docm", "dotx", "dotm", "doc", "dot", "xlsx", "xlsm", "xltx", "xlsb", "xls", "xlt",
    "pptx", "pptm", "ppsx", "potx", "ppt", "pps", "odt", "ott", "ods", "ots", "odp", "otp", "hwp",
];

/// Begins of their media types.
const OFFICE_TYPES: [&str; 5] = [
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/msword",
];

/// Maximum text per file, in bytes.
pub const MAX_TEXT: u32 = 1_000_000;

impl Form {
    /// Returns the form of a file with this media type and name. Systems know few media types, and Windows takes
    /// CSV for Excel's, so the name's end decides where it is known.
    pub fn of(media_type: &str, name: &str) -> Self {
        let end = name.rsplit_once('.').map_or("", |(_, end)| end);
        let end = end.to_ascii_lowercase();
        match &*end {
            "pdf" => return Self::Pdf,
            _ if OFFICE.contains(&&*end) => return Self::Office,
            // Few systems know these.
            "heic" | "heif" | "avif" | "webp" if media_type.is_empty() => return Self::Picture,
            _ => {}
        }
        let is_office = |start: &&str| media_type.starts_with(*start);
        match media_type {
            // It is text as well, and no browser draws it in a worker.
            "image/svg+xml" => Self::Text,
            "application/pdf" => Self::Pdf,
            other if other.starts_with("image/") => Self::Picture,
            _ if end.is_empty() && OFFICE_TYPES.iter().any(is_office) => Self::Office,
            _ => Self::Text,
        }
    }

    /// Returns the maximum file size of this form, in bytes.
    pub const fn most(self) -> u32 {
        match self {
            Self::Picture | Self::Pdf | Self::Office => 20_000_000,
            Self::Text => MAX_TEXT,
        }
    }

    /// Returns the worker that reads this form: a program of its own, so that an image needs no parser of
    /// documents.
    pub const fn worker(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Office => "office",
            Self::Picture | Self::Text => "file",
        }
    }
}

/// Checks a size against a limit, both in bytes.
///
/// # Errors
/// [`Error::TooBig`]
pub const fn limit(bytes: u32, most: u32) -> Result<(), Error> {
    if bytes > most {
        return Err(Error::TooBig);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_what_it_is() {
        #[track_caller]
        fn check(media_type: &str, name: &str, expected: Form) {
            assert_eq!(Form::of(media_type, name), expected);
        }
        check("image/png", "a.png", Form::Picture);
        check("image/svg+xml", "a.svg", Form::Text);
        check("application/pdf", "a", Form::Pdf);
        check("", "보고서.PDF", Form::Pdf);
        check("", "report.docx", Form::Office);
        check("application/msword", "옛 문서.DOC", Form::Office);
        check("application/vnd.oasis.opendocument.text", "a", Form::Office);
        check("application/vnd.ms-excel", "표.csv", Form::Text);
        check("application/zip", "표.ods", Form::Office);
        check("", "IMG_0001.HEIC", Form::Picture);
        check("image/heic", "a", Form::Picture);
        check("", "docx", Form::Text);
        check("text/plain", "a.txt", Form::Text);
        check("application/json", "a.json", Form::Text);
        check("", "Makefile", Form::Text);
    }

    #[test]
    fn a_limit_is_the_last_size_that_goes() {
        assert_eq!(limit(1_000_000, MAX_TEXT), Ok(()));
        assert_eq!(limit(1_000_001, MAX_TEXT), Err(Error::TooBig));
        assert_eq!(limit(u32::MAX, Form::Picture.most()), Err(Error::TooBig));
    }
}
