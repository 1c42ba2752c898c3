//! Work that may block, beside the thread that serves the bus. (A login at the socket has a thread of its
//! own, and does it there.)
//!
//! The name service and the store may each take ten microseconds or, with a directory or a slow
//! disk behind them, seconds. A thread of the daemon's own waits for such work all the time: to
//! start one takes longer than most of what it does. While it is taken, further work gets a thread
//! of the runtime's, which ends when there has been nothing to do for a while.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tfa_proto::Error;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

type Job = Box<dyn FnOnce() + Send>;

/// The way to the thread that takes the work first.
static RESIDENT: OnceLock<Option<Sender<Job>>> = OnceLock::new();
/// It has work. Nothing is queued for it: work is given to a thread that waits, or to another.
static TAKEN: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// This thread does the work of one login alone, and may block.
    static STAYS: Cell<bool> = const { Cell::new(false) };
}

/// From now on, what this thread waits for may be done by itself.
pub fn stay() {
    STAYS.set(true);
}

/// Does some work that may block: here, where this thread is one login's, else beside it.
///
/// # Errors
/// As [`beside`].
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    if STAYS.get() {
        Ok(work())
    } else {
        beside(work).await
    }
}

/// Does some work beside the bus thread.
///
/// # Errors
/// [`Error::Storage`] where the work breaks off: it panicked, or the daemon ends.
pub async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (answer, done) = oneshot::channel();
    let job: Job = Box::new(move || {
        // Nobody waits for it any more.
        let _ = answer.send(work());
    });
    match RESIDENT.get_or_init(take_residence) {
        Some(resident) if !TAKEN.swap(true, Ordering::Acquire) => {
            // The thread never ends. If it did, the job would be dropped, and break off, and all
            // later work would go to the runtime's threads.
            let _ = resident.send(job);
        }
        _ => drop(spawn_blocking(job)),
    }
    done.await
        .map_err(|_| Error::Storage("a look-up broke off; try again".to_owned()))
}

fn take_residence() -> Option<Sender<Job>> {
    let (give, jobs) = channel::<Job>();
    let work = move || {
        while let Ok(job) = jobs.recv() {
            // Whoever waits for a job that panics learns of it by the answer that is dropped.
            let _ = catch_unwind(AssertUnwindSafe(job));
            TAKEN.store(false, Ordering::Release);
        }
    };
    let thread = thread::Builder::new().name("beside".to_owned()).spawn(work);
    thread.is_ok().then_some(give)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_hangs_holds_up_no_other() {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let hanging = tokio::spawn(beside(move || wait.recv()));
        for turn in 0..20 {
            assert!(beside(move || turn).await.is_ok_and(|done| done == turn));
        }
        drop(go);
        assert!(hanging.await.is_ok_and(|done| done.is_ok()));
    }

    #[tokio::test]
    async fn work_that_panics_breaks_off_and_the_next_is_done() {
        for turn in 0..20 {
            let broken: Result<(), _> = beside(|| panic!("it breaks off")).await;
            assert!(matches!(broken, Err(Error::Storage(_))));
            assert!(beside(move || turn).await.is_ok_and(|done| done == turn));
        }
    }
}
