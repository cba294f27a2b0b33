//! A task that ends when it is no longer wanted.

use futures_util::future::{AbortHandle, LocalBoxFuture, abortable};

/// A running task. Dropping this ends it, and drops what it holds: a request that is waited for is
/// closed.
#[derive(Debug)]
pub struct Task(AbortHandle);

impl Task {
    /// Starts a task on the browser's event loop.
    pub fn start(future: impl Future<Output = ()> + 'static) -> Self {
        // Boxed, so that what can be ended is of one type.
        let future: LocalBoxFuture<'_, ()> = Box::pin(future);
        let (task, handle) = abortable(future);
        leptos::task::spawn_local(async move {
            // An ended task has nothing to say.
            let _ = task.await;
        });
        Self(handle)
    }

    /// Ends the task now: it does not run on from where it waits.
    pub fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end();
    }
}
