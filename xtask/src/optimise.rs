//! Makes the download smaller: runs wasm-opt, if it is installed, and orders the functions of each module. The page
//! works the same without.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use anyhow::{Context, Result, anyhow, bail};

use crate::{
    cache::digest,
    module, order,
    program::{FEATURES, Program},
};

/// The oldest version that supports everything that the compiler emits today.
const OLDEST: u32 = 117;

/// The version of the order of functions: cached results of an earlier one are not used.
const ORDER: u32 = 1;

/// The installed version, if it is new enough.
pub fn version() -> Option<String> {
    let said = Command::new("wasm-opt").arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    is_new(&said).then_some(said)
}

fn is_new(said: &str) -> bool {
    let mut numbers = said.split(|letter: char| !letter.is_ascii_digit());
    let number = numbers.find_map(|number| number.parse::<u32>().ok());
    number.is_some_and(|number| number >= OLDEST)
}

/// Optimises modules in place, with the options of their programs. `done` caches earlier results.
///
/// # Errors
/// If wasm-opt or a file operation fails.
pub fn all(modules: &[(Program, PathBuf)], version: Option<&str>, done: &Path) -> Result<()> {
    fs::create_dir_all(done)?;
    let mut left = Vec::new();
    for (program, path) in modules {
        let size = fs::metadata(path)?.len();
        left.push((size, program, path));
    }
    // The largest start first, so that the last one ends early.
    left.sort_by_key(|(size, ..)| *size);
    each(left, |(_, program, path)| match version {
        Some(version) => one(program, path, version, done),
        None => Ok(fs::write(path, tidied(&fs::read(path)?)?)?),
    })
}

fn one(program: &Program, path: &Path, version: &str, done: &Path) -> Result<()> {
    let module = fs::read(path)?;
    let small = done.join(digest(&(
        version,
        program.optimise,
        FEATURES,
        ORDER,
        &module,
    )));
    if !small.exists() {
        let part = small.with_extension("part");
        let output = Command::new("wasm-opt")
            .args(program.optimise)
            .args(FEATURES)
            .arg(path)
            .arg("-o")
            .arg(&part)
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("wasm-opt {}: {said}", path.display());
        }
        // wasm-opt keeps the sections in which the linker and the compiler describe themselves.
        fs::write(&part, tidied(&fs::read(&part)?)?)?;
        fs::rename(part, &small)?;
    }
    fs::copy(small, path).with_context(|| path.display().to_string())?;
    Ok(())
}

fn tidied(module: &[u8]) -> Result<Vec<u8>> {
    order::by_likeness(&module::stripped(module)?)
}

/// Runs a function on each item, from the last to the first, on all processors.
///
/// # Errors
/// The first error, if any.
pub fn each<T: Send>(items: Vec<T>, act: impl Fn(T) -> Result<()> + Sync) -> Result<()> {
    let left = Mutex::new(items);
    let work = || {
        loop {
            let next = left
                .lock()
                .map_err(|_| anyhow!("another thread has panicked"))?
                .pop();
            match next {
                Some(item) => act(item)?,
                None => return Ok(()),
            }
        }
    };
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, Into::into);
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|thread| {
            let end = thread.join();
            end.unwrap_or_else(|_| bail!("a thread has panicked"))
        });
        ends.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_not_taken() {
        let check = |said: &str, expected| assert_eq!(is_new(said), expected, "{said}");
        check("wasm-opt version 132 (version_132)", true);
        check("wasm-opt version 117", true);
        check("wasm-opt version 108", false);
        check("wasm-opt", false);
    }

    #[test]
    fn the_first_failure_is_told() {
        let sum = Mutex::new(0);
        let add = |number| {
            *sum.lock().unwrap() += number;
            Ok(())
        };
        each((1..=100).collect(), add).unwrap();
        assert_eq!(*sum.lock().unwrap(), 5050);
        assert!(
            each(vec![1, 2], |number| if number == 2 {
                bail!("no")
            } else {
                Ok(())
            })
            .is_err()
        );
    }
}
