//! Binds modules to the browser with wasm-bindgen; the page's module is first split at its split functions.
//!
//! The split needs the relocations that the linker leaves in the module (see `.cargo/config.toml`), and
//! wasm-bindgen discards them.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context, Result, anyhow, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::{Options, transform};

use crate::{
    cache,
    fold::{self, Parts},
    module,
    program::Program,
};

/// Name of each program's glue; the module's has the suffix `_bg`.
pub const NAME: &str = "program";

/// Name of the list of the files of each part of the page: see [`files`].
const PARTS: &str = "parts.json";

/// Name of the split's main module, the input of wasm-bindgen.
const MAIN: &str = "main.wasm";

/// Binds a program; its module, its parts and its glue are written to `bound`.
///
/// # Errors
/// If a library refuses the module, or if a file operation fails.
pub fn bind(program: &Program, path: &Path, bound: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    let whole = fs::read(path).with_context(|| path.display().to_string())?;
    // Demangled names are for people, and two instances of a generic function would share one.
    bindgen.web(true)?.typescript(false).demangle(false);
    // The glue then finds the module in its own folder.
    bindgen.omit_default_module_path(false);
    if program.is_page {
        let main = bound.join(MAIN);
        let mut small = HashSet::new();
        let mut parts = split(&whole, bound)?;
        // Moving functions to the first file can make other files small, so this is repeated.
        loop {
            let more = fold::functions(&parts, bound)?;
            if more.is_subset(&small) {
                break;
            }
            small.extend(more);
            cache::empty(bound)?;
            parts = split(&module::exporting(&whole, &small)?, bound)?;
        }
        fold::data(&mut parts, bound, &main)?;
        let loaders = bound.join(fold::LOADERS);
        let script = fs::read_to_string(&loaders)?;
        fs::write(&loaders, tolerant(&script)?)?;
        fs::write(bound.with_extension(PARTS), serde_json::to_vec(&parts)?)?;
        // The parts need the linker's exports: the memory, the table, the stack pointer.
        bindgen.keep_lld_exports(true);
        bindgen.input_bytes(NAME, module::without_kept(&fs::read(&main)?)?);
        fs::remove_file(main)?;
    } else {
        bindgen.input_bytes(NAME, whole);
    }
    bindgen.out_name(NAME).generate(bound)
}

/// Changes the loaders to accept a module with another content type, as wasm-bindgen's glue does.
fn tolerant(script: &str) -> Result<String> {
    const STRICT: &str = "WebAssembly.instantiateStreaming(src, imports)";
    ensure!(
        script.contains(STRICT),
        "the loaders of the split are others"
    );
    Ok(format!(
        "{}\n{}",
        include_str!("instantiate.js"),
        script.replace(STRICT, "instantiate(src, imports)")
    ))
}

/// Splits the page's program into a folder.
fn split(whole: &[u8], folder: &Path) -> Result<Parts> {
    let (main, glue) = (folder.join(MAIN), format!("./{NAME}.js"));
    let mut options = Options::new(whole);
    options.output_dir = folder;
    options.main_out_path = &main;
    options.main_module = &glue;
    options.target.web();
    let split = transform(options).map_err(|error| anyhow!("{error:#}"))?;
    Ok(split.prefetch_map.into_iter().collect())
}

/// The page's main module, which is always needed.
pub fn first() -> String {
    format!("{NAME}_bg.wasm")
}

/// The files of a part of the page, besides the first, in the folder where it was bound.
///
/// # Errors
/// If there is no such part.
pub fn files(bound: &Path, part: &str) -> Result<Vec<String>> {
    let known = fs::read(bound.with_extension(PARTS))?;
    let known: Parts = serde_json::from_slice(&known)?;
    let names = known
        .get(part)
        .with_context(|| format!("the page has no part {part}"))?;
    Ok(names.iter().map(|name| format!("{name}.wasm")).collect())
}
