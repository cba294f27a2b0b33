//! What the build in `dist/` has.

use std::{fs, path::Path};

/// Returns whether the build has a file by its name: see `src/assets.rs`. Some come from npm, and a build can
/// lack them. Then this says that a test does not test them.
pub fn has(name: &str) -> bool {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let page = fs::read_to_string(dist.join("index.html")).unwrap_or_default();
    let is_there = page.contains(&format!("\"{name}\":"));
    if !is_there {
        println!("not tested: this build has no {name}");
    }
    is_there
}
