//! Calls of the name service under a time limit.
//!
//! A directory may hang in the middle of a call of the C library, and such a call cannot be ended. So
//! it runs on a thread of its own, which is left behind where the time is over. The number of these
//! threads is bounded.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::results::{Results, results};
use crate::semaphore::Semaphore;

/// The number of calls at once for logins, of those that no caller waits for any more too.
const MAX_CALLS_OF_LOGINS: usize = 64;
/// The same for administrators.
const MAX_CALLS_OF_ADMINISTRATORS: usize = 16;
/// The same for members of a fleet.
const MAX_CALLS_OF_MEMBERS: usize = 16;
/// The time after which an idle thread ends, but for one: a start takes longer than most calls.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// For whom the name service is called. Calls for administrators and members, which may be many in a row, leave
/// those for logins their permits while a directory hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallsFor {
    /// A login, or a call of a user for the own account.
    Logins,
    /// A call of an administrator.
    Administrators,
    /// An enrollment on another host.
    Members,
}

impl CallsFor {
    fn permits(self) -> &'static Semaphore {
        match self {
            Self::Logins => &LOGINS,
            Self::Administrators => &ADMINISTRATORS,
            Self::Members => &MEMBERS,
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Each call that was not given up has a permit, and one that was keeps it to its end.
static LOGINS: Semaphore = Semaphore::new(MAX_CALLS_OF_LOGINS);
static ADMINISTRATORS: Semaphore = Semaphore::new(MAX_CALLS_OF_ADMINISTRATORS);
static MEMBERS: Semaphore = Semaphore::new(MAX_CALLS_OF_MEMBERS);
static THREADS: Threads = Threads {
    state: Mutex::new(State {
        jobs: VecDeque::new(),
        idle: 0,
    }),
    work: Condvar::new(),
};

struct Threads {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// The threads that wait for a job, less the jobs that wait for them.
    idle: usize,
}

/// The result of a call, if there is one in time.
pub(crate) fn within<T: Send + 'static>(
    calls: CallsFor,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let deadline = Instant::now() + limit;
    let mut call = Some(call);
    let call = move |()| call.take().map(|call| call());
    each(calls, limit, vec![()], call)?.next(deadline)?
}

/// Calls the name service for each of these items, in their order, on one thread. `None` if there is no
/// permit in time. The calls end after the one under way when the results are dropped.
pub(super) fn each<I: Send + 'static, T: Send + 'static>(
    calls: CallsFor,
    limit: Duration,
    items: Vec<I>,
    mut call: impl FnMut(I) -> T + Send + 'static,
) -> Option<Results<T>> {
    if limit.is_zero() {
        return None;
    }
    let permit = calls.permits().acquire_within(limit)?;
    let (mut answers, results) = results(items.len());
    let job = move || {
        let _permit = permit;
        for item in items {
            // The caller may have given up.
            if answers.add(call(item)).is_err() {
                return;
            }
        }
    };
    THREADS.give(Box::new(job))?;
    Some(results)
}

impl Threads {
    /// Gives a job to an idle thread, or to a new one.
    fn give(&'static self, job: Job) -> Option<()> {
        let mut state = self.state();
        if state.idle > 0 {
            state.idle -= 1;
            state.jobs.push_back(job);
            drop(state);
            self.work.notify_one();
            return Some(());
        }
        drop(state);
        let thread = thread::Builder::new().name("name-service".to_owned());
        let started = thread.spawn(move || {
            run(job);
            while let Some(job) = self.next() {
                run(job);
            }
        });
        started.ok().map(|_| ())
    }

    /// Waits for a job; `None` where the thread is to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        state.idle += 1;
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            let waited = self.work.wait_timeout(state, IDLE_TIMEOUT);
            let (again, over) = waited.unwrap_or_else(PoisonError::into_inner);
            state = again;
            if over.timed_out() && state.jobs.is_empty() && state.idle > 1 {
                state.idle -= 1;
                return None;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(job: Job) {
    // The caller learns of a panic by the answer that is dropped.
    let _ = catch_unwind(AssertUnwindSafe(job));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::CallsFor::{Administrators, Logins};
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_call_that_hangs_holds_up_no_other() {
        let (go, wait) = mpsc::channel::<()>();
        let hanging = thread::spawn(move || within(Logins, LONG, move || wait.recv().is_err()));
        for number in 0..20 {
            assert_eq!(within(Logins, LONG, move || number), Some(number));
        }
        drop(go);
        assert_eq!(hanging.join().unwrap(), Some(true));
    }

    #[test]
    fn a_call_that_hangs_is_given_up_after_the_limit() {
        let (go, wait) = mpsc::channel::<()>();
        let limit = Duration::from_millis(20);
        assert_eq!(within(Logins, limit, move || wait.recv().is_ok()), None);
        drop(go);
    }

    #[test]
    fn results_come_in_order_up_to_a_call_that_hangs() {
        let (go, wait) = mpsc::channel::<()>();
        let (say, ended) = mpsc::channel();
        let call = move |number| {
            if number == 3 {
                let _ = wait.recv();
            }
            let _ = say.send(number);
            number
        };
        let mut results = each(Administrators, LONG, vec![1, 2, 3, 4, 5], call).unwrap();
        let deadline = Instant::now() + LONG;
        assert_eq!(
            [results.next(deadline), results.next(deadline)],
            [Some(1), Some(2)]
        );
        assert_eq!(
            results.next(Instant::now() + Duration::from_millis(20)),
            None
        );
        drop(results);
        drop(go);
        // No call follows the one under way.
        assert_eq!(ended.iter().collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn a_call_that_panics_has_no_result_and_the_next_one_has() {
        for number in 0..20 {
            assert_eq!(within(Logins, LONG, || panic!("it breaks off")), None::<()>);
            assert_eq!(within(Logins, LONG, move || number), Some(number));
        }
    }

    #[test]
    fn calls_of_administrators_that_hang_leave_logins_their_permits() {
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let limit = Duration::from_millis(2);
        for _ in 0..=MAX_CALLS_OF_LOGINS {
            let wait = Arc::clone(&wait);
            let hanging = within(Administrators, limit, move || {
                wait.lock().unwrap().recv().is_ok()
            });
            assert_eq!(hanging, None);
        }
        assert_eq!(within(Logins, LONG, || 7), Some(7));
        drop(go);
        assert_eq!(within(Administrators, LONG, || 7), Some(7));
    }
}
