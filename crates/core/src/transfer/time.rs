//! Times in other programs' formats, converted to milliseconds since 1970.

use serde_json::Value;

/// Converts a time of any unit; 0 if it is none. Programs change their units, and no chat of theirs
/// is from before 1973 or after 5138, so a number's size tells its unit.
pub(super) fn millis(value: &Value) -> f64 {
    if let Some(text) = value.as_str() {
        return iso(text).unwrap_or_default();
    }
    let number = value.as_f64().unwrap_or_default();
    let millis = match number {
        ..0.0 => 0.0,
        ..1e11 => number * 1e3,
        ..1e14 => number,
        ..1e17 => number / 1e3,
        _ => number / 1e6,
    };
    millis.round()
}

/// Parses `2026-01-31T23:59:59.123Z`, also ending in `+09:00`, as `Date.toISOString` and most
/// others write it.
fn iso(text: &str) -> Option<f64> {
    let number = |from: usize, length: usize| {
        let digits = text.get(from..from + length)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let rest = &text.get(19..)?;
    let digits = rest.strip_prefix('.').unwrap_or_default();
    let digits = &digits[..digits.bytes().take_while(u8::is_ascii_digit).count()];
    let millis = format!("{digits:0<3}").get(..3)?.parse::<i64>().ok()?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.split_at_checked(1) {
        Some((sign @ ("+" | "-"), _)) => {
            let start = text.len() - zone.len() + 1;
            let minutes = number(start, 2)? * 60 + number(start + 3, 2).unwrap_or_default();
            if sign == "+" { minutes } else { -minutes }
        }
        _ => 0,
    };
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset;
    let millis = (minutes * 60 + second) * 1000 + millis;
    // The number is below 2⁵³, because years have four digits.
    #[expect(clippy::cast_precision_loss, reason = "an f64 is exact up to 2⁵³")]
    Some(millis as f64)
}

/// Returns days since 1970. Source: H. Hinnant, «chrono-Compatible Low-Level Date Algorithms»,
/// `days_from_civil`.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_read_in_its_unit() {
        #[track_caller]
        #[expect(clippy::float_cmp, reason = "the times are whole numbers")]
        fn check(value: Value, expected: f64) {
            assert_eq!(millis(&value), expected, "{value}");
        }
        let expected = 1_735_689_600_123.0;
        check(json!(1_735_689_600.123), expected);
        check(json!(1_735_689_600_123_u64), expected);
        check(json!(1_735_689_600_123_000_u64), expected);
        check(json!(1_735_689_600_123_000_000_u64), expected);
        check(json!("2025-01-01T00:00:00.123Z"), expected);
        check(json!("2025-01-01T09:00:00.1234567+09:00"), expected);
        check(json!("2024-12-31T20:30:00.123-03:30"), expected);
        check(json!("2024-02-29T00:00:00"), 1_709_164_800_000.0);
        check(json!("1969-12-31T23:59:59Z"), -1000.0);
        for other in [
            json!(null),
            json!(-1),
            json!(""),
            json!("yesterday, it was"),
        ] {
            check(other, 0.0);
        }
        check(json!("2025-01-01 가나다라마바사"), 0.0);
    }
}
