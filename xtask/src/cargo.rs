//! Runs the compiler.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::program::Program;

/// Compiles all programs at once; returns their modules by the names of their binaries.
///
/// # Errors
/// If the compilation fails: the compiler has printed the reason.
pub fn compile(
    root: &Path,
    programs: &[Program],
    profile: &str,
) -> Result<HashMap<String, PathBuf>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(root).args([
        "build",
        "--locked",
        "--quiet",
        "--target=wasm32-unknown-unknown",
        "--message-format=json-render-diagnostics",
        "--profile",
        profile,
    ]);
    // A message tells where in a library it arose, and not where this machine keeps it.
    let short = |folder: PathBuf| format!("--remap-path-prefix={}=", folder.display());
    let flags: Vec<_> = sources().into_iter().map(short).collect();
    let flags = json!(flags);
    command.arg(format!(
        "--config=target.wasm32-unknown-unknown.rustflags={flags}"
    ));
    for program in programs {
        command.args(["--package", program.package, "--bin", program.bin]);
    }
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo can't be called")?;
    let mut modules = HashMap::new();
    if let Some(said) = child.stdout.take() {
        for line in BufReader::new(said).lines() {
            modules.extend(module(&line?));
        }
    }
    if !child.wait()?.success() {
        bail!("the programs do not compile");
    }
    Ok(modules)
}

/// The folders in which cargo keeps the sources of libraries, each with a separator at its end.
fn sources() -> Vec<PathBuf> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registries = cargo.and_then(|cargo| fs::read_dir(cargo.join("registry/src")).ok());
    let registries = registries.into_iter().flatten().flatten();
    registries.map(|found| found.path().join("")).collect()
}

/// The name and the module of a binary, if a message of cargo's has them.
fn module(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let target = &message["target"];
    let is_bin = target["kind"].as_array()?.iter().any(|kind| kind == "bin");
    let files = message["filenames"].as_array().filter(|_| is_bin)?;
    let mut files = files.iter().filter_map(Value::as_str).map(Path::new);
    let module = files.find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
    Some((target["name"].as_str()?.to_owned(), module.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_messages() {
        let check = |message: &str, expected: Option<&str>| {
            let found = module(message).map(|(name, path)| format!("{name} {}", path.display()));
            assert_eq!(found.as_deref(), expected, "{message}");
        };
        check(
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"a"},"filenames":["/t/a.js","/t/a.wasm"]}"#,
            Some("a /t/a.wasm"),
        );
        check(
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"a"},"filenames":["/t/a.wasm"]}"#,
            None,
        );
        check(r#"{"reason":"build-finished","success":true}"#, None);
        check("no JSON", None);
    }
}
