//! The program that runs a model in one of the page's workers: `exports` is what `page/device-worker.js`
//! calls.

#[cfg(target_arch = "wasm32")]
mod exports;

fn main() {
    #[cfg(not(target_arch = "wasm32"))]
    println!("This is a worker of a page, built for wasm32-unknown-unknown.");
}
