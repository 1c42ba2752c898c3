//! Everybody's authenticator app: shows a code that was not used yet.

use std::collections::HashMap;
use std::hash::Hash;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use totp_rs::Builder;

use crate::person::Person;
use tfa_tests::OrFail;

/// Seconds a code.
const PERIOD: u64 = 30;

/// How long before the end of a step the code of the step before is not used any more: it must
/// still be good when it is judged.
const MARGIN: Duration = Duration::from_secs(2);

/// The codes that were shown, by whatever tells one account of a person from another: a code is
/// good once in each store that knows the key.
pub(crate) struct Phones<Account> {
    used: HashMap<Account, u64>,
}

impl<Account: Eq + Hash> Phones<Account> {
    pub(crate) fn new() -> Self {
        Self {
            used: HashMap::new(),
        }
    }

    /// A code of the window that this account has not seen, the earliest one first: a code that is
    /// used kills those before it. Waits where there is none.
    pub(crate) fn next(&mut self, account: Account, person: Person) -> String
    where
        Account: Copy,
    {
        loop {
            match self.fresh(account, person) {
                Some(code) => return code,
                None => thread::sleep(until_next_step(now()) + LAG),
            }
        }
    }

    /// The same without waiting.
    pub(crate) fn fresh(&mut self, account: Account, person: Person) -> Option<String> {
        let used = self.used.entry(account).or_default();
        let step = fresh_step(now(), *used)?;
        *used = step;
        Some(code(person, step))
    }

    /// Forgets the codes of accounts that were put back as they were.
    pub(crate) fn forget(&mut self, put_back: impl Fn(&Account) -> bool) {
        self.used.retain(|account, _| !put_back(account));
    }
}

/// How late a clock may be that is read in whole seconds: time(2) waits for the next tick.
const LAG: Duration = Duration::from_millis(50);

/// The earliest step that can be used at `now` after `used`.
fn fresh_step(now: Duration, used: u64) -> Option<u64> {
    let here = now.as_secs() / PERIOD;
    let first = here - u64::from(until_next_step(now) > MARGIN);
    let step = first.max(used + 1);
    let last = (now - LAG).as_secs() / PERIOD + 1;
    (step <= last).then_some(step)
}

/// Waits until the present step has so much time left: what is good now stays good that long.
pub(crate) fn wait_for_a_step_with(left: Duration) {
    let rest = until_next_step(now());
    if rest < left {
        thread::sleep(rest + LAG);
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

/// A code that is right at no time near now.
pub(crate) fn wrong_code(person: Person) -> String {
    let here = now().as_secs() / PERIOD;
    let near: Vec<String> = (here - 4..=here + 4)
        .map(|step| code(person, step))
        .collect();
    (0..10)
        .map(|digit| format!("{digit}12345"))
        .find(|candidate| !near.contains(candidate))
        .or_fail("find a wrong code")
}

/// The code of a step.
pub(crate) fn code(person: Person, step: u64) -> String {
    Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(PERIOD)
        .with_secret(person.key())
        .build_noncompliant()
        .generate(step * PERIOD)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_codes_are_fresh_and_no_fourth() {
        let now = Duration::from_secs(100 * PERIOD + 5);
        assert_eq!(fresh_step(now, 0), Some(99));
        assert_eq!(fresh_step(now, 99), Some(100));
        assert_eq!(fresh_step(now, 100), Some(101));
        assert_eq!(fresh_step(now, 101), None);
    }

    #[test]
    fn no_code_is_shown_that_may_be_too_old_when_it_is_judged() {
        let late = Duration::from_secs(101 * PERIOD - 1);
        assert_eq!(until_next_step(late), Duration::from_secs(1));
        assert_eq!(fresh_step(late, 0), Some(100));
    }

    #[test]
    fn a_code_is_shown_once_until_its_account_is_put_back() {
        let person = Person(7);
        let mut phones = Phones::new();
        let first = phones.next("store", person);
        let second = phones.next("store", person);
        assert_ne!(first, second);
        phones.forget(|store| *store == "store");
        let again = phones.next("store", person);
        assert!(again == first || again == second, "{again}");
    }
}
