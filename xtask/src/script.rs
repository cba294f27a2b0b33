//! esbuild, where there is one: it makes one small file of a script and all that it imports. Without it
//! the page is the same, and asks for more files.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{cache, program::Program, step::say};

/// Whether there is an esbuild. Says so if there is none.
pub fn is_there() -> bool {
    let is_there = Command::new("esbuild")
        .arg("--version")
        .output()
        .is_ok_and(|said| said.status.success());
    if !is_there {
        say("no esbuild: the page asks for more files. script/bootstrap gets it where npm is");
    }
    is_there
}

/// Puts what a bound program ships into a folder: its scripts and modules.
///
/// # Errors
/// A script is wrong, or the disk refuses.
pub fn ship(root: &Path, program: &Program, bound: &Path, to: &Path, bundles: bool) -> Result<()> {
    for path in program
        .entries
        .iter()
        .map(|entry| entry.path)
        .chain(program.beside.iter().copied())
    {
        fs::copy(root.join(path), bound.join(file_name(path))).with_context(|| path.to_owned())?;
    }
    for path in cache::files(bound)? {
        let is_module = path.extension() == Some(OsStr::new("wasm"));
        if is_module || !bundles {
            let target = to.join(path.strip_prefix(bound)?);
            fs::create_dir_all(target.parent().unwrap_or(to))?;
            fs::copy(&path, target)?;
        }
    }
    if bundles {
        let entries = program
            .entries
            .iter()
            .map(|entry| bound.join(file_name(entry.path)));
        // `import.meta.url` stays as it is: what a script fetches by it lies beside the bundle, too.
        bundle(entries.collect(), &["--format=esm"], to)?;
    }
    Ok(())
}

/// Makes one style of several, smaller where that is possible.
///
/// # Errors
/// A file is missing, or is no style.
pub fn style(root: &Path, paths: &[&str], work: &Path, bundles: bool) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    for path in paths {
        whole.extend(fs::read(root.join(path)).with_context(|| (*path).to_owned())?);
    }
    if !bundles {
        return Ok(whole);
    }
    cache::empty(work)?;
    let (from, to) = (work.join("whole.css"), work.join("small"));
    fs::write(&from, whole)?;
    // What a style refers to is the page's business.
    bundle(vec![from], &["--external:*"], &to)?;
    Ok(fs::read(to.join("whole.css"))?)
}

fn bundle(entries: Vec<PathBuf>, options: &[&str], to: &Path) -> Result<()> {
    let output = Command::new("esbuild")
        .args([
            "--bundle",
            "--minify",
            "--charset=utf8",
            "--legal-comments=none",
            "--log-level=warning",
            // wasm-bindgen says the same twice where two functions come from one module.
            "--log-override:duplicate-object-key=silent",
        ])
        .args(options)
        .arg(format!("--outdir={}", to.display()))
        .args(entries)
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !said.is_empty() {
        bail!("esbuild: {said}");
    }
    Ok(())
}

/// The last part of a path in the workspace.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
