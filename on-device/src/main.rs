//! The program that runs a model in one of the page's workers; `page/device-worker.js` calls `exports`.

#[cfg(target_arch = "wasm32")]
mod exports;

/// The standard library's allocator would add 2 kB to the download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    println!("This is a worker of a page, built for wasm32-unknown-unknown.");
}
