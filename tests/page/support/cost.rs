//! Records each test's cost in a table that `script/test` reads: `page-tests.tsv` in cargo's folder for
//! test output. The reasons of slow tests are in `page-tests-slow.tsv` beside it.

use std::{
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

/// The cost of using one browser.
pub struct Cost {
    test: String,
    is_new: bool,
    start: Instant,
    looks: AtomicUsize,
}

impl Cost {
    /// Starts counting for the test that runs in this thread.
    pub fn start(is_new: bool) -> Self {
        Self {
            // The harness names each thread after its test.
            test: std::thread::current().name().unwrap_or("?").to_owned(),
            is_new,
            start: Instant::now(),
            looks: AtomicUsize::new(0),
        }
    }

    /// Counts a lookup by role and name.
    pub fn look(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes a row: the test, browsers started, seconds, lookups.
    pub fn write(&self) {
        static TABLE: Table = Table::new();
        let seconds = self.start.elapsed().as_secs_f64();
        let looks = self.looks.load(Ordering::Relaxed);
        let (test, started) = (&self.test, u8::from(self.is_new));
        write(
            &TABLE,
            "page-tests.tsv",
            &format!("{test}\t{started}\t{seconds:.2}\t{looks}"),
        );
    }
}

/// Says why the test that runs in this thread is slow. `script/test` prints it beside the time.
pub fn slow(why: &str) {
    static TABLE: Table = Table::new();
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("?");
    write(&TABLE, "page-tests-slow.tsv", &format!("{test}\t{why}"));
}

type Table = OnceLock<Mutex<File>>;

/// Appends a row to a table, which is empty at first.
fn write(table: &Table, name: &str, row: &str) {
    let table = table.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        Mutex::new(File::create(path).expect("the table can be written"))
    });
    // A missing row is not the page's fault.
    let _ = writeln!(table.lock().unwrap(), "{row}");
}
