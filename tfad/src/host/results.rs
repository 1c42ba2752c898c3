//! The results of calls that go on on another thread while they are taken.
//!
//! A thread that is woken for each result costs more than most calls. So it is woken after some, and looks by
//! itself after a short time.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many results wake the thread that takes them.
const MANY: usize = 64;
/// After this time it looks whether there are fewer.
const LOOKS_AFTER: Duration = Duration::from_millis(2);

/// The side that makes results. The other one learns of its end.
pub(super) struct Answers<T> {
    shared: Arc<Shared<T>>,
    /// How many results are still to come.
    left: usize,
}

/// The side that takes them.
pub(super) struct Results<T> {
    shared: Arc<Shared<T>>,
    taken: VecDeque<T>,
    /// How long it sleeps before it looks; `None` for one result, which wakes it.
    looks_after: Option<Duration>,
}

/// Nobody takes results any more.
#[derive(Debug)]
pub(super) struct GivenUp;

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    has_ended: bool,
    is_given_up: bool,
}

/// Both sides, for so many results.
pub(super) fn results<T>(count: usize) -> (Answers<T>, Results<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            waiting: VecDeque::new(),
            has_ended: false,
            is_given_up: false,
        }),
        changed: Condvar::new(),
    });
    let answers = Answers {
        shared: Arc::clone(&shared),
        left: count,
    };
    let results = Results {
        shared,
        taken: VecDeque::new(),
        looks_after: (count > 1).then_some(LOOKS_AFTER),
    };
    (answers, results)
}

impl<T> Answers<T> {
    pub(super) fn add(&mut self, answer: T) -> Result<(), GivenUp> {
        self.left = self.left.saturating_sub(1);
        let mut state = self.shared.state();
        if state.is_given_up {
            return Err(GivenUp);
        }
        state.waiting.push_back(answer);
        let wakes = self.left == 0 || state.waiting.len() == MANY;
        drop(state);
        if wakes {
            self.shared.changed.notify_one();
        }
        Ok(())
    }
}

impl<T> Drop for Answers<T> {
    fn drop(&mut self) {
        self.shared.state().has_ended = true;
        // The last result has woken the other side.
        if self.left > 0 {
            self.shared.changed.notify_one();
        }
    }
}

impl<T> Results<T> {
    /// The next result, if there is one by the deadline.
    pub(super) fn next(&mut self, deadline: Instant) -> Option<T> {
        if self.taken.is_empty() {
            self.taken = self.shared.take(deadline, self.looks_after);
        }
        let is_in_time = Instant::now() < deadline;
        is_in_time.then(|| self.taken.pop_front()).flatten()
    }
}

impl<T> Drop for Results<T> {
    fn drop(&mut self) {
        self.shared.state().is_given_up = true;
    }
}

impl<T> Shared<T> {
    /// All results that there are: none after the last one, and at the deadline.
    fn take(&self, deadline: Instant, looks_after: Option<Duration>) -> VecDeque<T> {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.has_ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let sleep = looks_after.map_or(left, |time| left.min(time));
            let waited = self.changed.wait_timeout(state, sleep);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        mem::take(&mut state.waiting)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn late() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn all_results_come_in_order_however_many_there_are() {
        for count in [1, 2, MANY - 1, MANY, MANY + 1, 10 * MANY + 3] {
            let (mut answers, mut results) = results(count);
            let made = thread::spawn(move || {
                for number in 0..count {
                    answers.add(number).unwrap();
                }
            });
            let taken: Vec<usize> = std::iter::from_fn(|| results.next(late())).collect();
            assert_eq!(taken, Vec::from_iter(0..count));
            made.join().unwrap();
        }
    }

    #[test]
    fn a_result_does_not_wait_for_the_next_one() {
        let (mut answers, mut results) = results(3);
        answers.add(1).unwrap();
        assert_eq!(results.next(late()), Some(1));
        assert_eq!(results.next(soon()), None);
        answers.add(2).unwrap();
        assert_eq!(results.next(late()), Some(2));
        drop(answers);
        assert_eq!(results.next(late()), None);
    }

    #[test]
    fn the_end_is_told_to_the_side_that_waits_and_the_other() {
        let (answers, mut results) = results::<u8>(1);
        let waits = thread::spawn(move || results.next(late()));
        drop(answers);
        assert_eq!(waits.join().unwrap(), None);
        let (mut answers, results) = super::results(2);
        drop(results);
        assert!(answers.add(1).is_err());
    }
}
