//! Extracts the syntaxes that are highlighted.

use std::{env, error::Error, path::PathBuf};

use collate_core::highlight::LANGUAGES;

#[path = "build/syntaxes.rs"]
mod syntaxes;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let names: Vec<_> = LANGUAGES.iter().map(|(name, _)| *name).collect();
    syntaxes::write(&names, &out.join("syntaxes.bin"))
}
