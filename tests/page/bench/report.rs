//! Reports the benchmarks' results: tables for people and JSON for programs, both in `target/`.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use serde_json::{Map, Value, json};

use super::measure::Figures;
use crate::support::Browser;

/// All results of this process. Each part writes all of them again.
static REPORT: Mutex<Report> = Mutex::new(Report {
    browser: None,
    parts: Vec::new(),
    limits: Vec::new(),
});

struct Report {
    /// The name and version.
    browser: Option<Value>,
    parts: Vec<Part>,
    limits: Vec<Limit>,
}

/// One table, with the cases side by side.
pub struct Part {
    name: &'static str,
    /// The method of measurement, for comparisons.
    note: &'static str,
    /// The machine's load at the start.
    load: String,
    cases: Vec<Case>,
}

/// The results of one case's runs.
pub struct Case {
    name: String,
    figures: Vec<(&'static str, Vec<f64>)>,
}

/// A requirement and its result.
struct Limit {
    what: String,
    bound: Bound,
    found: f64,
}

/// The bound on a figure.
#[derive(Clone, Copy)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Case {
    pub fn new(name: impl Into<String>, runs: &[Figures]) -> Self {
        let mut figures: Vec<(&'static str, Vec<f64>)> = Vec::new();
        for &(name, value) in runs.iter().flatten() {
            match figures.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => figures.push((name, vec![value])),
            }
        }
        for (_, values) in &mut figures {
            values.sort_by(f64::total_cmp);
        }
        let name = name.into();
        eprintln!("· {name}");
        Self { name, figures }
    }

    /// Adds a figure with one value for all runs.
    pub fn push(&mut self, name: &'static str, value: f64) {
        self.figures.push((name, vec![value]));
    }

    fn values(&self, figure: &str) -> Option<&[f64]> {
        let (_, values) = self.figures.iter().find(|(name, _)| *name == figure)?;
        Some(values)
    }

    /// Returns the median of a figure that this case has.
    pub fn median(&self, figure: &str) -> f64 {
        median(self.values(figure).expect("the case has the figure"))
    }

    /// Returns the maximum of a figure that this case has.
    pub fn most(&self, figure: &str) -> f64 {
        let values = self.values(figure).expect("the case has the figure");
        values[values.len() - 1]
    }

    fn cell(&self, figure: &str) -> String {
        match self.values(figure) {
            None => String::new(),
            Some([one]) => number(*one),
            Some(values) => {
                let (least, most) = (values[0], values[values.len() - 1]);
                format!(
                    "{} ({}–{})",
                    number(median(values)),
                    number(least),
                    number(most)
                )
            }
        }
    }
}

/// Returns the median of sorted values, at least one.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// Formats about three digits.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "none".into(),
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

impl Part {
    /// Starts a part.
    pub fn new(name: &'static str, note: &'static str) -> Self {
        eprintln!("{name}");
        Self {
            name,
            note,
            load: load_average(),
            cases: Vec::new(),
        }
    }

    /// Adds a case, and returns it.
    pub fn add(&mut self, case: Case) -> &Case {
        self.cases.push(case);
        &self.cases[self.cases.len() - 1]
    }

    /// Ends a part, and writes all results so far.
    pub fn end(self) {
        let mut report = REPORT.lock().unwrap();
        report.parts.push(self);
        report.write();
    }

    fn table(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in self.cases.iter().flat_map(|case| &case.figures) {
            if !names.contains(name) {
                names.push(name);
            }
        }
        let mut columns = vec![vec![String::new()]];
        columns[0].extend(names.iter().map(|&name| name.to_owned()));
        for case in &self.cases {
            let cells = names.iter().map(|name| case.cell(name));
            columns.push([case.name.clone()].into_iter().chain(cells).collect());
        }
        let mut table = format!(
            "{}\n{}. Load average before: {}\n\n",
            self.name, self.note, self.load
        );
        for row in 0..=names.len() {
            for (number, column) in columns.iter().enumerate() {
                let width = column
                    .iter()
                    .map(|cell| cell.chars().count())
                    .max()
                    .unwrap_or(0);
                let cell = &column[row];
                // Writing into a String can't fail.
                let _ = if number == 0 {
                    write!(table, "{cell:<width$}")
                } else {
                    write!(table, "   {cell:>width$}")
                };
            }
            table.push('\n');
        }
        table
    }

    fn json(&self) -> Value {
        let cases = self.cases.iter().map(|case| {
            let figures = case.figures.iter().map(|(name, values)| {
                let value = json!({
                    "median": median(values), "min": values[0], "max": values[values.len() - 1],
                    "runs": values.len(),
                });
                ((*name).to_owned(), value)
            });
            json!({ "case": case.name, "figures": figures.collect::<Map<_, _>>() })
        });
        json!({
            "part": self.name, "note": self.note, "load_average": self.load,
            "cases": cases.collect::<Vec<_>>(),
        })
    }
}

/// Names a case with this many cards.
pub fn cards(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} card{plural}")
}

/// Records a requirement beside the figure found. It asserts nothing.
pub fn must(what: impl Into<String>, bound: Bound, found: f64) {
    let limit = Limit {
        what: what.into(),
        bound,
        found,
    };
    REPORT.lock().unwrap().limits.push(limit);
}

impl Limit {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.found <= most,
            Bound::AtLeast(least) => self.found >= least,
        }
    }

    fn bound(&self) -> String {
        match self.bound {
            Bound::AtMost(most) => format!("≤ {}", number(most)),
            Bound::AtLeast(least) => format!("≥ {}", number(least)),
        }
    }
}

impl Report {
    /// Describes the browser, machine and commit.
    fn about(&self) -> Map<String, Value> {
        let git = |args: &[&str]| {
            let output = Command::new("git").args(args).output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        let mut commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
        let changes = git(&["status", "--porcelain", "--untracked-files=no"]);
        if changes.is_some_and(|changes| !changes.is_empty()) {
            commit.push_str(", with changes");
        }
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let load = self.parts.first().map_or("", |part| &part.load);
        Map::from_iter([
            ("browser".into(), json!(self.browser)),
            ("cores".into(), json!(cores)),
            ("load average before".into(), json!(load)),
            ("commit".into(), json!(commit)),
        ])
    }

    fn write(&self) {
        let about = self.about();
        let mut text = String::new();
        for (name, value) in &about {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let _ = writeln!(text, "{name}: {value}");
        }
        text.push_str("Each figure: the median of the runs (the least–the most)\n");
        for part in &self.parts {
            let _ = write!(text, "\n{}", part.table());
        }
        if !self.limits.is_empty() {
            text.push_str("\nMust show\n");
        }
        for limit in &self.limits {
            let verdict = if limit.is_met() { "ok" } else { "NOT MET" };
            let (bound, found) = (limit.bound(), number(limit.found));
            let _ = writeln!(text, "{:<64} {bound:>8} {found:>8}  {verdict}", limit.what);
        }
        let limits = self.limits.iter().map(|limit| {
            json!({
                "what": limit.what, "limit": limit.bound(), "found": limit.found,
                "met": limit.is_met(),
            })
        });
        let json = json!({
            "about": about,
            "parts": self.parts.iter().map(Part::json).collect::<Vec<_>>(),
            "limits": limits.collect::<Vec<_>>(),
        });
        let path = std::env::var("BENCH_JSON").map_or_else(
            |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench.json"),
            PathBuf::from,
        );
        std::fs::write(path.with_extension("txt"), text).unwrap();
        std::fs::write(path, format!("{json:#}\n")).unwrap();
    }
}

/// Returns the machine's load average over 1, 5 and 15 minutes, if the system has it.
fn load_average() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// Records the measured browser.
pub async fn note_browser(browser: &Browser) {
    let cdp = browser.driver.cdp();
    let version = cdp.send_raw("Browser.getVersion", ()).await.unwrap();
    REPORT.lock().unwrap().browser = Some(version["product"].clone());
}
