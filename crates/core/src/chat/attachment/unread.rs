//! What of a document's text can't be read, and on which pages.

use std::{fmt, str::FromStr};

/// The part of a text that can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Share of the characters, in percent; 0 if all characters are read, and only pages without any are meant.
    pub percent: u8,
    /// The pages that have such characters, or pictures and no characters.
    pub pages: Ranges,
}

impl Unread {
    /// Makes a record of a share, in percent, and of pages in ascending order.
    pub fn new(percent: u8, pages: impl IntoIterator<Item = u32>) -> Self {
        Self {
            percent: percent.min(100),
            pages: pages.into_iter().collect(),
        }
    }
}

/// Maximum number of ranges that are named.
const MAX: usize = 4;

/// Ranges of pages, such as `2-4,7`; after four of them, `…` stands for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranges {
    /// The first and last page of each; only the first are in use.
    all: [(u32, u32); MAX],
    used: usize,
    has_more: bool,
}

impl FromIterator<u32> for Ranges {
    fn from_iter<I: IntoIterator<Item = u32>>(pages: I) -> Self {
        let mut ranges = Self::default();
        for page in pages {
            ranges.add(page, page);
        }
        ranges
    }
}

impl Ranges {
    fn add(&mut self, first: u32, last: u32) {
        if let Some((_, end)) = self.all[..self.used].last_mut()
            && *end >= first.saturating_sub(1)
        {
            *end = last.max(*end);
        } else if self.used == MAX {
            self.has_more = true;
        } else {
            self.all[self.used] = (first, last);
            self.used += 1;
        }
    }

    /// Returns whether a page is in a range. Those that are not named are all after the last one that is.
    pub fn has(&self, page: u32) -> bool {
        let named = &self.all[..self.used];
        let last = named.last().map_or(0, |(_, last)| *last);
        let is_in = |(first, last): &(u32, u32)| (*first..=*last).contains(&page);
        named.iter().any(is_in) || self.has_more && page > last
    }

    /// Formats the ranges for people.
    pub fn for_people(&self) -> String {
        self.to_string().replace('-', "–").replace(',', ", ")
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.all[..self.used].iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{first}")?;
            if first != last {
                write!(f, "-{last}")?;
            }
        }
        f.write_str(if self.has_more { ",…" } else { "" })
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.percent, self.pages)
    }
}

impl FromStr for Unread {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "not the unread part of a text";
        let (percent, pages) = words.split_once(' ').ok_or(WRONG)?;
        let percent = percent.parse().map_err(|_| WRONG)?;
        let pages = pages.parse()?;
        Ok(Self { percent, pages })
    }
}

impl FromStr for Ranges {
    type Err = &'static str;

    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let mut ranges = Self::default();
        for range in words.split(',') {
            if range == "…" {
                ranges.has_more = true;
                continue;
            }
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let page = |page: &str| page.parse().map_err(|_| "not ranges of pages");
            ranges.add(page(first)?, page(last)?);
        }
        Ok(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_in_ranges_and_read_back() {
        #[track_caller]
        fn check(pages: &[u32], expected: &str, for_people: &str) {
            let unread = Unread::new(37, pages.iter().copied());
            assert_eq!(unread.pages.to_string(), expected);
            assert_eq!(unread.pages.for_people(), for_people);
            assert_eq!(unread.to_string().parse(), Ok(unread));
        }
        check(&[2], "2", "2");
        check(&[2, 3, 4], "2-4", "2–4");
        check(&[1, 2, 4, 7, 8, 9], "1-2,4,7-9", "1–2, 4, 7–9");
        check(&[1, 3, 5, 7, 9, 10], "1,3,5,7,…", "1, 3, 5, 7, …");
    }

    #[test]
    fn a_page_is_in_a_range_or_not() {
        #[track_caller]
        fn check(ranges: &str, pages: &[u32]) {
            let ranges: Ranges = ranges.parse().unwrap();
            let found: Vec<_> = (0..14).filter(|page| ranges.has(*page)).collect();
            assert_eq!(found, pages);
        }
        check("2", &[2]);
        check("2-4,7", &[2, 3, 4, 7]);
        check("1,3,5,7-8,…", &[1, 3, 5, 7, 8, 9, 10, 11, 12, 13]);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        assert_eq!(Unread::new(101, [1]).percent, 100);
        for other in ["", "x 1", "5", "5 ", "5 x", "5 1-", "300 1"] {
            assert!(other.parse::<Unread>().is_err(), "{other}");
        }
    }
}
