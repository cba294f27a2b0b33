//! Checks the documentation's claims about the tests.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of every source file within a folder.
fn sources(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            texts.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            texts.push(fs::read_to_string(path).expect("a text"));
        }
    }
    texts
}

/// Returns the names of a source's test functions, including property tests.
fn tests(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if is_test && let Some((_, name)) = line.split_once("fn ") {
            found.extend(name.split('(').next());
            is_test = false;
        }
    }
    found
}

/// Returns the names in the last column of each row of a page's tables.
fn named(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let mut names = Vec::new();
    for cell in cells.filter(|cell| !cell.trim().eq("test")) {
        // Every second piece is between backticks.
        let found: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!found.is_empty(), "a row names no test: {cell}");
        names.extend(found);
    }
    names
}

#[test]
fn every_case_of_endpoints_has_its_test() {
    let root = root();
    let page = fs::read_to_string(root.join("docs/endpoints.md")).expect("the page");
    let named: HashSet<_> = named(&page).into_iter().collect();
    assert!(named.len() > 50, "{}", named.len());
    let sources = ["tests", "src", "crates"].map(|folder| sources(&root.join(folder)));
    let sources = sources.concat();
    let known: HashSet<_> = sources.iter().flat_map(|source| tests(source)).collect();
    let missing: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty(), "there are no such tests: {missing:#?}");
}

#[test]
fn every_test_of_endpoints_is_a_case() {
    let root = root();
    let page = fs::read_to_string(root.join("docs/endpoints.md")).expect("the page");
    let named: HashSet<_> = named(&page).into_iter().collect();
    for file in ["errors", "protocol", "crowd"] {
        let source = root.join("tests/page").join(file).with_extension("rs");
        let source = fs::read_to_string(source).expect("a source");
        let tests = tests(&source);
        assert!(!tests.is_empty(), "{file}");
        for test in tests {
            assert!(named.contains(test), "docs/endpoints.md lacks {test}");
        }
    }
}
