//! What the browser tests share: a browser, the page, and an endpoint that follows a script.

pub mod browser;
pub mod endpoint;
pub mod page;

pub use browser::Browser;
pub use endpoint::{Endpoint, Step};
