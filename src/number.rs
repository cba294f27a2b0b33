//! Number formatting by JavaScript: the standard library's is 10 kB of code.

/// Formats a number with this many decimal places, at most 100.
pub fn fixed(number: f64, digits: u8) -> String {
    let written = js_sys::Number::from(number).to_fixed(digits);
    written.map_or_else(|_| String::new(), Into::into)
}
