//! The authenticator apps of the users: an unused code for each login.

use std::collections::HashMap;
use std::hash::Hash;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use totp_rs::Builder;

use crate::user::User;
use tfa_tests::OrFail;

/// The period of a code in seconds.
const PERIOD: u64 = 30;

/// In this time before the end of a step, the code of the previous step is not used. It could be
/// outside the window when it is verified.
const MARGIN: Duration = Duration::from_secs(6);

/// The last used step of each account. A user has one account in each store, and a code is valid once
/// in each.
pub(crate) struct Phones<Account> {
    used: HashMap<Account, u64>,
}

impl<Account: Eq + Hash> Phones<Account> {
    pub(crate) fn new() -> Self {
        Self {
            used: HashMap::new(),
        }
    }

    /// The earliest unused code of the window: a used code makes the earlier ones invalid. Waits if there
    /// is none.
    pub(crate) fn next(&mut self, account: Account, user: User) -> String
    where
        Account: Copy,
    {
        loop {
            match self.unused(account, user) {
                Some(code) => return code,
                None => thread::sleep(until_next_step(now()) + CLOCK_LAG),
            }
        }
    }

    /// The earliest unused code of the window, if there is one.
    pub(crate) fn unused(&mut self, account: Account, user: User) -> Option<String> {
        let used = self.used.entry(account).or_default();
        let step = unused_step(now(), *used)?;
        *used = step;
        Some(code(user, step))
    }

    /// Forgets the used codes of restored accounts.
    pub(crate) fn forget(&mut self, restored: impl Fn(&Account) -> bool) {
        self.used.retain(|account, _| !restored(account));
    }
}

/// How late time(2) can be: it changes with the next tick of the kernel.
const CLOCK_LAG: Duration = Duration::from_millis(50);

/// The earliest step of the window at `now` that is later than `used`.
fn unused_step(now: Duration, used: u64) -> Option<u64> {
    let here = now.as_secs() / PERIOD;
    let first = here - u64::from(until_next_step(now) > MARGIN);
    let step = first.max(used + 1);
    let last = (now - CLOCK_LAG).as_secs() / PERIOD + 1;
    (step <= last).then_some(step)
}

/// Waits until the current step has this much time left.
pub(crate) fn wait_for_step_with(left: Duration) {
    let rest = until_next_step(now());
    if rest < left {
        thread::sleep(rest + CLOCK_LAG);
    }
}

fn until_next_step(now: Duration) -> Duration {
    Duration::from_secs((now.as_secs() / PERIOD + 1) * PERIOD) - now
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .or_fail("read the clock")
}

/// A code that is not valid at any time near now.
pub(crate) fn wrong_code(user: User) -> String {
    let here = current_step();
    let near: Vec<String> = (here - 4..=here + 4).map(|step| code(user, step)).collect();
    (0..10)
        .map(|digit| format!("{digit}12345"))
        .find(|candidate| !near.contains(candidate))
        .or_fail("find a wrong code")
}

/// The current step.
pub(crate) fn current_step() -> u64 {
    now().as_secs() / PERIOD
}

pub(crate) fn code(user: User, step: u64) -> String {
    Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(PERIOD)
        .with_secret(user.key())
        .build_noncompliant()
        .generate(step * PERIOD)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_has_three_unused_codes() {
        let now = Duration::from_secs(100 * PERIOD + 5);
        assert_eq!(unused_step(now, 0), Some(99));
        assert_eq!(unused_step(now, 99), Some(100));
        assert_eq!(unused_step(now, 100), Some(101));
        assert_eq!(unused_step(now, 101), None);
    }

    #[test]
    fn a_code_that_may_soon_be_too_old_is_not_used() {
        let late = Duration::from_secs(101 * PERIOD - 1);
        assert_eq!(until_next_step(late), Duration::from_secs(1));
        assert_eq!(unused_step(late, 0), Some(100));
    }

    #[test]
    fn a_code_is_used_once_until_its_account_is_restored() {
        let user = User(7);
        let mut phones = Phones::new();
        let first = phones.next("store", user);
        let second = phones.next("store", user);
        assert_ne!(first, second);
        phones.forget(|store| *store == "store");
        let again = phones.next("store", user);
        assert!(again == first || again == second, "{again}");
    }
}
