//! The program that runs a model in one of the page's workers: `exports` is what `page/device-worker.js`
//! calls.

#[cfg(target_arch = "wasm32")]
mod exports;

/// The standard library's allocator is 2 kB more to download.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    println!("This is a worker of a page, built for wasm32-unknown-unknown.");
}
