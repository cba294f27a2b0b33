//! The connection doctor's views: they probe a server in steps, and name the problem. [`crate::doctor`] draws
//! the conclusions.

mod examine;
pub mod probe;
pub mod steps;
mod words;

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    page::Target,
};
use steps::Doctor;

/// Renders the doctor's findings.
type Draw = fn(Target) -> AnyView;

thread_local! {
    pub(crate) static DOCTOR: Chunk<Draw> = const { Chunk::new(|| Box::pin(doctor())) };
}

#[wasm_split(settings, fallible)]
fn doctor() -> Result<Draw, Missing> {
    Ok(|target| view! { <Doctor target /> }.into_any())
}
