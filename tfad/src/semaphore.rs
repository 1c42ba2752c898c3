//! A counting semaphore for threads. Permits go to the waiting threads in the order of their requests.
//!
//! The semaphore of tokio, the only one among the dependencies, is async and has no wait of a thread.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// A bounded number of permits.
pub struct Semaphore {
    state: Mutex<State>,
}

struct State {
    free: usize,
    waiting: VecDeque<Arc<Waiter>>,
}

struct Waiter {
    thread: Thread,
    has_permit: AtomicBool,
}

/// A permit. It goes back to its semaphore on drop.
#[must_use = "the permit goes back on drop"]
#[derive(Debug)]
pub struct Permit<'semaphore>(&'semaphore Semaphore);

impl Semaphore {
    /// A semaphore with this number of permits.
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        let state = State {
            free: permits,
            waiting: VecDeque::new(),
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Takes a permit, if one is free and no other thread waits for it.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        if state.free == 0 {
            return None;
        }
        state.free -= 1;
        Some(Permit(self))
    }

    /// Waits for a permit.
    pub fn acquire(&self) -> Permit<'_> {
        loop {
            // A limit that no thread lives to see.
            if let Some(permit) = self.acquire_within(Duration::from_secs(86_400)) {
                return permit;
            }
        }
    }

    /// Waits for a permit, up to a time limit.
    pub fn acquire_within(&self, limit: Duration) -> Option<Permit<'_>> {
        let deadline = Instant::now() + limit;
        let waiter = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Some(Permit(self));
            }
            let waiter = Arc::new(Waiter {
                thread: thread::current(),
                has_permit: AtomicBool::new(false),
            });
            state.waiting.push_back(Arc::clone(&waiter));
            waiter
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if waiter.has_permit.load(Ordering::Acquire) {
                return Some(Permit(self));
            }
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
        let mut state = self.state();
        state.waiting.retain(|other| !Arc::ptr_eq(other, &waiter));
        // It may have come in the last moment.
        waiter
            .has_permit
            .load(Ordering::Acquire)
            .then(|| Permit(self))
    }

    fn release(&self) {
        let mut state = self.state();
        match state.waiting.pop_front() {
            Some(waiter) => {
                waiter.has_permit.store(true, Ordering::Release);
                waiter.thread.unpark();
            }
            None => state.free += 1,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.state().free
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Semaphore")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use super::*;

    fn until(condition: impl Fn() -> bool) {
        while !condition() {
            thread::yield_now();
        }
    }

    #[test]
    fn no_more_threads_hold_a_permit_than_there_are_permits() {
        let semaphore = Semaphore::new(3);
        let (holding, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..24 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _permit = semaphore.acquire();
                        let now = holding.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        holding.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 3);
        assert_eq!(semaphore.free(), 3);
    }

    #[test]
    fn permits_go_out_in_the_order_of_the_requests() {
        let semaphore = Semaphore::new(1);
        let (say, order) = mpsc::channel();
        let first = semaphore.acquire();
        thread::scope(|scope| {
            for number in 0..8 {
                let (say, semaphore) = (say.clone(), &semaphore);
                scope.spawn(move || {
                    let _permit = semaphore.acquire();
                    say.send(number).unwrap();
                });
                until(|| semaphore.state().waiting.len() == number + 1);
            }
            drop(first);
        });
        let order: Vec<usize> = order.try_iter().collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_thread_that_stops_waiting_takes_no_permit() {
        let semaphore = Semaphore::new(1);
        let held = semaphore.acquire();
        assert!(semaphore.try_acquire().is_none());
        let waited = semaphore.acquire_within(Duration::from_millis(5));
        assert!(waited.is_none() && semaphore.state().waiting.is_empty());
        drop(held);
        assert_eq!(semaphore.free(), 1);
        assert!(semaphore.acquire_within(Duration::ZERO).is_some());
    }
}
