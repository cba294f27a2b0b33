//! Mounts the page.

/// The standard library's allocator would add 2 kB to the download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {
    // Without this, a panic in the browser has no message.
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
        collate::fault::fail();
    }));
    wasm_bindgen_futures::spawn_local(async {
        collate::storage::archive::begin().await;
        leptos::mount::mount_to_body(collate::App);
    });
}
