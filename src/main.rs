//! Mounts the page.

fn main() {
    // Without this, a panic in the browser has no message.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    leptos::mount::mount_to_body(collate::App);
}
