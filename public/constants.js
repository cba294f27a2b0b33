// Constants that Rust and JavaScript share. `build.rs` reads them from here: each is one line.
// @ts-check

/** Start of all keys of this version in localStorage: see `src/storage/schema.rs`. */
export const PREFIX = "collate.v2.";

/** Start of the keys of unreadable values. */
export const ASIDE = "collate.aside.";
