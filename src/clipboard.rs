//! Copies text to the clipboard.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlDocument, HtmlTextAreaElement, Window};

/// Copies a text; returns whether it succeeded.
pub async fn copy(text: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the clipboard is the window's")]
    let Some(window) = web_sys::window() else {
        return false;
    };
    // A page that is not from this machine has a clipboard only over HTTPS.
    if window.is_secure_context() {
        let written = window.navigator().clipboard().write_text(text);
        if JsFuture::from(written).await.is_ok() {
            return true;
        }
    }
    copy_selected(&window, text).unwrap_or_default()
}

/// Copies with the browser's own command for the selection.
fn copy_selected(window: &Window, text: &str) -> Option<bool> {
    let document = window.document()?.dyn_into::<HtmlDocument>().ok()?;
    let focused = document.active_element();
    let area = document.create_element("textarea").ok()?;
    let area = area.dyn_into::<HtmlTextAreaElement>().ok()?;
    area.set_value(text);
    // A modal dialog makes everything outside it unfocusable.
    let dialog = document.query_selector("dialog[open]").ok().flatten();
    let place = dialog.or_else(|| document.body().map(Into::into))?;
    place.append_child(&area).ok()?;
    area.select();
    let is_copied = document.exec_command("copy").unwrap_or_default();
    area.remove();
    if let Some(focused) = focused.and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = focused.focus();
    }
    Some(is_copied)
}
