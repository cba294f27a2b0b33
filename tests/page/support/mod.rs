//! What the browser tests share: a browser, the page, and an endpoint that follows a script.

pub mod browser;
pub mod endpoint;
pub mod odd;
pub mod odd_models;
pub mod page;
pub mod trap;
pub mod weights;

pub use browser::{Browser, Scope};
pub use endpoint::{Answer, Cors, Endpoint, Step};
pub use trap::Trap;
