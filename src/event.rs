//! Browser events as futures.

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::EventTarget;

/// Waits for the first of two events: success or failure.
pub fn first(target: &EventTarget, success: &str, failure: &str) -> JsFuture {
    let promise = Promise::new(&mut |resolve, reject| {
        // An event's name is a string, so it can't be refused.
        let _ = target.add_event_listener_with_callback(success, &resolve);
        let _ = target.add_event_listener_with_callback(failure, &reject);
    });
    JsFuture::from(promise)
}

/// Returns whether the page is hidden: its timers are late then.
pub fn is_hidden() -> bool {
    let window = js_sys::global().unchecked_into::<web_sys::Window>();
    window.document().is_some_and(|document| document.hidden())
}

/// Yields to the browser's pending work.
pub async fn yield_now() {
    sleep(0).await;
}

/// Sleeps for this many milliseconds; longer in a hidden tab, whose timers are late.
pub async fn sleep(milliseconds: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        let timer = js_sys::global().unchecked_into::<web_sys::Window>();
        // A function and a time can't be refused.
        let _ = timer.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}
