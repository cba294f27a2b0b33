//! What is on the shelf: every chat that is stored.
use crate::session::Library;
/// The shelf.
#[derive(Clone, Copy)]
pub struct Shelf;
impl Shelf {
    /// Opens.
    pub fn new(_: Library) -> Self {
        Self
    }
    /// Looks.
    pub fn look(self) {}
}
