//! Icons, drawn here so that none is fetched. They are decoration: the names are on the buttons.

use leptos::prelude::*;

/// Two arrows around: what is typed goes to all.
pub const SYNC: &str = "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5";
/// Two columns and a plus.
pub const COMPARE: &str = "M4 5h6v14H4zM14 5h6v5M17 14v6M14 17h6";
/// Three dots.
pub const MORE: &str = "M4.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M11.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0M18.5 12a.5.5 0 1 0 1 0 .5.5 0 1 0-1 0";
/// An arrow up.
pub const SEND: &str = "M12 19V5M5 12l7-7 7 7";
/// A square.
pub const STOP: &str = "M7 7h10v10H7z";
/// A cross.
pub const CLOSE: &str = "M6 6l12 12M18 6L6 18";
/// An arrow down.
pub const OPEN: &str = "M6 9l6 6 6-6";

/// Draws one of the shapes above: lines in the text's colour, on 24 by 24 units.
pub fn icon(shape: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=shape />
        </svg>
    }
}
