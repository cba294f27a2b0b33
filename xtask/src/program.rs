//! What is built: the page's program and those of its workers.

/// A program, and the scripts that belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What its folder is called, in front of a hash.
    pub name: &'static str,
    /// The package that it is in.
    pub package: &'static str,
    /// Its binary there.
    pub bin: &'static str,
    /// The scripts that are fetched by their address; each is one file, with all that it imports. They
    /// import what wasm-bindgen makes of the program as `./program.js`.
    pub entries: &'static [Entry],
    /// Other scripts that those import, as if all were in one folder.
    pub beside: &'static [&'static str],
    /// How wasm-opt is called.
    pub optimise: &'static [&'static str],
    /// Whether it is the page's own: its entry is in the page, and it is split.
    pub is_page: bool,
}

/// A script that is fetched by its address.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What the page calls it: see `src/assets.rs`.
    pub name: &'static str,
    /// Where it is.
    pub path: &'static str,
}

/// What every program may have, for all browsers have it.
pub const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// All programs.
pub const PROGRAMS: &[Program] = &[
    Program {
        name: "page",
        package: "collate",
        bin: "collate",
        entries: &[Entry {
            name: "page",
            path: "public/start.js",
        }],
        beside: &[],
        // Rust's stack is where the least addresses are, and data above.
        optimise: &[
            "--low-memory-unused",
            "--generate-global-effects",
            "-Oz",
            // Alike functions then stand together, and compress better.
            "--reorder-functions-by-name",
        ],
        is_page: true,
    },
    Program {
        optimise: &["-O2"],
        ..worker(
            "highlight",
            "highlight",
            &[Entry {
                name: "highlight",
                path: WORKER,
            }],
        )
    },
    worker(
        "maths",
        "maths",
        &[Entry {
            name: "maths",
            path: WORKER,
        }],
    ),
    worker(
        "documents",
        "file",
        &[Entry {
            name: "file",
            path: WORKER,
        }],
    ),
    worker(
        "documents",
        "pdf",
        &[Entry {
            name: "pdf",
            path: WORKER,
        }],
    ),
    Program {
        name: "on-device",
        package: "on-device",
        bin: "on-device",
        entries: &[
            Entry {
                name: "device",
                path: "on-device/page/device.js",
            },
            Entry {
                name: "device-worker",
                path: "on-device/page/device-worker.js",
            },
        ],
        beside: &["on-device/page/builtin.js", "on-device/page/weights.js"],
        optimise: &["-O3", "--enable-simd", "--low-memory-unused"],
        is_page: false,
    },
];

/// The part of the page's program that draws answers: `public/start.js` has it fetched at once where
/// there are any.
pub const ANSWERS: &str = "answers";

/// What else the page asks for by name, and where it is.
pub const FILES: &[(&str, &str)] = &[("preview.html", "public/preview.html")];

/// The page's own style, in this order.
pub const STYLES: &[&str] = &[
    "style/tokens.css",
    "style/page.css",
    "style/panel.css",
    "style/answer.css",
];

const WORKER: &str = "public/worker.js";

const fn worker(package: &'static str, name: &'static str, entries: &'static [Entry]) -> Program {
    Program {
        name,
        package,
        bin: name,
        entries,
        beside: &[],
        optimise: &["-Oz"],
        is_page: false,
    }
}
