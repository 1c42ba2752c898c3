//! The admission of calls: a quota for each uid, and a few dozen calls at a time.
//!
//! With hundreds of threads at work on a few processors, a thread that loses the processor in the middle
//! holds up others, and some logins overtake others by far. So calls wait for their turn, but not for
//! long: some of those before them may wait for a directory, or for Argon2.

use std::sync::Arc;
use std::time::Duration;

use crate::call_limiter::{CallLimiter, TooManyCalls};
use crate::caller::Caller;
use crate::semaphore::Semaphore;

/// The number of calls at a time.
const MAX_AT_ONCE: usize = 32;
/// How long a call waits for its turn.
const MAX_DELAY: Duration = Duration::from_millis(25);

/// Where calls wait for their turn.
pub(super) struct Queue {
    calls: Arc<CallLimiter>,
    turns: Semaphore,
}

impl Queue {
    /// A queue for callers with these quotas.
    pub(super) fn new(calls: Arc<CallLimiter>) -> Self {
        let turns = Semaphore::new(MAX_AT_ONCE);
        Self { calls, turns }
    }

    /// Runs a call.
    ///
    /// # Errors
    /// [`TooManyCalls`].
    pub(super) fn run<T>(
        &self,
        caller: &Caller,
        call: impl FnOnce() -> T,
    ) -> Result<T, TooManyCalls> {
        let _permit = self.calls.admit(caller)?;
        let _turn = self.turns.acquire_within(MAX_DELAY);
        Ok(call())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    use super::*;

    fn queue() -> Queue {
        Queue::new(CallLimiter::new(1, 1))
    }

    fn root() -> Caller {
        Caller {
            name: "connection 1".to_owned(),
            uid: 0,
            pid: None,
            host: None,
        }
    }

    #[test]
    fn a_few_calls_run_at_a_time_and_every_one_does() {
        let queue = queue();
        let (working, most, done) = Default::default();
        let [working, most, done]: [&AtomicUsize; 3] = [&working, &most, &done];
        thread::scope(|scope| {
            for _ in 0..4 * MAX_AT_ONCE {
                scope.spawn(|| {
                    let worked = queue.run(&root(), || {
                        let now = working.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(1));
                        working.fetch_sub(1, Ordering::SeqCst);
                    });
                    worked.unwrap();
                    done.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 4 * MAX_AT_ONCE);
        assert!(most.load(Ordering::SeqCst) > 1);
    }

    #[test]
    fn a_call_does_not_wait_long_for_calls_that_hang() {
        let queue = &queue();
        thread::scope(|scope| {
            let ends: Vec<mpsc::Sender<()>> = (0..MAX_AT_ONCE)
                .map(|_| {
                    let (end, hang) = mpsc::channel();
                    scope.spawn(move || queue.run(&root(), || hang.recv().is_err()));
                    end
                })
                .collect();
            while queue.turns.free() > 0 {
                thread::yield_now();
            }
            let started = Instant::now();
            assert_eq!(queue.run(&root(), || 7).unwrap(), 7);
            assert!(started.elapsed() >= MAX_DELAY);
            drop(ends);
        });
    }

    #[test]
    fn a_call_counts_for_its_caller_until_it_ends() {
        let queue = queue();
        let caller = Caller {
            uid: 1000,
            ..root()
        };
        let outer = queue.run(&caller, || {
            assert_eq!(queue.run(&caller, || ()), Err(TooManyCalls));
        });
        assert!(outer.is_ok() && queue.run(&caller, || ()).is_ok());
    }
}
