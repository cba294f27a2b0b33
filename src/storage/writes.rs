//! Hears of what is written to the storage, by this page or by another tab.

use std::cell::RefCell;

use super::Key;

type Listener = Box<dyn Fn(Key)>;

thread_local! {
    static LISTENERS: RefCell<Vec<Listener>> = RefCell::default();
}

/// Hears, as long as the page lasts, under which keys anything is written or removed.
pub fn follow(act: impl Fn(Key) + 'static) {
    LISTENERS.with_borrow_mut(|listeners| listeners.push(Box::new(act)));
}

/// Tells that something was written under a key, or removed.
pub fn tell(key: &str) {
    if let Some(key) = Key::parse(key) {
        LISTENERS.with_borrow(|listeners| listeners.iter().for_each(|listener| listener(key)));
    }
}
