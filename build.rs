//! Turns `locales/*.json` into the module `i18n`, with a typed key for each word.
//!
//! `leptos_i18n_build` would do the same, but it brings formatting data that is not used here and
//! a WebAssembly interpreter into the build: minutes of it. These two crates are its core.

use std::{
    env,
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use leptos_i18n_codegen::gen_code;
use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

fn main() -> Result<(), Box<dyn Error>> {
    // The programs that are fetched later have names of their own only with this.
    println!("cargo::rerun-if-changed=src");
    println!(
        "cargo::rustc-env=COLLATE_BUILD={:016x}",
        hash(Path::new("src"))?
    );
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let config = Config::new("en")?
        .add_locale("ko")?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let words = parse_locales(None, config)?;
    // A word that one language lacks would be shown in another.
    let (errors, warnings) = words.diag.borrow();
    if let Some(problem) = errors
        .first()
        .map(ToString::to_string)
        .or_else(|| warnings.first().map(ToString::to_string))
    {
        return Err(problem.into());
    }
    drop((errors, warnings));
    let code = gen_code(&words, None, false, None, false)?;
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("i18n.rs"),
        code.to_string(),
    )?;
    Ok(())
}

/// A number that changes with the sources.
fn hash(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let mut hasher = DefaultHasher::new();
    fs::read("Cargo.lock")?.hash(&mut hasher);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> = fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::read(path)?.hash(&mut hasher);
            }
        }
    }
    Ok(hasher.finish())
}
