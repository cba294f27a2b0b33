//! Tokens that are not kept with their endpoints: those of this tab, and those of the vault, which
//! a passphrase unlocks. See `keys.js`; `src/settings` encrypts them and asks for the passphrase.
//!
//! A token is stored with the origin that it was typed for, and given out for no other. A saved
//! endpoint never contains it: [`settle`] takes it out first.

use wasm_bindgen::prelude::*;

use crate::endpoint::{Endpoint, Held, Id, Keeper, Locked, Token, TokenStorage};

#[wasm_bindgen(module = "/public/constants.js")]
extern "C" {
    // Rust reads constants at compile time. This adds the file to the page, for `keys.js`.
    #[wasm_bindgen(thread_local_v2)]
    static PREFIX: JsValue;
}

#[wasm_bindgen(module = "/src/storage/keys.js")]
extern "C" {
    #[wasm_bindgen(js_name = token)]
    fn token_of(id: &str, origin: &str, keep: &str) -> Option<String>;

    #[wasm_bindgen(js_name = isLocked)]
    fn is_locked_at(id: &str, origin: &str) -> bool;

    #[wasm_bindgen(js_name = put)]
    fn put_at(id: &str, origin: &str, keep: &str, token: Option<&str>);

    #[wasm_bindgen(js_name = state)]
    fn state_now() -> String;

    #[wasm_bindgen(js_name = ids)]
    fn all_ids() -> Vec<String>;

    #[wasm_bindgen(js_name = listen)]
    fn listen_with(listener: &JsValue);

    /// Deletes the tokens of endpoints that are no longer saved, when a page begins: those
    /// endpoints can't be restored any more.
    pub fn sweep();

    /// Returns whether the browser can encrypt: only for pages that came over HTTPS or from this
    /// machine.
    #[wasm_bindgen(js_name = can)]
    pub fn can_encrypt() -> bool;

    /// All functions of `keys.js`, for the code that encrypts.
    pub fn holder() -> JsValue;
}

thread_local! {
    /// The only keeper, so no other code can reveal a token.
    static KEEPER: Keeper = Keeper::only().expect("this is the only place that asks for it");
}

/// State of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// No vault.
    None,
    /// A vault whose tokens are unavailable: it was not opened, or locked again.
    Locked,
    /// A vault whose tokens are available.
    Open,
}

/// The current state of the vault.
pub fn vault_state() -> VaultState {
    match &*state_now() {
        "open" => VaultState::Open,
        "locked" => VaultState::Locked,
        _ => VaultState::None,
    }
}

/// The endpoints whose tokens are in the vault, even while it is locked.
pub fn in_vault() -> Vec<Id> {
    let ids = all_ids().into_iter();
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// The token of an endpoint, as far as it is available, wherever it is kept.
pub fn held(endpoint: &Endpoint) -> Held {
    if let Some(token) = &endpoint.token {
        return Held::Token(token.clone());
    }
    if endpoint.keep == TokenStorage::Browser {
        return Held::Nothing;
    }
    let (id, origin) = (endpoint.id.to_string(), endpoint.base_url.origin());
    let token = token_of(&id, &origin, endpoint.keep.name());
    match token.and_then(|token| Token::parse(&token).ok()?) {
        Some(token) => Held::Token(token),
        None if endpoint.keep == TokenStorage::Vault && is_locked_at(&id, &origin) => Held::Locked,
        None => Held::Nothing,
    }
}

/// Returns the endpoint with its token, right before a request.
///
/// # Errors
/// [`Locked`]
pub fn with_token(endpoint: &Endpoint) -> Result<Endpoint, Locked> {
    endpoint.with_held(held(endpoint))
}

/// Moves the token of an endpoint to where it is kept, so that the endpoint can be saved. Without a
/// token, the previous one stays, unless the endpoint's origin or its place for the token has
/// changed. A token for the vault requires an open vault.
pub fn settle(endpoint: &mut Endpoint) {
    let token = endpoint.detach_token();
    let (id, origin) = (endpoint.id.to_string(), endpoint.base_url.origin());
    KEEPER.with(|keeper| {
        let token = token.as_ref().map(|token| token.reveal(keeper));
        put_at(&id, &origin, endpoint.keep.name(), token);
    });
}

/// The text of a token, to show it to the user who typed it.
pub fn shown(token: &Token) -> String {
    KEEPER.with(|keeper| token.reveal(keeper).to_owned())
}

/// Deletes the token of an endpoint, if it is not stored with the endpoint.
pub fn remove(id: Id) {
    put_at(&id.to_string(), "", "", None);
}

/// Registers a listener, as long as the page lasts, for changes of the tokens and of the vault's
/// state.
pub fn listen(act: impl Fn() + 'static) {
    listen_with(&Closure::<dyn Fn()>::new(act).into_js_value());
}
