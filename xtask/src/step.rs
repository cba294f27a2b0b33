//! What the build says: its steps, with their times.

use std::time::Instant;

use anyhow::Result;

/// Does something, and says what and how long it took.
///
/// # Errors
/// It fails.
pub fn step<T>(what: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let done = act()?;
    eprintln!("· {what}: {:.1} s", begun.elapsed().as_secs_f64());
    Ok(done)
}

/// Says something.
pub fn say(what: &str) {
    eprintln!("· {what}");
}
