//! Draws pages of PDFs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use collate_core::file::Error;
use documents::pdf::{
    NO_GLYPHS,
    maps::{Collection, Maps},
};
use hayro::{
    PixmapSettings, RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, font::FontQuery},
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    render,
    vello_cpu::color::palette::css::WHITE,
};

/// Length of a picture's longer side, in pixels: models use no more, and small print is legible.
const LONGEST: f32 = 2048.0;

/// Maximum scale: a page of a stamp's size has no more to show. A unit is 1/72 inch.
const SCALE: f32 = 6.0;

/// A PDF whose pages can be drawn.
pub struct Pages {
    pdf: Pdf,
    maps: Arc<Maps>,
    lacks_fonts: Arc<AtomicBool>,
}

/// A page.
#[derive(Debug)]
pub struct Picture {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Opaque pixels: red, green, blue and 255.
    pub pixels: Vec<u8>,
}

impl Pages {
    /// Opens a PDF.
    ///
    /// # Errors
    /// If it is damaged or locked.
    pub fn open(bytes: Vec<u8>) -> Result<Self, Error> {
        let pdf = Pdf::new(bytes).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Error::Locked,
            _ => Error::Pdf,
        })?;
        Ok(Self {
            pdf,
            maps: Arc::new(Maps::default()),
            lacks_fonts: Arc::default(),
        })
    }

    /// Number of pages.
    pub fn count(&self) -> u32 {
        u32::try_from(self.pdf.pages().len()).unwrap_or(u32::MAX)
    }

    /// Returns whether a page that was drawn needs a font that the PDF does not contain and that is not here: its
    /// letters are missing.
    pub fn lacks_fonts(&self) -> bool {
        self.lacks_fonts.load(Ordering::Relaxed)
    }

    /// The maps that the pages drawn so far needed and that are not there. With them, the pages may look different.
    pub fn missing(&self) -> Vec<Collection> {
        self.maps.missing()
    }

    /// Adds a map.
    pub fn add(&self, collection: Collection, map: Vec<u8>) {
        self.maps.add(collection, map);
    }

    /// Draws a page by its number, from 1.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// # Panics
    /// If the library panics.
    pub fn draw(&self, number: u32) -> Result<Picture, Error> {
        let at = usize::try_from(number).unwrap_or(0).checked_sub(1);
        let page = at
            .and_then(|at| self.pdf.pages().get(at))
            .ok_or(Error::Pdf)?;
        let (width, height) = page.render_dimensions();
        let (columns, rows) = size(width, height).ok_or(Error::Pdf)?;
        let settings = InterpreterSettings {
            font_resolver: self.fonts(),
            cmap_resolver: {
                let maps = Arc::clone(&self.maps);
                Arc::new(move |name| maps.find(name))
            },
            ..InterpreterSettings::default()
        };
        // The library rounds down.
        let scale = |pixels: u16, length: f32| (f32::from(pixels) + 0.5) / length;
        let pixmap = render(
            page,
            &RenderCache::new(),
            &settings,
            &RenderSettings::default(),
            &PixmapSettings {
                x_scale: scale(columns, width),
                y_scale: scale(rows, height),
                bg_color: WHITE,
            },
        );
        Ok(Picture {
            width: u32::from(pixmap.width()),
            height: u32::from(pixmap.height()),
            pixels: pixmap.data_as_u8_slice().to_vec(),
        })
    }

    /// The library's stand-ins for the fonts that a PDF need not contain. They have no letters of Korean, Japanese
    /// and Chinese.
    fn fonts(&self) -> hayro::hayro_interpret::FontResolverFn {
        let lacks_fonts = Arc::clone(&self.lacks_fonts);
        Arc::new(move |query| match query {
            FontQuery::Standard(font) => Some(font.get_font_data()),
            FontQuery::Fallback(font) if font.character_collection.is_some() => {
                lacks_fonts.store(true, Ordering::Relaxed);
                // A stand-in would show other letters.
                Some((Arc::new(NO_GLYPHS), 0))
            }
            FontQuery::Fallback(font) => Some(font.pick_standard_font().get_font_data()),
        })
    }
}

/// The size of a page's picture; None if the page has none.
fn size(width: f32, height: f32) -> Option<(u16, u16)> {
    let longer = width.max(height);
    let is_sane = longer.is_finite() && width > 0.0 && height > 0.0;
    let scale = (LONGEST / longer).min(SCALE);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are at most the longest"
    )]
    let pixels = |length: f32| ((length * scale).round() as u16).max(1);
    is_sane.then(|| (pixels(width), pixels(height)))
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/files/", $name)).to_vec()
        };
    }

    /// The number of pixels that are not white.
    fn ink(picture: &Picture) -> usize {
        let (pixels, _) = picture.pixels.as_chunks::<4>();
        pixels.iter().filter(|pixel| **pixel != [255; 4]).count()
    }

    #[test]
    fn pages_are_drawn() {
        #[track_caller]
        fn check(pdf: Vec<u8>, count: u32, lacks_fonts: bool) {
            let pages = Pages::open(pdf).unwrap();
            assert_eq!(pages.count(), count);
            for number in 1..=count {
                let picture = pages.draw(number).unwrap();
                assert_eq!(picture.width.max(picture.height), 2048);
                let length = picture.width as usize * picture.height as usize * 4;
                assert_eq!(picture.pixels.len(), length);
                assert_eq!(ink(&picture) > 0, !lacks_fonts);
            }
            assert_eq!(pages.lacks_fonts(), lacks_fonts);
            assert_eq!(pages.draw(count + 1).unwrap_err(), Error::Pdf);
            assert_eq!(pages.draw(0).unwrap_err(), Error::Pdf);
        }
        check(file!("english.pdf"), 2, false);
        check(file!("korean.pdf"), 1, false);
        check(file!("picture.pdf"), 1, false);
        check(file!("uniks.pdf"), 1, true);
    }

    #[test]
    fn what_is_no_pdf_says_so() {
        let check = |bytes: &[u8], expected| {
            assert_eq!(Pages::open(bytes.to_vec()).err(), Some(expected));
        };
        check(b"", Error::Pdf);
        check(&file!("locked.pdf"), Error::Locked);
    }

    #[test]
    fn a_page_keeps_its_shape() {
        #[track_caller]
        fn check(width: f32, height: f32, expected: Option<(u16, u16)>) {
            assert_eq!(size(width, height), expected);
        }
        check(595.0, 842.0, Some((1447, 2048)));
        check(842.0, 595.0, Some((2048, 1447)));
        check(100.0, 50.0, Some((600, 300)));
        check(1e9, 1.0, Some((2048, 1)));
        check(f32::INFINITY, 1.0, None);
        check(f32::NAN, 0.0, None);
        check(0.0, 10.0, None);
    }
}
