//! The explanation of a login, and the login: both must have the same outcome and name the same rule, for
//! the combinations of these policies, accounts, devices, locks and logins. The session phase is compared
//! in `sessions`. No policy here names groups, and the host has no recovery code. `facts` compares logins
//! whose host has told all facts, or not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

mod accounts;
#[path = "../alice/mod.rs"]
mod alice;
mod details;
mod facts;
mod host;
mod logins;
mod rule;
mod seen;
mod sessions;

use std::collections::BTreeMap;

use accounts::{AccountState, DeviceState, LockedPlace};
use host::Host;
use logins::TestLogin;
use rule::Rule;
use seen::Seen;

/// The policies. The first ones at even places are combined with all of [`REMEMBERED`].
const POLICIES: [&str; 12] = [
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"7d\"\n",
    "[policy]\nmode = \"optional\"\n",
    "[policy]\nmode = \"off\"\n",
    "[policy]\nmode = \"optional\"\n[[policy.rule]]\nservices = [\"sshd\", \"sudo\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\n[[policy.rule]]\nmethods = [\"publickey:sk\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"optional\"\n[[policy.rule]]\nmethods = [\"publickey:cert\"]\nmode = \"off\"\n",
    "[policy]\nmode = \"required\"\ngrace = \"7d\"\ninvitation = true\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\ninvitation = true\n",
    "[policy]\nmode = \"required\"\ngrace = \"7d\"\naudit = true\n",
    "[policy]\naudit = true\nmode = \"optional\"\n[[policy.rule]]\nservices = [\"sshd\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n",
    "[policy]\nmode = \"required\"\ngrace = \"0\"\nguard = []\n[[policy.rule]]\norigins = [\"192.0.2.0/24\"]\nmode = \"off\"\nreason = \"the office\"\n",
];

/// What the host remembers.
const REMEMBERED: [&str; 5] = [
    "",
    "[remember]\ndays = 30\n",
    "[remember]\nminutes = 5\nsession_minutes = 10\n",
    "[remember]\ndays = 30\nby = [\"key\", \"address\"]\n",
    "[remember]\ndays = 30\nby = [\"address\"]\nservices = [\"login\", \"sudo\"]\n",
];

/// Enrollments in a login need no picture here.
const NO_PICTURE: &str = "[enrollment]\nqr = \"none\"\n";

/// The records of the logins: each state of an account with each device and each lock, where a code can be
/// asked for.
fn records() -> Vec<(AccountState, DeviceState, LockedPlace)> {
    let states = AccountState::ALL.into_iter();
    let all = states.flat_map(|state| {
        let devices = DeviceState::ALL.into_iter();
        devices.flat_map(move |device| LockedPlace::ALL.map(|locked| (state, device, locked)))
    });
    all.filter(|(state, device, locked)| {
        state.may_be_asked() || (*device, *locked) == (DeviceState::None, LockedPlace::Nowhere)
    })
    .collect()
}

/// Runs every login under one configuration. Returns how many had each outcome.
fn check(config: &str) -> BTreeMap<Seen, usize> {
    let (logins, mut counts) = (TestLogin::all(), BTreeMap::new());
    let host = Host::new(config);
    for (state, device, locked) in records() {
        let account = accounts::account(state, device, locked);
        for login in &logins {
            host.store(account.as_ref());
            let explanation = host.explain(login, account.as_ref());
            if !explanation.unknown.is_empty() {
                assert!(login.has_key_of_unknown_type(), "{explanation:?}");
                continue;
            }
            let seen = host.log_in(login);
            let case = format!("{config}\n{state:?} {device:?} {locked:?}\n{login:#?}");
            let explained = Seen::explained(&explanation);
            assert_eq!(explained, seen, "explained, and seen:\n{case}");
            // Few lines of a program of the user's own are logged.
            if let Some(logged) = Rule::logged(&host.logged()).filter(|_| !login.is_own) {
                assert_eq!(Rule::explained(&explanation), logged, "{case}");
            }
            *counts.entry(seen).or_default() += 1;
        }
    }
    counts
}

#[test]
fn the_explanation_has_the_outcome_of_the_login() {
    let mut counts = BTreeMap::new();
    for (number, policy) in POLICIES.into_iter().enumerate() {
        let remembered = if number % 2 == 0 && number < 7 {
            &REMEMBERED[..]
        } else {
            &REMEMBERED[3..4]
        };
        for remembered in remembered {
            let config = format!("{policy}{remembered}{NO_PICTURE}");
            for (seen, count) in check(&config) {
                *counts.entry(seen).or_insert(0) += count;
            }
        }
    }
    // A test of agreement proves nothing about an outcome that never comes.
    for seen in Seen::ALL {
        assert!(counts.contains_key(seen), "{seen:?} in {counts:?}");
    }
}
