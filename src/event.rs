//! The events of a browser's object as a future.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventTarget};

/// Waits for the first of two events: the one that tells of success, or the one of failure.
///
/// # Errors
/// The event that tells of failure.
pub async fn first(target: &EventTarget, success: &str, failure: &str) -> Result<Event, Event> {
    let promise = Promise::new(&mut |resolve, reject| {
        // An event's name is a string: it can't be refused.
        let _ = target.add_event_listener_with_callback(success, &resolve);
        let _ = target.add_event_listener_with_callback(failure, &reject);
    });
    let event = JsFuture::from(promise).await;
    event
        .map(JsCast::unchecked_into)
        .map_err(JsValue::unchecked_into)
}
