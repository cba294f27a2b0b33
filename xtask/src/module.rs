//! Reads and modifies WebAssembly modules.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use wasm_encoder::{ExportKind, ExportSection, Module, RawSection};
use wasmparser::{ExportSectionReader, KnownCustom, Name, Parser, Payload};

/// The full names of the functions that a module defines, if it has a name section.
///
/// # Errors
/// If the bytes aren't a module.
pub fn functions(module: &[u8]) -> Result<Vec<String>> {
    let mut imported = 0;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
            }
        }
    }
    let mut names = Vec::new();
    each_name(module, |index, name| {
        if index >= imported {
            names.push(name.to_owned());
        }
    })?;
    Ok(names)
}

/// Calls a function with the index and the full name of each named function.
fn each_name(module: &[u8], mut tell: impl FnMut(u32, &str)) -> Result<()> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && let KnownCustom::Name(section) = section.as_known()
        {
            for part in section {
                if let Name::Function(functions) = part? {
                    for function in functions {
                        let function = function?;
                        tell(function.index, function.name);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Sizes of a module's code and data, in bytes.
///
/// # Errors
/// If the bytes aren't a module.
pub fn sizes(module: &[u8]) -> Result<(usize, usize)> {
    let (mut code, mut data) = (0, 0);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            // An empty code section has a count, which isn't code.
            Payload::CodeSectionStart { range, count, .. } if count > 0 => {
                code += usize::try_from(range.end - range.start)?;
            }
            Payload::DataSection(section) => {
                for segment in section {
                    data += segment?.data.len();
                }
            }
            _ => {}
        }
    }
    Ok((code, data))
}

/// Prefix of the exports that only [`exporting`] adds.
pub const KEPT: &str = "__kept_";

/// Adds these functions to a module's exports, under names with the prefix [`KEPT`].
///
/// # Errors
/// If the bytes aren't a module, or if it has no exports.
pub fn exporting(module: &[u8], wanted: &HashSet<String>) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    each_name(module, |index, name| {
        if wanted.contains(name) {
            kept.push(index);
        }
    })?;
    let mut exports_something = false;
    let module = with_exports(module, |section| {
        exports_something = true;
        let mut exports = exports_of(section, |_| true)?;
        for index in &kept {
            exports.export(&format!("{KEPT}{index}"), ExportKind::Func, *index);
        }
        Ok(exports)
    })?;
    ensure!(exports_something, "the module exports nothing");
    Ok(module)
}

/// Removes the exports that [`exporting`] adds.
///
/// # Errors
/// If the bytes aren't a module.
pub fn without_kept(module: &[u8]) -> Result<Vec<u8>> {
    with_exports(module, |section| {
        exports_of(section, |name| !name.starts_with(KEPT))
    })
}

/// Replaces the export section with the result of a function.
fn with_exports(
    module: &[u8],
    mut make: impl FnMut(ExportSectionReader<'_>) -> Result<ExportSection>,
) -> Result<Vec<u8>> {
    let mut changed = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ExportSection(section) => {
                changed.section(&make(section)?);
            }
            payload => copy(&payload, module, &mut changed)?,
        }
    }
    Ok(changed.finish())
}

/// The exports whose names are wanted.
fn exports_of(
    section: ExportSectionReader<'_>,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<ExportSection> {
    let mut exports = ExportSection::new();
    for export in section {
        let export = export?;
        if is_wanted(export.name) {
            exports.export(export.name, export.kind.into(), export.index);
        }
    }
    Ok(exports)
}

/// Copies a section unchanged.
///
/// # Errors
/// If it is longer than this machine can address.
pub fn copy(payload: &Payload<'_>, from: &[u8], to: &mut Module) -> Result<()> {
    if let Some((id, range)) = payload.as_section() {
        let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
        let data = &from[range];
        to.section(&RawSection { id, data });
    }
    Ok(())
}

/// Removes the custom sections, as wasm-opt does: only people and tools read them.
///
/// # Errors
/// If the bytes aren't a module.
pub fn stripped(module: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if !matches!(payload, Payload::CustomSection(_)) {
            copy(&payload, module, &mut kept)?;
        }
    }
    Ok(kept.finish())
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, EntityType, Function, FunctionSection, ImportSection, NameMap, NameSection,
        TypeSection,
    };

    use super::*;

    /// A module with an imported and a defined function, both named.
    fn module() -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut imports = ImportSection::new();
        imports.import("m", "f", EntityType::Function(0));
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut code = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().end();
        code.function(&body);
        let mut map = NameMap::new();
        map.append(0, "imported");
        map.append(1, "defined");
        let mut names = NameSection::new();
        names.functions(&map);
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions);
        module.section(&code).section(&names);
        module.finish()
    }

    #[test]
    fn only_what_it_defines_counts() {
        assert_eq!(functions(&module()).unwrap(), ["defined"]);
        assert!(functions(b"no module").is_err());
    }

    #[test]
    fn functions_are_exported_and_no_longer() {
        let mut whole = Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let mut functions = FunctionSection::new();
        functions.function(0);
        let mut exports = ExportSection::new();
        exports.export("main", ExportKind::Func, 0);
        let mut code_section = CodeSection::new();
        let mut body = Function::new([]);
        body.instructions().end();
        code_section.function(&body);
        let mut map = NameMap::new();
        map.append(0, "wanted");
        let mut names = NameSection::new();
        names.functions(&map);
        whole.section(&types).section(&functions).section(&exports);
        whole.section(&code_section).section(&names);
        let whole = whole.finish();
        let wanted = HashSet::from(["wanted".to_owned(), "other".to_owned()]);
        let exported = exporting(&whole, &wanted).unwrap();
        let find = |module: &[u8]| {
            let kept = KEPT.as_bytes();
            module.windows(kept.len()).any(|window| window == kept)
        };
        assert!(find(&exported));
        assert_eq!(without_kept(&exported).unwrap(), whole);
        assert_eq!(sizes(&whole).unwrap().0, sizes(&exported).unwrap().0);
        assert!(exporting(&module(), &wanted).is_err());
    }

    #[test]
    fn names_go_and_the_rest_stays() {
        let (whole, short) = (module(), stripped(&module()).unwrap());
        assert!(functions(&short).unwrap().is_empty());
        assert_eq!(whole[..short.len()], short);
        assert_eq!(stripped(&short).unwrap(), short);
    }
}
