//! The connection doctor as a reader meets it: it asks a server in steps, and says what is wrong.
//! What it concludes from the answers is [`crate::doctor`].

mod examine;
pub mod probe;
pub mod steps;
mod words;

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    page::Patient,
};
use steps::Doctor;

/// Draws what the doctor finds.
type Draw = fn(Patient) -> AnyView;

thread_local! {
    pub(crate) static DOCTOR: Chunk<Draw> = const { Chunk::new(|| Box::pin(doctor())) };
}

#[wasm_split(settings, fallible)]
fn doctor() -> Result<Draw, Missing> {
    Ok(|patient| view! { <Doctor patient /> }.into_any())
}
