//! The settings, the vault and the storage usage, in a chunk.

mod endpoints;
mod passphrase;
mod sections;
pub mod storage_usage;
mod timeouts;
pub mod vault;
mod vault_store;

use leptos::prelude::*;
use wasm_split_helpers::wasm_split;

use crate::{
    chunk::{Chunk, Missing},
    history::stored_chats::StoredChats,
};
use sections::Settings;
use vault::Vault;

/// Renders a dialog's content.
type Draw = fn() -> AnyView;

thread_local! {
    pub(crate) static SETTINGS: Chunk<Draw> = const { Chunk::new(|| Box::pin(settings())) };
}

#[wasm_split(settings, fallible)]
fn settings() -> Result<Draw, Missing> {
    vault::begin();
    Ok(|| {
        StoredChats::provide();
        view! { <Settings /> }.into_any()
    })
}

thread_local! {
    pub(crate) static VAULT: Chunk<Draw> = const { Chunk::new(|| Box::pin(the_vault())) };
}

#[wasm_split(settings, fallible)]
fn the_vault() -> Result<Draw, Missing> {
    vault::begin();
    Ok(|| view! { <Vault is_dialog=true /> }.into_any())
}
