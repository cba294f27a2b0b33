//! What was made before, and need not be made again.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};

/// A short name for some content, of letters and digits.
pub fn digest(content: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Makes a folder from what `key` says, unless it was made from the same by the same tool.
///
/// # Errors
/// It can't be made.
pub fn folder(path: &Path, key: &impl Hash, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = path.with_extension("made");
    let key = digest(&(tool(), digest(key)));
    if path.is_dir() && fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(());
    }
    // What is cut off in the middle has no stamp.
    let _ = fs::remove_file(&stamp);
    empty(path)?;
    make()?;
    fs::write(&stamp, key)?;
    Ok(())
}

/// Makes an empty folder.
///
/// # Errors
/// The disk refuses.
pub fn empty(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    fs::create_dir_all(path).with_context(|| path.display().to_string())
}

/// All files below a folder, in order.
///
/// # Errors
/// The disk refuses.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// This tool's own version: another one may make something else of the same.
fn tool() -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(env::current_exe().ok()?).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
