//! Limits the concurrent requests to one server. A browser opens six connections to a server that
//! speaks HTTP/1.1, and lets any further request wait silently.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Poll, Waker},
};

use crate::table::Table;

/// A request's place in the queue of its server.
struct Queued {
    id: u64,
    /// Maximum number of requests at once with this one.
    limit: usize,
    is_granted: bool,
    waker: Option<Waker>,
}

thread_local! {
    /// The queues by server, in order of arrival.
    static QUEUES: RefCell<Table<String, Vec<Queued>>> = RefCell::new(Table::default());
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// A permit to send a request to a server. Dropping it lets the next request go.
#[derive(Debug)]
pub struct Permit {
    server: String,
    id: u64,
}

impl Permit {
    /// Queues for a server that takes `limit` requests at once; 0 is no limit.
    pub fn request(server: String, limit: usize) -> Self {
        let id = LAST.get() + 1;
        LAST.set(id);
        let permit = Self { server, id };
        permit.with_queue(|queue| {
            queue.push(Queued {
                id,
                limit: if limit == 0 { usize::MAX } else { limit },
                is_granted: false,
                waker: None,
            });
        });
        permit.grant();
        permit
    }

    /// Returns whether the request may be sent.
    pub fn is_granted(&self) -> bool {
        self.with_queue(|queue| queue.iter().any(|it| it.id == self.id && it.is_granted))
    }

    /// Waits until the request may be sent.
    pub async fn granted(&self) {
        poll_fn(|context| {
            self.with_queue(|queue| {
                let own = queue.iter_mut().find(|queued| queued.id == self.id);
                match own.filter(|own| !own.is_granted) {
                    Some(waiting) => {
                        waiting.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                    None => Poll::Ready(()),
                }
            })
        })
        .await;
    }

    /// Grants the next permits up to the limit, in order of arrival.
    fn grant(&self) {
        let woken: Vec<_> = self.with_queue(|queue| {
            let granted = queue.iter().filter(|queued| queued.is_granted).count();
            let waiting = queue.iter_mut().filter(|queued| !queued.is_granted);
            let mut woken = Vec::new();
            for (granted, queued) in (granted..).zip(waiting) {
                if granted >= queued.limit {
                    break;
                }
                queued.is_granted = true;
                woken.extend(queued.waker.take());
            }
            woken
        });
        woken.into_iter().for_each(Waker::wake);
    }

    fn with_queue<T>(&self, act: impl FnOnce(&mut Vec<Queued>) -> T) -> T {
        QUEUES.with_borrow_mut(|queues| {
            let mut queue = queues.remove(&self.server).unwrap_or_default();
            let done = act(&mut queue);
            if !queue.is_empty() {
                queues.insert(self.server.clone(), queue);
            }
            done
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.with_queue(|queue| queue.retain(|queued| queued.id != self.id));
        self.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(server: &str, limit: usize, count: usize) -> Vec<Permit> {
        let permits = std::iter::repeat_with(|| Permit::request(server.to_owned(), limit));
        permits.take(count).collect()
    }

    fn granted(permits: &[Permit]) -> Vec<bool> {
        permits.iter().map(Permit::is_granted).collect()
    }

    #[test]
    fn so_many_go_at_once_as_the_server_takes() {
        #[track_caller]
        fn check(limit: usize, expected: [bool; 4]) {
            assert_eq!(granted(&queue("a", limit, 4)), expected);
        }
        check(1, [true, false, false, false]);
        check(3, [true, true, true, false]);
        check(4, [true; 4]);
        check(0, [true; 4]);
    }

    #[test]
    fn each_request_keeps_to_its_own_limit() {
        let many = queue("a", 6, 2);
        let alone = queue("a", 1, 1);
        let behind = queue("a", 6, 1);
        assert_eq!(granted(&many), [true, true]);
        assert_eq!(granted(&alone), [false]);
        assert_eq!(granted(&behind), [false]);
        drop(many);
        assert_eq!(granted(&alone), [true]);
        assert_eq!(granted(&behind), [true]);
    }

    #[test]
    fn servers_do_not_wait_for_each_other() {
        let one = queue("a", 1, 2);
        let other = queue("b", 1, 2);
        assert_eq!(granted(&one), [true, false]);
        assert_eq!(granted(&other), [true, false]);
    }

    #[test]
    fn the_next_goes_when_one_is_done_and_nobody_is_overtaken() {
        let mut permits = queue("a", 2, 5);
        // A request that gives up in the queue lets nobody pass.
        permits.remove(3);
        assert_eq!(granted(&permits), [true, true, false, false]);
        permits.remove(0);
        assert_eq!(granted(&permits), [true, true, false]);
        permits.drain(..2);
        assert_eq!(granted(&permits), [true]);
        drop(permits);
        assert_eq!(granted(&queue("a", 1, 1)), [true]);
    }

    #[test]
    fn who_waits_is_woken() {
        use std::{future::Future, pin::pin, sync::Arc, task::Context};

        #[derive(Default)]
        struct Count(std::sync::atomic::AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut permits = queue("a", 1, 2);
        let second = permits.pop().unwrap();
        let mut waits = pin!(second.granted());
        assert!(waits.as_mut().poll(&mut context).is_pending());
        drop(permits);
        assert_eq!(count.0.load(std::sync::atomic::Ordering::Relaxed), 1);
        assert!(waits.as_mut().poll(&mut context).is_ready());
    }
}
