//! Shortens the names between a program and its glue. wasm-bindgen names each imported function with some
//! forty characters, half of them a hash that doesn't compress; each name is in both files.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use anyhow::{Result, bail, ensure};
use wasm_encoder::{EntityType, ImportSection, Module};
use wasmparser::{Parser, Payload};

use crate::module;

/// Suffix of the module name that wasm-bindgen gives the glue.
const GLUE: &str = "_bg.js";

/// Shortens the names in a bound program: `NAME.js` and `NAME_bg.wasm` in a folder.
///
/// # Errors
/// If the files aren't in wasm-bindgen's format.
pub fn shorten(folder: &Path, name: &str) -> Result<()> {
    let (glue, module) = (
        folder.join(format!("{name}.js")),
        folder.join(format!("{name}_bg.wasm")),
    );
    let (renamed, names) = rename_imports(&fs::read(&module)?)?;
    fs::write(&glue, rename_keys(&fs::read_to_string(&glue)?, &names)?)?;
    fs::write(&module, renamed)?;
    Ok(())
}

/// Shortens the names of a module's imports from its glue. Returns the module and a map of the new names.
fn rename_imports(bytes: &[u8]) -> Result<(Vec<u8>, HashMap<String, String>)> {
    let mut renamed = Module::new();
    let mut names = HashMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::ImportSection(section) = payload {
            let mut imports = ImportSection::new();
            for import in section.into_imports() {
                let import = import?;
                let name = if import.module.ends_with(GLUE) {
                    let next = short(names.len());
                    names.entry(import.name.to_owned()).or_insert(next).as_str()
                } else {
                    import.name
                };
                let Ok(kind) = EntityType::try_from(import.ty) else {
                    bail!("{} is of a kind that is not known", import.name);
                };
                imports.import(import.module, name, kind);
            }
            renamed.section(&imports);
        } else {
            module::copy(&payload, bytes, &mut renamed)?;
        }
    }
    Ok((renamed.finish(), names))
}

/// Renames the keys of the object that the glue passes to its program.
fn rename_keys(glue: &str, names: &HashMap<String, String>) -> Result<String> {
    let mut left: HashSet<_> = names.keys().map(String::as_str).collect();
    let mut renamed = String::new();
    for line in glue.lines() {
        match line.trim_start().split_once(": ") {
            Some((key, rest)) if names.contains_key(key) => {
                ensure!(left.remove(key), "{key} appears twice in the glue");
                renamed.extend([names[key].as_str(), ": ", rest]);
            }
            _ => renamed += line,
        }
        renamed.push('\n');
    }
    if let Some(key) = left.into_iter().next() {
        bail!("{key} does not stand in the glue");
    }
    Ok(renamed)
}

/// The name for a number: a to z, aa, ab and so on.
fn short(number: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or_default());
    let before = (number / 26).checked_sub(1).map(short).unwrap_or_default();
    format!("{before}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_as_columns_do() {
        let check = |number, expected| assert_eq!(short(number), expected, "{number}");
        check(0, "a");
        check(25, "z");
        check(26, "aa");
        check(27, "ab");
        check(701, "zz");
        check(702, "aaa");
    }

    #[test]
    fn imports_and_keys_are_renamed_alike() {
        let mut types = wasm_encoder::TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("./p_bg.js", "__wbg_one_0123", EntityType::Function(0));
        imports.import("./other.js", "two", EntityType::Function(0));
        let mut module = Module::new();
        module.section(&types).section(&imports);
        let (renamed, names) = rename_imports(&module.finish()).unwrap();
        assert_eq!(names["__wbg_one_0123"], "a");
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(&renamed) {
            if let Payload::ImportSection(section) = payload.unwrap() {
                for import in section.into_imports() {
                    found.push(import.unwrap().name.to_owned());
                }
            }
        }
        assert_eq!(found, ["a", "two"]);
        let glue = "x = {\n    __wbg_one_0123: function() {}\n};\n";
        assert_eq!(
            rename_keys(glue, &names).unwrap(),
            "x = {\na: function() {}\n};\n"
        );
        assert!(rename_keys("x = {};\n", &names).is_err());
    }
}
