//! The position of each row of the history, and the days that divide them.

use crate::{
    chat::{self, Entry},
    i18n::{I18n, t_string},
    library::Library,
    ui::date::{date, options},
};

/// Heights of a heading, of a row, and of a row with a search snippet, in rem.
pub(super) const HEADING: f64 = 2.25;
pub(super) const LINE: f64 = 3.5;
pub(super) const HIT: f64 = 6.0;

/// Height rendered above and below the visible part, in rem.
pub(super) const AROUND: f64 = 20.0;

/// The content of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    /// The heading of the pinned chats.
    Pinned,
    /// The heading of a day, in days since 1970 in the user's time zone; None if unknown.
    Day(Option<i64>),
    Chat(Entry),
}

impl Row {
    /// The row's unique key: a heading's is odd, a chat's is its identifier, made even.
    pub(super) fn key(&self) -> u64 {
        match self {
            Self::Pinned => 1,
            Self::Day(None) => 3,
            Self::Day(Some(day)) => day.unsigned_abs() * 2 + 5,
            Self::Chat(entry) => entry.id.bits() << 1,
        }
    }
}

/// All rows with their offsets, and the total height, in rem.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub rows: Vec<(f64, Row)>,
    pub height: f64,
    /// Number of chats.
    pub chats: usize,
}

impl Layout {
    pub(super) fn of(entries: impl Iterator<Item = Entry>, line: f64) -> Self {
        let mut layout = Self::default();
        let mut heading = None;
        for entry in entries {
            let above = if entry.pinned {
                Row::Pinned
            } else {
                Row::Day(day_of(entry.used))
            };
            if heading.as_ref() != Some(&above) {
                layout.push(above.clone(), HEADING);
                heading = Some(above);
            }
            layout.push(Row::Chat(entry), line);
            layout.chats += 1;
        }
        layout
    }

    pub(super) fn push(&mut self, row: Row, height: f64) {
        self.rows.push((self.height, row));
        self.height += height;
    }

    /// The rows between two offsets.
    pub(super) fn between(&self, from: f64, to: f64) -> &[(f64, Row)] {
        let begin = self.rows.partition_point(|(top, _)| top + HIT < from);
        let end = self.rows.partition_point(|(top, _)| *top < to);
        &self.rows[begin..end.max(begin)]
    }

    /// The chats' offsets and identifiers, in order.
    pub(super) fn chats(&self) -> impl DoubleEndedIterator<Item = (f64, chat::Id)> {
        self.rows.iter().filter_map(|(top, row)| match row {
            Row::Chat(entry) => Some((*top, entry.id)),
            _ => None,
        })
    }
}

pub(super) const DAY: f64 = 24.0 * 60.0 * 60.0 * 1000.0;

/// The day of a time in the user's time zone, in days since 1970; None if the time is unknown.
pub(super) fn day_of(time: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a day is a small number")]
    (time != 0.0).then(|| {
        let minutes = date(time).get_timezone_offset();
        ((time - minutes * 60_000.0) / DAY).floor() as i64
    })
}

/// The heading of a day in the user's language.
pub(super) fn day_name(i18n: I18n, library: Library, day: Option<i64>) -> String {
    let Some(day) = day else {
        return t_string!(i18n, earlier).to_owned();
    };
    match day_of(js_sys::Date::now()).map(|today| today - day) {
        Some(0) => t_string!(i18n, today).to_owned(),
        Some(1) => t_string!(i18n, yesterday).to_owned(),
        _ => {
            let options = options([
                ("weekday", "short"),
                ("year", "numeric"),
                ("month", "long"),
                ("day", "numeric"),
                ("timeZone", "UTC"),
            ]);
            #[expect(clippy::cast_precision_loss, reason = "a day is a small number")]
            let noon = date((day as f64 + 0.5) * DAY);
            noon.to_locale_date_string(&library.locale(), &options)
                .into()
        }
    }
}
