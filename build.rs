//! Generates the module `i18n` from `locales/*.json`, with a typed key for each text, and sets an
//! environment variable for each constant of `public/constants.js`.
//!
//! `leptos_i18n_build` would do the same, but it adds unused formatting data and a WebAssembly interpreter to
//! the build, which takes minutes. These two crates are its core.

use std::{env, error::Error, fs, path::PathBuf};

use leptos_i18n_codegen::gen_code;
use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let config = Config::new("en")?
        .add_locale("ko")?
        .parse_options(ParseOptions::new().interpolate_display(true));
    let words = parse_locales(None, config)?;
    // A text missing in one language would be shown in another.
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
    constants()
}

/// Sets an environment variable for each constant that Rust and JavaScript share.
fn constants() -> Result<(), Box<dyn Error>> {
    let path = "public/constants.js";
    println!("cargo::rerun-if-changed={path}");
    for line in fs::read_to_string(path)?.lines() {
        if let Some(constant) = line.strip_prefix("export const ") {
            let parts = constant
                .strip_suffix("\";")
                .and_then(|rest| rest.split_once(" = \""));
            let (name, value) = parts.ok_or("a constant is a text on one line")?;
            println!("cargo::rustc-env=CONSTANT_{name}={value}");
        }
    }
    Ok(())
}
