//! Tokens that are not kept with their endpoints: those of this tab, and those of the vault, which a
//! passphrase opens. See `keys.js`; [`crate::panel`] has what encrypts and what asks for the passphrase.
//!
//! A token is stored with the origin that it was typed for, and given out for no other. What is saved of
//! an endpoint never has it: [`settle`] takes it out before.

use wasm_bindgen::prelude::*;

use crate::endpoint::{Endpoint, Held, Id, Keeper, Locked, Token, TokenStorage};

#[wasm_bindgen(module = "/src/storage/keys.js")]
extern "C" {
    #[wasm_bindgen(js_name = token)]
    fn token_of(id: &str, origin: &str, keep: &str) -> Option<String>;

    #[wasm_bindgen(js_name = isLocked)]
    fn is_locked_at(id: &str, origin: &str) -> bool;

    #[wasm_bindgen(js_name = put)]
    fn put_at(id: &str, origin: &str, keep: &str, token: Option<&str>);

    #[wasm_bindgen(js_name = standing)]
    fn standing_now() -> String;

    #[wasm_bindgen(js_name = ids)]
    fn all_ids() -> Vec<String>;

    #[wasm_bindgen(js_name = listen)]
    fn listen_with(listener: &JsValue);

    /// Takes away the tokens of endpoints that are no longer saved, when a page begins: nothing that was
    /// deleted can be put back there any more.
    pub fn sweep();

    /// Whether the browser can encrypt: only for pages that came over https or from this machine.
    #[wasm_bindgen(js_name = can)]
    pub fn can_encrypt() -> bool;

    /// All functions of the holder, for what encrypts.
    pub fn holder() -> JsValue;
}

thread_local! {
    /// Nobody else gets it, so nobody else is told a token.
    static KEEPER: Keeper = Keeper::only().expect("this is the only place that asks for it");
}

/// How the vault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// There is none.
    None,
    /// Its tokens can't be had: it was not opened, or locked again.
    Locked,
    /// Its tokens are at hand.
    Open,
}

/// How the vault stands now.
pub fn standing() -> VaultState {
    match &*standing_now() {
        "open" => VaultState::Open,
        "locked" => VaultState::Locked,
        _ => VaultState::None,
    }
}

/// The endpoints whose tokens are in the vault, also while it is locked.
pub fn in_vault() -> Vec<Id> {
    let ids = all_ids().into_iter();
    ids.filter_map(|id| id.parse().ok()).collect()
}

/// What is known of the token of an endpoint, wherever it is kept.
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

/// The endpoint with its token, right before a request.
///
/// # Errors
/// [`Locked`]
pub fn with_token(endpoint: &Endpoint) -> Result<Endpoint, Locked> {
    endpoint.with_held(held(endpoint))
}

/// Puts the token of an endpoint where it is kept, and out of the endpoint, which is fit to be saved
/// then. Without a token, the one before stays, unless the endpoint has another origin now or is kept
/// elsewhere. A token for the vault wants it open.
pub fn settle(endpoint: &mut Endpoint) {
    let token = endpoint.take_apart();
    let (id, origin) = (endpoint.id.to_string(), endpoint.base_url.origin());
    KEEPER.with(|keeper| {
        let token = token.as_ref().map(|token| token.reveal(keeper));
        put_at(&id, &origin, endpoint.keep.name(), token);
    });
}

/// A token as its reader has typed it, to be shown to them.
pub fn shown(token: &Token) -> String {
    KEEPER.with(|keeper| token.reveal(keeper).to_owned())
}

/// Gives up the token of an endpoint, where it is kept apart.
pub fn remove(id: Id) {
    put_at(&id.to_string(), "", "", None);
}

/// Is told, as long as the page lasts, when tokens have come or gone, or the vault stands otherwise.
pub fn listen(act: impl Fn() + 'static) {
    listen_with(&Closure::<dyn Fn()>::new(act).into_js_value());
}
