//! A task that is aborted when dropped.

use futures_util::future::{AbortHandle, LocalBoxFuture, abortable};

/// A running task. Dropping it aborts the future and drops what that holds, which closes a pending
/// request.
#[derive(Debug)]
pub struct Task(AbortHandle);

impl Task {
    /// Starts a task on the browser's event loop.
    pub fn start(future: impl Future<Output = ()> + 'static) -> Self {
        // Boxed, so that all abortable futures have one type.
        let future: LocalBoxFuture<'_, ()> = Box::pin(future);
        let (task, handle) = abortable(future);
        leptos::task::spawn_local(async move {
            // An aborted task has no result.
            let _ = task.await;
        });
        Self(handle)
    }

    /// Aborts the task: it does not resume from its current await.
    pub fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.end();
    }
}
