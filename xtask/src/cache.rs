//! A cache of earlier build results.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};

/// A short hash of some content, in hexadecimal digits.
pub fn digest(content: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Makes a folder from `key`, unless it was made from the same key by the same version of this tool.
///
/// # Errors
/// If it can't be made.
pub fn folder(path: &Path, key: &impl Hash, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let stamp = path.with_extension("made");
    let key = digest(&(tool(), digest(key)));
    if path.is_dir() && fs::read_to_string(&stamp).is_ok_and(|made| made == key) {
        return Ok(());
    }
    // An interrupted build leaves no stamp.
    let _ = fs::remove_file(&stamp);
    empty(path)?;
    make()?;
    fs::write(&stamp, key)?;
    Ok(())
}

/// Creates an empty folder, deleting an existing one.
///
/// # Errors
/// If a file operation fails.
pub fn empty(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    fs::create_dir_all(path).with_context(|| path.display().to_string())
}

/// All files below a folder, sorted.
///
/// # Errors
/// If a file operation fails.
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

/// The version of this tool: another version may give another result for the same key.
fn tool() -> Option<(u64, SystemTime)> {
    let metadata = fs::metadata(env::current_exe().ok()?).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
