//! A few dozen calls at a time, in the order in which they came.
//!
//! With hundreds of threads at work at once on a few processors, whoever has lost the processor in the
//! middle holds up others, and some come through long before others. So calls wait for their turn, but
//! not for long: some of those before them may wait for a directory, or for Argon2. (With hundreds at
//! once most do not wait to the end.)

use std::pin::pin;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How many calls at a time.
const PLACES: usize = 32;
/// How long a call waits for its turn at most.
const PATIENCE: Duration = Duration::from_millis(25);

/// Where calls wait for their turn.
pub(super) struct Queue {
    runtime: Handle,
    places: Semaphore,
}

impl Queue {
    pub(super) fn new(runtime: Handle) -> Self {
        let places = Semaphore::new(PLACES);
        Self { runtime, places }
    }

    /// Does the work of a call.
    pub(super) fn work<T>(&self, call: impl Future<Output = T>) -> T {
        let _place = self.places.try_acquire().ok().or_else(|| self.wait());
        // Pinned here, for the runtime would move it several times, and it has some kilobytes.
        self.runtime.block_on(pin!(call))
    }

    fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let place = async { timeout(PATIENCE, self.places.acquire()).await };
        self.runtime.block_on(place).ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Instant;

    use tokio::runtime::{Builder, Runtime};
    use tokio::sync::oneshot;

    use super::*;

    /// A runtime whose thread does nothing but what timers need, as the daemon's does.
    fn with_queue(test: impl FnOnce(&Queue)) {
        let runtime: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let queue = Queue::new(runtime.handle().clone());
        let (over, is_over) = oneshot::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(is_over));
            test(&queue);
            drop(over);
        });
    }

    #[test]
    fn a_few_work_at_a_time_and_everybody_does() {
        with_queue(|queue| {
            let (working, most, done) = Default::default();
            let [working, most, done]: [&AtomicUsize; 3] = [&working, &most, &done];
            thread::scope(|scope| {
                for _ in 0..4 * PLACES {
                    scope.spawn(|| {
                        queue.work(async {
                            let now = working.fetch_add(1, Ordering::SeqCst) + 1;
                            most.fetch_max(now, Ordering::SeqCst);
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            working.fetch_sub(1, Ordering::SeqCst);
                        });
                        done.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
            assert_eq!(done.load(Ordering::SeqCst), 4 * PLACES);
            assert!(most.load(Ordering::SeqCst) > 1);
        });
    }

    #[test]
    fn nobody_waits_for_long_for_those_who_wait_themselves() {
        with_queue(|queue| {
            thread::scope(|scope| {
                let (go, hangs) = tokio::sync::watch::channel(false);
                for _ in 0..PLACES {
                    let mut hangs = hangs.clone();
                    scope.spawn(move || queue.work(async move { hangs.changed().await }));
                }
                while queue.places.available_permits() > 0 {
                    thread::yield_now();
                }
                let started = Instant::now();
                assert_eq!(queue.work(async { 7 }), 7);
                assert!(started.elapsed() >= PATIENCE);
                go.send(true).unwrap();
            });
        });
    }
}
