//! Numbers as JavaScript writes them: what the standard library has for that is 10 kB of code.

/// A number with so many digits after the point, 100 at most.
pub fn fixed(number: f64, digits: u8) -> String {
    let written = js_sys::Number::from(number).to_fixed(digits);
    written.map_or_else(|_| String::new(), Into::into)
}
