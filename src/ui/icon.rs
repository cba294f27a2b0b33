//! Icons, as shapes in the code so that none is fetched. They are decoration: the buttons have names.

use leptos::prelude::*;

/// Two arrows in a circle: the input goes to all.
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

/// An arrow up, without a shaft.
pub const UP: &str = "M6 15l6-6 6 6";
/// A plus.
pub const PLUS: &str = "M12 5v14M5 12h14";
/// A clock with an arrow back.
pub const HISTORY: &str = "M4 12a8 8 0 1 0 3-6.2L4 8M4 4v4h4M12 8v4l3 2";
/// A cog.
pub const SETTINGS: &str =
    "M12 8a4 4 0 1 0 .01 0M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2";
/// Sliders, upright.
pub const PARAMETERS: &str = "M6 4v7M6 17v3M12 4v2M12 12v8M18 4v9M18 19v1M4 14h4M10 9h4M16 16h4";
/// Six dots.
pub const GRIP: &str = "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01";
/// A pencil.
pub const EDIT: &str = "M4 20h4L19 9l-4-4L4 16zM13 7l4 4";
/// A bin.
pub const DELETE: &str = "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5";
/// An arrow in a circle, back to the start.
pub const RESET: &str = "M4 12a8 8 0 1 0 3-6.2L4 8M4 4v4h4";

/// Two sheets.
pub const COPY: &str = "M9 9h11v11H9zM5 15H4V4h11v1";
/// A sheet with lines.
pub const TEXT: &str = "M5 4h14v16H5zM8 9h8M8 13h8M8 17h5";
/// A tick.
pub const DONE: &str = "M5 13l4 4 10-10";
/// An arrow to the left, without a shaft.
pub const BACK: &str = "M15 6l-6 6 6 6";
/// An arrow to the right, without a shaft.
pub const FORWARD: &str = "M9 6l6 6-6 6";
/// Two arrows, one each way.
pub const SENT: &str = "M4 9h15M15 5l4 4-4 4M20 15H5M9 11l-4 4 4 4";
/// A paper clip.
pub const ATTACH: &str = "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.3 3.3 0 0 1 4.7 4.7l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4L14 7.5";

/// Renders a shape from above: lines in the text's colour, on 24 by 24 units.
pub fn icon(shape: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=shape />
        </svg>
    }
}
