//! Runs esbuild, if it is installed: it bundles a script and all its imports into one small file. Without it,
//! the page works the same, with more requests.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    cache,
    program::{Entry, Program, Script},
    step::say,
};

/// Returns whether esbuild is installed; prints a message if it isn't.
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

/// Writes the scripts and modules of a bound program to a folder.
///
/// # Errors
/// If a script is invalid, or if a file operation fails.
pub fn ship(root: &Path, program: &Program, bound: &Path, to: &Path, bundles: bool) -> Result<()> {
    write(root, program.entries, program.beside, bound, to, bundles)
}

/// Writes a script with its library, which lies in a folder, to another folder.
///
/// # Errors
/// If a script is invalid, or if a file operation fails.
pub fn with_library(
    root: &Path,
    script: &Script,
    from: &Path,
    work: &Path,
    to: &Path,
    bundles: bool,
) -> Result<()> {
    cache::empty(work)?;
    cache::empty(to)?;
    fs::copy(from.join(script.library), work.join(script.library))?;
    write(root, &[script.entry], script.beside, work, to, bundles)?;
    fs::copy(from.join(script.licence), to.join(script.licence))?;
    Ok(())
}

fn write(
    root: &Path,
    entries: &[Entry],
    beside: &[&str],
    bound: &Path,
    to: &Path,
    bundles: bool,
) -> Result<()> {
    let scripts = entries.iter().map(|entry| entry.path);
    for path in scripts.chain(beside.iter().copied()) {
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
        let entries = entries
            .iter()
            .map(|entry| bound.join(file_name(entry.path)));
        // `import.meta.url` is kept: the files that a script fetches by it are in the bundle's folder, too.
        bundle(entries.collect(), &["--format=esm"], to)?;
    }
    Ok(())
}

/// Joins style sheets into one, minified if possible.
///
/// # Errors
/// If a file is missing or isn't a style sheet.
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
    // References in a style sheet are left to the page.
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
            // wasm-bindgen repeats a key if two functions come from one module.
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

/// The last component of a path in the workspace.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
