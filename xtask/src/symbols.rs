//! Finds functions in the wrong module: the page's libraries in a worker, or a function of the library that
//! holds the page's state in two parts of the page, which would then have two states.
//!
//! Optimised modules have no names, so the build records the functions beforehand.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::step::say;

/// The functions of each module, by the names of the program and the module.
pub type Symbols = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// Libraries that must not be in a worker.
const PAGES_OWN: [&str; 3] = ["leptos", "reactive_graph", "tachys"];

/// Suffix that the split adds to a function's name in a module that calls it in another.
const SHIM: &str = " indirect_call_shim";

/// The library whose functions must each be in one module only.
const STATE: &str = "reactive_graph";

fn path(root: &Path) -> PathBuf {
    root.join("target/page/symbols.json")
}

/// Records the functions of a build.
///
/// # Errors
/// If a file operation fails.
pub fn write(root: &Path, symbols: &Symbols) -> Result<()> {
    fs::write(path(root), json!(symbols).to_string())?;
    Ok(())
}

/// Checks the last build.
///
/// # Errors
/// If there are problems, or if there is no build.
pub fn check_last(root: &Path) -> Result<()> {
    let text = fs::read_to_string(path(root)).context("there is no release build: script/build")?;
    let symbols: Symbols = serde_json::from_value(serde_json::from_str(&text)?)?;
    let problems = check(&symbols);
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} symbols are where they must not be", problems.len());
    }
    let modules = symbols.values().map(BTreeMap::len).sum::<usize>();
    say(&format!("{modules} modules have only what they may"));
    Ok(())
}

/// The problems, one per line.
fn check(symbols: &Symbols) -> Vec<String> {
    let mut problems = Vec::new();
    for (program, modules) in symbols {
        let is_page = program == "page";
        let mut homes: HashMap<&str, &str> = HashMap::new();
        for (module, functions) in modules {
            if functions.is_empty() {
                problems.push(format!(
                    "{program}/{module} says no names: nothing is known of it"
                ));
            }
            // A stub for a call to another module has the function's name, but isn't the function.
            let own = functions.iter().filter(|name| !name.ends_with(SHIM));
            for function in own {
                if !is_page && PAGES_OWN.iter().any(|library| function.contains(library)) {
                    problems.push(format!("{program}/{module} has {function}"));
                }
                if is_page && function.contains(STATE) {
                    let home = *homes.entry(function).or_insert(module);
                    if home != module {
                        problems.push(format!("{home} and {module} have {function}"));
                    }
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_is_where_it_may_be() {
        let check = |program: &str, modules: &[(&str, &[&str])], expected: &[&str]| {
            let modules = modules.iter().map(|(module, functions)| {
                let functions = functions.iter().map(ToString::to_string).collect();
                ((*module).to_owned(), functions)
            });
            let symbols = Symbols::from([(program.to_owned(), modules.collect())]);
            assert_eq!(super::check(&symbols), expected, "{program}: {symbols:?}");
        };
        let state = "_ZN14reactive_graph5owner5Owner3new17h01E";
        check("page", &[("a", &[state]), ("b", &["_ZN3foo17h02E"])], &[]);
        check(
            "page",
            &[("a", &[state]), ("b", &[state])],
            &["a and b have _ZN14reactive_graph5owner5Owner3new17h01E"],
        );
        let shim = &*format!("{state} indirect_call_shim");
        check("page", &[("a", &[state]), ("b", &[shim])], &[]);
        // Other functions may be in two modules, as small ones are.
        check("page", &[("a", &["f"]), ("b", &["f"])], &[]);
        check("maths", &[("a", &["_ZN4core3fmt17h03E"])], &[]);
        check(
            "maths",
            &[("a", &["_ZN6leptos17h04E"])],
            &["maths/a has _ZN6leptos17h04E"],
        );
        check(
            "maths",
            &[("a", &[])],
            &["maths/a says no names: nothing is known of it"],
        );
    }
}
