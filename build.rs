//! Turns `locales/*.json` into the module `i18n`, with a typed key for each word; cuts out the
//! syntaxes that are highlighted; names the version of the workers.
//!
//! `leptos_i18n_build` would do the same, but it brings formatting data that is not used here and
//! a WebAssembly interpreter into the build: minutes of it. These two crates are its core.

use std::{
    env,
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    process::Command,
};

use leptos_i18n_codegen::gen_code;
use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

#[path = "src/highlight/language.rs"]
mod language;
#[path = "build/syntaxes.rs"]
mod syntaxes;

/// What the programs are made of that are fetched when they are needed, and the page's side of the
/// protocol.
const PROGRAMS: &[&str] = &[
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "build",
    "build.rs",
    "on-device/Cargo.toml",
    "on-device/page",
    "on-device/src",
    "public/models.json",
    "public/preview.html",
    "public/worker.js",
    "style/answer.css",
    "style/panel.css",
    // It has Mermaid's version.
    "script/bootstrap",
    "locales",
    "src/archive.rs",
    "src/bin/archive.rs",
    "src/bin/file.rs",
    "src/bin/highlight.rs",
    "src/bin/panel.rs",
    "src/bin/maths.rs",
    "src/bin/pdf.rs",
    "src/bin/reader.rs",
    "src/bin/transfer.rs",
    "src/chat",
    "src/chat.rs",
    "src/clipboard.rs",
    "src/doctor",
    "src/doctor.rs",
    "src/endpoint",
    "src/endpoint.rs",
    "src/event.rs",
    "src/file",
    "src/file.rs",
    "src/highlight",
    "src/highlight.rs",
    "src/panel",
    "src/panel.rs",
    "src/i18n.rs",
    "src/id.rs",
    "src/json.rs",
    "src/lens",
    "src/lens.rs",
    "src/markdown",
    "src/markdown.rs",
    "src/maths",
    "src/maths.rs",
    "src/openai",
    "src/openai.rs",
    "src/packed",
    "src/packed.rs",
    "src/reader",
    "src/reader.rs",
    "src/search",
    "src/search.rs",
    "src/session",
    "src/session.rs",
    "src/storage",
    "src/storage.rs",
    "src/transfer",
    "src/transfer.rs",
    "src/view/explain.rs",
    "src/view/field.rs",
    "src/view/form.rs",
    "src/view/icon.rs",
    "src/view/menu.rs",
    "src/view/panel.rs",
    "src/view/params.rs",
    "src/view/panel.js",
    "src/view/dynamic.rs",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let out = PathBuf::from(env::var("OUT_DIR")?);
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
    fs::write(out.join("i18n.rs"), code.to_string())?;
    let names: Vec<_> = language::LANGUAGES.iter().map(|(name, _)| *name).collect();
    syntaxes::write(&names, &out.join("syntaxes.bin"))?;
    println!("cargo::rustc-env=PROGRAMS={:x}", version()?);
    Ok(())
}

/// Changes whenever the programs do. Their files have no hash in their names, so their addresses
/// carry this: the page never gets an older one from a cache.
fn version() -> io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in PROGRAMS {
        println!("cargo::rerun-if-changed={path}");
        hash(Path::new(path), &mut hasher)?;
    }
    let compiler = Command::new(env::var_os("RUSTC").unwrap_or("rustc".into()))
        .arg("-vV")
        .output()?;
    compiler.stdout.hash(&mut hasher);
    Ok(hasher.finish())
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    if path.is_dir() {
        let mut inside = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        inside.sort();
        return inside.iter().try_for_each(|path| hash(path, hasher));
    }
    path.hash(hasher);
    fs::read(path)?.hash(hasher);
    Ok(())
}
