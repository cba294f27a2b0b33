//! Prints the steps of the build, with their times.

use std::time::Instant;

use anyhow::Result;

/// Runs a step, and prints its name and duration.
///
/// # Errors
/// If the step fails.
pub fn step<T>(what: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let done = act()?;
    eprintln!("· {what}: {:.1} s", begun.elapsed().as_secs_f64());
    Ok(done)
}

/// Prints a message.
pub fn say(what: &str) {
    eprintln!("· {what}");
}
