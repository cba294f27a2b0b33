//! Checks of the sources as a whole: no two files of a crate use each other, directly or through others,
//! no file is too long, and the styles select what the page has. A file and the files in its folder count
//! as one for the first: `session.rs` declares what `session/input.rs` extends.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The path of a module, as in `["session", "input"]`; the crate's root is empty.
type Module = Vec<String>;

#[test]
fn no_two_files_use_each_other() {
    for sources in ["src", "crates/core/src", "on-device/src", "xtask/src"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(sources);
        let mut files = BTreeMap::new();
        collect(&root, &[], &mut files);
        let mut uses: BTreeMap<&Module, BTreeSet<Module>> = files
            .iter()
            .map(|(module, source)| (module, used(module, source, &files)))
            .collect();
        // A file that uses none of the rest is in no circle.
        loop {
            let free: Vec<&Module> = uses
                .iter()
                .filter(|(_, used)| !used.iter().any(|used| uses.contains_key(used)))
                .map(|(module, _)| *module)
                .collect();
            if free.is_empty() {
                break;
            }
            uses.retain(|module, _| !free.contains(module));
        }
        let circle: Vec<_> = uses.keys().map(|module| module.join("::")).collect();
        assert!(circle.is_empty(), "{sources}: a circle among {circle:?}");
    }
}

#[test]
fn no_file_is_too_long_without_a_reason() {
    const MAX: usize = 500;
    /// Longer files, with their reasons.
    const LONGER: [(&str, &str); 2] = [
        (
            "on-device/src/kernel.rs",
            "all kernels are generic over one trait of lanes, and share its helpers",
        ),
        (
            "on-device/src/gguf.rs",
            "one file format: each type of value is read, checked and limited alike",
        ),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = vec!["src", "crates", "on-device", "xtask", "public", "style"];
    let mut found = Vec::new();
    while let Some(folder) = sources.pop() {
        lengths(root, &root.join(folder), &mut found);
    }
    found.retain(|(_, lines)| *lines > MAX);
    found.sort();
    let found: Vec<_> = found.iter().map(|(path, _)| &**path).collect();
    let mut expected = LONGER.map(|(path, _)| path);
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// Collects the files below a folder with their number of lines, tests left out.
fn lengths(root: &Path, folder: &Path, into: &mut Vec<(String, usize)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            lengths(root, &path, into);
        } else if !is_test && extension.is_some_and(|it| ["rs", "js", "css"].contains(&it)) {
            let source = fs::read_to_string(&path).expect("a source");
            let code = source
                .split("#[cfg(test)]\nmod tests")
                .next()
                .unwrap_or_default();
            let path = path.strip_prefix(root).expect("a path below the root");
            let path = path.to_str().expect("a path in UTF-8").replace('\\', "/");
            into.push((path, code.lines().count()));
        }
    }
}

/// Reads the files of a folder and the folders in it, tests left out.
fn collect(folder: &Path, module: &[String], files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("a name").to_owned();
        let inner = [module, std::slice::from_ref(&name)].concat();
        if path.is_dir() {
            collect(&path, &inner, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            let source = fs::read_to_string(&path).expect("a source");
            let is_root = module.is_empty() && ["lib", "main"].contains(&&*name);
            let code: String = source
                .split("#[cfg(test)]")
                .next()
                .into_iter()
                .flat_map(str::lines)
                .map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n")
                .collect();
            files
                .entry(if is_root { Vec::new() } else { inner })
                .or_default()
                .push_str(&code);
        }
    }
}

/// The modules that a source uses, other than those above and below its own.
fn used(module: &Module, source: &str, files: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    for statement in source.split(';') {
        let Some((_, tree)) = statement.rsplit_once("use ") else {
            continue;
        };
        let tree: String = tree.split_whitespace().collect();
        for path in paths(&tree) {
            found.extend(resolve(module, &path, files));
        }
    }
    found.retain(|other| !other.starts_with(module) && !module.starts_with(other));
    found
}

/// The paths of a tree of imports: `a::{b, c::d}` has two.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, inner)) = tree.split_once('{') else {
        return vec![tree.to_owned()];
    };
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    let all = parts.into_iter().filter(|part| !part.is_empty());
    all.flat_map(paths)
        .map(|path| format!("{before}{path}"))
        .collect()
}

/// The file that a path leads to, if it is one of the crate's.
fn resolve(module: &Module, path: &str, files: &BTreeMap<Module, String>) -> Option<Module> {
    let mut names: Vec<String> = path.split("::").map(str::to_owned).collect();
    let mut base = module.clone();
    match names.first()?.as_str() {
        "crate" => {
            base.clear();
            names.remove(0);
        }
        "super" => {
            while names.first().is_some_and(|name| name == "super") {
                base.pop();
                names.remove(0);
            }
        }
        "self" => _ = names.remove(0),
        first => {
            let child = [&module[..], &[first.to_owned()]].concat();
            files.get(&child)?;
        }
    }
    for name in names {
        let deeper = [&base[..], &[name]].concat();
        if !files.contains_key(&deeper) {
            break;
        }
        base = deeper;
    }
    files.contains_key(&base).then_some(base)
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    #[track_caller]
    fn check(tree: &str, expected: &[&str]) {
        assert_eq!(paths(tree), expected);
    }
    check("a", &["a"]);
    check("a::{b,c}", &["a::b", "a::c"]);
    check(
        "a::{self,b::{c,d},e,}",
        &["a::self", "a::b::c", "a::b::d", "a::e"],
    );
}

#[test]
fn every_class_and_data_attribute_of_the_styles_is_in_the_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut page = fs::read_to_string(root.join("index.html")).expect("the page");
    for folder in ["src", "crates", "public"] {
        read_all(&root.join(folder), &["rs", "js", "html"], &mut page);
    }
    let words: BTreeSet<&str> = page.split(|c| !is_of_name(c)).collect();
    let mut styles = String::new();
    read_all(&root.join("style"), &["css"], &mut styles);
    let mut missing = Vec::new();
    for line in styles.lines().map(str::trim) {
        // Selectors end in a brace or a comma; declarations end in a semicolon.
        if !line.ends_with(['{', ',']) || line.starts_with(['@', '/', '*']) {
            continue;
        }
        for mark in [".", "[data-"] {
            let names = line
                .split(mark)
                .skip(1)
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
                .filter_map(|rest| rest.split(|c| !is_of_name(c)).next());
            let names = names.map(|name| match mark {
                "." => name.to_owned(),
                _ => format!("data-{name}"),
            });
            missing.extend(names.filter(|name| !words.contains(&**name)));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Appends the files with these extensions below a folder.
fn read_all(folder: &Path, extensions: &[&str], into: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            read_all(&path, extensions, into);
        } else if extension.is_some_and(|extension| extensions.contains(&extension)) {
            into.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}
