//! A file that is attached: what of it can be sent, and why it can't.

/// Why a file can't be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It is bigger than its form may be, or has more text than one file may give.
    TooBig,
    /// As many are attached as can be.
    TooMany,
    /// There is nothing in it.
    Empty,
    /// It is no text, and no picture or PDF either.
    Binary,
    /// The browser can't read it as the picture that it says it is.
    Picture,
    /// It is damaged, or no PDF at all.
    Pdf,
    /// It opens with a password only.
    Locked,
    /// It has pages, but no text on them.
    NoText,
    /// The worker that reads such files failed, or could not be loaded.
    Failed,
    /// The part of the page that reads files can't be had.
    Unread,
    /// The browser's storage is full.
    Full,
    /// The browser gives this page no storage.
    Blocked,
}

impl Error {
    /// What a worker can tell.
    pub const ALL: &[Self] = &[
        Self::TooBig,
        Self::Empty,
        Self::Binary,
        Self::Picture,
        Self::Pdf,
        Self::Locked,
        Self::NoText,
        Self::Failed,
    ];
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a picture.
    Picture,
    /// As a PDF.
    Pdf,
    /// As a text, whatever it says it is.
    Text,
}

/// The most text, in bytes, that one file gives.
pub const MOST_TEXT: u32 = 1_000_000;

impl Form {
    /// How a file of this media type and name is read.
    pub fn of(media_type: &str, name: &str) -> Self {
        let is_pdf = |name: &str| name.to_ascii_lowercase().ends_with(".pdf");
        match media_type {
            // A text as well, and no browser draws it in a worker.
            "image/svg+xml" => Self::Text,
            "application/pdf" => Self::Pdf,
            other if other.starts_with("image/") => Self::Picture,
            _ if is_pdf(name) => Self::Pdf,
            _ => Self::Text,
        }
    }

    /// The biggest file of this form that is read, in bytes.
    pub const fn most(self) -> u32 {
        match self {
            Self::Picture | Self::Pdf => 20_000_000,
            Self::Text => MOST_TEXT,
        }
    }

    /// The worker that reads it: a program of its own, so that a picture needs no PDF reader.
    pub const fn worker(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Picture | Self::Text => "file",
        }
    }
}

/// Lets only a size through that is not above a limit, both in bytes.
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
        check("text/plain", "a.txt", Form::Text);
        check("application/json", "a.json", Form::Text);
        check("", "Makefile", Form::Text);
    }

    #[test]
    fn a_limit_is_the_last_size_that_goes() {
        assert_eq!(limit(1_000_000, MOST_TEXT), Ok(()));
        assert_eq!(limit(1_000_001, MOST_TEXT), Err(Error::TooBig));
        assert_eq!(limit(u32::MAX, Form::Picture.most()), Err(Error::TooBig));
    }
}
