//! Builds the page's programs, which Trunk can't: `cargo xtask`. Trunk calls it from a hook.

mod build;
mod cache;
mod cargo;
mod fold;
mod maps;
mod module;
mod names;
mod optimise;
mod order;
mod page;
mod program;
mod script;
mod step;
mod symbols;

use std::{env, path::Path, process::ExitCode};

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask build [--dev] FOLDER   puts the programs into a folder with the page's index.html
cargo xtask check                  checks the contents of the programs that were built last";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    // All paths are relative to the workspace folder, wherever this is called from.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match *arguments {
        ["build", "--dev", folder] => build::build(&root, Path::new(folder), true),
        ["build", folder] => build::build(&root, Path::new(folder), false),
        ["check"] => symbols::check_last(&root),
        _ => bail!("what is to be done?\n{USAGE}"),
    }
}
