//! The history, the settings, what is stored, and the way to an endpoint, as a user looks at them. Most
//! of it stands in chunks, which are fetched when they are looked at.

#![expect(
    clippy::disallowed_methods,
    reason = "like the session, it is where the storage is read and changed"
)]

mod connect;
mod device;
mod doctor;
mod drawer;
mod files;
pub(crate) mod keep;
mod line;
mod local;
mod params;
mod pictures;
mod room;
mod sent;
mod settings;
mod shelf;
mod suggest;
mod transfer;
mod vault;
mod visit;

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

use crate::{
    chat::{card, turn},
    chunk::{Chunk, Missing},
    view::Patient,
};
pub(crate) use connect::Connect;
use doctor::Doctor;
use drawer::Drawer;
use params::Parameters;
use pictures::Pictures;
use sent::Sent;
use settings::Settings;
use shelf::Shelf;
pub(crate) use transfer::FILES;
use vault::Vault;

/// Draws what a chunk is about.
type Draw = fn() -> AnyView;
/// Draws it for a card.
type DrawOf = fn(card::Id) -> AnyView;
/// Draws what was sent for the answer of a turn.
type DrawSent = fn(card::Id, turn::Id) -> AnyView;
/// Draws what the doctor finds.
type DrawDoctor = fn(Patient) -> AnyView;

thread_local! {
    pub(crate) static HISTORY: Chunk<Draw> = const { Chunk::new(|| Box::pin(history())) };
    pub(crate) static SETTINGS: Chunk<Draw> = const { Chunk::new(|| Box::pin(settings())) };
    pub(crate) static VAULT: Chunk<Draw> = const { Chunk::new(|| Box::pin(vault())) };
    pub(crate) static PARAMETERS: Chunk<DrawOf> = const { Chunk::new(|| Box::pin(parameters())) };
    pub(crate) static PICTURES: Chunk<DrawOf> = const { Chunk::new(|| Box::pin(pictures())) };
    pub(crate) static SENT: Chunk<DrawSent> = const { Chunk::new(|| Box::pin(sent())) };
    pub(crate) static DOCTOR: Chunk<DrawDoctor> = const { Chunk::new(|| Box::pin(doctor())) };
}

#[wasm_split(history, fallible)]
fn history() -> Result<Draw, Missing> {
    Ok(|| {
        Shelf::provide();
        view! { <Drawer /> }.into_any()
    })
}

#[wasm_split(settings, fallible)]
fn settings() -> Result<Draw, Missing> {
    vault::begin();
    Ok(|| {
        Shelf::provide();
        view! { <Settings /> }.into_any()
    })
}

#[wasm_split(settings, fallible)]
fn vault() -> Result<Draw, Missing> {
    vault::begin();
    Ok(|| view! { <Vault is_dialog=true /> }.into_any())
}

#[wasm_split(settings, fallible)]
fn parameters() -> Result<DrawOf, Missing> {
    Ok(|id| view! { <Parameters id /> }.into_any())
}

#[wasm_split(actions, fallible)]
fn pictures() -> Result<DrawOf, Missing> {
    Ok(|id| view! { <Pictures id /> }.into_any())
}

#[wasm_split(actions, fallible)]
fn sent() -> Result<DrawSent, Missing> {
    Ok(|card, turn| view! { <Sent card turn /> }.into_any())
}

#[wasm_split(settings, fallible)]
fn doctor() -> Result<DrawDoctor, Missing> {
    Ok(|patient| view! { <Doctor patient /> }.into_any())
}
