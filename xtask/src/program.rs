//! The programs to build: the page's and its workers'.

/// A program and its scripts.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of its folder, before the hash.
    pub name: &'static str,
    /// Name of its package.
    pub package: &'static str,
    /// Name of its binary.
    pub bin: &'static str,
    /// Scripts that are fetched by their address; each becomes one file with all its imports. They import
    /// wasm-bindgen's output for the program as `./program.js`.
    pub entries: &'static [Entry],
    /// Other scripts that the entries import, as if all were in one folder.
    pub beside: &'static [&'static str],
    /// Arguments of wasm-opt.
    pub optimise: &'static [&'static str],
    /// True for the page's own program: its entry is in the page, and it is split.
    pub is_page: bool,
    /// True for a program that is compiled apart from the others: it needs features of a package that would make
    /// theirs larger.
    pub is_apart: bool,
}

/// A script that is fetched by its address.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The page's name for it: see `src/assets.rs`.
    pub name: &'static str,
    /// Path of the script.
    pub path: &'static str,
}

/// A script with a library that `script/bootstrap` downloads.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Name of its folder, before the hash.
    pub name: &'static str,
    /// The script that is fetched by its address.
    pub entry: Entry,
    /// Other scripts that it imports, as if all were in one folder with the library.
    pub beside: &'static [&'static str],
    /// Folder of the library among the tools.
    pub tool: &'static str,
    /// The library's file.
    pub library: &'static str,
    /// The file of its licence, which is kept beside the script.
    pub licence: &'static str,
}

/// WebAssembly features that every program may use, because all browsers support them.
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
        beside: &["public/constants.js"],
        // Rust's stack is at the lowest addresses, and data is above it.
        optimise: &["--low-memory-unused", "--generate-global-effects", "-Oz"],
        is_page: true,
        is_apart: false,
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
    worker(
        "documents",
        "import",
        &[Entry {
            name: "import",
            path: WORKER,
        }],
    ),
    worker(
        "documents",
        "office",
        &[Entry {
            name: "office",
            path: WORKER,
        }],
    ),
    Program {
        // The compiler has done what there is: more takes minutes, and gains nothing.
        optimise: &["-O1"],
        is_apart: true,
        ..worker(
            "pages",
            "pages",
            &[Entry {
                name: "pages",
                path: WORKER,
            }],
        )
    },
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
        beside: &[
            "on-device/page/builtin.js",
            "on-device/page/download.js",
            "on-device/page/locks.js",
            "on-device/page/model.js",
            "on-device/page/offers.js",
            "on-device/page/place.js",
            "on-device/page/refusal.js",
            "on-device/page/request.js",
            "on-device/page/response.js",
            "on-device/page/stores.js",
            "on-device/page/trouble.js",
            "on-device/page/weights.js",
        ],
        optimise: &["-O3", "--enable-simd", "--low-memory-unused"],
        is_page: false,
        is_apart: false,
    },
];

/// The worker that reads formulas: a script around Temml, and no program of ours.
pub const MATHS: Script = Script {
    name: "maths",
    entry: Entry {
        name: "maths",
        path: "src/workers/maths/worker.js",
    },
    beside: &[
        "src/workers/maths/macros.js",
        "src/workers/maths/render.js",
        "src/workers/maths/source.js",
        "src/workers/maths/write.js",
    ],
    tool: "temml",
    library: "temml.mjs",
    licence: "LICENSE",
};

/// The part of the page's program that draws answers: `public/start.js` fetches it at once if there are any.
pub const ANSWERS: &str = "answers";

/// Other files that the page requests by name, with their paths.
pub const FILES: &[(&str, &str)] = &[("preview.html", "public/preview.html")];

/// A file that the style sheets name, and its path.
pub const FONT: (&str, &str) = ("maths.woff2", "public/fonts/stix-two-math.woff2");

/// The page's style sheets, in order.
pub const STYLES: &[&str] = &[
    "style/tokens.css",
    "style/base.css",
    "style/board.css",
    "style/messages.css",
    "style/dialogs.css",
    "style/screen.css",
    "style/forms.css",
    "style/history.css",
    "style/settings.css",
    "style/connect.css",
    "style/answer.css",
    "style/maths.css",
    "style/actions.css",
    "style/print.css",
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
        is_apart: false,
    }
}
