//! New identifiers, from the browser's clock and random numbers.

/// The current time, in milliseconds since 1970.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the time is a whole number of milliseconds"
)]
pub fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// Creates a new identifier.
pub fn fresh<Id: From<u64>>() -> Id {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is positive and below 2²⁰"
    )]
    let random = (js_sys::Math::random() * f64::from(1 << 20)) as u64;
    collate_core::id::fresh(now(), random)
}
