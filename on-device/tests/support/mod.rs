//! Functions shared by several tests.

use on_device::{Error, Loaded, Loader};

/// Loads a file in chunks of these lengths, repeating the last one.
pub fn load(file: &[u8], pieces: &[usize]) -> Result<Loaded, Error> {
    let mut loader = Loader::new(file.len() as u64)?;
    let mut lengths = pieces.iter().copied();
    let mut length = file.len();
    let mut rest = file;
    while !rest.is_empty() {
        length = lengths.next().unwrap_or(length).clamp(1, rest.len());
        let (piece, after) = rest.split_at(length);
        loader.push(piece)?;
        rest = after;
    }
    loader.finish()
}
