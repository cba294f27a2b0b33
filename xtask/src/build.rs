//! The build: compiles, splits, binds, optimises and names all programs, and adds them to the page.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::json;

use crate::{
    cache::{self, digest},
    cargo, maps, module, names,
    optimise::{self, each},
    page,
    program::{ANSWERS, FILES, FONT, MATHS, PROGRAMS, Program, STYLES},
    script::{self, file_name},
    step::{say, step},
    symbols::{self, Symbols},
};

/// The element of the page that is replaced by the program: with this attribute, Trunk does not build the
/// package.
const MARK: &str = "<link data-trunk rel=\"rust\" data-trunk-skip";

/// Builds everything into a folder with the page's HTML.
///
/// # Errors
/// If a part can't be built; the error has the reason.
pub fn build(root: &Path, out: &Path, is_dev: bool) -> Result<()> {
    let profile = if is_dev { "dev-page" } else { "release" };
    let work = root.join("target/page").join(profile);
    let modules = step("compile", || {
        let (apart, together): (Vec<Program>, Vec<_>) =
            PROGRAMS.iter().partition(|program| program.is_apart);
        let mut modules = cargo::compile(root, &together, profile)?;
        modules.extend(cargo::compile(root, &apart, profile)?);
        Ok(modules)
    })?;
    step("split and bind", || {
        each(PROGRAMS.iter().rev().collect(), |program| {
            let module = modules.get(program.bin);
            let module = module.with_context(|| format!("there is no program {}", program.bin))?;
            let key = fs::read(module)?;
            let bound = work.join("bound").join(program.name);
            cache::folder(&bound, &key, || page::bind(program, module, &bound))
                .with_context(|| program.name)
        })
    })?;

    // The next steps modify copies of the modules in every build; wasm-opt's results are cached.
    let mut small = Vec::new();
    let mut symbols = Symbols::new();
    for program in PROGRAMS {
        let (bound, copy) = (
            work.join("bound").join(program.name),
            work.join("small").join(program.name),
        );
        cache::empty(&copy)?;
        for file in cache::files(&bound)? {
            let inside = file.strip_prefix(&bound)?;
            let target = copy.join(inside);
            fs::create_dir_all(target.parent().unwrap_or(&copy))?;
            fs::copy(&file, &target)?;
            if file.extension() == Some(OsStr::new("wasm")) {
                if !is_dev {
                    let names = module::functions(&fs::read(&file)?)?;
                    let of = symbols.entry(program.name.to_owned()).or_default();
                    of.insert(inside.display().to_string(), names);
                }
                small.push((*program, target));
            }
        }
        if !is_dev {
            names::shorten(&copy, page::NAME)?;
        }
    }
    if !is_dev {
        symbols::write(root, &symbols)?;
        let version = optimise::version();
        if version.is_none() {
            say(
                "no wasm-opt: the download is about a third larger. script/bootstrap gets it where npm is",
            );
        }
        let done = root.join("target/page/optimised");
        step("optimise", || {
            optimise::all(&small, version.as_deref(), &done)
        })?;
    }
    step("bundle and name", || name(root, &work, out))
}

/// Writes everything to the folder under names with a content hash, and adds the names to the page.
fn name(root: &Path, work: &Path, out: &Path) -> Result<()> {
    let bundles = script::is_there();
    let manifest = Mutex::new(BTreeMap::new());
    let programs = Mutex::new(BTreeMap::new());
    each(PROGRAMS.iter().collect(), |program| {
        let ready = work.join("ready").join(program.name);
        cache::empty(&ready)?;
        script::ship(
            root,
            program,
            &work.join("small").join(program.name),
            &ready,
            bundles,
        )?;
        let folder = publish(program.name, &ready, out)?;
        for entry in program.entries {
            let address = format!("{folder}/{}", file_name(entry.path));
            if !program.is_page {
                lock(&manifest)?.insert(entry.name.to_owned(), address.clone());
            }
            lock(&programs)?.insert(entry.name, address);
        }
        Ok(())
    })?;
    let (mut manifest, programs) = (manifest.into_inner()?, programs.into_inner()?);

    let mut files: Vec<(&str, PathBuf)> = FILES
        .iter()
        .map(|(name, path)| (*name, root.join(path)))
        .collect();
    let tools = env::var_os("COLLATE_TOOLS").map(PathBuf::from);
    // Mermaid, Temml and the weights, if script/bootstrap could download them.
    if let Some(tools) = &tools {
        let temml = tools.join(MATHS.tool);
        if temml.join("version").exists() {
            let (bound, ready) = (
                work.join("bound").join(MATHS.name),
                work.join("ready").join(MATHS.name),
            );
            script::with_library(root, &MATHS, &temml, &bound, &ready, bundles)?;
            let folder = publish(MATHS.name, &ready, out)?;
            let address = format!("{folder}/{}", file_name(MATHS.entry.path));
            manifest.insert(MATHS.entry.name.to_owned(), address);
        }
        let folder = tools.join("mermaid");
        if folder.join("version").exists() {
            files.push(("mermaid", folder.join("mermaid.min.js")));
        }
        weights(&tools.join("models"), out)?;
    }
    let made = work.join(maps::NAME);
    cache::folder(&made, &maps::NAME, || maps::write(root, &made))?;
    let mut content = Vec::new();
    for file in cache::files(&made)? {
        content.push((file.strip_prefix(&made)?.to_owned(), fs::read(file)?));
    }
    let folder = format!("{}-{}", maps::NAME, digest(&content));
    fs::create_dir_all(out.join(&folder))?;
    for (path, bytes) in content {
        fs::write(out.join(&folder).join(path), bytes)?;
    }
    manifest.insert(maps::NAME.to_owned(), folder);
    for (name, path) in files {
        let end = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        let stem = name.strip_suffix(&format!(".{end}")).unwrap_or(name);
        let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
        let address = format!("{stem}-{}.{end}", digest(&bytes));
        fs::write(out.join(&address), bytes)?;
        manifest.insert(name.to_owned(), address);
    }
    let style = script::style(root, STYLES, &work.join("style/page"), bundles)?;
    let style = with_font(root, style, out)?;
    let style_address = format!("page-{}.css", digest(&style));
    fs::write(out.join(&style_address), style)?;

    let program = programs
        .get("page")
        .context("there is no program of the page")?;
    let (folder, _) = program
        .split_once('/')
        .context("the page's program has a folder")?;
    let first = format!("{folder}/{}", page::first());
    let answers = page::files(&work.join("bound/page"), ANSWERS)?;
    let answers: Vec<_> = answers
        .iter()
        .map(|file| format!("{folder}/{file}"))
        .collect();
    manifest.insert(ANSWERS.to_owned(), answers.join(" "));
    let index = out.join("index.html");
    let html = fs::read_to_string(&index).with_context(|| index.display().to_string())?;
    fs::write(
        &index,
        with_program(&html, program, &first, &style_address, &manifest)?,
    )?;
    Ok(())
}

/// Copies a folder to the output, under a name with a hash of its content; returns that name.
fn publish(name: &str, ready: &Path, out: &Path) -> Result<String> {
    let mut content = Vec::new();
    for file in cache::files(ready)? {
        content.push((file.strip_prefix(ready)?.to_owned(), fs::read(file)?));
    }
    let folder = format!("{name}-{}", digest(&content));
    for (path, bytes) in content {
        let target = out.join(&folder).join(path);
        fs::create_dir_all(target.parent().unwrap_or(out))?;
        fs::write(target, bytes)?;
    }
    Ok(folder)
}

/// Writes the font to the output, and its address into the style sheet.
fn with_font(root: &Path, style: Vec<u8>, out: &Path) -> Result<Vec<u8>> {
    let (name, path) = FONT;
    let bytes = fs::read(root.join(path)).with_context(|| path.to_owned())?;
    let address = format!("maths-{}.woff2", digest(&bytes));
    let style = String::from_utf8(style)?;
    let named = style.matches(name).count();
    ensure!(named == 1, "the styles name {name} {named} times");
    fs::write(out.join(&address), bytes)?;
    Ok(style.replace(name, &address).into_bytes())
}

/// Replaces the mark in the page with the elements that start the program.
fn with_program(
    html: &str,
    program: &str,
    first: &str,
    style: &str,
    manifest: &BTreeMap<String, String>,
) -> Result<String> {
    let missing = || anyhow!("the page has no {MARK}…");
    let (before, rest) = html.split_once(MARK).ok_or_else(missing)?;
    let (_, after) = rest.split_once('>').ok_or_else(missing)?;
    let manifest = json!(manifest);
    let head = [
        format!("<link rel=\"stylesheet\" href=\"{style}\">"),
        // These attributes match the glue's own request: otherwise it would be fetched twice.
        format!(
            "<link rel=\"preload\" as=\"fetch\" type=\"application/wasm\" crossorigin href=\"{first}\">"
        ),
        // A data block isn't a script, so the content policy doesn't apply. Addresses have no `<`.
        format!("<script type=\"application/json\" id=\"manifest\">{manifest}</script>"),
        format!("<script type=\"module\" src=\"{program}\"></script>"),
    ];
    let head = head.concat();
    Ok(format!("{before}{head}{after}"))
}

/// Adds the models' weights to the output; they are large, so they are linked if possible, else copied.
fn weights(from: &Path, out: &Path) -> Result<()> {
    let Ok(files) = cache::files(from) else {
        return Ok(());
    };
    for file in files {
        if file.extension() == Some(OsStr::new("gguf")) {
            let target = out
                .join("models")
                .join(file.file_name().unwrap_or_default());
            fs::create_dir_all(out.join("models"))?;
            let _ = fs::remove_file(&target);
            if fs::hard_link(&file, &target).is_err() {
                fs::copy(&file, &target)?;
            }
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> Result<std::sync::MutexGuard<'_, T>> {
    mutex
        .lock()
        .map_err(|_| anyhow!("another thread has panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_told_of_its_program() {
        let html = format!("<head>{MARK} data-trunk-id=\"1\">\n</head>");
        let manifest = BTreeMap::from([("maths".to_owned(), "maths-1/worker.js".to_owned())]);
        let page = with_program(
            &html,
            "page-1/start.js",
            "page-1/program_bg.wasm",
            "page-2.css",
            &manifest,
        );
        assert_eq!(
            page.unwrap(),
            "<head><link rel=\"stylesheet\" href=\"page-2.css\">\
             <link rel=\"preload\" as=\"fetch\" type=\"application/wasm\" crossorigin href=\"page-1/program_bg.wasm\">\
             <script type=\"application/json\" id=\"manifest\">{\"maths\":\"maths-1/worker.js\"}</script>\
             <script type=\"module\" src=\"page-1/start.js\"></script>\n</head>"
        );
        assert!(with_program("<head></head>", "", "", "", &manifest).is_err());
    }
}
