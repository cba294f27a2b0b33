//! Loads the real weights, if they are available.

use std::{env, fs, path::PathBuf};

use on_device::loader::{Loaded, Loader};

/// Loads the model of the fixtures: the file named by `ON_DEVICE_WEIGHTS`, or the one that script/bootstrap
/// stores with its tools. Without it, nothing is compared and a message says so.
pub fn loaded() -> Option<Loaded> {
    let path = env::var_os("ON_DEVICE_WEIGHTS").map_or_else(usual, PathBuf::from);
    let Ok(file) = fs::read(&path) else {
        eprintln!("SKIPPED: no weights at {}", path.display());
        return None;
    };
    let mut loader = Loader::new(file.len() as u64).expect("a size that is read");
    for bytes in file.chunks(1 << 20) {
        loader.push(bytes).expect("a file that is read");
    }
    Some(loader.finish().expect("a whole file"))
}

fn usual() -> PathBuf {
    let tools = env::var_os("COLLATE_TOOLS").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/collate"),
        PathBuf::from,
    );
    tools.join("models/smollm2-135m-instruct-q4_1.gguf")
}
