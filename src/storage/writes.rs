//! Notifications of writes to storage, by this page or by another tab.

use std::cell::RefCell;

use super::Key;

type Listener = Box<dyn Fn(Key)>;

thread_local! {
    static LISTENERS: RefCell<Vec<Listener>> = RefCell::default();
}

/// Registers a listener, as long as the page lasts, for keys that are written or removed.
pub fn follow(act: impl Fn(Key) + 'static) {
    LISTENERS.with_borrow_mut(|listeners| listeners.push(Box::new(act)));
}

/// Notifies the listeners that a key was written or removed.
pub fn tell(key: &str) {
    if let Some(key) = Key::parse(key) {
        LISTENERS.with_borrow(|listeners| listeners.iter().for_each(|listener| listener(key)));
    }
}
