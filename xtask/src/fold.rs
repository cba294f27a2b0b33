//! Moves small files of the split into the first file. The split puts code shared by several parts of the
//! page into separate files, one for each set of parts, and each file would be a request, even for a few
//! hundred bytes.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use wasm_encoder::{ConstExpr, DataCountSection, DataSection, Module};
use wasmparser::{DataKind, Operator, Parser, Payload};

use crate::module;

/// The files of each part of the page, in a fixed order, so that the same content gives the same file.
pub type Parts = BTreeMap<String, Vec<String>>;

/// Minimum size of a shared file's code and data, in bytes, for each part that shares it: the more parts share it,
/// the more likely it is needed.
const SMALL: usize = 5_000;

/// Name of the script with the loaders.
pub const LOADERS: &str = "__wasm_split.js";

fn shared(parts: &Parts) -> impl Iterator<Item = &String> {
    let files: HashSet<_> = parts.values().flatten().collect();
    files.into_iter().filter(|file| file.starts_with("chunk_"))
}

/// The functions in small files that several parts share.
///
/// # Errors
/// If a file is missing or isn't a module.
pub fn functions(parts: &Parts, folder: &Path) -> Result<HashSet<String>> {
    let mut functions = HashSet::new();
    for file in shared(parts) {
        let bytes = fs::read(folder.join(format!("{file}.wasm")))?;
        let sharers = parts.values().filter(|files| files.contains(file)).count();
        let (code, data) = module::sizes(&bytes)?;
        if code + data < SMALL * sharers {
            functions.extend(module::functions(&bytes)?);
        }
    }
    Ok(functions)
}

/// Moves the data of shared files without code to the first file, and deletes those files.
///
/// # Errors
/// If a file is missing, or isn't in the split's format.
pub fn data(parts: &mut Parts, folder: &Path, main: &Path) -> Result<()> {
    let mut moved = Vec::new();
    let mut segments = Vec::new();
    let mut files: Vec<_> = shared(parts).cloned().collect();
    files.sort();
    for file in files {
        let path = folder.join(format!("{file}.wasm"));
        let bytes = fs::read(&path)?;
        if module::sizes(&bytes)?.0 == 0
            && let Some(found) = placed(&bytes)?
        {
            segments.extend(found);
            fs::remove_file(path)?;
            moved.push(file);
        }
    }
    let whole = fs::read(main)?;
    fs::write(main, with_data(&whole, &segments)?)?;
    for files in parts.values_mut() {
        files.retain(|file| !moved.contains(file));
    }
    let loaders = folder.join(LOADERS);
    let script = fs::read_to_string(&loaders).with_context(|| LOADERS)?;
    fs::write(loaders, without(&script, &moved))?;
    Ok(())
}

/// The address and the bytes of a data segment.
type Segment = (i32, Vec<u8>);

/// The data of a module; `None` if some of it has no fixed address.
fn placed(module: &[u8]) -> Result<Option<Vec<Segment>>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::DataSection(section) = payload? {
            for segment in section {
                let segment = segment?;
                let DataKind::Active {
                    memory_index: 0,
                    offset_expr,
                } = segment.kind
                else {
                    return Ok(None);
                };
                let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                else {
                    return Ok(None);
                };
                found.push((value, segment.data.to_vec()));
            }
        }
    }
    Ok(Some(found))
}

/// Adds data to a module.
fn with_data(module: &[u8], more: &[Segment]) -> Result<Vec<u8>> {
    let count = |count: u32| -> Result<u32> { Ok(count + u32::try_from(more.len())?) };
    let mut whole = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::DataCountSection { count: before, .. } => {
                let count = count(before)?;
                whole.section(&DataCountSection { count });
            }
            Payload::DataSection(section) => {
                let mut data = DataSection::new();
                for segment in section {
                    let segment = segment?;
                    match segment.kind {
                        DataKind::Passive => data.passive(segment.data.iter().copied()),
                        DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => data.active(
                            memory_index,
                            &ConstExpr::try_from(offset_expr)?,
                            segment.data.iter().copied(),
                        ),
                    };
                }
                for (address, bytes) in more {
                    let address = ConstExpr::i32_const(*address);
                    data.active(0, &address, bytes.iter().copied());
                }
                whole.section(&data);
            }
            payload => module::copy(&payload, module, &mut whole)?,
        }
    }
    Ok(whole.finish())
}

/// Removes the loaders of some files from the script.
fn without(script: &str, files: &[String]) -> String {
    let mut is_skipped = false;
    let mut kept = String::new();
    for line in script.lines() {
        let loader = line
            .strip_prefix("const __")
            .and_then(|rest| rest.split_once(" = makeLoad("));
        if let Some((file, _)) = loader {
            is_skipped = files.iter().any(|gone| gone == file);
        }
        let list = line
            .strip_prefix(", [")
            .and_then(|rest| rest.split_once(']'));
        match list {
            _ if is_skipped => {}
            Some((list, end)) => {
                let is_kept = |loader: &&str| {
                    let file = loader.strip_prefix("__").unwrap_or(loader);
                    !files.iter().any(|gone| gone == file)
                };
                let list: Vec<_> = list.split(", ").filter(is_kept).collect();
                kept.extend([", [", &list.join(", "), "]", end, "\n"]);
            }
            None => kept.extend([line, "\n"]),
        }
        // A loader ends with the list of the loaders that it needs.
        is_skipped &= list.is_none();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(data: &[Segment]) -> Vec<u8> {
        let mut module = Module::new();
        let mut section = DataSection::new();
        for (address, bytes) in data {
            section.active(0, &ConstExpr::i32_const(*address), bytes.iter().copied());
        }
        module.section(&section);
        module.finish()
    }

    #[test]
    fn data_is_added() {
        let (one, other) = ((8, b"one".to_vec()), (16, b"other".to_vec()));
        let both = with_data(
            &with(std::slice::from_ref(&one)),
            std::slice::from_ref(&other),
        )
        .unwrap();
        assert_eq!(placed(&both).unwrap(), Some(vec![one, other]));
    }

    #[test]
    fn loaders_of_files_that_are_gone_go() {
        let script = "const __chunk_1 = makeLoad(() => {\n    fetch(1);\n}\n, []);\n\
            const __chunk_10 = makeLoad(() => {\n    fetch(10);\n}\n, []);\n\
            export const a = wrap(makeLoad(() => {\n}\n, [__chunk_1, __chunk_10]));\n";
        let expected = "const __chunk_10 = makeLoad(() => {\n    fetch(10);\n}\n, []);\n\
            export const a = wrap(makeLoad(() => {\n}\n, [__chunk_10]));\n";
        assert_eq!(without(script, &["chunk_1".to_owned()]), expected);
        assert_eq!(without(script, &[]), script);
    }
}
