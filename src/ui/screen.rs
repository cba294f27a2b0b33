//! The kind of screen that the page is on.

use leptos::prelude::*;

/// Returns whether the page is used by touch, with a keyboard on the screen.
pub fn is_touched() -> bool {
    matches("(hover: none) and (pointer: coarse)")
}

/// Returns whether what opens over the page covers it, as on a phone.
pub fn is_small() -> bool {
    matches("(width < 48rem)")
}

/// Opens the browser's dialog for printing.
pub fn print() {
    #[expect(clippy::disallowed_methods, reason = "the window prints")]
    let printed = window().print();
    // It fails only where there is no printing.
    let _ = printed;
}

fn matches(query: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the screen is the window's")]
    let found = window().match_media(query);
    found.is_ok_and(|found| found.is_some_and(|found| found.matches()))
}
