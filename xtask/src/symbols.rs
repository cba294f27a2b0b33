//! What must not stand in a program: the page's libraries in a worker, and a function of the one that
//! holds the page's state in two parts of the page, which would then have two states.
//!
//! Optimised modules have no names, so the build writes down which were there before.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::step::say;

/// The functions of each module, by the name of its program and its own.
pub type Symbols = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// No part of these is in a worker.
const PAGES_OWN: [&str; 3] = ["leptos", "reactive_graph", "tachys"];

/// What the split adds to the name of a function where another module calls it.
const SHIM: &str = " indirect_call_shim";

/// Each function of this is in one module.
const STATE: &str = "reactive_graph";

fn path(root: &Path) -> PathBuf {
    root.join("target/page/symbols.json")
}

/// Writes down what was built.
///
/// # Errors
/// The disk refuses.
pub fn write(root: &Path, symbols: &Symbols) -> Result<()> {
    fs::write(path(root), json!(symbols).to_string())?;
    Ok(())
}

/// Looks at what was built last.
///
/// # Errors
/// What is wrong with it, or that there is none.
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

/// What is wrong, each in a line.
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
            // What calls a function of another module carries its name, and is none of it.
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
        // Others may stand in two: small ones do.
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
