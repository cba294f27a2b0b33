//! A module of WebAssembly.

use anyhow::Result;
use wasm_encoder::{Module, RawSection};
use wasmparser::{KnownCustom, Name, Parser, Payload};

/// The full names of the functions that it defines, where it says them.
///
/// # Errors
/// It is none.
pub fn functions(module: &[u8]) -> Result<Vec<String>> {
    let mut imported = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for part in section {
                        if let Name::Function(functions) = part? {
                            for function in functions {
                                let function = function?;
                                if function.index >= imported {
                                    names.push(function.name.to_owned());
                                }
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

/// The module without what only people and tools read: wasm-opt does the same.
///
/// # Errors
/// It is none.
pub fn stripped(module: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Some((id, range)) = payload.as_section()
            && id != 0
        {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            kept.section(&RawSection {
                id,
                data: &module[range],
            });
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

    /// A module with an imported and a defined function, both with a name.
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
    fn names_go_and_the_rest_stays() {
        let (whole, short) = (module(), stripped(&module()).unwrap());
        assert!(functions(&short).unwrap().is_empty());
        assert_eq!(whole[..short.len()], short);
        assert_eq!(stripped(&short).unwrap(), short);
    }
}
