//! Reads pictures and scales them down for sending.

use collate_core::{
    chat::attachment::{Kind, Original},
    file::Error,
};
use collate_worker::file as worker;
use wasm_bindgen::{Clamped, JsCast};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, ImageBitmap, ImageData, ImageEncodeOptions, OffscreenCanvas,
    OffscreenCanvasRenderingContext2d,
};

/// Maximum length of the longer side of a sent picture, in pixels: models use no more.
const LONGEST: u32 = 2048;

/// Maximum size of a PNG that is sent unchanged, in bytes.
const SMALL: f64 = 1_000_000.0;

/// Reads a file as a picture: its first frame, in the camera's orientation.
///
/// # Errors
/// If the file can't be read as a picture.
pub async fn read(file: File) -> Result<(Kind, Blob), Error> {
    let Some(bitmap) = decoded(&file).await else {
        let begin = file.slice_with_i32_and_i32(0, 64);
        let begin = begin.map_err(|_| Error::Picture)?;
        let is_heic = is_heic(&worker::bytes(&begin).await?);
        return Err(if is_heic { Error::Heic } else { Error::Picture });
    };
    let (was, kind) = ((bitmap.width(), bitmap.height()), file.type_());
    let (width, height) = fit(was.0, was.1);
    if (width, height) == was && kind == "image/png" && file.size() <= SMALL {
        let original = None;
        return Ok((
            Kind::Image {
                width,
                height,
                original,
            },
            file.unchecked_into(),
        ));
    }
    let written = write(&bitmap, (width, height), kind == "image/jpeg");
    let blob = written.ok_or(Error::Failed)?;
    let blob = JsFuture::from(blob).await.map_err(|_| Error::Failed)?;
    let original = Some(Original {
        width: was.0,
        height: was.1,
        bytes: worker::whole(file.size()),
    });
    Ok((
        Kind::Image {
            width,
            height,
            original,
        },
        blob.unchecked_into(),
    ))
}

async fn decoded(file: &File) -> Option<ImageBitmap> {
    let bitmap = worker::scope().create_image_bitmap_with_blob(file).ok()?;
    Some(JsFuture::from(bitmap).await.ok()?.unchecked_into())
}

/// Returns whether a file begins as a HEIC does, whatever its name: cameras' pictures are often renamed. See ISO
/// 14496-12, 4.3, and ISO 23008-12, 10.
fn is_heic(begin: &[u8]) -> bool {
    const BRANDS: [&[u8; 4]; 10] = [
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1",
    ];
    let [a, b, c, d, b'f', b't', b'y', b'p', brands @ ..] = begin else {
        return false;
    };
    let length = u32::from_be_bytes([*a, *b, *c, *d]);
    let length = usize::try_from(length).unwrap_or(0).saturating_sub(8);
    let (brands, _) = brands[..length.min(brands.len())].as_chunks::<4>();
    // AVIF has the same form, and says so as well.
    let is = |brand: &[u8; 4]| brands.contains(brand);
    BRANDS.into_iter().any(is) && !is(b"avif")
}

/// Encodes opaque pixels as JPEG.
///
/// # Errors
/// If the browser refuses.
pub async fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Blob, Error> {
    let promise = || {
        let data =
            ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels), width, height).ok()?;
        let canvas = OffscreenCanvas::new(width, height).ok()?;
        let context = canvas.get_context("2d").ok()??;
        let context: OffscreenCanvasRenderingContext2d = context.unchecked_into();
        context.put_image_data(&data, 0.0, 0.0).ok()?;
        let options = ImageEncodeOptions::new();
        options.set_type("image/jpeg");
        options.set_quality(0.9);
        canvas.convert_to_blob_with_options(&options).ok()
    };
    let blob = JsFuture::from(promise().ok_or(Error::Failed)?).await;
    Ok(blob.map_err(|_| Error::Failed)?.unchecked_into())
}

/// Draws the picture in this size: as PNG if a pixel is transparent, else as JPEG. Neither keeps the file's
/// metadata, such as the location.
fn write(
    bitmap: &ImageBitmap,
    (width, height): (u32, u32),
    is_opaque: bool,
) -> Option<js_sys::Promise> {
    let canvas = OffscreenCanvas::new(width, height).ok()?;
    let context = canvas.get_context("2d").ok()??;
    let context: OffscreenCanvasRenderingContext2d = context.unchecked_into();
    let (wide, high) = (f64::from(width), f64::from(height));
    context.set_image_smoothing_enabled(true);
    context
        .draw_image_with_image_bitmap_and_dw_and_dh(bitmap, 0.0, 0.0, wide, high)
        .ok()?;
    let is_opaque = is_opaque || {
        let pixels = context.get_image_data(0.0, 0.0, wide, high).ok()?.data();
        pixels.iter().skip(3).step_by(4).all(|alpha| *alpha == 255)
    };
    let options = ImageEncodeOptions::new();
    options.set_type(if is_opaque { "image/jpeg" } else { "image/png" });
    options.set_quality(0.9);
    canvas.convert_to_blob_with_options(&options).ok()
}

/// The size in which a picture is sent: its own, or scaled down so that the longer side just fits.
fn fit(width: u32, height: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= LONGEST {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled = u64::from(side) * u64::from(LONGEST) + u64::from(longer) / 2;
        u32::try_from(scaled / u64::from(longer)).map_or(LONGEST, |side| side.max(1))
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heic_is_known_by_its_begin() {
        #[track_caller]
        fn check(begin: &[u8], expected: bool) {
            assert_eq!(is_heic(begin), expected, "{begin:?}");
        }
        check(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0", true);
        check(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", true);
        check(b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", false);
        check(b"\0\0\0\x18ftypisom\0\0\0\0mp41mp42", false);
        check(b"\0\0\0\x08ftypheic", false);
        check(b"\xff\xd8\xff\xe0", false);
        check(b"", false);
    }

    #[test]
    fn a_picture_keeps_its_shape() {
        #[track_caller]
        fn check(size: (u32, u32), expected: (u32, u32)) {
            assert_eq!(fit(size.0, size.1), expected);
        }
        check((1, 1), (1, 1));
        check((2048, 2048), (2048, 2048));
        check((4096, 2048), (2048, 1024));
        check((3024, 4032), (1536, 2048));
        check((2049, 1), (2048, 1));
        check((100_000, 1), (2048, 1));
        check((u32::MAX, u32::MAX), (2048, 2048));
    }
}
