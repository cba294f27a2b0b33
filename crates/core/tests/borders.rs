//! No code here can name anything of the browser or of Leptos.
//!
//! A module that names web-sys does not compile, because Cargo.toml lacks it. This test checks that
//! Cargo.toml stays so, and that no dependency brings it in indirectly: Cargo.lock lists the
//! resolved packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Prefixes of forbidden package names.
const FORBIDDEN: [&str; 8] = [
    "any_spawner",
    "gloo",
    "js-sys",
    "leptos",
    "reactive_",
    "tachys",
    "wasm-bindgen",
    "web-sys",
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(path).expect("a file of the workspace")
}

/// Returns this package's dependencies, each with whether it is optional.
fn direct() -> Vec<(String, bool)> {
    let manifest = read("Cargo.toml");
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            let is_of_a_target = line.starts_with("[target.") && !line.contains("dev-");
            let is_a_table = line.starts_with("[dependencies.");
            assert!(
                !is_of_a_target && !is_a_table,
                "this test can't read {line}"
            );
            is_inside = line == "[dependencies]";
        } else if is_inside && let Some((name, what)) = line.split_once('=') {
            let name = name.trim().trim_end_matches(".workspace");
            found.push((name.to_owned(), what.contains("optional = true")));
        }
    }
    found
}

/// Returns the dependencies of each package in Cargo.lock, all versions together.
fn locked() -> BTreeMap<String, BTreeSet<String>> {
    let lock = read("../../Cargo.lock");
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut found: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let mut lines = package.lines();
        let name = lines.find(|line| line.starts_with("name = "));
        let name = name.and_then(quoted).expect("a package has a name");
        let on = lines
            .filter(|line| line.starts_with(" \""))
            .filter_map(quoted);
        // With several versions, the version follows the name.
        let on = on.map(|on| on.split(' ').next().unwrap_or_default().to_owned());
        found.entry(name).or_default().extend(on);
    }
    found
}

/// Returns the forbidden packages reachable from a package.
fn forbidden(from: &str, locked: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let mut todo = vec![from.to_owned()];
    while let Some(name) = todo.pop() {
        if known.insert(name.clone()) {
            todo.extend(locked[&name].iter().cloned());
        }
    }
    let is_forbidden = |name: &String| FORBIDDEN.iter().any(|begin| name.starts_with(begin));
    known.into_iter().filter(is_forbidden).collect()
}

#[test]
fn nothing_of_a_browser_is_reached() {
    let locked = locked();
    let direct = direct();
    assert!(direct.len() > 3, "{direct:?}");
    for (name, _) in direct.iter().filter(|(_, is_optional)| !is_optional) {
        let found = forbidden(name, &locked);
        assert!(found.is_empty(), "{name} brings {found:?}");
    }
}

/// The one feature derives stores for the page, which brings Leptos's signals and with them browser
/// bindings; never Leptos itself, and never under a name that a module here could use.
#[test]
fn the_store_alone_is_optional() {
    let direct = direct();
    let optional: Vec<_> = direct
        .iter()
        .filter(|(_, is_optional)| *is_optional)
        .collect();
    assert_eq!(optional, [&("reactive_stores".to_owned(), true)]);
    assert!(
        !read("Cargo.toml").contains("\ndefault ="),
        "no feature is on by itself"
    );
    let found = forbidden("reactive_stores", &locked());
    assert!(
        !found.iter().any(|name| name.starts_with("leptos")),
        "{found:?}"
    );
}

/// Stored data does not depend on the protocol: only the protocol depends on the chat.
#[test]
fn a_chat_knows_no_protocol() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![sources.join("chat.rs")];
    let mut folders = vec![sources.join("chat")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    for file in files {
        let source = fs::read_to_string(&file).expect("a source");
        let code = source.lines().filter(|line| !line.trim().starts_with("//"));
        let found: Vec<_> = code.filter(|line| line.contains("protocol")).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}
