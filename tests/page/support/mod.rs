//! Support for the browser tests: a browser, the page, and an endpoint that follows a script.

pub mod browser;
mod cost;
pub mod dist;
mod driver;
pub mod endpoint;
pub mod odd;
pub mod odd_models;
pub mod page;
pub mod scope;
pub mod trap;
pub mod weights;

pub use browser::Browser;
pub use cost::slow;
pub use endpoint::{Answer, Cors, Endpoint, Step};
pub use scope::Scope;
pub use trap::Trap;
